//! Changing and deleting a person.

use super::{At, Frame, directory, open};
use crate::{
    api::Sent,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    rooms::users::{Removes, User, choose},
    text,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::{Map, json};

#[derive(Template)]
#[template(path = "person_edit.html")]
struct Edit {
    frame: Frame,
    directory: Option<choose::Named>,
    kinds: Vec<(&'static str, &'static str)>,
    user_name: String,
    display_name: String,
    email: String,
    kind: String,
    version: String,
}

impl std::ops::Deref for Edit {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

async fn edit(ask: &Ask, frame: Frame, typed: Option<&Form>) -> Result<Edit, Problem> {
    let directory = directory(ask, &frame).await?;
    let p = &frame.person;
    let was = |now: &str, name: &str| typed.map_or(now.to_owned(), |f| f.get(name).to_owned());
    let mut kinds = choose::kinds(&frame.shell);
    if !kinds.iter().any(|k| k.0 == p.kind) {
        kinds.clear();
    }
    Ok(Edit {
        user_name: was(&p.signs_in_as, "user_name"),
        display_name: was(p.display_name.as_deref().unwrap_or_default(), "display_name"),
        email: was(p.email.as_deref().unwrap_or_default(), "email"),
        kind: was(&p.kind, "kind"),
        version: was(&p.version.to_string(), "version"),
        kinds,
        directory,
        frame,
    })
}

pub(super) async fn form(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?.below("Edit");
    choose::needed(&frame.shell, "users.edit")?;
    page(&edit(&ask, frame, None).await?)
}

pub(super) async fn save(ask: Ask, Path((t, id)): Path<(String, String)>, typed: Form) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    let p = &frame.person;
    let mut body = Map::new();
    // What stays as it is, is not sent: a directory's attributes may not even be named.
    let was = [
        ("user_name", p.signs_in_as.as_str()),
        ("display_name", p.display_name.as_deref().unwrap_or_default()),
        ("email", p.email.as_deref().unwrap_or_default()),
        ("kind", &p.kind),
    ];
    for (name, was) in was {
        let sent = typed.pairs().any(|(n, _)| n == name);
        if sent && typed.get(name) != was {
            body.insert(name.to_owned(), json!(typed.get(name)));
        }
    }
    if body.is_empty() {
        return on(&frame.base(), "saved");
    }
    let version = typed.some("version").map(str::to_owned);
    match ask.patch::<User>(&frame.api(""), body, version).await {
        Ok(_) => on(&frame.base(), "saved"),
        Err(p) if p.mendable() => {
            let (status, p) = (p.http(), changed(choose::ours(p, true)));
            shown(status, &edit(&ask, frame.below("Edit").problem(p), Some(&typed)).await?)
        }
        Err(p) => Err(p.into()),
    }
}

/// Somebody else was faster.
fn changed(mut p: Problem) -> Problem {
    if p.status == 412 {
        "somebody changed this person while you were typing; open the page anew to see what they are now"
            .clone_into(&mut p.detail);
        p.field = None;
    }
    p
}

#[derive(Debug, Deserialize)]
struct Removal {
    removes: Removes,
    #[serde(default)]
    stays: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Template)]
#[template(path = "person_delete.html")]
struct Delete {
    frame: Frame,
    goes: Vec<String>,
    stays: Vec<String>,
    warnings: Vec<String>,
}

impl std::ops::Deref for Delete {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

async fn removal(ask: &Ask, frame: Frame) -> Result<Delete, Problem> {
    let r: Removal = ask.get(&frame.api("/removal")).await?;
    let sentences = |all: &[String]| all.iter().map(|s| text::sentence(s)).collect();
    // What the API says of its own commands is for a shell; the page has a link for it.
    let warnings = if r.warnings.is_empty() {
        Vec::new()
    } else if frame.person.directory.is_some() {
        let text =
            "Their directory does not bring them again until somebody allows it under Decisions.";
        vec![text.to_owned()]
    } else {
        sentences(&r.warnings)
    };
    let title = format!("Delete {}?", frame.person.name());
    let frame = frame.below(&title);
    Ok(Delete { frame, goes: r.removes.words(), stays: sentences(&r.stays), warnings })
}

pub(super) async fn ask_delete(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    page(&removal(&ask, frame).await?)
}

pub(super) async fn delete(ask: Ask, Path((t, id)): Path<(String, String)>, typed: Form) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    let version = typed.some("version").map(str::to_owned);
    let sent = Sent::nothing().version(version);
    match ask.call::<crate::api::Done>(Method::DELETE, &frame.api(""), sent).await {
        Ok(_) => on(&format!("{}/users", frame.shell.base()), "deleted"),
        Err(p) if p.mendable() => {
            let (status, p) = (p.http(), changed(p));
            shown(status, &removal(&ask, frame.problem(Problem { field: None, ..p })).await?)
        }
        Err(p) => Err(p.into()),
    }
}
