//! Sessions, refresh families, and the revoke path: [`revoke`] is the only way anything ends.
//!
//! May use the floors below. Must not know how anybody signed in, nor what they may do. Others ask `gate` whether a
//! session may act; this room only says what is stored.

pub mod apps;
pub mod assurance;
mod db;
pub mod leaving;
mod listing;
mod over;
mod refresh;
mod revoke;
pub mod upstream;

pub use db::{EndedFamily, Live};
pub use listing::{Listed, is_theirs, list, page, theirs};
pub use over::{Past, expire};
pub use refresh::{
    Family, NewFamily, Presented, Rotation, Rotations, begin_family, refresh_token, rotate,
    take_back,
};
pub use revoke::{Revoked, Who, epoch, revoke, revoke_tokens};

use crate::{
    clock::Timestamp,
    crypto::token::{self, Kind},
    error::Result,
    id::{DirectoryId, SessionId, TenantId, UserId},
    protocol::oidc::SKEW,
    secret::Secret,
    store::{J, Scope, Store, Topic, Tx},
    tx,
};
use serde_json::Value;
use std::time::Duration;

impl Live {
    /// When the person proved who they are, where that is known: a provider that does not say it (`auth_time`) may have
    /// remembered them from long ago.
    pub fn proved_at(&self) -> Option<Timestamp> {
        let said = self.directory.is_none() || self.evidence.0["auth_time"].is_i64();
        said.then_some(self.auth_time)
    }
    /// Whether the proof is not older than `at`. A session that began after `at` is forgiven what two clocks may
    /// differ by.
    pub fn proved_since(&self, at: Timestamp) -> bool {
        let skew = if self.created_at >= at { SKEW } else { 0 };
        self.proved_at().is_some_and(|p| p.plus(Duration::from_secs(skew)) >= at)
    }
}

/// How long a session or a refresh family lasts at most, and how long unused.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From its beginning.
    pub absolute: Duration,
    /// From its last use.
    pub idle: Duration,
}
impl Limits {
    /// The stricter of both.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self { absolute: self.absolute.min(other.absolute), idle: self.idle.min(other.idle) }
    }
}
/// What a sign-in leaves behind.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// The tenant to act in.
    pub acting: TenantId,
    /// The directory that vouched; `None` for local credentials.
    pub directory: Option<DirectoryId>,
    /// The assurance class decided (`protocol::oidc::Class`, as text).
    pub class: String,
    /// What it was decided on: raw values, the rule that matched, `amr`.
    pub evidence: Value,
    /// When the person proved who they are.
    pub auth_time: Timestamp,
    /// Address and user agent, for the person's own list of sessions.
    pub client: Value,
    /// Not later than this, whatever the limits say (an upstream's bound).
    pub not_after: Option<Timestamp>,
    /// What the provider calls its own session of the person (`sid`): its logout names it.
    pub upstream_sid: Option<String>,
    /// What the provider's own logout wants to see again, sealed ([`upstream::sealed`]).
    pub upstream_hint: Option<String>,
}

/// Begins a session; the cookie's value is returned once and stored as a hash.
///
/// # Errors
/// As the store.
pub async fn create(tx: &mut Tx, s: &NewSession, limits: Limits) -> Result<(SessionId, Secret)> {
    let id = SessionId::new();
    let (cookie, hash) = token::generate(Kind::Session);
    db::insert(tx, id, s, &hash, end(tx, s, limits)).await?;
    if let Some(hint) = &s.upstream_hint {
        upstream::remember(tx, s.home, id, Some(hint)).await?;
    }
    Ok((id, cookie))
}

/// When a session ends that begins now.
fn end(tx: &Tx, s: &NewSession, limits: Limits) -> Timestamp {
    let absolute = tx.now().plus(limits.absolute);
    s.not_after.map_or(absolute, |n| n.min(absolute))
}

/// The person of a session proved anew who they are: it goes on with that proof, under a new cookie, and what
/// applications got in it stays theirs, who may be told that it proves more, or less. `None`: it is not theirs, or has ended.
///
/// # Errors
/// As the store.
pub async fn renew(
    tx: &mut Tx,
    id: SessionId,
    s: &NewSession,
    limits: Limits,
) -> Result<Option<Secret>> {
    let Some(before) = db::class_held(tx, s.home, (id, s.user)).await? else { return Ok(None) };
    let (cookie, hash) = token::generate(Kind::Session);
    db::renew(tx, id, s, &hash, end(tx, s, limits)).await?;
    upstream::remember(tx, s.home, id, s.upstream_hint.as_deref()).await?;
    let classes = (before.as_str(), s.class.as_str());
    assurance::changed(tx, s.home, (id, s.user), classes, assurance::SIGN_IN).await?;
    tx.changed(Topic::User(s.home, s.user));
    Ok(Some(cookie))
}

/// The session of a cookie, with what decides whether it may act; `None` when there is no such cookie.
///
/// # Errors
/// As the store.
pub async fn by_cookie(store: &Store, cookie: &str) -> Result<Option<Live>> {
    let Some(hash) = token::hash(Kind::Session, cookie) else { return Ok(None) };
    let mut c = store.read(Scope::Platform).await?;
    db::by_hash(&mut c, &hash).await
}

/// The session of an id, likewise (tokens name their session).
///
/// # Errors
/// As the store.
pub async fn by_id(store: &Store, home: TenantId, id: SessionId) -> Result<Option<Live>> {
    let mut c = store.read(Scope::Platform).await?;
    db::by_id(&mut c, home, id).await
}

/// Names a session of a user's that has not ended, or takes its name away; says whether there is one.
///
/// # Errors
/// As the store.
pub async fn rename(
    tx: &mut Tx,
    whose: (TenantId, UserId),
    id: SessionId,
    name: Option<&str>,
) -> Result<bool> {
    Ok(db::rename(tx, whose, id, name).await? > 0)
}

/// What a user has in other tenants than their own: sessions that act there and what applications were given for them,
/// each with the tenant.
///
/// # Errors
/// The database's.
pub async fn elsewhere(tx: &mut Tx, home: TenantId, user: UserId) -> Result<Vec<(Who, TenantId)>> {
    let sessions = db::acting_elsewhere(tx, home, user).await?;
    let families = db::families_elsewhere(tx, home, user).await?;
    let sessions = sessions.into_iter().map(|s| (Who::Session(home, s.id), s.there));
    Ok(sessions.chain(families.into_iter().map(|f| (Who::Family(home, f.id), f.there))).collect())
}

/// Notes that sessions were used: one statement for many, by a worker, not on the request path.
///
/// # Errors
/// As the store.
pub async fn touch(
    store: &Store,
    cx: &crate::store::Cx,
    used: Vec<(TenantId, SessionId, Timestamp)>,
) -> Result<()> {
    tx!(store, cx, [used], |tx| {
        tx.unaudited("last-seen times");
        for (t, id, at) in &used {
            db::touch(tx, *t, *id, *at).await?;
        }
        Ok(())
    })
}

/// Chooses the tenant a session acts in; whether the person may is for `gate` to say.
///
/// # Errors
/// As the store.
pub async fn choose_tenant(
    tx: &mut Tx,
    home: TenantId,
    id: SessionId,
    acting: TenantId,
) -> Result<()> {
    if let Some(user) = db::choose(tx, home, id, acting).await? {
        tx.changed(Topic::User(home, user));
    }
    Ok(())
}

/// Removes what ended or expired before `before`.
///
/// # Errors
/// As the store.
pub async fn sweep(store: &Store, cx: &crate::store::Cx, before: Timestamp) -> Result<u64> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("expired rows");
        Ok(db::sweep(tx, before).await? + apps::sweep(tx, before).await?)
    })
}

/// A JSON column of evidence.
pub(crate) fn json(v: &Value) -> J<&Value> {
    J(v)
}
