//! Deciding about a role on the whole instance that somebody asked for.

use super::{super::roles::kit::mend, Request, frame};
use crate::{
    api::Done,
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde_json::json;

const UP: &str = "/admin/system/elevation";

#[derive(Template)]
#[template(path = "elevation_decide.html")]
struct One {
    shell: Shell,
    r: Request,
    to: &'static str,
    reason: String,
}

/// The page; `reason` is what was typed, beside what is wrong.
async fn told(ask: &Ask, id: &str, (reason, problem): (&str, Option<Problem>)) -> Answer {
    let (shell, _) = frame(ask, None, "").await?;
    let r: Request = ask.get(&format!("/elevations/{}", text::escape(id))).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let title = format!("{} asks for a role", r.user_name);
    let shell = shell.titled(title).crumb("Roles for a while", UP).problem(problem);
    shown(status, &One { shell, r, to: UP, reason: reason.to_owned() })
}

pub(super) async fn ask(ask: Ask, Path(id): Path<String>) -> Answer {
    told(&ask, &id, ("", None)).await
}

pub(super) async fn go(ask: Ask, Path(id): Path<String>, form: Form) -> Answer {
    frame(&ask, None, "").await?;
    let typed = form.get("reason");
    if form.get("decision") == "refuse" && typed.is_empty() {
        let p = Problem::typed("reason", "say why you refuse: they read it");
        return told(&ask, &id, (typed, Some(p))).await;
    }
    let body = json!({ "decision": form.get("decision"), "reason": form.some("reason") });
    match ask.post::<Done>(&format!("/elevations/{}", text::escape(&id)), body).await {
        Ok(_) => on(UP, "decided"),
        Err(p) => told(&ask, &id, (typed, Some(mend(p)?))).await,
    }
}
