//! Making a role, and changing one: what that would do to whom is shown before it is saved.

use super::{
    Role,
    kit::{Catalogue, Preview, mend},
    one::role,
};
use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

/// A role for a common job.
#[derive(Debug, Deserialize)]
struct Pattern {
    id: String,
    name: String,
    description: String,
    permissions: BTreeSet<String>,
}

/// What was typed.
#[derive(Debug, Default)]
struct Typed {
    name: String,
    description: String,
    permissions: BTreeSet<String>,
    offered: bool,
    version: String,
}

impl Typed {
    fn of(form: &Form) -> Self {
        Self {
            name: form.get("name").to_owned(),
            description: form.get("description").to_owned(),
            permissions: form.all("permissions").into_iter().collect(),
            offered: form.ticked("offered"),
            version: form.get("version").to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "role_form.html")]
struct Edit {
    shell: Shell,
    catalogue: Catalogue,
    typed: Typed,
    /// What is changed; a new role has none.
    role: Option<Role>,
    /// From what it is made.
    like: Option<String>,
    patterns: Vec<Pattern>,
}

impl Edit {
    /// Whether the role can be offered to all tenants.
    fn offers(&self) -> bool {
        self.shell.me.place().is_some_and(|p| p.provider)
    }
    /// Whether whoever sits there holds it, and so may give it.
    fn holds(&self, permission: &str) -> bool {
        self.shell.may(permission)
    }
}

async fn adding(ask: &Ask, t: &str) -> Result<Shell, crate::ask::Trouble> {
    let shell = ask.shell(t, Section::Roles, "Add a role").await?;
    let to = format!("{}/roles", shell.base());
    Ok(shell.crumb("Roles", to))
}

pub(super) async fn add(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = adding(&ask, &t).await?;
    let catalogue = Catalogue::of(&ask).await?;
    let patterns: Page<Pattern> = ask.get("/role-templates").await?;
    let mut typed = Typed::default();
    let mut like = None;
    let wanted = ask.word("like");
    if let Some(p) = patterns.items.iter().find(|p| p.id == ask.word("template")) {
        typed.name.clone_from(&p.name);
        typed.description.clone_from(&p.description);
        typed.permissions.clone_from(&p.permissions);
        like = Some(p.name.clone());
    } else if !wanted.is_empty() {
        let (_, of) = role(&ask, &t, wanted).await?;
        typed.name = format!("Copy of {}", of.name);
        typed.description = of.description;
        typed.permissions = of.permissions;
        like = Some(of.name);
    }
    // What one does not hold one does not give.
    typed.permissions.retain(|p| shell.may(p));
    page(&Edit { shell, catalogue, typed, role: None, like, patterns: patterns.items })
}

pub(super) async fn make(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = adding(&ask, &t).await?;
    let typed = Typed::of(&form);
    let body = json!({
        "name": typed.name, "description": typed.description,
        "permissions": typed.permissions, "offered": typed.offered,
    });
    let sent = Sent::json(body).key(form.key());
    match ask.call::<Role>(Method::POST, &shell.api("/roles"), sent).await {
        Ok(made) => on(&format!("{}/roles/{}", shell.base(), made.id), "made"),
        Err(p) => {
            let problem = mend(p)?;
            let catalogue = Catalogue::of(&ask).await?;
            let (status, shell) = (problem.http(), shell.problem(Some(problem)));
            let form =
                Edit { shell, catalogue, typed, role: None, like: None, patterns: Vec::new() };
            shown(status, &form)
        }
    }
}

pub(super) async fn change(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, role) = role(&ask, &t, &id).await?;
    if !role.own(&shell) {
        return Err(Problem::nothing().into());
    }
    let typed = Typed {
        name: role.name.clone(),
        description: role.description.clone(),
        permissions: role.permissions.clone(),
        offered: role.offered,
        version: role.version.to_string(),
    };
    again(&ask, shell, role, typed, None).await
}

async fn again(
    ask: &Ask,
    shell: Shell,
    role: Role,
    mut typed: Typed,
    problem: Option<Problem>,
) -> Answer {
    // Who was told that it changed meanwhile saves over what it is now.
    if problem.as_ref().is_some_and(|p| p.status == 412) {
        typed.version = role.version.to_string();
    }
    let catalogue = Catalogue::of(ask).await?;
    let to = format!("{}/roles/{}", shell.base(), role.id);
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.titled(format!("Edit {}", role.name)).crumb(&role.name, to).problem(problem);
    let (role, patterns) = (Some(role), Vec::new());
    shown(status, &Edit { shell, catalogue, typed, role, like: None, patterns })
}

#[derive(Template)]
#[template(path = "role_preview.html")]
struct Weigh {
    shell: Shell,
    catalogue: Catalogue,
    role: Role,
    typed: Typed,
    preview: Preview,
}

impl Weigh {
    fn more(&self) -> Vec<String> {
        self.typed.permissions.difference(&self.role.permissions).cloned().collect()
    }
    fn less(&self) -> Vec<String> {
        self.role.permissions.difference(&self.typed.permissions).cloned().collect()
    }
    fn here(&self) -> &str {
        self.shell.me.place().map_or("", |p| &p.tenant)
    }
}

pub(super) async fn save(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, role) = role(&ask, &t, &id).await?;
    let typed = Typed::of(&form);
    let at = shell.api(&format!("/roles/{}", role.id));
    match form.get("step") {
        "back" => return again(&ask, shell, role, typed, None).await,
        "save" => {}
        _ if typed.permissions == role.permissions => {}
        _ => {
            let body = json!({ "permissions": typed.permissions });
            let preview = ask.post::<Preview>(&format!("{at}/preview?limit=50"), body).await;
            let preview = match preview {
                Ok(preview) => preview,
                Err(p) => return again(&ask, shell, role, typed, Some(mend(p)?)).await,
            };
            let catalogue = Catalogue::of(&ask).await?;
            let to = format!("{}/roles/{}", shell.base(), role.id);
            let shell = shell.titled(format!("Change {}", role.name)).crumb(&role.name, to);
            return page(&Weigh { shell, catalogue, role, typed, preview });
        }
    }
    let mut body = json!({
        "name": typed.name, "description": typed.description, "permissions": typed.permissions,
    });
    if typed.offered != role.offered {
        body["offered"] = typed.offered.into();
    }
    match ask.patch::<Role>(&at, body, Some(typed.version.clone())).await {
        Ok(_) => on(&format!("{}/roles/{}", shell.base(), role.id), "saved"),
        Err(p) => again(&ask, shell, role, typed, Some(mend(p)?)).await,
    }
}
