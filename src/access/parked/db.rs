//! SQL of losses and of what is parked.

use super::{Change, Limits, Lost, Pieces};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, GroupId, MappingId, ParkedId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, J, List, Tx},
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
         WHERE p.tenant_id = $1 AND p.group_id = $2 AND u.id IN (SELECT value FROM rarray($3))
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
             WHERE m.tenant_id = $1 AND m.user_id = u.id AND m.group_id <> $2 AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))
           AND NOT EXISTS (
             SELECT 1 FROM parked_roles o WHERE o.tenant_id = $1 AND o.user_id = u.id AND NOT o.gone
               AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))",
        t,
        g,
        users,
        now
    )
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
        {lite: "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key,
                             external_id, gone, kept, role_id, scope, scope_tenant, group_name, granted_by, since,
                             created_at)
         SELECT u.tenant_id, unhex(printf('%012x', $6) || hex(randomblob(10))), $5, t.directory_id, u.id,
                coalesce(u.display_name, u.user_name), u.user_name_key, u.external_id, FALSE, FALSE, p.role_id,
                p.scope, p.scope_tenant, t.display_name, p.created_by, p.created_at, $4
         FROM mappings p JOIN users u ON u.tenant_id = p.tenant_id
         JOIN groups t ON t.tenant_id = p.tenant_id AND t.id = p.group_id
         WHERE p.tenant_id = $1 AND p.group_id = $2 AND u.id IN (SELECT value FROM rarray($3))
           AND (p.scope <> 'all' OR u.kind = 'administrator')
           AND (p.scope_tenant = p.tenant_id OR u.kind <> 'tenant')
           AND NOT EXISTS (
             SELECT 1 FROM grants o WHERE o.tenant_id = $1 AND o.user_id = u.id AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1)
               AND o.valid_from <= $4 AND o.valid_to IS NULL)
           AND NOT EXISTS (
             SELECT 1 FROM members m
             JOIN mappings o ON o.tenant_id = m.tenant_id AND o.group_id = m.group_id
             WHERE m.tenant_id = $1 AND m.user_id = u.id AND m.group_id <> $2 AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))
           AND NOT EXISTS (
             SELECT 1 FROM parked_roles o WHERE o.tenant_id = $1 AND o.user_id = u.id AND NOT o.gone
               AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))",
         pg: "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key,
                             external_id, gone, kept, role_id, scope, scope_tenant, group_name, granted_by, since,
                             created_at)
         SELECT u.tenant_id, CAST(lpad(to_hex($6::bigint), 12, '0')
                                  || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 13) AS uuid),
                $5, t.directory_id, u.id,
                coalesce(u.display_name, u.user_name), u.user_name_key, u.external_id, FALSE, FALSE, p.role_id,
                p.scope, p.scope_tenant, t.display_name, p.created_by, p.created_at, $4
         FROM mappings p JOIN users u ON u.tenant_id = p.tenant_id
         JOIN groups t ON t.tenant_id = p.tenant_id AND t.id = p.group_id
         WHERE p.tenant_id = $1 AND p.group_id = $2 AND u.id IN (SELECT value FROM rarray($3))
           AND (p.scope <> 'all' OR u.kind = 'administrator')
           AND (p.scope_tenant = p.tenant_id OR u.kind <> 'tenant')
           AND NOT EXISTS (
             SELECT 1 FROM grants o WHERE o.tenant_id = $1 AND o.user_id = u.id AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1)
               AND o.valid_from <= $4 AND o.valid_to IS NULL)
           AND NOT EXISTS (
             SELECT 1 FROM members m
             JOIN mappings o ON o.tenant_id = m.tenant_id AND o.group_id = m.group_id
             WHERE m.tenant_id = $1 AND m.user_id = u.id AND m.group_id <> $2 AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))
           AND NOT EXISTS (
             SELECT 1 FROM parked_roles o WHERE o.tenant_id = $1 AND o.user_id = u.id AND NOT o.gone
               AND o.role_id = p.role_id
               AND o.scope = p.scope AND coalesce(o.scope_tenant, $1) = coalesce(p.scope_tenant, $1))"},
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
             WHERE m.tenant_id = $1 AND m.user_id = $2
             UNION ALL
             SELECT scope, scope_tenant FROM parked_roles
             WHERE tenant_id = $1 AND user_id = $2 AND NOT gone) a ON TRUE
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
                             created_at, source)
         SELECT u.tenant_id, unhex(printf('%012x', $5) || hex(randomblob(10))), $4, u.directory_id, u.id,
                coalesce(u.display_name, u.user_name), u.user_name_key, u.external_id, TRUE, FALSE, a.role_id,
                a.scope, a.scope_tenant, a.group_name, a.granted_by, a.since, $3, a.source
         FROM users u JOIN (
           SELECT role_id, scope, scope_tenant, CAST(NULL AS text) AS group_name, granted_by, valid_from AS since, source
           FROM grants WHERE tenant_id = $1 AND user_id = $2 AND source NOT IN ('hold', 'elevation')
             AND valid_from <= $3 AND valid_to IS NULL
           UNION ALL
           SELECT p.role_id, p.scope, p.scope_tenant, t.display_name, p.created_by, p.created_at, CAST(NULL AS text)
           FROM members m JOIN mappings p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id
           JOIN groups t ON t.tenant_id = m.tenant_id AND t.id = m.group_id
           WHERE m.tenant_id = $1 AND m.user_id = $2) a ON TRUE
         WHERE u.tenant_id = $1 AND u.id = $2
           AND (a.scope <> 'all' OR u.kind = 'administrator')
           AND (a.scope_tenant = u.tenant_id OR u.kind <> 'tenant')",
         pg: "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key,
                             external_id, gone, kept, role_id, scope, scope_tenant, group_name, granted_by, since,
                             created_at, source)
         SELECT u.tenant_id, CAST(lpad(to_hex($5::bigint), 12, '0')
                                  || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 13) AS uuid),
                $4, u.directory_id, u.id,
                coalesce(u.display_name, u.user_name), u.user_name_key, u.external_id, TRUE, FALSE, a.role_id,
                a.scope, a.scope_tenant, a.group_name, a.granted_by, a.since, $3, a.source
         FROM users u JOIN (
           SELECT role_id, scope, scope_tenant, CAST(NULL AS text) AS group_name, granted_by, valid_from AS since, source
           FROM grants WHERE tenant_id = $1 AND user_id = $2 AND source NOT IN ('hold', 'elevation')
             AND valid_from <= $3 AND valid_to IS NULL
           UNION ALL
           SELECT p.role_id, p.scope, p.scope_tenant, t.display_name, p.created_by, p.created_at, CAST(NULL AS text)
           FROM members m JOIN mappings p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id
           JOIN groups t ON t.tenant_id = m.tenant_id AND t.id = m.group_id
           WHERE m.tenant_id = $1 AND m.user_id = $2) a ON TRUE
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

/// What was kept of somebody before they were deleted waits for their return.
pub(super) async fn person_gone(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE parked_roles SET gone = TRUE WHERE tenant_id = $1 AND user_id = $2 AND NOT gone",
        t,
        user
    )
}

/// Nothing is kept of somebody any more who is here.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM parked_roles WHERE tenant_id = $1 AND user_id = $2 AND NOT gone",
        t,
        user
    )
}

/// Writes down who lost a role; says how many were not counted within the window before.
pub(super) async fn note(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    users: &[UserId],
    since: Timestamp,
) -> Result<u64> {
    let (now, users) = (tx.now(), list(users));
    sql!(
        tx,
        exec,
        "INSERT INTO role_losses (tenant_id, directory_id, user_id, at)
         SELECT $1, $2, value, $4 FROM rarray($3) AS lost WHERE TRUE
         ON CONFLICT (tenant_id, directory_id, user_id) DO UPDATE SET at = $4 WHERE role_losses.at <= $5",
        t,
        d,
        users,
        now,
        since
    )
}

row! {
    /// A directory's losses so far.
    #[derive(Debug, Clone)]
    pub(super) struct Window { pub pieces: J<Pieces>, pub people: i64, pub counted_at: Timestamp }
}

pub(super) async fn window(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<Option<Window>> {
    sql!(
        tx,
        opt<Window>,
        "SELECT pieces, people, counted_at FROM loss_windows WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d
    )
}

pub(super) async fn set_window(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    w: &Window,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "INSERT INTO loss_windows (tenant_id, directory_id, pieces, people, counted_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, directory_id) DO UPDATE SET pieces = $3, people = $4, counted_at = $5",
        t,
        d,
        w.pieces,
        w.people,
        w.counted_at
    )
}

/// How many active people a tenant has, counted up to `most`.
pub(super) async fn people(c: &mut Conn, t: TenantId, most: i64) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM (SELECT 1 FROM users WHERE tenant_id = $1 AND active AND enabled
                                 AND kind <> 'integration' LIMIT $2) AS counted",
        t,
        most
    )
}

/// The directory's open change.
pub(super) async fn open(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Option<Change>> {
    sql!(
        c,
        opt<Change>,
        "SELECT c.tenant_id, c.id, c.directory_id, d.name, c.limits, c.opened_at, c.last_at, c.reminded_at,
                c.closed_at
         FROM parked_changes c JOIN directories d ON d.tenant_id = c.tenant_id AND d.id = c.directory_id
         WHERE c.tenant_id = $1 AND c.directory_id = $2 AND c.closed_at IS NULL",
        t,
        d
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    id: ParkedId,
    d: DirectoryId,
    limits: &Limits,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO parked_changes (tenant_id, id, directory_id, limits, opened_at, last_at)
         VALUES ($1, $2, $3, $4, $5, $5)",
        t,
        id,
        d,
        J(limits),
        now
    )
}

pub(super) async fn grew(tx: &mut Tx, t: TenantId, id: ParkedId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE parked_changes SET last_at = $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        now
    )
}

/// Whether the group is mapped, and whether its directory has a change that waits.
pub(super) async fn concerned(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    g: GroupId,
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM parked_changes
                        WHERE tenant_id = $1 AND directory_id = $2 AND closed_at IS NULL)
            AND EXISTS (SELECT 1 FROM mappings WHERE tenant_id = $1 AND group_id = $3)",
        t,
        d,
        g
    )
}

/// Whether a group gives anything.
pub(super) async fn mapped(c: &mut Conn, t: TenantId, g: GroupId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM mappings WHERE tenant_id = $1 AND group_id = $2)",
        t,
        g
    )
}

/// Lets go what was kept of what a mapping gave, unless another of the same group's name gives it.
pub(super) async fn unmapped(tx: &mut Tx, t: TenantId, mapping: MappingId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM parked_roles WHERE tenant_id = $1 AND NOT kept
           AND EXISTS (SELECT 1 FROM mappings p JOIN groups g ON g.tenant_id = p.tenant_id AND g.id = p.group_id
                       WHERE p.tenant_id = $1 AND p.id = $2 AND p.directory_id = parked_roles.directory_id
                         AND g.display_name = parked_roles.group_name AND p.role_id = parked_roles.role_id
                         AND p.scope = parked_roles.scope
                         AND coalesce(p.scope_tenant, $1) = coalesce(parked_roles.scope_tenant, $1))",
        t,
        mapping
    )
}

/// Lets go what was decided for people who are gone, of a role that is deleted.
pub(super) async fn role_gone(tx: &mut Tx, role: RoleId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM parked_roles WHERE role_id = $1 AND kept
         /* platform: a role offered to all is kept in tenants that its owner does not know */",
        role
    )
}

/// Lets go what was kept of people who have it by this group again.
pub(super) async fn back(tx: &mut Tx, t: TenantId, g: GroupId, users: &[UserId]) -> Result<u64> {
    let users = list(users);
    sql!(
        tx,
        exec,
        "DELETE FROM parked_roles WHERE tenant_id = $1 AND NOT gone
           AND user_id IN (SELECT value FROM rarray($3))
           AND EXISTS (SELECT 1 FROM mappings p WHERE p.tenant_id = $1 AND p.group_id = $2
                         AND p.role_id = parked_roles.role_id AND p.scope = parked_roles.scope
                         AND coalesce(p.scope_tenant, $1) = coalesce(parked_roles.scope_tenant, $1))",
        t,
        g,
        users
    )
}

// what is shown and decided

pub(super) async fn get(c: &mut Conn, t: TenantId, id: ParkedId) -> Result<Option<Change>> {
    sql!(
        c,
        opt<Change>,
        "SELECT c.tenant_id, c.id, c.directory_id, d.name, c.limits, c.opened_at, c.last_at, c.reminded_at,
                c.closed_at
         FROM parked_changes c JOIN directories d ON d.tenant_id = c.tenant_id AND d.id = c.directory_id
         WHERE c.tenant_id = $1 AND c.id = $2",
        t,
        id
    )
}

pub(super) async fn changes(
    c: &mut Conn,
    t: TenantId,
    after: Option<ParkedId>,
    limit: i64,
) -> Result<Vec<Change>> {
    let after = after.unwrap_or(ParkedId(uuid::Uuid::max()));
    sql!(
        c,
        all<Change>,
        "SELECT c.tenant_id, c.id, c.directory_id, d.name, c.limits, c.opened_at, c.last_at, c.reminded_at,
                c.closed_at
         FROM parked_changes c JOIN directories d ON d.tenant_id = c.tenant_id AND d.id = c.directory_id
         WHERE c.tenant_id = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3",
        t,
        after,
        limit
    )
}

row! {
    /// How many people and roles wait.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Waiting {
        /// People.
        pub people: i64,
        /// Roles of theirs.
        pub roles: i64,
    }
}

pub(super) async fn waiting(c: &mut Conn, t: TenantId, id: ParkedId) -> Result<Waiting> {
    sql!(
        c,
        one<Waiting>,
        "SELECT count(DISTINCT user_id), count(*) FROM parked_roles
         WHERE tenant_id = $1 AND change_id = $2 AND NOT kept",
        t,
        id
    )
}

/// Who would lose what, in the order in which it was taken away.
pub(super) async fn lost(
    c: &mut Conn,
    t: TenantId,
    id: ParkedId,
    after: Option<uuid::Uuid>,
    limit: i64,
) -> Result<Vec<Lost>> {
    let after = after.unwrap_or(uuid::Uuid::nil());
    // platform: a role of the provider's may be used in any tenant, so roles are joined by their id alone.
    sql!(
        c,
        all<Lost>,
        "SELECT k.id, k.user_id, k.user_label, k.gone, k.kept, k.role_id, r.name, k.scope, k.scope_tenant, k.group_name,
                k.created_at
         FROM parked_roles k LEFT JOIN roles r ON r.id = k.role_id
         WHERE k.tenant_id = $1 AND k.change_id = $2 AND k.id > $3 ORDER BY k.id LIMIT $4",
        t,
        id,
        after,
        limit
    )
}
