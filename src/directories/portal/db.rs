//! Setup links' SQL.

use super::{Portal, PortalRow};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, PortalId, TenantId, UserId},
    sql,
    store::{Conn, Tx},
};

/// A link to be written.
pub(super) struct New<'a> {
    pub(super) id: PortalId,
    pub(super) directory: DirectoryId,
    pub(super) hash: &'a str,
    pub(super) note: &'a str,
    pub(super) by: &'a str,
    pub(super) author: Option<(TenantId, UserId)>,
    pub(super) until: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, t: TenantId, new: &New<'_>) -> Result<PortalRow> {
    let now = tx.now();
    let (home, user) = (new.author.map(|a| a.0), new.author.map(|a| a.1));
    sql!(
        tx,
        one<PortalRow>,
        "INSERT INTO portals (tenant_id, id, directory_id, hash, note, made_by, author_tenant, author, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         RETURNING id, directory_id, note, made_by, created_at, expires_at, used_at",
        t,
        new.id,
        new.directory,
        new.hash,
        new.note,
        new.by,
        home,
        user,
        now,
        new.until
    )
}

/// Those that are over.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "DELETE FROM portals WHERE tenant_id = $1 AND directory_id = $2 AND expires_at <= $3",
        t,
        d,
        now
    )
}

pub(super) async fn of_directory(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
) -> Result<Vec<PortalRow>> {
    sql!(
        c,
        all<PortalRow>,
        "SELECT id, directory_id, note, made_by, created_at, expires_at, used_at
         FROM portals WHERE tenant_id = $1 AND directory_id = $2 ORDER BY created_at DESC, id DESC",
        t,
        d
    )
}

pub(super) async fn by_hash(c: &mut Conn, hash: &str) -> Result<Option<Portal>> {
    sql!(
        c,
        opt<Portal>,
        "SELECT tenant_id, id, directory_id, author_tenant, author, expires_at
         FROM portals /* platform: whose it is, is what is looked up */ WHERE hash = $1",
        hash
    )
}

pub(super) async fn used(tx: &mut Tx, t: TenantId, id: PortalId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE portals SET used_at = $3 WHERE tenant_id = $1 AND id = $2 AND used_at IS NULL",
        t,
        id,
        now
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, d: DirectoryId, id: PortalId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM portals WHERE tenant_id = $1 AND directory_id = $2 AND id = $3",
        t,
        d,
        id
    )
}
