//! Roles a page at a time.

use super::{Role, db};
use crate::{
    access::{Access, Permit, perm::UsersManageRoles},
    error::Result,
    id::RoleId,
    store::Scope,
};

/// So many of [`super::list`], by id, after one: the built-in ones first, then in the order in which they were made.
///
/// # Errors
/// The database's.
pub async fn page(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    after: Option<RoleId>,
    limit: u32,
) -> Result<Vec<Role>> {
    let after = after.unwrap_or(RoleId(uuid::Uuid::nil()));
    // platform: the provider's roles are offered to all.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let rows = db::page(&mut c, permit.tenant(), after, i64::from(limit)).await?;
    let built_in = access.catalogue().roles().iter().filter(|r| r.id > after);
    let mut all: Vec<Role> =
        built_in.map(Role::built_in).chain(rows.into_iter().map(Role::custom)).collect();
    all.sort_by_key(|r| r.id);
    all.truncate(limit as usize);
    Ok(all)
}
