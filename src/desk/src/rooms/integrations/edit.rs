//! Changing an integration user: its name, what it may use, its keys.

use super::{At, ROOM};
use crate::{
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    rooms::{
        apps::{
            client::{Category, Party, catalogue},
            keys,
        },
        kit,
    },
    shell::Shell,
};
use askama::Template;
use axum::extract::Path;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "integration_edit.html")]
struct Edit {
    shell: Shell,
    client: Party,
    form: Form,
    categories: Vec<Category>,
    back: String,
}

impl Edit {
    fn has(&self, permission: &str) -> bool {
        self.client.settings.scopes.iter().flatten().any(|s| s == permission)
    }
    /// Nobody gives what they do not hold; what it has already is shown.
    fn offered(&self, permission: impl AsRef<str>) -> bool {
        self.shell.may(permission.as_ref()) || self.has(permission.as_ref())
    }
    fn offers(&self, c: &Category) -> bool {
        c.permissions.iter().any(|e| self.offered(c.full(e)))
    }
    fn picked(&self, scope: impl AsRef<str>) -> bool {
        self.form.pairs().any(|(n, v)| n == "scopes" && v == scope.as_ref())
    }
}

fn of_client(c: &Party) -> Form {
    let s = &c.settings;
    let ttl = s.access_ttl.to_string();
    let keys = c.keys();
    let text = |o: &Option<String>| o.clone().unwrap_or_default();
    let (audience, uri) = (text(&s.audience), text(&s.jwks_uri));
    let mut pairs = vec![
        ("version", c.version.as_str()),
        ("name", c.name.as_str()),
        ("access_ttl", ttl.as_str()),
        ("audience", audience.as_str()),
        ("jwks", keys.as_str()),
        ("jwks_uri", uri.as_str()),
    ];
    pairs.extend(s.scopes.iter().flatten().map(|scope| ("scopes", scope.as_str())));
    kit::filled(pairs)
}

async fn showing(
    ask: &Ask,
    (t, id): (&str, &str),
    typed: Option<Form>,
    problem: Option<Problem>,
) -> Answer {
    let (shell, client) = ROOM.found(ask, t, id).await?;
    let back = format!("{}{}", shell.base(), ROOM.at(id));
    let shell = shell.crumb(&client.name, &back).titled("Edit the integration");
    let form = typed.unwrap_or_else(|| of_client(&client));
    let categories = catalogue(ask).await?;
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    shown(status, &Edit { shell: shell.problem(problem), client, form, categories, back })
}

/// The form.
pub(super) async fn edit(ask: Ask, Path((t, id)): At) -> Answer {
    showing(&ask, (&t, &id), None, None).await
}

/// What is different. Other permissions or keys take more of whoever gives them than a name does, so that they are sent
/// only where they changed.
fn body(form: &Form, was: &Party) -> Result<Map<String, Value>, Problem> {
    let mut b = Map::new();
    let s = &was.settings;
    let mut put = |name: &str, value: Value| b.insert(name.to_owned(), value);
    if form.get("name") != was.name {
        put("name", form.get("name").into());
    }
    let chosen = form.all("scopes");
    let set = |all: &[String]| all.iter().cloned().collect::<BTreeSet<String>>();
    if set(&chosen) != set(s.scopes.as_deref().unwrap_or_default()) {
        put("scopes", chosen.into());
    }
    if let Some(ttl) = form.number("access_ttl")?.filter(|n| *n != i64::from(s.access_ttl)) {
        put("access_ttl", ttl.into());
    }
    if form.some("audience") != s.audience.as_deref() {
        put("audience", form.some("audience").into());
    }
    let keys = keys(form)?;
    if keys != s.jwks {
        put("jwks", keys.unwrap_or_default());
    }
    if form.some("jwks_uri") != s.jwks_uri.as_deref() {
        put("jwks_uri", form.some("jwks_uri").into());
    }
    Ok(b)
}

/// Changes it.
pub(super) async fn save(ask: Ask, Path((t, id)): At, form: Form) -> Answer {
    let (shell, was) = ROOM.found(&ask, &t, &id).await?;
    let path = shell.api(&ROOM.at(&id));
    let version = form.some("version").map(str::to_owned);
    let saved = async { ask.patch::<Party>(&path, body(&form, &was)?, version).await };
    match saved.await {
        Ok(_) => on(&format!("{}{}", shell.base(), ROOM.at(&id)), "saved"),
        Err(p) if p.mendable() => showing(&ask, (&t, &id), Some(form), Some(p)).await,
        Err(p) => Err(p.into()),
    }
}
