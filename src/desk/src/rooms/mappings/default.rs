//! What a tenant's own people have whom no mapped group gives a role.

use super::{
    super::roles::kit::{Catalogue, Preview, Roles, mend},
    ByDefault,
};
use crate::{
    api::{Done, Sent},
    ask::{Answer, Ask, Trouble, on, shown},
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
use serde_json::json;

#[derive(Template)]
#[template(path = "default_role.html")]
struct Show {
    shell: Shell,
    default: ByDefault,
    roles: Roles,
    role: String,
    version: String,
    catalogue: Catalogue,
    /// What it would do, once somebody asked.
    preview: Option<Preview>,
}

impl Show {
    fn here(&self) -> &str {
        self.shell.me.place().map_or("", |p| &p.tenant)
    }
    /// What is chosen, in words.
    fn chosen(&self) -> &str {
        if self.role.is_empty() {
            "no default role"
        } else {
            self.roles.name(&self.role).trim_end_matches(" (built-in)")
        }
    }
}

async fn frame(ask: &Ask, t: &str) -> Result<Shell, Trouble> {
    let shell = ask.shell(t, Section::Mappings, "Default role").await?;
    let to = format!("{}/mappings", shell.base());
    Ok(shell.crumb("Group mappings", to))
}

async fn told(
    ask: &Ask,
    shell: Shell,
    typed: Option<&Form>,
    preview: Option<Preview>,
    problem: Option<Problem>,
) -> Answer {
    let default: ByDefault = ask.get(&shell.api("/default-role")).await?;
    let mut roles = Roles::of(ask, &shell, "None").await?;
    // Nobody is an administrator by default.
    roles.all.retain(|(_, name)| !name.ends_with("Administrator (built-in)"));
    let role = match typed {
        Some(form) => form.get("role").to_owned(),
        None => default.role.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
    };
    let changed = problem.as_ref().is_some_and(|p| p.status == 412);
    let version = match typed {
        Some(form) if !changed => form.get("version").to_owned(),
        _ => default.version.to_string(),
    };
    let catalogue = Catalogue::of(ask).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    shown(status, &Show { shell, default, roles, role, version, catalogue, preview })
}

pub(super) async fn ask(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = frame(&ask, &t).await?;
    told(&ask, shell, None, None, None).await
}

pub(super) async fn go(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = frame(&ask, &t).await?;
    let role = form.some("role");
    let body = role.map_or_else(|| json!({}), |r| json!({ "role": r }));
    if form.get("step") == "back" {
        return told(&ask, shell, Some(&form), None, None).await;
    }
    if form.get("step") != "save" {
        let at = shell.api("/default-role/preview?limit=50");
        return match ask.post::<Preview>(&at, body).await {
            Ok(preview) => told(&ask, shell, Some(&form), Some(preview), None).await,
            Err(p) => told(&ask, shell, Some(&form), None, Some(mend(p)?)).await,
        };
    }
    let at = shell.api("/default-role");
    let version = Some(form.get("version").to_owned());
    let (method, sent) = match role {
        Some(_) => (Method::PUT, Sent::json(body)),
        None => (Method::DELETE, Sent::nothing()),
    };
    match ask.call::<Done>(method, &at, sent.version(version)).await {
        Ok(_) => on(&format!("{}/mappings", shell.base()), "saved"),
        Err(p) => told(&ask, shell, Some(&form), None, Some(mend(p)?)).await,
    }
}

pub(super) async fn adopt(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = frame(&ask, &t).await?;
    let at = shell.api("/default-role/adopt");
    match ask.call::<Done>(Method::POST, &at, Sent::nothing()).await {
        Ok(_) => on(&format!("{}/mappings", shell.base()), "adopted"),
        Err(p) => told(&ask, shell, None, None, Some(mend(p)?)).await,
    }
}
