//! What is remembered of people who are gone: that a person deleted them, so that their directory does not bring them
//! again without a decision; or that they were switched off by hand when their directory deleted them, so that they come
//! back switched off. A directory that asks for somebody keeps the memory alive.

mod db;

use super::User;
use crate::{
    access::{
        Permit,
        perm::{UsersAdd, UsersView},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto,
    error::{Error, Result},
    id::{DirectoryId, TenantId, TombstoneId, UserId},
    row,
    store::{Conn, Cx, Lock, Scope, Store, Tx},
    text, tx,
};
use std::time::Duration;

/// That a directory asked for somebody is written down at most so often.
const NOTED: Duration = Duration::from_secs(24 * 3600);

/// Why somebody is remembered.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[schemars(rename = "TombstoneReason")]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Deleted by hand: not created again without a decision.
    Deleted,
    /// Deleted by their directory while they were switched off by hand: created again, they are switched off.
    Disabled,
}
impl Why {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Disabled => "disabled",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "deleted" => Some(Self::Deleted),
            "disabled" => Some(Self::Disabled),
            _ => None,
        }
    }
}
crate::enum_column!(Why);

row! {
    /// What is remembered of somebody.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Tombstone {
        /// Whose they were.
        pub tenant_id: TenantId,
        /// Its own id.
        pub id: TombstoneId,
        /// The directory that had them.
        pub directory_id: DirectoryId,
        /// Why.
        pub why: Why,
        /// The id they had.
        pub user_id: UserId,
        /// The name they had.
        pub user_name: String,
        /// What the directory called them.
        pub external_id: Option<String>,
        /// Who did it ([`crate::actor::Actor::label`]).
        pub made_by: String,
        /// When.
        pub created_at: Timestamp,
        /// When the directory last asked for them, to a day.
        pub asked_at: Timestamp,
    }
}

/// Whoever brings somebody so called, or remembers something of whoever was, holds this: a statement that waited for the
/// name sees what was so before it waited, and not what was remembered meanwhile.
pub(super) fn lock(d: DirectoryId, name: &str) -> Lock {
    Lock::Named(format!("name {d} {}", crypto::sha256_hex(text::fold(name))))
}

/// Remembers somebody who is being deleted; nothing of one whom no directory had. Call it before the name is free.
pub(super) async fn remember(tx: &mut Tx, was: &User, why: Why) -> Result<()> {
    let Some(d) = was.directory_id else { return Ok(()) };
    tx.lock(lock(d, &was.user_name)).await?;
    let by = tx.actor().label();
    db::insert(tx, TombstoneId::new(), d, was, why, &by).await?;
    Ok(())
}

/// Whom of this name or id a person deleted.
pub(super) async fn of(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    name: &str,
    external_id: Option<&str>,
) -> Result<Option<Tombstone>> {
    let found = db::of(c, t, d, name, external_id).await?;
    Ok(found.into_iter().find(|b| b.why == Why::Deleted))
}

/// What another name or id of a person means by what is remembered, with the name's lock: `Err` if somebody so called was
/// deleted by hand, `true` if the person is now one who was switched off. `newly`: the id, if they did not carry it before;
/// then somebody who carries it as well and is off counts, too.
pub(super) async fn becomes(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    name: &str,
    external_id: Option<&str>,
    newly: Option<&str>,
) -> Result<bool> {
    tx.lock(lock(d, name)).await?;
    let found = db::of(tx, t, d, name, external_id).await?;
    match found.first() {
        Some(b) if b.why == Why::Deleted => Err(refusal(name, b)),
        Some(_) => {
            db::settle(tx, t, d, name, external_id).await?;
            Ok(true)
        }
        None => match newly {
            Some(id) => db::is_off(tx, t, d, id).await,
            None => Ok(false),
        },
    }
}

/// Who else carries the id of somebody who is switched off by hand and is about to leave it, and is on: each under their
/// lock, which is taken before those of names and of administrators.
pub(super) async fn alike(tx: &mut Tx, was: &User) -> Result<Vec<UserId>> {
    let (Some(d), Some(id), false) = (was.directory_id, &was.external_id, was.enabled) else {
        return Ok(Vec::new());
    };
    let others = db::alike(tx, was.tenant_id, d, id, was.id).await?;
    for other in &others {
        tx.lock(Lock::User(*other)).await?;
    }
    Ok(others)
}

/// Notes that the directory still asks for somebody who was deleted by hand.
pub(super) async fn asked(tx: &mut Tx, b: &Tombstone) -> Result<()> {
    tx.unaudited("when a directory last asked is bookkeeping");
    if tx.now().minus(NOTED) > b.asked_at {
        db::asked(tx, b.tenant_id, b.id).await?;
    }
    Ok(())
}

/// Somebody came back switched off: the person themselves carries it from now on, by the name and the id that are theirs.
/// What they do not carry of whoever is remembered stays remembered: it would be a way back.
pub(super) async fn settle(tx: &mut Tx, t: TenantId, d: DirectoryId, u: &User) -> Result<()> {
    db::settle(tx, t, d, &u.user_name, u.external_id.as_deref()).await?;
    Ok(())
}

/// Forgets that somebody was switched off, under whatever name: they were switched on by hand.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, id: UserId) -> Result<()> {
    db::forget(tx, t, id).await?;
    Ok(())
}

/// How a directory is told, and what its administrator can do.
pub(super) fn refusal(name: &str, b: &Tombstone) -> Error {
    let by_name = text::fold(name) == text::fold(&b.user_name);
    let (attr, value) = match b.external_id.as_deref().filter(|_| !by_name) {
        Some(id) => ("externalId", id),
        None => ("userName", name),
    };
    let text = format!(
        "{attr} '{}' is a person whom an administrator deleted here on {}; they are not created again until an \
         administrator allows it: muster tombstone lift {} {}",
        text::excerpt(value),
        b.created_at.rfc3339(),
        b.tenant_id,
        b.id
    );
    Error::conflict(text).code(super::arrival::DELETED).attr(attr)
}

/// What is remembered in the tenant, newest first, after `after`.
///
/// # Errors
/// The database's.
pub async fn list(
    store: &Store,
    p: &Permit<UsersView>,
    after: Option<TombstoneId>,
    limit: u32,
) -> Result<Vec<Tombstone>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::list(&mut c, p.tenant(), after, i64::from(limit)).await
}

/// Forgets: the directory may bring the person again, as anybody else.
///
/// # Errors
/// `NotFound`.
pub async fn lift(store: &Store, p: &Permit<UsersAdd>, id: TombstoneId) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx(), [], |tx| {
        let was = db::delete(tx, t, id).await?;
        let was = was.ok_or_else(|| Error::not_found("tombstone"))?;
        let event = Event::new("tombstone.lift").target("user", was.user_id);
        let event = event
            .detail(serde_json::json!({ "directory": was.directory_id, "why": was.why.as_str() }))
            .personal(serde_json::json!({ "user_name": was.user_name }));
        audit::record(tx, t, event).await
    })
}

/// Forgets those whom their directories have not asked for since `before`.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx, before: Timestamp) -> Result<u64> {
    let mut c = store.read(cx.scope).await?;
    if !db::any_before(&mut c, before).await? {
        return Ok(0);
    }
    drop(c);
    tx!(store, cx, [], |tx| {
        tx.unaudited("what is remembered of people expires");
        db::sweep(tx, before).await
    })
}
