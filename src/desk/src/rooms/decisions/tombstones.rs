//! People who are gone and do not come back as if nothing had been.

use super::super::roles::kit::{self, called, mend};
use crate::{
    api::Page,
    ask::{Answer, Ask, Trouble, on, page, shown},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde::Deserialize;

/// What is remembered of somebody who is gone.
#[derive(Debug, Deserialize)]
pub(super) struct Tombstone {
    pub(super) id: String,
    directory: String,
    why: String,
    pub(super) user_name: String,
    external_id: Option<String>,
    by: String,
    #[serde(default)]
    by_name: Option<String>,
    pub(super) created_at: When,
    pub(super) asked_at: When,
}

impl Tombstone {
    /// What happens when their directory creates them again.
    pub(super) fn what(&self) -> &'static str {
        match self.why.as_str() {
            "disabled" => {
                "deleted by their directory while switched off; created again, they are switched off"
            }
            _ => "deleted by hand; their directory may not create them again",
        }
    }
    /// Who deleted them.
    pub(super) fn by(&self) -> String {
        called(self.by_name.as_ref(), &self.by)
    }
}

#[derive(Template)]
#[template(path = "tombstones.html")]
struct List {
    shell: Shell,
    tombstones: Vec<Tombstone>,
    first: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "tombstone.html")]
struct One {
    shell: Shell,
    tombstone: Tombstone,
}

async fn frame(ask: &Ask, t: &str, title: &str) -> Result<(Shell, String), Trouble> {
    let shell = ask.shell(t, Section::Decisions, title).await?;
    let to = format!("{}/decisions", shell.base());
    Ok((shell.crumb("Decisions", to.clone()), to))
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let (shell, _) = frame(&ask, &t, "People who do not come back").await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Tombstone> = ask.get(&shell.api(&format!("/tombstones{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, tombstones: found.items, first, next })
}

async fn told(ask: &Ask, shell: Shell, id: &str, problem: Option<Problem>) -> Answer {
    let list = shell.api("/tombstones");
    let tombstone = kit::one_of(ask, &list, |b: &Tombstone| b.id == id).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.titled(format!("Let {} come back", tombstone.user_name)).problem(problem);
    shown(status, &One { shell, tombstone })
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, _) = frame(&ask, &t, "").await?;
    told(&ask, shell, &id, None).await
}

pub(super) async fn lift(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, to) = frame(&ask, &t, "").await?;
    match ask.delete(&shell.api(&format!("/tombstones/{}", text::escape(&id)))).await {
        Ok(()) => on(&to, "decided"),
        Err(p) => told(&ask, shell, &id, Some(mend(p)?)).await,
    }
}
