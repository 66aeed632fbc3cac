//! What a deletion takes with it, told before it happens.

mod db;

use super::{User, db as users, gone};
use crate::{
    access::{Permit, perm::UsersDelete},
    error::Result,
    id::UserId,
    row,
    store::{Scope, Store},
};

row! {
    /// How much of a user would end or go.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Removal {
        /// Sessions that would end.
        pub sessions: i64,
        /// Families of refresh tokens that would end.
        pub families: i64,
        /// Roles given to them, in any tenant.
        pub grants: i64,
        /// Memberships.
        pub groups: i64,
        /// Identities at their directory.
        pub identities: i64,
        /// Local passwords.
        pub passwords: i64,
        /// One-time codes.
        pub codes: i64,
        /// Passkeys.
        pub passkeys: i64,
        /// What they let applications know and do.
        pub consents: i64,
        /// Invitations that are open.
        pub invitations: i64,
    }
}

/// What removing a user by hand would take with it.
///
/// # Errors
/// `NotFound`.
pub async fn removal(
    store: &Store,
    p: &Permit<UsersDelete>,
    id: UserId,
) -> Result<(User, Removal)> {
    let t = p.tenant();
    let now = store.clock().now();
    let mut c = store.read(Scope::Tenant(t)).await?;
    let user = users::get(&mut c, t, id).await?.ok_or_else(|| gone(id))?;
    let counts = db::counts(&mut c, t, id, now).await?;
    Ok((user, counts))
}
