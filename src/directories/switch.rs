//! The switch of a directory, and the sessions that end with it.

use super::{Directory, Status, db, gone, locked};
use crate::{
    access::{Permit, perm::SystemEditSettings},
    audit::{self, Event},
    error::Result,
    id::{DirectoryId, TenantId},
    sessions::{self, Who},
    store::{Store, Topic, Tx},
    tx,
};

/// Switches a directory off (no SCIM, no sign-in; the sessions that came through it end) or on again.
///
/// # Errors
/// `NotFound`.
pub async fn set_status(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    id: DirectoryId,
    status: Status,
) -> Result<Directory> {
    let t = p.tenant();
    let d = tx!(store, &p.cx().urgent(), [], |tx| {
        let (was, _) = locked(tx, t, id, None).await?;
        if was.status == status {
            return Ok(was);
        }
        set_status_in(tx, t, id, status).await
    })?;
    if status == Status::Disabled {
        // In pieces, so that other writers get their turn; the switch itself already holds.
        while end_sessions(store, p, id).await? > 0 {}
    }
    Ok(d)
}

/// Ends some of the sessions that came through a directory; says how many.
///
/// # Errors
/// The database's.
pub(crate) async fn end_sessions(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    id: DirectoryId,
) -> Result<usize> {
    let t = p.tenant();
    tx!(store, &p.cx().urgent(), [], |tx| {
        let found = db::signed_in(tx, t, id).await?;
        let n = found.len();
        for (session, user) in found {
            sessions::revoke(tx, Who::Session(t, session), "directory disabled").await?;
            tx.changed(Topic::User(t, user));
        }
        if n > 0 {
            let event = Event::new("directory.sessions_ended").target("directory", id);
            audit::record(tx, t, event.detail(serde_json::json!({ "sessions": n }))).await?;
        }
        Ok(n)
    })
}

/// The switch inside a transaction, with its audit event.
pub async fn set_status_in(
    tx: &mut Tx,
    t: TenantId,
    id: DirectoryId,
    status: Status,
) -> Result<Directory> {
    let d = db::set_status(tx, t, id, status).await?.ok_or_else(|| gone(id))?;
    let action = match status {
        Status::Active => "directory.enable",
        Status::Disabled => "directory.disable",
    };
    audit::record(tx, t, Event::new(action).target("directory", id)).await?;
    tx.changed(Topic::Directory(id));
    Ok(d)
}
