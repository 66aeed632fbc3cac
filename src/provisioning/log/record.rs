//! Where entries wait until they are written: a queue with a bound, so that a slow database costs entries and no request
//! its answer. What does not fit is counted, and the log says so. Counts and moments for the health of directories
//! travel with them, and are never lost to the bound.

use super::{
    Entry, Names,
    row::{self, Row},
};
use crate::{
    clock::Timestamp,
    crypto::seal::MasterKey,
    directories,
    error::Result,
    id::{DirectoryId, TenantId},
    provisioning::health::{self, Tally},
    store::{Cx, Store},
    tx,
};
use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Mutex as Turn, Notify};
use tokio_util::sync::CancellationToken;

/// Entries that may wait, and the bytes that they hold.
const QUEUE: usize = 8192;
const BYTES: usize = 16 << 20;
/// Entries in one transaction. Each has SQLite's readers read again what they had at hand, and takes its writer 3 ms.
const BATCH: usize = 256;
/// How long a lone entry waits for others.
const GATHER: Duration = Duration::from_millis(300);
/// Addresses of directories that are knocked at without a token, remembered at once: they may be invented.
const KNOCKS: usize = 1000;

/// Stands for a body that is too large.
static TOO_LARGE: [u8; super::MOST + 1] = [b' '; super::MOST + 1];

/// A directory.
pub(super) type Key = (TenantId, DirectoryId);

/// Takes entries, and writes them.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    store: Store,
    names: Names,
    waiting: Mutex<Waiting>,
    more: Notify,
    /// Who writes; what could not be written is tried once more.
    writer: Turn<Vec<Row>>,
    make: Make,
}

/// How an entry becomes a row.
pub type Make = fn(&Entry, &Names) -> Row;

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    bytes: usize,
    tallies: HashMap<Key, Tally>,
    knocks: HashMap<DirectoryId, Knock>,
}

/// Requests that proved nothing.
struct Knock {
    at: Timestamp,
    why: String,
    times: i64,
}

impl Waiting {
    /// How much of the room is taken: 0 to 100.
    fn filled(&self) -> u32 {
        let share = (self.entries.len() * 100 / QUEUE).max(self.bytes * 100 / BYTES);
        u32::try_from(share.min(100)).unwrap_or(100)
    }
}

fn weight(e: &Entry) -> usize {
    // What is too large to be kept is not held either.
    e.body.len() + e.answer.as_ref().map_or(0, bytes::Bytes::len) + 512
}

impl Recorder {
    /// Over this store.
    pub fn new(store: &Store, master: &MasterKey) -> Self {
        Self::making(store, master, row::of)
    }
    /// Over this store, with rows made so.
    pub fn making(store: &Store, master: &MasterKey, make: Make) -> Self {
        Self(Arc::new(Inner {
            make,
            store: store.clone(),
            names: Names::new(master),
            waiting: Mutex::default(),
            more: Notify::new(),
            writer: Turn::default(),
        }))
    }
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// How names are looked for.
    pub fn names(&self) -> &Names {
        &self.0.names
    }
    /// Takes an entry; what it costs does not depend on the database.
    pub fn push(&self, mut e: Entry) {
        let large = |b: &bytes::Bytes| b.len() > super::MOST;
        if large(&e.body) {
            // That there was one is still told.
            e.body = bytes::Bytes::from_static(&TOO_LARGE);
        }
        if e.answer.as_ref().is_some_and(large) {
            e.answer = None;
        }
        let weight = weight(&e);
        let mut w = self.waiting();
        let tally = w.tallies.entry((e.tenant, e.directory)).or_default();
        tally.count(&e);
        if w.entries.len() >= QUEUE || w.bytes + weight > BYTES {
            if let Some(tally) = w.tallies.get_mut(&(e.tenant, e.directory)) {
                tally.lose(e.at, 1);
            }
            return;
        }
        let before = w.bytes;
        w.bytes += weight;
        w.entries.push_back(e);
        // Large ones are no batch before there is no room any more.
        let full = w.entries.len() == BATCH || (before < BYTES / 2 && w.bytes >= BYTES / 2);
        drop(w);
        if full {
            self.0.more.notify_one();
        }
    }
    /// Somebody spoke for a directory and proved nothing.
    pub fn refused(&self, directory: DirectoryId, why: &str) {
        let at = self.0.store.clock().now();
        let mut w = self.waiting();
        if w.knocks.len() >= KNOCKS && !w.knocks.contains_key(&directory) {
            return;
        }
        let k = w.knocks.entry(directory).or_insert(Knock { at, why: String::new(), times: 0 });
        k.at = at;
        why.clone_into(&mut k.why);
        k.times += 1;
    }
    /// Writes what waits.
    ///
    /// # Errors
    /// The database's; what could not be written is tried once more by the next call.
    pub async fn flush(&self, cx: &Cx) -> Result<()> {
        // What came before: others may go on asking.
        let rounds = self.waiting().entries.len() / BATCH + 1;
        for _ in 0..rounds {
            self.batch(cx).await?;
        }
        Ok(())
    }
    /// Writes some of what waits; says whether more waits.
    async fn batch(&self, cx: &Cx) -> Result<bool> {
        let mut again = self.0.writer.lock().await;
        let (entries, mut tallies, knocks, more) = {
            let mut w = self.waiting();
            let n = w.entries.len().min(BATCH);
            let entries: Vec<Entry> = w.entries.drain(..n).collect();
            w.bytes -= entries.iter().map(weight).sum::<usize>();
            let more = !w.entries.is_empty();
            (entries, std::mem::take(&mut w.tallies), std::mem::take(&mut w.knocks), more)
        };
        // Nobody's, most likely, so all of them are one question; where the database is away, it is not worth another
        // try.
        let known = directories::tenants_of(&self.0.store, knocks.keys().copied()).await;
        let known = known.unwrap_or_default();
        for (d, k) in knocks {
            if let Some(t) = known.get(&d) {
                tallies.entry((*t, d)).or_default().deny(k.at, k.why, k.times);
            }
        }
        if entries.is_empty() && tallies.is_empty() && again.is_empty() {
            return Ok(false);
        }
        let (names, make) = (self.0.names.clone(), self.0.make);
        let whose: Vec<_> = entries.iter().map(|e| ((e.tenant, e.directory), e.at)).collect();
        let made = tokio::task::spawn_blocking(move || {
            // What one entry does to its writer is not the others' loss.
            let one = |e: &Entry| catch_unwind(AssertUnwindSafe(|| make(e, &names))).ok();
            entries.iter().map(one).collect::<Vec<Option<Row>>>()
        });
        let made = made.await.unwrap_or_else(|_| vec![None; whose.len()]);
        for ((place, at), _) in whose.into_iter().zip(&made).filter(|(_, row)| row.is_none()) {
            tracing::error!(directory = %place.1, "an entry of the provisioning log could not be made");
            tallies.entry(place).or_default().lose(at, 1);
        }
        let rows: Vec<Row> = made.into_iter().flatten().collect();
        let retried = std::mem::take(&mut *again);
        let gaps = tallies.iter().filter(|(_, t)| t.lost > 0);
        let gaps = gaps.map(|(k, t)| row::gap(t.last_lost.unwrap_or(t.at), *k, t.lost));
        let all: Vec<Row> =
            retried.iter().cloned().chain(gaps).chain(rows.iter().cloned()).collect();
        let all = Arc::new(all);
        let told = Arc::new(tallies);
        let r = {
            let (all, told) = (all.clone(), told.clone());
            tx!(self.0.store, cx, [all, told], |tx| {
                tx.unaudited("the provisioning log is the trace of a request");
                for row in all.iter() {
                    super::db::insert(tx, row).await?;
                }
                health::add(tx, &told).await
            })
        };
        if let Err(e) = r {
            // What has failed twice is given up and counted; the counts themselves wait for better times.
            let mut w = self.waiting();
            for (k, t) in told.iter() {
                w.tallies.entry(*k).or_default().merge(t);
            }
            for row in &retried {
                w.tallies.lose_row(row);
            }
            drop(w);
            *again = rows;
            return Err(e);
        }
        Ok(more)
    }
    /// Writes until `stop`, and what waits then; requests that are still under way are flushed by whoever waits for them.
    pub async fn run(self, cx: Cx, stop: CancellationToken) {
        loop {
            let wait = async {
                let _ = tokio::time::timeout(GATHER, self.0.more.notified()).await;
            };
            let ended = stop.run_until_cancelled(wait).await.is_none();
            let began = Instant::now();
            let r = self.batch(&cx).await;
            let more = match r {
                Ok(more) => more,
                Err(e) => {
                    tracing::warn!(error = ?e, "the provisioning log cannot be written");
                    let _ =
                        stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await;
                    false
                }
            };
            if ended {
                return;
            }
            if more {
                // At most a part of the time, so that those who are answered meanwhile do not feel it; unless entries
                // would be lost.
                let filled = self.waiting().filled();
                tokio::time::sleep(rest(began.elapsed(), filled)).await;
                self.0.more.notify_one();
            }
        }
    }
}

/// So many times as long as a batch took the writer rests when more waits, but little does.
const PAUSE: u32 = 2;

/// How long the writer rests after a batch that took so long; not at all when half of the room is taken, and never so long
/// that the rest of it is taken meanwhile.
fn rest(took: Duration, filled: u32) -> Duration {
    (took * PAUSE * 50_u32.saturating_sub(filled) / 50).min(GATHER)
}

/// Losses of rows that were ready to be written.
trait Losses {
    fn lose_row(&mut self, row: &Row);
}
impl Losses for HashMap<Key, Tally> {
    fn lose_row(&mut self, row: &Row) {
        let (at, lost) = (row.entry.at, row.entry.lost.max(1));
        self.entry((row.tenant, row.directory)).or_default().lose(at, lost);
    }
}
