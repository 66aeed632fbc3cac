//! People without a directory whom a directory wants.

use super::super::roles::kit::{called, mend};
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

/// A directory wants somebody whom the tenant has already.
#[derive(Debug, Deserialize)]
pub(super) struct Adoption {
    pub(super) id: String,
    directory: String,
    pub(super) directory_name: String,
    pub(super) user: String,
    user_name: String,
    display_name: Option<String>,
    wanted_user_name: String,
    wanted_external_id: Option<String>,
    explanation: String,
    state: String,
    decided_by: Option<String>,
    #[serde(default)]
    decided_by_name: Option<String>,
    decided_at: Option<When>,
    pub(super) created_at: When,
}

impl Adoption {
    /// Whether somebody has to decide.
    pub(super) fn waits(&self) -> bool {
        self.state == "pending"
    }
    /// What the person is called.
    pub(super) fn name(&self) -> &str {
        self.display_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.user_name)
    }
    /// Why it takes a decision, as a sentence.
    pub(super) fn why(&self) -> String {
        text::sentence(&self.explanation)
    }
    /// How it stands, and how that is coloured.
    fn state(&self) -> (&'static str, &'static str) {
        match self.state.as_str() {
            "pending" => ("waits", "warn"),
            "accepted" => ("accepted", "good"),
            _ => ("refused", "bad"),
        }
    }
    /// Who decided.
    fn by(&self) -> String {
        let by = self.decided_by.as_deref();
        by.map_or_else(String::new, |by| called(self.decided_by_name.as_ref(), by))
    }
}

#[derive(Template)]
#[template(path = "adoptions.html")]
struct List {
    shell: Shell,
    adoptions: Vec<Adoption>,
    first: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "adoption.html")]
struct One {
    shell: Shell,
    adoption: Adoption,
}

async fn frame(ask: &Ask, t: &str, title: &str) -> Result<(Shell, String), Trouble> {
    let shell = ask.shell(t, Section::Decisions, title).await?;
    let to = format!("{}/decisions", shell.base());
    Ok((shell.crumb("Decisions", to.clone()), to))
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let (shell, _) = frame(&ask, &t, "People whom a directory wants").await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Adoption> = ask.get(&shell.api(&format!("/adoptions{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, adoptions: found.items, first, next })
}

async fn told(ask: &Ask, shell: Shell, id: &str, problem: Option<Problem>) -> Answer {
    let at = shell.api(&format!("/adoptions/{}", text::escape(id)));
    let adoption: Adoption = ask.get(&at).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let title = format!("{} wants {}", adoption.directory_name, adoption.name());
    let shell = shell.titled(title).problem(problem);
    shown(status, &One { shell, adoption })
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, _) = frame(&ask, &t, "").await?;
    told(&ask, shell, &id, None).await
}

pub(super) async fn decide(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, to) = frame(&ask, &t, "").await?;
    let at = shell.api(&format!("/adoptions/{}", text::escape(&id)));
    match ask.post::<Adoption>(&at, json!({ "decision": form.get("decision") })).await {
        Ok(_) => on(&to, "decided"),
        Err(p) => told(&ask, shell, &id, Some(mend(p)?)).await,
    }
}
