//! SQL of who may be able to do something: everybody with a way that could give it, whether or not it counts.

use crate::{
    error::Result,
    id::{RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, List},
};

row! {
    /// Somebody to be looked at.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Candidate {
        pub home: TenantId,
        pub user: UserId,
    }
}

/// Who has one of these roles in the tenant, or in scopes that may reach it, after `after`.
pub(in crate::access) async fn candidates(
    c: &mut Conn,
    t: TenantId,
    roles: &[RoleId],
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Candidate>> {
    let after = after.unwrap_or(UserId(uuid::Uuid::nil()));
    let roles = List::Ids(roles.iter().map(|r| r.0).collect());
    sql!(
        c,
        all<Candidate>,
        "/* platform: who can do something in a tenant may be at home in the provider's */
         SELECT tenant_id, user_id FROM (
           SELECT tenant_id, user_id FROM grants
           WHERE (scope_tenant = $1 OR scope_tenant IS NULL) AND role_id IN (SELECT value FROM rarray($2))
           UNION
           SELECT m.tenant_id, m.user_id
           FROM mappings p JOIN members m ON m.tenant_id = p.tenant_id AND m.group_id = p.group_id
           WHERE (p.scope_tenant = $1 OR p.scope_tenant IS NULL) AND p.role_id IN (SELECT value FROM rarray($2))
           UNION
           SELECT tenant_id, user_id FROM parked_roles
           WHERE (scope_tenant = $1 OR scope_tenant IS NULL) AND NOT gone
             AND role_id IN (SELECT value FROM rarray($2))
           UNION
           SELECT u.tenant_id, u.id FROM default_roles e JOIN users u ON u.tenant_id = e.tenant_id
           WHERE e.tenant_id = $1 AND e.role_id IN (SELECT value FROM rarray($2)) AND u.kind <> 'integration') a
         WHERE user_id > $3 ORDER BY user_id LIMIT $4",
        t,
        roles,
        after,
        limit
    )
}
