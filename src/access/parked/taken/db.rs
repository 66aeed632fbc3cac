//! SQL of what a directory takes away, and of keeping it. What a suspended mapping gives is held by nobody: it is no loss,
//! it hides none, and nothing is kept of it.

use crate::{
    access::parked::Change,
    error::Result,
    id::{GroupId, TenantId, UserId},
    sql,
    store::{List, Tx},
};

fn list(users: &[UserId]) -> List {
    List::Ids(users.iter().map(|u| u.0).collect())
}

/// Those of `users` who have a role by this group and by nothing else. Whoever their directory has switched off has it as
/// well: it may switch them on again.
pub(super) async fn losing(
    tx: &mut Tx,
    t: TenantId,
    g: GroupId,
    users: &[UserId],
) -> Result<Vec<UserId>> {
    let (now, users) = (tx.now(), list(users));
    sql!(
        tx,
        all<UserId>,
        "SELECT DISTINCT u.id FROM mappings p JOIN users u ON u.tenant_id = p.tenant_id
         WHERE p.tenant_id = $1 AND p.group_id = $2 AND p.suspended_at IS NULL
           AND u.id IN (SELECT value FROM rarray($3))
           AND u.enabled
           AND (p.scope <> 'all' OR u.kind = 'administrator')
           AND (p.scope_tenant = p.tenant_id OR u.kind <> 'tenant')
           AND NOT EXISTS (
             SELECT 1 FROM grants o WHERE o.tenant_id = $1 AND o.user_id = u.id AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1)
               AND o.valid_from <= $4 AND o.valid_to IS NULL)
           AND NOT EXISTS (
             SELECT 1 FROM members m
             JOIN mappings o ON o.tenant_id = m.tenant_id AND o.group_id = m.group_id
             WHERE m.tenant_id = $1 AND m.user_id = u.id AND m.group_id <> $2
               AND o.role_id = p.role_id AND o.suspended_at IS NULL
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))
           AND NOT EXISTS (
             SELECT 1 FROM parked_roles o WHERE o.tenant_id = $1 AND o.user_id = u.id AND NOT o.gone
               AND o.role_id = p.role_id AND o.suspended_at IS NULL
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))",
        t,
        g,
        users,
        now
    )
}

/// What [`park_members`] writes, with the new row's id as the dialect makes it.
macro_rules! parking {
    ($id:literal) => {
        concat!(
            "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key,
                             external_id, gone, kept, role_id, scope, scope_tenant, group_name, granted_by, since,
                             created_at, mapping_id, created_by_tenant, created_by_user, granted)
         SELECT u.tenant_id, ",
            $id,
            ", $5, t.directory_id, u.id,
                coalesce(u.display_name, u.user_name), u.user_name_key, u.external_id, FALSE, FALSE, p.role_id,
                p.scope, p.scope_tenant, t.display_name, coalesce(p.adopted_by, p.created_by), p.created_at, $4,
                p.id, p.created_by_tenant, p.created_by_user, p.granted
         FROM mappings p JOIN users u ON u.tenant_id = p.tenant_id
         JOIN groups t ON t.tenant_id = p.tenant_id AND t.id = p.group_id
         WHERE p.tenant_id = $1 AND p.group_id = $2 AND p.suspended_at IS NULL
           AND u.id IN (SELECT value FROM rarray($3))
           AND (p.scope <> 'all' OR u.kind = 'administrator')
           AND (p.scope_tenant = p.tenant_id OR u.kind <> 'tenant')
           AND NOT EXISTS (
             SELECT 1 FROM grants o WHERE o.tenant_id = $1 AND o.user_id = u.id AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1)
               AND o.valid_from <= $4 AND o.valid_to IS NULL)
           AND NOT EXISTS (
             SELECT 1 FROM members m
             JOIN mappings o ON o.tenant_id = m.tenant_id AND o.group_id = m.group_id
             WHERE m.tenant_id = $1 AND m.user_id = u.id AND m.group_id <> $2
               AND o.role_id = p.role_id AND o.suspended_at IS NULL
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))
           AND NOT EXISTS (
             SELECT 1 FROM parked_roles o WHERE o.tenant_id = $1 AND o.user_id = u.id AND NOT o.gone
               AND o.role_id = p.role_id AND o.suspended_at IS NULL
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))"
        )
    };
}

/// Keeps what [`losing`] found. Ids begin with the time, so that rows stand in its order.
pub(super) async fn park_members(
    tx: &mut Tx,
    c: &Change,
    g: GroupId,
    users: &[UserId],
) -> Result<u64> {
    let (now, users) = (tx.now(), list(users));
    let ms = now.0 / 1000;
    sql!(
        tx,
        exec,
        {lite: parking!("unhex(printf('%012x', $6) || hex(randomblob(10)))"),
         pg: parking!("CAST(lpad(to_hex($6::bigint), 12, '0')
                                  || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 13) AS uuid)")},
        c.tenant_id,
        g,
        users,
        now,
        c.id,
        ms
    )
}

/// Whether somebody has a role at all that one of their kind may have, in a way that a deletion ends for good.
pub(super) async fn has_roles(tx: &mut Tx, t: TenantId, user: UserId) -> Result<bool> {
    let now = tx.now();
    sql!(
        tx,
        one<bool>,
        "SELECT EXISTS (
           SELECT 1 FROM users u JOIN (
             SELECT scope, scope_tenant FROM grants
             WHERE tenant_id = $1 AND user_id = $2 AND source NOT IN ('hold', 'elevation')
               AND valid_from <= $3 AND valid_to IS NULL
             UNION ALL
             SELECT p.scope, p.scope_tenant FROM members m
             JOIN mappings p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id
             WHERE m.tenant_id = $1 AND m.user_id = $2 AND p.suspended_at IS NULL
             UNION ALL
             SELECT scope, scope_tenant FROM parked_roles
             WHERE tenant_id = $1 AND user_id = $2 AND NOT gone AND suspended_at IS NULL) a ON TRUE
           WHERE u.tenant_id = $1 AND u.id = $2
             AND (a.scope <> 'all' OR u.kind = 'administrator')
             AND (a.scope_tenant = u.tenant_id OR u.kind <> 'tenant'))",
        t,
        user,
        now
    )
}

/// Keeps what somebody has who is being deleted, for the day they come again.
pub(super) async fn park_person(tx: &mut Tx, c: &Change, user: UserId) -> Result<u64> {
    let now = tx.now();
    let ms = now.0 / 1000;
    sql!(
        tx,
        exec,
        {lite: "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key,
                             external_id, gone, kept, role_id, scope, scope_tenant, group_name, granted_by, since,
                             created_at, source, mapping_id, created_by_tenant, created_by_user, granted)
         SELECT u.tenant_id, unhex(printf('%012x', $5) || hex(randomblob(10))), $4, u.directory_id, u.id,
                coalesce(u.display_name, u.user_name), u.user_name_key, u.external_id, TRUE, FALSE, a.role_id,
                a.scope, a.scope_tenant, a.group_name, a.granted_by, a.since, $3, a.source,
                a.mapping_id, a.by_tenant, a.by_user, a.granted
         FROM users u JOIN (
           SELECT role_id, scope, scope_tenant, CAST(NULL AS text) AS group_name, granted_by, valid_from AS since, source,
                  CAST(NULL AS uuid) AS mapping_id, CAST(NULL AS uuid) AS by_tenant, CAST(NULL AS uuid) AS by_user,
                  CAST(NULL AS jsonb) AS granted
           FROM grants WHERE tenant_id = $1 AND user_id = $2 AND source NOT IN ('hold', 'elevation')
             AND valid_from <= $3 AND valid_to IS NULL
           UNION ALL
           SELECT p.role_id, p.scope, p.scope_tenant, t.display_name, coalesce(p.adopted_by, p.created_by), p.created_at,
                  CAST(NULL AS text), p.id, p.created_by_tenant, p.created_by_user, p.granted
           FROM members m JOIN mappings p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id
           JOIN groups t ON t.tenant_id = m.tenant_id AND t.id = m.group_id
           WHERE m.tenant_id = $1 AND m.user_id = $2 AND p.suspended_at IS NULL) a ON TRUE
         WHERE u.tenant_id = $1 AND u.id = $2
           AND (a.scope <> 'all' OR u.kind = 'administrator')
           AND (a.scope_tenant = u.tenant_id OR u.kind <> 'tenant')",
         pg: "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key,
                             external_id, gone, kept, role_id, scope, scope_tenant, group_name, granted_by, since,
                             created_at, source, mapping_id, created_by_tenant, created_by_user, granted)
         SELECT u.tenant_id, CAST(lpad(to_hex($5::bigint), 12, '0')
                                  || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 13) AS uuid),
                $4, u.directory_id, u.id,
                coalesce(u.display_name, u.user_name), u.user_name_key, u.external_id, TRUE, FALSE, a.role_id,
                a.scope, a.scope_tenant, a.group_name, a.granted_by, a.since, $3, a.source,
                a.mapping_id, a.by_tenant, a.by_user, a.granted
         FROM users u JOIN (
           SELECT role_id, scope, scope_tenant, CAST(NULL AS text) AS group_name, granted_by, valid_from AS since, source,
                  CAST(NULL AS uuid) AS mapping_id, CAST(NULL AS uuid) AS by_tenant, CAST(NULL AS uuid) AS by_user,
                  CAST(NULL AS jsonb) AS granted
           FROM grants WHERE tenant_id = $1 AND user_id = $2 AND source NOT IN ('hold', 'elevation')
             AND valid_from <= $3 AND valid_to IS NULL
           UNION ALL
           SELECT p.role_id, p.scope, p.scope_tenant, t.display_name, coalesce(p.adopted_by, p.created_by), p.created_at,
                  CAST(NULL AS text), p.id, p.created_by_tenant, p.created_by_user, p.granted
           FROM members m JOIN mappings p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id
           JOIN groups t ON t.tenant_id = m.tenant_id AND t.id = m.group_id
           WHERE m.tenant_id = $1 AND m.user_id = $2 AND p.suspended_at IS NULL) a ON TRUE
         WHERE u.tenant_id = $1 AND u.id = $2
           AND (a.scope <> 'all' OR u.kind = 'administrator')
           AND (a.scope_tenant = u.tenant_id OR u.kind <> 'tenant')"},
        c.tenant_id,
        user,
        now,
        c.id,
        ms
    )
}
