//! What a directory's provisioning touches as a whole: how it behaves, what it asked ([`log`]) and how it is
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
        Permit,
        guard::{self, By},
        perm::SystemEditSettings,
    },
    audit::{self, Event},
    directories::{self, Directory, Provisioning, Status},
    error::{Error, Result},
    groups,
    id::DirectoryId,
    store::{Store, Topic},
    tx, users,
};

/// People and groups that go in one transaction, so that other writers get their turn in between.
const PIECE: i64 = 200;

/// Sets how a directory's provisioning behaves, and brings its groups in line.
///
/// # Errors
/// `NotFound`; `Conflict` when names shall be unique and are not.
pub async fn configure(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    id: DirectoryId,
    to: Provisioning,
) -> Result<Directory> {
    let t = p.tenant();
    tx!(store, &p.cx(), [to], |tx| {
        let (directory, was) = directories::set_provisioning(tx, t, id, &to).await?;
        if was.names_unique() != to.names_unique() {
            groups::keep_names_unique(tx, t, id, to.names_unique()).await?;
        }
        Ok(directory)
    })
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
/// `NotFound`; `Forbidden` when the last administrator of the instance or of the tenant would go with it.
pub async fn delete_directory(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    id: DirectoryId,
) -> Result<Gone> {
    let t = p.tenant();
    tx!(store, &p.cx().urgent(), [], |tx| {
        let found = directories::find(tx, t, id).await?;
        let found = found.ok_or_else(|| Error::not_found(format!("directory {id}")))?;
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
