//! What a directory takes away: weighed, and kept where it is too much.

mod db;

use super::{Limits, Parked, lock, weigh};
use crate::{
    error::Result,
    id::{DirectoryId, GroupId, TenantId, UserId},
    store::Tx,
};

/// Weighs members whom a directory has taken out of a group, or who go with it, and keeps what is too much. Call it before
/// the group's row goes.
///
/// # Errors
/// The database's.
pub async fn members(
    tx: &mut Tx,
    (t, d): (TenantId, DirectoryId),
    g: GroupId,
    users: &[UserId],
    limits: &Limits,
) -> Result<Option<Parked>> {
    if !limits.on || users.is_empty() {
        return Ok(None);
    }
    if !super::db::mapped(tx, t, g).await? {
        return Ok(None);
    }
    // Before anybody looks who loses something: of two groups that give one role, neither must count on the other's.
    tx.lock(lock(d)).await?;
    let losing = db::losing(tx, t, g, users).await?;
    if losing.is_empty() {
        return Ok(None);
    }
    let Some(change) = weigh(tx, t, d, &losing, limits).await? else { return Ok(None) };
    db::park_members(tx, &change, g, &losing).await?;
    Ok(Some(Parked { change: change.id, people: losing.len() }))
}

/// Weighs the deletion of a person by their directory, and keeps what they held for their return if it is too much. Call
/// it before the row goes.
///
/// # Errors
/// The database's.
pub async fn person(
    tx: &mut Tx,
    (t, d): (TenantId, DirectoryId),
    user: UserId,
    limits: &Limits,
) -> Result<Option<Parked>> {
    if !limits.on || !db::has_roles(tx, t, user).await? {
        return Ok(None);
    }
    // What was kept of them already is kept for their return, whatever else.
    super::db::person_gone(tx, t, user).await?;
    let Some(change) = weigh(tx, t, d, &[user], limits).await? else { return Ok(None) };
    db::park_person(tx, &change, user).await?;
    Ok(Some(Parked { change: change.id, people: 1 }))
}
