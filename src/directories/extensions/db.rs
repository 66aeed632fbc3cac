//! All SQL of declared extensions.

use super::Extension;
use crate::{
    error::Result,
    id::TenantId,
    protocol::scim::extension::Declaration,
    sql,
    store::{Conn, J, Tx},
};

pub(super) async fn of_tenant(c: &mut Conn, t: TenantId) -> Result<Vec<Extension>> {
    sql!(
        c,
        all<Extension>,
        "SELECT declaration, version, created_at, updated_at FROM schema_extensions
         WHERE tenant_id = $1 ORDER BY urn_key",
        t
    )
}

pub(super) async fn get(c: &mut Conn, t: TenantId, key: &str) -> Result<Option<Extension>> {
    sql!(
        c,
        opt<Extension>,
        "SELECT declaration, version, created_at, updated_at FROM schema_extensions
         WHERE tenant_id = $1 AND urn_key = $2",
        t,
        key
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    key: &str,
    d: J<Declaration>,
) -> Result<Extension> {
    let now = tx.now();
    sql!(
        tx,
        one<Extension>,
        "INSERT INTO schema_extensions (tenant_id, urn_key, declaration, version, created_at, updated_at)
         VALUES ($1, $2, $3, 1, $4, $4) RETURNING declaration, version, created_at, updated_at",
        t,
        key,
        d,
        now
    )
}

pub(super) async fn update(
    tx: &mut Tx,
    t: TenantId,
    key: &str,
    d: J<Declaration>,
) -> Result<Extension> {
    let now = tx.now();
    sql!(
        tx,
        one<Extension>,
        "UPDATE schema_extensions SET declaration = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND urn_key = $2 RETURNING declaration, version, created_at, updated_at",
        t,
        key,
        d,
        now
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, key: &str) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM schema_extensions WHERE tenant_id = $1 AND urn_key = $2", t, key)
}

/// The extensions of a tenant that leaves.
pub(in crate::directories) async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM schema_extensions WHERE tenant_id = $1", t)
}
