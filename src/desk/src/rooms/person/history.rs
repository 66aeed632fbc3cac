//! What became of a person: what was done to them, what they did, and how they signed in.

use super::{At, Frame, open, ways::called};
use crate::{
    api::Page,
    ask::{Answer, Ask, page},
    rooms::{audit::event, signins::reasons},
    text::{self, When},
};
use askama::Template;
use axum::extract::Path;
use serde::Deserialize;
use serde_json::Value;

/// So much is shown of each; the whole is a page of its own.
const SHOWN: &str = "20";

#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    at: When,
    action: String,
    actor: String,
    #[serde(default)]
    actor_name: Option<String>,
    target: Option<String>,
    #[serde(default)]
    target_name: Option<String>,
    #[serde(default)]
    detail: Value,
    #[serde(default)]
    personal: Option<Value>,
}

impl Event {
    /// What happened, in words.
    fn what(&self) -> String {
        event::words(&self.action, &self.detail)
    }
    fn by(&self) -> &str {
        called(self.actor_name.as_deref(), &self.actor)
    }
    fn to(&self) -> &str {
        let label = self.target.as_deref().unwrap_or_default();
        called(self.target_name.as_deref(), label)
    }
    /// The facts, as they were written down.
    fn facts(&self) -> String {
        let mut all = self.detail.clone();
        if let (Some(all), Some(personal)) = (all.as_object_mut(), &self.personal) {
            all.insert("personal".to_owned(), personal.clone());
        }
        match &all {
            Value::Null => String::new(),
            Value::Object(o) if o.is_empty() => String::new(),
            v => serde_json::to_string_pretty(v).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Attempt {
    reference: String,
    at: When,
    outcome: String,
    reason: Option<String>,
    next: Option<String>,
}

impl Attempt {
    fn tag(&self) -> (&'static str, &'static str) {
        match self.outcome.as_str() {
            "success" => ("signed in", "good"),
            "refused" => (reasons::ended("refused"), "bad"),
            other => (reasons::ended(other), "warn"),
        }
    }
}

#[derive(Template)]
#[template(path = "person_history.html")]
struct History {
    frame: Frame,
    happened: Vec<Event>,
    did: Vec<Event>,
    attempts: Vec<Attempt>,
    more: (bool, bool, bool),
}

impl std::ops::Deref for History {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::History).await?;
    let who = format!("user:{}", frame.person.id);
    let trail = |word: &str| {
        let query = text::query([(word, who.as_str()), ("limit", SHOWN)]);
        frame.shell.api(&format!("/audit{query}"))
    };
    let happened: Page<Event> = ask.get(&trail("target")).await?;
    let did: Page<Event> = ask.get(&trail("actor")).await?;
    let query = text::query([("user", frame.person.id.as_str()), ("limit", SHOWN)]);
    let attempts: Page<Attempt> = ask.get(&frame.shell.api(&format!("/signins{query}"))).await?;
    let more = (happened.next.is_some(), did.next.is_some(), attempts.next.is_some());
    let (happened, did, attempts) = (happened.items, did.items, attempts.items);
    page(&History { frame, happened, did, attempts, more })
}
