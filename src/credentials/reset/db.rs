//! SQL of links that set a password.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
};

row! {
    /// Whose link it is.
    #[derive(Debug, Clone, Copy)]
    pub struct Row {
        pub tenant_id: TenantId,
        pub user_id: UserId,
        pub by_desk: bool,
    }
}

/// The tenants in which a name has a person of no directory with a password, four at most.
pub async fn homes_of(c: &mut Conn, key: &str) -> Result<Vec<TenantId>> {
    sql!(
        c,
        all<TenantId>,
        "SELECT u.tenant_id FROM users u JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id
         WHERE u.user_name_key = $1 AND u.directory_id IS NULL AND u.kind <> 'integration' AND NOT p.void
         ORDER BY u.tenant_id LIMIT 4 /* platform: whose it is, is what is looked up */",
        key
    )
}

/// The newest link is the one that opens.
pub async fn put(
    tx: &mut Tx,
    t: TenantId,
    user: UserId,
    hash: &str,
    expires: Timestamp,
    by_desk: bool,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO password_resets (tenant_id, user_id, hash, created_at, expires_at, by_desk)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, user_id)
         DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at, expires_at = excluded.expires_at,
                       by_desk = excluded.by_desk",
        t,
        user,
        hash,
        now,
        expires,
        by_desk
    )
}

/// Whether a help desk's link to them opens.
pub async fn desk_waits(tx: &mut Tx, t: TenantId, user: UserId) -> Result<bool> {
    let now = tx.now();
    sql!(
        tx,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM password_resets
                        WHERE tenant_id = $1 AND user_id = $2 AND by_desk AND expires_at > $3)",
        t,
        user,
        now
    )
}

pub async fn by_hash(c: &mut Conn, hash: &str, now: Timestamp) -> Result<Option<Row>> {
    sql!(
        c,
        opt<Row>,
        "SELECT tenant_id, user_id, by_desk FROM password_resets
         WHERE hash = $1 AND expires_at > $2 /* platform: whose it is, is what is looked up */",
        hash,
        now
    )
}

/// Uses the link up: true for the first who comes with it.
pub async fn claim(tx: &mut Tx, t: TenantId, user: UserId, hash: &str) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "DELETE FROM password_resets WHERE tenant_id = $1 AND user_id = $2 AND hash = $3 AND expires_at > $4",
        t,
        user,
        hash,
        now
    )?;
    Ok(n > 0)
}

pub async fn forget(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM password_resets WHERE tenant_id = $1 AND user_id = $2", t, user)
}

pub async fn sweep(tx: &mut Tx) -> Result<u64> {
    let now = tx.now();
    sql!(tx, exec, "DELETE FROM password_resets /* platform: worker */ WHERE expires_at < $1", now)
}
