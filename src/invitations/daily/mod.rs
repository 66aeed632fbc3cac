//! How many letters about invitations a day allows: to one address of a tenant, for a tenant, and by one person in all
//! tenants. So nobody has somebody flooded with them, by inviting, deleting and inviting again, and a stolen session sends no
//! thousands in our name. A day begins with its first letter; a link that is handed over by hand is none.

mod db;

use super::{DAY, LETTERS, Post, suppressed};
use crate::{
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::TenantId,
    store::{Cx, Store, Tx},
    tx,
};

/// The code of a refusal because a day has had its letters.
pub const LIMIT: &str = "limit";

/// What a day allows; 0 is without a limit.
#[derive(Debug, Clone, Copy)]
pub struct Daily {
    /// For a tenant.
    pub tenant: u32,
    /// By one person, in all tenants.
    pub inviter: u32,
}

/// Counts a letter that is to be written to `email` now.
///
/// # Errors
/// `RateLimited`, with the code [`LIMIT`], when the day has had as many, and says when it ends.
pub(super) async fn count(tx: &mut Tx, post: &Post, t: TenantId, email: &str) -> Result<()> {
    let Daily { tenant, inviter } = post.daily;
    let id = |what: &str| post.master.tag("letter_counts.id", what);
    // Always in this order: each waits for the row before it.
    let of_tenant = id(&format!("tenant {t}"));
    within(tx, &of_tenant, t, i64::from(tenant), "for this tenant", None).await?;
    if let Some((home, user)) = tx.actor().user() {
        let of_inviter = id(&format!("inviter {user}"));
        within(tx, &of_inviter, home, i64::from(inviter), "by you", None).await?;
    }
    let of_address = id(&format!("address {t} {}", suppressed::key(email)));
    within(tx, &of_address, t, LETTERS, "to this address", Some("email")).await
}

async fn within(
    tx: &mut Tx,
    id: &str,
    whose: TenantId,
    most: i64,
    which: &str,
    field: Option<&str>,
) -> Result<()> {
    let now = tx.now();
    if most == 0 || db::count(tx, id, whose, now.minus(DAY), most).await? {
        return Ok(());
    }
    let ends = db::began(tx, id).await?.unwrap_or(now).plus(DAY);
    let text = format!(
        "{most} letters about invitations were written {which} within a day; the next can be written from {} on, or \
         hand the link over yourself ('by_hand')",
        ends.for_people()
    );
    let seconds = (ends.0 - now.0).max(0) / 1_000_000 + 1;
    let e = Error::new(Kind::RateLimited, text).code(LIMIT);
    let e = e.retry_after(u32::try_from(seconds).unwrap_or(u32::MAX));
    Err(match field {
        Some(field) => e.attr(field),
        None => e,
    })
}

/// Forgets days that are over.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx) -> Result<u64> {
    let over: Timestamp = store.clock().now().minus(DAY);
    tx!(store, cx, [], |tx| {
        tx.unaudited("letters are counted for a day");
        db::sweep(tx, over).await
    })
}

/// Forgets what was counted for a tenant and its people.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &mut Tx, t: TenantId) -> Result<u64> {
    db::forget(tx, t).await
}
