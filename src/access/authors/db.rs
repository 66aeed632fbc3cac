//! SQL of what somebody answers for.

use crate::{
    error::Result,
    id::{DirectoryId, MappingId, TenantId, UserId},
    sql,
    store::Conn,
};

/// What somebody answers for, in any tenant: mappings, what is kept of such as are gone, integration users, and
/// default roles.
pub async fn authored(c: &mut Conn, (home, user): (TenantId, UserId)) -> Result<Vec<MappingId>> {
    sql!(
        c,
        all<MappingId>,
        "/* platform: somebody of the provider's answers for mappings anywhere */
         SELECT id FROM mappings WHERE created_by_tenant = $1 AND created_by_user = $2
         UNION
         SELECT mapping_id FROM parked_roles
         WHERE created_by_tenant = $1 AND created_by_user = $2 AND mapping_id IS NOT NULL
         UNION
         SELECT id FROM apps WHERE made_by_tenant = $1 AND made_by_user = $2
         UNION
         SELECT id FROM default_roles
         WHERE created_by_tenant = $1 AND created_by_user = $2 AND role_id IS NOT NULL
         ORDER BY 1",
        home,
        user
    )
}

/// The people of a directory who answer for anything.
pub async fn authors(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Vec<UserId>> {
    sql!(
        c,
        all<UserId>,
        "/* platform: somebody of the provider's answers for mappings anywhere */
         SELECT u.id FROM users u
         WHERE u.tenant_id = $1 AND u.directory_id = $2
           AND (EXISTS (SELECT 1 FROM mappings p WHERE p.created_by_tenant = $1 AND p.created_by_user = u.id)
                OR EXISTS (SELECT 1 FROM parked_roles k
                           WHERE k.created_by_tenant = $1 AND k.created_by_user = u.id)
                OR EXISTS (SELECT 1 FROM apps a WHERE a.made_by_tenant = $1 AND a.made_by_user = u.id)
                OR EXISTS (SELECT 1 FROM default_roles e
                           WHERE e.created_by_tenant = $1 AND e.created_by_user = u.id))",
        t,
        d
    )
}
