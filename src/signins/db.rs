//! SQL of the flight recorder.

use super::{Attempt, Outcome};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, SigninId, TenantId, UserId},
    some_rows, sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

/// The columns of a row to be written that are not the transaction's.
pub struct NewRow<'a> {
    pub id: SigninId,
    pub reference: &'a str,
    pub directory: Option<DirectoryId>,
    pub user: Option<UserId>,
    pub outcome: Outcome,
    pub reason: Option<&'a str>,
    pub detail: J<&'a Value>,
}

pub async fn insert(tx: &mut Tx, t: TenantId, r: &NewRow<'_>) -> Result<()> {
    let now: Timestamp = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO signins (tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        t,
        r.id,
        r.reference,
        now,
        r.directory,
        r.user,
        r.outcome,
        r.reason,
        r.detail
    )?;
    Ok(())
}

pub async fn by_reference(c: &mut Conn, reference: &str) -> Result<Option<Attempt>> {
    sql!(
        c,
        opt<Attempt>,
        "/* platform: whose attempt it was is what the reference tells */
         SELECT tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail
         FROM signins WHERE reference = $1",
        reference
    )
}

/// Newest first, before `before`; only refusals and failures where `bad` says so.
pub async fn list(
    c: &mut Conn,
    t: TenantId,
    user: Option<UserId>,
    bad: bool,
    before: SigninId,
    limit: i64,
) -> Result<Vec<Attempt>> {
    let every = user.is_none();
    sql!(
        c,
        all<Attempt>,
        "SELECT tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail FROM signins
         WHERE tenant_id = $1 AND id < $2 AND ($3 OR user_id = $4) AND (NOT $5 OR outcome <> 'success')
         ORDER BY id DESC LIMIT $6",
        t,
        before,
        every,
        user,
        bad,
        limit
    )
}

/// The last success through a directory, or the last that was none.
pub async fn last(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    success: bool,
) -> Result<Option<Attempt>> {
    sql!(
        c,
        opt<Attempt>,
        "SELECT tenant_id, id, reference, at, directory_id, user_id, outcome, reason, detail FROM signins
         WHERE tenant_id = $1 AND directory_id = $2 AND (outcome = 'success') = $3 ORDER BY id DESC LIMIT 1",
        t,
        d,
        success
    )
}

/// Removes attempts before `before`, so many at most, the oldest first.
pub async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM signins /* platform: worker */ WHERE (tenant_id, id) IN (
           SELECT tenant_id, id FROM signins WHERE at < $1 ORDER BY at LIMIT $2)",
        before,
        limit
    )
}

/// Some of the records of a tenant that leaves.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("signins", "id"), t, n)
}
