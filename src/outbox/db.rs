//! The outbox's SQL. Messages are taken by their state, never by "id after the last one": one that was written early
//! and committed late is found when it is there, and holds up nobody until then.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{MessageId, TenantId},
    row, some_rows, sql,
    store::{Conn, J, List, Tx},
};
use serde_json::Value;

pub(super) async fn insert(
    tx: &mut Tx,
    id: MessageId,
    tenant: TenantId,
    topic: &'static str,
    payload: &J<&Value>,
    rank: i64,
) -> Result<()> {
    let now = tx.now();
    sql!(tx, exec, {
        lite: "INSERT INTO outbox (id, tenant_id, topic, payload, tx, created_at, not_before, attempts, rank)
               VALUES ($1, $2, $3, $4, 0, $5, $5, 0, $6)",
        pg: "INSERT INTO outbox (id, tenant_id, topic, payload, tx, created_at, not_before, attempts, rank)
             VALUES ($1, $2, $3, $4, pg_current_xact_id()::text::bigint, $5, $5, 0, $6)",
    }, id, tenant, topic, *payload, now, rank)?;
    Ok(())
}

/// Whether anything of this rank or before it is due.
pub(super) async fn any_due(c: &mut Conn, now: Timestamp, rank: i64) -> Result<bool> {
    let row = sql!(
        c,
        opt<i64>,
        "SELECT /* platform: worker */ attempts FROM outbox
         WHERE done_at IS NULL AND dead_at IS NULL AND not_before <= $1
           AND rank <= $2 AND (leased_until IS NULL OR leased_until <= $1) LIMIT 1",
        now,
        rank
    )?;
    Ok(row.is_some())
}

row! {
    pub(super) struct Taken {
        pub id: MessageId,
        pub tenant_id: TenantId,
        pub topic: String,
        pub payload: J<Value>,
        pub attempts: i64,
        pub leased_until: Timestamp,
        pub rank: i64,
    }
}

/// Leases what is due, of this rank or before it; of several ranks the first.
pub(super) async fn take(
    tx: &mut Tx,
    until: Timestamp,
    limit: i64,
    rank: i64,
) -> Result<Vec<Taken>> {
    let now = tx.now();
    sql!(tx, all<Taken>, {
        lite: "UPDATE outbox /* platform: worker */ SET leased_until = $2
               WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND dead_at IS NULL AND not_before <= $1
                              AND rank <= $4 AND (leased_until IS NULL OR leased_until <= $1)
                            ORDER BY rank, not_before LIMIT $3)
               RETURNING id, tenant_id, topic, payload, attempts, leased_until, rank",
        pg: "UPDATE outbox /* platform: worker */ SET leased_until = $2
             WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND dead_at IS NULL AND not_before <= $1
                            AND rank <= $4 AND (leased_until IS NULL OR leased_until <= $1)
                          ORDER BY rank, not_before LIMIT $3 FOR UPDATE SKIP LOCKED)
             RETURNING id, tenant_id, topic, payload, attempts, leased_until, rank",
    }, now, until, limit, rank)
}

/// Delivered, whoever holds it by now.
pub(super) async fn done(tx: &mut Tx, id: MessageId) -> Result<u64> {
    let now = tx.now();
    sql!(tx, exec,
        "UPDATE outbox /* platform: worker */ SET done_at = $2, attempts = attempts + 1, last_error = NULL
         WHERE id = $1", id, now)
}

/// Not delivered; only for whoever still holds it by this lease.
pub(super) async fn later(
    tx: &mut Tx,
    id: MessageId,
    lease: Timestamp,
    at: Timestamp,
    error: &str,
) -> Result<u64> {
    sql!(tx, exec,
        "UPDATE outbox /* platform: worker */ SET not_before = $2, attempts = attempts + 1, leased_until = NULL,
                last_error = $3
         WHERE id = $1 AND leased_until = $4 AND done_at IS NULL", id, at, error, lease)
}

/// Given up; only for whoever still holds it by this lease.
pub(super) async fn dead(tx: &mut Tx, id: MessageId, lease: Timestamp, error: &str) -> Result<u64> {
    let now = tx.now();
    sql!(tx, exec,
        "UPDATE outbox /* platform: worker */ SET dead_at = $2, attempts = attempts + 1, last_error = $3
         WHERE id = $1 AND leased_until = $4 AND done_at IS NULL", id, now, error, lease)
}

/// Only of those that were given up.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, id: MessageId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM outbox WHERE tenant_id = $1 AND id = $2 AND dead_at IS NOT NULL",
        t,
        id
    )
}

pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM outbox /* platform: worker, scan: daily */ WHERE done_at < $1",
        before
    )
}

/// Some of the messages of a tenant that leaves.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("outbox", "id"), t, n)
}

row! {
    /// A letter that has not left.
    #[derive(Debug, Clone)]
    pub struct Unsent {
        /// The message.
        pub id: MessageId,
        /// What it is about.
        pub topic: String,
        /// Since when it waits.
        pub created_at: Timestamp,
        /// How often it was tried.
        pub attempts: i64,
        /// When it is tried again, unless it was given up.
        pub not_before: Timestamp,
        /// When it was given up.
        pub dead_at: Option<Timestamp>,
        /// What the last try came to.
        pub last_error: Option<String>,
    }
}

/// The letters of a tenant that wait or were given up, newest first.
pub(super) async fn letters(
    c: &mut Conn,
    t: TenantId,
    before: Option<MessageId>,
    limit: i64,
) -> Result<Vec<Unsent>> {
    let before = before.unwrap_or(MessageId(uuid::Uuid::max()));
    sql!(
        c,
        all<Unsent>,
        "SELECT id, topic, created_at, attempts, not_before, dead_at, last_error
         FROM outbox WHERE tenant_id = $1 AND done_at IS NULL AND id < $2
           AND (topic LIKE '%.mail' OR topic = 'provisioning.health')
         ORDER BY id DESC LIMIT $3",
        t,
        before,
        limit
    )
}

/// A letter that has not left.
pub(super) async fn letter(c: &mut Conn, t: TenantId, id: MessageId) -> Result<Option<Unsent>> {
    sql!(
        c,
        opt<Unsent>,
        "SELECT id, topic, created_at, attempts, not_before, dead_at, last_error FROM outbox
         WHERE tenant_id = $1 AND id = $2 AND done_at IS NULL
           AND (topic LIKE '%.mail' OR topic = 'provisioning.health')",
        t,
        id
    )
}

/// Due now, with its attempts again, so that no hand takes from them; what was given up only where `anew`, and nothing that is
/// under way.
pub(super) async fn hurry(tx: &mut Tx, t: TenantId, id: MessageId, anew: bool) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE outbox SET not_before = $3, dead_at = NULL,
                attempts = CASE WHEN dead_at IS NULL AND attempts > 0 THEN 1 ELSE 0 END, leased_until = NULL
         WHERE tenant_id = $1 AND id = $2 AND done_at IS NULL
           AND ((dead_at IS NULL AND (leased_until IS NULL OR leased_until <= $3)) OR (dead_at IS NOT NULL AND $4))",
        t,
        id,
        now,
        anew
    )
}

/// How many of a tenant's messages nobody has tried to deliver yet.
pub(super) async fn untried(c: &mut Conn, t: TenantId, topics: &List) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND done_at IS NULL AND dead_at IS NULL AND attempts = 0
           AND topic IN (SELECT value FROM rarray($2)) /* scan: of what waits, which is little */",
        t,
        *topics
    )
}
