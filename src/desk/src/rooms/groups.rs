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

/// A group, and how many are in it.
#[derive(Debug, Deserialize)]
struct Whole {
    #[serde(flatten)]
    group: Group,
    member_count: u64,
    #[serde(default)]
    more_members: bool,
}

#[derive(Debug, Deserialize)]
struct Member {
    id: String,
    user_name: String,
    #[serde(default)]
    display_name: Option<String>,
}

impl Member {
    /// What they are called.
    fn name(&self) -> &str {
        self.display_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.user_name)
    }
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

#[derive(Template)]
#[template(path = "group.html")]
struct One {
    shell: Shell,
    group: Group,
    directory: Option<Named>,
    mappings: Option<Page<Mapping>>,
    /// How many there are, as far as they are counted.
    all: u64,
    /// Whether there are more.
    more: bool,
    members: Vec<Member>,
    text: String,
    first: Option<String>,
    next: Option<String>,
}

impl One {
    fn base(&self) -> String {
        format!("{}/groups/{}", self.shell.base(), self.group.id)
    }
    fn count(&self) -> String {
        let all = text::thousands(self.all);
        if self.more { format!("more than {all}") } else { all }
    }
}

async fn open(ask: &Ask, t: &str, id: &str) -> Result<(Shell, Whole), Trouble> {
    let shell = ask.shell(t, Section::Groups, "").await?;
    let whole: Whole =
        ask.get(&shell.api(&format!("/groups/{}?members=false", text::escape(id)))).await?;
    let list = format!("{}/groups", shell.base());
    Ok((shell.titled(whole.group.display_name.as_str()).crumb("Groups", list), whole))
}

async fn one(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, Whole { group, member_count: all, more_members: more }) =
        open(&ask, &t, &id).await?;
    let mut mappings = None;
    if shell.may("users.manage_roles") {
        let query = text::query([("group", group.id.as_str()), ("limit", "50")]);
        mappings = Some(ask.get(&shell.api(&format!("/mappings{query}"))).await?);
    }
    let named = choose::directories_here(&ask, &shell).await?;
    let directory = named.into_iter().find(|d| d.id == group.directory);
    let query = ask.pass(&["text", "cursor"], &[("limit", "50")]);
    let at = shell.api(&format!("/groups/{}/members{query}", text::escape(&group.id)));
    let found: Page<Member> = ask.get(&at).await?;
    let (members, text) = (found.items, ask.word("text").to_owned());
    let there = |to: String| format!("{to}#members");
    let (first, next) = (ask.first().map(there), ask.after(found.next.as_ref()).map(there));
    page(&One { shell, group, directory, mappings, all, more, members, text, first, next })
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
