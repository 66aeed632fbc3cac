//! How a sign-in half is. The provider is asked while the page is made.

use crate::{
    ask::{Answer, Ask, page},
    rooms::directories::{Directory, Test, api, opened, urgency},
    shell::Shell,
    text::When,
};
use askama::Template;
use axum::extract::Path;
use serde::Deserialize;

#[derive(Deserialize)]
struct Last {
    at: When,
    reference: String,
    reason: Option<String>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Keys {
    number: u64,
    read_at: When,
}

#[derive(Deserialize)]
struct Health {
    issuer: String,
    reachable: bool,
    why_not: Option<String>,
    asked_at: Option<When>,
    answered_at: Option<When>,
    published_keys: Option<u64>,
    keys: Option<Keys>,
    clock_ahead_seconds: Option<i64>,
    last_success: Option<Last>,
    last_failure: Option<Last>,
    client_secret_expires_at: Option<When>,
    last_test: Option<Test>,
}

impl Health {
    /// How far its clock is from ours, and how that is coloured.
    fn clock(&self) -> (String, &'static str) {
        match self.clock_ahead_seconds {
            None => ("the provider does not say".to_owned(), ""),
            Some(0) => ("as ours".to_owned(), "good"),
            Some(n) => {
                let which = if n > 0 { "ahead of ours" } else { "behind ours" };
                let colour = if n.abs() > 60 { "bad" } else { "good" };
                let by = crate::text::count(n.unsigned_abs(), "second", "seconds");
                (format!("{by} {which}"), colour)
            }
        }
    }
    fn urgency(&self) -> &'static str {
        self.client_secret_expires_at.as_ref().map_or("", urgency)
    }
    fn why_not(&self) -> String {
        crate::text::sentence(self.why_not.as_deref().unwrap_or("it did not answer"))
    }
}

#[derive(Template)]
#[template(path = "signin_health.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    health: Option<Health>,
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Sign-in health").await?;
    let health = if d.signin.is_some() {
        Some(ask.get(&api(&shell, &d.id, "/signin-health")).await?)
    } else {
        None
    };
    page(&Show { shell, at: "health", d, health })
}
