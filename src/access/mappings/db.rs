//! SQL of mappings.

use super::Query;
use crate::{
    access::{Reach, grants},
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, GroupId, MappingId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
};
use std::collections::BTreeSet;

row! {
    /// A mapping, with the names that make it readable.
    #[derive(Debug, Clone)]
    pub struct MappingRow {
        /// The directory's tenant.
        pub tenant_id: TenantId,
        /// Its own.
        pub id: MappingId,
        /// The group's directory.
        pub directory_id: DirectoryId,
        /// The group.
        pub group_id: GroupId,
        /// The group's name now.
        pub group_name: String,
        /// The role.
        pub role_id: RoleId,
        /// Where, in [`crate::access::Reach::column`]'s words.
        pub scope: String,
        /// The tenant, where it is one.
        pub scope_tenant: Option<TenantId>,
        /// Who made it ([`crate::actor::Actor::label`]).
        pub created_by: String,
        /// Counts changes.
        pub version: i64,
        /// When it was made.
        pub created_at: Timestamp,
        /// Who has adopted it since, the last time.
        pub adopted_by: Option<String>,
        /// When.
        pub adopted_at: Option<Timestamp>,
        /// Since when it is suspended, as far as that was noticed.
        pub suspended_at: Option<Timestamp>,
    }
}

row! {
    /// The group a mapping is to be made for.
    #[derive(Debug, Clone)]
    pub struct Mapped {
        pub directory_id: DirectoryId,
        pub name: String,
        pub provider: bool,
    }
}

/// The group, and whether its tenant is the provider.
pub async fn group(c: &mut Conn, t: TenantId, id: GroupId) -> Result<Option<Mapped>> {
    sql!(
        c,
        opt<Mapped>,
        "SELECT g.directory_id, g.display_name, t.provider FROM groups g JOIN tenants t ON t.id = g.tenant_id
         WHERE g.tenant_id = $1 AND g.id = $2",
        t,
        id
    )
}

/// Writes a mapping.
pub async fn insert(
    tx: &mut Tx,
    m: &MappingRow,
    provider: bool,
    author: Option<(TenantId, UserId)>,
    granted: &BTreeSet<String>,
) -> Result<()> {
    let (by_tenant, by_user) = author.unzip();
    sql!(
        tx,
        exec,
        "INSERT INTO mappings (tenant_id, id, provider, directory_id, group_id, role_id, scope, scope_tenant,
                               created_by, created_by_tenant, created_by_user, version, created_at, updated_at,
                               granted)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14)",
        m.tenant_id,
        m.id,
        provider,
        m.directory_id,
        m.group_id,
        m.role_id,
        m.scope,
        m.scope_tenant,
        m.created_by,
        by_tenant,
        by_user,
        m.version,
        m.created_at,
        J(granted)
    )?;
    Ok(())
}

/// The tenant's mappings, and those of the provider's that reach into it; oldest first, after `after`.
pub async fn list(
    c: &mut Conn,
    t: TenantId,
    tags: &BTreeSet<String>,
    q: Query,
) -> Result<Vec<MappingRow>> {
    let (tags, named) = grants::db::reaching(t, tags);
    let (every_role, every_group) = (q.role.is_none(), q.group.is_none());
    let limit = i64::from(q.limit.clamp(1, 1000));
    // platform: the provider's groups that give roles in the tenant are shown to it.
    let after = q.after.unwrap_or(MappingId(uuid::Uuid::nil()));
    sql!(
        c,
        all<MappingRow>,
        "SELECT p.tenant_id, p.id, p.directory_id, p.group_id, g.display_name, p.role_id, p.scope, p.scope_tenant,
                p.created_by, p.version, p.created_at, p.adopted_by, p.adopted_at, p.suspended_at
         FROM mappings p JOIN groups g ON g.tenant_id = p.tenant_id AND g.id = p.group_id
         WHERE (p.tenant_id = $1 OR p.scope_tenant = $1
                OR (p.scope_tenant IS NULL AND p.scope <> 'all'
                    AND (p.scope = 'every' OR p.scope IN (SELECT value FROM rarray($4))
                         OR (p.scope LIKE 'tenants:%' AND p.scope LIKE $5)
                         OR (p.scope LIKE 'except:%' AND p.scope NOT LIKE $5))))
           AND p.id > $2 AND ($6 OR p.role_id = $7) AND ($8 OR p.group_id = $9) ORDER BY p.id LIMIT $3",
        t,
        after,
        limit,
        tags,
        named,
        every_role,
        q.role,
        every_group,
        q.group
    )
}

/// A mapping of the tenant's.
pub async fn get(c: &mut Conn, t: TenantId, id: MappingId) -> Result<Option<MappingRow>> {
    sql!(
        c,
        opt<MappingRow>,
        "SELECT p.tenant_id, p.id, p.directory_id, p.group_id, g.display_name, p.role_id, p.scope, p.scope_tenant,
                p.created_by, p.version, p.created_at, p.adopted_by, p.adopted_at, p.suspended_at
         FROM mappings p JOIN groups g ON g.tenant_id = p.tenant_id AND g.id = p.group_id
         WHERE p.tenant_id = $1 AND p.id = $2",
        t,
        id
    )
}

/// Whether the group is mapped to this role there already.
pub async fn has(
    c: &mut Conn,
    t: TenantId,
    group: GroupId,
    role: RoleId,
    reach: &Reach,
) -> Result<bool> {
    let (scope, scope_tenant) = (reach.column(), reach.tenant());
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM mappings WHERE tenant_id = $1 AND group_id = $2 AND role_id = $3
                        AND scope = $4 AND (scope_tenant = $5 OR scope_tenant IS NULL))",
        t,
        group,
        role,
        scope,
        scope_tenant
    )
}

/// Whether anybody has something by a mapping of this group, or it is kept for them.
pub async fn peopled(c: &mut Conn, t: TenantId, group: GroupId, id: MappingId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM members WHERE tenant_id = $1 AND group_id = $2)
             OR EXISTS (SELECT 1 FROM parked_roles WHERE tenant_id = $1 AND mapping_id = $3 AND NOT gone)",
        t,
        group,
        id
    )
}

/// Deletes the mapping and says whether it was there.
pub async fn delete(tx: &mut Tx, t: TenantId, id: MappingId) -> Result<bool> {
    Ok(sql!(tx, exec, "DELETE FROM mappings WHERE tenant_id = $1 AND id = $2", t, id)? > 0)
}

/// Somebody answers for it from now on; `None`: nobody whose rights could change. Says whether it was there.
pub async fn adopt(
    tx: &mut Tx,
    t: TenantId,
    id: MappingId,
    author: Option<(TenantId, UserId)>,
    granted: &BTreeSet<String>,
) -> Result<bool> {
    let (now, by, (by_tenant, by_user)) = (tx.now(), tx.actor().label(), author.unzip());
    let n = sql!(
        tx,
        exec,
        "UPDATE mappings SET created_by_tenant = $3, created_by_user = $4, granted = $5, adopted_by = $6,
                             adopted_at = $7, suspended_at = NULL, version = version + 1, updated_at = $7
         WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        by_tenant,
        by_user,
        J(granted),
        by,
        now
    )?;
    Ok(n > 0)
}

row! {
    /// A mapping that has just changed.
    struct Changed { tenant_id: TenantId }
}

/// Writes down whether it is suspended, while this author answers for it; `None` when that was written before.
pub async fn record(
    tx: &mut Tx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<Option<MappingRow>> {
    let now = tx.now();
    let at = suspended.then_some(now);
    let changed = sql!(
        tx,
        opt<Changed>,
        "/* platform: whoever answers for it, the server writes it down */
         UPDATE mappings SET suspended_at = $4, updated_at = $5
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
        Some(m) => get(tx, m.tenant_id, id).await,
        None => Ok(None),
    }
}

row! {
    /// Where a mapping gives its role.
    pub struct Where { pub scope: String, pub scope_tenant: Option<TenantId> }
}

/// Where the mappings of a group give roles.
pub async fn of_group(c: &mut Conn, t: TenantId, group: GroupId) -> Result<Vec<Where>> {
    sql!(
        c,
        all<Where>,
        "SELECT DISTINCT scope, scope_tenant FROM mappings WHERE tenant_id = $1 AND group_id = $2",
        t,
        group
    )
}
