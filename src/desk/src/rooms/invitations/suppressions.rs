//! Addresses that letters come back from: no letter about an invitation is written to them.

use crate::{
    api::Page,
    ask::{Answer, Ask, on, page},
    form::Form,
    nav::Section,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::extract::Path;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Suppression {
    id: String,
    email: String,
    why: String,
    invitation: String,
    noted_by: String,
    #[serde(default)]
    noted_by_name: Option<String>,
    noted_at: When,
}

impl Suppression {
    fn why(&self) -> &'static str {
        match self.why.as_str() {
            "complained" => "its reader called a letter unwanted",
            _ => "a letter came back",
        }
    }
    fn by(&self) -> &str {
        match self.noted_by_name.as_deref().filter(|n| !n.is_empty()) {
            Some(name) => name,
            None if self.noted_by == "owner" => "the owner of the data directory",
            None => &self.noted_by,
        }
    }
}

#[derive(Template)]
#[template(path = "suppressions.html")]
struct List {
    shell: Shell,
    rows: Vec<Suppression>,
    first: Option<String>,
    next: Option<String>,
}

pub(super) async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let title = "Addresses that are not written to";
    let shell = ask.shell(&t, Section::Invitations, title).await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Suppression> = ask.get(&shell.api(&format!("/suppressions{query}"))).await?;
    let to = format!("{}/invitations", shell.base());
    let shell = shell.crumb("Invitations", to);
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, rows: found.items, first, next })
}

pub(super) async fn back(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Invitations, "").await?;
    on(&format!("{}/suppressions", shell.base()), "")
}

/// Lets an address be written to again.
pub(super) async fn clear(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Invitations, "").await?;
    let id = text::escape(form.get("suppression"));
    ask.delete(&shell.api(&format!("/suppressions/{id}"))).await?;
    on(&format!("{}/suppressions", shell.base()), "removed")
}
