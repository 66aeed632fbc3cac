//! SQL of roles. A role of the provider's may be used in any tenant, so who uses one is looked up by its id alone,
//! inside `widen`.

use crate::{
    access::Reach,
    clock::Timestamp,
    error::Result,
    id::{RoleId, TenantId},
    row, sql,
    store::{Conn, J, List, Tx},
};
use std::collections::BTreeSet;

row! {
    #[derive(Debug, Clone)]
    pub struct RoleRow {
        pub tenant_id: TenantId,
        pub id: RoleId,
        pub name: String,
        pub description: String,
        pub offered: bool,
        pub permissions: J<BTreeSet<String>>,
        pub version: i64,
        pub created_at: Timestamp,
        pub updated_at: Timestamp,
    }
}

/// The tenant's own roles and those offered to all, by name.
pub async fn list(c: &mut Conn, t: TenantId) -> Result<Vec<RoleRow>> {
    sql!(
        c,
        all<RoleRow>,
        "SELECT tenant_id, id, name, description, offered, permissions, version, created_at, updated_at
         FROM roles WHERE tenant_id = $1 OR offered = TRUE ORDER BY name_key, id",
        t
    )
}

/// So many of the tenant's own roles and those offered to all, by id, after one.
pub async fn page(c: &mut Conn, t: TenantId, after: RoleId, limit: i64) -> Result<Vec<RoleRow>> {
    sql!(
        c,
        all<RoleRow>,
        "SELECT tenant_id, id, name, description, offered, permissions, version, created_at, updated_at FROM (
           SELECT * FROM (
             SELECT tenant_id, id, name, description, offered, permissions, version, created_at, updated_at
             FROM roles WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3) own
           UNION ALL
           SELECT * FROM (
             SELECT tenant_id, id, name, description, offered, permissions, version, created_at, updated_at
             FROM roles WHERE offered = TRUE AND tenant_id <> $1 AND id > $2 ORDER BY id LIMIT $3) others) usable
         ORDER BY id LIMIT $3",
        t,
        after,
        limit
    )
}

row! {
    /// What a role is called.
    pub struct Called {
        pub id: RoleId,
        pub name: String,
    }
}

/// What these are called, whoever's they are.
pub async fn names(c: &mut Conn, ids: &[RoleId]) -> Result<Vec<Called>> {
    let ids = List::Ids(ids.iter().map(|r| r.0).collect());
    sql!(
        c,
        all<Called>,
        "SELECT id, name FROM roles WHERE id IN (SELECT value FROM rarray($1)) /* platform: a role may be offered */",
        ids
    )
}

/// The tenant's own role, or one offered to all.
pub async fn get(c: &mut Conn, t: TenantId, id: RoleId) -> Result<Option<RoleRow>> {
    sql!(
        c,
        opt<RoleRow>,
        "SELECT tenant_id, id, name, description, offered, permissions, version, created_at, updated_at
         FROM roles WHERE id = $2 AND (tenant_id = $1 OR offered)",
        t,
        id
    )
}

/// Writes a new role.
pub async fn insert(tx: &mut Tx, r: &RoleRow, name_key: &str) -> Result<()> {
    sql!(
        tx,
        exec,
        "INSERT INTO roles (tenant_id, id, name, name_key, description, offered, permissions, version,
                            created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        r.tenant_id,
        r.id,
        r.name,
        name_key,
        r.description,
        r.offered,
        r.permissions,
        r.version,
        r.created_at,
        r.updated_at
    )?;
    Ok(())
}

/// Writes what an edit changed.
pub async fn update(tx: &mut Tx, r: &RoleRow, name_key: &str) -> Result<()> {
    sql!(
        tx,
        exec,
        "UPDATE roles SET name = $3, name_key = $4, description = $5, offered = $6, permissions = $7,
                          version = $8, updated_at = $9
         WHERE tenant_id = $1 AND id = $2",
        r.tenant_id,
        r.id,
        r.name,
        name_key,
        r.description,
        r.offered,
        r.permissions,
        r.version,
        r.updated_at
    )?;
    Ok(())
}

/// Deletes the role.
pub async fn delete(tx: &mut Tx, t: TenantId, id: RoleId) -> Result<()> {
    sql!(tx, exec, "DELETE FROM roles WHERE tenant_id = $1 AND id = $2", t, id)?;
    Ok(())
}

row! {
    /// Somebody or something that has the role.
    #[derive(Debug, Clone)]
    pub struct Use {
        pub label: String,
        /// Whether it is a tenant's default role; `label` is the tenant then.
        pub by_default: bool,
        /// Whether whoever answers for the mapping or the default role has left.
        pub left: bool,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
    }
}

impl Use {
    /// Where it gives the role.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
}

/// Everything that gives the role to somebody, grants before mappings, default roles last; and what waits for a decision.
/// What was decided for people who are gone gives nothing to anybody who is here.
pub async fn uses(c: &mut Conn, id: RoleId) -> Result<Vec<Use>> {
    sql!(
        c,
        all<Use>,
        "/* platform: a role offered to all is used in tenants that its owner does not know */
         SELECT g.user_label, false, false, g.scope, g.scope_tenant FROM grants g WHERE g.role_id = $1
         UNION ALL
         SELECT t.display_name, false,
                p.created_by_user IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM users u JOIN tenants h ON h.id = u.tenant_id
                  WHERE u.tenant_id = p.created_by_tenant AND u.id = p.created_by_user
                    AND u.active AND u.enabled AND h.status = 'active'),
                p.scope, p.scope_tenant
         FROM mappings p JOIN groups t ON t.tenant_id = p.tenant_id AND t.id = p.group_id
         WHERE p.role_id = $1
         UNION ALL
         SELECT k.user_label, false, false, k.scope, k.scope_tenant FROM parked_roles k
         WHERE k.role_id = $1 AND NOT k.kept
         UNION ALL
         SELECT t.name, true,
                e.created_by_user IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM users u JOIN tenants h ON h.id = u.tenant_id
                  WHERE u.tenant_id = e.created_by_tenant AND u.id = e.created_by_user
                    AND u.active AND u.enabled AND h.status = 'active'),
                'tenant', e.tenant_id
         FROM default_roles e JOIN tenants t ON t.id = e.tenant_id
         WHERE e.role_id = $1",
        id
    )
}
