//! SQL of sessions as their provider knows them.

use crate::{
    error::Result,
    id::{DirectoryId, SessionId, TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
};

row! {
    pub(super) struct Named { pub id: SessionId, pub user_id: UserId }
}

pub(super) async fn named(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    sid: &str,
) -> Result<Vec<Named>> {
    sql!(
        c,
        all<Named>,
        "SELECT id, user_id FROM sessions
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
) -> Result<Vec<SessionId>> {
    sql!(
        c,
        all<SessionId>,
        "SELECT id FROM sessions
         WHERE tenant_id = $1 AND user_id = $2 AND directory_id = $3 AND ended_at IS NULL",
        t,
        user,
        d
    )
}

pub(super) async fn weaken(tx: &mut Tx, t: TenantId, id: SessionId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE sessions SET class = 'single'
         WHERE tenant_id = $1 AND id = $2 AND class IN ('attested', 'mfa', 'phr') AND ended_at IS NULL",
        t,
        id
    )
}
