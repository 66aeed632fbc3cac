//! The audit trail: append, list. Every mutation records its event in its own transaction; personal data stands
//! apart from what is hashed, so that it can be erased without breaking what is proved. What somebody outside wants to hear
//! of goes into the outbox beside it ([`TOLD`]), without the personal part.

mod db;
pub mod views;

use crate::{
    actor::Principal,
    clock::Timestamp,
    crypto,
    error::{Error, Result},
    id::{EventId, RequestId, TenantId},
    outbox,
    store::{J, Scope, Store, Telling, Tx},
};
use serde_json::{Value, json};

/// The topic of what was recorded and somebody wants to hear of: [`Told`].
pub const TOLD: &str = "audit.told";

/// What was recorded, for whoever listens.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// `object.verb`.
    pub action: String,
    /// What it happened to, as `kind:id`.
    pub target: Option<String>,
    /// Facts.
    pub detail: Value,
    /// By whom, as in the trail.
    pub by: String,
    /// In which request; none of the server's own work, which is not asked for.
    pub request: Option<RequestId>,
    /// When.
    pub at: Timestamp,
}

/// What happened, without who and when (the transaction knows those).
#[derive(Debug, Clone)]
pub struct Event {
    action: &'static str,
    target: Option<String>,
    detail: Value,
    personal: Value,
}

impl Event {
    /// `action` is `object.verb`, e.g. `user.disable`.
    pub fn new(action: &'static str) -> Self {
        Self { action, target: None, detail: json!({}), personal: Value::Null }
    }
    /// What it happened to, as `kind:id`.
    #[must_use]
    pub fn target(mut self, kind: &str, id: impl std::fmt::Display) -> Self {
        self.target = Some(format!("{kind}:{id}"));
        self
    }
    /// Facts without personal data: ids, flags, counts, names of permissions.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
    /// Names, e-mail addresses, network addresses.
    #[must_use]
    pub fn personal(mut self, personal: Value) -> Self {
        self.personal = personal;
        self
    }
}

/// Records an event of `tenant` in the running transaction. What a person does in a tenant that is not their own is
/// two rows, one for each tenant.
///
/// # Errors
/// As the store.
pub async fn record(tx: &mut Tx, tenant: TenantId, event: Event) -> Result<()> {
    let home = match tx.actor().principal() {
        Principal::User { home, .. } if *home != tenant && tenant != TenantId::PLATFORM => {
            Some(*home)
        }
        _ => None,
    };
    append(tx, tenant, None, &event).await?;
    if let Some(home) = home {
        append(tx, home, Some(tenant), &event).await?;
    }
    tx.mark_audited();
    tell(tx, tenant, event).await
}

async fn tell(tx: &mut Tx, tenant: TenantId, e: Event) -> Result<()> {
    let telling = tx.wanted(tenant, e.action);
    if telling == Telling::No {
        return Ok(());
    }
    let told = Told {
        action: e.action.to_owned(),
        target: e.target,
        detail: e.detail,
        by: tx.actor().label(),
        request: tx.actor().asked(),
        at: tx.now(),
    };
    let told = serde_json::to_value(told).map_err(Error::internal)?;
    match telling {
        Telling::AtOnce => outbox::push(tx, tenant, TOLD, &told).await.map(drop),
        Telling::Later => outbox::push_patient(tx, tenant, TOLD, &told).await.map(drop),
        Telling::No => Ok(()),
    }
}

async fn append(tx: &mut Tx, tenant: TenantId, acting: Option<TenantId>, e: &Event) -> Result<()> {
    let id = EventId::new();
    let (salt, commitment) = match &e.personal {
        Value::Null => (String::new(), String::new()),
        p => {
            let salt = crypto::random_b64(16);
            let sum = crypto::sha256_hex(format!("{salt}.{p}"));
            (salt, sum)
        }
    };
    let actor = tx.actor().label();
    // serde_json keeps the members of an object sorted, so the text is canonical.
    let digest = crypto::sha256_hex(
        json!([
            tenant,
            id,
            tx.now(),
            e.action,
            actor,
            acting,
            e.target,
            tx.actor().request(),
            e.detail,
            commitment
        ])
        .to_string(),
    );
    db::insert(
        tx,
        &db::NewRow {
            tenant,
            id,
            action: e.action,
            actor,
            acting,
            target: e.target.as_deref(),
            detail: J(&e.detail),
            commitment,
            digest,
        },
    )
    .await?;
    if !e.personal.is_null() {
        db::insert_personal(tx, tenant, id, &salt, &J(&e.personal)).await?;
    }
    Ok(())
}

/// One event as it is shown.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "AuditEvent")]
pub struct Entry {
    /// The event.
    pub id: EventId,
    /// When, RFC 3339.
    pub at: String,
    /// `object.verb`.
    pub action: String,
    /// Who: `user:<id>`, `directory:<id>`, `owner`, `system:<what>`.
    pub actor: String,
    /// The tenant acted in, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acting_tenant: Option<TenantId>,
    /// What it happened to.
    pub target: Option<String>,
    /// Facts.
    pub detail: Value,
    /// Names and addresses, unless they were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal: Option<Value>,
    /// SHA-256 over the event, the personal part by its salted commitment.
    pub digest: String,
}

/// Which actions: one, or all that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action(String, String);

impl Action {
    /// Reads `user.disable`, or `user.*` for all that begin with `user.`.
    pub fn parse(text: &str) -> Option<Self> {
        let (word, all) = text.strip_suffix('*').map_or((text, false), |word| (word, true));
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_');
        if word.is_empty() || word.len() > 100 || !word.bytes().all(fits) {
            return None;
        }
        // After every letter that an action has.
        let most = if all { format!("{word}~") } else { word.to_owned() };
        Some(Self(word.to_owned(), most))
    }
}

/// What is wanted of a trail.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Only these actions.
    pub action: Option<Action>,
    /// Only by this actor ([`crate::actor::Actor::label`]).
    pub actor: Option<String>,
    /// Only what happened to this, `kind:id`.
    pub target: Option<String>,
    /// Before this one (where the page before ended).
    pub before: Option<(Timestamp, EventId)>,
}

/// A page of a trail.
#[derive(Debug)]
pub struct Found {
    /// Newest first. There may be fewer than were wanted, or none, although more follow.
    pub items: Vec<Entry>,
    /// Where the next page begins, if there may be one.
    pub next: Option<(Timestamp, EventId)>,
}

/// So many events are looked at for one page of what is rare among them, whatever the trail's length.
const EXAMINED: i64 = 3_000;

/// Events of one tenant ([`TenantId::PLATFORM`]: of the instance), newest first. The caller holds the permit; `t` is what
/// it yields.
///
/// # Errors
/// As the store.
pub async fn list(store: &Store, t: TenantId, q: &Query, limit: u32) -> Result<Found> {
    let mut c = store
        .scan(if t == TenantId::PLATFORM { Scope::Platform } else { Scope::Tenant(t) })
        .await?;
    let first = EventId(uuid::Uuid::nil());
    let end = (Timestamp(i64::MAX), EventId(uuid::Uuid::max()));
    let to = q.until.map_or(end, |u| (u, first)).min(q.before.unwrap_or(end));
    let mut from = (q.since.unwrap_or(Timestamp(i64::MIN)), first);
    // Of one thing, and of whoever acts, there is an index; what is wanted of it beside that is looked for in order.
    let mut floor = None;
    if q.action.is_some() || (q.target.is_some() && q.actor.is_some()) {
        floor = db::nth(&mut c, t, (from, to), q, EXAMINED).await?.map(|f| (f.at, f.id));
        from = floor.unwrap_or(from);
    }
    let limit = limit.clamp(1, 500);
    let mut rows = db::page(&mut c, t, (from, to), q, i64::from(limit) + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = if more { rows.last().map(|r| (r.at, r.id)) } else { floor };
    let items = rows.into_iter().map(|r| Entry {
        id: r.id,
        at: r.at.rfc3339(),
        action: r.action,
        actor: r.actor,
        acting_tenant: r.acting_tenant,
        target: r.target,
        detail: r.detail.0,
        personal: r.personal.map(|p| p.0),
        digest: r.digest,
    });
    Ok(Found { items: items.collect(), next })
}

/// Erases some of the personal data in the trail of a tenant that is deleted; what happened stays, and can be proved.
///
/// # Errors
/// As the store.
pub async fn forget(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::forget(tx, t, n).await
}
