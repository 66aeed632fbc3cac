//! SQL of addresses that are not written to.

use super::Suppressed;
use crate::{
    error::Result,
    id::{InvitationId, SuppressionId, TenantId},
    sql,
    store::{Conn, Tx},
};

#[expect(clippy::too_many_arguments, reason = "one statement's columns")]
pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    id: SuppressionId,
    key: &str,
    email: &str,
    why: &str,
    invitation: InvitationId,
    by: &str,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO suppressed_addresses (tenant_id, id, address_key, email, why, invitation_id, noted_by, noted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, address_key) DO NOTHING",
        t,
        id,
        key,
        email,
        why,
        invitation,
        by,
        now
    )
}

pub(super) async fn of_address(c: &mut Conn, t: TenantId, key: &str) -> Result<Option<Suppressed>> {
    sql!(
        c,
        opt<Suppressed>,
        "SELECT id, email, why, invitation_id, noted_by, noted_at FROM suppressed_addresses
         WHERE tenant_id = $1 AND address_key = $2",
        t,
        key
    )
}

pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    after: Option<SuppressionId>,
    limit: i64,
) -> Result<Vec<Suppressed>> {
    let after = after.unwrap_or(SuppressionId(uuid::Uuid::max()));
    sql!(
        c,
        all<Suppressed>,
        "SELECT id, email, why, invitation_id, noted_by, noted_at FROM suppressed_addresses
         WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        t,
        after,
        limit
    )
}

pub(super) async fn delete(
    tx: &mut Tx,
    t: TenantId,
    id: SuppressionId,
) -> Result<Option<Suppressed>> {
    sql!(
        tx,
        opt<Suppressed>,
        "DELETE FROM suppressed_addresses WHERE tenant_id = $1 AND id = $2
         RETURNING id, email, why, invitation_id, noted_by, noted_at",
        t,
        id
    )
}
