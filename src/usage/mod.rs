//! How many tokens were given and refused: counted in memory where they are made, written by a worker every few seconds.
//! What a process counted in the last seconds before it was killed is lost; nothing but a picture is made of it. And what
//! the days came to of which there are rows ([`days`]).

pub mod days;
mod db;

pub use db::{OfADay, sweep};

use crate::{
    access::{Permit, perm::SystemViewLogs},
    clock::Timestamp,
    error::Result,
    id::{AppId, TenantId},
    store::{Cx, Scope, Store, Tx},
    tx,
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long counts are kept.
pub const KEPT: Duration = Duration::from_secs(400 * 24 * 3600);
/// So many counts are written in one transaction.
const PIECE: usize = 500;

/// Whose tokens, for which tenant, on which day (of UTC, since 1970).
type Key = (TenantId, i64, AppId);

#[derive(Debug, Clone, Copy)]
struct Count {
    integration: bool,
    issued: i64,
    refused: i64,
}

/// What was counted since it was last written.
#[derive(Debug, Default)]
pub struct Tally(Mutex<HashMap<Key, Count>>);

impl Tally {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Counts a request for a token: of `client` (an integration user's or an application's), for `tenant`.
    pub fn count(
        &self,
        tenant: TenantId,
        (client, integration): (AppId, bool),
        at: Timestamp,
        given: bool,
    ) {
        let mut all = self.all();
        let new = Count { integration, issued: 0, refused: 0 };
        let count = all.entry((tenant, at.0.div_euclid(Timestamp::DAY), client)).or_insert(new);
        if given {
            count.issued += 1;
        } else {
            count.refused += 1;
        }
    }
    /// Writes what was counted.
    ///
    /// # Errors
    /// The database's; what could not be written is tried again with the next batch.
    pub async fn flush(&self, store: &Store, cx: &Cx) -> Result<()> {
        let mut left: Vec<(Key, Count)> = std::mem::take(&mut *self.all()).into_iter().collect();
        while !left.is_empty() {
            let some: std::sync::Arc<[(Key, Count)]> =
                left.split_off(left.len().saturating_sub(PIECE)).into();
            let written = tx!(store, cx, [some], |tx| {
                tx.unaudited("how many tokens were given");
                for ((tenant, day, client), n) in some.iter() {
                    let counts = (n.integration, n.issued, n.refused);
                    db::add(tx, *tenant, *day, *client, counts).await?;
                }
                Ok(())
            });
            if let Err(e) = written {
                self.back(left.iter().chain(some.iter()));
                return Err(e);
            }
        }
        Ok(())
    }
    fn back<'a>(&self, lost: impl Iterator<Item = &'a (Key, Count)>) {
        let mut all = self.all();
        for (key, n) in lost {
            let new = Count { issued: 0, refused: 0, ..*n };
            let count = all.entry(*key).or_insert(new);
            count.issued += n.issued;
            count.refused += n.refused;
        }
    }
}

/// How many tokens for the permit's tenant were given and refused, day by day in UTC, from the day of `since` on.
///
/// # Errors
/// The database's.
pub async fn by_day(
    store: &Store,
    permit: &Permit<SystemViewLogs>,
    since: Timestamp,
) -> Result<Vec<OfADay>> {
    let t = permit.tenant();
    let mut c = store.read(Scope::Tenant(t)).await?;
    db::by_day(&mut c, t, since.0.div_euclid(Timestamp::DAY)).await
}

/// Removes a piece of what a tenant that is deleted has; says how much.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, piece: i64) -> Result<u64> {
    db::leave(tx, t, piece).await
}
