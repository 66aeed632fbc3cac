//! The companies: the list, adding one, and each with its name, tags, switch, export and end.

use super::kit::{above, filled, listed};
use crate::{
    Desk, PREFIX,
    api::{Page, Sent},
    ask::{Answer, Ask, on, page, shown},
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
    http::{HeaderValue, Method, header},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/tenants", get(list))
        .route("/admin/add-tenant", get(add).post(make))
        .route("/admin/tenants/{tenant}", get(one).post(save))
        .route("/admin/tenants/{tenant}/suspend", get(suspend_page).post(suspend))
        .route("/admin/tenants/{tenant}/resume", get(above::<1>).post(resume))
        .route("/admin/tenants/{tenant}/export", get(export))
        .route("/admin/tenants/{tenant}/delete", get(delete_page).post(delete))
}

/// A tenant; more of it where whoever asks sees its settings.
#[derive(Debug, Deserialize)]
struct Tenant {
    id: String,
    slug: String,
    name: String,
    provider: bool,
    status: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    created_at: Option<When>,
    #[serde(default)]
    deletion: Option<Deletion>,
}

#[derive(Debug, Deserialize)]
struct Deletion {
    since: When,
    removed: i64,
}

impl Tenant {
    fn state(&self) -> (&'static str, &'static str) {
        match self.status.as_str() {
            "active" => ("active", "good"),
            "suspended" => ("suspended", "bad"),
            _ => ("being deleted", "bad"),
        }
    }
    fn active(&self) -> bool {
        self.status == "active"
    }
    fn suspended(&self) -> bool {
        self.status == "suspended"
    }
    fn place(&self) -> String {
        format!("{PREFIX}/tenants/{}", self.slug)
    }
    /// Where its name leads: to its pages, or, where nobody can act, to its settings.
    fn link(&self) -> String {
        if self.active() { format!("{PREFIX}/in/{}", self.slug) } else { self.place() }
    }
    fn version(&self) -> String {
        self.version.map(|v| v.to_string()).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "tenants.html")]
struct List {
    shell: Shell,
    tenants: Vec<Tenant>,
    text: String,
    tag: String,
    status: String,
    first: Option<String>,
    next: Option<String>,
}

impl List {
    fn filtered(&self) -> bool {
        !(self.text.is_empty() && self.tag.is_empty() && self.status.is_empty())
    }
}

async fn list(ask: Ask) -> Answer {
    let mut shell = ask.instance(Section::Tenants, "Tenants").await?;
    if !shell.global() {
        "Companies".clone_into(&mut shell.title);
    }
    let query = ask.pass(&["text", "tag", "status", "cursor"], &[("limit", "50")]);
    let found = listed::<Tenant>(&ask, &format!("/tenants{query}"), &mut shell).await?;
    let word = |name: &str| ask.word(name).to_owned();
    page(&List {
        tenants: found.items,
        text: word("text"),
        tag: word("tag"),
        status: word("status"),
        first: ask.first(),
        next: ask.after(found.next.as_ref()),
        shell,
    })
}

#[derive(Template)]
#[template(path = "tenant_add.html")]
struct Add {
    shell: Shell,
    form: Form,
}

async fn adding(ask: &Ask, form: Form, problem: Option<Problem>) -> Answer {
    let shell = ask.instance(Section::Tenants, "Add a tenant").await?;
    if !shell.global() {
        return Err(Problem::nothing().into());
    }
    let shell = shell.crumb("Tenants", "/admin/tenants");
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    shown(status, &Add { shell: shell.problem(problem), form })
}

async fn add(ask: Ask) -> Answer {
    adding(&ask, Form::default(), None).await
}

/// The words of a field, with commas or blanks between.
fn words(text: &str) -> Vec<String> {
    let all = text.split(|c: char| c == ',' || c.is_whitespace());
    all.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

async fn make(ask: Ask, form: Form) -> Answer {
    let (slug, name) = (form.get("slug"), form.get("name"));
    let body = json!({ "slug": slug, "name": name, "tags": words(form.get("tags")) });
    let made = ask.call::<Tenant>(Method::POST, "/tenants", Sent::json(body).key(form.key())).await;
    match made {
        Ok(t) => on(&t.place(), "added"),
        Err(p) if p.mendable() => adding(&ask, form, Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

#[derive(Template)]
#[template(path = "tenant.html")]
struct One {
    shell: Shell,
    tenant: Tenant,
    form: Form,
}

#[derive(Template)]
#[template(path = "tenant_suspend.html")]
struct Suspend {
    shell: Shell,
    tenant: Tenant,
}

#[derive(Template)]
#[template(path = "tenant_delete.html")]
struct Delete {
    shell: Shell,
    tenant: Tenant,
}

/// The tenant, and the frame of a page about it.
async fn found(ask: &Ask, t: &str) -> Result<(Shell, Tenant), crate::ask::Trouble> {
    let shell = ask.instance(Section::Tenants, "").await?;
    if !shell.global() {
        return Err(Problem::nothing().into());
    }
    let tenant = match ask.get(&at(t)).await {
        Ok(tenant) => tenant,
        // Its own policy may demand more than was proved; that binds those who act in it, not who administers it.
        Err(p) if p.status == 403 => listed_one(ask, t).await?.ok_or(p)?,
        Err(p) => return Err(p.into()),
    };
    Ok((shell.crumb("Tenants", "/admin/tenants"), tenant))
}

/// The same, as the list has it.
async fn listed_one(ask: &Ask, t: &str) -> Result<Option<Tenant>, Problem> {
    let path = format!("/tenants{}", text::query([("text", t), ("limit", "100")]));
    let found: Page<Tenant> = ask.get(&path).await?;
    Ok(found.items.into_iter().find(|x| x.slug == t))
}

fn at(t: &str) -> String {
    format!("/tenants/{}", text::escape(t))
}

async fn showing(ask: &Ask, t: &str, form: Option<Form>, problem: Option<Problem>) -> Answer {
    let (shell, tenant) = found(ask, t).await?;
    let form = form.unwrap_or_else(|| {
        let tags = tenant.tags.join(", ");
        let version = tenant.version();
        filled([("name", tenant.name.as_str()), ("tags", &tags), ("version", &version)])
    });
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let shell = shell.titled(&tenant.name).problem(problem);
    shown(status, &One { shell, tenant, form })
}

async fn one(ask: Ask, Path(t): Path<String>) -> Answer {
    showing(&ask, &t, None, None).await
}

/// Changes it, and shows it again with what was wrong.
async fn change(
    ask: &Ask,
    t: &str,
    body: Value,
    (version, form): (Option<String>, Option<Form>),
    done: &str,
) -> Answer {
    match ask.patch::<Tenant>(&at(t), body, version).await {
        Ok(tenant) => on(&tenant.place(), done),
        Err(p) if p.mendable() => showing(ask, t, form, Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

async fn save(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let body = json!({ "name": form.get("name"), "tags": words(form.get("tags")) });
    let version = Some(form.get("version").to_owned());
    change(&ask, &t, body, (version, Some(form)), "saved").await
}

async fn suspend_page(ask: Ask, Path(t): Path<String>) -> Answer {
    let (shell, tenant) = found(&ask, &t).await?;
    let shell = shell.crumb(&tenant.name, tenant.place());
    page(&Suspend { shell: shell.titled(format!("Suspend {}", tenant.name)), tenant })
}

async fn suspend(ask: Ask, Path(t): Path<String>) -> Answer {
    change(&ask, &t, json!({ "status": "suspended" }), (None, None), "disabled").await
}

async fn resume(ask: Ask, Path(t): Path<String>) -> Answer {
    change(&ask, &t, json!({ "status": "active" }), (None, None), "enabled").await
}

async fn export(ask: Ask, Path(t): Path<String>) -> Answer {
    let (_, tenant) = found(&ask, &t).await?;
    let mut answer = ask.download(&format!("{}/export", at(&t))).await?;
    let name = format!("attachment; filename=\"{}.ndjson\"", tenant.slug);
    if let Ok(name) = HeaderValue::try_from(name) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}

async fn deleting(ask: &Ask, t: &str, problem: Option<Problem>) -> Answer {
    let (shell, tenant) = found(ask, t).await?;
    let shell = shell.crumb(&tenant.name, tenant.place());
    let shell = shell.titled(format!("Delete {}", tenant.name));
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    shown(status, &Delete { shell: shell.problem(problem), tenant })
}

async fn delete_page(ask: Ask, Path(t): Path<String>) -> Answer {
    deleting(&ask, &t, None).await
}

#[derive(Deserialize)]
struct Removal {
    gone: bool,
}

async fn delete(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    if form.get("confirm").is_empty() {
        let typed = Problem::typed("confirm", "type its short name");
        return deleting(&ask, &t, Some(typed)).await;
    }
    let path = format!("{}?confirm={}", at(&t), text::escape(form.get("confirm")));
    match ask.call::<Removal>(Method::DELETE, &path, Sent::nothing()).await {
        Ok(r) if r.gone => on("/admin/tenants", "deleted"),
        Ok(_) => on(&format!("{PREFIX}/tenants/{}", text::escape(&t)), "begun"),
        Err(p) if p.mendable() => deleting(&ask, &t, Some(p)).await,
        Err(p) => Err(p.into()),
    }
}
