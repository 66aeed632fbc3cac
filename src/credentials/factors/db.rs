//! SQL of the tries of factors, and of what they are tried with.

use super::Factor;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{CeremonyId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

row! {
    /// How often a factor was missed.
    #[derive(Debug, Clone, Copy)]
    pub struct TriesRow {
        pub failures: i64,
        pub locked_until: Option<Timestamp>,
        pub tried_at: Timestamp,
    }
}

pub async fn tries(c: &mut Conn, t: TenantId, u: UserId, f: Factor) -> Result<Option<TriesRow>> {
    sql!(
        c,
        opt<TriesRow>,
        "SELECT failures, locked_until, tried_at FROM factor_tries
         WHERE tenant_id = $1 AND user_id = $2 AND factor = $3",
        t,
        u,
        f
    )
}

pub async fn missed(
    tx: &mut Tx,
    (t, u): (TenantId, UserId),
    f: Factor,
    failures: i64,
    locked_until: Option<Timestamp>,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO factor_tries (tenant_id, user_id, factor, failures, locked_until, tried_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, user_id, factor)
         DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until, tried_at = excluded.tried_at",
        t,
        u,
        f,
        failures,
        locked_until,
        now
    )?;
    Ok(())
}

pub async fn forget(tx: &mut Tx, t: TenantId, u: UserId, f: Factor) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM factor_tries WHERE tenant_id = $1 AND user_id = $2 AND factor = $3",
        t,
        u,
        f
    )
}

pub async fn forget_all(tx: &mut Tx, t: TenantId, u: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM factor_tries WHERE tenant_id = $1 AND user_id = $2", t, u)
}

pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM factor_tries /* platform: worker */ WHERE tried_at < $1", before)
}

pub async fn begin(
    tx: &mut Tx,
    id: CeremonyId,
    bound: &str,
    state: &Value,
    expires: Timestamp,
) -> Result<u64> {
    let state = J(state);
    sql!(
        tx,
        exec,
        "INSERT INTO ceremonies (id, bound, state, expires_at) VALUES ($1, $2, $3, $4)",
        id,
        bound,
        state,
        expires
    )
}

row! {
    /// What an answer is held against.
    #[derive(Debug, Clone)]
    pub struct Claimed {
        pub state: J<Value>,
    }
}

/// Uses it up: one statement, so that of two answers one finds it.
pub async fn claim(tx: &mut Tx, id: CeremonyId, bound: &str) -> Result<Option<Claimed>> {
    let now = tx.now();
    sql!(
        tx,
        opt<Claimed>,
        "DELETE FROM ceremonies WHERE id = $1 AND bound = $2 AND expires_at > $3 RETURNING state",
        id,
        bound,
        now
    )
}

pub async fn sweep_ceremonies(tx: &mut Tx) -> Result<u64> {
    let now = tx.now();
    sql!(tx, exec, "DELETE FROM ceremonies WHERE expires_at < $1", now)
}
