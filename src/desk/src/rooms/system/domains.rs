//! Which e-mail domain is whose.

use super::frame;
use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    rooms::kit,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;

/// A domain.
#[derive(Debug, Deserialize)]
struct Domain {
    #[serde(rename = "domain")]
    name: String,
    tenant: String,
    confirmed_by: String,
    #[serde(default)]
    confirmed_by_name: Option<String>,
    created_at: When,
    method: String,
    lost_at: Option<When>,
    lapsed: bool,
}

impl Domain {
    fn state(&self) -> (&'static str, &'static str) {
        match (self.lapsed, &self.lost_at) {
            (true, _) => ("lapsed: lets nobody new in", "bad"),
            (false, Some(_)) => ("its record is gone", "warn"),
            _ => ("confirmed", "good"),
        }
    }
    fn how(&self) -> &'static str {
        if self.method == "dns" { "by a record in DNS" } else { "by hand" }
    }
    fn by(&self) -> String {
        kit::who(&self.confirmed_by, self.confirmed_by_name.as_ref())
    }
    fn place(&self) -> String {
        format!("/admin/system/domains/{}/remove", text::escape(&self.name))
    }
}

/// A tenant's name.
#[derive(Debug, Deserialize)]
struct Tenant {
    slug: String,
    name: String,
}

#[derive(Template)]
#[template(path = "system_domains.html")]
struct Domains {
    shell: Shell,
    all: Vec<Domain>,
    tenants: HashMap<String, Tenant>,
    form: Form,
    first: Option<String>,
    next: Option<String>,
}

impl Domains {
    fn whose<'a>(&'a self, d: &'a Domain) -> &'a str {
        self.tenants.get(&d.tenant).map_or(&d.tenant, |t| &t.name)
    }
    fn slug<'a>(&'a self, d: &'a Domain) -> &'a str {
        self.tenants.get(&d.tenant).map_or(&d.tenant, |t| &t.slug)
    }
}

async fn showing(ask: &Ask, form: Form, problem: Option<Problem>) -> Answer {
    let shell = frame(ask, "Domains of all tenants").await?.crumb("System", "/admin/system");
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let found: Page<Domain> = ask.get(&format!("/domains{query}")).await?;
    let mut tenants = HashMap::new();
    for d in &found.items {
        if !tenants.contains_key(&d.tenant) {
            // One whose policy demands more than was proved goes by its id.
            let path = format!("/tenants/{}", text::escape(&d.tenant));
            if let Ok(t) = ask.get::<Tenant>(&path).await {
                tenants.insert(d.tenant.clone(), t);
            }
        }
    }
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    let shell = shell.problem(problem);
    shown(status, &Domains { shell, all: found.items, tenants, form, first, next })
}

/// All of them.
pub(super) async fn list(ask: Ask) -> Answer {
    showing(&ask, Form::default(), None).await
}

/// Confirms one by hand.
pub(super) async fn add(ask: Ask, form: Form) -> Answer {
    let body = json!({ "domain": form.get("domain"), "tenant": form.get("tenant") });
    let sent = Sent::json(body).key(form.key());
    match ask.call::<Domain>(Method::POST, "/domains", sent).await {
        Ok(_) => on("/admin/system/domains", "added"),
        Err(p) if p.mendable() => showing(&ask, form, Some(p)).await,
        // What is not found is the tenant that was typed.
        Err(p) if p.status == 404 => {
            let p = Problem::typed("tenant", "there is no tenant of this short name");
            showing(&ask, form, Some(p)).await
        }
        Err(p) => Err(p.into()),
    }
}

#[derive(Template)]
#[template(path = "system_domain_remove.html")]
struct Remove {
    shell: Shell,
    domain: String,
}

/// What it means to take one away.
pub(super) async fn remove_page(ask: Ask, Path(domain): Path<String>) -> Answer {
    let shell = frame(&ask, "").await?.crumb("System", "/admin/system");
    let shell = shell.crumb("Domains of all tenants", "/admin/system/domains");
    page(&Remove { shell: shell.titled(format!("Remove {domain}")), domain })
}

/// Takes it away.
pub(super) async fn remove(ask: Ask, Path(domain): Path<String>) -> Answer {
    frame(&ask, "").await?;
    match ask.delete(&format!("/domains/{}", text::escape(&domain))).await {
        Ok(()) => on("/admin/system/domains", "removed"),
        Err(p) if p.mendable() => showing(&ask, Form::default(), Some(p)).await,
        Err(p) => Err(p.into()),
    }
}
