//! The settings of a sign-in half, all of them, and taking the half away.

use crate::{
    api::Done,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    rooms::directories::{Another, Directory, People, SignIn, api, mend, moment, opened, pressed},
    shell::Shell,
};
use askama::Template;
use axum::extract::Path;
use serde_json::{Value, json};

type Here = Path<(String, String)>;

#[derive(Template)]
#[template(path = "signin_settings.html")]
struct Edit {
    shell: Shell,
    at: &'static str,
    d: Directory,
    s: SignIn,
    version: String,
    max_age: String,
    ends: String,
}

impl Edit {
    fn of(shell: Shell, d: Directory) -> Self {
        let s = d.signin.clone().unwrap_or_default();
        let version = d.version.to_string();
        let max_age = s.rules.max_age.map(|n| n.to_string()).unwrap_or_default();
        let ends = s.client_secret_expires_at.as_ref().and_then(|w| w.exact.get(..10));
        let ends = ends.unwrap_or_default().to_owned();
        Self { shell, at: "signin", d, s, version, max_age, ends }
    }
    /// Whether the preset reads this setting: those that it does not are left out, unless they say something.
    fn reads(&self, setting: &str) -> bool {
        let preset = self.d.preset.as_str();
        match setting {
            "acrs" => self.d.entra() || self.s.rules.acrs.is_some(),
            "acr" => {
                matches!(preset, "okta" | "keycloak" | "ping" | "generic")
                    || !self.s.rules.acr.is_empty()
            }
            "acr_phr" => {
                matches!(preset, "okta" | "keycloak" | "ping" | "generic")
                    || !self.s.rules.acr_phr.is_empty()
            }
            "amr" => {
                matches!(preset, "keycloak" | "ping" | "adfs" | "generic")
                    || !self.s.rules.amr.is_empty()
            }
            "two_classes" => !self.d.entra() || self.s.rules.two_classes,
            "graph" => self.d.entra() || self.s.newcomers.graph.is_some(),
            _ => true,
        }
    }
}

pub(super) async fn form(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Sign-in settings").await?;
    page(&Edit::of(shell, d))
}

fn some(form: &Form, name: &str) -> Option<String> {
    form.some(name).map(str::to_owned)
}

/// What was typed; what has no field stays.
fn read(form: &Form, mut s: SignIn) -> SignIn {
    form.get("issuer").clone_into(&mut s.issuer);
    s.client_id = Some(form.get("client_id").to_owned());
    let was = s.client_secret_expires_at.take();
    let ends = moment(form.get("client_secret_expires_at"), was.as_ref());
    s.client_secret_expires_at = ends.map(Into::into);
    s.scopes = form.get("scopes").split_whitespace().map(str::to_owned).collect();
    s.end_upstream = form.ticked("end_upstream");
    s.rules.amr = form.lines("rules.amr");
    s.rules.acr = form.lines("rules.acr");
    s.rules.acr_phr = form.lines("rules.acr_phr");
    s.rules.acrs = some(form, "rules.acrs");
    s.rules.two_classes = form.ticked("rules.two_classes");
    s.rules.attested = some(form, "rules.attested");
    s.newcomers.people = People::read(form.get("newcomers.people"));
    s.newcomers.guests = form.ticked("newcomers.guests");
    s.newcomers.groups = some(form, "newcomers.groups");
    s.newcomers.absent_is_none = form.ticked("newcomers.absent_is_none");
    s.newcomers.graph = some(form, "newcomers.graph");
    s
}

/// The field as this form calls it.
fn at_field(mut p: Problem) -> Problem {
    p.field = p.field.map(|f| match f.as_str() {
        "signin.newcomers" => "newcomers.people".to_owned(),
        f => f.strip_prefix("signin.").unwrap_or(f).to_owned(),
    });
    p
}

pub(super) async fn save(ask: Ask, Path((tenant, id)): Here, form: Form) -> Answer {
    let (shell, d) = opened(&ask, &tenant, &id, "Sign-in settings").await?;
    let mut s = read(&form, d.signin.clone().unwrap_or_default());
    if d.replaces(&s, &form).is_some() {
        return Another::of((shell, d), s, &form, ("/signin/settings", "/signin")).page();
    }
    let version = form.get("version").to_owned();
    let p = match form.number("rules.max_age") {
        Ok(seconds) => {
            s.rules.max_age = seconds;
            let body = json!({ "signin": s.clone().sent(form.exact("client_secret")) });
            match ask.patch::<Done>(&api(&shell, &id, ""), body, Some(version.clone())).await {
                Ok(_) => return on(&format!("{}/signin", d.at(&shell)), "saved"),
                Err(p) => at_field(mend(p)?),
            }
        }
        Err(p) => p,
    };
    let status = p.http();
    let mut edit = Edit::of(shell.problem(Some(p)), d);
    edit.s = s;
    edit.version = version;
    form.get("rules.max_age").clone_into(&mut edit.max_age);
    form.get("client_secret_expires_at").clone_into(&mut edit.ends);
    shown(status, &edit)
}

#[derive(Template)]
#[template(path = "signin_remove.html")]
struct Remove {
    shell: Shell,
    d: Directory,
}

pub(super) async fn ask_remove(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Take the sign-in half away?").await?;
    page(&Remove { shell, d })
}

pub(super) async fn remove(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Take the sign-in half away?").await?;
    let version = Some(form.get("version").to_owned());
    let body = json!({ "signin": Value::Null });
    match ask.patch::<Done>(&api(&shell, &id, ""), body, version).await {
        Ok(_) => on(&format!("{}/signin", d.at(&shell)), "removed"),
        Err(p) => {
            let p = pressed(p)?;
            let status = p.http();
            shown(status, &Remove { shell: shell.problem(Some(p)), d })
        }
    }
}
