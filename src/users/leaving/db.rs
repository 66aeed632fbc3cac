//! SQL of a tenant that leaves.

use crate::{error::Result, id::TenantId, some_rows, sql, store::Tx};

/// Some of a tenant's people, with all that hangs on each.
pub(super) async fn people(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("users", "id"), t, n)
}

/// Some of what is remembered of those who are gone.
pub(super) async fn remembered(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("tombstones", "id"), t, n)
}
