//! Test logins: a link to be opened, and what the last of each administrator found.

use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, page, shown},
    problem::Problem,
    rooms::directories::{Directory, Test, api, opened, pressed},
    shell::Shell,
    text::When,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;

type Here = Path<(String, String)>;

#[derive(Template)]
#[template(path = "signin_tests.html")]
struct List {
    shell: Shell,
    at: &'static str,
    d: Directory,
    tests: Vec<Test>,
    /// Whether whoever sits there has one that may still end.
    waiting: bool,
    ready: bool,
}

async fn shows(ask: &Ask, shell: Shell, d: Directory, problem: Option<Problem>) -> Answer {
    let tests: Page<Test> = ask.get(&api(&shell, &d.id, "/signin-tests")).await?;
    let tests = tests.items;
    let mine = tests.iter().find(|t| t.of(&shell.me.user));
    let waiting = mine.is_some_and(Test::open);
    let ready = mine.is_some_and(|t| t.passed && t.current);
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    shown(status, &List { shell, at: "tests", d, tests, waiting, ready })
}

pub(super) async fn list(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Test logins").await?;
    shows(&ask, shell, d, None).await
}

#[derive(Deserialize)]
struct New {
    link: String,
    expires_at: When,
}

#[derive(Template)]
#[template(path = "signin_test_link.html")]
struct Once {
    shell: Shell,
    d: Directory,
    new: New,
}

pub(super) async fn ask(ask: Ask, Path((t, id)): Here, form: crate::form::Form) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Test logins").await?;
    let sent = Sent::nothing().key(form.key());
    match ask.call::<New>(Method::POST, &api(&shell, &id, "/signin-tests"), sent).await {
        Ok(new) => page(&Once { shell: shell.titled("Your test login"), d, new }),
        Err(p) => shows(&ask, shell, d, Some(pressed(p)?)).await,
    }
}
