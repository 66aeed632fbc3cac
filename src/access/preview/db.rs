//! SQL of whom a change concerns.

use crate::{
    error::Result,
    id::{GroupId, RoleId, TenantId, UserId},
    row, sql,
    store::Conn,
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
         SELECT tenant_id, user_id FROM parked_roles WHERE role_id = $1 AND NOT gone",
        role
    )
}
