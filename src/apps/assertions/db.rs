//! The assertions that were used.

use crate::{clock::Timestamp, error::Result, sql, store::Tx};

pub(super) async fn claim(tx: &mut Tx, hash: &str, until: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "INSERT INTO client_assertions (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
        hash,
        until
    )
}

pub(super) async fn sweep(tx: &mut Tx) -> Result<u64> {
    let now = tx.now();
    sql!(tx, exec, "DELETE FROM client_assertions WHERE expires_at < $1", now)
}
