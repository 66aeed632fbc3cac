//! The audit trail: its pages, the whole of it as a file, and what people look for in it again and again.

use super::{
    TABLE,
    answer::{Answer, Done, Made, Page, Shown, Time, With},
    call::{Call, Newest, Reply},
    find,
};
use crate::{
    access::{Permit, perm::SystemViewLogs},
    audit::{
        self, Action, Entry,
        views::{self, View},
    },
    error::{Error, Kind, Result},
    id::{EventId, TenantId, UserId, ViewId},
    tenants, text,
    web::strict,
};
use axum::{body::Body, http::StatusCode};
use futures::{TryStreamExt as _, future::BoxFuture, stream};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) async fn audit(c: Call) -> Result<Shown<Page<Entry>>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    trail(&c, p.tenant()).await
}

pub(super) async fn audit_instance(c: Call) -> Result<Shown<Page<Entry>>> {
    let p = c.global().await?;
    let tenant = c.read::<TenantId>("tenant")?;
    trail(&c, tenant.unwrap_or(p.tenant())).await
}

/// What is looked for in the trail of a tenant.
async fn query(c: &Call, t: TenantId) -> Result<audit::Query> {
    let who = "it is 'user:<id>', 'directory:<id>', 'owner', 'system:<what>', or the name of one of its people";
    let what = "it is a kind and which, like 'role:<id>', or the name of one of its people";
    Ok(audit::Query {
        since: c.moment("since")?,
        until: c.moment("until")?,
        action: c.among(
            "action",
            Action::parse,
            "it is one like 'user.disable', or many like 'user.*'",
        )?,
        actor: label(c, t, "actor", actor, who).await?,
        target: label(c, t, "target", target, what).await?,
        before: c.cursor::<Newest<EventId>>()?.map(|n| (n.0, n.1)),
    })
}

async fn trail(c: &Call, t: TenantId) -> Result<Shown<Page<Entry>>> {
    let q = query(c, t).await?;
    let found = audit::list(&c.app.store, t, &q, c.limit()?).await?;
    let next = found.next.map(|(at, id)| Newest(at, id).to_string());
    Ok(Shown::page(found.items, next))
}

/// Who or what is meant: as events name it, as `read` knows, or one of the people whose trail it is by their name.
async fn label(
    c: &Call,
    t: TenantId,
    field: &'static str,
    read: fn(&str) -> Option<String>,
    wanted: &str,
) -> Result<Option<String>> {
    let Some(word) = c.word(field) else { return Ok(None) };
    if let Some(known) = read(word) {
        return Ok(Some(known));
    }
    let bad = || {
        let text = format!("'{field}' cannot be '{}': {wanted}", text::excerpt(word));
        Error::invalid(text).attr(field)
    };
    let name = match word.split_once(':') {
        Some(("user", name)) => name,
        None => word,
        Some(_) => return Err(bad()),
    };
    // Who acts on the instance is one of the provider's.
    let home = if t == TenantId::PLATFORM {
        tenants::provider(&c.app.store).await?.map(|p| p.id).ok_or_else(bad)?
    } else {
        t
    };
    match find::user(c, name, None, home).await {
        Ok((_, id)) => Ok(Some(format!("user:{id}"))),
        Err(e) if e.kind() == Kind::NotFound => Err(bad()),
        Err(e) => Err(e.attr(field)),
    }
}

/// What is an id, as events write it.
fn id(kind: &str, text: &str) -> Option<String> {
    Some(format!("{kind}:{}", uuid::Uuid::try_parse(text).ok()?.hyphenated()))
}

/// Who did something, as events name them.
fn actor(text: &str) -> Option<String> {
    let known = match text.split_once(':') {
        Some((kind @ ("user" | "directory"), which)) => return id(kind, which),
        Some(("system", what)) => word(what),
        _ => text == "owner",
    };
    known.then(|| text.to_owned())
}

/// What something happened to, as events name it.
fn target(text: &str) -> Option<String> {
    let (kind, which) = text.split_once(':')?;
    if kind == "user" {
        return id(kind, which);
    }
    let fits = word(kind) && !which.is_empty() && which.len() <= 300;
    (fits && !which.contains(char::is_control)).then(|| text.to_owned())
}

fn word(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b' ');
    (1..=100).contains(&text.len()) && text.bytes().all(fits)
}

/// The trail as a file: a table, or lines of JSON.
pub(super) struct File(&'static str, Body);
impl Answer for File {
    const STATUS: StatusCode = StatusCode::OK;
    const KINDS: &'static [&'static str] = &["text/csv", "application/x-ndjson"];
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        Some(json_schema!({ "type": "string" }))
    }
    fn sent(self) -> Result<Reply> {
        Ok(Reply::written(self.0, self.1))
    }
}

/// Events that are read together.
const PIECE: u32 = 500;
const COLUMNS: &str =
    "at,action,actor,actor_name,target,target_name,acting_tenant,id,detail,personal,digest\r\n";

/// A cell of a table. What a spreadsheet would take for a formula is a text there.
fn cell(out: &mut String, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    // Writing to a String does not fail.
    let _ = write!(out, "\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""));
}

fn row(v: &Value) -> String {
    let mut out = String::new();
    for (n, column) in COLUMNS.trim_end().split(',').enumerate() {
        if n > 0 {
            out.push(',');
        }
        match &v[column] {
            Value::Null => {}
            Value::String(text) => cell(&mut out, text),
            other => cell(&mut out, &other.to_string()),
        }
    }
    out.push_str("\r\n");
    out
}

/// A file under way.
struct Sent {
    call: Call,
    tenant: TenantId,
    query: audit::Query,
    table: bool,
    begun: bool,
    more: bool,
}

impl Sent {
    /// The next piece. It may take long: whose right or session ends meanwhile is sent no more of it.
    fn next(self) -> BoxFuture<'static, Result<Option<(String, Self)>>> {
        Box::pin(self.read())
    }
    async fn read(mut self) -> Result<Option<(String, Self)>> {
        if !self.more {
            return Ok(None);
        }
        if self.begun {
            self.call.caller.still(&self.call.app).await?;
            self.call.tenant::<SystemViewLogs>().await?;
        }
        let found = audit::list(&self.call.app.store, self.tenant, &self.query, PIECE).await?;
        let mut all = serde_json::to_value(&found.items).map_err(Error::internal)?;
        super::called::name(&self.call.app, self.call.actor(), self.tenant, &mut all).await;
        let mut out = String::new();
        if self.table && !self.begun {
            out.push_str(COLUMNS);
        }
        for v in all.as_array().into_iter().flatten() {
            if self.table {
                out.push_str(&row(v));
            } else {
                let _ = writeln!(out, "{v}");
            }
        }
        self.begun = true;
        self.more = found.next.is_some();
        self.query.before = found.next;
        Ok(Some((out, self)))
    }
}

pub(super) async fn export(c: Call) -> Result<File> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let (table, kind) = match c.word("format") {
        None | Some("csv") => (true, "text/csv; charset=utf-8; header=present"),
        Some("ndjson") => (false, "application/x-ndjson"),
        Some(_) => return Err(Error::invalid("'format' is csv or ndjson").attr("format")),
    };
    let query = query(&c, p.tenant()).await?;
    let sent = Sent { tenant: p.tenant(), call: c, query, table, begun: false, more: true };
    // What goes wrong at once is answered as a refusal.
    let Some((first, rest)) = sent.next().await? else { return Ok(File(kind, Body::empty())) };
    let rest = stream::try_unfold(rest, Sent::next);
    let all = futures::StreamExt::chain(stream::once(async { Ok(first) }), rest).inspect_err(|e| {
        let why = e.operator_text().unwrap_or(e.detail());
        tracing::warn!(why, "a trail that was sent as a file broke off");
    });
    Ok(File(kind, Body::from_stream(all)))
}

/// A query under a name.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditView")]
pub(super) struct ViewShown {
    id: ViewId,
    name: String,
    /// As it stands in an address behind `audit?`.
    query: String,
    created_at: Time,
}
impl From<View> for ViewShown {
    fn from(v: View) -> Self {
        Self { id: v.id, name: v.name, query: v.query, created_at: v.created_at.into() }
    }
}

/// Whose they are: nobody keeps any but people.
async fn whose(c: &Call) -> Result<(Permit<SystemViewLogs>, (TenantId, UserId))> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let text = "only a person keeps queries of their own";
    let who = c.actor().user().ok_or_else(|| Error::invalid(text))?;
    Ok((p, who))
}

pub(super) async fn views(c: Call) -> Result<Shown<Page<ViewShown>>> {
    let (p, who) = whose(&c).await?;
    let all = views::list(&c.app.store, p.tenant(), who).await?;
    Ok(Shown::page(all.into_iter().map(Into::into), None))
}

/// A query to be kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KeepAuditView",
           example = json!({ "name": "Roles that were given", "query": "action=grant.*" }))]
pub(super) struct Keep {
    /// What you call it.
    name: String,
    /// As it stands in an address behind `audit?`.
    query: String,
}

pub(super) async fn keep(c: With<Keep>) -> Result<Made<ViewShown>> {
    let (p, who) = whose(&c).await?;
    let Keep { name, query } = c.json()?;
    let known =
        TABLE.iter().find(|r| r.path == "/tenants/{tenant}/audit").map_or(&[][..], |r| r.params);
    for (word, _) in strict::pairs(query.as_bytes()).map_err(|e| e.attr("query"))? {
        if matches!(word.as_str(), "cursor" | "limit") || !known.iter().any(|k| k.name == word) {
            let text = format!("'{}' is nothing to look for in a trail", text::excerpt(&word));
            return Err(Error::invalid(text).attr("query"));
        }
    }
    let made = views::keep(&c.app.store, &p.cx(), p.tenant(), who, (&name, &query)).await?;
    Ok(Made::of(made.into()))
}

pub(super) async fn forget(c: Call) -> Result<Done> {
    let (p, who) = whose(&c).await?;
    views::remove(&c.app.store, &p.cx(), p.tenant(), who, c.id("view")?).await?;
    Ok(Done)
}
