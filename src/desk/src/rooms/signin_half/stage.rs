//! The sign-in half: what is set, and how far it has come.

use crate::{
    api::{Done, Page, Sent},
    ask::{Answer, Ask, on, page, shown},
    problem::Problem,
    rooms::directories::{Directory, Test, api, opened, pressed},
    shell::Shell,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde_json::json;

type Here = Path<(String, String)>;

/// A stage of the way: its word, its name, what it means.
type Stage = (&'static str, &'static str, &'static str);

const STAGES: [Stage; 4] = [
    ("draft", "Draft", "Settings only. Nobody is offered it."),
    ("testing", "Testing", "Tried by administrators. Nobody is offered it."),
    ("active", "Active", "Offered to the company's people."),
    ("enforced", "Enforced", "The only way in for its people."),
];

#[derive(Template)]
#[template(path = "signin_half.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    /// The last test login of whoever sits there.
    mine: Option<Test>,
    stages: [Stage; 4],
}

impl Show {
    fn ready(&self) -> bool {
        self.mine.as_ref().is_some_and(|t| t.passed && t.current)
    }
    fn offered(&self) -> bool {
        self.d.is("active") || self.d.is("enforced")
    }
}

async fn shows(ask: &Ask, shell: Shell, d: Directory, problem: Option<Problem>) -> Answer {
    let tests: Page<Test> = ask.get(&api(&shell, &d.id, "/signin-tests")).await?;
    let mine = tests.items.into_iter().find(|t| t.of(&shell.me.user));
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    shown(status, &Show { shell, at: "signin", d, mine, stages: STAGES })
}

pub(super) async fn show(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Sign-in").await?;
    shows(&ask, shell, d, None).await
}

pub(super) async fn activate(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Sign-in").await?;
    let path = api(&shell, &id, "/activate");
    match ask.call::<Done>(Method::POST, &path, Sent::nothing()).await {
        Ok(_) => on(&format!("{}/signin", d.at(&shell)), "activated"),
        Err(p) => shows(&ask, shell, d, Some(pressed(p)?)).await,
    }
}

/// A step that is asked about before it is taken.
#[derive(Template)]
#[template(path = "signin_stage.html")]
struct Sure {
    shell: Shell,
    d: Directory,
    /// Which step: `enforce`, `relax` or `withdraw`.
    step: &'static str,
}

async fn sure(ask: Ask, t: &str, id: &str, step: &'static str, title: &str) -> Answer {
    let (shell, d) = opened(&ask, t, id, title).await?;
    page(&Sure { shell, d, step })
}

const ENFORCE: &str = "Make it the only way in?";
const RELAX: &str = "Let other ways in again?";
const WITHDRAW: &str = "Make it a draft again?";

pub(super) async fn ask_enforce(ask: Ask, Path((t, id)): Here) -> Answer {
    sure(ask, &t, &id, "enforce", ENFORCE).await
}
pub(super) async fn ask_relax(ask: Ask, Path((t, id)): Here) -> Answer {
    sure(ask, &t, &id, "relax", RELAX).await
}
pub(super) async fn ask_withdraw(ask: Ask, Path((t, id)): Here) -> Answer {
    sure(ask, &t, &id, "withdraw", WITHDRAW).await
}

async fn step(ask: Ask, here: (String, String), to: &str, at: (&'static str, &str)) -> Answer {
    let (t, id) = here;
    let done = match to {
        "enforced" => "enforced",
        "active" => "relaxed",
        _ => "withdrawn",
    };
    let (shell, d) = opened(&ask, &t, &id, at.1).await?;
    match ask.patch::<Done>(&api(&shell, &id, ""), json!({ "stage": to }), None).await {
        Ok(_) => on(&format!("{}/signin", d.at(&shell)), done),
        Err(p) => {
            let p = pressed(p)?;
            let status = p.http();
            shown(status, &Sure { shell: shell.problem(Some(p)), d, step: at.0 })
        }
    }
}

pub(super) async fn enforce(ask: Ask, Path(here): Here) -> Answer {
    step(ask, here, "enforced", ("enforce", ENFORCE)).await
}
pub(super) async fn relax(ask: Ask, Path(here): Here) -> Answer {
    step(ask, here, "active", ("relax", RELAX)).await
}
pub(super) async fn withdraw(ask: Ask, Path(here): Here) -> Answer {
    step(ask, here, "draft", ("withdraw", WITHDRAW)).await
}
