//! Holds: roles whose last holder a directory took away, until somebody keeps or drops them.

use super::{
    super::roles::kit::{Place, mend},
    AT, Grant, one,
};
use crate::{
    api::{Done, Page},
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde_json::json;

#[derive(Template)]
#[template(path = "holds.html")]
struct List {
    shell: Shell,
    place: Place,
    holds: Vec<Grant>,
    first: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "hold.html")]
struct One {
    shell: Shell,
    place: Place,
    hold: Grant,
}

async fn listed(ask: Ask, tenant: Option<&str>) -> Answer {
    let title = if tenant.is_some() { "Assignments" } else { "Roles on the whole instance" };
    let (shell, place) = Place::shell(&ask, tenant, AT, title).await?;
    let query = ask.pass(&["user", "cursor"], &[("limit", "50")]);
    let found: Page<Grant> = ask.get(&place.api(&format!("/holds{query}"))).await?;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, place, holds: found.items, first, next })
}

async fn told(
    ask: &Ask,
    (shell, place): (Shell, Place),
    id: &str,
    problem: Option<Problem>,
) -> Answer {
    let hold = one(ask, &place, "holds", id).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let to = place.to("/assignments/holds");
    let shell = shell.crumb("Holds", to).problem(problem);
    shown(status, &One { shell, place, hold })
}

async fn done(ask: Ask, tenant: Option<&str>, id: &str, form: Form) -> Answer {
    let (shell, place) = Place::shell(&ask, tenant, AT, TITLE).await?;
    let body = json!({ "decision": form.get("decision") });
    let at = place.api(&format!("/holds/{}", text::escape(id)));
    match ask.post::<Done>(&at, body).await {
        Ok(_) => on(&place.to("/assignments/holds"), "decided"),
        Err(p) => told(&ask, (shell, place), id, Some(mend(p)?)).await,
    }
}

const TITLE: &str = "Keep or drop a role";

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    listed(ask, Some(&t)).await
}

pub(super) async fn list_everywhere(ask: Ask) -> Answer {
    listed(ask, None).await
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = Place::shell(&ask, Some(&t), AT, TITLE).await?;
    told(&ask, frame, &id, None).await
}

pub(super) async fn ask_everywhere(ask: Ask, Path(id): Path<String>) -> Answer {
    let frame = Place::shell(&ask, None, AT, TITLE).await?;
    told(&ask, frame, &id, None).await
}

pub(super) async fn go(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    done(ask, Some(&t), &id, form).await
}

pub(super) async fn go_everywhere(ask: Ask, Path(id): Path<String>, form: Form) -> Answer {
    done(ask, None, &id, form).await
}
