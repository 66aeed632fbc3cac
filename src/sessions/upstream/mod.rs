//! Sessions as the provider that vouched for them knows them: by its own session's name, or by directory and person.

mod db;

pub use db::Found;

use super::assurance;

use crate::{
    crypto::seal::MasterKey,
    error::{Error, Result},
    id::{DirectoryId, SessionId, TenantId, UserId},
    secret::{ExposeSecret as _, Secret},
    store::{Conn, Scope, Store, Topic, Tx},
};

/// The longest id token that is kept: it has to fit into an address again.
const LONGEST: usize = 6000;

fn place(t: TenantId, user: UserId) -> String {
    format!("session_hints:{t}:{user}")
}

/// An id token as it is kept for the provider's own logout; `None` where it is too long to be sent back.
///
/// # Errors
/// Never in practice.
pub fn sealed(
    master: &MasterKey,
    (t, user): (TenantId, UserId),
    id_token: &Secret,
) -> Result<Option<String>> {
    let token = id_token.expose_secret().as_bytes();
    if token.len() > LONGEST {
        return Ok(None);
    }
    master.seal(&place(t, user), token).map(Some)
}

/// The id token that [`sealed`] sealed.
///
/// # Errors
/// `Internal`: it is another person's, or was changed.
pub fn opened(master: &MasterKey, (t, user): (TenantId, UserId), hint: &str) -> Result<Secret> {
    let token = master.open(&place(t, user), hint)?;
    String::from_utf8(token).map(Secret::from).map_err(Error::internal)
}

/// Keeps a session's id token, or none any more.
pub(super) async fn remember(
    tx: &mut Tx,
    t: TenantId,
    id: SessionId,
    hint: Option<&str>,
) -> Result<()> {
    match hint {
        Some(hint) => db::remember(tx, t, id, hint).await,
        None => db::forget(tx, t, id).await,
    }
}

/// What is kept of a session for the provider's own logout, sealed.
///
/// # Errors
/// The database's.
pub async fn hint(store: &Store, t: TenantId, id: SessionId) -> Result<Option<String>> {
    let mut c = store.read(Scope::Tenant(t)).await?;
    db::hint(&mut c, t, id).await
}

/// The live sessions that came through the provider's session `sid`.
///
/// # Errors
/// The database's.
pub async fn named(c: &mut Conn, t: TenantId, d: DirectoryId, sid: &str) -> Result<Vec<Found>> {
    db::named(c, t, d, sid).await
}

/// The live sessions of a person that came through a directory.
///
/// # Errors
/// The database's.
pub async fn through(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
) -> Result<Vec<Found>> {
    db::through(c, t, d, user).await
}

/// What was proved in a session counts no more than one factor from now on, which its applications may be told; says whether
/// that is less than before.
///
/// # Errors
/// The database's.
pub async fn weaken(tx: &mut Tx, t: TenantId, id: SessionId, user: UserId) -> Result<bool> {
    let Some(before) = super::db::class_held(tx, t, (id, user)).await? else { return Ok(false) };
    let less = db::weaken(tx, t, id).await? > 0;
    if less {
        tx.changed(Topic::User(t, user));
        let classes = (before.as_str(), db::WEAK);
        assurance::changed(tx, t, (id, user), classes, assurance::SIGNAL).await?;
    }
    Ok(less)
}
