//! Integration users: programs that work without a person in front of them.

mod edit;
mod make;

use super::{
    apps::{
        client::{Party, Room},
        secrets::{self, Secret},
    },
    kit::{above, if_any, listed},
};
use crate::{
    Desk,
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;
use serde_json::json;

const ROOM: Room = Room::Integrations;

/// The tenant and the integration of an address.
type At = Path<(String, String)>;
/// With one of its secrets.
type AtSecret = Path<(String, String, String)>;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/integrations", get(list))
        .route("/admin/in/{tenant}/integrations/add", get(make::add).post(make::make))
        .route("/admin/in/{tenant}/integrations/{integration}", get(one))
        .route(
            "/admin/in/{tenant}/integrations/{integration}/edit",
            get(edit::edit).post(edit::save),
        )
        .route("/admin/in/{tenant}/integrations/{integration}/switch", get(off_page).post(switch))
        .route("/admin/in/{tenant}/integrations/{integration}/adopt", get(above::<1>).post(adopt))
        .route(
            "/admin/in/{tenant}/integrations/{integration}/delete",
            get(delete_page).post(delete),
        )
        .route(
            "/admin/in/{tenant}/integrations/{integration}/secrets",
            get(above::<1>).post(secret_add),
        )
        .route(
            "/admin/in/{tenant}/integrations/{integration}/secrets/{secret}/revoke",
            get(secret_end).post(secret_revoke),
        )
}

/// One of the list, with when a secret of it was last used.
struct Row {
    client: Party,
    used: Option<When>,
}

/// The newest use of some secrets.
fn last(secrets: Vec<Secret>) -> Option<When> {
    let uses = secrets.into_iter().filter_map(|s| s.last_used_at);
    uses.max_by(|a, b| a.exact.cmp(&b.exact))
}

#[derive(Template)]
#[template(path = "integrations.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    text: String,
    enabled: String,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    fn filtered(&self) -> bool {
        !(self.text.is_empty() && self.enabled.is_empty())
    }
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let mut shell = ask.shell(&t, Section::Integrations, "Integrations").await?;
    let query = ask.pass(&["text", "enabled", "cursor"], &[("limit", "50")]);
    let path = shell.api(&format!("/integrations{query}"));
    let found = listed::<Party>(&ask, &path, &mut shell).await?;
    let mut rows = Vec::new();
    for client in found.items {
        // Of keys no use is kept.
        let of = if client.keyed() {
            Vec::new()
        } else {
            secrets::of(&ask, &shell, ROOM, &client.id).await?
        };
        rows.push(Row { used: last(of), client });
    }
    page(&List {
        shell,
        rows,
        text: ask.word("text").to_owned(),
        enabled: ask.word("enabled").to_owned(),
        first: ask.first(),
        next: ask.after(found.next.as_ref()),
    })
}

/// What it has, and where.
#[derive(Debug, Default, Deserialize)]
struct Access {
    #[serde(default)]
    access: Vec<There>,
}

#[derive(Debug, Deserialize)]
struct There {
    name: Option<String>,
    scope: Scope,
    roles: Vec<Held>,
}

#[derive(Debug, Deserialize)]
struct Scope {
    text: String,
}

#[derive(Debug, Deserialize)]
struct Held {
    role: Named,
    until: Option<When>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

impl There {
    fn place(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.scope.text)
    }
}

#[derive(Template)]
#[template(path = "integration.html")]
struct One {
    shell: Shell,
    client: Party,
    secrets: Vec<Secret>,
    access: Option<Access>,
    used: Option<When>,
}

impl One {
    fn place(&self) -> String {
        format!("{}{}", self.shell.base(), ROOM.at(&self.client.id))
    }
    fn user(&self) -> &str {
        self.client.user.as_deref().unwrap_or_default()
    }
}

async fn showing(ask: &Ask, t: &str, id: &str, problem: Option<Problem>) -> Answer {
    let (shell, client) = ROOM.found(ask, t, id).await?;
    let secrets = secrets::of(ask, &shell, ROOM, id).await?;
    let access = access(ask, &shell, &client).await?;
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let shell = shell.titled(&client.name).problem(problem);
    let used = last(secrets.clone());
    shown(status, &One { shell, client, secrets, access, used })
}

/// What roles it has, for whoever may see that.
async fn access(ask: &Ask, shell: &Shell, client: &Party) -> Result<Option<Access>, Trouble> {
    match &client.user {
        Some(user) if shell.may("users.manage_roles") => {
            if_any(ask, &shell.api(&format!("/users/{}/access", text::escape(user)))).await
        }
        _ => Ok(None),
    }
}

async fn one(ask: Ask, Path((t, id)): At) -> Answer {
    showing(&ask, &t, &id, None).await
}

async fn off_page(ask: Ask, Path((t, id)): At) -> Answer {
    ROOM.off_page(&ask, (&t, &id)).await
}

async fn switch(ask: Ask, Path((t, id)): At, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Integrations, "").await?;
    let enabled = form.get("enabled") == "true";
    let path = shell.api(&ROOM.at(&id));
    match ask.patch::<Party>(&path, json!({ "enabled": enabled }), None).await {
        Ok(_) => {
            let done = if enabled { "enabled" } else { "disabled" };
            on(&format!("{}{}", shell.base(), ROOM.at(&id)), done)
        }
        Err(p) if p.mendable() => showing(&ask, &t, &id, Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

async fn adopt(ask: Ask, Path((t, id)): At) -> Answer {
    let shell = ask.shell(&t, Section::Integrations, "").await?;
    let path = shell.api(&format!("{}/adopt", ROOM.at(&id)));
    match ask.post::<Party>(&path, json!({})).await {
        Ok(_) => on(&format!("{}{}", shell.base(), ROOM.at(&id)), "adopted"),
        Err(p) if p.mendable() => showing(&ask, &t, &id, Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

#[derive(Template)]
#[template(path = "integration_delete.html")]
struct Delete {
    shell: Shell,
    client: Party,
    used: Option<When>,
    back: String,
}

async fn delete_page(ask: Ask, Path((t, id)): At) -> Answer {
    let (shell, client) = ROOM.found(&ask, &t, &id).await?;
    let used = last(secrets::of(&ask, &shell, ROOM, &id).await?);
    let back = format!("{}{}", shell.base(), ROOM.at(&id));
    let shell = shell.crumb(&client.name, &back).titled(format!("Delete {}", client.name));
    page(&Delete { shell, client, used, back })
}

async fn delete(ask: Ask, Path((t, id)): At) -> Answer {
    let shell = ask.shell(&t, Section::Integrations, "").await?;
    match ask.delete(&shell.api(&ROOM.at(&id))).await {
        Ok(()) => on(&format!("{}/integrations", shell.base()), "deleted"),
        Err(p) if p.mendable() => showing(&ask, &t, &id, Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

async fn secret_add(ask: Ask, Path((t, id)): At, form: Form) -> Answer {
    match secrets::add(&ask, ROOM, (&t, &id), &form).await {
        Ok(answer) => answer,
        Err(p) => showing(&ask, &t, &id, Some(p)).await,
    }
}

async fn secret_end(ask: Ask, Path((t, id, secret)): AtSecret) -> Answer {
    secrets::end_page(&ask, ROOM, (&t, &id, &secret)).await
}

async fn secret_revoke(ask: Ask, Path((t, id, secret)): AtSecret) -> Answer {
    secrets::revoke(&ask, ROOM, (&t, &id, &secret)).await
}
