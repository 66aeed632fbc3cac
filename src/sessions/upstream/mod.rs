//! Sessions as the provider that vouched for them knows them: by its own session's name, or by directory and person.

mod db;

pub use db::Found;

use crate::{
    error::Result,
    id::{DirectoryId, SessionId, TenantId, UserId},
    store::{Conn, Topic, Tx},
};

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

/// What was proved in a session counts no more than one factor from now on; says whether that is less than before.
///
/// # Errors
/// The database's.
pub async fn weaken(tx: &mut Tx, t: TenantId, id: SessionId, user: UserId) -> Result<bool> {
    let less = db::weaken(tx, t, id).await? > 0;
    if less {
        tx.changed(Topic::User(t, user));
    }
    Ok(less)
}
