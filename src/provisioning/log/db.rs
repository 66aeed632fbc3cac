//! The provisioning log's SQL.

use super::{Logged, Query, row::Row};
use crate::{
    clock::Timestamp,
    directories::Provisioning,
    error::Result,
    id::{DirectoryId, LogId, TenantId},
    row, some_rows, sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

/// One entry; on PostgreSQL it goes with others. Nothing, where it was written although nobody could be told so. Each value
/// by itself: of a document that held all of them, SQLite looked for every one of its columns anew, on the thread that
/// everybody's writes wait for.
pub(super) async fn insert(tx: &mut Tx, r: &Row) -> Result<()> {
    let e = &r.entry;
    sql!(
        tx,
        later,
        "INSERT INTO provisioning_log (tenant_id, directory_id, id, at, request, method, path, query, status, scim_type,
           detail, resource, resource_id, name_key, external_key, outcomes, ignored, changed, kept, headers, agent, took,
           replay_of, lost, body, answer)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
           $24, $25, $26)
         ON CONFLICT (tenant_id, directory_id, id) DO NOTHING",
        r.tenant,
        r.directory,
        e.id,
        e.at,
        e.request,
        e.method,
        e.path,
        e.query,
        e.status,
        e.scim_type,
        e.detail,
        e.resource,
        e.resource_id,
        r.name_key,
        r.external_key,
        e.outcomes,
        e.ignored,
        e.changed,
        e.kept,
        e.headers,
        e.agent,
        e.took,
        e.replay_of,
        e.lost,
        e.body,
        e.answer
    )
}

/// A directory's entries, newest first, without bodies.
pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    q: &Query,
    limit: i64,
) -> Result<Vec<Logged>> {
    let before = q.before.unwrap_or(LogId(uuid::Uuid::max()));
    let until = q.until.map_or(before, |u| LogId::first(u).min(before));
    let from = q.since.map_or(LogId(uuid::Uuid::nil()), LogId::first);
    let (least, most) = q.status.unwrap_or((0, i64::from(u16::MAX)));
    let every_method = q.method.is_none();
    let every_kind = q.resource.is_none();
    let every_resource = q.resource_id.is_none();
    let every_name = q.name_key.is_none();
    let every_external = q.external_key.is_none();
    let every_request = q.request.is_none();
    sql!(
        c,
        all<Logged>,
        "SELECT id, at, request, method, path, query, status, scim_type, detail, resource, resource_id, outcomes,
                ignored, changed, kept, headers, agent, took, replay_of, lost, NULL, NULL
         FROM provisioning_log
         WHERE tenant_id = $1 AND directory_id = $2 AND id >= $3 AND id < $4
           AND coalesce(status, 0) >= $5 AND coalesce(status, 0) <= $6
           AND ($7 OR method = $8) AND ($9 OR resource = $10) AND ($11 OR resource_id = $12)
           AND ($13 OR name_key = $14) AND ($15 OR external_key = $16) AND ($17 OR request = $18)
           AND (NOT $19 OR ignored) AND (NOT $20 OR changed <> $21)
         ORDER BY id DESC LIMIT $22",
        t,
        d,
        from,
        until,
        least,
        most,
        every_method,
        q.method,
        every_kind,
        q.resource,
        every_resource,
        q.resource_id,
        every_name,
        q.name_key,
        every_external,
        q.external_key,
        every_request,
        q.request,
        q.ignored,
        q.changes,
        J(Value::Array(Vec::new())),
        limit
    )
}

row! {
    /// How many requests of a day were answered so.
    pub struct OfADay {
        /// Days since 1970-01-01.
        pub day: i64,
        /// `ok`, `refused` or `failed`.
        pub outcome: String,
        /// How many.
        pub count: i64,
    }
}

/// How many requests of all directories of a tenant were answered how, day by day (of `day` microseconds), from the first id
/// on and before the second. Replays are not requests of theirs, and of what is missing nothing is known.
pub(super) async fn by_day(
    c: &mut Conn,
    t: TenantId,
    (from, to): (LogId, LogId),
    day: i64,
) -> Result<Vec<OfADay>> {
    sql!(
        c,
        all<OfADay>,
        "SELECT a.at / $3, a.outcome, count(*) FROM (
           SELECT l.at, CASE WHEN l.status < 400 THEN 'ok' WHEN l.status < 500 THEN 'refused' ELSE 'failed' END AS outcome
           FROM directories d CROSS JOIN provisioning_log l
           WHERE d.tenant_id = $1 AND l.tenant_id = $1 AND l.directory_id = d.id AND l.id >= $2 AND l.id < $4
             AND l.replay_of IS NULL AND l.method <> '') a
         GROUP BY 1, 2 ORDER BY 1, 2",
        t,
        from,
        day,
        to
    )
}

pub(super) async fn get(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    id: LogId,
) -> Result<Option<Logged>> {
    sql!(
        c,
        opt<Logged>,
        "SELECT id, at, request, method, path, query, status, scim_type, detail, resource, resource_id, outcomes,
                ignored, changed, kept, headers, agent, took, replay_of, lost, body, answer
         FROM provisioning_log WHERE tenant_id = $1 AND directory_id = $2 AND id = $3",
        t,
        d,
        id
    )
}

row! {
    /// A directory that has a log.
    pub(super) struct Place {
        pub tenant_id: TenantId,
        pub directory_id: DirectoryId,
        /// None: the directory is gone.
        pub provisioning: Option<J<Provisioning>>,
        /// When its settings were changed, of which how much is kept is one.
        pub updated_at: Option<Timestamp>,
        pub last_request_at: Option<Timestamp>,
        pub oldest: Option<LogId>,
        /// The oldest slot of its counts.
        pub counted: Option<i64>,
    }
}

/// Directories with a log, in the order of their tenants, after one.
pub(super) async fn places(
    c: &mut Conn,
    (tenant, after): (TenantId, DirectoryId),
    limit: i64,
) -> Result<Vec<Place>> {
    sql!(
        c,
        all<Place>,
        "SELECT /* platform: the sweeper's, scan: hourly, and in pages */ h.tenant_id, h.directory_id,
                d.provisioning, d.updated_at, h.last_request_at,
                (SELECT l.id FROM provisioning_log l
                 WHERE l.tenant_id = h.tenant_id AND l.directory_id = h.directory_id ORDER BY l.id LIMIT 1),
                (SELECT min(n.slot) FROM provisioning_counts n
                 WHERE n.tenant_id = h.tenant_id AND n.directory_id = h.directory_id)
         FROM provisioning_health h
         LEFT JOIN directories d ON d.tenant_id = h.tenant_id AND d.id = h.directory_id
         WHERE (h.tenant_id, h.directory_id) > ($1, $2) ORDER BY h.tenant_id, h.directory_id LIMIT $3",
        tenant,
        after,
        limit
    )
}

/// The entry before which so many newer ones stand.
pub(super) async fn nth(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    n: i64,
) -> Result<Option<LogId>> {
    sql!(
        c,
        opt<LogId>,
        "SELECT id FROM provisioning_log WHERE tenant_id = $1 AND directory_id = $2
         ORDER BY id DESC LIMIT 1 OFFSET $3",
        t,
        d,
        n
    )
}

/// Deletes the oldest entries up to (and without) `end`, some of them; says how many.
pub(super) async fn sweep(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    end: LogId,
    limit: i64,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM provisioning_log WHERE tenant_id = $1 AND directory_id = $2 AND id IN (
           SELECT id FROM provisioning_log WHERE tenant_id = $1 AND directory_id = $2 AND id < $3
           ORDER BY id LIMIT $4)",
        t,
        d,
        end,
        limit
    )
}

/// Some of the entries of a tenant that leaves.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("provisioning_log", "directory_id, id"), t, n)
}
