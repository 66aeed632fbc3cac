//! SQL of break-glass accounts.

use super::Account;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    sql,
    store::{Conn, Tx},
};

pub async fn insert(tx: &mut Tx, t: TenantId, user: UserId, by: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO break_glass (tenant_id, user_id, made_at, made_by) VALUES ($1, $2, $3, $4)",
        t,
        user,
        now,
        by
    )
}

pub async fn find(c: &mut Conn, t: TenantId, user: UserId) -> Result<Option<Account>> {
    sql!(
        c,
        opt<Account>,
        "SELECT b.tenant_id, b.user_id, u.user_name, b.made_at, b.armed_until, b.used_at, b.reminded_at,
                (SELECT count(*) FROM recovery_codes r WHERE r.tenant_id = b.tenant_id AND r.user_id = b.user_id)
         FROM break_glass b JOIN users u ON u.tenant_id = b.tenant_id AND u.id = b.user_id
         WHERE b.tenant_id = $1 AND b.user_id = $2",
        t,
        user
    )
}

pub async fn list(c: &mut Conn, t: TenantId) -> Result<Vec<Account>> {
    sql!(
        c,
        all<Account>,
        "SELECT b.tenant_id, b.user_id, u.user_name, b.made_at, b.armed_until, b.used_at, b.reminded_at,
                (SELECT count(*) FROM recovery_codes r WHERE r.tenant_id = b.tenant_id AND r.user_id = b.user_id)
         FROM break_glass b JOIN users u ON u.tenant_id = b.tenant_id AND u.id = b.user_id
         WHERE b.tenant_id = $1 ORDER BY b.user_id",
        t
    )
}

pub async fn arm(tx: &mut Tx, t: TenantId, user: UserId, until: Timestamp) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "UPDATE break_glass SET armed_until = $3 WHERE tenant_id = $1 AND user_id = $2",
        t,
        user,
        until
    )?;
    Ok(n > 0)
}

/// Breaks the seal: true for the one sign-in that it is armed for.
pub async fn used(tx: &mut Tx, t: TenantId, user: UserId) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "UPDATE break_glass SET armed_until = NULL, used_at = $3
         WHERE tenant_id = $1 AND user_id = $2 AND armed_until > $3",
        t,
        user,
        now
    )?;
    Ok(n > 0)
}

/// Notes that a drill is due, of those that were neither made, used nor told of since.
pub async fn remind(tx: &mut Tx, t: TenantId, user: UserId, before: Timestamp) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "UPDATE break_glass SET reminded_at = $3
         WHERE tenant_id = $1 AND user_id = $2 AND made_at < $4
           AND (used_at IS NULL OR used_at < $4) AND (reminded_at IS NULL OR reminded_at < $4)",
        t,
        user,
        now,
        before
    )?;
    Ok(n > 0)
}
