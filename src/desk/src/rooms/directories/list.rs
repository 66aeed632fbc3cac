//! The directories of a tenant, each with how it is.

use super::{Directory, Health, LastTry, api};
use crate::{
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
};
use askama::Template;
use axum::extract::Path;
use futures::{StreamExt as _, future::join, stream};

/// A directory and how it is.
struct Row {
    d: Directory,
    health: Option<Health>,
    last: Option<LastTry>,
}

#[derive(Template)]
#[template(path = "directories.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Directories, "Directories").await?;
    let query = ask.pass(&["cursor"], &[("limit", "25")]);
    let found: Page<Directory> = ask.get(&shell.api(&format!("/directories{query}"))).await?;
    let rows = found.items.into_iter().map(async |d| {
        // A list without either is still a list.
        let health = async { ask.get(&api(&shell, &d.id, "/health")).await.ok() };
        let last = async {
            if !shell.may("system.view_logs") || d.signin.is_none() {
                return None;
            }
            let tries = shell.api(&format!("/signins?limit=1&directory={}", d.id));
            let last: Option<Page<LastTry>> = ask.get(&tries).await.ok();
            last.and_then(|l| l.items.into_iter().next())
        };
        let (health, last) = join(health, last).await;
        Row { d, health, last }
    });
    // Some at once: a connection is left to everybody else.
    let rows = stream::iter(rows).buffered(4).collect().await;
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, rows, first, next })
}
