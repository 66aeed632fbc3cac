//! Taking away a role that was given by hand.

use super::{
    super::roles::kit::{Place, mend},
    AT, Grant, one,
};
use crate::{
    ask::{Answer, Ask, on, shown},
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};

#[derive(Template)]
#[template(path = "assignment_remove.html")]
struct Remove {
    shell: Shell,
    place: Place,
    grant: Grant,
}

async fn told(
    ask: &Ask,
    (shell, place): (Shell, Place),
    id: &str,
    problem: Option<Problem>,
) -> Answer {
    let grant = one(ask, &place, "grants", id).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let label = if place.wide { "Instance roles" } else { "Assignments" };
    let to = place.to("/assignments");
    let shell = shell.crumb(label, to).problem(problem);
    shown(status, &Remove { shell, place, grant })
}

async fn done(ask: Ask, tenant: Option<&str>, id: &str) -> Answer {
    let (shell, place) = Place::shell(&ask, tenant, AT, TITLE).await?;
    match ask.delete(&place.api(&format!("/grants/{}", text::escape(id)))).await {
        Ok(()) => on(&place.to("/assignments"), "removed"),
        Err(p) => told(&ask, (shell, place), id, Some(mend(p)?)).await,
    }
}

const TITLE: &str = "Take a role away";

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = Place::shell(&ask, Some(&t), AT, TITLE).await?;
    told(&ask, frame, &id, None).await
}

pub(super) async fn ask_everywhere(ask: Ask, Path(id): Path<String>) -> Answer {
    let frame = Place::shell(&ask, None, AT, TITLE).await?;
    told(&ask, frame, &id, None).await
}

pub(super) async fn go(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    done(ask, Some(&t), &id).await
}

pub(super) async fn go_everywhere(ask: Ask, Path(id): Path<String>) -> Answer {
    done(ask, None, &id).await
}
