//! SQL of what tenants say are their domains.

use super::Claim;
use crate::{
    clock::Timestamp,
    error::Result,
    id::TenantId,
    sql,
    store::{Conn, Tx},
};

pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    name: &str,
    token: &str,
    by: &str,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO domain_claims (tenant_id, name, token, asked_by, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, name) DO NOTHING",
        t,
        name,
        token,
        by,
        now
    )
}

pub(super) async fn get(c: &mut Conn, t: TenantId, name: &str) -> Result<Option<Claim>> {
    sql!(
        c,
        opt<Claim>,
        "SELECT tenant_id, name, token, asked_by, created_at, checked_at, found FROM domain_claims
         WHERE tenant_id = $1 AND name = $2",
        t,
        name
    )
}

pub(super) async fn of_tenant(c: &mut Conn, t: TenantId) -> Result<Vec<Claim>> {
    sql!(
        c,
        all<Claim>,
        "SELECT tenant_id, name, token, asked_by, created_at, checked_at, found FROM domain_claims
         WHERE tenant_id = $1 ORDER BY name",
        t
    )
}

pub(super) async fn checked(
    tx: &mut Tx,
    t: TenantId,
    name: &str,
    token: &str,
    found: Option<&str>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE domain_claims SET checked_at = $4, found = $5 WHERE tenant_id = $1 AND name = $2 AND token = $3",
        t,
        name,
        token,
        now,
        found
    )
}

/// How many a tenant asked for that are not proved.
pub(super) async fn open(c: &mut Conn, t: TenantId) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM domain_claims c
         WHERE c.tenant_id = $1
           AND NOT EXISTS (SELECT 1 FROM domains d WHERE d.tenant_id = $1 AND d.name = c.name)",
        t
    )
}

/// What was proved and not looked for since `before`, few at most; of each when it was last looked for by anybody.
pub(super) async fn due(c: &mut Conn, before: Timestamp) -> Result<Vec<Claim>> {
    sql!(
        c,
        all<Claim>,
        "SELECT c.tenant_id, c.name, c.token, c.asked_by, c.created_at, d.checked_at, c.found
         FROM domains d JOIN domain_claims c ON c.tenant_id = d.tenant_id AND c.name = d.name
         WHERE d.method = 'dns' AND d.checked_at < $1
         ORDER BY d.checked_at LIMIT 50 /* platform: worker */",
        before
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, name: &str) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM domain_claims WHERE tenant_id = $1 AND name = $2", t, name)
}

pub(super) async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM domain_claims WHERE tenant_id = $1", t)
}
