//! The audit trail of a company, and of the instance: the list with its filters, saved views, and the whole as a file.

pub(super) mod event;

use self::event::Event;
use super::{
    kit::{self, if_any, listed},
    signins::person_of,
};
use crate::{
    Desk, PREFIX,
    api::{Page, Sent},
    ask::{Answer, Ask, on, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, Method, StatusCode, header},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/audit", get(of_tenant))
        .route("/admin/in/{tenant}/audit/export", get(export))
        .route("/admin/in/{tenant}/audit/views", get(kit::above::<1>).post(keep))
        .route("/admin/in/{tenant}/audit/views/{view}/forget", get(kit::above::<3>).post(forget))
        .route("/admin/instance/audit", get(of_instance))
        .route("/admin/instance/audit/export", get(export_instance))
}

/// What is looked for again and again.
#[derive(Debug, Deserialize)]
struct Kept {
    id: String,
    name: String,
    query: String,
}

/// Actions that many look for, with what they are about.
const KINDS: &[(&str, &str)] = &[
    ("user.*", "Users"),
    ("signin*", "Signing in"),
    ("session.*", "Sessions"),
    ("grant.*", "Roles given and taken"),
    ("role.*", "Roles"),
    ("mapping.*", "Group mappings"),
    ("default_role.*", "Default role"),
    ("group.*", "Groups"),
    ("invitation.*", "Invitations"),
    ("directory.*", "Directories"),
    ("scim_token.*", "SCIM tokens"),
    ("parked.*", "Parked changes"),
    ("elevation.*", "Roles for a while"),
    ("review.*", "Reviews"),
    ("app.*", "Applications and their secrets"),
    ("integration.*", "Integrations"),
    ("consent.*", "Consents"),
    ("domain.*", "Domains"),
    ("tenant.*", "The tenant and its policy"),
    ("password*", "Passwords"),
    ("passkey.*", "Passkeys"),
    ("break_glass.*", "Accounts for emergencies"),
    ("key.*", "Signing keys"),
];

#[derive(Template)]
#[template(path = "audit.html")]
struct Trail {
    shell: Shell,
    events: Vec<Event>,
    views: Vec<Kept>,
    /// Whether views can be kept.
    keeps: bool,
    /// The address of this page.
    place: String,
    /// What is looked for, as the API has it: to be kept, and for the file.
    query: String,
    action: String,
    actor: String,
    target: String,
    since: String,
    until: String,
    /// Of the instance: another tenant's trail.
    tenant: String,
    first: Option<String>,
    next: Option<String>,
}

impl Trail {
    fn filtered(&self) -> bool {
        let all = [&self.action, &self.actor, &self.target, &self.since, &self.until, &self.tenant];
        all.iter().any(|w| !w.is_empty())
    }
    /// Whether it is a tenant's.
    fn own(&self) -> bool {
        !self.shell.slug().is_empty()
    }
    /// The page of what an event happened to, or its row in a list.
    fn open(&self, e: &Event) -> Option<String> {
        match self.shell.me.place() {
            Some(here) => {
                let page = e.page(&here.tenant, |p| self.shell.may(p))?;
                Some(format!("{}{page}", self.shell.base()))
            }
            // Of a tenant that is gone nothing has a page.
            None if self.tenant.is_empty() => e.page_of_instance(),
            None => None,
        }
    }
    /// Whether the action is one that the list of kinds has not.
    fn other(&self) -> bool {
        !self.action.is_empty() && !KINDS.iter().any(|k| k.0 == self.action)
    }
    /// This page, with one word more.
    fn only(&self, name: &str, value: &str) -> String {
        let tenant = ("tenant", self.tenant.as_str());
        format!("{}{}", self.place, text::query([tenant, (name, value)]))
    }
    fn file(&self, format: &str) -> String {
        let joint = if self.query.is_empty() { "?" } else { "&" };
        format!("{}/export{}{joint}format={format}", self.place, self.query)
    }
}

/// Who is meant in the field, as events name them: whom the API knows by the word, or else the one person whose name or
/// address begins so. `at` is where those are, as the API addresses it.
async fn meant(ask: &Ask, at: &str, (field, word): (&str, &str)) -> Result<String, Problem> {
    let said = word.contains(':') || uuid::Uuid::try_parse(word).is_ok();
    if word.is_empty() || said || word == "owner" {
        return Ok(word.to_owned());
    }
    match person_of(ask, at, word).await {
        Ok(id) => Ok(format!("user:{id}")),
        Err(p) if p.status == 400 => Err(Problem { field: Some(field.to_owned()), ..p }),
        Err(p) => Err(p),
    }
}

/// What is looked for, as the API has it. Who is named by what they sign in with, goes by their id.
async fn query(ask: &Ask, shell: &Shell, words: &Form) -> Result<String, Problem> {
    let own = !shell.slug().is_empty();
    let tenant = words.get("tenant");
    // Who acts on the instance is one of the provider's, whose Global Administrator asks. Of another trail, and of what is
    // no person, the API knows more.
    let at =
        if own { shell.api("") } else { format!("/tenants/{}", text::escape(&shell.me.tenant)) };
    let named = |field| (field, words.get(field));
    let (actor, target) = if own || tenant.is_empty() {
        let actor = meant(ask, &at, named("actor")).await?;
        // On the instance's it may be a company, which the API tells from a person by their whole names.
        let target = if own {
            meant(ask, &at, named("target")).await?
        } else {
            words.get("target").to_owned()
        };
        (actor, target)
    } else {
        (words.get("actor").to_owned(), words.get("target").to_owned())
    };
    let (since, until) =
        (kit::moment(words.get("since"), false), kit::moment(words.get("until"), true));
    Ok(text::query([
        ("tenant", if own { "" } else { tenant }),
        ("action", words.get("action")),
        ("actor", &actor),
        ("target", &target),
        ("since", &since),
        ("until", &until),
    ]))
}

/// A trail: its tenant's, or where the frame is of none the instance's.
async fn trail(ask: &Ask, mut shell: Shell, (words, problem): (&Form, Option<Problem>)) -> Answer {
    let own = !shell.slug().is_empty();
    let looked = query(ask, &shell, words).await;
    let posted = problem.is_some();
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let (query, problem) = match looked {
        Ok(query) => (query, problem),
        Err(p) if p.status == 400 => (String::new(), Some(p)),
        Err(p) => return Err(p.into()),
    };
    let failed = problem
        .as_ref()
        .is_some_and(|p| p.field.as_deref().is_some_and(|f| matches!(f, "actor" | "target")));
    shell.problem = problem;
    let rest = ask.pass(&["cursor"], &[("limit", "30")]);
    let both = format!("{query}{}{}", if query.is_empty() { "?" } else { "&" }, &rest[1..]);
    let path = if own { shell.api("/audit") } else { "/audit".to_owned() };
    let found = if failed {
        Page { items: Vec::new(), next: None }
    } else {
        listed::<Event>(ask, &format!("{path}{both}"), &mut shell).await?
    };
    let views: Option<Page<Kept>> =
        if own { if_any(ask, &shell.api("/audit/views")).await? } else { None };
    let keeps = views.is_some();
    let place =
        if own { format!("{}/audit", shell.base()) } else { format!("{PREFIX}/instance/audit") };
    let word = |name: &str| words.get(name).to_owned();
    shown(
        status,
        &Trail {
            events: found.items,
            views: views.map(|p| p.items).unwrap_or_default(),
            keeps,
            place,
            query,
            action: word("action"),
            actor: word("actor"),
            target: word("target"),
            since: kit::day(words.get("since")).to_owned(),
            until: kit::day(words.get("until")).to_owned(),
            tenant: word("tenant"),
            first: ask.first(),
            next: ask.after(found.next.as_ref()).filter(|_| !posted),
            shell,
        },
    )
}

async fn of_tenant(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Audit, "Audit trail").await?;
    trail(&ask, shell, (ask.words(), None)).await
}

async fn of_instance(ask: Ask) -> Answer {
    let shell = ask.instance(Section::InstanceAudit, "Instance audit").await?;
    trail(&ask, shell, (ask.words(), None)).await
}

#[derive(Template)]
#[template(path = "audit_no_export.html")]
struct NoExport {
    shell: Shell,
}

async fn export(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Audit, "The trail as a file").await?;
    let name = format!("audit-{}", shell.slug());
    file(&ask, shell, &name).await
}

async fn export_instance(ask: Ask) -> Answer {
    let shell = ask.instance(Section::InstanceAudit, "The trail as a file").await?;
    let tenant: String =
        ask.word("tenant").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let name =
        if tenant.is_empty() { "audit-instance".to_owned() } else { format!("audit-{tenant}") };
    file(&ask, shell, &name).await
}

/// The whole trail as a file of this name.
async fn file(ask: &Ask, shell: Shell, name: &str) -> Answer {
    let format = if ask.word("format") == "ndjson" { "ndjson" } else { "csv" };
    let names = ["tenant", "action", "actor", "target", "since", "until"];
    let own = !shell.slug().is_empty();
    let words = ask.pass(&names[usize::from(own)..], &[("format", format)]);
    let root = if own { shell.api("/audit") } else { "/audit".to_owned() };
    let list =
        if own { format!("{}/audit", shell.base()) } else { format!("{PREFIX}/instance/audit") };
    match ask.raw(Method::GET, &format!("{root}/export{words}"), Sent::nothing()).await {
        answer if answer.status().is_success() => {
            let mut answer = answer;
            let name = format!("attachment; filename=\"{name}.{format}\"");
            if let Ok(name) = HeaderValue::try_from(name) {
                answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            }
            Ok(answer)
        }
        answer if answer.status() == StatusCode::NOT_FOUND => {
            let shell = shell.crumb("Audit trail", list);
            shown(StatusCode::NOT_FOUND, &NoExport { shell })
        }
        // Once more, for the problem's page.
        _ => ask.download(&format!("{root}/export{words}")).await,
    }
}

#[derive(Deserialize)]
struct Made {}

/// A form's address to come back to: of this trail, and nothing else.
fn back(shell: &Shell, query: &str) -> String {
    format!("{}/audit{}", shell.base(), query)
}

async fn keep(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Audit, "Audit trail").await?;
    // Only words that a trail knows; the address is ours to write.
    let words = Form::read(form.get("query").trim_start_matches('?').as_bytes());
    let names = ["action", "actor", "target", "since", "until"];
    let query = text::query(words.pairs().filter(|(n, _)| names.contains(n)));
    let body = json!({ "name": form.get("name"), "query": query.trim_start_matches('?') });
    let sent = Sent::json(body).key(form.key());
    match ask.call::<Made>(Method::POST, &shell.api("/audit/views"), sent).await {
        Ok(_) => on(&back(&shell, &query), "added"),
        Err(p) if p.mendable() => trail(&ask, shell, (&words, Some(p))).await,
        Err(p) => Err(p.into()),
    }
}

async fn forget(ask: Ask, Path((t, view)): Path<(String, String)>) -> Answer {
    let shell = ask.shell(&t, Section::Audit, "").await?;
    ask.delete(&shell.api(&format!("/audit/views/{}", text::escape(&view)))).await?;
    on(&back(&shell, ""), "removed")
}
