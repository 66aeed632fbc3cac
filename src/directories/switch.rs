//! The switch of a directory, and the sessions that end with it.

use super::{Directory, Status, db, gone};
use crate::{
    access::{Permit, perm::SystemEditSettings},
    audit::{self, Event},
    error::Result,
    id::{DirectoryId, TenantId},
    sessions::{self, Who},
    store::{Store, Topic, Tx},
    tx,
};

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
            note_ended(tx, t, id, n).await?;
        }
        Ok(n)
    })
}

/// The trail of sessions that ended with a directory.
pub(super) async fn note_ended(tx: &mut Tx, t: TenantId, id: DirectoryId, n: usize) -> Result<()> {
    let event = Event::new("directory.sessions_ended").target("directory", id);
    audit::record(tx, t, event.detail(serde_json::json!({ "sessions": n }))).await
}

/// The switch inside a transaction (off: no SCIM, no sign-in; or on again), with its audit event.
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
