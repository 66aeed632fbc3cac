//! All SQL of the domains room.

use super::Domain;
use crate::{
    clock::Timestamp,
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
         RETURNING tenant_id, name, confirmed_by, created_at, method, checked_at, lost_at, lapsed",
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
        "SELECT tenant_id, name, confirmed_by, created_at, method, checked_at, lost_at, lapsed FROM domains
         WHERE name = $1 /* platform: whose it is, is what is looked up */",
        name
    )
}

pub(super) async fn list(c: &mut Conn, after: &str, limit: u32) -> Result<Vec<Domain>> {
    let limit = i64::from(limit);
    sql!(
        c,
        all<Domain>,
        "SELECT tenant_id, name, confirmed_by, created_at, method, checked_at, lost_at, lapsed FROM domains
         WHERE name > $1 ORDER BY name LIMIT $2 /* platform: the list of domains */",
        after,
        limit
    )
}

/// The domains of a tenant, by name.
pub(super) async fn of_tenant(c: &mut Conn, t: TenantId) -> Result<Vec<Domain>> {
    sql!(
        c,
        all<Domain>,
        "SELECT tenant_id, name, confirmed_by, created_at, method, checked_at, lost_at, lapsed FROM domains
         WHERE tenant_id = $1 ORDER BY name",
        t
    )
}

/// A domain that was proved just now.
pub(super) async fn insert_proved(tx: &mut Tx, t: TenantId, name: &str) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO domains (tenant_id, name, confirmed_by, created_at, method, checked_at)
         VALUES ($1, $2, 'dns', $3, 'dns', $3)",
        t,
        name,
        now
    )?;
    Ok(())
}

/// The proof was found.
pub(super) async fn seen(tx: &mut Tx, t: TenantId, name: &str) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE domains SET checked_at = $3, lost_at = NULL, lapsed = false
         WHERE tenant_id = $1 AND name = $2",
        t,
        name,
        now
    )?;
    Ok(())
}

/// It is looked for as if it had been at `at`.
pub(super) async fn later(tx: &mut Tx, t: TenantId, name: &str, at: Timestamp) -> Result<()> {
    sql!(
        tx,
        exec,
        "UPDATE domains SET checked_at = $3 WHERE tenant_id = $1 AND name = $2",
        t,
        name,
        at
    )?;
    Ok(())
}

/// The proof is gone, since now if it was not before.
pub(super) async fn lost(tx: &mut Tx, t: TenantId, name: &str, lapsed: bool) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE domains SET checked_at = $3, lost_at = COALESCE(lost_at, $3), lapsed = $4
         WHERE tenant_id = $1 AND name = $2",
        t,
        name,
        now,
        lapsed
    )?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, name: &str) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM domains WHERE tenant_id = $1 AND name = $2", t, name)
}

/// The domains of a tenant that leaves.
pub(super) async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM domains WHERE tenant_id = $1", t)
}
