//! Which applications got tokens in a session.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, SessionId, TenantId, UserId},
    sql,
    store::{Conn, Tx},
};

/// Holds a session that has not ended: whoever ends it waits for this transaction, or was before it.
pub(super) async fn hold(tx: &mut Tx, t: TenantId, session: SessionId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE sessions SET last_seen_at = $3 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL",
        t,
        session,
        now
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    session: SessionId,
    app: AppId,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO session_apps (tenant_id, session_id, app_id, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, session_id, app_id)
         DO UPDATE SET claimed_at = NULL, told_at = NULL WHERE session_apps.claimed_at IS NOT NULL",
        t,
        session,
        app,
        now
    )
}

/// Whose session it is has heard of it by now; written beside the row that says so of the session.
pub(super) async fn meet(tx: &mut Tx, t: TenantId, session: SessionId, app: AppId) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        later,
        "INSERT INTO app_people (tenant_id, user_id, app_id, created_at)
         SELECT tenant_id, user_id, $3, $4 FROM sessions WHERE tenant_id = $1 AND id = $2
         ON CONFLICT (tenant_id, user_id, app_id) DO NOTHING",
        t,
        session,
        app,
        now
    )
}

/// An application is told no more of somebody.
pub(super) async fn part_from(tx: &mut Tx, t: TenantId, user: UserId, app: AppId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM app_people WHERE tenant_id = $1 AND user_id = $2 AND app_id = $3",
        t,
        user,
        app
    )
}

/// No application is told of somebody any more.
pub(super) async fn unmeet(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM app_people WHERE tenant_id = $1 AND user_id = $2", t, user)
}

/// An application that is removed is told of nobody.
pub(super) async fn forget(tx: &mut Tx, app: AppId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM app_people /* platform: it serves people of any tenant */ WHERE app_id = $1",
        app
    )
}

pub(super) async fn claim(tx: &mut Tx, t: TenantId, session: SessionId) -> Result<Vec<AppId>> {
    let now = tx.now();
    sql!(
        tx,
        all<AppId>,
        "UPDATE session_apps SET claimed_at = $3 WHERE tenant_id = $1 AND session_id = $2 AND claimed_at IS NULL
         RETURNING app_id",
        t,
        session,
        now
    )
}

/// Marks what an application has of a user's sessions as over for it; which sessions.
pub(super) async fn leave(
    tx: &mut Tx,
    t: TenantId,
    user: UserId,
    app: AppId,
) -> Result<Vec<SessionId>> {
    let now = tx.now();
    sql!(
        tx,
        all<SessionId>,
        "UPDATE session_apps SET claimed_at = $4
         WHERE tenant_id = $1 AND app_id = $3 AND claimed_at IS NULL AND session_id IN (
           SELECT id FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL)
         RETURNING session_id",
        t,
        user,
        app,
        now
    )
}

/// Removes what was marked at `left`, unless the application is back.
pub(super) async fn part(
    tx: &mut Tx,
    t: TenantId,
    session: SessionId,
    app: AppId,
    left: Timestamp,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM session_apps WHERE tenant_id = $1 AND session_id = $2 AND app_id = $3 AND claimed_at = $4",
        t,
        session,
        app,
        left
    )
}

pub(super) async fn told(tx: &mut Tx, t: TenantId, session: SessionId, app: AppId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE session_apps SET told_at = $4 WHERE tenant_id = $1 AND session_id = $2 AND app_id = $3",
        t,
        session,
        app,
        now
    )
}

/// How many applications of a session want to be told of its end, and were not.
pub(super) async fn untold(c: &mut Conn, t: TenantId, session: SessionId) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM session_apps s JOIN apps a ON a.id = s.app_id /* platform: serves any tenant */
         WHERE s.tenant_id = $1 AND s.session_id = $2 AND s.told_at IS NULL
           AND (a.settings->>'backchannel_logout_uri') IS NOT NULL",
        t,
        session
    )
}

pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM session_apps /* platform: worker, scan: what is left over */ WHERE created_at < $1 AND NOT EXISTS (
           SELECT 1 FROM sessions s WHERE s.tenant_id = session_apps.tenant_id AND s.id = session_apps.session_id)",
        before
    )
}
