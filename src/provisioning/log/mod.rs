//! The provisioning log: what a directory asked by SCIM and was answered, as far as its settings let it be kept. The
//! voice hands an [`Entry`] over and goes on ([`Recorder`]); one writer redacts and inserts, many at a time. Here is also
//! how it is read, and what a replay needs. Knows no HTTP.

mod db;
mod record;
pub mod redact;
mod row;
mod terms;

pub use db::OfADay;
pub use record::{Make, Recorder};
pub use row::{Row, of as row};

use super::health;
use crate::{
    access::{
        Access, Permit,
        perm::{SystemEditSettings, SystemViewLogs},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto::seal::MasterKey,
    directories::{self, Logging},
    error::{Error, Result},
    id::{DirectoryId, LogId, RequestId, TenantId},
    protocol::scim::Outcome,
    row,
    store::{Cx, J, Scope, Store, Tx},
    tx,
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A body larger than this is not kept, nor an answer.
pub const MOST: usize = 64 * 1024;

/// A request and its answer, as the voice saw them.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose.
    pub tenant: TenantId,
    /// Which directory's.
    pub directory: DirectoryId,
    /// When it came.
    pub at: Timestamp,
    /// Its id in logs and audit events.
    pub request: RequestId,
    /// The method.
    pub method: String,
    /// The address below the base.
    pub path: String,
    /// The query as it was sent.
    pub query: Option<String>,
    /// Of its headers those that mean something: `content-type`, `if-match`, `if-none-match`.
    pub headers: Vec<(&'static str, String)>,
    /// What the client calls itself.
    pub agent: Option<String>,
    /// The body.
    pub body: Bytes,
    /// The status of the answer; `None`: the client went away before.
    pub status: Option<u16>,
    /// The answer's document, where it was one piece.
    pub answer: Option<Bytes>,
    /// Why it was refused.
    pub refused: Option<Refusal>,
    /// What became of its operations.
    pub outcomes: Vec<Outcome>,
    /// Which attributes changed.
    pub changed: Vec<String>,
    /// What it was about: `User`, `Group`, and which.
    pub resource: Option<(&'static str, Option<Uuid>)>,
    /// How long it took.
    pub took: Duration,
    /// What the directory lets be kept.
    pub log: Logging,
    /// The entry that this request is a replay of.
    pub replay_of: Option<LogId>,
}

/// A refusal.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// SCIM's word, where it has one.
    pub scim_type: Option<&'static str>,
    /// What the client was told.
    pub detail: String,
}

row! {
    /// An entry as it is kept.
    #[derive(Debug, Clone)]
    pub struct Logged {
        /// Its id, which tells the time.
        pub id: LogId,
        /// When the request came.
        pub at: Timestamp,
        /// The request's id, as in audit events.
        pub request: RequestId,
        /// The method; empty where entries are missing.
        pub method: String,
        /// The address below the base.
        pub path: String,
        /// The query.
        pub query: Option<String>,
        /// The status; none: the client went away before it was answered.
        pub status: Option<i64>,
        /// Why it was refused, in SCIM's words.
        pub scim_type: Option<String>,
        /// Why it was refused.
        pub detail: Option<String>,
        /// What it was about.
        pub resource: Option<String>,
        /// Which one.
        pub resource_id: Option<Uuid>,
        /// What became of its operations.
        pub outcomes: J<Vec<Ended>>,
        /// Whether some of it was ignored.
        pub ignored: bool,
        /// Which attributes changed.
        pub changed: J<Vec<String>>,
        /// What of the bodies is kept.
        pub kept: Kept,
        /// Headers that mean something.
        pub headers: J<Value>,
        /// What the client calls itself.
        pub agent: Option<String>,
        /// Microseconds.
        pub took: i64,
        /// The entry that this was a replay of.
        pub replay_of: Option<LogId>,
        /// How many entries are missing here.
        pub lost: i64,
        /// The body.
        pub body: Option<String>,
        /// The answer.
        pub answer: Option<String>,
    }
}

/// What became of an operation.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[schemars(rename = "OperationOutcome")]
pub struct Ended {
    /// `applied`, `no-op`, `ignored`, `parked`.
    pub outcome: String,
    /// Why it was not simply done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// What is kept of the bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "KeptBodies")]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// All but secrets.
    Full,
    /// The structure.
    Redacted,
    /// Nothing, by the directory's settings.
    Off,
    /// Nothing: it was too large.
    Large,
    /// Nothing: it was no JSON, and what cannot be read cannot be cleaned.
    Unreadable,
    /// There was none.
    None,
}
impl Kept {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Redacted => "redacted",
            Self::Off => "off",
            Self::Large => "large",
            Self::Unreadable => "unreadable",
            Self::None => "none",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        [Self::Full, Self::Redacted, Self::Off, Self::Large, Self::Unreadable, Self::None]
            .into_iter()
            .find(|k| k.as_str() == s)
    }
}
crate::enum_column!(Kept);

/// What of a log is wanted.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// With a status from the one to the other.
    pub status: Option<(i64, i64)>,
    /// By this method.
    pub method: Option<String>,
    /// About `User` or `Group`.
    pub resource: Option<String>,
    /// About this one.
    pub resource_id: Option<Uuid>,
    /// About who has this name; [`Names::user_name`] makes it.
    pub name_key: Option<String>,
    /// About what has this id of the directory's; [`Names::external_id`] makes it.
    pub external_key: Option<String>,
    /// This request.
    pub request: Option<RequestId>,
    /// Only where something was ignored.
    pub ignored: bool,
    /// Only where something changed.
    pub changes: bool,
    /// Before this entry: the last of the page before.
    pub before: Option<LogId>,
}

/// How names are looked for that are not written down.
#[derive(Clone)]
pub struct Names(MasterKey);
impl Names {
    /// By the instance's key.
    pub fn new(master: &MasterKey) -> Self {
        Self(master.clone())
    }
    /// Of a `userName`, in any case.
    pub fn user_name(&self, d: DirectoryId, name: &str) -> String {
        self.0.tag(&format!("provisioning_log.name_key.{d}"), &crate::text::fold(name.trim()))
    }
    /// Of an `externalId`.
    pub fn external_id(&self, d: DirectoryId, id: &str) -> String {
        self.0.tag(&format!("provisioning_log.external_key.{d}"), id)
    }
}

async fn exists<P>(store: &Store, p: &Permit<P>, d: DirectoryId) -> Result<crate::store::Conn> {
    let mut c = store.scan(Scope::Tenant(p.tenant())).await?;
    let found = directories::find(&mut c, p.tenant(), d).await?;
    found.map(|_| c).ok_or_else(|| Error::not_found(format!("directory {d}")))
}

/// A directory's entries, newest first, without bodies.
///
/// # Errors
/// `NotFound` for a directory that is not the tenant's.
pub async fn list(
    store: &Store,
    p: &Permit<SystemViewLogs>,
    d: DirectoryId,
    q: &Query,
    limit: u32,
) -> Result<Vec<Logged>> {
    let mut c = exists(store, p, d).await?;
    db::list(&mut c, p.tenant(), d, q, i64::from(limit)).await
}

/// How many requests of the tenant's directories were answered how, day by day in UTC, from the first moment on and before the
/// second, as far as their logs go back.
///
/// # Errors
/// The database's.
pub async fn by_day(
    store: &Store,
    p: &Permit<SystemViewLogs>,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<OfADay>> {
    let mut c = store.scan(Scope::Tenant(p.tenant())).await?;
    let days = (LogId::first(from), LogId::first(to));
    db::by_day(&mut c, p.tenant(), days, Timestamp::DAY).await
}

/// One entry, with what is kept of its bodies.
///
/// # Errors
/// `NotFound`.
pub async fn get(
    store: &Store,
    p: &Permit<SystemViewLogs>,
    d: DirectoryId,
    id: LogId,
) -> Result<Logged> {
    find(store, p, d, id).await
}

async fn find<P>(store: &Store, p: &Permit<P>, d: DirectoryId, id: LogId) -> Result<Logged> {
    let mut c = exists(store, p, d).await?;
    let found = db::get(&mut c, p.tenant(), d, id).await?;
    found.ok_or_else(|| Error::not_found(format!("entry {id}")))
}

/// An entry that can be replayed; `apply`: for good, which takes every value as it was sent.
///
/// # Errors
/// `NotFound`; `Conflict` (code `not_kept`) saying which setting would have kept what is missing, or which attribute was
/// taken out.
pub async fn replayable(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    d: DirectoryId,
    id: LogId,
    apply: bool,
) -> Result<Logged> {
    let e = find(store, p, d, id).await?;
    row::whole(&e, apply)?;
    Ok(e)
}

/// Says in the audit trail that a request is done once more, and which. Whoever has it done acts as the directory, so that
/// they must hold what its people hold.
///
/// # Errors
/// `Forbidden` beyond the caller's own rights.
pub async fn replaying(
    store: &Store,
    access: &Access,
    p: &Permit<SystemEditSettings>,
    d: DirectoryId,
    e: &Logged,
) -> Result<()> {
    let t = p.tenant();
    let detail = json!({
        "entry": e.id, "request": e.request, "method": e.method, "resource": e.resource, "id": e.resource_id,
    });
    let entrusted = access.entrusted(p.actor(), (t, d), None).await?;
    tx!(store, &p.cx(), [detail, access, entrusted], |tx| {
        entrusted.check(&access, tx).await?;
        let event = Event::new("provisioning.replay").target("directory", d).detail(detail.clone());
        audit::record(tx, t, event).await
    })
}

/// What a replayed request came to.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Whether it stays.
    pub applied: bool,
    /// The status.
    pub status: u16,
    /// Why it was refused.
    pub refused: Option<Refusal>,
    /// What became of its operations.
    pub outcomes: Vec<Outcome>,
    /// Which attributes changed.
    pub changed: Vec<String>,
    /// What it is about.
    pub resource: Option<(&'static str, Option<Uuid>)>,
    /// As it was before, where there was one.
    pub before: Option<Value>,
    /// As it is after.
    pub after: Option<Value>,
}

/// Rows that go in one transaction.
const PIECE: i64 = 1000;

/// What may still be written of a request that was answered: so much before the last sweep is looked at again.
const LATE: Duration = Duration::from_secs(600);

/// Deletes what is older than directories want, or more than they want, and all of directories that are gone. A
/// directory of which nothing is old, and which neither asked nor was changed since `last`, the beginning of the last
/// whole sweep, costs a row of a page.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx, last: Option<Timestamp>) -> Result<u64> {
    let mut after = (TenantId(Uuid::nil()), DirectoryId(Uuid::nil()));
    let mut swept = 0;
    let last = last.map(|l| l.minus(LATE));
    loop {
        let mut c = store.scan(Scope::Platform).await?;
        let page = db::places(&mut c, after, 200).await?;
        drop(c);
        let Some(end) = page.last() else { return Ok(swept) };
        after = (end.tenant_id, end.directory_id);
        for place in page {
            swept += sweep_one(store, cx, &place, last).await?;
        }
    }
}

async fn sweep_one(
    store: &Store,
    cx: &Cx,
    place: &db::Place,
    last: Option<Timestamp>,
) -> Result<u64> {
    let (t, d) = (place.tenant_id, place.directory_id);
    let Some(J(p)) = &place.provisioning else {
        let swept = forget_before(store, cx, (t, d), LogId(Uuid::max())).await?;
        health::sweep(store, cx, (t, d), true).await?;
        return Ok(swept);
    };
    let now = store.clock().now();
    let days = Duration::from_secs(u64::from(p.log.days) * 24 * 3600);
    let mut end = LogId::first(now.minus(days));
    let since = |at: Option<Timestamp>| last.is_none_or(|l| at.is_some_and(|at| at >= l));
    if place.oldest.is_some() && (since(place.last_request_at) || since(place.updated_at)) {
        let mut c = store.scan(Scope::Tenant(t)).await?;
        // The oldest that stays.
        let many = db::nth(&mut c, t, d, i64::from(p.log.most) - 1).await?;
        end = many.map_or(end, |m| m.max(end));
    }
    let mut swept = 0;
    if place.oldest.is_some_and(|o| o < end) {
        swept = forget_before(store, cx, (t, d), end).await?;
    }
    if place.counted.is_some_and(|slot| health::over(slot, now)) {
        health::sweep(store, cx, (t, d), false).await?;
    }
    Ok(swept)
}

async fn forget_before(
    store: &Store,
    cx: &Cx,
    (t, d): (TenantId, DirectoryId),
    end: LogId,
) -> Result<u64> {
    let mut swept = 0;
    loop {
        let n = tx!(store, cx, [], |tx| {
            tx.unaudited("entries of a log expire");
            db::sweep(tx, t, d, end, PIECE).await
        })?;
        swept += n;
        if n < PIECE.unsigned_abs() {
            return Ok(swept);
        }
    }
}

/// Deletes all that is kept of a directory which goes away.
pub(super) async fn forget(store: &Store, cx: &Cx, t: TenantId, d: DirectoryId) -> Result<()> {
    forget_before(store, cx, (t, d), LogId(Uuid::max())).await?;
    health::sweep(store, cx, (t, d), true).await
}

/// Removes some entries of a tenant that is deleted.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}
