//! SQL of mappings.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, GroupId, MappingId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
};

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
        /// Where; `None` is everywhere.
        pub scope_tenant: Option<TenantId>,
        /// Who made it ([`crate::actor::Actor::label`]).
        pub created_by: String,
        /// Counts changes.
        pub version: i64,
        /// When it was made.
        pub created_at: Timestamp,
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
) -> Result<()> {
    let scope = if m.scope_tenant.is_some() { "tenant" } else { "all" };
    let (by_tenant, by_user) = author.unzip();
    sql!(
        tx,
        exec,
        "INSERT INTO mappings (tenant_id, id, provider, directory_id, group_id, role_id, scope, scope_tenant,
                               created_by, created_by_tenant, created_by_user, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        m.tenant_id,
        m.id,
        provider,
        m.directory_id,
        m.group_id,
        m.role_id,
        scope,
        m.scope_tenant,
        m.created_by,
        by_tenant,
        by_user,
        m.version,
        m.created_at
    )?;
    Ok(())
}

/// The tenant's mappings, and those of the provider's that reach into it; oldest first, after `after`.
pub async fn list(
    c: &mut Conn,
    t: TenantId,
    after: Option<MappingId>,
    limit: i64,
) -> Result<Vec<MappingRow>> {
    // platform: the provider's groups that give roles in the tenant are shown to it.
    let after = after.unwrap_or(MappingId(uuid::Uuid::nil()));
    sql!(
        c,
        all<MappingRow>,
        "SELECT p.tenant_id, p.id, p.directory_id, p.group_id, g.display_name, p.role_id, p.scope_tenant,
                p.created_by, p.version, p.created_at
         FROM mappings p JOIN groups g ON g.tenant_id = p.tenant_id AND g.id = p.group_id
         WHERE (p.tenant_id = $1 OR p.scope_tenant = $1) AND p.id > $2 ORDER BY p.id LIMIT $3",
        t,
        after,
        limit
    )
}

/// A mapping of the tenant's.
pub async fn get(c: &mut Conn, t: TenantId, id: MappingId) -> Result<Option<MappingRow>> {
    sql!(
        c,
        opt<MappingRow>,
        "SELECT p.tenant_id, p.id, p.directory_id, p.group_id, g.display_name, p.role_id, p.scope_tenant,
                p.created_by, p.version, p.created_at
         FROM mappings p JOIN groups g ON g.tenant_id = p.tenant_id AND g.id = p.group_id
         WHERE p.tenant_id = $1 AND p.id = $2",
        t,
        id
    )
}

/// Whether the group is mapped to this role there already.
pub async fn has(tx: &mut Tx, m: &MappingRow) -> Result<bool> {
    let everywhere = m.scope_tenant.is_none();
    sql!(
        tx,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM mappings WHERE tenant_id = $1 AND group_id = $2 AND role_id = $3
                        AND (scope_tenant = $4 OR (scope = 'all' AND $5)))",
        m.tenant_id,
        m.group_id,
        m.role_id,
        m.scope_tenant,
        everywhere
    )
}

/// Deletes the mapping and says whether it was there.
pub async fn delete(tx: &mut Tx, t: TenantId, id: MappingId) -> Result<bool> {
    Ok(sql!(tx, exec, "DELETE FROM mappings WHERE tenant_id = $1 AND id = $2", t, id)? > 0)
}
