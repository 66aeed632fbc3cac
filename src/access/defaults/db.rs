//! SQL of default roles.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{MappingId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
};
use std::collections::BTreeSet;

row! {
    /// What a tenant's own people have without a mapped group.
    #[derive(Debug, Clone)]
    pub struct DefaultRow {
        /// Whose.
        pub tenant_id: TenantId,
        /// Its own, among those of mappings; another one each time that a role is set.
        pub id: MappingId,
        /// The role; `None`: none.
        pub role_id: Option<RoleId>,
        /// Who set it ([`crate::actor::Actor::label`]).
        pub created_by: String,
        /// Counts changes.
        pub version: i64,
        /// When it was set.
        pub created_at: Timestamp,
        /// Who has adopted it since, the last time.
        pub adopted_by: Option<String>,
        /// When.
        pub adopted_at: Option<Timestamp>,
        /// Since when it is suspended, as far as that was noticed.
        pub suspended_at: Option<Timestamp>,
    }
}

/// The tenant's, if one was ever set.
pub async fn get(c: &mut Conn, t: TenantId) -> Result<Option<DefaultRow>> {
    sql!(
        c,
        opt<DefaultRow>,
        "SELECT tenant_id, id, role_id, created_by, version, created_at, adopted_by, adopted_at, suspended_at
         FROM default_roles WHERE tenant_id = $1",
        t
    )
}

/// Whether people of the tenant have something by default.
pub async fn given(c: &mut Conn, t: TenantId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM default_roles WHERE tenant_id = $1 AND role_id IS NOT NULL)",
        t
    )
}

/// Sets it; `granted` is what it gives now.
pub async fn put(
    tx: &mut Tx,
    d: &DefaultRow,
    author: Option<(TenantId, UserId)>,
    granted: Option<&BTreeSet<String>>,
) -> Result<()> {
    let (by_tenant, by_user) = author.unzip();
    sql!(
        tx,
        exec,
        "INSERT INTO default_roles (tenant_id, id, role_id, created_by, created_by_tenant, created_by_user, granted,
                                    version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (tenant_id) DO UPDATE SET id = $2, role_id = $3, created_by = $4, created_by_tenant = $5,
           created_by_user = $6, granted = $7, version = $8, created_at = $9, updated_at = $9, adopted_by = NULL,
           adopted_at = NULL, suspended_at = NULL",
        d.tenant_id,
        d.id,
        d.role_id,
        d.created_by,
        by_tenant,
        by_user,
        granted.map(J),
        d.version,
        d.created_at
    )?;
    Ok(())
}

/// Somebody answers for it from now on; `None`: nobody whose rights could change.
pub async fn adopt(
    tx: &mut Tx,
    t: TenantId,
    author: Option<(TenantId, UserId)>,
    granted: &BTreeSet<String>,
) -> Result<()> {
    let (now, by, (by_tenant, by_user)) = (tx.now(), tx.actor().label(), author.unzip());
    sql!(
        tx,
        exec,
        "UPDATE default_roles SET created_by_tenant = $2, created_by_user = $3, granted = $4, adopted_by = $5,
                                  adopted_at = $6, suspended_at = NULL, version = version + 1, updated_at = $6
         WHERE tenant_id = $1",
        t,
        by_tenant,
        by_user,
        J(granted),
        by,
        now
    )?;
    Ok(())
}

row! {
    /// A default role that has just changed.
    struct Changed { tenant_id: TenantId }
}

/// Writes down whether it is suspended, while this author answers for it; `None` when that was written before.
pub async fn record(
    tx: &mut Tx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<Option<DefaultRow>> {
    let now = tx.now();
    let at = suspended.then_some(now);
    let changed = sql!(
        tx,
        opt<Changed>,
        "/* platform: whoever answers for it, the server writes it down */
         UPDATE default_roles SET suspended_at = $4, updated_at = $5
         WHERE id = $1 AND created_by_tenant = $2 AND created_by_user = $3 AND (suspended_at IS NULL) = $6
         RETURNING tenant_id",
        id,
        author.0,
        author.1,
        at,
        now,
        suspended
    )?;
    match changed {
        Some(d) => get(tx, d.tenant_id).await,
        None => Ok(None),
    }
}
