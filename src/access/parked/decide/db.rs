//! SQL of decisions about what is parked.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, ParkedId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, List, Tx},
};

fn list(users: Option<&[UserId]>) -> (bool, List) {
    let ids = users.unwrap_or_default().iter().map(|u| u.0).collect();
    (users.is_none(), List::Ids(ids))
}

row! {
    /// A role and where it is kept; whether a group gave it, or somebody by hand.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Kept {
        pub role_id: RoleId,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
        pub mapped: bool,
    }
}

/// What is to be decided about, each once.
pub(super) async fn roles(
    c: &mut Conn,
    t: TenantId,
    id: ParkedId,
    users: Option<&[UserId]>,
) -> Result<Vec<Kept>> {
    let (all, users) = list(users);
    sql!(
        c,
        all<Kept>,
        "SELECT DISTINCT role_id, scope, scope_tenant, group_name IS NOT NULL FROM parked_roles
         WHERE tenant_id = $1 AND change_id = $2 AND NOT kept
           AND ($3 OR user_id IN (SELECT value FROM rarray($4)))",
        t,
        id,
        all,
        users
    )
}

/// Whom it is about, each once.
pub(super) async fn people(
    c: &mut Conn,
    t: TenantId,
    id: ParkedId,
    users: Option<&[UserId]>,
) -> Result<Vec<UserId>> {
    let (all, users) = list(users);
    sql!(
        c,
        all<UserId>,
        "SELECT DISTINCT user_id FROM parked_roles
         WHERE tenant_id = $1 AND change_id = $2 AND NOT kept
           AND ($3 OR user_id IN (SELECT value FROM rarray($4)))",
        t,
        id,
        all,
        users
    )
}

/// Gives what is kept of people who are here by hand, unless they have it so; what is suspended nobody has, and is let go.
pub(super) async fn give(
    tx: &mut Tx,
    t: TenantId,
    id: ParkedId,
    users: Option<&[UserId]>,
    by: &str,
    reference: &str,
    reason: &str,
) -> Result<u64> {
    let (now, (all, users)) = (tx.now(), list(users));
    sql!(
        tx,
        exec,
        "INSERT INTO grants (tenant_id, id, user_id, role_id, scope, scope_tenant, source, source_ref, user_label,
                             granted_by, reason, valid_from, valid_to, created_at)
         SELECT k.tenant_id, k.id, k.user_id, k.role_id, k.scope, k.scope_tenant, 'manual', $6, k.user_label,
                $5, $7, $8, NULL, $8
         FROM parked_roles k
         WHERE k.tenant_id = $1 AND k.change_id = $2 AND NOT k.kept AND NOT k.gone AND k.suspended_at IS NULL
           AND ($3 OR k.user_id IN (SELECT value FROM rarray($4)))
           AND NOT EXISTS (
             SELECT 1 FROM grants o WHERE o.tenant_id = $1 AND o.user_id = k.user_id AND o.role_id = k.role_id
               AND o.source = 'manual' AND o.valid_to IS NULL AND o.scope = k.scope
               AND coalesce(o.scope_tenant, $1) = coalesce(k.scope_tenant, $1))",
        t,
        id,
        all,
        users,
        by,
        reference,
        reason,
        now
    )
}

/// Keeps what people had who are gone, for their return.
pub(super) async fn keep_gone(
    tx: &mut Tx,
    t: TenantId,
    id: ParkedId,
    users: Option<&[UserId]>,
    by: &str,
    reason: &str,
) -> Result<u64> {
    let (all, users) = list(users);
    sql!(
        tx,
        exec,
        "UPDATE parked_roles SET kept = TRUE, kept_by = $5, reason = $6
         WHERE tenant_id = $1 AND change_id = $2 AND NOT kept AND gone AND suspended_at IS NULL
           AND ($3 OR user_id IN (SELECT value FROM rarray($4)))",
        t,
        id,
        all,
        users,
        by,
        reason
    )
}

/// Lets go what is kept and not decided.
pub(super) async fn drop(
    tx: &mut Tx,
    t: TenantId,
    id: ParkedId,
    users: Option<&[UserId]>,
) -> Result<u64> {
    let (all, users) = list(users);
    sql!(
        tx,
        exec,
        "DELETE FROM parked_roles WHERE tenant_id = $1 AND change_id = $2 AND NOT kept
           AND ($3 OR user_id IN (SELECT value FROM rarray($4)))",
        t,
        id,
        all,
        users
    )
}

row! {
    /// Somebody who is here again.
    #[derive(Debug, Clone)]
    pub struct Again { pub id: UserId, pub user_name_key: String, pub external_id: Option<String> }
}

/// People whom the directory has created again, of whom something is kept by this change.
pub(super) async fn again(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    id: ParkedId,
) -> Result<Vec<Again>> {
    sql!(
        c,
        all<Again>,
        "SELECT u.id, u.user_name_key, u.external_id FROM parked_roles k
         JOIN users u ON u.tenant_id = k.tenant_id AND u.directory_id = $2 AND u.user_name_key = k.user_name_key
         WHERE k.tenant_id = $1 AND k.change_id = $3 AND k.kept
         UNION
         SELECT u.id, u.user_name_key, u.external_id FROM parked_roles k
         JOIN users u ON u.tenant_id = k.tenant_id AND u.directory_id = $2 AND u.external_id = k.external_id
         WHERE k.tenant_id = $1 AND k.change_id = $3 AND k.kept",
        t,
        d,
        id
    )
}

/// Gives somebody who came again what was kept for them, so far as one of their kind may have it, as what it was: of the
/// same id of the directory's, or where one of the two has none, of the same name.
pub(super) async fn restore(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
    name_key: &str,
    external_id: Option<&str>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO grants (tenant_id, id, user_id, role_id, scope, scope_tenant, source, source_ref, user_label,
                             granted_by, reason, valid_from, valid_to, created_at)
         SELECT k.tenant_id, k.id, u.id, k.role_id, k.scope, k.scope_tenant, coalesce(k.source, 'manual'), NULL,
                k.user_label, coalesce(k.kept_by, k.granted_by), k.reason, $6, NULL, $6
         FROM parked_roles k JOIN users u ON u.tenant_id = k.tenant_id AND u.id = $3
         WHERE k.tenant_id = $1 AND k.directory_id = $2 AND k.kept
           AND (k.scope <> 'all' OR u.kind = 'administrator')
           AND (k.scope_tenant = k.tenant_id OR u.kind <> 'tenant')
           AND (k.external_id = $5
                OR (k.user_name_key = $4 AND (k.external_id IS NULL OR CAST($5 AS text) IS NULL)))",
        t,
        d,
        user,
        name_key,
        external_id,
        now
    )
}

/// What was given to whoever came again is no longer kept.
pub(super) async fn restored(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    name_key: &str,
    external_id: Option<&str>,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM parked_roles
         WHERE tenant_id = $1 AND directory_id = $2 AND kept
           AND (external_id = $4
                OR (user_name_key = $3 AND (external_id IS NULL OR CAST($4 AS text) IS NULL)))",
        t,
        d,
        name_key,
        external_id
    )
}

/// Closes a change of which nothing waits any more.
pub(super) async fn close(tx: &mut Tx, t: TenantId, id: ParkedId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE parked_changes SET closed_at = $3
         WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM parked_roles k WHERE k.tenant_id = $1 AND k.change_id = $2 AND NOT k.kept)",
        t,
        id,
        now
    )
}

pub(super) async fn close_empty(tx: &mut Tx, t: TenantId) -> Result<Vec<ParkedId>> {
    let now = tx.now();
    sql!(
        tx,
        all<ParkedId>,
        "UPDATE parked_changes SET closed_at = $2
         WHERE tenant_id = $1 AND closed_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM parked_roles k
                           WHERE k.tenant_id = $1 AND k.change_id = parked_changes.id AND NOT k.kept)
         RETURNING id",
        t,
        now
    )
}

row! {
    /// A change that has waited long.
    #[derive(Debug, Clone)]
    pub struct Late { pub tenant_id: TenantId, pub id: ParkedId }
}

pub(super) async fn late(c: &mut Conn, before: Timestamp, limit: i64) -> Result<Vec<Late>> {
    sql!(
        c,
        all<Late>,
        "SELECT tenant_id, id FROM parked_changes
         WHERE closed_at IS NULL AND reminded_at IS NULL AND opened_at < $1 ORDER BY opened_at LIMIT $2
         /* platform: whatever has waited long, of whichever tenant */",
        before,
        limit
    )
}

pub(super) async fn reminded(tx: &mut Tx, t: TenantId, id: ParkedId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE parked_changes SET reminded_at = $3
         WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL AND reminded_at IS NULL",
        t,
        id,
        now
    )
}

/// Whether anything is old enough to be swept.
pub(super) async fn any_old(c: &mut Conn, losses: Timestamp, closed: Timestamp) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM role_losses WHERE at < $1)
             OR EXISTS (SELECT 1 FROM parked_changes WHERE closed_at < $2 AND closed_at IS NOT NULL)
             /* platform: whatever is old, of whichever tenant */",
        losses,
        closed
    )
}

pub(super) async fn sweep_losses(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM role_losses WHERE at < $1 /* platform: whatever is old, of whichever tenant */",
        before
    )
}

pub(super) async fn sweep_changes(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM parked_changes WHERE closed_at IS NOT NULL AND closed_at < $1
         /* platform: whatever is old, of whichever tenant */",
        before
    )
}
