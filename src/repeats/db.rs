//! SQL of requests under a key.

use super::RUNNING;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{RequestId, TenantId},
    row, sql,
    store::{Conn, Tx},
};

pub(super) struct New<'a> {
    pub id: &'a str,
    pub fingerprint: &'a str,
    pub claim: RequestId,
    pub tenant: TenantId,
    pub home: TenantId,
}

/// Takes a key: one that nobody used since `old`, or whose request was cut short before it did anything. Says whether it
/// was taken.
pub(super) async fn claim(tx: &mut Tx, new: &New<'_>, old: Timestamp) -> Result<bool> {
    let (now, until) = (tx.now(), tx.now().plus(RUNNING));
    let n = sql!(
        tx,
        exec,
        "INSERT INTO repeats (id, fingerprint, claim, tenant, home, created_at, until)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET fingerprint = $2, claim = $3, created_at = $6, until = $7, done_at = NULL,
                                        answer = NULL
         WHERE repeats.created_at <= $8
            OR (repeats.done_at IS NULL AND repeats.answer IS NULL AND repeats.until <= $6)",
        new.id,
        new.fingerprint,
        new.claim,
        new.tenant,
        new.home,
        now,
        until,
        old
    )?;
    Ok(n > 0)
}

row! {
    /// What is known of a key that is taken.
    pub(super) struct Taken {
        pub fingerprint: String,
        pub until: Timestamp,
        pub answer: Option<String>,
    }
}

pub(super) async fn taken(c: &mut Conn, id: &str) -> Result<Option<Taken>> {
    sql!(c, opt<Taken>, "SELECT fingerprint, until, answer FROM repeats WHERE id = $1", id)
}

/// With the transaction that does it: of whoever still has the key.
pub(super) async fn done(tx: &mut Tx, claim: RequestId) -> Result<()> {
    let now = tx.now();
    // Whoever goes on is under way, however long all of it takes.
    let until = now.plus(super::RUNNING);
    sql!(
        tx,
        later_one,
        "UPDATE repeats SET done_at = $2, until = $3 WHERE claim = $1",
        claim,
        now,
        until
    )
}

pub(super) async fn answered(tx: &mut Tx, claim: RequestId, answer: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE repeats SET answer = $2, done_at = coalesce(done_at, $3) WHERE claim = $1",
        claim,
        answer,
        now
    )
}

/// No answer will come: nobody waits for it any longer.
pub(super) async fn lost(tx: &mut Tx, claim: RequestId) -> Result<u64> {
    let now = tx.now();
    sql!(tx, exec, "UPDATE repeats SET until = $2 WHERE claim = $1", claim, now)
}

/// Unless something was done.
pub(super) async fn release(tx: &mut Tx, claim: RequestId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM repeats WHERE claim = $1 AND done_at IS NULL", claim)
}

pub(super) async fn sweep(tx: &mut Tx, old: Timestamp) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM repeats WHERE created_at <= $1", old)
}

/// Of a tenant and of its people.
pub(super) async fn forget(tx: &mut Tx, t: TenantId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM repeats WHERE tenant = $1 OR home = $1", t)
}
