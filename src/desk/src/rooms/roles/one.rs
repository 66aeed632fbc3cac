//! One role: what it permits, who has it, how it differs from another.

use super::{
    Role, Uses,
    kit::{Catalogue, Roles, mend},
};
use crate::{
    ask::{Answer, Ask, Trouble, page, shown},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::extract::Path;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "role.html")]
struct One {
    shell: Shell,
    role: Role,
    uses: Uses,
    catalogue: Catalogue,
    others: Roles,
}

/// A role of the path, with the frame.
pub(super) async fn role(ask: &Ask, t: &str, id: &str) -> Result<(Shell, Role), Trouble> {
    let shell = ask.shell(t, Section::Roles, "Role").await?;
    let role: Role = ask.get(&shell.api(&format!("/roles/{}", text::escape(id)))).await?;
    let to = format!("{}/roles", shell.base());
    Ok((shell.crumb("Roles", to), role))
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, role) = role(&ask, &t, &id).await?;
    let uses = ask.get(&shell.api(&format!("/roles/{}/uses?limit=10", role.id))).await?;
    let catalogue = Catalogue::of(&ask).await?;
    let mut others = Roles::of(&ask, &shell, "").await?;
    others.all.retain(|(id, _)| *id != role.id);
    let shell = shell.titled(&role.name);
    page(&One { shell, role, uses, catalogue, others })
}

#[derive(Deserialize)]
struct Difference {
    with: Role,
    more: Vec<String>,
    less: Vec<String>,
}

#[derive(Template)]
#[template(path = "role_difference.html")]
struct Compared {
    shell: Shell,
    role: Role,
    difference: Option<Difference>,
    catalogue: Catalogue,
    others: Roles,
    with: String,
}

impl Compared {
    /// What both permit.
    fn both(&self) -> Vec<String> {
        let Some(d) = &self.difference else { return Vec::new() };
        self.role.permissions.intersection(&d.with.permissions).cloned().collect()
    }
}

pub(super) async fn difference(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, role) = role(&ask, &t, &id).await?;
    let mut with = ask.word("with").to_owned();
    let mut problem: Option<Problem> = None;
    let mut difference: Option<Difference> = None;
    if !with.is_empty() {
        let query = text::query([("with", with.as_str())]);
        let found = ask.get(&shell.api(&format!("/roles/{}/difference{query}", role.id))).await;
        match found {
            Ok(d) => difference = Some(d),
            Err(p) => problem = Some(mend(p)?),
        }
    }
    if let Some(d) = &difference {
        with.clone_from(&d.with.id);
    }
    let catalogue = Catalogue::of(&ask).await?;
    let mut others = Roles::of(&ask, &shell, "").await?;
    others.all.retain(|(id, _)| *id != role.id);
    let to = format!("{}/roles/{}", shell.base(), role.id);
    let status = problem.as_ref().map_or(axum::http::StatusCode::OK, Problem::http);
    let shell = shell.titled("Two roles compared").crumb(&role.name, to).problem(problem);
    shown(status, &Compared { shell, role, difference, catalogue, others, with })
}
