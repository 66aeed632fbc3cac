//! The end of a review, its documents, and whether they are still what they were.

use super::{super::roles::kit::mend, Review, one};
use crate::{
    api::Done,
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
};
use serde::Deserialize;
use serde_json::json;

#[derive(Template)]
#[template(path = "review_close.html")]
struct Close {
    shell: Shell,
    review: Review,
}

fn told((shell, review): (Shell, Review), problem: Option<Problem>) -> Answer {
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let to = format!("{}/reviews/{}", shell.base(), review.id);
    let shell = shell.crumb(&review.name, to).titled("Close the review").problem(problem);
    shown(status, &Close { shell, review })
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    told(one(&ask, &t, &id).await?, None)
}

pub(super) async fn go(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, review) = one(&ask, &t, &id).await?;
    let at = shell.api(&format!("/reviews/{}/close", review.id));
    match ask.post::<Done>(&at, json!({ "anyway": form.ticked("anyway") })).await {
        Ok(_) => on(&format!("{}/reviews/{}", shell.base(), review.id), "closed"),
        Err(p) => told((shell, review), Some(mend(p)?)),
    }
}

pub(super) async fn export(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, review) = one(&ask, &t, &id).await?;
    let format = if ask.word("format") == "csv" { "csv" } else { "json" };
    let at = format!("/reviews/{}/export?format={format}", review.id);
    let mut r = ask.download(&shell.api(&at)).await?;
    let day = review.created_at.exact.get(..10).unwrap_or("review");
    let name = format!("attachment; filename=\"{}-review-{day}.{format}\"", shell.slug());
    if let Ok(v) = HeaderValue::try_from(name) {
        r.headers_mut().insert(header::CONTENT_DISPOSITION, v);
    }
    Ok(r)
}

#[derive(Deserialize)]
struct Checked {
    manifest: Option<String>,
    csv_manifest: Option<String>,
    intact: bool,
    matches: Option<bool>,
    format: Option<String>,
}

#[derive(Template)]
#[template(path = "review_check.html")]
struct Check {
    shell: Shell,
    review: Review,
    typed: String,
    checked: Option<Checked>,
}

pub(super) async fn check(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, review) = one(&ask, &t, &id).await?;
    let typed = ask.word("sha256").to_lowercase();
    let query = text::query([("sha256", typed.as_str())]);
    let at = shell.api(&format!("/reviews/{}/check", review.id));
    let (checked, problem) = match ask.get::<Checked>(&format!("{at}{query}")).await {
        Ok(checked) => (Some(checked), None),
        Err(p) => (None, Some(mend(p)?)),
    };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let to = format!("{}/reviews/{}", shell.base(), review.id);
    let shell = shell.crumb(&review.name, to).titled("Check the evidence").problem(problem);
    shown(status, &Check { shell, review, typed, checked })
}
