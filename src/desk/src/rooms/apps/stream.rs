//! The stream of security events that an application asked for: how it does, the switch, the end.

use super::{At, ROOM, client::Party, showing};
use crate::{
    ask::{Answer, Ask, on, page},
    form::Form,
    nav::Section,
    rooms::kit,
    shell::Shell,
    text::When,
};
use askama::Template;
use axum::extract::Path;
use serde::Deserialize;
use serde_json::json;

/// A stream.
#[derive(Debug, Deserialize)]
pub(super) struct Stream {
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) events: Vec<String>,
    pub(super) endpoint_url: Option<String>,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) queued: u64,
    pub(super) dropped: u64,
    pub(super) delivered_at: Option<When>,
    pub(super) failed_at: Option<When>,
    pub(super) failure: Option<String>,
    pub(super) created_at: When,
}

impl Stream {
    /// How it is, and how that is coloured.
    pub(super) fn state(&self) -> (&str, &'static str) {
        match self.status.as_str() {
            "enabled" => ("flowing", "good"),
            "paused" => ("paused", "warn"),
            "disabled" => ("stopped", "bad"),
            other => (other, ""),
        }
    }
}

/// Lets it flow, or stops it.
pub(super) async fn set(ask: Ask, Path((t, id)): At, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Apps, "").await?;
    let path = shell.api(&format!("{}/event-stream", ROOM.at(&id)));
    let body = json!({ "status": form.get("status"), "reason": form.get("reason") });
    match ask.put::<Stream>(&path, body).await {
        Ok(_) => on(&format!("{}{}", shell.base(), ROOM.at(&id)), "saved"),
        Err(p) if p.mendable() => showing(&ask, &t, &id, Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

#[derive(Template)]
#[template(path = "app_stream_end.html")]
struct End {
    shell: Shell,
    client: Party,
    stream: Stream,
    back: String,
}

/// What its end does.
pub(super) async fn end_page(ask: Ask, Path((t, id)): At) -> Answer {
    let (shell, client) = ROOM.found(&ask, &t, &id).await?;
    if !ROOM.may_edit(&shell) {
        return Err(kit::forbidden().into());
    }
    let stream = ask.get(&shell.api(&format!("{}/event-stream", ROOM.at(&id)))).await?;
    let back = format!("{}{}", shell.base(), ROOM.at(&id));
    let shell = shell.crumb(&client.name, &back).titled("End the event stream");
    page(&End { shell, client, stream, back })
}

/// Ends it.
pub(super) async fn end(ask: Ask, Path((t, id)): At) -> Answer {
    let shell = ask.shell(&t, Section::Apps, "").await?;
    ask.delete(&shell.api(&format!("{}/event-stream", ROOM.at(&id)))).await?;
    on(&format!("{}{}", shell.base(), ROOM.at(&id)), "removed")
}
