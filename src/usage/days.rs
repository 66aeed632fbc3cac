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
/// When so many rows were counted for one answer, no further day is begun: the next answer goes on. Days are counted whole.
const ENOUGH: i64 = 200_000;
/// Days that one statement counts at most, and only after one that counted no more than this.
const SPAN: usize = 8;
const FEW: i64 = 10_000;

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
    fn all(self) -> i64 {
        self.well + self.refused + self.failed
    }
    fn add(&mut self, n: Self) {
        self.well += n.well;
        self.refused += n.refused;
        self.failed += n.failed;
    }
}

/// By day since 1970-01-01, in UTC.
type ByDay = BTreeMap<i64, Ended>;

/// What is remembered, and when it was counted: nothing that a clock says is yet to be.
#[derive(Debug, Clone, Copy)]
struct Known {
    counted: Timestamp,
    ended: Ended,
}

/// What the day that goes on did until some moment; `since` when counting it began.
#[derive(Debug, Clone, Copy)]
struct SoFar {
    since: Timestamp,
    until: Timestamp,
    ended: Ended,
}

/// What days that are over came to, and what the one that goes on did until some moment.
pub struct Days {
    over: Cache<(TenantId, Of, i64), Known>,
    so_far: Cache<(TenantId, Of), SoFar>,
}

impl Default for Days {
    fn default() -> Self {
        Self { over: Cache::new(DAYS, KEPT), so_far: Cache::new(DAYS, KEPT) }
    }
}

impl Days {
    /// How many of the permit's tenant ended how, from the day `first` on; days of which there is none may be missing. And
    /// whether that is all that is kept: if not, the days before the oldest are counted for the next answers.
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
        let (t, now) = (p.tenant(), store.clock().now());
        let settled = now.minus(LATE);
        let over = settled.0.div_euclid(Timestamp::DAY).max(first);
        // Of the day that goes on, what is new since the last hour that is over.
        let hour = Timestamp(settled.0.div_euclid(HOUR).saturating_mul(HOUR)).max(begin(over));
        let so_far = self.so_far(store, p, of, (begin(over), hour)).await?;
        // Another node's clock may be ahead.
        let mut all = read(store, p, of, (hour, begin(over + 3))).await?;
        all.entry(over).or_default().add(so_far);
        let mut missing = Vec::new();
        for day in (first..over).rev() {
            let key = (t, of, day);
            match self.over.get(&key) {
                Some(known) if known.counted <= now => drop(all.insert(day, known.ended)),
                // Counted by a clock that was ahead, maybe before the day was over.
                Some(_) => {
                    self.over.drop_one(&key);
                    missing.push(day);
                }
                None => missing.push(day),
            }
        }
        let (mut counted, mut days) = (0, 1);
        while counted < ENOUGH && !missing.is_empty() {
            let some: Vec<i64> = missing.drain(..missing.len().min(days)).collect();
            let (Some(newest), Some(oldest)) = (some.first(), some.last()) else { break };
            let ticket = self.over.ticket();
            let found = read(store, p, of, (begin(*oldest), begin(newest + 1))).await?;
            let these: i64 = found.values().map(|n| n.all()).sum();
            for day in some {
                let ended = found.get(&day).copied().unwrap_or_default();
                all.insert(day, ended);
                self.over.fill(ticket, (t, of, day), Known { counted: now, ended });
            }
            counted += these;
            // More with each question, so that where there is little some are enough; where there is much, a day.
            days = if these <= FEW { (days * 2).min(SPAN) } else { 1 };
        }
        Ok((all, missing.is_empty()))
    }
    /// What a day came to from its beginning until an hour of it that is over.
    async fn so_far(
        &self,
        store: &Store,
        p: &Permit<SystemViewLogs>,
        of: Of,
        (begin, until): (Timestamp, Timestamp),
    ) -> Result<Ended> {
        let (key, now) = ((p.tenant(), of), store.clock().now());
        let known = self.so_far.get(&key);
        if known.is_some_and(|k| k.until > until || k.since > now) {
            self.so_far.drop_one(&key);
        }
        // What came late is counted once the whole is counted anew.
        let known = known.filter(|k| {
            k.until >= begin && k.until <= until && k.since <= now && now.since(k.since) < KEPT
        });
        let mut k = known.unwrap_or(SoFar { since: now, until: begin, ended: Ended::default() });
        if k.until < until {
            let ticket = self.so_far.ticket();
            for n in read(store, p, of, (k.until, until)).await?.into_values() {
                k.ended.add(n);
            }
            k.until = until;
            self.so_far.fill(ticket, key, k);
        }
        Ok(k.ended)
    }
}

/// Its first moment.
fn begin(day: i64) -> Timestamp {
    Timestamp(day.saturating_mul(Timestamp::DAY))
}

/// From the first moment on and before the second.
async fn read(
    store: &Store,
    p: &Permit<SystemViewLogs>,
    of: Of,
    days: (Timestamp, Timestamp),
) -> Result<ByDay> {
    let mut all = ByDay::new();
    match of {
        Of::Signins => {
            for n in signins::by_day(store, p, days).await? {
                let day = all.entry(n.day).or_default();
                match n.outcome {
                    Outcome::Success => day.well += n.count,
                    Outcome::Refused => day.refused += n.count,
                    Outcome::Failed => day.failed += n.count,
                }
            }
        }
        Of::Requests => {
            for n in log::by_day(store, p, days).await? {
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
