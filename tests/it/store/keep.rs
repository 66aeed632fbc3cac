//! The cache: what was dropped while it was loading is not kept.

use super::{cx, put};
use crate::{pure, story};
use muster::{
    id::{AppId, TenantId, UserId},
    sql,
    store::{Cache, Scope, Topic},
    tx,
};
use std::{sync::Arc, time::Duration};

fn cache() -> Cache<u32, &'static str> {
    Cache::new(100_000, Duration::from_mins(1))
}

pure!(
    fn a_fill_that_began_before_a_drop_of_its_key_is_discarded() {
        let c = cache();
        let ticket = c.ticket();
        c.drop_one(&7);
        c.fill(ticket, 7, "old");
        assert_eq!(c.get(&7), None);
        c.fill(c.ticket(), 7, "new");
        assert_eq!(c.get(&7), Some("new"));
        c.drop_one(&7);
        assert_eq!(c.get(&7), None);
    }
);

pure!(
    fn drops_of_other_keys_do_not_keep_a_cache_empty() {
        let c = cache();
        let ticket = c.ticket();
        for k in 1000..1010 {
            c.drop_one(&k);
        }
        for k in 0..200 {
            c.fill(ticket, k, "here");
        }
        let kept = (0..200).filter(|k| c.get(k).is_some()).count();
        assert!(kept > 150, "ten drops of other keys refused {} of 200 fills", 200 - kept);
    }
);

pure!(
    fn a_drop_of_many_discards_every_fill_under_way() {
        let c = cache();
        c.fill(c.ticket(), 1, "one");
        c.fill(c.ticket(), 2, "two");
        let ticket = c.ticket();
        c.drop_if(|k, _| *k == 1);
        assert_eq!((c.get(&1), c.get(&2)), (None, Some("two")));
        c.fill(ticket, 3, "old");
        assert_eq!(c.get(&3), None, "whether it is one of those, nobody could say");
        let ticket = c.ticket();
        c.drop_all();
        c.fill(ticket, 4, "old");
        assert_eq!((c.get(&2), c.get(&4)), (None, None));
    }
);

pure!(
    fn no_thread_keeps_a_value_that_another_has_dropped() {
        // Writers count a key up and drop it; loaders read, dawdle, fill. What is cached at the end is the last.
        let c = Arc::new(Cache::<u32, u64>::new(1000, Duration::from_mins(1)));
        let truth: Arc<Vec<std::sync::atomic::AtomicU64>> =
            Arc::new((0..16).map(|_| 0.into()).collect());
        let order = std::sync::atomic::Ordering::SeqCst;
        std::thread::scope(|s| {
            for w in 0..2u32 {
                let (c, truth) = (c.clone(), truth.clone());
                s.spawn(move || {
                    for i in 0..20_000u32 {
                        let k = (i * 7 + w) % 16;
                        truth[k as usize].fetch_add(1, order);
                        if i % 97 == 0 { c.drop_all() } else { c.drop_one(&k) }
                    }
                });
            }
            for _ in 0..2 {
                let (c, truth) = (c.clone(), truth.clone());
                s.spawn(move || {
                    for i in 0..20_000u32 {
                        let k = i % 16;
                        let ticket = c.ticket();
                        let v = truth[k as usize].load(order);
                        if i % 3 == 0 {
                            std::thread::yield_now();
                        }
                        c.fill(ticket, k, v);
                    }
                });
            }
        });
        for k in 0..16u32 {
            if let Some(v) = c.get(&k) {
                assert_eq!(v, truth[k as usize].load(order), "key {k} is stale");
            }
        }
    }
);

story!(
    async fn a_loader_that_paused_over_a_change_does_not_fill(t) {
        let store = t.store.clone();
        let id = AppId::new();
        let known: Arc<Cache<AppId, i64>> = Arc::new(Cache::new(10, Duration::from_mins(1)));
        let cached = known.clone();
        store.on_change(move |change| {
            if let Topic::App(id) = change.topic {
                cached.drop_one(&id);
            }
        });
        let load = || async {
            let mut c = store.read(Scope::Platform).await.unwrap();
            sql!(c, opt<i64>, "SELECT expires_at FROM revoked_tokens WHERE jti = 'x'").unwrap().unwrap_or(0)
        };
        let ticket = known.ticket();
        let loaded = load().await;
        // Here the loader is paused: the value changes, the writer has its answer.
        tx!(store, &cx(), [], |tx| {
            tx.unaudited("test");
            tx.changed(Topic::App(id));
            tx.changed(Topic::User(TenantId::new(), UserId::new()));
            put(tx, "x", 5).await
        })
        .unwrap();
        known.fill(ticket, id, loaded);
        assert_eq!(known.get(&id), None, "what was true before the writer was answered is not kept");
        let ticket = known.ticket();
        known.fill(ticket, id, load().await);
        assert_eq!(known.get(&id), Some(5));
    }
);
