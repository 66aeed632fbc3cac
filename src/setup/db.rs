//! All SQL of the setup link. The table belongs to no tenant.

use crate::{
    clock::Timestamp,
    error::Result,
    sql,
    store::{Conn, Tx},
};

pub(super) async fn insert(tx: &mut Tx, hash: &str, expires: Timestamp) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO setup_links (hash, created_at, expires_at) VALUES ($1, $2, $3)",
        hash,
        now,
        expires
    )
}

/// There is one link at a time.
pub(super) async fn forget(tx: &mut Tx) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM setup_links /* scan: one row */")
}

pub(super) async fn is_open(c: &mut Conn, hash: &str, now: Timestamp) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM setup_links WHERE hash = $1 AND used_at IS NULL AND expires_at > $2)",
        hash,
        now
    )
}

pub(super) async fn claim(tx: &mut Tx, hash: &str) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "UPDATE setup_links SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
        hash,
        now
    )?;
    Ok(n > 0)
}
