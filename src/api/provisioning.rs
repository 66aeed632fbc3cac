//! The provisioning log of a directory, its replay, and the directory's health.

use super::{
    answer::{Page, Shown, Time, With},
    call::{Call, cut, time},
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewLogs, SystemViewSettings},
    clock::Timestamp,
    error::{Error, Result},
    id::{DirectoryId, LogId, RequestId},
    protocol::scim::Outcome,
    provisioning::{
        health::{self, Alarm, Counts, LastError},
        log::{self, Ended, Kept, Logged, Query, Replayed},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// An entry of the log.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProvisioningEntry")]
pub(super) struct EntryShown {
    id: LogId,
    at: Time,
    /// The request's id, as in audit events; null where entries are missing.
    request: Option<RequestId>,
    /// The method; empty where entries are missing.
    method: String,
    /// The address below the base URL.
    path: String,
    query: Option<String>,
    /// The status of the answer; null where the client went away before.
    status: Option<i64>,
    /// Why it was refused, in SCIM's word.
    scim_type: Option<String>,
    /// Why it was refused.
    detail: Option<String>,
    /// What it was about: `User`, `Group`, `Bulk`, `Discovery`.
    resource: Option<String>,
    /// Which one.
    resource_id: Option<Uuid>,
    /// What became of its operations.
    outcomes: Vec<Ended>,
    /// Which attributes changed.
    changed: Vec<String>,
    /// How long it took, microseconds.
    took_us: i64,
    /// What the client calls itself.
    user_agent: Option<String>,
    /// The entry that this was a replay of.
    replay_of: Option<LogId>,
    /// How many entries are missing here: there was no room for them.
    lost: i64,
    /// What of the bodies is kept. Of one of more than 64 KiB that is nothing, by any setting, so that the request cannot be
    /// done once more.
    kept: Kept,
}
impl From<&Logged> for EntryShown {
    fn from(e: &Logged) -> Self {
        Self {
            id: e.id,
            at: e.at.into(),
            request: (!e.request.0.is_nil()).then_some(e.request),
            method: e.method.clone(),
            path: e.path.clone(),
            query: e.query.clone(),
            status: e.status,
            scim_type: e.scim_type.clone(),
            detail: e.detail.clone(),
            resource: e.resource.clone(),
            resource_id: e.resource_id,
            outcomes: e.outcomes.0.clone(),
            changed: e.changed.0.clone(),
            took_us: e.took,
            user_agent: e.agent.clone(),
            replay_of: e.replay_of,
            lost: e.lost,
            kept: e.kept,
        }
    }
}

/// An entry with what is kept of its bodies.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProvisioningEntryWhole")]
pub(super) struct EntryWhole {
    #[serde(flatten)]
    entry: EntryShown,
    /// Headers that mean something to a request: `content-type`, `if-match`, `if-none-match`.
    headers: Value,
    /// What was sent, as far as it is kept.
    body: Value,
    /// What was answered, as far as it is kept.
    answer: Value,
}

/// A status or a class of them: `409`, `4xx`, `error`.
fn statuses(word: &str) -> Result<(i64, i64)> {
    let wrong = || {
        let text = "'status' is a number like 409, a class like 4xx, ok, or error";
        Error::invalid(text).attr("status")
    };
    match word {
        "ok" => return Ok((100, 399)),
        "error" => return Ok((400, 999)),
        _ => {}
    }
    if let Some(class) = word.strip_suffix("xx") {
        let class: i64 = class.parse().map_err(|_| wrong())?;
        return Ok((class * 100, class * 100 + 99));
    }
    let one: i64 = word.parse().map_err(|_| wrong())?;
    Ok((one, one))
}

fn query(c: &Call, d: DirectoryId) -> Result<Query> {
    let names = c.app.log.names();
    let at = |name: &'static str| time(name, c.word(name).map(str::to_owned).as_ref());
    let word = |name: &str| c.word(name).map(str::to_owned);
    Ok(Query {
        since: at("since")?,
        until: at("until")?,
        status: c.word("status").map(statuses).transpose()?,
        method: word("method").map(|m| m.to_ascii_uppercase()),
        resource: word("resource"),
        resource_id: c.read("id")?,
        name_key: c.word("user_name").map(|n| names.user_name(d, n)),
        external_key: c.word("external_id").map(|n| names.external_id(d, n)),
        request: c.read("request")?,
        ignored: c.read::<bool>("ignored")?.unwrap_or(false),
        changes: c.read::<bool>("changes")?.unwrap_or(false),
        before: c.cursor()?,
    })
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<EntryShown>>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let d = c.id("directory")?;
    let (q, limit) = (query(&c, d)?, c.limit()?.min(499));
    written(&c).await;
    let all = log::list(&c.app.store, &p, d, &q, limit + 1).await?;
    let (items, next) = cut(all, limit, |e| e.id.to_string());
    Ok(Shown::page(items.iter().map(Into::into), next))
}

/// Whoever looks sees what was asked before they looked.
pub(super) async fn written(c: &Call) {
    if let Err(e) = c.app.log.flush(&c.app.system()).await {
        tracing::warn!(error = ?e, "the provisioning log cannot be written");
    }
}

pub(super) async fn get(c: Call) -> Result<Shown<EntryWhole>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let e = log::get(&c.app.store, &p, c.id("directory")?, c.id("entry")?).await?;
    let doc = |text: Option<&String>| {
        text.map_or(Value::Null, |t| serde_json::from_str(t).unwrap_or_else(|_| json!(t)))
    };
    Ok(Shown::of(EntryWhole {
        entry: (&e).into(),
        headers: e.headers.0.clone(),
        body: doc(e.body.as_ref()),
        answer: doc(e.answer.as_ref()),
    }))
}

/// How a request is done once more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplayRequest")]
#[schemars(example = json!({ "apply": false }))]
pub(super) struct Again {
    /// For good; without it nothing stays, and the answer says what would.
    #[serde(default)]
    apply: bool,
}

/// What a request came to that was done once more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Replay")]
pub(super) struct ReplayShown {
    /// Whether it stays.
    applied: bool,
    /// The status that the directory would be answered with.
    status: u16,
    scim_type: Option<String>,
    detail: Option<String>,
    /// What became of its operations.
    outcomes: Vec<Ended>,
    /// Which attributes changed.
    changed: Vec<String>,
    resource: Option<String>,
    resource_id: Option<Uuid>,
    /// As it was before; null where there was nothing.
    before: Value,
    /// As it is after; null where there is nothing.
    after: Value,
    /// Where the two differ.
    diff: Vec<Difference>,
}

/// A difference between two documents.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Difference {
    /// Where, as a JSON pointer.
    at: String,
    before: Value,
    after: Value,
}

impl From<Replayed> for ReplayShown {
    fn from(r: Replayed) -> Self {
        let (before, after) = (r.before.unwrap_or_default(), r.after.unwrap_or_default());
        let mut diff = Vec::new();
        differences("", &before, &after, &mut diff);
        let (scim_type, detail) = match r.refused {
            Some(f) => (f.scim_type.map(str::to_owned), Some(f.detail)),
            None => (None, None),
        };
        let ended = |o: &Outcome| Ended {
            outcome: o.word().to_owned(),
            reason: o.reason().map(str::to_owned),
        };
        Self {
            applied: r.applied,
            status: r.status,
            scim_type,
            detail,
            outcomes: r.outcomes.iter().map(ended).collect(),
            changed: r.changed,
            resource: r.resource.map(|(kind, _)| kind.to_owned()),
            resource_id: r.resource.and_then(|(_, id)| id),
            before,
            after,
            diff,
        }
    }
}

/// The places in which two documents differ; when it was changed, and how often, is left out.
fn differences(at: &str, a: &Value, b: &Value, out: &mut Vec<Difference>) {
    if a == b || matches!(at, "/meta/version" | "/meta/lastModified") {
        return;
    }
    let none = Map::new();
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => each(at, a, b, out),
        (Value::Null, Value::Object(b)) if at.is_empty() => each(at, &none, b, out),
        (Value::Object(a), Value::Null) if at.is_empty() => each(at, a, &none, out),
        _ => out.push(Difference { at: at.to_owned(), before: a.clone(), after: b.clone() }),
    }
}

fn each(at: &str, a: &Map<String, Value>, b: &Map<String, Value>, out: &mut Vec<Difference>) {
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for n in names {
        let (x, y) = (a.get(n).unwrap_or(&Value::Null), b.get(n).unwrap_or(&Value::Null));
        let step = n.replace('~', "~0").replace('/', "~1");
        differences(&format!("{at}/{step}"), x, y, out);
    }
}

/// A refusal to do an entry once more, which says of which: whoever has many of them done reads one after the other.
fn called(e: Error, id: LogId) -> Error {
    if e.code_str() != Some("not_kept") {
        return e;
    }
    let named = Error::conflict(format!("entry {id}: {}", e.detail())).code("not_kept");
    match e.attr_str() {
        Some(attr) => named.attr(attr),
        None => named,
    }
}

pub(super) async fn replay(c: With<Again>) -> Result<Shown<ReplayShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let d = c.id("directory")?;
    let (again, id) = (c.json()?, c.id("entry")?);
    let found = log::replayable(&c.app.store, &p, d, id, again.apply).await;
    let entry = found.map_err(|e| called(e, id))?;
    Ok(Shown::of(c.app.replay(p, d, entry, again.apply).await?.into()))
}

/// How a directory's provisioning is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DirectoryHealth")]
pub(super) struct HealthShown {
    /// Whether nothing needs attention.
    ok: bool,
    /// What does.
    alarms: Vec<Alarm>,
    last_request_at: Option<Time>,
    last_success_at: Option<Time>,
    last_error_at: Option<Time>,
    last_error: Option<LastError>,
    /// When somebody last spoke for it and proved nothing.
    last_denied_at: Option<Time>,
    /// Why that was.
    last_denied: Option<String>,
    /// The last hour.
    hour: Counted,
    /// The last day.
    day: Counted,
    /// Hours without a request after which that is an alarm; null: never.
    silence_hours: Option<u64>,
    tokens: Vec<TokenHealth>,
}

/// What was counted.
#[derive(Serialize, JsonSchema)]
pub(super) struct Counted {
    #[serde(flatten)]
    counts: Counts,
    /// Refused of all, from 0 to 1.
    error_rate: f64,
}
impl From<Counts> for Counted {
    fn from(counts: Counts) -> Self {
        let of = f64::from(u32::try_from(counts.requests.max(1)).unwrap_or(u32::MAX));
        let errors = f64::from(u32::try_from(counts.errors).unwrap_or(u32::MAX));
        Self { error_rate: (errors / of * 1000.0).round() / 1000.0, counts }
    }
}

/// A token, as far as health goes.
#[derive(Serialize, JsonSchema)]
pub(super) struct TokenHealth {
    id: crate::id::ScimTokenId,
    /// Its last characters.
    hint: String,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
}

pub(super) async fn health(c: Call) -> Result<Shown<HealthShown>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    written(&c).await;
    let h = health::health(&c.app.store, &p, c.id("directory")?).await?;
    let at = |t: Option<Timestamp>| t.map(Time::from);
    let (error_at, last_error) = h.last_error.unzip();
    let (denied_at, last_denied) = h.last_denied.unzip();
    Ok(Shown::of(HealthShown {
        ok: h.alarms.iter().all(|a| a.level == health::Level::Note),
        alarms: h.alarms,
        last_request_at: at(h.last_request_at),
        last_success_at: at(h.last_success_at),
        last_error_at: at(error_at),
        last_error,
        last_denied_at: at(denied_at),
        last_denied,
        hour: h.hour.into(),
        day: h.day.into(),
        silence_hours: h.silence.map(|s| s.as_secs() / 3600),
        tokens: h
            .tokens
            .iter()
            .map(|t| TokenHealth {
                id: t.id,
                hint: t.hint.clone(),
                expires_at: at(t.expires_at),
                last_used_at: at(t.last_used_at),
            })
            .collect(),
    }))
}
