//! A directory's own page; its name and its product, its switch, and its end.

use super::{Directory, Health, LastTry, Test, api, half::PRESETS, mend, opened, pressed};
use crate::{
    api::{Done, Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::json;

type Here = Path<(String, String)>;

#[derive(Template)]
#[template(path = "directory.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    health: Option<Health>,
    last: Option<LastTry>,
    test: Option<Test>,
}

pub(super) async fn show(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "").await?;
    shows(&ask, shell, d, None).await
}

async fn shows(ask: &Ask, shell: Shell, d: Directory, problem: Option<Problem>) -> Answer {
    let mut shell = shell.titled(d.name.clone());
    shell.crumbs.pop();
    let health = ask.get(&api(&shell, &d.id, "/health")).await.ok();
    let (mut last, mut test) = (None, None);
    if d.signin.is_some() {
        if shell.may("system.view_logs") {
            let tries = shell.api(&format!("/signins?limit=1&directory={}", d.id));
            let found: Option<Page<LastTry>> = ask.get(&tries).await.ok();
            last = found.and_then(|l| l.items.into_iter().next());
        }
        let tests: Option<Page<Test>> = ask.get(&api(&shell, &d.id, "/signin-tests")).await.ok();
        test = tests.and_then(|l| l.items.into_iter().next());
    }
    let status = problem.as_ref().map_or(axum::http::StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    shown(status, &Show { shell, at: "", d, health, last, test })
}

#[derive(Template)]
#[template(path = "directory_edit.html")]
struct Edit {
    shell: Shell,
    d: Directory,
    presets: [(&'static str, &'static str); 9],
    typed: String,
    preset: String,
    version: String,
}

impl Edit {
    fn of(shell: Shell, d: Directory) -> Self {
        let presets = PRESETS.map(|p| (p.0, p.1));
        let (typed, preset, version) = (d.name.clone(), d.preset.clone(), d.version.to_string());
        Self { shell, d, presets, typed, preset, version }
    }
}

pub(super) async fn form(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Name and product").await?;
    page(&Edit::of(shell, d))
}

pub(super) async fn edit(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Name and product").await?;
    let version = form.get("version").to_owned();
    let body = json!({ "name": form.get("name"), "preset": form.get("preset") });
    let sent = ask.patch::<Done>(&api(&shell, &id, ""), body, Some(version.clone())).await;
    match sent {
        Ok(_) => on(&d.at(&shell), "saved"),
        Err(p) => {
            let p = mend(p)?;
            let status = p.http();
            let mut page = Edit::of(shell.problem(Some(p)), d);
            form.get("name").clone_into(&mut page.typed);
            form.get("preset").clone_into(&mut page.preset);
            page.version = version;
            shown(status, &page)
        }
    }
}

#[derive(Template)]
#[template(path = "directory_off.html")]
struct Off {
    shell: Shell,
    d: Directory,
}

pub(super) async fn ask_off(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Switch this directory off?").await?;
    page(&Off { shell, d })
}

pub(super) async fn switch_off(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Switch this directory off?").await?;
    match set(&ask, &shell, &id, "disabled").await? {
        None => on(&d.at(&shell), "disabled"),
        Some(p) => {
            let status = p.http();
            shown(status, &Off { shell: shell.problem(Some(p)), d })
        }
    }
}

pub(super) async fn switch_on(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "").await?;
    match set(&ask, &shell, &id, "active").await? {
        None => on(&d.at(&shell), "enabled"),
        Some(p) => shows(&ask, shell, d, Some(p)).await,
    }
}

/// Sets the switch; gives what can be mended.
async fn set(ask: &Ask, shell: &Shell, id: &str, to: &str) -> Result<Option<Problem>, Trouble> {
    let sent = ask.patch::<Done>(&api(shell, id, ""), json!({ "status": to }), None).await;
    sent.map_or_else(|p| pressed(p).map(Some), |_| Ok(None))
}

#[derive(Template)]
#[template(path = "directory_delete.html")]
struct Delete {
    shell: Shell,
    d: Directory,
    /// How many people it brought, in words.
    people: String,
}

#[derive(Deserialize)]
struct Somebody {}

/// So many are counted, and no more.
const COUNTED: usize = 100;

async fn people(ask: &Ask, shell: &Shell, id: &str) -> String {
    let path = shell.api(&format!("/users?limit={COUNTED}&directory={}", crate::text::escape(id)));
    let found: Result<Page<Somebody>, Problem> = ask.get(&path).await;
    match found {
        Err(_) => "Everybody it brought".to_owned(),
        Ok(all) if all.next.is_some() => format!("More than {COUNTED} people"),
        Ok(all) if all.items.is_empty() => "Nobody: it has brought no one".to_owned(),
        Ok(all) => {
            let n = u64::try_from(all.items.len()).unwrap_or(u64::MAX);
            crate::text::count(n, "person", "people")
        }
    }
}

pub(super) async fn ask_delete(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Delete this directory?").await?;
    let people = people(&ask, &shell, &id).await;
    page(&Delete { shell, d, people })
}

pub(super) async fn delete(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Delete this directory?").await?;
    let p = if form.get("confirm") == d.name {
        let gone = ask.call::<Done>(Method::DELETE, &api(&shell, &id, ""), Sent::nothing()).await;
        match gone {
            Ok(_) => return on(&format!("{}/directories", shell.base()), "deleted"),
            Err(p) => pressed(p)?,
        }
    } else {
        Problem::typed("confirm", format!("this is not its name: type '{}'", d.name))
    };
    let people = people(&ask, &shell, &id).await;
    shown(p.http(), &Delete { shell: shell.problem(Some(p)), d, people })
}
