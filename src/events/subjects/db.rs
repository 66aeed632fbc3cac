//! SQL of the people of whom an application does not want to hear.

use crate::{
    error::Result,
    id::{AppId, StreamId, TenantId, UserId},
    some_rows, sql,
    store::{Conn, Tx},
};
use uuid::Uuid;

pub(super) async fn insert(tx: &mut Tx, t: TenantId, id: StreamId, whom: Uuid) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO event_subjects (tenant_id, stream_id, subject, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, stream_id, subject) DO NOTHING",
        t,
        id,
        whom,
        now
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, id: StreamId, whom: Uuid) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM event_subjects WHERE tenant_id = $1 AND stream_id = $2 AND subject = $3",
        t,
        id,
        whom
    )
}

pub(super) async fn count(c: &mut Conn, t: TenantId, id: StreamId) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM event_subjects WHERE tenant_id = $1 AND stream_id = $2",
        t,
        id
    )
}

pub(super) async fn has(c: &mut Conn, t: TenantId, id: StreamId, whom: Uuid) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM event_subjects WHERE tenant_id = $1 AND stream_id = $2 AND subject = $3)",
        t,
        id,
        whom
    )
}

/// The people of an application's who have this address.
pub(super) async fn by_address(c: &mut Conn, app: AppId, address: &str) -> Result<Vec<UserId>> {
    sql!(
        c,
        all<UserId>,
        "SELECT DISTINCT p.user_id FROM app_people p
         JOIN user_emails e ON e.tenant_id = p.tenant_id AND e.user_id = p.user_id
         WHERE p.app_id = $1 AND e.value_key = $2 /* platform: an application serves people of any tenant */ LIMIT 20",
        app,
        address
    )
}

/// Whether there is a person (`true`) or a group of this id in a tenant, of whom streams are told.
pub(super) async fn resource(c: &mut Conn, t: TenantId, id: Uuid) -> Result<Option<bool>> {
    sql!(
        c,
        opt<bool>,
        "SELECT true FROM users WHERE tenant_id = $1 AND id = $2 AND kind <> 'integration'
         UNION ALL SELECT false FROM groups WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

/// The same in whatever tenant.
pub(super) async fn resource_anywhere(c: &mut Conn, id: Uuid) -> Result<Option<bool>> {
    sql!(
        c,
        opt<bool>,
        "SELECT true FROM tenants t JOIN users u ON u.tenant_id = t.id AND u.id = $1 WHERE u.kind <> 'integration'
         UNION ALL SELECT false FROM tenants t JOIN groups g ON g.tenant_id = t.id AND g.id = $1
         /* platform: an application serves people of any tenant, scan: one look for each tenant */",
        id
    )
}

pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("event_subjects", "stream_id, subject"), t, n)
}
