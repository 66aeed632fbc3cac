//! SQL of recovery codes.

use crate::{
    error::Result,
    id::{TenantId, UserId},
    sql,
    store::{Conn, Tx},
};

pub async fn insert(tx: &mut Tx, t: TenantId, u: UserId, hash: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO recovery_codes (tenant_id, user_id, hash, made_at) VALUES ($1, $2, $3, $4)",
        t,
        u,
        hash,
        now
    )
}

/// Uses one up: true for the first who comes with it.
pub async fn claim(tx: &mut Tx, t: TenantId, u: UserId, hash: &str) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND hash = $3",
        t,
        u,
        hash
    )?;
    Ok(n > 0)
}

pub async fn left(c: &mut Conn, t: TenantId, u: UserId) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2",
        t,
        u
    )
}

pub async fn delete_all(tx: &mut Tx, t: TenantId, u: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2", t, u)
}
