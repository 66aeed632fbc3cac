//! Sessions as the provider that vouched for them knows them: by its own session's name, or by directory and person.

mod db;

use crate::{
    error::Result,
    id::{DirectoryId, SessionId, TenantId, UserId},
    store::{Topic, Tx},
};

/// The live sessions that came through the provider's session `sid`, with whose they are.
///
/// # Errors
/// The database's.
pub async fn named(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    sid: &str,
) -> Result<Vec<(SessionId, UserId)>> {
    let found = db::named(tx, t, d, sid).await?;
    Ok(found.into_iter().map(|f| (f.id, f.user_id)).collect())
}

/// The live sessions of a person that came through a directory.
///
/// # Errors
/// The database's.
pub async fn through(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
) -> Result<Vec<SessionId>> {
    db::through(tx, t, d, user).await
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
