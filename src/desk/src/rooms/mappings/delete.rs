//! The end of a mapping, and who loses what by it.

use super::{
    super::roles::kit::{Catalogue, Preview, mend},
    Mapping, one,
};
use crate::{
    ask::{Answer, Ask, on, shown},
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde_json::json;

#[derive(Template)]
#[template(path = "mapping_delete.html")]
struct Delete {
    shell: Shell,
    mapping: Mapping,
    catalogue: Catalogue,
    preview: Option<Preview>,
}

impl Delete {
    fn here(&self) -> &str {
        self.shell.me.place().map_or("", |p| &p.tenant)
    }
}

async fn told(ask: &Ask, shell: Shell, mapping: Mapping, problem: Option<Problem>) -> Answer {
    let at = shell.api(&format!("/mappings/{}/preview?limit=50", mapping.id));
    let (preview, problem) = match (ask.post::<Preview>(&at, json!({})).await, problem) {
        (Ok(preview), problem) => (Some(preview), problem),
        (Err(_), Some(problem)) => (None, Some(problem)),
        // It is refused where deleting would be.
        (Err(p), None) => (None, Some(mend(p)?)),
    };
    let catalogue = Catalogue::of(ask).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.titled("Delete a mapping").problem(problem);
    shown(status, &Delete { shell, mapping, catalogue, preview })
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, mapping) = one(&ask, &t, &id).await?;
    told(&ask, shell, mapping, None).await
}

pub(super) async fn go(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, mapping) = one(&ask, &t, &id).await?;
    match ask.delete(&shell.api(&format!("/mappings/{}", mapping.id))).await {
        Ok(()) => on(&format!("{}/mappings", shell.base()), "deleted"),
        Err(p) => told(&ask, shell, mapping, Some(mend(p)?)).await,
    }
}
