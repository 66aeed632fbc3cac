//! What begins reviews by itself.

use super::{
    super::roles::kit::{self, called, mend},
    Filter, Names, Reviewer, listed, otherwise,
};
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

#[derive(Debug, Deserialize)]
struct Plan {
    id: String,
    name: String,
    filter: Filter,
    reviewers: Vec<Reviewer>,
    undecided: String,
    every_days: u64,
    decide_seconds: i64,
    next_at: When,
    created_by: String,
    #[serde(default)]
    created_by_name: Option<String>,
    created_at: When,
}

impl Plan {
    fn every(&self) -> String {
        text::count(self.every_days, "day", "days")
    }
    fn lasting(&self) -> String {
        super::super::elevation::lasting(self.decide_seconds / 60)
    }
    fn who(&self) -> String {
        listed(&self.reviewers)
    }
    fn by(&self) -> String {
        called(self.created_by_name.as_ref(), &self.created_by)
    }
    fn otherwise(&self) -> &'static str {
        otherwise(&self.undecided)
    }
}

#[derive(Template)]
#[template(path = "review_plans.html")]
struct List {
    shell: Shell,
    plans: Vec<Plan>,
    names: Names,
    first: Option<String>,
    next: Option<String>,
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Reviews, "Reviews").await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Plan> = ask.get(&shell.api(&format!("/review-plans{query}"))).await?;
    let names = Names::of(&ask, &shell).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, plans: found.items, names, first, next })
}

#[derive(Template)]
#[template(path = "review_plan_stop.html")]
struct Stop {
    shell: Shell,
    plan: Plan,
}

async fn frame(ask: &Ask, t: &str) -> Result<Shell, Trouble> {
    let shell = ask.shell(t, Section::Reviews, "Begin no further review").await?;
    let to = format!("{}/reviews/plans", shell.base());
    Ok(shell.crumb("Plans", to))
}

async fn told(ask: &Ask, shell: Shell, id: &str, problem: Option<Problem>) -> Answer {
    let plan = kit::one_of(ask, &shell.api("/review-plans"), |p: &Plan| p.id == id).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    shown(status, &Stop { shell: shell.problem(problem), plan })
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let shell = frame(&ask, &t).await?;
    told(&ask, shell, &id, None).await
}

pub(super) async fn stop(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let shell = frame(&ask, &t).await?;
    match ask.delete(&shell.api(&format!("/review-plans/{}", text::escape(&id)))).await {
        Ok(()) => on(&format!("{}/reviews/plans", shell.base()), "removed"),
        Err(p) => told(&ask, shell, &id, Some(mend(p)?)).await,
    }
}
