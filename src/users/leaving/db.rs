//! SQL of a tenant that leaves.

use crate::{error::Result, id::TenantId, sql, store::Tx};

macro_rules! some {
    ($table:literal, $key:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE tenant_id = $1 AND (",
            $key,
            ") IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE tenant_id = $1 LIMIT $2)"
        )
    };
}

/// Some of a tenant's people, with all that hangs on each.
pub(super) async fn people(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some!("users", "id"), t, n)
}

/// Some of what is remembered of those who are gone.
pub(super) async fn remembered(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some!("tombstones", "id"), t, n)
}
