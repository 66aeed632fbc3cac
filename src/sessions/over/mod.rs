//! What is over by itself: sessions that were not used, or have lasted as long as they may, by the instance's settings or by
//! the policy of a tenant. `gate` refuses them from that moment on; here they end as any other does, so that applications
//! are told.

pub(super) mod db;

use super::{Limits, Who, revoke};
use crate::{
    clock::Timestamp,
    error::Result,
    store::{Cx, Scope, Store, Tx},
    tx,
};
use std::time::Duration;

/// When sessions were last used is written down in batches: some seconds later than it was.
const LATE: Duration = Duration::from_secs(60);
/// So many are looked for at a time.
const AT_A_TIME: usize = 200;

/// What began, or was last used, before this is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Its beginning.
    pub began: Timestamp,
    /// Its last use.
    pub used: Timestamp,
}

impl Limits {
    /// What is over by these.
    #[must_use]
    pub fn before(&self, now: Timestamp) -> Past {
        Past { began: now.minus(self.absolute), used: now.minus(self.idle + LATE) }
    }
}

/// Ends the sessions that are over by themselves, so that the applications in them are told; those in which no
/// application got a token just stay unused. Says how many it ended.
///
/// # Errors
/// As the store.
pub async fn expire(store: &Store, cx: &Cx, idle: Duration) -> Result<usize> {
    let mut ended = 0;
    loop {
        let now = store.clock().now();
        let unused = idle + LATE;
        let mut c = store.read(Scope::Platform).await?;
        let mut over = db::over(&mut c, now, now.minus(unused)).await?;
        let late = i64::try_from(LATE.as_micros()).unwrap_or(i64::MAX);
        let by_policy = db::over_by_policy(&mut c, now, late).await?;
        drop(c);
        let more = over.len() >= AT_A_TIME || by_policy.len() >= AT_A_TIME;
        over.extend(by_policy);
        if over.is_empty() {
            return Ok(ended);
        }
        ended += tx!(store, cx, [over], |tx| {
            tx.unaudited("their time is over; nobody ended them");
            let mut ended = 0;
            for s in &over {
                if still_over(tx, s, unused).await? {
                    revoke(tx, Who::Session(s.tenant_id, s.id), "expired").await?;
                    ended += 1;
                }
            }
            Ok(ended)
        })?;
        if !more {
            return Ok(ended);
        }
    }
}

/// Whether a session is over still: one that was used, or proved anew, since it was found goes on. It stays so to the end
/// of the transaction.
async fn still_over(tx: &mut Tx, o: &db::Over, unused: Duration) -> Result<bool> {
    let now = tx.now();
    let Some(s) = db::standing(tx, o).await? else { return Ok(false) };
    let (mut began, mut used) = (None, now.minus(unused));
    for t in [o.tenant_id, s.acting_tenant] {
        let Some(said) = db::said(tx, t).await? else { continue };
        let seconds = |s: i64| Duration::from_secs(s.unsigned_abs());
        began = began.max(said.max.map(|s| now.minus(seconds(s))));
        used = used.max(said.idle.map_or(used, |s| now.minus(seconds(s) + LATE)));
    }
    Ok(s.expires_at <= now
        || s.last_seen_at <= used
        || began.is_some_and(|began| s.created_at <= began))
}
