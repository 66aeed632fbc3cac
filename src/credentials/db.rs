//! SQL of local credentials.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    row, some_rows, sql,
    store::{Conn, Tx},
};

row! {
    /// A password, hashed, when it was set, and whether it is long enough without a second factor.
    #[derive(Debug, Clone)]
    pub struct PasswordRow {
        pub hash: String,
        pub changed_at: Timestamp,
        pub alone: bool,
    }
}

pub async fn password(c: &mut Conn, t: TenantId, user: UserId) -> Result<Option<PasswordRow>> {
    sql!(
        c,
        opt<PasswordRow>,
        "SELECT hash, changed_at, alone FROM passwords
         WHERE tenant_id = $1 AND user_id = $2 AND NOT void",
        t,
        user
    )
}

pub async fn set_password(
    tx: &mut Tx,
    t: TenantId,
    user: UserId,
    hash: &str,
    alone: bool,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO passwords (tenant_id, user_id, hash, changed_at, alone) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, user_id)
         DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at, alone = excluded.alone, void = false",
        t,
        user,
        hash,
        now,
        alone
    )?;
    Ok(())
}

/// Leaves of a password only that there was one, or says that there is to be one.
pub async fn void_password(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO passwords (tenant_id, user_id, hash, changed_at, alone, void) VALUES ($1, $2, '', $3, false, true)
         ON CONFLICT (tenant_id, user_id)
         DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at, alone = excluded.alone, void = true",
        t,
        user,
        now
    )
}

/// Whether the person's password was made void, and nothing has taken its place.
pub async fn is_void(c: &mut Conn, t: TenantId, user: UserId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM passwords WHERE tenant_id = $1 AND user_id = $2 AND void)",
        t,
        user
    )
}

row! {
    /// How often a name was typed with a wrong password.
    #[derive(Debug, Clone, Copy)]
    pub struct TriesRow {
        pub failures: i64,
        pub locked_until: Option<Timestamp>,
        pub tried_at: Timestamp,
    }
}

pub async fn tries(c: &mut Conn, at: TenantId, name: &str) -> Result<Option<TriesRow>> {
    sql!(
        c,
        opt<TriesRow>,
        "SELECT failures, locked_until, tried_at FROM password_tries WHERE tenant_id = $1 AND name_hash = $2",
        at,
        name
    )
}

/// Notes how often a name was missed.
pub async fn missed(
    tx: &mut Tx,
    at: TenantId,
    name: &str,
    failures: i64,
    locked_until: Option<Timestamp>,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO password_tries (tenant_id, name_hash, failures, locked_until, tried_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, name_hash)
         DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until, tried_at = excluded.tried_at",
        at,
        name,
        failures,
        locked_until,
        now
    )?;
    Ok(())
}

/// Takes back one miss, and the wait until `until` that it brought. What others brought stays, if they are enough.
pub async fn not_missed(
    tx: &mut Tx,
    at: TenantId,
    name: &str,
    until: Option<Timestamp>,
    enough: i64,
) -> Result<()> {
    sql!(
        tx,
        exec,
        "UPDATE password_tries
         SET failures = failures - 1,
             locked_until = CASE WHEN locked_until = $3 OR failures <= $4 THEN NULL ELSE locked_until END
         WHERE tenant_id = $1 AND name_hash = $2 AND failures > 0",
        at,
        name,
        until,
        enough
    )?;
    Ok(())
}

/// Forgets how often a name was missed.
pub async fn forget(tx: &mut Tx, at: TenantId, name: &str) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM password_tries WHERE tenant_id = $1 AND name_hash = $2", at, name)
}

pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM password_tries /* platform: worker */ WHERE tried_at < $1", before)
}

row! {
    /// A one-time code's secret, sealed, and the last step that was used.
    #[derive(Debug, Clone)]
    pub struct CodeRow {
        pub secret: String,
        pub failures: i64,
        pub locked_until: Option<Timestamp>,
        pub created_at: Timestamp,
    }
}

pub async fn code(c: &mut Conn, t: TenantId, user: UserId) -> Result<Option<CodeRow>> {
    sql!(
        c,
        opt<CodeRow>,
        "SELECT secret, failures, locked_until, created_at FROM one_time_codes
         WHERE tenant_id = $1 AND user_id = $2",
        t,
        user
    )
}

pub async fn set_code(tx: &mut Tx, t: TenantId, user: UserId, sealed: &str) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO one_time_codes (tenant_id, user_id, secret, last_step, failures, locked_until, created_at)
         VALUES ($1, $2, $3, 0, 0, NULL, $4)
         ON CONFLICT (tenant_id, user_id)
         DO UPDATE SET secret = excluded.secret, last_step = 0, failures = 0, locked_until = NULL,
                       created_at = excluded.created_at",
        t,
        user,
        sealed,
        now
    )?;
    Ok(())
}

/// Uses a step up: true for the first who comes with it or a later one.
pub async fn use_step(tx: &mut Tx, t: TenantId, user: UserId, step: i64) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "UPDATE one_time_codes SET last_step = $3, failures = 0, locked_until = NULL
         WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3",
        t,
        user,
        step
    )?;
    Ok(n > 0)
}

/// Notes how often the code was missed.
pub async fn code_missed(
    tx: &mut Tx,
    t: TenantId,
    user: UserId,
    failures: i64,
    locked_until: Option<Timestamp>,
) -> Result<()> {
    sql!(
        tx,
        exec,
        "UPDATE one_time_codes SET failures = $3, locked_until = $4
         WHERE tenant_id = $1 AND user_id = $2",
        t,
        user,
        failures,
        locked_until
    )?;
    Ok(())
}

/// Forgets that the code was missed.
pub async fn code_forgiven(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE one_time_codes SET failures = 0, locked_until = NULL WHERE tenant_id = $1 AND user_id = $2",
        t,
        user
    )
}

/// Removes the code and says whether there was one.
pub async fn delete_code(tx: &mut Tx, t: TenantId, user: UserId) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "DELETE FROM one_time_codes WHERE tenant_id = $1 AND user_id = $2",
        t,
        user
    )?;
    Ok(n > 0)
}

pub async fn delete_password(tx: &mut Tx, t: TenantId, user: UserId) -> Result<bool> {
    let n = sql!(tx, exec, "DELETE FROM passwords WHERE tenant_id = $1 AND user_id = $2", t, user)?;
    Ok(n > 0)
}

/// Whether the user has any credential here, or had one until a reset.
pub async fn any(c: &mut Conn, t: TenantId, user: UserId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM passwords WHERE tenant_id = $1 AND user_id = $2)
             OR EXISTS (SELECT 1 FROM one_time_codes WHERE tenant_id = $1 AND user_id = $2)
             OR EXISTS (SELECT 1 FROM passkeys WHERE tenant_id = $1 AND user_id = $2)",
        t,
        user
    )
}

/// Some of the tries that were counted in a tenant that leaves.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("password_tries", "name_hash"), t, n)
}
