//! Groups that give roles: the list, a new one, the end of one, each with who gains and loses before it is done; and
//! what people have by default.

mod add;
mod default;
mod delete;

use super::{
    kit::above,
    roles::kit::{self, Roles, Scope, called, mend},
};
use crate::{
    Desk,
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, on, shown},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{Method, StatusCode},
    routing::get,
};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/mappings", get(list))
        .route("/admin/in/{tenant}/mappings/add", get(add::ask).post(add::go))
        .route("/admin/in/{tenant}/mappings/default", get(default::ask).post(default::go))
        .route("/admin/in/{tenant}/mappings/default/adopt", get(above::<1>).post(default::adopt))
        .route("/admin/in/{tenant}/mappings/{mapping}/delete", get(delete::ask).post(delete::go))
        .route("/admin/in/{tenant}/mappings/{mapping}/adopt", get(above::<2>).post(adopt))
}

/// How whoever answers for something stands, in words, and how that is coloured.
fn standing(word: &str) -> (&'static str, &'static str) {
    match word {
        "suspended" => ("suspended", "bad"),
        "author_left" => ("author has left", "warn"),
        _ => ("in force", "good"),
    }
}

/// Which group gives which role.
#[derive(Debug, Deserialize)]
struct Mapping {
    id: String,
    group: String,
    group_name: String,
    role: String,
    role_name: Option<String>,
    scope: Scope,
    created_by: String,
    #[serde(default)]
    created_by_name: Option<String>,
    created_at: When,
    standing: String,
    suspended_at: Option<When>,
    adopted_by: Option<String>,
    #[serde(default)]
    adopted_by_name: Option<String>,
}

impl Mapping {
    /// What the role is called.
    fn role(&self) -> &str {
        self.role_name.as_deref().unwrap_or("a role that is gone")
    }
    /// Who answers for it.
    fn author(&self) -> String {
        match &self.adopted_by {
            Some(by) => called(self.adopted_by_name.as_ref(), by),
            None => called(self.created_by_name.as_ref(), &self.created_by),
        }
    }
    /// How it stands.
    fn standing(&self) -> (&'static str, &'static str) {
        standing(&self.standing)
    }
    /// Whether somebody should answer for it.
    fn adoptable(&self) -> bool {
        self.standing != "in_force"
    }
}

/// What people have whom no mapped group gives a role.
#[derive(Debug, Deserialize)]
struct ByDefault {
    role: Option<Ref>,
    standing: Option<String>,
    suspended_at: Option<When>,
    set_by: Option<String>,
    #[serde(default)]
    set_by_name: Option<String>,
    set_at: Option<When>,
    adopted_by: Option<String>,
    #[serde(default)]
    adopted_by_name: Option<String>,
    version: i64,
}

/// A role by name.
#[derive(Debug, Deserialize)]
struct Ref {
    id: String,
    name: String,
}

impl ByDefault {
    fn standing(&self) -> (&'static str, &'static str) {
        standing(self.standing.as_deref().unwrap_or_default())
    }
    fn adoptable(&self) -> bool {
        self.standing.as_deref().is_some_and(|s| s != "in_force")
    }
    fn author(&self) -> String {
        match (&self.adopted_by, &self.set_by) {
            (Some(by), _) => called(self.adopted_by_name.as_ref(), by),
            (None, Some(by)) => called(self.set_by_name.as_ref(), by),
            (None, None) => String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "mappings.html")]
struct List {
    shell: Shell,
    mappings: Vec<Mapping>,
    default: ByDefault,
    roles: Roles,
    role: String,
    group: String,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    fn filtered(&self) -> bool {
        !(self.role.is_empty() && self.group.is_empty())
    }
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Mappings, "Group mappings").await?;
    listed(&ask, shell, None).await
}

async fn listed(ask: &Ask, shell: Shell, problem: Option<Problem>) -> Answer {
    let query = ask.pass(&["role", "group", "cursor"], &[("limit", "50")]);
    let found = ask.get::<Page<Mapping>>(&shell.api(&format!("/mappings{query}"))).await;
    // A group or a role that is not there is a filter that nothing fits.
    let (found, problem) = match found {
        Ok(found) => (found, problem),
        Err(p) if p.status == 404 && p.field.is_some() => {
            (Page { items: Vec::new(), next: None }, problem)
        }
        Err(p) => (Page { items: Vec::new(), next: None }, Some(mend(p)?)),
    };
    let default = ask.get(&shell.api("/default-role")).await?;
    let roles = Roles::of(ask, &shell, "All roles").await?;
    let word = |n: &str| ask.word(n).to_owned();
    let mut group = word("group");
    if let Some(m) = found.items.iter().find(|m| m.group == group) {
        group.clone_from(&m.group_name);
    }
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let list = List {
        shell: shell.problem(problem),
        mappings: found.items,
        default,
        roles,
        role: word("role"),
        group,
        first: ask.first(),
        next: ask.after(found.next.as_ref()),
    };
    shown(status, &list)
}

/// A mapping of the path, with the frame.
async fn one(ask: &Ask, t: &str, id: &str) -> Result<(Shell, Mapping), Trouble> {
    let shell = ask.shell(t, Section::Mappings, "Group mapping").await?;
    let query = text::query([("group", ask.word("group"))]);
    let list = shell.api(&format!("/mappings{query}"));
    let mapping = kit::one_of(ask, &list, |m: &Mapping| m.id == id).await?;
    let to = format!("{}/mappings", shell.base());
    Ok((shell.crumb("Group mappings", to), mapping))
}

async fn adopt(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let shell = ask.shell(&t, Section::Mappings, "Group mappings").await?;
    let at = shell.api(&format!("/mappings/{}/adopt", text::escape(&id)));
    match ask.call::<crate::api::Done>(Method::POST, &at, Sent::nothing()).await {
        Ok(_) => on(&format!("{}/mappings", shell.base()), "adopted"),
        Err(p) => listed(&ask, shell, Some(mend(p)?)).await,
    }
}
