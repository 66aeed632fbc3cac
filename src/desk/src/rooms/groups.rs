//! The groups that directories brought: who is in them, what they give, and what would go with them.

use super::users::choose::{self, Named};
use crate::{
    Desk,
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, page, shown},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, http::Method, routing::get};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/groups", get(list))
        .route("/admin/in/{tenant}/groups/{group}", get(one))
        .route("/admin/in/{tenant}/groups/{group}/deletion", get(deletion))
}

/// A group.
#[derive(Debug, Deserialize)]
struct Group {
    id: String,
    directory: String,
    display_name: String,
    external_id: Option<String>,
    created_at: When,
    updated_at: When,
}

#[derive(Template)]
#[template(path = "groups.html")]
struct List {
    shell: Shell,
    groups: Vec<Group>,
    directories: Vec<Named>,
    text: String,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    fn directory(&self, g: &Group) -> Option<&Named> {
        self.directories.iter().find(|d| d.id == g.directory)
    }
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Groups, "Groups").await?;
    let query = ask.pass(&["text", "cursor"], &[("limit", "50")]);
    let found: Page<Group> = ask.get(&shell.api(&format!("/groups{query}"))).await?;
    let directories = choose::directories_here(&ask, &shell).await?;
    let text = ask.word("text").to_owned();
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, groups: found.items, directories, text, first, next })
}

/// A group with its members.
#[derive(Debug, Deserialize)]
struct Whole {
    #[serde(flatten)]
    group: Group,
    members: Vec<Member>,
}

#[derive(Debug, Deserialize)]
struct Member {
    id: String,
    user_name: String,
}

/// What the group gives.
#[derive(Debug, Deserialize)]
struct Mapping {
    id: String,
    role: String,
    role_name: Option<String>,
    scope: Scope,
    created_by: String,
    #[serde(default)]
    created_by_name: Option<String>,
    adopted_by: Option<String>,
    #[serde(default)]
    adopted_by_name: Option<String>,
    created_at: When,
    standing: String,
}

#[derive(Debug, Deserialize)]
struct Scope {
    text: String,
}

impl Mapping {
    fn role(&self) -> &str {
        self.role_name.as_deref().unwrap_or("a role that is gone")
    }
    /// Who answers for it.
    fn by(&self) -> &str {
        let (name, label) = match &self.adopted_by {
            Some(label) => (self.adopted_by_name.as_deref(), label),
            None => (self.created_by_name.as_deref(), &self.created_by),
        };
        match name.filter(|n| !n.is_empty()) {
            Some(name) => name,
            None if label == "owner" => "the owner of the data directory",
            None => label,
        }
    }
    fn tag(&self) -> (&str, &'static str) {
        match self.standing.as_str() {
            "in_force" => ("in force", "good"),
            "author_left" => ("in force, its author has left", "warn"),
            "suspended" => ("suspended", "bad"),
            other => (other, ""),
        }
    }
}

/// So many members are on a page.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "group.html")]
struct One {
    shell: Shell,
    group: Group,
    directory: Option<Named>,
    mappings: Option<Page<Mapping>>,
    /// How many there are, and how many fit the search.
    all: usize,
    fit: usize,
    from: usize,
    members: Vec<Member>,
    text: String,
}

impl One {
    fn base(&self) -> String {
        format!("{}/groups/{}", self.shell.base(), self.group.id)
    }
    fn page(&self, from: usize) -> String {
        let from = if from == 0 { String::new() } else { from.to_string() };
        let query = text::query([("text", self.text.as_str()), ("from", &from)]);
        format!("{}{query}#members", self.base())
    }
    fn first(&self) -> Option<String> {
        (self.from > 0).then(|| self.page(0))
    }
    fn next(&self) -> Option<String> {
        (self.from + SHOWN < self.fit).then(|| self.page(self.from + SHOWN))
    }
    /// Which of them are on this page.
    fn range(&self) -> String {
        let count = |n: usize| text::thousands(u64::try_from(n).unwrap_or(u64::MAX));
        let last = self.from + self.members.len();
        format!("{} to {} of {}", count(self.from + 1), count(last), count(self.fit))
    }
}

async fn open(ask: &Ask, t: &str, id: &str) -> Result<(Shell, Whole), Trouble> {
    let shell = ask.shell(t, Section::Groups, "").await?;
    let whole: Whole = ask.get(&shell.api(&format!("/groups/{}", text::escape(id)))).await?;
    let list = format!("{}/groups", shell.base());
    Ok((shell.titled(whole.group.display_name.as_str()).crumb("Groups", list), whole))
}

async fn one(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, Whole { group, mut members }) = open(&ask, &t, &id).await?;
    let mut mappings = None;
    if shell.may("users.manage_roles") {
        let query = text::query([("group", group.id.as_str()), ("limit", "50")]);
        mappings = Some(ask.get(&shell.api(&format!("/mappings{query}"))).await?);
    }
    let named = choose::directories_here(&ask, &shell).await?;
    let directory = named.into_iter().find(|d| d.id == group.directory);
    let (all, text) = (members.len(), ask.word("text").to_owned());
    let part = text.to_lowercase();
    members.retain(|m| m.user_name.to_lowercase().contains(&part));
    let fit = members.len();
    let from: usize = ask.word("from").parse().unwrap_or(0);
    let from = from.min(fit / SHOWN * SHOWN);
    let members = members.into_iter().skip(from).take(SHOWN).collect();
    page(&One { shell, group, directory, mappings, all, fit, from, members, text })
}

/// Who would lose what.
#[derive(Debug, Default, Deserialize)]
struct Preview {
    losing: u64,
    gaining: u64,
    not_named: u64,
    items: Vec<Change>,
    more: bool,
}

#[derive(Debug, Deserialize)]
struct Change {
    user: String,
    home: String,
    user_name: String,
    changes: Vec<There>,
}

#[derive(Debug, Deserialize)]
struct There {
    tenants: Vec<Named>,
    tenant_count: u64,
    gains: Vec<String>,
    loses: Vec<String>,
}

impl There {
    /// Where that is.
    fn places(&self) -> String {
        let named = u64::try_from(self.tenants.len()).unwrap_or(u64::MAX);
        let mut all: Vec<String> = self.tenants.iter().map(|t| t.name.clone()).collect();
        if self.tenant_count > named {
            all.push(text::count(self.tenant_count - named, "other company", "other companies"));
        }
        all.join(", ")
    }
}

#[derive(Template)]
#[template(path = "group_deletion.html")]
struct Deletion {
    shell: Shell,
    group: Group,
    preview: Option<Preview>,
}

impl Deletion {
    /// Whether somebody is of this company, and has a page here.
    fn here(&self, c: &Change) -> bool {
        self.shell.me.place().is_some_and(|p| p.tenant == c.home)
    }
}

async fn deletion(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, Whole { group, .. }) = open(&ask, &t, &id).await?;
    let to = format!("{}/groups/{}", shell.base(), group.id);
    let shell = shell.titled("Were this group deleted").crumb(group.display_name.as_str(), to);
    let at = shell.api(&format!("/groups/{}/preview?limit=100", text::escape(&group.id)));
    match ask.call(Method::POST, &at, Sent::nothing()).await {
        Ok(preview) => page(&Deletion { shell, group, preview: Some(preview) }),
        Err(p) if p.mendable() => {
            let status = p.http();
            let shell = shell.problem(Some(Problem { field: None, ..p }));
            shown(status, &Deletion { shell, group, preview: None })
        }
        Err(p) => Err(p.into()),
    }
}
