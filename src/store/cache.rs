//! A cache that cannot keep what was dropped while it was being loaded.

use std::hash::Hash;

/// Values of `V` by `K`. A fill is refused when something was dropped since it began to load.
pub struct Cache<K, V> {
    inner: moka::sync::Cache<K, V>,
    drops: std::sync::atomic::AtomicU64,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Cache<K, V> {
    /// At most `capacity` entries, each for at most `ttl`.
    pub fn new(capacity: u64, ttl: std::time::Duration) -> Self {
        Self {
            inner: moka::sync::Cache::builder().max_capacity(capacity).time_to_live(ttl).build(),
            drops: std::sync::atomic::AtomicU64::new(0),
        }
    }
    /// The value, if it is here.
    pub fn get(&self, k: &K) -> Option<V> {
        self.inner.get(k)
    }
    /// Before loading: what [`Self::fill`] wants back.
    pub fn ticket(&self) -> u64 {
        self.drops.load(std::sync::atomic::Ordering::SeqCst)
    }
    /// After loading: kept only if nothing was dropped since `ticket`.
    pub fn fill(&self, ticket: u64, k: K, v: V) {
        if self.ticket() == ticket {
            self.inner.insert(k, v);
        }
    }
    /// Drops one entry.
    pub fn drop_one(&self, k: &K) {
        self.drops.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.inner.invalidate(k);
    }
    /// Drops all entries.
    pub fn drop_all(&self) {
        self.drops.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.inner.invalidate_all();
    }
    /// Drops the entries for which `which` holds.
    pub fn drop_if(&self, which: impl Fn(&K, &V) -> bool)
    where
        K: Clone,
    {
        self.drops.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let gone: Vec<K> =
            self.inner.iter().filter(|(k, v)| which(k, v)).map(|(k, _)| (*k).clone()).collect();
        for k in gone {
            self.inner.invalidate(&k);
        }
    }
}
