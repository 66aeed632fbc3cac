//! All SQL of the domains room.

use super::Domain;
use crate::{
    error::Result,
    id::TenantId,
    sql,
    store::{Conn, Tx},
};

pub(super) async fn insert(tx: &mut Tx, t: TenantId, name: &str, by: &str) -> Result<Domain> {
    let now = tx.now();
    sql!(
        tx,
        one<Domain>,
        "INSERT INTO domains (tenant_id, name, confirmed_by, created_at) VALUES ($1, $2, $3, $4)
         RETURNING tenant_id, name, confirmed_by, created_at",
        t,
        name,
        by,
        now
    )
}

pub(super) async fn by_name(c: &mut Conn, name: &str) -> Result<Option<Domain>> {
    sql!(
        c,
        opt<Domain>,
        "SELECT tenant_id, name, confirmed_by, created_at FROM domains
         WHERE name = $1 /* platform: whose it is, is what is looked up */",
        name
    )
}

pub(super) async fn list(c: &mut Conn, after: &str, limit: u32) -> Result<Vec<Domain>> {
    let limit = i64::from(limit);
    sql!(
        c,
        all<Domain>,
        "SELECT tenant_id, name, confirmed_by, created_at FROM domains
         WHERE name > $1 ORDER BY name LIMIT $2 /* platform: the list of domains */",
        after,
        limit
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, name: &str) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM domains WHERE tenant_id = $1 AND name = $2", t, name)
}

/// The domains of a tenant that leaves.
pub(super) async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM domains WHERE tenant_id = $1", t)
}
