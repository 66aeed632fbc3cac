//! Callers that wait, go away, are too many, are in a hurry.

use super::{cx, has, put, soon, write};
use crate::{story, support::TestDb};
use futures::{StreamExt as _, stream::FuturesUnordered};
use muster::{
    error::{Error, Kind, Result},
    store::Store,
    tx,
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Holds bodies inside their transactions until it is let go: SQLite's writer thread, PostgreSQL's connections.
#[derive(Clone)]
struct Hold(Arc<(AtomicUsize, AtomicUsize, bool)>);
impl Hold {
    fn new(store: &Store) -> Self {
        Self(Arc::new((AtomicUsize::new(0), AtomicUsize::new(0), store.is_postgres())))
    }
    async fn stay(&self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        while self.0.1.load(Ordering::SeqCst) == 0 {
            let pause = Duration::from_millis(1);
            if self.0.2 {
                tokio::time::sleep(pause).await;
            } else {
                std::thread::sleep(pause);
            }
        }
    }
    async fn held(&self, n: usize) {
        soon("bodies are held", || async { self.0.0.load(Ordering::SeqCst) == n }).await;
    }
    fn go(&self) {
        self.0.1.store(1, Ordering::SeqCst);
    }
}

/// Holds everything that bulk work could run on.
async fn occupy(t: &TestDb) -> (Hold, Vec<tokio::task::JoinHandle<()>>) {
    let hold = Hold::new(&t.store);
    let n = if t.store.is_postgres() { t.options.connections as usize - 1 } else { 1 };
    let one = |i: usize| {
        let (store, hold) = (t.store.clone(), hold.clone());
        tokio::spawn(async move {
            let name = format!("held-{i}");
            tx!(store, &cx(), [hold, name], |tx| {
                tx.unaudited("test");
                hold.stay().await;
                put(tx, &name, 1).await
            })
            .unwrap();
        })
    };
    let tasks = (0..n).map(one).collect();
    hold.held(n).await;
    (hold, tasks)
}

story!(
    async fn a_body_that_began_runs_to_its_end_when_its_caller_goes_away(t) {
        let (store, hold) = (t.store.clone(), Hold::new(&t.store));
        let (s, h) = (store.clone(), hold.clone());
        let caller = tokio::spawn(async move {
            tx!(s, &cx(), [h], |tx| {
                tx.unaudited("test");
                h.stay().await;
                put(tx, "detached", 1).await
            })
        });
        hold.held(1).await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        hold.go();
        soon("the row is there", || has(&store, "detached")).await;
    }
);

story!(
    async fn a_body_whose_caller_left_before_it_began_is_dropped(t) {
        let store = t.store.clone();
        let (hold, held) = occupy(&t).await;
        let ran = Arc::new(AtomicUsize::new(0));
        let (s, r) = (store.clone(), ran.clone());
        let caller = tokio::spawn(async move {
            tx!(s, &cx(), [r], |tx| {
                tx.unaudited("test");
                r.fetch_add(1, Ordering::SeqCst);
                put(tx, "abandoned", 1).await
            })
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        caller.abort();
        let _ = caller.await;
        hold.go();
        for h in held {
            h.await.unwrap();
        }
        write(&store, "after").await.unwrap();
        assert!(!has(&store, "abandoned").await);
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }
);

story!(
    async fn the_queue_has_an_end_and_says_when_to_come_again(t) {
        let store = t.store.clone();
        let (hold, held) = occupy(&t).await;
        let ran = Arc::new(AtomicUsize::new(0));
        let body = || {
            let (store, ran) = (store.clone(), ran.clone());
            async move {
                tx!(store, &cx(), [ran], |_tx| {
                    ran.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            }
        };
        let mut waiting: FuturesUnordered<_> = (0..4096).map(|_| body()).collect();
        assert!(futures::poll!(waiting.next()).is_pending(), "4096 may wait");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let refused: Error = body().await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Unavailable);
        assert_eq!(refused.retry_after_secs(), Some(1));
        // All of them lose their patience: none is run.
        drop(waiting);
        hold.go();
        for h in held {
            h.await.unwrap();
        }
        write(&store, "after").await.unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }
);

story!(
    async fn an_urgent_body_does_not_wait_behind_the_others(t) {
        let store = t.store.clone();
        let (hold, held) = occupy(&t).await;
        let order: Arc<Mutex<Vec<&str>>> = Arc::default();
        let body = |name: &'static str, urgent: bool| {
            let (store, order) = (store.clone(), order.clone());
            tokio::spawn(async move {
                let cx = if urgent { cx().urgent() } else { cx() };
                tx!(store, &cx, [order], |_tx| {
                    order.lock().unwrap().push(name);
                    Ok(())
                })
                .unwrap();
            })
        };
        let mut tasks: Vec<_> = (0..50).map(|_| body("bulk", false)).collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let urgent = body("urgent", true);
        if store.is_postgres() {
            // A connection is kept free for it: it does not even wait for those that run.
            urgent.await.unwrap();
        } else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            tasks.push(urgent);
        }
        hold.go();
        for t in held.into_iter().chain(tasks) {
            t.await.unwrap();
        }
        assert_eq!(order.lock().unwrap().first(), Some(&"urgent"));
        assert_eq!(order.lock().unwrap().len(), 51);
    }
);

story!(
    async fn one_body_of_many_is_undone_and_the_others_stay(t) {
        let store = t.store.clone();
        write(&store, "taken").await.unwrap();
        let (hold, held) = occupy(&t).await;
        // On SQLite all of these share one commit.
        let body = |i: usize| {
            let store = store.clone();
            tokio::spawn(async move {
                let name = format!("body-{i}");
                let r: Result<u64> = tx!(store, &cx(), [name], |tx| {
                    tx.unaudited("test");
                    let n = put(tx, &name, 1).await?;
                    match i % 5 {
                        1 => Err(Error::forbidden("refused")),
                        2 => put(tx, "taken", 1).await,
                        3 => panic!("a panic on purpose"),
                        _ => Ok(n),
                    }
                });
                r.map_err(|e| e.kind())
            })
        };
        let tasks: Vec<_> = (0..40).map(body).collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        hold.go();
        for h in held {
            h.await.unwrap();
        }
        for (i, task) in tasks.into_iter().enumerate() {
            let r = task.await.unwrap();
            let want = match i % 5 {
                1 => Err(Kind::Forbidden),
                2 => Err(Kind::Conflict),
                3 => Err(Kind::Internal),
                _ => Ok(1),
            };
            assert_eq!(r, want, "body {i}");
            assert_eq!(has(&store, &format!("body-{i}")).await, want.is_ok(), "body {i}");
        }
    }
);

story!(
    async fn close_lets_what_waits_end_and_refuses_the_rest(t) {
        let store = t.store.clone();
        let (hold, held) = occupy(&t).await;
        let s = store.clone();
        let closing = tokio::spawn(async move { s.close().await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        hold.go();
        for h in held {
            h.await.unwrap();
        }
        closing.await.unwrap();
        assert_eq!(write(&store, "late").await.unwrap_err().kind(), Kind::Unavailable);
        let again = Store::open(&t.options, muster::clock::Clock::System).await.unwrap();
        assert!(has(&again, "held-0").await);
        assert!(!has(&again, "late").await);
    }
);
