//! Flows', upstream states' and codes' SQL. A code's row outlives its minute while what it gave lives: `used_at` says
//! that it is spent.

use super::{NewCode, State, Upstream};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, DirectoryId, FamilyId, FlowId, SessionId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

pub(super) async fn insert(
    tx: &mut Tx,
    id: FlowId,
    browser: &str,
    state: &J<&State>,
    expires: Timestamp,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO flows (id, kind, browser, state, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        "signin",
        browser,
        *state,
        now,
        expires
    )?;
    Ok(())
}

row! {
    pub(super) struct FlowRow {
        pub browser: String,
        pub state: J<State>,
        pub expires_at: Timestamp,
    }
}

pub(super) async fn get(c: &mut Conn, id: FlowId) -> Result<Option<FlowRow>> {
    sql!(
        c,
        opt<FlowRow>,
        "SELECT browser, state, expires_at FROM flows WHERE id = $1 AND kind = 'signin'",
        id
    )
}

pub(super) async fn update(tx: &mut Tx, id: FlowId, state: &J<&State>) -> Result<u64> {
    sql!(tx, exec, "UPDATE flows SET state = $2 WHERE id = $1", id, *state)
}

pub(super) async fn delete(tx: &mut Tx, id: FlowId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM flows WHERE id = $1", id)
}

pub(super) async fn insert_upstream(
    tx: &mut Tx,
    hash: &str,
    u: &Upstream,
    expires: Timestamp,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO upstream_states (hash, flow_id, tenant_id, directory_id, generation, nonce, verifier, request,
                                      created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        hash,
        u.flow,
        u.tenant,
        u.directory,
        u.generation,
        u.nonce,
        u.verifier,
        J(&u.request),
        now,
        expires
    )?;
    Ok(())
}

row! {
    pub(super) struct UpstreamRow {
        pub flow_id: FlowId,
        pub tenant_id: TenantId,
        pub directory_id: DirectoryId,
        pub generation: i64,
        pub nonce: String,
        pub verifier: String,
        pub request: J<Value>,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
    }
}

pub(super) async fn claim_upstream(tx: &mut Tx, hash: &str) -> Result<Option<UpstreamRow>> {
    sql!(
        tx,
        opt<UpstreamRow>,
        "DELETE FROM upstream_states /* platform: whose it is, is what is looked up */ WHERE hash = $1
         RETURNING flow_id, tenant_id, directory_id, generation, nonce, verifier, request, created_at, expires_at",
        hash
    )
}

pub(super) async fn insert_code(
    tx: &mut Tx,
    hash: &str,
    n: &NewCode,
    expires: Timestamp,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO codes (hash, tenant_id, user_id, session_id, app_id, tid, request, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        hash,
        n.home,
        n.user,
        n.session,
        n.app,
        n.tid,
        J(&n.request),
        now,
        expires
    )?;
    Ok(())
}

row! {
    /// An authorization code.
    #[derive(Debug, Clone)]
    pub struct CodeRow {
        /// The user's tenant.
        pub home: TenantId,
        /// The user.
        pub user: UserId,
        /// The session.
        pub session: SessionId,
        /// The tenant its tokens are for.
        pub tid: TenantId,
        /// The request: redirect URI, challenge, nonce, scopes.
        pub request: J<Value>,
        /// The refresh family it gave.
        pub family: Option<FamilyId>,
        /// The access token it gave.
        pub jti: Option<String>,
    }
}

pub(super) async fn claim_code(tx: &mut Tx, hash: &str, app: AppId) -> Result<Option<CodeRow>> {
    let now = tx.now();
    sql!(
        tx,
        opt<CodeRow>,
        "UPDATE codes /* platform: whose it is, is what is looked up */ SET used_at = $2
         WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 AND app_id = $3
         RETURNING tenant_id, user_id, session_id, tid, request, family_id, jti",
        hash,
        now,
        app
    )
}

pub(super) async fn used_code(tx: &mut Tx, hash: &str, app: AppId) -> Result<Option<CodeRow>> {
    sql!(
        tx,
        opt<CodeRow>,
        "SELECT /* platform: whose it is, is what is looked up */ tenant_id, user_id, session_id, tid, request,
                family_id, jti
         FROM codes WHERE hash = $1 AND used_at IS NOT NULL AND app_id = $2",
        hash,
        app
    )
}

pub(super) async fn code_issued(
    tx: &mut Tx,
    hash: &str,
    family: Option<FamilyId>,
    jti: &str,
    until: Timestamp,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE codes /* platform: whose it is, is what is looked up */
         SET family_id = $2, jti = $3, expires_at = $4 WHERE hash = $1",
        hash,
        family,
        jti,
        until
    )
}

pub(super) async fn sweep(tx: &mut Tx) -> Result<u64> {
    let now = tx.now();
    let f = sql!(tx, exec, "DELETE FROM flows WHERE expires_at < $1", now)?;
    let u = sql!(
        tx,
        exec,
        "DELETE FROM upstream_states /* platform: worker */ WHERE expires_at < $1",
        now
    )?;
    let c = sql!(tx, exec, "DELETE FROM codes /* platform: worker */ WHERE expires_at < $1", now)?;
    Ok(f + u + c)
}

/// What was under way in a tenant that leaves.
pub(super) async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    let states = sql!(
        tx,
        exec,
        "DELETE FROM upstream_states WHERE tenant_id = $1 /* scan: there are few at a time */",
        t
    )?;
    let codes = sql!(
        tx,
        exec,
        "DELETE FROM codes WHERE tenant_id = $1 OR tid = $1 /* scan: there are few at a time */",
        t
    )?;
    Ok(states + codes)
}
