//! SQL of streams and of what waits to be delivered.

use super::stream::{Settings, Status};
use crate::{
    apps,
    clock::Timestamp,
    error::Result,
    id::{AppId, GroupId, MessageId, SessionId, StreamId, TenantId, UserId},
    row, some_rows, sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

row! {
    /// A stream as it stands, and whose it is.
    #[derive(Debug, Clone)]
    pub struct EventStream {
        /// Whose application it is for.
        pub tenant_id: TenantId,
        /// The stream.
        pub id: StreamId,
        /// The application.
        pub app_id: AppId,
        /// What the application asked for.
        pub settings: J<Settings>,
        /// What is pushed is sent with this; sealed.
        pub authorization_header: Option<String>,
        /// Whether anything is sent.
        pub status: Status,
        /// Why it is so.
        pub reason: Option<String>,
        /// How many events wait.
        pub queued: i64,
        /// A message of the outbox delivers them.
        pub under_way: bool,
        /// How many were not kept.
        pub dropped: i64,
        /// When it was last tested.
        pub verification_at: Option<Timestamp>,
        /// When the application last took something.
        pub delivered_at: Option<Timestamp>,
        /// When something was last not taken,
        pub failed_at: Option<Timestamp>,
        /// and why.
        pub failure: Option<String>,
        /// Since when there is the stream.
        pub created_at: Timestamp,
        /// When the application last changed it.
        pub updated_at: Timestamp,
        /// The application's name in OAuth.
        pub client_id: String,
        /// It serves people of every tenant.
        pub platform: bool,
        /// Its switch.
        pub enabled: bool,
        /// What it is set to.
        pub app: J<apps::Settings>,
    }
}

macro_rules! stream {
    ($from:literal) => {
        concat!(
            "SELECT s.tenant_id, s.id, s.app_id, s.settings, s.authorization_header, s.status, s.reason, s.queued,
                    s.under_way, s.dropped, s.verification_at, s.delivered_at, s.failed_at, s.failure, s.created_at,
                    s.updated_at, a.client_id, a.platform, a.enabled, a.settings ",
            $from
        )
    };
}

pub(super) async fn get(c: &mut Conn, t: TenantId, id: StreamId) -> Result<Option<EventStream>> {
    sql!(
        c,
        opt<EventStream>,
        stream!(
            "FROM event_streams s JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
             WHERE s.tenant_id = $1 AND s.id = $2"
        ),
        t,
        id
    )
}

pub(super) async fn of_app(c: &mut Conn, t: TenantId, app: AppId) -> Result<Option<EventStream>> {
    sql!(
        c,
        opt<EventStream>,
        stream!(
            "FROM event_streams s JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
             WHERE s.tenant_id = $1 AND s.app_id = $2"
        ),
        t,
        app
    )
}

/// The stream of an application, whoever's it is.
pub(super) async fn wherever(c: &mut Conn, app: AppId) -> Result<Option<EventStream>> {
    sql!(
        c,
        opt<EventStream>,
        stream!(
            "FROM event_streams s JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
             WHERE s.app_id = $1 /* platform: an application serves people of any tenant */"
        ),
        app
    )
}

/// The streams of the applications that got tokens for somebody.
pub(super) async fn knowing(c: &mut Conn, t: TenantId, user: UserId) -> Result<Vec<EventStream>> {
    sql!(
        c,
        all<EventStream>,
        stream!(
            "FROM app_people p JOIN event_streams s ON s.app_id = p.app_id
             JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
             WHERE p.tenant_id = $1 AND p.user_id = $2 ORDER BY s.id"
        ),
        t,
        user
    )
}

/// The streams of the applications that got tokens in a session, and have part in it.
pub(super) async fn in_session(
    c: &mut Conn,
    t: TenantId,
    session: SessionId,
) -> Result<Vec<EventStream>> {
    sql!(
        c,
        all<EventStream>,
        stream!(
            "FROM session_apps p JOIN event_streams s ON s.app_id = p.app_id
             JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
             WHERE p.tenant_id = $1 AND p.session_id = $2 AND p.claimed_at IS NULL ORDER BY s.id"
        ),
        t,
        session
    )
}

/// The streams of the applications that serve a tenant as a whole.
pub(super) async fn serving(c: &mut Conn, t: TenantId) -> Result<Vec<EventStream>> {
    sql!(
        c,
        all<EventStream>,
        stream!(
            "FROM event_streams s JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
             WHERE s.tenant_id = $1 OR a.platform
             /* platform: some serve every tenant, scan: one row for each stream */ ORDER BY s.id"
        ),
        t
    )
}

row! {
    /// Who wants to hear what.
    pub(super) struct Interested {
        pub tenant_id: TenantId,
        pub settings: J<Settings>,
        pub platform: bool,
        pub app: J<apps::Settings>,
    }
}

pub(super) async fn interested(c: &mut Conn) -> Result<Vec<Interested>> {
    sql!(
        c,
        all<Interested>,
        "SELECT s.tenant_id, s.settings, a.platform, a.settings
         FROM event_streams s JOIN apps a ON a.tenant_id = s.tenant_id AND a.id = s.app_id
         WHERE s.status <> 'disabled' AND a.enabled /* platform: of all tenants, scan: one row for each stream */"
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    (t, id, app): (TenantId, StreamId, AppId),
    settings: J<&Settings>,
    authorization: Option<&str>,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO event_streams (tenant_id, id, app_id, settings, authorization_header, status, queued, seq, under_way,
                                    dropped, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 'enabled', 0, 0, false, 0, $6, $6)",
        t,
        id,
        app,
        settings,
        authorization,
        now
    )?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut Tx,
    (t, id): (TenantId, StreamId),
    settings: J<&Settings>,
    authorization: Option<&str>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET settings = $3, authorization_header = $4, failed_at = NULL, failure = NULL, updated_at = $5
         WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        settings,
        authorization,
        now
    )
}

pub(super) async fn set_status(
    tx: &mut Tx,
    (t, id): (TenantId, StreamId),
    status: Status,
    reason: Option<&str>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET status = $3, reason = $4, updated_at = $5 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        status,
        reason,
        now
    )
}

pub(super) async fn tested(tx: &mut Tx, t: TenantId, id: StreamId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET verification_at = $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        now
    )
}

pub(super) async fn under_way(tx: &mut Tx, t: TenantId, id: StreamId, on: bool) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET under_way = $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        on
    )
}

pub(super) async fn dropped(tx: &mut Tx, t: TenantId, id: StreamId, n: i64) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET dropped = dropped + $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        n
    )
}

pub(super) async fn failed(tx: &mut Tx, t: TenantId, id: StreamId, why: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET failed_at = $3, failure = $4 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        now,
        why
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, id: StreamId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM event_streams WHERE tenant_id = $1 AND id = $2", t, id)
}

/// Puts an event behind the others; the stream is locked.
pub(super) async fn push(
    tx: &mut Tx,
    (t, id): (TenantId, StreamId),
    jti: MessageId,
    claims: J<&Value>,
    always: bool,
) -> Result<()> {
    let now = tx.now();
    let seq = sql!(
        tx,
        one<i64>,
        "UPDATE event_streams SET seq = seq + 1, queued = queued + 1 WHERE tenant_id = $1 AND id = $2 RETURNING seq",
        t,
        id
    )?;
    sql!(
        tx,
        exec,
        "INSERT INTO event_queue (tenant_id, stream_id, seq, jti, claims, always, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        t,
        id,
        seq,
        jti,
        claims,
        always,
        now
    )?;
    Ok(())
}

row! {
    /// An event that waits.
    #[derive(Debug, Clone)]
    pub struct Queued {
        /// Its place.
        pub seq: i64,
        /// Its id.
        pub jti: MessageId,
        /// What it says, but for who says it to whom.
        pub claims: J<Value>,
    }
}

/// The first that wait; of a stream that does not flow, those that say so.
pub(super) async fn first(
    c: &mut Conn,
    (t, id): (TenantId, StreamId),
    flows: bool,
    n: i64,
) -> Result<Vec<Queued>> {
    sql!(
        c,
        all<Queued>,
        "SELECT seq, jti, claims FROM event_queue
         WHERE tenant_id = $1 AND stream_id = $2 AND ($3 OR always) ORDER BY seq LIMIT $4",
        t,
        id,
        flows,
        n
    )
}

pub(super) async fn take(
    tx: &mut Tx,
    (t, id): (TenantId, StreamId),
    jti: MessageId,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM event_queue WHERE tenant_id = $1 AND stream_id = $2 AND jti = $3",
        t,
        id,
        jti
    )
}

/// What says that a stream was stopped is over when it is not, or is for good.
pub(super) async fn forget_notices(
    tx: &mut Tx,
    (t, id): (TenantId, StreamId),
    all: bool,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM event_queue WHERE tenant_id = $1 AND stream_id = $2 AND ($3 OR always)",
        t,
        id,
        all
    )
}

pub(super) async fn gone(tx: &mut Tx, (t, id): (TenantId, StreamId), n: i64) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET queued = queued - $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        n
    )
}

pub(super) async fn delivered(tx: &mut Tx, t: TenantId, id: StreamId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE event_streams SET delivered_at = $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        now
    )
}

row! {
    /// A stream in which something waits for too long.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub(super) struct Late { pub tenant_id: TenantId, pub stream_id: StreamId }
}

pub(super) async fn late(c: &mut Conn, before: Timestamp) -> Result<Vec<Late>> {
    sql!(
        c,
        all<Late>,
        "SELECT tenant_id, stream_id FROM event_queue /* platform: worker */ WHERE created_at < $1
         ORDER BY created_at LIMIT 1000",
        before
    )
}

pub(super) async fn delete_late(
    tx: &mut Tx,
    (t, id): (TenantId, StreamId),
    before: Timestamp,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM event_queue WHERE tenant_id = $1 AND stream_id = $2 AND created_at < $3",
        t,
        id,
        before
    )
}

row! {
    /// What there is of somebody, and whether they may act.
    pub(super) struct Known { pub doc: J<Value>, pub live: bool }
}

pub(super) async fn known(c: &mut Conn, t: TenantId, user: UserId) -> Result<Option<Known>> {
    sql!(
        c,
        opt<Known>,
        "SELECT doc, (active AND enabled) FROM users WHERE tenant_id = $1 AND id = $2",
        t,
        user
    )
}

/// What a session that has not ended proves.
pub(super) async fn class(c: &mut Conn, t: TenantId, id: SessionId) -> Result<Option<String>> {
    sql!(
        c,
        opt<String>,
        "SELECT class FROM sessions WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL",
        t,
        id
    )
}

pub(super) async fn is_group(c: &mut Conn, t: TenantId, group: GroupId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM groups WHERE tenant_id = $1 AND id = $2)",
        t,
        group
    )
}

pub(super) async fn leave_queue(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("event_queue", "stream_id, seq"), t, n)
}

pub(super) async fn leave_streams(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("event_streams", "id"), t, n)
}
