//! A person's sessions as they are looked at: by themselves, and by who answers for them.

mod db;

pub use db::Listed;

use crate::{
    error::Result,
    id::{SessionId, TenantId, UserId},
    store::{Conn, Scope, Store},
};

/// A user's last sessions, newest first: what a person looks through.
///
/// # Errors
/// As the store.
pub async fn list(store: &Store, home: TenantId, user: UserId) -> Result<Vec<Listed>> {
    page(store, home, user, None, 200).await
}

/// So many of a user's sessions, newest first, before one.
///
/// # Errors
/// As the store.
pub async fn page(
    store: &Store,
    home: TenantId,
    user: UserId,
    before: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Listed>> {
    let mut c = store.read(Scope::Tenant(home)).await?;
    db::page(&mut c, home, user, before, i64::from(limit)).await
}

/// Whether it is a session of this user, ended or not.
///
/// # Errors
/// As the store.
pub async fn theirs(store: &Store, home: TenantId, user: UserId, id: SessionId) -> Result<bool> {
    let mut c = store.read(Scope::Tenant(home)).await?;
    is_theirs(&mut c, (home, user), id).await
}

/// The same within what is read or written.
///
/// # Errors
/// As the store.
pub async fn is_theirs(
    c: &mut Conn,
    (home, user): (TenantId, UserId),
    id: SessionId,
) -> Result<bool> {
    Ok(db::whose(c, home, id).await? == Some(user))
}
