//! The audit trail: its pages, the whole of it as a file, and what people look for in it again and again.

use super::{
    TABLE,
    answer::{Answer, Done, Made, Page, Shown, Time, With},
    call::{Call, Newest, Reply},
    find,
};
use crate::{
    access::{
        Permit,
        perm::{Global, SystemViewLogs},
    },
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

/// Whose trail is looked at, and by which right.
enum Of {
    Tenant(Permit<SystemViewLogs>),
    /// The instance's, or that of any tenant, also of one that is gone.
    Instance(Permit<Global>, TenantId),
}

impl Of {
    /// The tenant's of the path.
    async fn path(c: &Call) -> Result<Self> {
        c.tenant().await.map(Self::Tenant)
    }
    /// What a Global Administrator asks for.
    async fn asked(c: &Call) -> Result<Self> {
        let p = c.global().await?;
        let Some(word) = c.word("tenant") else {
            let t = p.tenant();
            return Ok(Self::Instance(p, t));
        };
        let none = || {
            let called = text::excerpt(word);
            let text =
                format!("no tenant is called '{called}'; one that is gone is named by its id");
            Error::invalid(text).attr("tenant")
        };
        let t = find::place(c, &p, word).await?.ok_or_else(none)?;
        Ok(Self::Instance(p, t))
    }
    fn tenant(&self) -> TenantId {
        match self {
            Self::Tenant(p) => p.tenant(),
            Self::Instance(_, t) => *t,
        }
    }
    /// The same once more, while a file is under way: rights and sessions end meanwhile.
    async fn still(&self, c: &Call) -> Result<()> {
        match self {
            Self::Tenant(_) => c.tenant::<SystemViewLogs>().await.map(drop),
            Self::Instance(..) => c.global().await.map(drop),
        }
    }
}

pub(super) async fn audit(c: Call) -> Result<Shown<Page<Entry>>> {
    trail(&c, &Of::path(&c).await?).await
}

pub(super) async fn audit_instance(c: Call) -> Result<Shown<Page<Entry>>> {
    let of = Of::asked(&c).await?;
    // The instance's own is named as the caller's own tenant knows it.
    if of.tenant() != TenantId::PLATFORM {
        c.about.get_or_init(|| of.tenant());
    }
    trail(&c, &of).await
}

/// What is looked for in a trail.
async fn query(c: &Call, of: &Of) -> Result<audit::Query> {
    let who = "it is 'user:<id>', 'directory:<id>', 'owner', 'system:<what>', or the name or e-mail address of one of \
               its people";
    let what = match of {
        Of::Tenant(_) => {
            "it is a kind and which, like 'role:<id>', or the name or e-mail address of one of its people"
        }
        Of::Instance(..) => {
            "it is a kind and which, like 'role:<id>', the name or e-mail address of one of the people whose trail it is, or a \
             company by its name"
        }
    };
    Ok(audit::Query {
        since: c.moment("since")?,
        until: c.moment("until")?,
        action: c.among(
            "action",
            Action::parse,
            "it is one like 'user.disable', or many like 'user.*'",
        )?,
        actor: label(c, of, "actor", actor, who).await?,
        target: label(c, of, "target", target, what).await?,
        before: c.cursor::<Newest<EventId>>()?.map(|n| (n.0, n.1)),
    })
}

async fn trail(c: &Call, of: &Of) -> Result<Shown<Page<Entry>>> {
    let q = query(c, of).await?;
    let found = audit::list(&c.app.store, of.tenant(), &q, c.limit()?).await?;
    let next = found.next.map(|(at, id)| Newest(at, id).to_string());
    Ok(Shown::page(found.items, next))
}

/// Who or what is meant: as events name it, as `read` knows, or one of the people whose trail it is by their name or
/// address; in the instance's own trail what something happened to is also a tenant by its name.
async fn label(
    c: &Call,
    of: &Of,
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
    let (kind, name) = match word.split_once(':') {
        Some((kind @ ("user" | "tenant"), name)) => (Some(kind), name),
        None => (None, word),
        Some(_) => return Err(bad()),
    };
    // Who acts on the instance is one of the provider's.
    let home = if of.tenant() == TenantId::PLATFORM {
        tenants::provider(&c.app.store).await?.map(|p| p.id)
    } else {
        Some(of.tenant())
    };
    if let Some(home) = home.filter(|_| kind != Some("tenant")) {
        match find::person(c, name, home).await {
            Ok(Some(id)) => return Ok(Some(format!("user:{id}"))),
            Ok(None) => {}
            // Of a tenant that is gone nobody is known.
            Err(e) if e.kind() == Kind::NotFound => {}
            Err(e) => return Err(e.attr(field)),
        }
    }
    if let (Of::Instance(p, _), "target") = (of, field)
        && kind != Some("user")
        && let Some(t) = find::place(c, p, name).await.map_err(|e| e.attr(field))?
    {
        return Ok(Some(format!("tenant:{t}")));
    }
    Err(bad())
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
    if matches!(kind, "user" | "tenant") {
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
    of: Of,
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
            self.of.still(&self.call).await?;
        }
        let t = self.of.tenant();
        let found = audit::list(&self.call.app.store, t, &self.query, PIECE).await?;
        let mut all = serde_json::to_value(&found.items).map_err(Error::internal)?;
        let actor = self.call.actor();
        // As a page of the same: what is the instance's own is named as the caller's own tenant knows it.
        let home = || actor.user().map_or(TenantId::PLATFORM, |(home, _)| home);
        let here = if t == TenantId::PLATFORM { home() } else { t };
        super::called::name(&self.call.app, actor, here, &mut all).await;
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
    let of = Of::path(&c).await?;
    file(c, of).await
}

pub(super) async fn export_instance(c: Call) -> Result<File> {
    let of = Of::asked(&c).await?;
    file(c, of).await
}

async fn file(c: Call, of: Of) -> Result<File> {
    let (table, kind) = match c.word("format") {
        None | Some("csv") => (true, "text/csv; charset=utf-8; header=present"),
        Some("ndjson") => (false, "application/x-ndjson"),
        Some(_) => return Err(Error::invalid("'format' is csv or ndjson").attr("format")),
    };
    let query = query(&c, &of).await?;
    let sent = Sent { of, call: c, query, table, begun: false, more: true };
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
