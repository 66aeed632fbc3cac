//! Secrets of applications and integration users: the list, a new one that is shown once, the end of one.

use super::client::{Party, Room};
use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, on, page},
    form::Form,
    problem::Problem,
    rooms::kit,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::http::Method;
use serde::Deserialize;
use serde_json::json;

/// A secret, without its text.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::rooms) struct Secret {
    pub(in crate::rooms) id: String,
    pub(in crate::rooms) hint: String,
    pub(in crate::rooms) created_at: When,
    pub(in crate::rooms) expires_at: Option<When>,
    pub(in crate::rooms) last_used_at: Option<When>,
}

impl Secret {
    /// Whether it ends soon, or has ended.
    pub(in crate::rooms) fn state(&self) -> (&'static str, &'static str) {
        let Some(end) = &self.expires_at else { return ("live", "good") };
        // Seconds are enough, and the same in both.
        let until = |n| end.exact.get(..19) <= kit::in_days(n).get(..19);
        if until(0) {
            ("ended", "bad")
        } else if until(14) {
            ("ends soon", "warn")
        } else {
            ("live", "good")
        }
    }
}

/// The secrets of one.
pub(in crate::rooms) async fn of(
    ask: &Ask,
    shell: &Shell,
    room: Room,
    id: &str,
) -> Result<Vec<Secret>, Trouble> {
    let path = shell.api(&format!("{}/secrets", room.at(id)));
    let found: Option<Page<Secret>> = kit::if_any(ask, &path).await?;
    Ok(found.map(|p| p.items).unwrap_or_default())
}

/// When a form says that a secret ends, for the API.
pub(in crate::rooms) fn end(form: &Form) -> Option<String> {
    form.some("expires_at").map(|d| kit::moment(d, true))
}

/// What is shown once.
#[derive(Template)]
#[template(path = "client_secret.html")]
pub(in crate::rooms) struct Shown {
    pub(in crate::rooms) shell: Shell,
    pub(in crate::rooms) room: Room,
    pub(in crate::rooms) client: Party,
    pub(in crate::rooms) secret: Option<String>,
    /// What did not go through besides.
    pub(in crate::rooms) but: Vec<String>,
}

#[derive(Deserialize)]
struct Made {
    client_secret: String,
}

/// Makes one more; `refused` shows the page of the client with what is wrong.
pub(in crate::rooms) async fn add(
    ask: &Ask,
    room: Room,
    (t, id): (&str, &str),
    form: &Form,
) -> Result<Answer, Problem> {
    let (shell, client) = match room.found(ask, t, id).await {
        Ok(found) => found,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let path = shell.api(&format!("{}/secrets", room.at(id)));
    let sent = Sent::json(json!({ "expires_at": end(form) })).key(form.key());
    match ask.call::<Made>(Method::POST, &path, sent).await {
        Ok(made) => {
            let at = format!("{}{}", shell.base(), room.at(id));
            let shell = shell.crumb(&client.name, at).titled("A new secret");
            let secret = Some(made.client_secret);
            Ok(page(&Shown { shell, room, client, secret, but: Vec::new() }))
        }
        Err(p) if p.mendable() => Err(p.of(form.get("expires_at"))),
        Err(p) => Ok(Err(p.into())),
    }
}

#[derive(Template)]
#[template(path = "client_secret_end.html")]
struct End {
    shell: Shell,
    client: Party,
    secret: Secret,
    /// Whether another is left.
    others: usize,
    back: String,
}

/// What the end of a secret does.
pub(in crate::rooms) async fn end_page(
    ask: &Ask,
    room: Room,
    (t, id, secret): (&str, &str, &str),
) -> Answer {
    let (shell, client) = room.found(ask, t, id).await?;
    let all = of(ask, &shell, room, id).await?;
    let others = all.len().saturating_sub(1);
    let secret = all.into_iter().find(|s| s.id == secret).ok_or_else(Problem::nothing)?;
    let back = format!("{}{}", shell.base(), room.at(id));
    let shell = shell.crumb(&client.name, &back).titled("Revoke a secret");
    page(&End { shell, client, secret, others, back })
}

/// Ends it.
pub(in crate::rooms) async fn revoke(
    ask: &Ask,
    room: Room,
    (t, id, secret): (&str, &str, &str),
) -> Answer {
    let shell = ask.shell(t, room.section(), "").await?;
    let path = format!("{}/secrets/{}", room.at(id), text::escape(secret));
    ask.delete(&shell.api(&path)).await?;
    on(&format!("{}{}", shell.base(), room.at(id)), "revoked")
}
