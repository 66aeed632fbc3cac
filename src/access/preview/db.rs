//! SQL of whom a change concerns.

use crate::{
    error::Result,
    id::{GroupId, MappingId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, List},
};

row! {
    /// Somebody who is concerned.
    pub(super) struct Concerned {
        pub home: TenantId,
        pub user: UserId,
    }
}

/// Who is in a group.
pub(super) async fn members(c: &mut Conn, t: TenantId, g: GroupId) -> Result<Vec<Concerned>> {
    sql!(
        c,
        all<Concerned>,
        "SELECT tenant_id, user_id FROM members WHERE tenant_id = $1 AND group_id = $2",
        t,
        g
    )
}

/// Who has a role, by whatever way.
pub(super) async fn holders(c: &mut Conn, role: RoleId) -> Result<Vec<Concerned>> {
    sql!(
        c,
        all<Concerned>,
        "/* platform: a role offered to all is used in tenants that its owner does not know */
         SELECT tenant_id, user_id FROM grants WHERE role_id = $1
         UNION
         SELECT m.tenant_id, m.user_id
         FROM mappings p JOIN members m ON m.tenant_id = p.tenant_id AND m.group_id = p.group_id
         WHERE p.role_id = $1
         UNION
         SELECT tenant_id, user_id FROM parked_roles WHERE role_id = $1 AND NOT gone
         UNION
         SELECT u.tenant_id, u.id FROM default_roles e JOIN users u ON u.tenant_id = e.tenant_id
         WHERE e.role_id = $1 AND u.kind <> 'integration'",
        role
    )
}

/// Whom a default role of the tenant is for: everybody of it, with or without a mapped group.
pub(super) async fn everybody(c: &mut Conn, t: TenantId) -> Result<Vec<Concerned>> {
    sql!(
        c,
        all<Concerned>,
        "SELECT tenant_id, id FROM users WHERE tenant_id = $1 AND kind <> 'integration'",
        t
    )
}

/// The tenants whose default roles are among these.
pub(super) async fn defaults(c: &mut Conn, these: &[MappingId]) -> Result<Vec<TenantId>> {
    let these = List::Ids(these.iter().map(|m| m.0).collect());
    sql!(
        c,
        all<TenantId>,
        "/* platform: of whoever answers for one */
         SELECT tenant_id FROM default_roles WHERE id IN (SELECT value FROM rarray($1))",
        these
    )
}

row! {
    /// A group whose mapping is concerned.
    pub(super) struct Mapped {
        pub tenant: TenantId,
        pub group: GroupId,
    }
}

/// The groups of these mappings.
pub(super) async fn groups(c: &mut Conn, these: &[MappingId]) -> Result<Vec<Mapped>> {
    let these = List::Ids(these.iter().map(|m| m.0).collect());
    sql!(
        c,
        all<Mapped>,
        "/* platform: of whoever answers for one, scan: they are few and looked at together */
         SELECT DISTINCT tenant_id, group_id FROM mappings WHERE id IN (SELECT value FROM rarray($1))",
        these
    )
}

/// Of whom something is kept of these mappings.
pub(super) async fn kept(c: &mut Conn, these: &[MappingId]) -> Result<Vec<Concerned>> {
    let these = List::Ids(these.iter().map(|m| m.0).collect());
    sql!(
        c,
        all<Concerned>,
        "/* platform: of whoever answers for one */
         SELECT DISTINCT tenant_id, user_id FROM parked_roles
         WHERE mapping_id IS NOT NULL AND mapping_id IN (SELECT value FROM rarray($1)) AND NOT gone",
        these
    )
}
