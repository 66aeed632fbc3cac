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

/// The text of [`candidates`]; `$mapped` are those who have it by a group.
macro_rules! candidates {
    ($mapped:literal) => {
        concat!(
            "/* platform: who can do something in a tenant may be at home in the provider's */
             SELECT tenant_id, user_id FROM (
               SELECT * FROM (SELECT DISTINCT g.tenant_id, g.user_id FROM grants g
                 WHERE g.scope_tenant = $1 AND g.role_id IN (SELECT value FROM rarray($2)) AND g.user_id > $3
                 ORDER BY g.user_id LIMIT $4) a
               UNION
               SELECT * FROM (SELECT DISTINCT g.tenant_id, g.user_id FROM grants g
                 WHERE g.scope_tenant IS NULL AND g.role_id IN (SELECT value FROM rarray($2)) AND g.user_id > $3
                 ORDER BY g.user_id LIMIT $4) b
               UNION
               ",
            $mapped,
            "
               UNION
               SELECT * FROM (SELECT DISTINCT k.tenant_id, k.user_id FROM parked_roles k
                 WHERE (k.scope_tenant = $1 OR k.scope_tenant IS NULL) AND NOT k.gone
                   AND k.role_id IN (SELECT value FROM rarray($2)) AND k.user_id > $3
                 ORDER BY k.user_id LIMIT $4) c
               UNION
               SELECT * FROM (SELECT u.tenant_id, u.id AS user_id FROM users u
                 WHERE u.tenant_id = $1 AND u.kind <> 'integration' AND u.id > $3
                   AND u.id <= (SELECT CASE WHEN EXISTS (SELECT 1 FROM default_roles e
                                  WHERE e.tenant_id = $1 AND e.role_id IN (SELECT value FROM rarray($2)))
                                THEN $5 ELSE $3 END)
                 ORDER BY u.id LIMIT $4) d) w
             WHERE user_id IS NOT NULL ORDER BY user_id LIMIT $4"
        )
    };
}

/// Who has one of these roles in the tenant, or in scopes that may reach it, after `after`: each way is read in the order of
/// the ids, and no further than `limit`, as in [`holders`]; where there is no default role, nobody is read for it.
pub(in crate::access) async fn candidates(
    c: &mut Conn,
    t: TenantId,
    roles: &[RoleId],
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Candidate>> {
    let after = after.unwrap_or(UserId(uuid::Uuid::nil()));
    let end = UserId(uuid::Uuid::max());
    let roles = List::Ids(roles.iter().map(|r| r.0).collect());
    sql!(
        c,
        all<Candidate>,
        {lite: candidates!("SELECT m.tenant_id, m.user_id FROM mappings p CROSS JOIN members m
               WHERE (p.scope_tenant = $1 OR p.scope_tenant IS NULL) AND p.role_id IN (SELECT value FROM rarray($2))
                 AND m.tenant_id = p.tenant_id AND m.group_id = p.group_id
                 AND m.user_id > $3 AND m.user_id <= coalesce((
                   SELECT x.user_id FROM members x
                   WHERE x.tenant_id = p.tenant_id AND x.group_id = p.group_id AND x.user_id > $3
                   ORDER BY x.user_id LIMIT 1 OFFSET $4), $5)"),
         pg: candidates!("SELECT p.tenant_id, m.user_id FROM mappings p CROSS JOIN LATERAL (
                 SELECT x.user_id FROM members x
                 WHERE x.tenant_id = p.tenant_id AND x.group_id = p.group_id AND x.user_id > $3 AND x.user_id <= $5
                 ORDER BY x.user_id LIMIT $4) m
               WHERE (p.scope_tenant = $1 OR p.scope_tenant IS NULL) AND p.role_id IN (SELECT value FROM rarray($2))")},
        t,
        roles,
        after,
        limit,
        end
    )
}

/// The text of [`holders`]; `$mapped` are those who may have it by a group, `$default` those who may by default.
macro_rules! holders {
    ($mapped:literal, $default:literal) => {
        concat!(
            "SELECT user_id FROM (
               SELECT user_id FROM (SELECT DISTINCT g.user_id FROM grants g
                 WHERE g.tenant_id = $1 AND g.role_id = $2 AND g.user_id > $3 ORDER BY g.user_id LIMIT $4) a
               UNION
               ",
            $mapped,
            "
               UNION
               SELECT user_id FROM (SELECT DISTINCT k.user_id FROM parked_roles k
                 WHERE k.tenant_id = $1 AND k.role_id = $2 AND NOT k.gone AND k.user_id > $3
                 ORDER BY k.user_id LIMIT $4) b
               UNION
               SELECT user_id FROM (SELECT u.id AS user_id FROM ",
            $default,
            " AND u.tenant_id = $1 AND u.kind <> 'integration' AND u.id > $3 ORDER BY u.id LIMIT $4) c) d
             WHERE user_id IS NOT NULL ORDER BY user_id LIMIT $4"
        )
    };
}

/// Whoever of the tenant's own people may hold the role there, after `after`: each way is read in the order of the ids, and
/// no further than `limit`, however many have it. Of each group that is its first members; SQLite, which joins no limited
/// rows, is told which is the last of them. Each database is asked for the default role in the way in which it reads nobody
/// where there is none.
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
        {lite: holders!("SELECT m.user_id FROM mappings p CROSS JOIN members m
               WHERE p.tenant_id = $1 AND p.role_id = $2 AND m.tenant_id = $1 AND m.group_id = p.group_id
                 AND m.user_id > $3 AND m.user_id <= coalesce((
                   SELECT x.user_id FROM members x
                   WHERE x.tenant_id = $1 AND x.group_id = p.group_id AND x.user_id > $3
                   ORDER BY x.user_id LIMIT 1 OFFSET $4), $5)",
               "default_roles e CROSS JOIN users u WHERE e.tenant_id = $1 AND e.role_id = $2"),
         pg: holders!("SELECT m.user_id FROM mappings p CROSS JOIN LATERAL (
                 SELECT x.user_id FROM members x
                 WHERE x.tenant_id = $1 AND x.group_id = p.group_id AND x.user_id > $3 AND x.user_id <= $5
                 ORDER BY x.user_id LIMIT $4) m
               WHERE p.tenant_id = $1 AND p.role_id = $2",
               "users u WHERE EXISTS (SELECT 1 FROM default_roles e WHERE e.tenant_id = $1 AND e.role_id = $2)")},
        t,
        role,
        after,
        limit,
        end
    )
}
