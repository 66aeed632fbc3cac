//! A person as they are shown: with the groups they are in, read in the same statement.

mod db;

use super::Membership;
use crate::{
    access::{Permit, perm::Provision},
    error::{Error, Result},
    id::{GroupId, UserId},
    store::{Column as _, FromRow, J, RowReader, Scope, Store},
    text::fold,
    users::User,
};

/// A user with its groups, by name.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The user.
    pub user: User,
    /// The groups.
    pub groups: Vec<Membership>,
}

impl FromRow for Shown {
    fn from_row(row: &RowReader<'_>) -> Result<Self> {
        let user = User::from_row(row)?;
        let J(list) = J::<Vec<(uuid::Uuid, String)>>::read(row, User::COLUMNS.len())?;
        let mut groups: Vec<Membership> = list
            .into_iter()
            .map(|(id, display)| Membership { user: user.id, group: GroupId(id), display })
            .collect();
        groups.sort_by_cached_key(|m| (fold(&m.display), m.group));
        Ok(Self { user, groups })
    }
    const COLUMNS: &'static [&'static str] = &["user", "groups"];
}

/// One of the directory's users with its groups.
///
/// # Errors
/// `NotFound`, also for a user of another directory.
pub async fn user(store: &Store, p: &Permit<Provision>, id: UserId) -> Result<Shown> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    let found = db::user(&mut c, p.tenant(), p.directory(), id).await?;
    found.ok_or_else(|| Error::not_found(format!("user {id}")))
}
