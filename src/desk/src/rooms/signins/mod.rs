//! Who tried to sign in: the list, and each attempt as it went, with what to change.

mod one;
pub(super) mod reasons;

use super::{
    kit::{self, if_any},
    users::choose,
};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, Trouble, on, page},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/signins/find", get(find_anywhere))
        .route("/admin/in/{tenant}/signins", get(list))
        .route("/admin/in/{tenant}/signins/find", get(find))
        .route("/admin/in/{tenant}/signins/{reference}", get(one::one))
}

/// An attempt.
#[derive(Debug, Deserialize)]
struct Attempt {
    reference: String,
    at: When,
    directory: Option<String>,
    user: Option<String>,
    #[serde(default)]
    user_name: Option<String>,
    outcome: String,
    reason: Option<String>,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    detail: Value,
}

impl Attempt {
    fn state(&self) -> (&'static str, &'static str) {
        match self.outcome.as_str() {
            "success" => ("signed in", "good"),
            "refused" => (reasons::ended("refused"), "bad"),
            other => (reasons::ended(other), "warn"),
        }
    }
    fn why(&self) -> &str {
        self.reason.as_deref().map(reasons::words).unwrap_or_default()
    }
    /// How strong the proof was, where that is known.
    fn class(&self) -> Option<&str> {
        self.detail["class"].as_str()
    }
}

#[derive(Debug, Deserialize)]
struct Directory {
    id: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    #[serde(rename = "user_name")]
    login: String,
}

/// The names of a page's people and directories.
#[derive(Default)]
struct Names {
    users: HashMap<String, String>,
    directories: Vec<Directory>,
}

impl Names {
    async fn of(ask: &Ask, shell: &Shell, attempts: &[Attempt]) -> Result<Self, Trouble> {
        let directories: Option<Page<Directory>> =
            if_any(ask, &shell.api("/directories?limit=200")).await?;
        let mut users = HashMap::new();
        // Where nobody is named, names are not for the reader, or not without a fresh proof: that says nothing of anybody.
        if attempts.iter().any(|a| a.user_name.is_some()) {
            for a in attempts {
                let Some(id) = &a.user else { continue };
                let name = a.user_name.as_deref().unwrap_or("somebody who is gone");
                users.insert(id.clone(), name.to_owned());
            }
        }
        Ok(Self { users, directories: directories.map(|p| p.items).unwrap_or_default() })
    }
    fn user(&self, id: &str) -> &str {
        self.users.get(id).map_or("a user", String::as_str)
    }
    fn directory(&self, id: &str) -> &str {
        let found = self.directories.iter().find(|d| d.id == id);
        found.map_or("a directory", |d| &d.name)
    }
}

/// The person that a filter names: by id, by what they sign in with, or by their name, where only one has it.
pub(super) async fn person(ask: &Ask, shell: &Shell, word: &str) -> Result<String, Problem> {
    person_of(ask, &shell.api(""), word).await
}

/// The same of the company at `at`, as the API addresses it.
pub(super) async fn person_of(ask: &Ask, at: &str, word: &str) -> Result<String, Problem> {
    if word.is_empty() || uuid::Uuid::try_parse(word).is_ok() {
        return Ok(word.to_owned());
    }
    let found: Page<User> = choose::called(ask, at, word, "10").await?;
    let exact = found.items.iter().find(|u| u.login.eq_ignore_ascii_case(word));
    match (exact, found.items.as_slice()) {
        (Some(u), _) | (None, [u]) => Ok(u.id.clone()),
        (None, []) => Err(Problem::typed("user", format!("nobody here is called '{word}'"))),
        (None, many) => {
            let names: Vec<&str> = many.iter().map(|u| u.login.as_str()).collect();
            let detail = format!("several are called so: {}", names.join(", "));
            Err(Problem::typed("user", detail))
        }
    }
}

#[derive(Template)]
#[template(path = "signins.html")]
struct List {
    shell: Shell,
    attempts: Vec<Attempt>,
    names: Names,
    user: String,
    directory: String,
    outcome: String,
    reason: String,
    since: String,
    until: String,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    fn filtered(&self) -> bool {
        let all =
            [&self.user, &self.directory, &self.outcome, &self.reason, &self.since, &self.until];
        all.iter().any(|w| !w.is_empty())
    }
}

/// The query for the API: people by id, days as moments, all that did not succeed as one more outcome.
async fn wanted(ask: &Ask, shell: &Shell) -> Result<String, Problem> {
    let user = person(ask, shell, ask.word("user")).await?;
    let (since, until) =
        (kit::moment(ask.word("since"), false), kit::moment(ask.word("until"), true));
    let bad = ask.word("outcome") == "bad" || ask.word("bad") == "true";
    let outcome = if bad { "" } else { ask.word("outcome") };
    Ok(ask.pass(
        &["directory", "reason", "cursor"],
        &[
            ("user", &user),
            ("outcome", outcome),
            ("bad", if bad { "true" } else { "" }),
            ("since", &since),
            ("until", &until),
            ("limit", "50"),
        ],
    ))
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let mut shell = ask.shell(&t, Section::Signins, "Sign-ins").await?;
    let found = match wanted(&ask, &shell).await {
        Ok(query) => {
            kit::listed::<Attempt>(&ask, &shell.api(&format!("/signins{query}")), &mut shell)
                .await?
        }
        Err(p) if p.status == 400 => {
            shell.problem = Some(p);
            Page { items: Vec::new(), next: None }
        }
        Err(p) => return Err(p.into()),
    };
    let names = Names::of(&ask, &shell, &found.items).await?;
    let word = |name: &str| ask.word(name).to_owned();
    let outcome = if ask.word("bad") == "true" { "bad".to_owned() } else { word("outcome") };
    page(&List {
        shell,
        attempts: found.items,
        names,
        user: word("user"),
        directory: word("directory"),
        outcome,
        reason: word("reason"),
        since: kit::day(ask.word("since")).to_owned(),
        until: kit::day(ask.word("until")).to_owned(),
        first: ask.first(),
        next: ask.after(found.next.as_ref()),
    })
}

/// To the attempt that somebody was told a reference of.
async fn find(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Signins, "").await?;
    let reference: String =
        ask.word("reference").chars().filter(|c| !c.is_whitespace()).take(40).collect();
    let to = format!("{}/signins", shell.base());
    if reference.is_empty() {
        return on(&to, "");
    }
    let reference = text::escape(&reference);
    let here = shell.api(&format!("/signins/{reference}"));
    if shell.global() && if_any::<Whose>(&ask, &here).await?.is_none() {
        return anywhere(&ask, &reference).await;
    }
    on(&format!("{to}/{reference}"), "")
}

/// In which tenant somebody tried.
#[derive(Debug, Deserialize)]
struct Whose {
    tenant: String,
}

/// To an attempt in whatever tenant: who calls a provider's help desk may not know which company's login it was.
async fn anywhere(ask: &Ask, reference: &str) -> Answer {
    let whose: Whose = ask.get(&format!("/signins/{reference}")).await?;
    on(&format!("/admin/in/{}/signins/{reference}", text::escape(&whose.tenant)), "")
}

/// The same from a page of the instance.
async fn find_anywhere(ask: Ask) -> Answer {
    let shell = ask.instance(Section::Health, "").await?;
    let reference: String =
        ask.word("reference").chars().filter(|c| !c.is_whitespace()).take(40).collect();
    if reference.is_empty() || !shell.global() {
        return on("/admin/health", "");
    }
    anywhere(&ask, &text::escape(&reference)).await
}
