//! SQL of how many letters a day has had.

use crate::{clock::Timestamp, error::Result, id::TenantId, sql, store::Tx};

/// Counts one more letter, unless there were `most` since `since`; says whether it was counted.
pub(super) async fn count(
    tx: &mut Tx,
    id: &str,
    tenant: TenantId,
    since: Timestamp,
    most: i64,
) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "INSERT INTO letter_counts (id, tenant, since, letters) VALUES ($1, $2, $3, 1)
         ON CONFLICT (id) DO UPDATE SET
           letters = CASE WHEN letter_counts.since > $4 THEN letter_counts.letters + 1 ELSE 1 END,
           since = CASE WHEN letter_counts.since > $4 THEN letter_counts.since ELSE $3 END
         WHERE letter_counts.letters < $5 OR letter_counts.since <= $4",
        id,
        tenant,
        now,
        since,
        most
    )?;
    Ok(n > 0)
}

/// When the day began that is counted.
pub(super) async fn began(tx: &mut Tx, id: &str) -> Result<Option<Timestamp>> {
    sql!(tx, opt<Timestamp>, "SELECT since FROM letter_counts WHERE id = $1", id)
}

pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM letter_counts WHERE since <= $1", before)
}

pub(super) async fn forget(tx: &mut Tx, t: TenantId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM letter_counts WHERE tenant = $1", t)
}
