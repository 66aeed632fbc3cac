//! SQL of a tenant that leaves.

use crate::{
    error::Result,
    id::{FamilyId, SessionId, TenantId},
    row, some_rows, sql,
    store::{Conn, Tx},
};

/// Some of a tenant's rows; of its people's sessions, what hangs on them is of this room as well.
pub(super) async fn some(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    let mut gone = sql!(tx, exec, some_rows!("session_apps", "session_id, app_id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("app_people", "user_id, app_id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("refresh_families", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("sessions", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("epochs", "subject"), t, n)?;
    Ok(gone)
}

row! {
    /// A session of somebody else's that acts there.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Guest { pub tenant_id: TenantId, pub id: SessionId }
}

pub(super) async fn guests(c: &mut Conn, t: TenantId) -> Result<Vec<Guest>> {
    sql!(
        c,
        all<Guest>,
        "SELECT tenant_id, id FROM sessions WHERE acting_tenant = $1 AND tenant_id <> $1 AND ended_at IS NULL
         /* platform: of the provider's people, scan: once for a tenant that is deleted */",
        t
    )
}

row! {
    /// A refresh family of somebody else's for that tenant.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Family { pub tenant_id: TenantId, pub id: FamilyId }
}

pub(super) async fn families(c: &mut Conn, t: TenantId) -> Result<Vec<Family>> {
    sql!(
        c,
        all<Family>,
        "SELECT tenant_id, id FROM refresh_families WHERE tid = $1 AND tenant_id <> $1 AND ended_at IS NULL
         /* platform: of the provider's people, scan: once for a tenant that is deleted */",
        t
    )
}
