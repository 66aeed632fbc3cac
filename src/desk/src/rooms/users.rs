//! The users of a tenant: the list with its search, adding somebody, many at once.

use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
    text::When,
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/admin/in/{tenant}/users", get(list))
}

/// A user, as lists show one.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) directory: Option<String>,
    pub(super) kind: String,
    pub(super) user_name: String,
    pub(super) display_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) active: bool,
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) managed_by: Option<String>,
    #[serde(default)]
    pub(super) last_signin_at: Option<When>,
    #[serde(default)]
    pub(super) last_class: Option<String>,
    #[serde(default)]
    pub(super) pending_invitation: bool,
}

impl User {
    /// What they are called.
    pub(super) fn name(&self) -> &str {
        self.display_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.user_name)
    }
    /// How they are, in a word, and how that is coloured.
    pub(super) fn state(&self) -> (&'static str, &'static str) {
        match (self.enabled, self.active) {
            (false, _) => ("switched off", "bad"),
            (true, false) => ("deactivated by their directory", "bad"),
            _ if self.pending_invitation => ("invited", "warn"),
            _ => ("active", "good"),
        }
    }
    /// The kind, for people.
    pub(super) fn kind(&self) -> &str {
        match self.kind.as_str() {
            "tenant" => "user",
            k => k,
        }
    }
}

#[derive(Template)]
#[template(path = "users.html")]
struct List {
    shell: Shell,
    users: Vec<User>,
    text: String,
    kind: String,
    enabled: String,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    fn filtered(&self) -> bool {
        !(self.text.is_empty() && self.kind.is_empty() && self.enabled.is_empty())
    }
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Users, "Users").await?;
    let query = ask.pass(&["text", "kind", "enabled", "cursor"], &[("limit", "50")]);
    let found: Page<User> = ask.get(&shell.api(&format!("/users{query}"))).await?;
    let word = |name: &str| ask.word(name).to_owned();
    page(&List {
        shell,
        users: found.items,
        text: word("text"),
        kind: word("kind"),
        enabled: word("enabled"),
        first: ask.first(),
        next: ask.after(found.next.as_ref()),
    })
}
