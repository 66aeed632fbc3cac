//! Refresh families and their tokens: their SQL. (What ends them stands with what ends sessions.)

use super::NewFamily;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, FamilyId, SessionId, TenantId, UserId},
    row,
    sessions::json,
    sql,
    store::{Conn, J, Single, Tx},
};
use serde_json::Value;

pub(super) async fn insert_family(
    tx: &mut Tx,
    id: FamilyId,
    f: &NewFamily,
    end: Timestamp,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO refresh_families (tenant_id, id, user_id, session_id, app_id, tid, scopes, context, created_at,
                                       expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        f.home,
        id,
        f.user,
        f.session,
        f.app,
        f.tid,
        J(&f.scopes),
        json(&f.context),
        now,
        end
    )?;
    Ok(())
}

pub(super) async fn insert_token(
    tx: &mut Tx,
    t: TenantId,
    hash: &str,
    family: FamilyId,
    expires: Timestamp,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO refresh_tokens (tenant_id, hash, family_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        t,
        hash,
        family,
        now,
        expires
    )?;
    Ok(())
}

row! {
    /// A refresh family.
    #[derive(Debug, Clone)]
    pub struct FamilyRow {
        /// The user's tenant.
        pub tenant_id: TenantId,
        /// The family.
        pub id: FamilyId,
        /// The user.
        pub user_id: UserId,
        /// The session it came from.
        pub session_id: Option<SessionId>,
        /// Its application.
        pub app_id: AppId,
        /// The tenant its tokens are for.
        pub tid: TenantId,
        /// What was asked for.
        pub scopes: J<Vec<String>>,
        /// What id tokens repeat.
        pub context: J<Value>,
        /// The end.
        pub expires_at: Timestamp,
    }
}

/// The compare-and-set of a rotation: marks the token used if it is live, and gives its family.
pub(super) async fn claim_token(tx: &mut Tx, hash: &str, app: AppId) -> Result<Option<FamilyRow>> {
    let now = tx.now();
    let claimed = sql!(
        tx,
        opt<FamilyId>,
        "UPDATE refresh_tokens /* platform: whose it is, is what is looked up */ SET used_at = $2
         WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
           AND EXISTS (SELECT 1 FROM refresh_families f
                       WHERE f.tenant_id = refresh_tokens.tenant_id AND f.id = refresh_tokens.family_id
                         AND f.app_id = $3 AND f.ended_at IS NULL AND f.expires_at > $2)
         RETURNING family_id",
        hash,
        now,
        app
    )?;
    if claimed.is_none() {
        return Ok(None);
    }
    family_of(tx, hash, app).await
}

/// The whole rotation in one statement: the token is marked used if it is live, `next` takes its place, and its family
/// is the answer. `until` is when `next` ends, if the family does not end before.
pub(super) async fn rotate(
    alone: Single,
    hash: &str,
    app: AppId,
    now: Timestamp,
    next: &str,
    until: Timestamp,
) -> Result<Option<FamilyRow>> {
    sql!(
        alone,
        opt<FamilyRow>,
        {pg: "WITH /* platform: whose it is, is what is looked up */ used AS (
                UPDATE refresh_tokens r SET used_at = $3 FROM refresh_families f
                WHERE r.hash = $1 AND r.used_at IS NULL AND r.expires_at > $3
                  AND f.tenant_id = r.tenant_id AND f.id = r.family_id
                  AND f.app_id = $2 AND f.ended_at IS NULL AND f.expires_at > $3
                RETURNING f.tenant_id, f.id, f.user_id, f.session_id, f.app_id, f.tid, f.scopes, f.context,
                          f.expires_at),
              next AS (
                INSERT INTO refresh_tokens (tenant_id, hash, family_id, created_at, expires_at)
                SELECT tenant_id, $4, id, $3, least($5, expires_at) FROM used)
              SELECT tenant_id, id, user_id, session_id, app_id, tid, scopes, context, expires_at FROM used"},
        hash,
        app,
        now,
        next,
        until
    )
}

/// The family of a token that was used before.
pub(super) async fn used_token(tx: &mut Tx, hash: &str, app: AppId) -> Result<Option<FamilyRow>> {
    let used = sql!(
        tx,
        opt<FamilyId>,
        "SELECT /* platform: whose it is, is what is looked up */ family_id FROM refresh_tokens
         WHERE hash = $1 AND used_at IS NOT NULL",
        hash
    )?;
    match used {
        Some(_) => family_of(tx, hash, app).await,
        None => Ok(None),
    }
}

async fn family_of(c: &mut Conn, hash: &str, app: AppId) -> Result<Option<FamilyRow>> {
    sql!(
        c,
        opt<FamilyRow>,
        "SELECT /* platform: whose it is, is what is looked up */ f.tenant_id, f.id, f.user_id, f.session_id, f.app_id,
                f.tid, f.scopes, f.context, f.expires_at
         FROM refresh_tokens r
         JOIN refresh_families f ON f.tenant_id = r.tenant_id AND f.id = r.family_id
         WHERE r.hash = $1 AND f.app_id = $2",
        hash,
        app
    )
}

row! {
    /// A refresh token as introspection and revocation see it.
    #[derive(Debug, Clone)]
    pub struct Presented {
        /// Its family.
        pub family: FamilyId,
        /// The user's tenant.
        pub home: TenantId,
        /// The user.
        pub user: UserId,
        /// The application.
        pub app: AppId,
        /// The tenant its tokens are for.
        pub tid: TenantId,
        /// Its session.
        pub session: Option<SessionId>,
        /// What was asked for.
        pub scopes: J<Vec<String>>,
        /// Its end.
        pub expires_at: Timestamp,
        /// It was used, or its family has ended.
        pub over: bool,
    }
}

pub(super) async fn presented(c: &mut Conn, hash: &str) -> Result<Option<Presented>> {
    sql!(
        c,
        opt<Presented>,
        "SELECT /* platform: whose it is, is what is looked up */ f.id, f.tenant_id, f.user_id, f.app_id, f.tid,
                f.session_id, f.scopes, r.expires_at, (r.used_at IS NOT NULL OR f.ended_at IS NOT NULL)
         FROM refresh_tokens r
         JOIN refresh_families f ON f.tenant_id = r.tenant_id AND f.id = r.family_id
         WHERE r.hash = $1",
        hash
    )
}
