//! What a directory's provisioning touches as a whole: how it is set, what it asked ([`log`]) and how it is
//! ([`health`]), whom it takes over, who is told when it takes too much away, and its end with everybody it brought.

pub mod adoption;
pub mod health;
pub mod log;
mod schemas;
pub mod tell;
pub mod tell_author;
pub mod tell_elevation;
pub mod tell_notice;
pub mod tell_review;

pub use schemas::{change_schema, schema, withdraw_schema};

use crate::{
    access::{
        Access, Permit,
        guard::{self, By},
        perm::SystemEditSettings,
    },
    audit::{self, Event},
    crypto::seal::MasterKey,
    directories::{self, Directory, Edit, Status},
    error::{Error, Result},
    groups,
    id::DirectoryId,
    store::{Store, Topic},
    tx, users,
};
use std::sync::Arc;

/// People and groups that go in one transaction, so that other writers get their turn in between.
const PIECE: i64 = 200;

/// A directory as it was changed.
#[derive(Debug)]
pub struct Edited {
    /// As it is now.
    pub directory: Directory,
    /// Sessions that ended with the change.
    pub sessions_ended: usize,
}

/// Changes a directory, all of it or nothing, and brings its groups in line. Switched off (no SCIM, no sign-in) and without a
/// sign-in half, the sessions that came through it end.
///
/// # Errors
/// `NotFound`; `Precondition` when `if_match` is not its version; `Invalid`; `Forbidden` beyond the caller's own rights;
/// `Conflict` where names of groups shall be unique and are not, where a sign-in half is not as far as it is to be moved on
/// from, and where nobody who administers would be left who can sign in.
pub async fn edit(
    store: &Store,
    access: &Access,
    p: &Permit<SystemEditSettings>,
    id: DirectoryId,
    if_match: Option<i64>,
    edit: Edit,
    master: &MasterKey,
) -> Result<Edited> {
    let t = p.tenant();
    let (ends, off) = (edit.ends(), edit.status == Some(Status::Disabled));
    let cx = if ends { p.cx().urgent() } else { p.cx() };
    let prepared = Arc::new(directories::prepare(access, p, id, edit, master).await?);
    let mut done = tx!(store, &cx, [access, prepared], |tx| {
        let changed = directories::change(tx, &access, (t, id), if_match, &prepared).await?;
        let (was, now) = (&changed.before.provisioning.0, &changed.now.provisioning.0);
        if was.names_unique() != now.names_unique() {
            groups::keep_names_unique(tx, t, id, now.names_unique()).await?;
        }
        Ok(Edited { directory: changed.now, sessions_ended: changed.sessions_ended })
    })?;
    if off {
        // In pieces, so that other writers get their turn; the switch itself already holds.
        loop {
            match directories::end_sessions(store, p, id).await? {
                0 => break,
                n => done.sessions_ended += n,
            }
        }
    }
    Ok(done)
}

/// What went with a directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "DirectoryRemoved")]
pub struct Gone {
    /// People.
    pub users: usize,
    /// Groups.
    pub groups: usize,
}

/// Deletes a directory with everybody and everything it brought. First nobody of it may come in any more, in one
/// transaction; then sessions end and rows go, in pieces. Stopped in the middle, it goes on when it is called again.
///
/// # Errors
/// `NotFound`; `Precondition` when `if_match` is not its version; `Forbidden` when the last administrator of the instance or
/// of the tenant would go with it.
pub async fn delete_directory(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    id: DirectoryId,
    if_match: Option<i64>,
) -> Result<Gone> {
    let t = p.tenant();
    tx!(store, &p.cx().urgent(), [], |tx| {
        let found = directories::find(tx, t, id).await?;
        let found = found.ok_or_else(|| Error::not_found(format!("directory {id}")))?;
        directories::fresh(&found, if_match)?;
        let guard = guard::before(tx, t).await?;
        if found.status == Status::Active {
            directories::set_status_in(tx, t, id, Status::Disabled).await?;
        }
        let n = users::deactivate_all(tx, t, id).await?;
        guard.after(tx, By::Hand).await?;
        let event = Event::new("directory.closing").target("directory", id);
        audit::record(tx, t, event.detail(serde_json::json!({ "deactivated": n }))).await?;
        tx.changed(Topic::Tenant(t));
        tx.changed(Topic::Access(t));
        Ok(())
    })?;
    // Also of those who came in through it and are not its own: invited people.
    while directories::end_sessions(store, p, id).await? > 0 {}
    let mut gone = Gone::default();
    loop {
        let (users, groups) = tx!(store, &p.cx(), [], |tx| {
            let groups = groups::remove_some(tx, t, id, PIECE).await?;
            let users = users::remove_some(tx, t, id, PIECE).await?;
            if users == 0 && groups == 0 {
                directories::remove(tx, t, id).await?;
            }
            Ok((users, groups))
        })?;
        if users == 0 && groups == 0 {
            log::forget(store, &p.cx(), t, id).await?;
            return Ok(gone);
        }
        gone.users += users;
        gone.groups += groups;
    }
}
