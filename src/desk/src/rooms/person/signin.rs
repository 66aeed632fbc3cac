//! How a person signs in: what they have for it, where they are signed in and on what proof, what applications may do
//! for them, and the verbs of the help desk.

use super::{At, Frame, access, directory, help, open};
use crate::{
    api::Page,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    rooms::{
        roles::kit,
        sure::Sure,
        users::{Removes, choose, class},
    },
    text::{self, When},
};
use askama::Template;
use axum::extract::Path;
use serde::Deserialize;
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Deserialize)]
struct Session {
    id: String,
    class: String,
    #[serde(default)]
    evidence: Value,
    #[serde(default)]
    client: Value,
    created_at: When,
    last_seen_at: When,
    expires_at: When,
    ended_at: Option<When>,
    ended_why: Option<String>,
    name: Option<String>,
}

impl Session {
    /// What was proved, in words.
    fn proved(&self) -> &str {
        class(&self.class)
    }
    /// How the proof is coloured.
    fn colour(&self) -> &'static str {
        match self.class.as_str() {
            "none" => "bad",
            "single" => "warn",
            _ => "good",
        }
    }
    /// What it was decided on.
    fn facts(&self) -> Vec<(String, String)> {
        let Value::Object(all) = &self.evidence else { return Vec::new() };
        let fact = |(name, value): (&String, &Value)| {
            let value = match value {
                Value::Null => return None,
                Value::String(s) => s.clone(),
                Value::Array(all) => all
                    .iter()
                    .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                    .collect::<Vec<_>>()
                    .join(", "),
                other => other.to_string(),
            };
            Some((name.clone(), value))
        };
        all.iter().filter_map(fact).collect()
    }
    /// How it was proved, in short.
    fn how(&self) -> String {
        let amr = self.evidence["amr"].as_array().into_iter().flatten();
        let amr: Vec<&str> = amr.filter_map(Value::as_str).map(method).collect();
        match (amr.is_empty(), self.evidence["rule"].as_str()) {
            (false, _) => amr.join(", "),
            (true, Some(rule)) => rule.to_owned(),
            (true, None) => "nothing was said of how".to_owned(),
        }
    }
    /// The browser it began in.
    fn device(&self) -> String {
        if let Some(name) = self.name.as_ref().filter(|n| !n.is_empty()) {
            return name.clone();
        }
        device(self.client["user_agent"].as_str().unwrap_or_default())
    }
    fn address(&self) -> Option<&str> {
        self.client["address"].as_str()
    }
    fn agent(&self) -> Option<&str> {
        self.client["user_agent"].as_str()
    }
    /// Why it ended.
    fn why(&self) -> String {
        let over = || {
            if self.ended_at.is_none() { "Its time was over.".to_owned() } else { String::new() }
        };
        self.ended_why.as_deref().map_or_else(over, text::sentence)
    }
}

/// This moment, as the API writes moments: what is earlier comes before it as a text, too.
fn now() -> String {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, rest) = (secs / 86_400, secs % 86_400);
    // Years begin in March here, so that the leap day is the last of one.
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let leap = day_of_era / 1_460 + day_of_era / 146_096;
    let year_of_era = (day_of_era + day_of_era / 36_524 - leap) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * m + 2) / 5 + 1, if m < 10 { m + 3 } else { m - 9 });
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// A method of `amr`, for people.
fn method(word: &str) -> &str {
    match word {
        "pwd" => "password",
        "otp" => "one-time code",
        "hwk" => "hardware key",
        "swk" => "software key",
        "user" => "presence",
        "pin" => "PIN",
        "fpt" => "fingerprint",
        "face" => "face",
        "sms" => "text message",
        "tel" => "telephone call",
        "mfa" => "several factors",
        "rsa" | "x509" => "certificate",
        "phr" => "phishing-resistant",
        "phrh" => "phishing-resistant hardware",
        other => other,
    }
}

/// A browser, as its user agent calls it.
fn device(agent: &str) -> String {
    let first = |all: &[(&str, &'static str)]| {
        all.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(b), Some(s)) => format!("{b} on {s}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "A browser".to_owned(),
    }
}

#[derive(Debug, Deserialize)]
struct Consent {
    app: String,
    name: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    updated_at: When,
}

#[derive(Debug, Deserialize)]
struct Removal {
    removes: Removes,
}

#[derive(Template)]
#[template(path = "person_signin.html")]
struct SigningIn {
    frame: Frame,
    directory: Option<choose::Named>,
    /// What they have to sign in with, as far as that may be told.
    has: Option<Removes>,
    live: Vec<Session>,
    ended: Vec<Session>,
    consents: Vec<Consent>,
    first: Option<String>,
    next: Option<String>,
    verbs: [help::Verb; 6],
    /// Whether none of them would be done, because they hold more than whoever looks.
    more: bool,
}

impl std::ops::Deref for SigningIn {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

impl SigningIn {
    /// What there is, each in a row.
    fn credentials(&self) -> Vec<(&'static str, u64)> {
        let Some(h) = &self.has else { return Vec::new() };
        vec![
            ("Identities at a directory", h.identities),
            ("Password", h.passwords),
            ("One-time code", h.one_time_codes),
            ("Passkeys", h.passkeys),
        ]
    }
}

async fn signing_in(ask: &Ask, frame: Frame) -> Result<SigningIn, Problem> {
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let sessions: Page<Session> = ask.get(&frame.api(&format!("/sessions{query}"))).await?;
    let consents: Page<Consent> = ask.get(&frame.api("/consents")).await?;
    // What a deletion would take says what somebody has: nothing else in the API does.
    let mut has = None;
    if frame.shell.may("users.delete") {
        has = Some(ask.get::<Removal>(&frame.api("/removal")).await?.removes);
    }
    let directory = directory(ask, &frame).await?;
    let more = frame.may_edit() && access::more(ask, &frame).await?;
    let next = ask.after(sessions.next.as_ref());
    let now = now();
    let over = |s: &Session| s.ended_at.is_some() || s.expires_at.exact.as_str() <= now.as_str();
    let (ended, live) = sessions.items.into_iter().partition(over);
    let (consents, first) = (consents.items, ask.first());
    let verbs = help::VERBS;
    Ok(SigningIn { frame, directory, has, live, ended, consents, first, next, verbs, more })
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::SigningIn).await?;
    page(&signing_in(&ask, frame).await?)
}

async fn after(ask: &Ask, frame: Frame, done: Result<(), Problem>, word: &str) -> Answer {
    match done {
        Ok(()) => on(&format!("{}/signing-in", frame.base()), word),
        Err(p) if p.mendable() => {
            let status = p.http();
            let p = Problem { field: None, ..p };
            shown(status, &signing_in(ask, frame.problem(p)).await?)
        }
        Err(p) => Err(p.into()),
    }
}

/// The page before something of theirs is ended.
fn sure(
    frame: Frame,
    title: String,
    (says, fields): (String, Vec<(&'static str, String)>),
    (path, button): (&str, &'static str),
) -> Answer {
    let back = format!("{}/signing-in", frame.base());
    let action = format!("{}{path}", frame.base());
    let shell = frame.shell.crumb(frame.person.name(), &back).titled(title);
    let says = vec![says];
    Sure { shell, says, fields, action, button, back: (back, "Leave it") }.page()
}

/// What ending a session means, or all of them.
pub(super) async fn ask_end(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::SigningIn).await?;
    let name = frame.person.name().to_owned();
    let to = "/sessions/end";
    let Some(one) = ask.words().some("session").map(str::to_owned) else {
        // Whoever proves who they are on the way comes back without the words of the address.
        if ask.word("all").is_empty() {
            return on(&format!("{}/signing-in", frame.base()), "");
        }
        let says = format!(
            "{name} is signed out everywhere, at once. The tokens that applications got in these sessions end, and \
             the applications are told. They can sign in again as before."
        );
        let title = format!("End all sessions of {name}");
        return sure(frame, title, (says, Vec::new()), (to, "End all sessions"));
    };
    let list = frame.api("/sessions");
    let s = kit::one_of(&ask, &list, |s: &Session| s.id == one).await?;
    let says = format!(
        "{name} is signed out there at once: {}, signed in {}. The tokens that applications got in it end, and the \
         applications are told. Other sessions stay.",
        s.device(),
        s.created_at.shown
    );
    let title = format!("End a session of {name}");
    sure(frame, title, (says, vec![("session", one)]), (to, "End the session"))
}

/// What taking a consent back means.
pub(super) async fn ask_withdraw(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::SigningIn).await?;
    let all: Page<Consent> = ask.get(&frame.api("/consents")).await?;
    let found = all.items.into_iter().find(|c| c.app == ask.word("app"));
    let Some(c) = found else { return on(&format!("{}/signing-in", frame.base()), "") };
    let name = frame.person.name().to_owned();
    let app = c.name.as_deref().unwrap_or("An application that is gone");
    let says = format!(
        "{app} loses what {name} let it do, and what it has by that ends at once. It asks {name} again at their next \
         sign-in to it."
    );
    let title = format!("Take back what {name} allowed");
    sure(frame, title, (says, vec![("app", c.app)]), ("/consents/end", "Take it back"))
}

/// Ends one session, or all.
pub(super) async fn end(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let frame = open(&ask, &t, &id, At::SigningIn).await?;
    let (path, word) = match form.some("session") {
        Some(session) => (format!("/sessions/{}", text::escape(session)), "session-ended"),
        None => ("/sessions".to_owned(), "sessions-ended"),
    };
    let done = ask.delete(&frame.api(&path)).await;
    after(&ask, frame, done, word).await
}

/// Takes a consent back.
pub(super) async fn withdraw(
    ask: Ask,
    Path((t, id)): Path<(String, String)>,
    form: Form,
) -> Answer {
    let frame = open(&ask, &t, &id, At::SigningIn).await?;
    let path = format!("/consents/{}", text::escape(form.get("app")));
    let done = ask.delete(&frame.api(&path)).await;
    after(&ask, frame, done, "revoked").await
}
