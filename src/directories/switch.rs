//! The switch of a directory, and the sessions that end with it.

use super::{Directory, Stage, Status, db, gone, locked, stage::locked_out};
use crate::{
    access::{Permit, guard, perm::SystemEditSettings},
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
/// `NotFound`; `Conflict` where an enforced one would leave nobody who administers and can sign in.
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
        // Switched on, an enforced one shuts again what people have here of their own.
        if status == Status::Active && was.stage == Stage::Enforced {
            let guard = guard::before(tx, t).await?;
            let d = set_status_in(tx, t, id, status).await?;
            guard.after(tx, guard::By::Hand).await.map_err(|e| locked_out(e, "status"))?;
            return Ok(d);
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
