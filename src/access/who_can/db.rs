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

/// Whoever of the tenant's own people may hold the role there, after `after`: each way is read in the order of the ids, and
/// no further than `limit`, however many have it.
pub(super) async fn holders(
    c: &mut Conn,
    t: TenantId,
    role: RoleId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<UserId>> {
    let after = after.unwrap_or(UserId(uuid::Uuid::nil()));
    let end = UserId(uuid::Uuid::max());
    sql!(
        c,
        all<UserId>,
        "SELECT user_id FROM (
           SELECT g.user_id FROM grants g
           WHERE g.tenant_id = $1 AND g.role_id = $2 AND g.user_id > $3 AND g.user_id <= coalesce((
             SELECT x.user_id FROM grants x WHERE x.tenant_id = $1 AND x.role_id = $2 AND x.user_id > $3
             ORDER BY x.user_id LIMIT 1 OFFSET $4), $5)
           UNION
           SELECT m.user_id FROM mappings p CROSS JOIN members m
           WHERE p.tenant_id = $1 AND p.role_id = $2 AND m.tenant_id = $1 AND m.group_id = p.group_id
             AND m.user_id > $3 AND m.user_id <= coalesce((
               SELECT x.user_id FROM members x WHERE x.tenant_id = $1 AND x.group_id = p.group_id AND x.user_id > $3
               ORDER BY x.user_id LIMIT 1 OFFSET $4), $5)
           UNION
           SELECT k.user_id FROM parked_roles k
           WHERE k.tenant_id = $1 AND k.role_id = $2 AND NOT k.gone AND k.user_id > $3
           UNION
           SELECT u.id FROM default_roles e CROSS JOIN users u
           WHERE e.tenant_id = $1 AND e.role_id = $2 AND u.tenant_id = $1 AND u.kind <> 'integration' AND u.id > $3
             AND u.id <= coalesce((
               SELECT x.id FROM users x WHERE x.tenant_id = $1 AND x.id > $3 ORDER BY x.id LIMIT 1 OFFSET $4), $5)) a
         WHERE user_id IS NOT NULL ORDER BY user_id LIMIT $4",
        t,
        role,
        after,
        limit,
        end
    )
}
