//! SQL of tombstones.

use super::{Tombstone, Why};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, TenantId, TombstoneId, UserId},
    sql,
    store::{Conn, Tx},
    text::fold,
    users::User,
};

pub(super) async fn insert(
    tx: &mut Tx,
    id: TombstoneId,
    d: DirectoryId,
    u: &User,
    why: Why,
    by: &str,
) -> Result<u64> {
    let (now, key) = (tx.now(), fold(&u.user_name));
    sql!(
        tx,
        exec,
        "INSERT INTO tombstones (tenant_id, id, directory_id, why, user_id, user_name, user_name_key, external_id,
                                 made_by, created_at, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        u.tenant_id,
        id,
        d,
        why,
        u.id,
        u.user_name,
        key,
        u.external_id,
        by,
        now
    )
}

/// What is remembered of somebody of this name or this id, deletions first.
pub(super) async fn of(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    name: &str,
    external_id: Option<&str>,
) -> Result<Vec<Tombstone>> {
    let key = fold(name);
    sql!(
        c,
        all<Tombstone>,
        "SELECT tenant_id, id, directory_id, why, user_id, user_name, external_id, made_by, created_at, asked_at
         FROM tombstones
         WHERE tenant_id = $1 AND directory_id = $2 AND (user_name_key = $3 OR external_id = $4)
         ORDER BY CASE WHEN why = 'deleted' THEN 0 ELSE 1 END, id LIMIT 16",
        t,
        d,
        key,
        external_id
    )
}

pub(super) async fn asked(tx: &mut Tx, t: TenantId, id: TombstoneId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE tombstones SET asked_at = $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        now
    )
}

/// Forgets what is remembered of somebody who came back switched off, name and id each by itself. A name that is settled is
/// an empty key, which nobody's is; what is left of neither goes.
pub(super) async fn settle(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    name: &str,
    external_id: Option<&str>,
) -> Result<u64> {
    let key = fold(name);
    sql!(
        tx,
        exec,
        "DELETE FROM tombstones WHERE tenant_id = $1 AND directory_id = $2 AND why = 'disabled'
           AND (user_name_key = $3 OR external_id = $4)
           AND user_name_key IN ($3, '') AND (external_id IS NULL OR external_id = $4)",
        t,
        d,
        key,
        external_id
    )?;
    sql!(
        tx,
        exec,
        "UPDATE tombstones SET user_name_key = CASE WHEN user_name_key = $3 THEN '' ELSE user_name_key END,
                external_id = CASE WHEN external_id = $4 THEN NULL ELSE external_id END
         WHERE tenant_id = $1 AND directory_id = $2 AND why = 'disabled'
           AND (user_name_key = $3 OR external_id = $4)",
        t,
        d,
        key,
        external_id
    )
}

/// Forgets what is remembered of a person who is here.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, id: UserId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM tombstones WHERE tenant_id = $1 AND user_id = $2 AND why = 'disabled'
         /* scan: what is remembered of a tenant's people, when a person is switched on by hand */",
        t,
        id
    )
}

/// Whether somebody who carries this id is here and switched off by hand.
pub(super) async fn is_off(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    external_id: &str,
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM users
                        WHERE tenant_id = $1 AND directory_id = $2 AND external_id = $3 AND NOT enabled)",
        t,
        d,
        external_id
    )
}

/// Who else carries this id and is switched on.
pub(super) async fn alike(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    external_id: &str,
    but: UserId,
) -> Result<Vec<UserId>> {
    sql!(
        c,
        all<UserId>,
        "SELECT id FROM users
         WHERE tenant_id = $1 AND directory_id = $2 AND external_id = $3 AND enabled AND id <> $4 ORDER BY id",
        t,
        d,
        external_id,
        but
    )
}

pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    after: Option<TombstoneId>,
    limit: i64,
) -> Result<Vec<Tombstone>> {
    let after = after.unwrap_or(TombstoneId(uuid::Uuid::max()));
    sql!(
        c,
        all<Tombstone>,
        "SELECT tenant_id, id, directory_id, why, user_id, user_name, external_id, made_by, created_at, asked_at
         FROM tombstones WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        t,
        after,
        limit
    )
}

/// Takes one away; the person it was about.
pub(super) async fn delete(tx: &mut Tx, t: TenantId, id: TombstoneId) -> Result<Option<Tombstone>> {
    sql!(
        tx,
        opt<Tombstone>,
        "DELETE FROM tombstones WHERE tenant_id = $1 AND id = $2
         RETURNING tenant_id, id, directory_id, why, user_id, user_name, external_id, made_by, created_at, asked_at",
        t,
        id
    )
}

pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM tombstones WHERE asked_at < $1 /* platform: whatever is old, of whichever tenant */",
        before
    )
}

pub(super) async fn any_before(c: &mut Conn, before: Timestamp) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM tombstones WHERE asked_at < $1)
                /* platform: whatever is old, of whichever tenant */",
        before
    )
}
