//! SQL of signals and their streams.

use super::stream::{Settings, Stream};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, TenantId},
    row, some_rows, sql,
    store::{Conn, J, Tx},
};

pub(super) async fn claim(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    hash: &str,
    until: Timestamp,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "INSERT INTO signals_taken (tenant_id, directory_id, jti_hash, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, directory_id, jti_hash) DO NOTHING",
        t,
        d,
        hash,
        until
    )
}

pub(super) async fn unclaim(tx: &mut Tx, t: TenantId, d: DirectoryId, hash: &str) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM signals_taken WHERE tenant_id = $1 AND directory_id = $2 AND jti_hash = $3",
        t,
        d,
        hash
    )
}

pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM signals_taken /* platform: worker */ WHERE expires_at < $1", before)
}

pub(super) async fn put(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    settings: J<Settings>,
    poll_token: Option<&str>,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO signal_streams (tenant_id, directory_id, settings, poll_token, updated_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, directory_id) DO UPDATE
         SET settings = excluded.settings, poll_token = excluded.poll_token, updated_at = excluded.updated_at",
        t,
        d,
        settings,
        poll_token,
        now
    )?;
    Ok(())
}

pub(super) async fn set_push(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    hash: Option<&str>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE signal_streams SET push_hash = $3, updated_at = $4 WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d,
        hash,
        now
    )
}

pub(super) async fn get(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Option<Stream>> {
    sql!(
        c,
        opt<Stream>,
        "SELECT directory_id, settings, push_hash, poll_token, verified_at, last_at, last_event, failed_at, failure,
                updated_at
         FROM signal_streams WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM signal_streams WHERE tenant_id = $1 AND directory_id = $2", t, d)
}

pub(super) async fn heard(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    event: &str,
    verified: bool,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE signal_streams SET last_at = $3, last_event = $4,
                verified_at = CASE WHEN $5 THEN $3 ELSE verified_at END
         WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d,
        now,
        event,
        verified
    )
}

pub(super) async fn failed(tx: &mut Tx, t: TenantId, d: DirectoryId, why: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE signal_streams SET failed_at = $3, failure = $4 WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d,
        now,
        why
    )
}

row! {
    /// A stream that is polled.
    pub(super) struct Polled { pub tenant_id: TenantId, pub directory_id: DirectoryId }
}

/// The streams that are polled, few: a table of one row for each directory that has one.
pub(super) async fn polled(c: &mut Conn) -> Result<Vec<Polled>> {
    sql!(
        c,
        all<Polled>,
        "SELECT tenant_id, directory_id FROM signal_streams /* platform: worker, scan: one row for each stream */
         WHERE poll_token IS NOT NULL ORDER BY tenant_id, directory_id"
    )
}

pub(super) async fn leave_taken(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("signals_taken", "directory_id, jti_hash"), t, n)
}

pub(super) async fn leave_streams(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("signal_streams", "directory_id"), t, n)
}
