//! The signing keys.

use super::frame;
use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, on, page},
    form::Form,
    shell::Shell,
    text::When,
};
use askama::Template;
use axum::http::Method;
use serde::Deserialize;
use serde_json::json;

/// A key.
#[derive(Debug, Deserialize)]
pub(super) struct Key {
    pub(super) kid: String,
    pub(super) alg: String,
    state: String,
    pub(super) created_at: When,
}

impl Key {
    /// What it does, and how that is coloured.
    pub(super) fn state(&self) -> (&'static str, &'static str) {
        match self.state.as_str() {
            "active" => ("signs", "good"),
            "pending" => ("published, signs soon", "warn"),
            _ => ("for what it signed", ""),
        }
    }
}

#[derive(Template)]
#[template(path = "system_rotate.html")]
struct Rotate {
    shell: Shell,
    keys: Vec<Key>,
}

/// What a rotation does.
pub(super) async fn rotate_page(ask: Ask) -> Answer {
    let shell = frame(&ask, "Rotate the signing keys").await?;
    let keys: Page<Key> = ask.get("/keys").await?;
    page(&Rotate { shell: shell.crumb("System", "/admin/system"), keys: keys.items })
}

/// Begins it.
pub(super) async fn rotate(ask: Ask, form: Form) -> Answer {
    frame(&ask, "").await?;
    let body = json!({ "at_once": form.get("when") == "now" });
    let sent = Sent::json(body).key(form.key());
    ask.call::<Page<Key>>(Method::POST, "/keys/rotate", sent).await?;
    on("/admin/system", "rotated")
}
