//! SQL of what is over by itself, and of what a policy ends.

use super::Past;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{SessionId, TenantId},
    row,
    sessions::db::{Ended, EndedFamily},
    sql,
    store::{Conn, List, Tx},
};

row! {
    /// A session that is over by itself.
    #[derive(Clone, Copy)]
    pub(super) struct Over { pub tenant_id: TenantId, pub id: SessionId }
}

/// Sessions that are over by themselves, while applications that got tokens in them were not told; each half of them by
/// an index of its own, of those that have no reason to have ended.
pub(super) async fn over(
    c: &mut Conn,
    now: Timestamp,
    unused_since: Timestamp,
) -> Result<Vec<Over>> {
    sql!(
        c,
        all<Over>,
        "SELECT /* platform: worker */ e.tenant_id, e.id FROM
           (SELECT s.tenant_id, s.id FROM sessions s WHERE s.ended_why IS NULL AND s.expires_at <= $1
              AND EXISTS (SELECT 1 FROM session_apps a
                          WHERE a.tenant_id = s.tenant_id AND a.session_id = s.id AND a.claimed_at IS NULL)
            ORDER BY s.expires_at LIMIT 200) e
         UNION
         SELECT u.tenant_id, u.id FROM
           (SELECT s.tenant_id, s.id FROM sessions s WHERE s.ended_why IS NULL AND s.last_seen_at <= $2
              AND EXISTS (SELECT 1 FROM session_apps a
                          WHERE a.tenant_id = s.tenant_id AND a.session_id = s.id AND a.claimed_at IS NULL)
            ORDER BY s.last_seen_at LIMIT 200) u",
        now,
        unused_since
    )
}

/// The same by the policies of tenants that have one: of their own people's sessions, and of those that act there. `late`
/// is how much later than it was a use may be written down.
pub(super) async fn over_by_policy(c: &mut Conn, now: Timestamp, late: i64) -> Result<Vec<Over>> {
    sql!(
        c,
        all<Over>,
        "SELECT /* platform: worker, scan: the tenants, of which few have a policy about it */ o.tenant_id, o.id FROM
           (SELECT s.tenant_id, s.id FROM tenants t JOIN sessions s ON s.tenant_id = t.id
            WHERE (t.policy -> 'sessions') IS NOT NULL AND s.ended_why IS NULL
              AND (s.created_at + 1000000 * CAST(t.policy -> 'sessions' ->> 'max' AS bigint) <= $1
                   OR s.last_seen_at + $2 + 1000000 * CAST(t.policy -> 'sessions' ->> 'idle' AS bigint) <= $1)
              AND EXISTS (SELECT 1 FROM session_apps a
                          WHERE a.tenant_id = s.tenant_id AND a.session_id = s.id AND a.claimed_at IS NULL)
            LIMIT 200) o
         UNION
         SELECT o.tenant_id, o.id FROM
           (SELECT s.tenant_id, s.id FROM tenants t JOIN sessions s
              ON s.acting_tenant = t.id AND s.acting_tenant <> s.tenant_id
            WHERE (t.policy -> 'sessions') IS NOT NULL AND s.ended_why IS NULL
              AND (s.created_at + 1000000 * CAST(t.policy -> 'sessions' ->> 'max' AS bigint) <= $1
                   OR s.last_seen_at + $2 + 1000000 * CAST(t.policy -> 'sessions' ->> 'idle' AS bigint) <= $1)
              AND EXISTS (SELECT 1 FROM session_apps a
                          WHERE a.tenant_id = s.tenant_id AND a.session_id = s.id AND a.claimed_at IS NULL)
            LIMIT 200) o",
        now,
        late
    )
}

row! {
    /// What a session's end depends on, and the tenants whose policies it depends on.
    pub(super) struct Standing {
        pub acting_tenant: TenantId,
        pub created_at: Timestamp,
        pub last_seen_at: Timestamp,
        pub expires_at: Timestamp,
    }
}

/// A session that nobody ended, as it stays to the end of the transaction.
pub(super) async fn standing(tx: &mut Tx, s: &Over) -> Result<Option<Standing>> {
    sql!(
        tx,
        opt<Standing>,
        {lite: "SELECT acting_tenant, created_at, last_seen_at, expires_at FROM sessions
                WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL",
         pg: "SELECT acting_tenant, created_at, last_seen_at, expires_at FROM sessions
              WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL FOR UPDATE"},
        s.tenant_id,
        s.id
    )
}

row! {
    /// What a tenant's policy says of sessions, in seconds.
    pub(super) struct Said { pub max: Option<i64>, pub idle: Option<i64> }
}

/// What a tenant's policy says of sessions.
pub(super) async fn said(tx: &mut Tx, t: TenantId) -> Result<Option<Said>> {
    sql!(
        tx,
        opt<Said>,
        "SELECT CAST(policy -> 'sessions' ->> 'max' AS bigint), CAST(policy -> 'sessions' ->> 'idle' AS bigint)
         FROM tenants WHERE id = $1",
        t
    )
}

/// Ends a tenant's people's sessions that began, or were last used, before `past`.
pub(in crate::sessions) async fn end_older(
    tx: &mut Tx,
    t: TenantId,
    past: Past,
    why: &str,
) -> Result<Vec<Ended>> {
    let now = tx.now();
    sql!(
        tx,
        all<Ended>,
        "UPDATE sessions SET ended_at = $2, ended_why = $3
         WHERE tenant_id = $1 AND (created_at <= $4 OR last_seen_at <= $5) AND ended_at IS NULL RETURNING id, user_id",
        t,
        now,
        why,
        past.began,
        past.used
    )
}

/// Ends refresh families likewise, and those of `sessions`.
pub(in crate::sessions) async fn families_older(
    tx: &mut Tx,
    t: TenantId,
    past: Past,
    sessions: &[Ended],
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    let sessions = List::Ids(sessions.iter().map(|s| s.id.0).collect());
    sql!(
        tx,
        all<EndedFamily>,
        "UPDATE refresh_families SET ended_at = $2, ended_why = $3
         WHERE tenant_id = $1 AND (created_at <= $4 OR used_at <= $5 OR session_id IN (SELECT value FROM rarray($6)))
           AND ended_at IS NULL RETURNING id, app_id",
        t,
        now,
        why,
        past.began,
        past.used,
        sessions
    )
}
