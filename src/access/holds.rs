//! Holds: what is left of a role whose last holder a directory took away, until an administrator decides.

use super::{
    Access, Permit, grants,
    grants::{Grant, Query},
    perm::{Global, UsersManageRoles},
};
use crate::{error::Result, id::GrantId};

pub use super::grants::Resolve;

/// The holds in the permit's tenant, oldest first.
///
/// # Errors
/// The database's.
pub async fn list(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    q: Query,
) -> Result<Vec<Grant>> {
    grants::list(access, permit, Query { holds: true, ..q }).await
}

/// The holds on the whole instance, oldest first.
///
/// # Errors
/// The database's.
pub async fn list_everywhere(
    access: &Access,
    permit: &Permit<Global>,
    q: Query,
) -> Result<Vec<Grant>> {
    grants::list_everywhere(access, permit, Query { holds: true, ..q }).await
}

/// Decides about a hold in the permit's tenant.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; to keep: as [`grants::add`]; to drop: as [`grants::remove`].
pub async fn resolve(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: GrantId,
    how: Resolve,
) -> Result<()> {
    grants::resolve(access, permit, id, how).await
}

/// Decides about a hold on the whole instance.
///
/// # Errors
/// As [`resolve`].
pub async fn resolve_everywhere(
    access: &Access,
    permit: &Permit<Global>,
    id: GrantId,
    how: Resolve,
) -> Result<()> {
    grants::resolve_everywhere(access, permit, id, how).await
}
