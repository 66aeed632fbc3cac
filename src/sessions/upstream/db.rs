//! SQL of sessions as their provider knows them.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, SessionId, TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
};

row! {
    /// A session that came through a provider.
    #[derive(Debug, Clone)]
    pub struct Found {
        /// Its id.
        pub id: SessionId,
        /// Whose it is.
        pub user_id: UserId,
        /// What the provider calls its own session.
        pub upstream_sid: Option<String>,
        /// The beginning, or when the person last proved who they are in it.
        pub created_at: Timestamp,
    }
}

pub(super) async fn named(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    sid: &str,
) -> Result<Vec<Found>> {
    sql!(
        c,
        all<Found>,
        "SELECT id, user_id, upstream_sid, created_at FROM sessions
         WHERE tenant_id = $1 AND directory_id = $2 AND upstream_sid = $3 AND ended_at IS NULL",
        t,
        d,
        sid
    )
}

pub(super) async fn through(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
) -> Result<Vec<Found>> {
    sql!(
        c,
        all<Found>,
        "SELECT id, user_id, upstream_sid, created_at FROM sessions
         WHERE tenant_id = $1 AND user_id = $2 AND directory_id = $3 AND ended_at IS NULL",
        t,
        user,
        d
    )
}

/// The class of a session whose proof counts no more than one factor.
pub(super) const WEAK: &str = "single";

pub(super) async fn weaken(tx: &mut Tx, t: TenantId, id: SessionId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE sessions SET class = $3
         WHERE tenant_id = $1 AND id = $2 AND class IN ('attested', 'mfa', 'phr') AND ended_at IS NULL",
        t,
        id,
        WEAK
    )
}

pub(super) async fn remember(tx: &mut Tx, t: TenantId, id: SessionId, hint: &str) -> Result<()> {
    sql!(
        tx,
        exec,
        "INSERT INTO session_hints (tenant_id, session_id, hint) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, session_id) DO UPDATE SET hint = excluded.hint",
        t,
        id,
        hint
    )?;
    Ok(())
}

pub(super) async fn forget(tx: &mut Tx, t: TenantId, id: SessionId) -> Result<()> {
    sql!(tx, exec, "DELETE FROM session_hints WHERE tenant_id = $1 AND session_id = $2", t, id)?;
    Ok(())
}

pub(super) async fn hint(c: &mut Conn, t: TenantId, id: SessionId) -> Result<Option<String>> {
    sql!(
        c,
        opt<String>,
        "SELECT hint FROM session_hints WHERE tenant_id = $1 AND session_id = $2",
        t,
        id
    )
}
