//! SQL of what hangs on a directory.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, RoleId, TenantId},
    row, sql,
    store::Conn,
};

row! {
    /// A role, and where it is given.
    pub struct Gives {
        pub role_id: RoleId,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
    }
}

/// What the directory's groups give, what its people (those it brought, and those who sign in through it) were given, what is
/// kept for them, and what they have by default; each role and scope once.
pub(super) async fn gives(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    now: Timestamp,
) -> Result<Vec<Gives>> {
    sql!(
        c,
        all<Gives>,
        "SELECT role_id, scope, scope_tenant FROM mappings WHERE tenant_id = $1 AND directory_id = $2
         UNION
         SELECT g.role_id, g.scope, g.scope_tenant FROM grants g
         JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id
         WHERE g.tenant_id = $1 AND u.directory_id = $2 AND (g.valid_to IS NULL OR g.valid_to > $3)
         UNION
         SELECT g.role_id, g.scope, g.scope_tenant FROM grants g
         JOIN identities i ON i.tenant_id = g.tenant_id AND i.user_id = g.user_id
         WHERE g.tenant_id = $1 AND i.directory_id = $2 AND (g.valid_to IS NULL OR g.valid_to > $3)
         UNION
         SELECT role_id, scope, scope_tenant FROM parked_roles WHERE tenant_id = $1 AND directory_id = $2
         UNION
         SELECT role_id, 'tenant', tenant_id FROM default_roles WHERE tenant_id = $1 AND role_id IS NOT NULL",
        t,
        d,
        now
    )
}
