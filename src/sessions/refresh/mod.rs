//! Refresh tokens: a family for each code exchange, rotated at every use; a second use of one ends the family.

mod db;
mod together;

use super::{Limits, Revoked, Who, revoke};
use crate::{
    crypto::token::{self, Kind},
    error::{Error, Result},
    id::{AppId, FamilyId, SessionId, TenantId, UserId},
    secret::{ExposeSecret as _, Secret},
    store::{Scope, Store, Tx},
};
use serde_json::Value;

pub use db::Presented;
pub use together::Rotations;

/// What a family is bound to.
#[derive(Debug, Clone)]
pub struct NewFamily {
    /// Its own id.
    pub id: FamilyId,
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// The session it came from.
    pub session: Option<SessionId>,
    /// The application it was issued to.
    pub app: AppId,
    /// The tenant its tokens are for.
    pub tid: TenantId,
    /// What was asked for; each refresh gives at most this.
    pub scopes: Vec<String>,
    /// `auth_time`, `amr`, `acr`, nonce: what id tokens repeat.
    pub context: Value,
}

/// A family as it is stored.
pub type Family = db::FamilyRow;

/// What presenting a refresh token came to. All three are outcomes to commit, not errors to roll back.
#[derive(Debug)]
pub enum Rotation {
    /// It was the live one: here is the next.
    Next(Box<Family>, Secret),
    /// It was used before: somebody has a copy. The family is over.
    Reused(Box<Family>, Revoked),
    /// Unknown, expired, another client's, or its family ended.
    Refused,
}

/// Begins a family, with its first token.
///
/// # Errors
/// As the store.
pub async fn begin_family(tx: &mut Tx, f: &NewFamily, limits: Limits) -> Result<Secret> {
    let end = tx.now().plus(limits.absolute);
    let (token, hash) = token::generate(Kind::Refresh);
    let (selector, _) = token::refresh_parts(token.expose_secret())
        .ok_or_else(|| Error::internal("a refresh token of another shape"))?;
    let expires = tx.now().plus(limits.idle).min(end);
    db::insert_family(tx, f.id, f, end, &db::First { selector, hash: &hash, expires }).await?;
    Ok(token)
}

/// What a refresh token stands for, without using it (introspection, revocation).
///
/// # Errors
/// As the store.
pub async fn refresh_token(store: &Store, presented: &str) -> Result<Option<Presented>> {
    let Some((selector, hash)) = token::refresh_parts(presented) else { return Ok(None) };
    let mut c = store.read(Scope::Platform).await?;
    db::presented(&mut c, selector, &hash).await
}

/// Uses a refresh token, once: one compare-and-set puts the next in its place. It must be `app`'s.
///
/// # Errors
/// As the store.
pub async fn rotate(tx: &mut Tx, presented: &str, app: AppId, limits: Limits) -> Result<Rotation> {
    let Some((selector, hash)) = token::refresh_parts(presented) else {
        return Ok(Rotation::Refused);
    };
    let (token, next) = token::generate_next(selector);
    let now = tx.now();
    let until = now.plus(limits.idle);
    let turn = db::Turn { selector, hash: &hash, app, now, next: &next, until };
    if let Some(family) = db::rotate(tx, &turn).await? {
        return Ok(Rotation::Next(Box::new(family), token));
    }
    match db::used(tx, selector, &hash, app).await? {
        Some(family) => {
            let why = "a refresh token was used twice";
            let done = revoke(tx, Who::Family(family.tenant_id, family.id), why).await?;
            Ok(Rotation::Reused(Box::new(family), done))
        }
        None => Ok(Rotation::Refused),
    }
}

/// Undoes a rotation of which nothing came: whoever presented the token keeps it. `next` was given to nobody.
///
/// # Errors
/// The database's.
pub async fn take_back(tx: &mut Tx, presented: &str, next: &Secret, app: AppId) -> Result<()> {
    let parts = token::refresh_parts(presented).zip(token::refresh_parts(next.expose_secret()));
    let Some(((selector, hash), (_, next))) = parts else { return Ok(()) };
    let now = tx.now();
    let turn = db::Turn { selector, hash: &hash, app, now, next: &next, until: now };
    db::take_back(tx, &turn).await?;
    tx.unaudited("nothing was given");
    Ok(())
}
