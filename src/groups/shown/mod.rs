//! A person as they are shown: with the groups they are in, read in the same statement.

mod db;

use super::Membership;
use crate::{
    access::{Permit, perm::Provision},
    error::{Error, Result},
    id::{GroupId, UserId},
    store::{Column as _, FromRow, J, RowReader, Scope, Store},
    text::fold,
    users::{
        Page, Query, User,
        query::{By, Key, Placed},
    },
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

impl From<User> for Shown {
    fn from(user: User) -> Self {
        Self { user, groups: Vec::new() }
    }
}

impl Placed for Shown {
    fn key(&self, by: &By) -> Key {
        self.user.key(by)
    }
    fn id(&self) -> uuid::Uuid {
        self.user.id.0
    }
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

/// The directory's users that a filter names, a page of them, each with its groups.
///
/// # Errors
/// The database's.
pub async fn list(store: &Store, p: &Permit<Provision>, query: &Query) -> Result<Page<Shown>> {
    let mut c = query.reader(store, Scope::Tenant(p.tenant())).await?;
    db::page(&mut c, p.tenant(), p.directory(), query).await
}
