//! Grants that are over by themselves. What somebody may do ends at the very moment, as every answer is computed with the
//! time; here it is noticed, told, and what relied on it is ended: sessions that act in a tenant where nothing is left,
//! and what applications were given for one.

use super::{db, told_of};
use crate::{
    access::{
        Access, Catalogue, Effective, Path, Site,
        db::{paths, subjects, tenant},
    },
    clock::Timestamp,
    error::Result,
    id::{RoleId, TenantId, UserId},
    sessions,
    store::{Cx, Lock, Scope, Topic, Tx},
    tx,
};

/// Why a session ended, for whoever asks.
const WHY: &str = "the role in that tenant has ended";

/// So many people are looked after in one round.
const ROUND: i64 = 100;

/// Ends what relied on grants that are over; says how many grants they were. `cx` is of the server, over
/// [`Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn end_due(access: &Access, cx: &Cx) -> Result<usize> {
    let now = access.0.store.clock().now();
    // platform: whoever it concerns.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let due = db::due(&mut c, now, ROUND).await?;
    drop(c);
    let mut ended = 0;
    for d in due {
        ended += of_one(access, cx, (d.tenant_id, d.user_id)).await?;
    }
    Ok(ended)
}

async fn of_one(access: &Access, cx: &Cx, (home, user): (TenantId, UserId)) -> Result<usize> {
    let catalogue = access.catalogue().clone();
    tx!(access.0.store, &cx.clone().urgent(), [catalogue], |tx| {
        tx.lock(Lock::User(user)).await?;
        let ended = over(tx, &catalogue, (home, user)).await?;
        if ended == 0 {
            tx.unaudited("another node was quicker");
        }
        Ok(ended)
    })
}

/// Notices which of somebody's grants are over, under their lock and over every tenant's rows; says how many.
pub(super) async fn over(
    tx: &mut Tx,
    catalogue: &Catalogue,
    (home, user): (TenantId, UserId),
) -> Result<usize> {
    let over = db::end(tx, home, user).await?;
    if over.is_empty() {
        return Ok(0);
    }
    for g in &over {
        told_of(tx, g, "grant.end", None).await?;
    }
    tx.changed(Topic::User(home, user));
    // A person who is gone has no sessions.
    let found = subjects(tx, home, &[user]).await?.pop();
    let Some((_, who, _)) = found else { return Ok(over.len()) };
    let now = tx.now();
    let left = paths(tx, catalogue, home, &[user], now).await?;
    let left: Vec<Path> = left.into_iter().map(|(_, p)| p).collect();
    for (what, there) in sessions::elsewhere(tx, home, user).await? {
        let Some(row) = tenant(tx, there).await? else { continue };
        let site = Site { tenant: there, tags: &row.tags.0 };
        if Effective::compute(&who, &left, site, now).is_empty() {
            sessions::revoke(tx, what, WHY).await?;
        }
    }
    Ok(over.len())
}

/// What ended of a role that is deleted goes with it; the trail says what it was.
pub(in crate::access) async fn role_gone(tx: &mut Tx, role: RoleId, now: Timestamp) -> Result<()> {
    db::ended_go(tx, role, now).await?;
    Ok(())
}
