//! A cache that cannot keep what was dropped while it was being loaded: a revoked user would stay known.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Drops of single keys are remembered by the key's shard, so that dropping one key does not refuse the fills of
/// all others; one for each value of a byte.
const SHARDS: usize = 256;

/// Values of `V` by `K`. A fill is refused when its key was dropped since it began to load.
pub struct Cache<K, V> {
    inner: moka::sync::Cache<K, V>,
    hash: RandomState,
    /// Counts drops; a ticket is a reading of it.
    drops: AtomicU64,
    /// The last drop of each shard; held while one of its keys is filled or dropped.
    shards: Vec<Mutex<u64>>,
    /// The last drop that may have concerned any key; held for reading by fills.
    all: RwLock<u64>,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Cache<K, V> {
    /// At most `capacity` entries, each for at most `ttl`.
    pub fn new(capacity: u64, ttl: std::time::Duration) -> Self {
        Self {
            inner: moka::sync::Cache::builder().max_capacity(capacity).time_to_live(ttl).build(),
            hash: RandomState::new(),
            drops: AtomicU64::new(0),
            shards: (0..SHARDS).map(|_| Mutex::new(0)).collect(),
            all: RwLock::new(0),
        }
    }
    fn shard(&self, k: &K) -> MutexGuard<'_, u64> {
        let i = usize::from(self.hash.hash_one(k).to_le_bytes()[0]);
        self.shards[i].lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn next(&self) -> u64 {
        self.drops.fetch_add(1, Ordering::SeqCst) + 1
    }
    /// The value, if it is here.
    pub fn get(&self, k: &K) -> Option<V> {
        self.inner.get(k)
    }
    /// Before loading: what [`Self::fill`] wants back.
    pub fn ticket(&self) -> u64 {
        self.drops.load(Ordering::SeqCst)
    }
    /// After loading: kept only if the key was not dropped since `ticket`.
    pub fn fill(&self, ticket: u64, k: K, v: V) {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let shard = self.shard(&k);
        if *all <= ticket && *shard <= ticket {
            self.inner.insert(k, v);
        }
    }
    /// Drops one entry.
    pub fn drop_one(&self, k: &K) {
        let mut shard = self.shard(k);
        *shard = self.next();
        self.inner.invalidate(k);
    }
    /// Drops all entries.
    pub fn drop_all(&self) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        *all = self.next();
        self.inner.invalidate_all();
    }
    /// Drops the entries for which `which` holds. What is being loaded cannot be asked, so no fill under way counts.
    pub fn drop_if(&self, which: impl Fn(&K, &V) -> bool)
    where
        K: Clone,
    {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        *all = self.next();
        for (k, v) in &self.inner {
            if which(&k, &v) {
                self.inner.invalidate(&*k);
            }
        }
    }
}
