//! Refresh families, each with its live token: their SQL. (What ends them stands with what ends sessions.)

use super::NewFamily;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, FamilyId, SessionId, TenantId, UserId},
    row,
    sessions::json,
    sql,
    store::{Conn, J, List, Single, Tx},
};
use serde_json::Value;

pub(super) async fn insert_family(
    tx: &mut Tx,
    id: FamilyId,
    f: &NewFamily,
    end: Timestamp,
    first: &First<'_>,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO refresh_families (tenant_id, id, user_id, session_id, app_id, tid, scopes, context, created_at,
                                       expires_at, selector, token_hash, token_expires_at, used_at, used_before)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $9, $9)",
        f.home,
        id,
        f.user,
        f.session,
        f.app,
        f.tid,
        J(&f.scopes),
        json(&f.context),
        now,
        end,
        first.selector,
        first.hash,
        first.expires
    )?;
    Ok(())
}

/// The first token of a family.
pub(super) struct First<'a> {
    pub selector: &'a str,
    pub hash: &'a str,
    pub expires: Timestamp,
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
        /// The beginning.
        pub created_at: Timestamp,
        /// The use before the last; unknown of a family from before that was kept.
        pub used_before: Option<Timestamp>,
    }
}

/// A rotation's values: the token that is presented, and the one that takes its place until `until`, or until the family
/// ends, if that is before.
pub(super) struct Turn<'a> {
    pub selector: &'a str,
    pub hash: &'a str,
    pub app: AppId,
    pub now: Timestamp,
    pub next: &'a str,
    pub until: Timestamp,
}

/// The whole rotation: a compare-and-set on the family's row. `None`: the token is not the live one. (`IS NOT DISTINCT
/// FROM`: the family is found by its selector, never among all of an application's, which a planner without figures
/// takes for as few.)
pub(super) async fn rotate(tx: &mut Tx, t: &Turn<'_>) -> Result<Option<FamilyRow>> {
    sql!(
        tx,
        opt<FamilyRow>,
        "UPDATE refresh_families /* platform: whose it is, is what is looked up */
         SET token_hash = $5, used_before = used_at, used_at = $4, token_expires_at = CASE WHEN $6 < expires_at THEN $6 ELSE expires_at END
         WHERE selector = $1 AND token_hash = $2 AND app_id IS NOT DISTINCT FROM $3 AND token_expires_at > $4
           AND ended_at IS NULL AND expires_at > $4
         RETURNING tenant_id, id, user_id, session_id, app_id, tid, scopes, context, expires_at, created_at, used_before",
        t.selector,
        t.hash,
        t.app,
        t.now,
        t.next,
        t.until
    )
}

/// The token that was presented is the live one again, as long as nobody used the next.
pub(super) async fn take_back(tx: &mut Tx, t: &Turn<'_>) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE refresh_families /* platform: whose it is, is what is looked up */
         SET token_hash = $2, used_at = used_before
         WHERE selector = $1 AND token_hash = $4 AND app_id IS NOT DISTINCT FROM $3 AND ended_at IS NULL",
        t.selector,
        t.hash,
        t.app,
        t.next
    )
}

/// Rotations that share a statement; each has the same place in every list.
pub(super) struct Turns {
    pub selectors: List,
    pub hashes: List,
    pub apps: List,
    pub nexts: List,
    pub now: Timestamp,
    pub until: Timestamp,
}

row! {
    /// A family whose live token was that of a place (counted from 1).
    pub(super) struct Rotated {
        pub place: i64,
        pub tenant_id: TenantId,
        pub id: FamilyId,
        pub user_id: UserId,
        pub session_id: Option<SessionId>,
        pub app_id: AppId,
        pub tid: TenantId,
        pub scopes: J<Vec<String>>,
        pub context: J<Value>,
        pub expires_at: Timestamp,
        pub created_at: Timestamp,
        pub used_before: Option<Timestamp>,
    }
}
impl From<Rotated> for FamilyRow {
    fn from(r: Rotated) -> Self {
        Self {
            tenant_id: r.tenant_id,
            id: r.id,
            user_id: r.user_id,
            session_id: r.session_id,
            app_id: r.app_id,
            tid: r.tid,
            scopes: r.scopes,
            context: r.context,
            expires_at: r.expires_at,
            created_at: r.created_at,
            used_before: r.used_before,
        }
    }
}

/// As [`rotate`], for many. A token that is named twice is used once, as a row changes once in a statement. Run again
/// with the same values, whether or not the first time was done or still is to be, it comes to the same: nobody but it
/// can have put the next tokens there.
pub(super) async fn rotate_all(alone: Single, t: &Turns) -> Result<Vec<Rotated>> {
    sql!(
        alone,
        all<Rotated>,
        {pg: "UPDATE refresh_families f /* platform: whose it is, is what is looked up */
         SET token_hash = n.next, token_expires_at = least($6, f.expires_at), used_at = $5,
             used_before = CASE WHEN f.token_hash = n.hash THEN f.used_at ELSE f.used_before END
         FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[]) WITH ORDINALITY
              AS n(selector, hash, app, next, place)
         WHERE f.selector = n.selector AND f.token_hash IN (n.hash, n.next) AND f.app_id IS NOT DISTINCT FROM n.app
           AND f.token_expires_at > $5 AND f.ended_at IS NULL AND f.expires_at > $5
         RETURNING n.place, f.tenant_id, f.id, f.user_id, f.session_id, f.app_id, f.tid, f.scopes, f.context,
                   f.expires_at, f.created_at, f.used_before"},
        t.selectors,
        t.hashes,
        t.apps,
        t.nexts,
        t.now,
        t.until
    )
}

/// The family of a token that is its live one no more: whoever has its selector had a token of it.
pub(super) async fn used(
    tx: &mut Tx,
    selector: &str,
    hash: &str,
    app: AppId,
) -> Result<Option<FamilyRow>> {
    sql!(
        tx,
        opt<FamilyRow>,
        "SELECT /* platform: whose it is, is what is looked up */ tenant_id, id, user_id, session_id, app_id, tid, scopes,
                context, expires_at, created_at, used_before
         FROM refresh_families WHERE selector = $1 AND token_hash <> $2 AND app_id IS NOT DISTINCT FROM $3",
        selector,
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
        /// The family's beginning.
        pub created_at: Timestamp,
        /// The family's last use.
        pub used_at: Option<Timestamp>,
    }
}

pub(super) async fn presented(
    c: &mut Conn,
    selector: &str,
    hash: &str,
) -> Result<Option<Presented>> {
    sql!(
        c,
        opt<Presented>,
        "SELECT /* platform: whose it is, is what is looked up */ id, tenant_id, user_id, app_id, tid, session_id, scopes,
                token_expires_at, (token_hash <> $2 OR ended_at IS NOT NULL), created_at, used_at
         FROM refresh_families WHERE selector = $1",
        selector,
        hash
    )
}
