//! Applications: which people sign in to, and what each may ask for.

pub(super) mod client;
mod edit;
pub(super) mod secrets;
mod stream;

pub(super) use edit::keys;

use self::{
    client::{Party, Room},
    secrets::Secret,
    stream::Stream,
};
use super::kit::{self, if_any, listed};
use crate::{
    Desk,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde_json::json;

const ROOM: Room = Room::Apps;

/// The tenant and the application of an address.
type At = Path<(String, String)>;
/// With one of its secrets.
type AtSecret = Path<(String, String, String)>;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/apps", get(list))
        .route("/admin/in/{tenant}/apps/add", get(edit::add).post(edit::make))
        .route("/admin/in/{tenant}/apps/{app}", get(one))
        .route("/admin/in/{tenant}/apps/{app}/edit", get(edit::edit).post(edit::save))
        .route("/admin/in/{tenant}/apps/{app}/switch", get(off_page).post(switch))
        .route("/admin/in/{tenant}/apps/{app}/delete", get(delete_page).post(delete))
        .route("/admin/in/{tenant}/clients/{client}", get(either))
        .route("/admin/in/{tenant}/apps/{app}/secrets", get(kit::above::<1>).post(secret_add))
        .route(
            "/admin/in/{tenant}/apps/{app}/secrets/{secret}/revoke",
            get(secret_end).post(secret_revoke),
        )
        .route("/admin/in/{tenant}/apps/{app}/stream", get(kit::above::<1>).post(stream::set))
        .route("/admin/in/{tenant}/apps/{app}/stream/end", get(stream::end_page).post(stream::end))
}

#[derive(Template)]
#[template(path = "apps.html")]
struct List {
    shell: Shell,
    apps: Vec<Party>,
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
    let mut shell = ask.shell(&t, Section::Apps, "Applications").await?;
    let query = ask.pass(&["text", "enabled", "cursor"], &[("limit", "50")]);
    let found = listed::<Party>(&ask, &shell.api(&format!("/apps{query}")), &mut shell).await?;
    page(&List {
        shell,
        apps: found.items,
        text: ask.word("text").to_owned(),
        enabled: ask.word("enabled").to_owned(),
        first: ask.first(),
        next: ask.after(found.next.as_ref()),
    })
}

#[derive(Template)]
#[template(path = "app.html")]
struct One {
    shell: Shell,
    client: Party,
    secrets: Vec<Secret>,
    stream: Option<Stream>,
}

impl One {
    fn place(&self) -> String {
        format!("{}{}", self.shell.base(), ROOM.at(&self.client.id))
    }
    fn may(&self) -> bool {
        ROOM.may_edit(&self.shell)
    }
}

async fn showing(ask: &Ask, t: &str, id: &str, problem: Option<Problem>) -> Answer {
    let (shell, client) = ROOM.found(ask, t, id).await?;
    let secrets =
        if ROOM.may_edit(&shell) { secrets::of(ask, &shell, ROOM, id).await? } else { Vec::new() };
    let stream = if_any(ask, &shell.api(&format!("{}/event-stream", ROOM.at(id)))).await?;
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let shell = shell.titled(&client.name).problem(problem);
    shown(status, &One { shell, client, secrets, stream })
}

async fn one(ask: Ask, Path((t, id)): At) -> Answer {
    showing(&ask, &t, &id, None).await
}

/// To the page of a client by its id alone: of an application, or of an integration.
async fn either(ask: Ask, Path((t, id)): At) -> Answer {
    let shell = ask.shell(&t, Section::Audit, "").await?;
    for room in [Room::Apps, Room::Integrations] {
        if if_any::<Party>(&ask, &shell.api(&room.at(&id))).await?.is_some() {
            return on(&format!("{}{}", shell.base(), room.at(&id)), "");
        }
    }
    let detail = if Room::Integrations.may_edit(&shell) {
        "this application or integration is gone"
    } else {
        "this application is gone, or it is an integration, which your roles here do not show"
    };
    Err(Problem { detail: detail.to_owned(), ..Problem::nothing() }.into())
}

async fn off_page(ask: Ask, Path((t, id)): At) -> Answer {
    ROOM.off_page(&ask, (&t, &id)).await
}

async fn switch(ask: Ask, Path((t, id)): At, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Apps, "").await?;
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

#[derive(Template)]
#[template(path = "app_delete.html")]
struct Delete {
    shell: Shell,
    client: Party,
    stream: Option<Stream>,
    back: String,
}

async fn delete_page(ask: Ask, Path((t, id)): At) -> Answer {
    let (shell, client) = ROOM.found(&ask, &t, &id).await?;
    if !ROOM.may_edit(&shell) {
        return Err(kit::forbidden().into());
    }
    let stream = if_any(&ask, &shell.api(&format!("{}/event-stream", ROOM.at(&id)))).await?;
    let back = format!("{}{}", shell.base(), ROOM.at(&id));
    let shell = shell.crumb(&client.name, &back).titled(format!("Delete {}", client.name));
    page(&Delete { shell, client, stream, back })
}

async fn delete(ask: Ask, Path((t, id)): At) -> Answer {
    let shell = ask.shell(&t, Section::Apps, "").await?;
    ask.delete(&shell.api(&ROOM.at(&id))).await?;
    on(&format!("{}/apps", shell.base()), "deleted")
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
