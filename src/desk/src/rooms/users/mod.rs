//! The users of a tenant: the list with its search and its table as a file, adding somebody, many at once.

mod add;
pub(super) mod choose;
mod csv;
mod many;

pub(super) use add::Link;
pub(super) use many::Removes;

use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use choose::{Named, Role};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/users", get(list))
        .route("/admin/in/{tenant}/users/add", get(add::empty).post(add::send))
        .route("/admin/in/{tenant}/users/bulk", get(many::back).post(many::look))
        .route("/admin/in/{tenant}/users/bulk/done", get(many::back).post(many::run))
}

/// A user, as lists show one.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) directory: Option<String>,
    pub(super) kind: String,
    #[serde(rename = "user_name")]
    pub(super) signs_in_as: String,
    pub(super) external_id: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) active: bool,
    pub(super) enabled: bool,
    pub(super) version: i64,
    pub(super) created_at: When,
    pub(super) updated_at: When,
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
        self.display_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.signs_in_as)
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
            "integration" => "integration user",
            k => k,
        }
    }
    /// Whether they are a program, which is looked after elsewhere.
    pub(super) fn program(&self) -> bool {
        self.kind == "integration"
    }
    /// What manages them, in words.
    pub(super) fn manager(&self) -> &str {
        match (&self.managed_by, &self.directory) {
            (Some(name), _) => name,
            (None, Some(_)) => "a directory",
            (None, None) => "by hand",
        }
    }
    /// What the last sign-in proved, in words.
    pub(super) fn proved(&self) -> &str {
        self.last_class.as_deref().map_or("", class)
    }
}

/// A class of proof, for people.
pub(super) fn class(word: &str) -> &str {
    match word {
        "none" => "nothing proved",
        "single" => "one factor",
        "attested" => "two factors, as the company states",
        "mfa" => "two factors",
        "phr" => "two factors, none to be phished",
        other => other,
    }
}

/// What the list is narrowed to.
struct Filters {
    text: String,
    /// Looks for the text anywhere in names and addresses, not only where they begin.
    anywhere: bool,
    kind: String,
    role: String,
    directory: String,
    state: String,
}

impl Filters {
    fn of(ask: &Ask) -> Self {
        let word = |name: &str| ask.word(name).to_owned();
        Self {
            text: word("text"),
            anywhere: !ask.word("anywhere").is_empty(),
            kind: word("kind"),
            role: word("role"),
            directory: word("directory"),
            state: word("state"),
        }
    }
    fn any(&self) -> bool {
        [&self.text, &self.kind, &self.role, &self.directory, &self.state]
            .iter()
            .any(|w| !w.is_empty())
    }
    /// As the API takes them.
    fn query(&self, cursor: &str, limit: &str) -> String {
        let (enabled, active) = match self.state.as_str() {
            "on" => ("true", "true"),
            "off" => ("false", ""),
            "deactivated" => ("", "false"),
            _ => ("", ""),
        };
        text::query([
            (if self.anywhere { "text" } else { "starts" }, self.text.as_str()),
            ("kind", &self.kind),
            ("role", &self.role),
            ("directory", &self.directory),
            ("enabled", enabled),
            ("active", active),
            ("cursor", cursor),
            ("limit", limit),
        ])
    }
    /// As our own address has them.
    fn here(&self, format: &str) -> String {
        text::query([
            ("text", self.text.as_str()),
            ("anywhere", if self.anywhere { "yes" } else { "" }),
            ("kind", &self.kind),
            ("role", &self.role),
            ("directory", &self.directory),
            ("state", &self.state),
            ("format", format),
        ])
    }
    /// The same search, for the text anywhere; nothing where that would find no more.
    fn wider(&self) -> Option<String> {
        if self.anywhere || self.text.is_empty() {
            return None;
        }
        Some(text::query([
            ("text", self.text.as_str()),
            ("anywhere", "yes"),
            ("kind", &self.kind),
            ("role", &self.role),
            ("directory", &self.directory),
            ("state", &self.state),
        ]))
    }
}

#[derive(Template)]
#[template(path = "users.html")]
struct List {
    shell: Shell,
    users: Vec<User>,
    filters: Filters,
    /// Roles to look for, and to give to those that are ticked.
    roles: Vec<Role>,
    directories: Vec<Named>,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    /// The table as a file.
    fn file(&self) -> String {
        format!("{}/users{}", self.shell.base(), self.filters.here("csv"))
    }
    /// Those of the roles that can be given to many here.
    fn given(&self) -> impl Iterator<Item = &Role> {
        self.roles.iter().filter(|r| !(r.built_in && r.name == choose::INSTANCE))
    }
    fn bulk(&self) -> bool {
        self.acts().len() > 1
    }
    /// What may be done to many at once.
    fn acts(&self) -> Vec<(&'static str, &'static str)> {
        let may = |a: &&many::Act| self.shell.may(a.permission);
        let acts = many::ACTS.iter().filter(may).map(|a| (a.word, a.label));
        std::iter::once(("", "Choose")).chain(acts).collect()
    }
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Users, "Users").await?;
    let filters = Filters::of(&ask);
    if ask.word("format") == "csv" {
        return csv::file(&ask, &shell, &filters).await;
    }
    let query = filters.query(ask.word("cursor"), "50");
    let path = shell.api(&format!("/users{query}"));
    // None waits for another.
    let (found, roles, directories) = futures::try_join!(
        ask.get::<Page<User>>(&path),
        choose::roles_here(&ask, &shell),
        choose::directories_here(&ask, &shell),
    )?;
    let mut users = found.items;
    for u in users.iter_mut().filter(|u| u.managed_by.is_none()) {
        let called = |d: &&Named| Some(&d.id) == u.directory.as_ref();
        u.managed_by = directories.iter().find(called).map(|d| d.name.clone());
    }
    page(&List {
        shell,
        users,
        filters,
        roles,
        directories,
        first: ask.first(),
        next: ask.after(found.next.as_ref()),
    })
}
