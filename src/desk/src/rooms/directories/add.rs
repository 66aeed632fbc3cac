//! Adding a directory: whose product it is, and its name. What comes after is on the page of its steps.

use super::{half::PRESETS, mend};
use crate::{
    api::Sent,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    nav::Section,
    shell::Shell,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::json;

#[derive(Template)]
#[template(path = "directory_add.html")]
struct Add {
    shell: Shell,
    presets: &'static super::Presets,
    preset: String,
    typed: String,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

async fn asked(ask: &Ask, t: &str) -> Result<Shell, crate::ask::Trouble> {
    let shell = ask.shell(t, Section::Directories, "Add a directory").await?;
    let list = format!("{}/directories", shell.base());
    Ok(shell.crumb("Directories", list))
}

pub(super) async fn form(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = asked(&ask, &t).await?;
    let preset = ask.word("preset").to_owned();
    page(&Add { shell, presets: &PRESETS, preset, typed: String::new() })
}

pub(super) async fn add(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = asked(&ask, &t).await?;
    let (preset, typed) = (form.get("preset").to_owned(), form.get("name").to_owned());
    let sent = Sent::json(json!({ "name": typed, "preset": preset })).key(form.key());
    match ask.call::<Made>(Method::POST, &shell.api("/directories"), sent).await {
        Ok(made) => on(&format!("{}/directories/{}/steps", shell.base(), made.id), "added"),
        Err(p) => {
            let p = mend(p)?;
            let status: StatusCode = p.http();
            let shell = shell.problem(Some(p));
            shown(status, &Add { shell, presets: &PRESETS, preset, typed })
        }
    }
}
