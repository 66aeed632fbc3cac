//! SQL of the directories' health.

use super::{Counts, LastError, Tally, watch::Standing};
use crate::{
    clock::Timestamp,
    directories::{PresetColumn, Provisioning},
    error::Result,
    id::{DirectoryId, TenantId},
    row, some_rows, sql,
    store::{Conn, J, List, Tx},
};
use std::collections::HashMap;

row! {
    /// What is known of a directory.
    #[derive(Default)]
    pub(super) struct Seen {
        pub last_request_at: Option<Timestamp>,
        pub last_success_at: Option<Timestamp>,
        pub last_error_at: Option<Timestamp>,
        pub last_error: Option<J<LastError>>,
        pub last_denied_at: Option<Timestamp>,
        pub last_denied: Option<String>,
        pub last_lost_at: Option<Timestamp>,
        pub alarms: J<Vec<Standing>>,
    }
}

pub(super) async fn get(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Option<Seen>> {
    sql!(
        c,
        opt<Seen>,
        "SELECT last_request_at, last_success_at, last_error_at, last_error, last_denied_at, last_denied,
                last_lost_at, alarms
         FROM provisioning_health WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d
    )
}

pub(super) async fn seen(tx: &mut Tx, t: TenantId, d: DirectoryId, s: &Tally) -> Result<()> {
    let (error_at, error) = match &s.last_error {
        Some((at, e)) => (Some(*at), serde_json::to_string(e).ok()),
        None => (None, None),
    };
    let (denied_at, denied) = match &s.last_denied {
        Some((at, why)) => (Some(*at), Some(why.as_str())),
        None => (None, None),
    };
    sql!(tx, exec, {
        lite: "INSERT INTO provisioning_health (tenant_id, directory_id, last_request_at, last_success_at,
                    last_error_at, last_error, last_denied_at, last_denied, last_lost_at, alarms)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]')
               ON CONFLICT (tenant_id, directory_id) DO UPDATE SET
                 last_request_at = coalesce(excluded.last_request_at, last_request_at),
                 last_success_at = coalesce(excluded.last_success_at, last_success_at),
                 last_error_at = coalesce(excluded.last_error_at, last_error_at),
                 last_error = coalesce(excluded.last_error, last_error),
                 last_denied_at = coalesce(excluded.last_denied_at, last_denied_at),
                 last_denied = coalesce(excluded.last_denied, last_denied),
                 last_lost_at = coalesce(excluded.last_lost_at, last_lost_at)",
        pg: "INSERT INTO provisioning_health AS h (tenant_id, directory_id, last_request_at, last_success_at,
                  last_error_at, last_error, last_denied_at, last_denied, last_lost_at, alarms)
             VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, '[]')
             ON CONFLICT (tenant_id, directory_id) DO UPDATE SET
               last_request_at = coalesce(excluded.last_request_at, h.last_request_at),
               last_success_at = coalesce(excluded.last_success_at, h.last_success_at),
               last_error_at = coalesce(excluded.last_error_at, h.last_error_at),
               last_error = coalesce(excluded.last_error, h.last_error),
               last_denied_at = coalesce(excluded.last_denied_at, h.last_denied_at),
               last_denied = coalesce(excluded.last_denied, h.last_denied),
               last_lost_at = coalesce(excluded.last_lost_at, h.last_lost_at)",
    }, t, d, s.last_request, s.last_success, error_at, error, denied_at, denied, s.last_lost)?;
    Ok(())
}

pub(super) async fn count(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    slot: i64,
    c: &Counts,
) -> Result<()> {
    sql!(
        tx,
        exec,
        "INSERT INTO provisioning_counts (tenant_id, directory_id, slot, requests, errors, ignored, denied, lost)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, directory_id, slot) DO UPDATE SET
           requests = provisioning_counts.requests + excluded.requests,
           errors = provisioning_counts.errors + excluded.errors,
           ignored = provisioning_counts.ignored + excluded.ignored,
           denied = provisioning_counts.denied + excluded.denied,
           lost = provisioning_counts.lost + excluded.lost",
        t,
        d,
        slot,
        c.requests,
        c.errors,
        c.ignored,
        c.denied,
        c.lost
    )?;
    Ok(())
}

row! {
    struct Sums {
        requests: i64,
        errors: i64,
        ignored: i64,
        denied: i64,
        lost: i64,
    }
}

/// What was counted since a slot.
pub(super) async fn counts(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    since: i64,
) -> Result<Counts> {
    let s = sql!(
        c,
        one<Sums>,
        "SELECT CAST(coalesce(sum(requests), 0) AS bigint), CAST(coalesce(sum(errors), 0) AS bigint),
                CAST(coalesce(sum(ignored), 0) AS bigint), CAST(coalesce(sum(denied), 0) AS bigint),
                CAST(coalesce(sum(lost), 0) AS bigint)
         FROM provisioning_counts WHERE tenant_id = $1 AND directory_id = $2 AND slot >= $3",
        t,
        d,
        since
    )?;
    Ok(Counts {
        requests: s.requests,
        errors: s.errors,
        ignored: s.ignored,
        denied: s.denied,
        lost: s.lost,
    })
}

row! {
    struct SumsOf {
        directory_id: DirectoryId,
        requests: i64,
        errors: i64,
        ignored: i64,
        denied: i64,
        lost: i64,
    }
}

/// What was counted of many directories since a slot; nothing of those of which nothing was.
pub(super) async fn counts_of(
    c: &mut Conn,
    directories: &List,
    since: i64,
) -> Result<HashMap<DirectoryId, Counts>> {
    let all = sql!(
        c,
        all<SumsOf>,
        "SELECT /* platform: the watch is over all */ n.directory_id, CAST(sum(n.requests) AS bigint),
                CAST(sum(n.errors) AS bigint), CAST(sum(n.ignored) AS bigint), CAST(sum(n.denied) AS bigint),
                CAST(sum(n.lost) AS bigint)
         FROM directories d
         JOIN provisioning_counts n ON n.tenant_id = d.tenant_id AND n.directory_id = d.id
         WHERE d.id IN (SELECT value FROM rarray($1)) AND n.slot >= $2 GROUP BY n.directory_id",
        *directories,
        since
    )?;
    let counts = |s: SumsOf| Counts {
        requests: s.requests,
        errors: s.errors,
        ignored: s.ignored,
        denied: s.denied,
        lost: s.lost,
    };
    Ok(all.into_iter().map(|s| (s.directory_id, counts(s))).collect())
}

row! {
    /// A directory that is listened to and has asked at least once.
    pub(super) struct Watched {
        pub tenant_id: TenantId,
        pub directory_id: DirectoryId,
        pub tenant: String,
        pub name: String,
        pub preset: PresetColumn,
        pub provisioning: J<Provisioning>,
        pub last_request_at: Option<Timestamp>,
        pub last_success_at: Option<Timestamp>,
        pub last_error_at: Option<Timestamp>,
        pub last_lost_at: Option<Timestamp>,
        pub alarms: J<Vec<Standing>>,
    }
}

/// Directories to look at, in the order of their tenants, after one.
pub(super) async fn watched(
    c: &mut Conn,
    (tenant, after): (TenantId, DirectoryId),
    limit: i64,
) -> Result<Vec<Watched>> {
    sql!(
        c,
        all<Watched>,
        "SELECT /* platform: the watch is over all, scan: now and then, in pages */ h.tenant_id, h.directory_id,
                t.slug, d.name, d.preset, d.provisioning, h.last_request_at, h.last_success_at, h.last_error_at,
                h.last_lost_at, h.alarms
         FROM provisioning_health h
         JOIN directories d ON d.tenant_id = h.tenant_id AND d.id = h.directory_id
         JOIN tenants t ON t.id = h.tenant_id
         WHERE (h.tenant_id, h.directory_id) > ($1, $2) AND d.status = 'active' AND t.status = 'active'
           AND h.last_request_at IS NOT NULL
         ORDER BY h.tenant_id, h.directory_id LIMIT $3",
        tenant,
        after,
        limit
    )
}

/// What stands of a directory.
pub(super) async fn standing(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
) -> Result<Option<J<Vec<Standing>>>> {
    let found = get(c, t, d).await?;
    Ok(found.map(|s| s.alarms))
}

pub(super) async fn set_alarms(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    alarms: &J<Vec<Standing>>,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE provisioning_health SET alarms = $3 WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d,
        *alarms
    )
}

pub(super) async fn sweep_counts(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    before: i64,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM provisioning_counts WHERE tenant_id = $1 AND directory_id = $2 AND slot < $3",
        t,
        d,
        before
    )
}

pub(super) async fn forget(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM provisioning_health WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d
    )
}

/// Some of what is known of the directories of a tenant that leaves.
pub(in crate::provisioning) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    let mut gone = sql!(tx, exec, some_rows!("provisioning_counts", "directory_id, slot"), t, n)?;
    gone += sql!(tx, exec, some_rows!("provisioning_health", "directory_id"), t, n)?;
    Ok(gone)
}
