//! Sessions, refresh families and epochs: all their SQL.

use super::{NewSession, json};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{AppId, DirectoryId, FamilyId, SessionId, TenantId, UserId},
    row, sql,
    store::{Conn, J, List, Tx},
};
use serde_json::Value;
use uuid::Uuid;

pub(super) async fn insert(
    tx: &mut Tx,
    id: SessionId,
    s: &NewSession,
    hash: &str,
    expires: Timestamp,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO sessions (tenant_id, id, user_id, hash, acting_tenant, directory_id, class, evidence, auth_time,
                               client, created_at, last_seen_at, expires_at, upstream_sid)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)",
        s.home,
        id,
        s.user,
        hash,
        s.acting,
        s.directory,
        s.class,
        json(&s.evidence),
        s.auth_time,
        json(&s.client),
        now,
        expires,
        s.upstream_sid
    )?;
    Ok(())
}

/// The class of a session that has not ended, held to the end of the transaction: what it was and what becomes of it belong
/// together.
pub(super) async fn class_held(
    tx: &mut Tx,
    t: TenantId,
    (id, user): (SessionId, UserId),
) -> Result<Option<String>> {
    sql!(
        tx,
        opt<String>,
        "UPDATE sessions SET class = class WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND ended_at IS NULL
         RETURNING class",
        t,
        id,
        user
    )
}

pub(super) async fn renew(
    tx: &mut Tx,
    id: SessionId,
    s: &NewSession,
    hash: &str,
    expires: Timestamp,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE sessions SET hash = $4, class = $5, evidence = $6, auth_time = $7, client = $8, created_at = $9,
                last_seen_at = $9, expires_at = $10, upstream_sid = $11
         WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND ended_at IS NULL",
        s.home,
        id,
        s.user,
        hash,
        s.class,
        json(&s.evidence),
        s.auth_time,
        json(&s.client),
        now,
        expires,
        s.upstream_sid
    )
}

row! {
    /// A session with everything that decides whether it may act.
    #[derive(Debug, Clone)]
    pub struct Live {
        /// The user's tenant.
        pub home: TenantId,
        /// The session.
        pub id: SessionId,
        /// The user.
        pub user: UserId,
        /// The kind of user.
        pub kind: UserKind,
        /// The name they sign in with.
        pub user_name: String,
        /// The name that is shown.
        pub display_name: Option<String>,
        /// Directory and hand both let them in.
        pub user_live: bool,
        /// The user's tenant is not suspended.
        pub home_live: bool,
        /// The tenant acted in.
        pub acting: TenantId,
        /// It is not suspended.
        pub acting_live: bool,
        /// The directory that vouched.
        pub directory: Option<DirectoryId>,
        /// The assurance class.
        pub class: String,
        /// What it was decided on.
        pub evidence: J<Value>,
        /// When the person proved who they are; see [`Live::proved_at`].
        pub auth_time: Timestamp,
        /// The beginning, or when the person last proved who they are in it.
        pub created_at: Timestamp,
        /// Last request noted.
        pub last_seen_at: Timestamp,
        /// The end.
        pub expires_at: Timestamp,
        /// Ended before that.
        pub ended_at: Option<Timestamp>,
        /// The person has said that it acts there.
        pub chosen: bool,
        /// What the provider calls its own session.
        pub upstream_sid: Option<String>,
    }
}

macro_rules! live {
    ($where:literal) => {
        concat!(
            "SELECT /* platform: whose it is, is what is looked up */ s.tenant_id, s.id, s.user_id, u.kind,
                    u.user_name, u.display_name, (u.active AND u.enabled), (h.status = 'active'), s.acting_tenant,
                    (a.status = 'active'), s.directory_id, s.class, s.evidence, s.auth_time, s.created_at,
                    s.last_seen_at, s.expires_at, s.ended_at, (s.chosen OR s.acting_tenant <> s.tenant_id),
                    s.upstream_sid
             FROM sessions s
             JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
             JOIN tenants h ON h.id = s.tenant_id
             JOIN tenants a ON a.id = s.acting_tenant
             WHERE ",
            $where
        )
    };
}

pub(super) async fn by_hash(c: &mut Conn, hash: &str) -> Result<Option<Live>> {
    sql!(c, opt<Live>, live!("s.hash = $1"), hash)
}
pub(super) async fn by_id(c: &mut Conn, t: TenantId, id: SessionId) -> Result<Option<Live>> {
    sql!(c, opt<Live>, live!("s.tenant_id = $1 AND s.id = $2"), t, id)
}

/// Names one that has not ended.
pub(super) async fn rename(
    tx: &mut Tx,
    (t, user): (TenantId, UserId),
    id: SessionId,
    name: Option<&str>,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE sessions SET name = $4 WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND ended_at IS NULL",
        t,
        id,
        user,
        name
    )
}

row! {
    pub(super) struct Elsewhere { pub id: SessionId, pub there: TenantId }
}
row! {
    pub(super) struct FamilyElsewhere { pub id: FamilyId, pub there: TenantId }
}

/// A user's sessions that act in another tenant than their own.
pub(super) async fn acting_elsewhere(
    c: &mut Conn,
    t: TenantId,
    user: UserId,
) -> Result<Vec<Elsewhere>> {
    sql!(
        c,
        all<Elsewhere>,
        "SELECT id, acting_tenant FROM sessions
         WHERE tenant_id = $1 AND user_id = $2 AND acting_tenant <> $1 AND ended_at IS NULL",
        t,
        user
    )
}

/// A user's refresh families for another tenant than their own.
pub(super) async fn families_elsewhere(
    c: &mut Conn,
    t: TenantId,
    user: UserId,
) -> Result<Vec<FamilyElsewhere>> {
    sql!(
        c,
        all<FamilyElsewhere>,
        "SELECT id, tid FROM refresh_families
         WHERE tenant_id = $1 AND user_id = $2 AND tid <> $1 AND ended_at IS NULL",
        t,
        user
    )
}

pub(super) async fn touch(tx: &mut Tx, t: TenantId, id: SessionId, at: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE sessions SET last_seen_at = $3 WHERE tenant_id = $1 AND id = $2 AND last_seen_at < $3",
        t,
        id,
        at
    )
}

pub(super) async fn choose(
    tx: &mut Tx,
    t: TenantId,
    id: SessionId,
    acting: TenantId,
) -> Result<Option<UserId>> {
    sql!(
        tx,
        opt<UserId>,
        "UPDATE sessions SET acting_tenant = $3, chosen = true
         WHERE tenant_id = $1 AND id = $2 RETURNING user_id",
        t,
        id,
        acting
    )
}

row! {
    pub(in crate::sessions) struct Ended { pub id: SessionId, pub user_id: UserId }
}

/// The sessions that have just ended.
type AllEnded = Result<Vec<Ended>>;

macro_rules! end_sessions {
    ($where:literal) => {
        concat!(
            "UPDATE sessions SET ended_at = $2, ended_why = $3 WHERE ",
            $where,
            " AND ended_at IS NULL RETURNING id, user_id"
        )
    };
}
pub(super) async fn end_of_tenant(tx: &mut Tx, t: TenantId, why: &str) -> Result<Vec<Ended>> {
    let now = tx.now();
    sql!(tx, all<Ended>, end_sessions!("tenant_id = $1"), t, now, why)
}
pub(super) async fn end_of_directory(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    why: &str,
) -> AllEnded {
    let now = tx.now();
    sql!(tx, all<Ended>, end_sessions!("tenant_id = $1 AND directory_id = $4"), t, now, why, d)
}
pub(super) async fn end_of_user(tx: &mut Tx, t: TenantId, user: UserId, why: &str) -> AllEnded {
    let now = tx.now();
    sql!(tx, all<Ended>, end_sessions!("tenant_id = $1 AND user_id = $4"), t, now, why, user)
}
pub(super) async fn end_others(
    tx: &mut Tx,
    t: TenantId,
    (user, kept): (UserId, SessionId),
    why: &str,
) -> Result<Vec<Ended>> {
    let now = tx.now();
    sql!(
        tx,
        all<Ended>,
        end_sessions!("tenant_id = $1 AND user_id = $4 AND id <> $5"),
        t,
        now,
        why,
        user,
        kept
    )
}
pub(super) async fn end_one(tx: &mut Tx, t: TenantId, id: SessionId, why: &str) -> AllEnded {
    let now = tx.now();
    sql!(tx, all<Ended>, end_sessions!("tenant_id = $1 AND id = $4"), t, now, why, id)
}

row! {
    /// A refresh family that has just ended.
    #[derive(Debug, Clone)]
    pub struct EndedFamily {
        /// The family.
        pub id: FamilyId,
        /// Its application.
        pub app_id: AppId,
    }
}

macro_rules! end_families {
    ($where:literal) => {
        concat!(
            "UPDATE refresh_families SET ended_at = $2, ended_why = $3 WHERE ",
            $where,
            " AND ended_at IS NULL RETURNING id, app_id"
        )
    };
}
pub(super) async fn families_of_tenant(
    tx: &mut Tx,
    t: TenantId,
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    sql!(tx, all<EndedFamily>, end_families!("tenant_id = $1"), t, now, why)
}
pub(super) async fn families_of_user(
    tx: &mut Tx,
    t: TenantId,
    user: UserId,
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    sql!(tx, all<EndedFamily>, end_families!("tenant_id = $1 AND user_id = $4"), t, now, why, user)
}
pub(super) async fn families_of_others(
    tx: &mut Tx,
    t: TenantId,
    (user, kept): (UserId, SessionId),
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    sql!(
        tx,
        all<EndedFamily>,
        end_families!(
            "tenant_id = $1 AND user_id = $4 AND (session_id IS NULL OR session_id <> $5)"
        ),
        t,
        now,
        why,
        user,
        kept
    )
}
pub(super) async fn families_of_session(
    tx: &mut Tx,
    t: TenantId,
    id: SessionId,
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    sql!(tx, all<EndedFamily>, end_families!("tenant_id = $1 AND session_id = $4"), t, now, why, id)
}
pub(super) async fn families_of_sessions(
    tx: &mut Tx,
    t: TenantId,
    sessions: &[Ended],
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    let sessions = List::Ids(sessions.iter().map(|s| s.id.0).collect());
    sql!(
        tx,
        all<EndedFamily>,
        end_families!("tenant_id = $1 AND session_id IN (SELECT value FROM rarray($4))"),
        t,
        now,
        why,
        sessions
    )
}
pub(super) async fn family(
    tx: &mut Tx,
    t: TenantId,
    id: FamilyId,
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    sql!(tx, all<EndedFamily>, end_families!("tenant_id = $1 AND id = $4"), t, now, why, id)
}
pub(super) async fn families_of_consent(
    tx: &mut Tx,
    t: TenantId,
    (user, app): (UserId, AppId),
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    sql!(
        tx,
        all<EndedFamily>,
        end_families!("tenant_id = $1 AND user_id = $4 AND app_id = $5"),
        t,
        now,
        why,
        user,
        app
    )
}
pub(super) async fn families_of_app(
    tx: &mut Tx,
    app: AppId,
    why: &str,
) -> Result<Vec<EndedFamily>> {
    let now = tx.now();
    sql!(
        tx,
        all<EndedFamily>,
        "UPDATE refresh_families /* platform: an application serves people of any tenant */
         SET ended_at = $2, ended_why = $3 WHERE app_id = $1 AND ended_at IS NULL RETURNING id, app_id",
        app,
        now,
        why
    )
}

pub(super) async fn bump(tx: &mut Tx, t: TenantId, subject: Uuid) -> Result<()> {
    sql!(
        tx,
        later,
        "INSERT INTO epochs (tenant_id, subject, epoch) VALUES ($1, $2, 1)
         ON CONFLICT (tenant_id, subject) DO UPDATE SET epoch = epochs.epoch + 1",
        t,
        subject
    )
}

pub(super) async fn epoch(c: &mut Conn, t: TenantId, subject: Uuid) -> Result<i64> {
    let e = sql!(
        c,
        opt<i64>,
        "SELECT epoch FROM epochs WHERE tenant_id = $1 AND subject = $2",
        t,
        subject
    )?;
    Ok(e.unwrap_or(0))
}

pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let s = sql!(
        tx,
        exec,
        "DELETE FROM sessions /* platform: worker */ WHERE expires_at < $1",
        before
    )?;
    let f = sql!(
        tx,
        exec,
        "DELETE FROM refresh_families /* platform: worker, scan: daily */ WHERE expires_at < $1",
        before
    )?;
    Ok(s + f)
}
