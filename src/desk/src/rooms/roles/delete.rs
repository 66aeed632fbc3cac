//! The end of a role that nobody has.

use super::{
    Role, Uses,
    kit::mend,
    one::{self, role},
};
use crate::{
    ask::{Answer, Ask, on, shown},
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};

#[derive(Template)]
#[template(path = "role_delete.html")]
struct Page {
    shell: Shell,
    role: Role,
    uses: Uses,
}

async fn told(ask: &Ask, shell: Shell, role: Role, problem: Option<Problem>) -> Answer {
    let uses = ask.get(&shell.api(&format!("/roles/{}/uses?limit=20", role.id))).await?;
    let to = format!("{}/roles/{}", shell.base(), role.id);
    let shell = shell.titled(format!("Delete {}", role.name)).crumb(&role.name, to);
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    shown(status, &Page { shell: shell.problem(problem), role, uses })
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, role) = one::role(&ask, &t, &id).await?;
    told(&ask, shell, role, None).await
}

pub(super) async fn go(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, role) = role(&ask, &t, &id).await?;
    match ask.delete(&shell.api(&format!("/roles/{}", role.id))).await {
        Ok(()) => on(&format!("{}/roles", shell.base()), "deleted"),
        Err(p) => told(&ask, shell, role, Some(mend(p)?)).await,
    }
}
