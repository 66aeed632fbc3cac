//! What directories took away beyond their limits: who would lose what, and what becomes of it.

use super::super::roles::kit::{Scope, mend};
use crate::{
    api::Page,
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashSet;

#[derive(Debug, Deserialize)]
struct Limits {
    percent: u64,
    minutes: i64,
    people: u64,
}

/// A change that was too large.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub(super) id: String,
    pub(super) directory: String,
    pub(super) directory_name: String,
    limits: Limits,
    people: u64,
    roles: u64,
    pub(super) opened_at: When,
    pub(super) last_at: When,
    pub(super) closed_at: Option<When>,
}

impl Change {
    /// Whether somebody has to decide.
    pub(super) fn waits(&self) -> bool {
        self.closed_at.is_none()
    }
    /// What waits.
    pub(super) fn what(&self) -> String {
        format!(
            "{} of {}",
            text::count(self.roles, "role", "roles"),
            text::count(self.people, "person", "people")
        )
    }
    /// The limits that were passed.
    fn limits(&self) -> String {
        format!(
            "more than {} % of the people, and at least {}, within {}",
            self.limits.percent,
            text::count(self.limits.people, "person", "people"),
            super::super::elevation::lasting(self.limits.minutes)
        )
    }
}

/// A role that somebody would lose.
#[derive(Debug, Deserialize)]
struct Lost {
    user: String,
    user_name: String,
    gone: bool,
    kept: bool,
    role: String,
    role_name: String,
    scope: Scope,
    group_name: Option<String>,
    taken_at: When,
    /// Whether it is the first row of this person: there the box stands.
    #[serde(skip)]
    begins: bool,
}

#[derive(Debug, Deserialize)]
struct Whole {
    #[serde(flatten)]
    change: Change,
    lost: Vec<Lost>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "parked_list.html")]
struct List {
    shell: Shell,
    changes: Vec<Change>,
    first: Option<String>,
    next: Option<String>,
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let (shell, _) = frame(&ask, &t, "Parked changes").await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Change> = ask.get(&shell.api(&format!("/parked{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, changes: found.items, first, next })
}

async fn frame(ask: &Ask, t: &str, title: &str) -> Result<(Shell, String), Trouble> {
    let shell = ask.shell(t, Section::Decisions, title).await?;
    let to = format!("{}/decisions", shell.base());
    Ok((shell.crumb("Decisions", to.clone()), to))
}

#[derive(Template)]
#[template(path = "parked.html")]
struct Show {
    shell: Shell,
    change: Change,
    lost: Vec<Lost>,
    reason: String,
    ticked: Vec<String>,
    action: String,
    first: Option<String>,
    next: Option<String>,
}

impl Show {
    fn ticked(&self, id: &str) -> bool {
        self.ticked.iter().any(|t| t == id)
    }
}

async fn told(ask: &Ask, t: &str, id: &str, typed: &Form, problem: Option<Problem>) -> Answer {
    let (shell, _) = frame(ask, t, "A change that is too large").await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let at = shell.api(&format!("/parked/{}", text::escape(id)));
    let mut whole: Whole = ask.get(&format!("{at}{query}")).await?;
    let mut seen = HashSet::new();
    for l in &mut whole.lost {
        l.begins = seen.insert(l.user.clone());
    }
    let to = format!("{}/decisions/parked/{}", shell.base(), whole.change.id);
    let more = |c: &String| format!("{to}{}", text::query([("cursor", c.as_str())]));
    let next = whole.next.as_ref().map(more);
    let first = (!ask.word("cursor").is_empty()).then(|| to.clone());
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    shown(
        status,
        &Show {
            shell: shell.problem(problem),
            change: whole.change,
            lost: whole.lost,
            reason: typed.get("reason").to_owned(),
            ticked: typed.all("users"),
            action: format!("{to}{}", ask.pass(&["cursor"], &[])),
            first,
            next,
        },
    )
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    told(&ask, &t, &id, &Form::default(), None).await
}

/// What goes when the roles are let go, before that is done.
#[derive(Template)]
#[template(path = "parked_sure.html")]
struct Sure {
    shell: Shell,
    change: Change,
    /// Some people; none: all that waits.
    users: Vec<String>,
    reason: String,
}

impl Sure {
    fn who(&self) -> String {
        text::count(self.users.len() as u64, "person", "people")
    }
}

pub(super) async fn decide(ask: Ask, Path((t, id)): Path<(String, String)>, typed: Form) -> Answer {
    let (shell, to) = frame(&ask, &t, "Let the roles go").await?;
    let (of, decision) = typed.get("what").split_once(':').unwrap_or_default();
    let users = if of == "some" { typed.all("users") } else { Vec::new() };
    if of == "some" && users.is_empty() {
        let p = Problem::typed("users", "tick at least one person");
        return told(&ask, &t, &id, &typed, Some(p)).await;
    }
    let at = shell.api(&format!("/parked/{}", text::escape(&id)));
    if decision == "apply" && !typed.ticked("sure") {
        let whole: Whole = ask.get(&format!("{at}?limit=1")).await?;
        let to = format!("{}/decisions/parked/{}", shell.base(), whole.change.id);
        let shell = shell.crumb("The change", to);
        let (change, reason) = (whole.change, typed.get("reason").to_owned());
        return page(&Sure { shell, change, users, reason });
    }
    let mut body = json!({ "decision": decision, "reason": typed.some("reason") });
    if of == "some" {
        body["users"] = json!(users);
    }
    match ask.post::<Whole>(&at, body).await {
        // What is left waits on its page.
        Ok(left) if left.change.waits() => {
            on(&format!("{to}/parked/{}", left.change.id), "decided")
        }
        Ok(_) => on(&to, "decided"),
        Err(p) => told(&ask, &t, &id, &typed, Some(mend(p)?)).await,
    }
}
