//! SQL of losses and of what is parked.

use super::{Change, Limits, Lost, Pieces};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, GroupId, MappingId, ParkedId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, J, List, Tx},
};
use std::collections::BTreeSet;

fn list(users: &[UserId]) -> List {
    List::Ids(users.iter().map(|u| u.0).collect())
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
                                 AND kind <> 'integration' ORDER BY id LIMIT $2) AS counted",
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

/// Somebody else answers for what is kept of a mapping from now on.
pub(super) async fn adopted(
    tx: &mut Tx,
    (t, mapping): (TenantId, MappingId),
    author: Option<(TenantId, UserId)>,
    granted: &BTreeSet<String>,
) -> Result<u64> {
    let (by, (by_tenant, by_user)) = (tx.actor().label(), author.unzip());
    sql!(
        tx,
        exec,
        "UPDATE parked_roles SET created_by_tenant = $3, created_by_user = $4, granted = $5, granted_by = $6,
                                 suspended_at = NULL
         WHERE tenant_id = $1 AND mapping_id = $2 AND NOT kept",
        t,
        mapping,
        by_tenant,
        by_user,
        J(granted),
        by
    )
}

row! {
    /// A change of which something is suspended now, or is not any more.
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    pub(super) struct Noted { pub tenant_id: TenantId, pub change_id: ParkedId }
}

/// Writes down whether what is kept of a mapping is suspended, while this author answers for it; of which changes it is.
pub(super) async fn noted(
    tx: &mut Tx,
    mapping: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<Vec<Noted>> {
    let now = tx.now();
    let at = suspended.then_some(now);
    sql!(
        tx,
        all<Noted>,
        "/* platform: whoever answers for it, the server writes it down */
         UPDATE parked_roles SET suspended_at = $4
         WHERE mapping_id = $1 AND created_by_tenant = $2 AND created_by_user = $3 AND (suspended_at IS NULL) = $5
         RETURNING tenant_id, change_id",
        mapping,
        author.0,
        author.1,
        at,
        suspended
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
