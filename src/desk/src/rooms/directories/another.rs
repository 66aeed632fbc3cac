//! What is asked before the company's people would have to sign in by something else.

use super::{Directory, half::SignIn};
use crate::{
    ask::{Answer, page},
    form::Form,
    shell::Shell,
};
use askama::Template;

impl Directory {
    /// What people sign in by now, where `half` would put another provider or client in its place and `form` does not say
    /// yet that this is meant.
    pub(in crate::rooms) fn replaces(&self, half: &SignIn, form: &Form) -> Option<&SignIn> {
        let now = self.signin.as_ref().filter(|_| self.is("active") || self.is("enforced"))?;
        let same = now.issuer == half.issuer && now.client_id == half.client_id;
        (!same && form.get("step") != "save").then_some(now)
    }
}

/// The page. What was typed goes along with it, but for the secret.
#[derive(Template)]
#[template(path = "signin_another.html")]
pub(in crate::rooms) struct Another {
    shell: Shell,
    d: Directory,
    half: SignIn,
    fields: Vec<(String, String)>,
    /// Whether the client secret is typed once more.
    secret: bool,
    /// Where to.
    action: String,
    back: String,
}

impl Another {
    /// Of a form that is sent to the directory's own page at `path`; `back` is where nothing is changed.
    pub(in crate::rooms) fn of(
        (shell, d): (Shell, Directory),
        half: SignIn,
        form: &Form,
        (path, back): (&str, &str),
    ) -> Self {
        let kept = form.pairs().filter(|(n, _)| *n != "client_secret");
        let mut fields: Vec<_> = kept.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        fields.push(("step".to_owned(), "save".to_owned()));
        let (action, back) = (d.at(&shell) + path, d.at(&shell) + back);
        let secret = !form.exact("client_secret").trim().is_empty();
        let shell = shell.titled("Change by what people sign in?");
        Self { shell, d, half, fields, secret, action, back }
    }
    /// Shows it.
    pub(in crate::rooms) fn page(&self) -> Answer {
        page(self)
    }
    fn now(&self) -> Option<&SignIn> {
        self.d.signin.as_ref()
    }
    /// Whether it is another provider, and not another client of the same.
    fn elsewhere(&self) -> bool {
        self.now().is_some_and(|now| now.issuer != self.half.issuer)
    }
}
