//! Somebody of them is deleted: the groups are others then, for whoever keeps them by their versions.

use super::db;
use crate::{
    access::{Permit, parked::Parked, perm::Provision},
    error::Result,
    id::{TenantId, UserId},
    store::{Lock, Store, Tx},
    tx, users,
};

/// Notes that somebody is about to leave all their groups, in the transaction that deletes them.
///
/// # Errors
/// The database's.
pub async fn left(tx: &mut Tx, t: TenantId, user: UserId) -> Result<()> {
    db::left(tx, t, user).await?;
    Ok(())
}

/// Deletes a user of a directory by its own word.
///
/// # Errors
/// As [`users::delete_in`].
pub async fn delete_person(
    store: &Store,
    p: &Permit<Provision>,
    id: UserId,
    if_match: Option<i64>,
) -> Result<Option<Parked>> {
    users::get(store, p, id).await?;
    tx!(store, &p.cx().urgent(), [p], |tx| {
        tx.lock(Lock::User(id)).await?;
        left(tx, p.tenant(), id).await?;
        users::delete_in(tx, &p, id, if_match).await
    })
}
