//! SQL of named queries.

use super::View;
use crate::{
    error::Result,
    id::{TenantId, UserId, ViewId},
    sql,
    store::{Conn, Tx},
};

pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    (home, user): (TenantId, UserId),
) -> Result<Vec<View>> {
    sql!(
        c,
        all<View>,
        "SELECT id, name, query, created_at FROM audit_views
         WHERE tenant_id = $1 AND home = $2 AND user_id = $3 ORDER BY name_key",
        t,
        home,
        user
    )
}

/// Nothing where the person has one of that name.
pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    (home, user): (TenantId, UserId),
    (name, key): (&str, &str),
    query: &str,
) -> Result<Option<View>> {
    let (id, now) = (ViewId::new(), tx.now());
    let n = sql!(
        tx,
        exec,
        "INSERT INTO audit_views (tenant_id, id, home, user_id, name, name_key, query, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, home, user_id, name_key) DO NOTHING",
        t,
        id,
        home,
        user,
        name,
        key,
        query,
        now
    )?;
    let made = View { id, name: name.to_owned(), query: query.to_owned(), created_at: now };
    Ok((n > 0).then_some(made))
}

pub(super) async fn delete(
    tx: &mut Tx,
    t: TenantId,
    (home, user): (TenantId, UserId),
    id: ViewId,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM audit_views WHERE tenant_id = $1 AND home = $2 AND user_id = $3 AND id = $4",
        t,
        home,
        user,
        id
    )
}
