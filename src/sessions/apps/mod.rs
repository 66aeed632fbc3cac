//! Which applications got tokens in a session: who is told when it ends; and for whom at all: who is told what becomes of
//! them. Written where a code is exchanged, not on the refresh path; the rows outlive session and person, because a person
//! who was deleted is to be signed out as well.

mod db;

use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, SessionId, TenantId, UserId},
    store::{Scope, Store, Tx},
};

/// Notes that an application gets tokens in a session. False when the session has ended: then it must get none, for
/// nobody would tell it.
///
/// # Errors
/// As the store.
pub async fn join(tx: &mut Tx, home: TenantId, session: SessionId, app: AppId) -> Result<bool> {
    if db::hold(tx, home, session).await? == 0 {
        return Ok(false);
    }
    db::insert(tx, home, session, app).await?;
    db::meet(tx, home, session, app).await?;
    Ok(true)
}

/// An application is removed: it is told of nobody any more.
///
/// # Errors
/// As the store.
pub async fn forget(tx: &mut Tx, app: AppId) -> Result<()> {
    db::forget(tx, app).await?;
    Ok(())
}

/// Whoever was to be told of somebody who is deleted was told.
///
/// # Errors
/// As the store.
pub async fn unmeet(tx: &mut Tx, home: TenantId, user: UserId) -> Result<()> {
    db::unmeet(tx, home, user).await?;
    Ok(())
}

/// The applications of a session that has ended, each given once however often this is asked: whoever gets them tells
/// them.
///
/// # Errors
/// As the store.
pub async fn claim(tx: &mut Tx, home: TenantId, session: SessionId) -> Result<Vec<AppId>> {
    db::claim(tx, home, session).await
}

/// An application is to have nothing of a user's sessions any more, while they go on: which these are. Whoever tells it
/// asks [`part`] first.
pub(super) async fn leave(
    tx: &mut Tx,
    home: TenantId,
    user: UserId,
    app: AppId,
) -> Result<Vec<SessionId>> {
    db::part_from(tx, home, user, app).await?;
    db::leave(tx, home, user, app).await
}

/// Whether an application is to be told that it has nothing of a session any more, since `left`: once, however often this
/// is asked, and not when it got tokens there anew.
///
/// # Errors
/// As the store.
pub async fn part(
    tx: &mut Tx,
    home: TenantId,
    session: SessionId,
    app: AppId,
    left: Timestamp,
) -> Result<bool> {
    Ok(db::part(tx, home, session, app, left).await? > 0)
}

/// Notes that an application knows of the end.
///
/// # Errors
/// As the store.
pub async fn told(tx: &mut Tx, home: TenantId, session: SessionId, app: AppId) -> Result<()> {
    db::told(tx, home, session, app).await?;
    Ok(())
}

/// Whether every application of a session that wants to be told of its end was.
///
/// # Errors
/// As the store.
pub async fn all_told(store: &Store, home: TenantId, session: SessionId) -> Result<bool> {
    let mut c = store.read(Scope::Platform).await?;
    Ok(db::untold(&mut c, home, session).await? == 0)
}

/// Removes the rows older than `before` whose session is gone.
pub(super) async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    db::sweep(tx, before).await
}
