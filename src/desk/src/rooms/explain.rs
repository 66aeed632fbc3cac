//! Whether somebody may do something, and why; and who may.

use super::roles::kit::{Catalogue, Pick, Scope, called, mend, rows};
use crate::{
    Desk, PREFIX,
    api::Page,
    ask::{Answer, Ask, page, shown},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, http::StatusCode, routing::get};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/explain", get(explain))
        .route("/admin/in/{tenant}/explain/who", get(who_can))
}

/// A role by name.
#[derive(Debug, Deserialize)]
struct Ref {
    id: String,
    name: String,
    demands_mfa: bool,
}

/// How a role came to somebody.
#[derive(Debug, Deserialize)]
struct Via {
    kind: String,
    #[serde(default)]
    grant: String,
    #[serde(default)]
    mapping: String,
    #[serde(default)]
    source: String,
    reason: Option<String>,
    #[serde(default)]
    group: String,
    group_name: Option<String>,
    #[serde(default)]
    directory: String,
    #[serde(default)]
    directory_name: String,
    #[serde(default)]
    parked: String,
}

/// One way in which somebody has a role.
#[derive(Debug, Deserialize)]
struct Way {
    role: Ref,
    via: Via,
    scope: Scope,
    since: When,
    until: Option<When>,
    by: String,
    #[serde(default)]
    by_name: Option<String>,
    standing: Option<String>,
    does_not_count: Option<String>,
}

impl Way {
    /// Who gave it, or answers for it.
    fn by(&self) -> String {
        called(self.by_name.as_ref(), &self.by)
    }
    /// Where the grant is among those of `user`, for whoever may see that list.
    fn given(&self, shell: &Shell, user: &str) -> Option<String> {
        let row = (self.via.grant.as_str(), self.via.source == "hold");
        match self.scope.on_instance() {
            _ if row.0.is_empty() => None,
            true if shell.global() => Some(rows::grant(&format!("{PREFIX}/instance"), user, row)),
            true => None,
            false => Some(rows::grant(&shell.base(), user, row)),
        }
    }
    /// Where the mapping is.
    fn mapped(&self, base: &str) -> String {
        rows::mapping(base, &self.via.group, &self.via.mapping)
    }
    /// Where it came from, in a few words.
    fn source(&self) -> &str {
        super::grants::source(&self.via.source)
    }
    /// How whoever answers for it stands, where that is worth a word.
    fn standing(&self) -> Option<(&'static str, &'static str)> {
        match self.standing.as_deref() {
            Some("suspended") => Some(("suspended", "bad")),
            Some("author_left") => Some(("author has left", "warn")),
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    id: String,
    tenant: String,
    user_name: String,
}

#[derive(Debug, Deserialize)]
struct Group {
    id: String,
    name: String,
}

/// A role that would be enough.
#[derive(Debug, Deserialize)]
struct Needed {
    id: String,
    name: String,
    demands_mfa: bool,
    cannot_be_given: Option<String>,
    groups: Vec<Group>,
    eligible: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Explanation {
    allowed: bool,
    permission: String,
    user: Asked,
    first: Option<String>,
    nothing_counts: Option<String>,
    paths: Vec<Way>,
    void: Vec<Way>,
    needed: Vec<Needed>,
}

impl Explanation {
    /// What must be done before anything counts, as a sentence.
    fn first(&self) -> Option<String> {
        let first = self.first.as_deref()?;
        Some(text::sentence(first.strip_prefix("first: ").unwrap_or(first)))
    }
    /// Why nothing counts, as a sentence.
    fn nothing(&self) -> Option<String> {
        self.nothing_counts.as_deref().map(text::sentence)
    }
}

#[derive(Template)]
#[template(path = "explain.html")]
struct Why {
    shell: Shell,
    pick: Pick,
    catalogue: Catalogue,
    permission: String,
    answer: Option<Explanation>,
}

impl Why {
    fn here(&self) -> &str {
        self.shell.me.place().map_or("", |p| &p.tenant)
    }
    /// What is asked, in words.
    fn what(&self) -> &str {
        self.catalogue.name(&self.permission)
    }
}

async fn explain(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Explain, "Why may they?").await?;
    let mut pick = Pick::of(ask.words());
    if pick.typed.len() == 36 && pick.chosen.is_empty() {
        pick.chosen = std::mem::take(&mut pick.typed);
    }
    let mut pick = pick.homes(&ask, &shell).await?;
    let permission = ask.word("permission").to_owned();
    let (mut answer, mut problem): (Option<Explanation>, Option<Problem>) = (None, None);
    if !pick.who().is_empty() && !permission.is_empty() {
        let words = [("user", pick.who()), ("home", &*pick.home), ("permission", &*permission)];
        let query = text::query(words);
        match ask.get(&shell.api(&format!("/explain{query}"))).await {
            Ok(found) => answer = Some(found),
            Err(p) => problem = Some(mend(p)?),
        }
    }
    // Whoever is asked about stays in sight; who was typed and not found is looked for.
    let missed = problem.as_ref().is_some_and(|p| p.is_at("user"));
    if missed || answer.is_none() && !pick.chosen.is_empty() {
        pick = pick.look(&ask, &shell).await?;
    } else if let Some(a) = &answer {
        pick.typed.clone_from(&a.user.user_name);
        pick.chosen = String::new();
    }
    let problem = pick.told(problem);
    let catalogue = Catalogue::of(&ask).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    shown(status, &Why { shell, pick, catalogue, permission, answer })
}

/// Somebody who can.
#[derive(Debug, Deserialize)]
struct Able {
    id: String,
    home: String,
    user_name: String,
    paths: Vec<Way>,
}

#[derive(Template)]
#[template(path = "who_can.html")]
struct Who {
    shell: Shell,
    catalogue: Catalogue,
    permission: String,
    able: Vec<Able>,
    first: Option<String>,
    next: Option<String>,
}

impl Who {
    fn here(&self) -> &str {
        self.shell.me.place().map_or("", |p| &p.tenant)
    }
}

async fn who_can(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Explain, "Why may they?").await?;
    let permission = ask.word("permission").to_owned();
    let found: Page<Able> = if permission.is_empty() {
        Page { items: Vec::new(), next: None }
    } else {
        let query = ask.pass(&["permission", "cursor"], &[("limit", "50")]);
        ask.get(&shell.api(&format!("/who-can{query}"))).await?
    };
    let catalogue = Catalogue::of(&ask).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&Who { shell, catalogue, permission, able: found.items, first, next })
}
