//! The e-mail domains of a tenant: those that are confirmed, and those that it asks for with the record to publish.

use super::directories::{mend, pressed};
use crate::{
    Desk,
    api::{Done, Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{Method, StatusCode},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    let d = "/admin/in/{tenant}/domains/{domain}";
    Router::new()
        .route("/admin/in/{tenant}/domains", get(list).post(add))
        .route(d, get(show))
        .route(&format!("{d}/check"), get(to_domain).post(check))
        .route(&format!("{d}/remove"), get(ask_remove).post(remove))
}

/// The record that proves a domain.
#[derive(Debug, Deserialize)]
struct Record {
    name: String,
    value: String,
    asked_by: String,
    #[serde(default)]
    asked_by_name: Option<String>,
    asked_at: When,
    checked_at: Option<When>,
    problem: Option<String>,
}

impl Record {
    fn who(&self) -> &str {
        self.asked_by_name.as_deref().unwrap_or(&self.asked_by)
    }
    fn problem(&self) -> Option<String> {
        self.problem.as_deref().map(text::sentence)
    }
    /// Its name as control panels want it that add the domain themselves.
    fn host(&self, domain: &str) -> String {
        let short = self.name.strip_suffix(domain).map(|n| n.trim_end_matches('.'));
        short.unwrap_or(&self.name).to_owned()
    }
}

/// A domain.
#[derive(Debug, Deserialize)]
struct Domain {
    #[serde(rename = "domain")]
    name: String,
    state: String,
    method: Option<String>,
    confirmed_at: Option<When>,
    lost_at: Option<When>,
    record: Option<Record>,
}

impl Domain {
    /// How it stands, and how that is coloured.
    fn state(&self) -> (&'static str, &'static str) {
        match self.state.as_str() {
            "confirmed" => ("confirmed", "good"),
            "lost" => ("record is gone", "warn"),
            "lapsed" => ("lapsed", "bad"),
            _ => ("asked for", "warn"),
        }
    }
    fn is(&self, state: &str) -> bool {
        self.state == state
    }
    fn how(&self) -> &'static str {
        match self.method.as_deref() {
            Some("dns") => "by a record in DNS",
            Some(_) => "by hand, by a Global Administrator",
            None => "not yet",
        }
    }
}

#[derive(Template)]
#[template(path = "domains.html")]
struct List {
    shell: Shell,
    domains: Vec<Domain>,
    typed: String,
}

async fn all(ask: &Ask, shell: &Shell) -> Result<Vec<Domain>, Problem> {
    let found: Page<Domain> = ask.get(&shell.api("/domains")).await?;
    Ok(found.items)
}

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Domains, "Domains").await?;
    let domains = all(&ask, &shell).await?;
    page(&List { shell, domains, typed: String::new() })
}

async fn add(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Domains, "Domains").await?;
    let typed = form.get("domain").to_owned();
    let sent = Sent::json(json!({ "domain": typed })).key(form.key());
    match ask.call::<Domain>(Method::POST, &shell.api("/domains"), sent).await {
        Ok(made) => {
            on(&format!("{}/domains/{}", shell.base(), text::escape(&made.name)), "domain-asked")
        }
        Err(p) => {
            let p = mend(p)?;
            let domains = all(&ask, &shell).await?;
            let status = p.http();
            shown(status, &List { shell: shell.problem(Some(p)), domains, typed })
        }
    }
}

#[derive(Template)]
#[template(path = "domain.html")]
struct Show {
    shell: Shell,
    d: Domain,
}

type Here = Path<(String, String)>;

async fn opened(ask: &Ask, t: &str, name: &str, title: &str) -> Result<(Shell, Domain), Trouble> {
    let shell = ask.shell(t, Section::Domains, title).await?;
    let found = all(ask, &shell).await?.into_iter().find(|d| d.name == name);
    let d = found.ok_or_else(Problem::nothing)?;
    let base = shell.base();
    Ok((shell.crumb("Domains", format!("{base}/domains")), d))
}

async fn show(ask: Ask, Path((t, name)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &name, &name).await?;
    page(&Show { shell, d })
}

async fn to_domain(Path((t, name)): Here) -> Answer {
    on(&format!("/admin/in/{}/domains/{}", text::escape(&t), text::escape(&name)), "")
}

async fn check(ask: Ask, Path((t, name)): Here, form: Form) -> Answer {
    let (shell, d) = opened(&ask, &t, &name, &name).await?;
    let path = shell.api(&format!("/domains/{}/check", text::escape(&name)));
    let sent = Sent::nothing().key(form.key());
    match ask.call::<Done>(Method::POST, &path, sent).await {
        Ok(_) => on(&format!("{}/domains/{}", shell.base(), text::escape(&name)), "checked"),
        Err(p) => {
            let p = pressed(p)?;
            let status: StatusCode = p.http();
            shown(status, &Show { shell: shell.problem(Some(p)), d })
        }
    }
}

#[derive(Template)]
#[template(path = "domain_remove.html")]
struct Remove {
    shell: Shell,
    d: Domain,
}

async fn ask_remove(ask: Ask, Path((t, name)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &name, "Remove this domain?").await?;
    page(&Remove { shell, d })
}

async fn remove(ask: Ask, Path((t, name)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &name, "Remove this domain?").await?;
    match ask.delete(&shell.api(&format!("/domains/{}", text::escape(&name)))).await {
        Ok(()) => on(&format!("{}/domains", shell.base()), "removed"),
        Err(p) => {
            let p = pressed(p)?;
            let status = p.http();
            shown(status, &Remove { shell: shell.problem(Some(p)), d })
        }
    }
}
