//! How sign-ins and the requests of directories ended, day by day. What a day that is over came to is remembered: only what
//! is new is counted each time, however much there was.

use crate::{
    access::{Permit, perm::SystemViewLogs},
    clock::Timestamp,
    error::Result,
    id::TenantId,
    provisioning::log,
    signins::{self, Outcome},
    store::{Cache, Store},
};
use std::{collections::BTreeMap, time::Duration};

/// So long after its end a day may still change: what is written in batches comes late.
const LATE: Duration = Duration::from_secs(600);
/// In microseconds.
const HOUR: i64 = 3_600_000_000;
/// So long it is remembered: what it was counted from is removed in time.
const KEPT: Duration = Duration::from_secs(6 * 3600);
/// So many days are remembered, of all tenants.
const DAYS: u64 = 100_000;
/// So many rows of each kind are counted at most for one answer. What is left is counted for the next.
pub const COUNTED: i64 = 200_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Of {
    /// Sign-ins.
    Signins,
    /// Requests of directories.
    Requests,
}

/// How many went well, were refused, and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ended {
    /// Came in, or were done.
    pub well: i64,
    /// Were refused.
    pub refused: i64,
    /// Did not come to an end of their own.
    pub failed: i64,
}

impl Ended {
    fn add(&mut self, n: Self) {
        self.well += n.well;
        self.refused += n.refused;
        self.failed += n.failed;
    }
}

/// By day since 1970-01-01, in UTC.
type ByDay = BTreeMap<i64, Ended>;

/// What days that are over came to, and what the one that goes on did until some moment.
pub struct Days {
    over: Cache<(TenantId, Of, i64), Ended>,
    so_far: Cache<(TenantId, Of), (Timestamp, Ended)>,
}

impl Default for Days {
    fn default() -> Self {
        Self { over: Cache::new(DAYS, KEPT), so_far: Cache::new(DAYS, KEPT) }
    }
}

impl Days {
    /// How many of the permit's tenant ended how, from the day `first` on; days of which there is none may be missing. And
    /// whether that is all that is kept.
    ///
    /// # Errors
    /// The database's.
    pub async fn figures(
        &self,
        store: &Store,
        p: &Permit<SystemViewLogs>,
        of: Of,
        first: i64,
    ) -> Result<(ByDay, bool)> {
        let (t, settled) = (p.tenant(), store.clock().now().minus(LATE));
        let over = settled.0.div_euclid(Timestamp::DAY).max(first);
        // Of the day that goes on, what is new since the last hour that is over.
        let hour = Timestamp(settled.0.div_euclid(HOUR).saturating_mul(HOUR)).max(begin(over));
        let (so_far, all_so_far) = self.so_far(store, p, of, over, hour).await?;
        // Another node's clock may be ahead.
        let mut all = read(store, p, of, (hour, begin(over + 3))).await?;
        let mut complete = all_so_far && counted(&all) < COUNTED;
        all.entry(over).or_default().add(so_far);
        let mut missing = None;
        for day in (first..over).rev() {
            let Some(known) = self.over.get(&(t, of, day)) else {
                missing = Some(day);
                break;
            };
            all.insert(day, known);
        }
        let Some(last) = missing else { return Ok((all, complete)) };
        let ticket = self.over.ticket();
        let found = read(store, p, of, (begin(first), begin(last + 1))).await?;
        let whole = counted(&found) < COUNTED;
        complete &= whole;
        // Of the day at which counting stopped there may be more.
        let from = match found.keys().next() {
            Some(day) if !whole => day + 1,
            _ => first,
        };
        for day in from..=last {
            let ended = found.get(&day).copied().unwrap_or_default();
            self.over.fill(ticket, (t, of, day), ended);
        }
        all.extend(found);
        Ok((all, complete))
    }
    /// What a day came to until an hour of it that is over; and whether that is all.
    async fn so_far(
        &self,
        store: &Store,
        p: &Permit<SystemViewLogs>,
        of: Of,
        day: i64,
        until: Timestamp,
    ) -> Result<(Ended, bool)> {
        let key = (p.tenant(), of);
        let known = self.so_far.get(&key).filter(|k| k.0 >= begin(day) && k.0 <= until);
        let (from, mut ended) = known.unwrap_or((begin(day), Ended::default()));
        if from == until {
            return Ok((ended, true));
        }
        let ticket = self.so_far.ticket();
        let more = read(store, p, of, (from, until)).await?;
        let whole = counted(&more) < COUNTED;
        for n in more.into_values() {
            ended.add(n);
        }
        if whole {
            self.so_far.fill(ticket, key, (until, ended));
        }
        Ok((ended, whole))
    }
}

/// Its first moment.
fn begin(day: i64) -> Timestamp {
    Timestamp(day.saturating_mul(Timestamp::DAY))
}

fn counted(all: &ByDay) -> i64 {
    all.values().map(|n| n.well + n.refused + n.failed).sum()
}

/// From the first moment on and before the second: the newest, where there are more than are counted.
async fn read(
    store: &Store,
    p: &Permit<SystemViewLogs>,
    of: Of,
    days: (Timestamp, Timestamp),
) -> Result<ByDay> {
    let mut all = ByDay::new();
    match of {
        Of::Signins => {
            for n in signins::by_day(store, p, days, COUNTED).await? {
                let day = all.entry(n.day).or_default();
                match n.outcome {
                    Outcome::Success => day.well += n.count,
                    Outcome::Refused => day.refused += n.count,
                    Outcome::Failed => day.failed += n.count,
                }
            }
        }
        Of::Requests => {
            for n in log::by_day(store, p, days, COUNTED).await? {
                let day = all.entry(n.day).or_default();
                match n.outcome.as_str() {
                    "ok" => day.well += n.count,
                    "refused" => day.refused += n.count,
                    _ => day.failed += n.count,
                }
            }
        }
    }
    Ok(all)
}
