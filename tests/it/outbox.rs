//! Messages: sent only with what caused them, at least once, later when the receiver cannot, dead when never.

use crate::{story, support::TestDb};
use futures::future::BoxFuture;
use muster::{
    actor::{Actor, Principal},
    clock::Clock,
    error::{Error, Result, UNDELIVERABLE},
    id::{MessageId, RequestId, TenantId},
    outbox::{self, Message, Worker},
    sql,
    store::{Cx, Scope, Store},
    tx,
};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

fn cx() -> Cx {
    Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform)
}
async fn push(store: &Store, n: i64) -> Result<MessageId> {
    tx!(store, &cx(), [], |tx| {
        tx.unaudited("test");
        outbox::push(tx, TenantId::PLATFORM, "test.said", &json!({"n": n})).await
    })
}

type Got = Arc<Mutex<Vec<Message>>>;
/// A worker that keeps what it is handed, and fails as long as `fails` says so.
fn worker(
    store: &Store,
    fails: impl Fn(&Message) -> bool + Send + Sync + 'static,
) -> (Worker, Got) {
    let got: Got = Arc::default();
    let (g, fails) = (got.clone(), Arc::new(fails));
    let w = Worker::new(store.clone(), cx()).on("test.said", move |m| {
        let (g, fails) = (g.clone(), fails.clone());
        Box::pin(async move {
            let fail = fails(&m);
            g.lock().unwrap().push(m);
            if fail { Err(Error::unavailable("nobody is there")) } else { Ok(()) }
        })
    });
    (w, got)
}
/// The store on a clock that stands still.
async fn still(t: &TestDb) -> (Store, Clock) {
    let clock = Clock::manual(t.store.clock().now());
    (Store::open(&t.options, clock.clone()).await.unwrap(), clock)
}
async fn count(store: &Store, dead: bool) -> i64 {
    let mut c = store.read(Scope::Platform).await.unwrap();
    sql!(c, one<i64>, "SELECT count(*) FROM outbox WHERE (dead_at IS NOT NULL) = $1", dead).unwrap()
}

/// Two letters of a tenant's that were given up tomorrow: nobody has tried them by then.
pub async fn given_up(t: &TestDb, tenant: TenantId) -> [MessageId; 2] {
    let clock = Clock::manual(t.store.clock().now().plus(Duration::from_secs(86_400)));
    let store = Store::open(&t.options, clock).await.unwrap();
    let cx = Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform);
    let letters = tx!(store, &cx, [], |tx| {
        tx.unaudited("test");
        let one = outbox::push(tx, tenant, "credentials.mail", &json!({})).await?;
        Ok([one, outbox::push(tx, tenant, "credentials.mail", &json!({})).await?])
    })
    .unwrap();
    let refused = |_| {
        Box::pin(async { Err(Error::invalid("no").code(UNDELIVERABLE)) }) as BoxFuture<'static, _>
    };
    outbox::Worker::new(store, cx).on("credentials.mail", refused).once().await.unwrap();
    letters
}

story!(
    async fn a_message_goes_out_once_its_cause_is_committed(t) {
        let (w, got) = worker(&t.store, |_| false);
        let id = push(&t.store, 1).await.unwrap();
        let store = t.store.clone();
        let undone: Result<()> = tx!(store, &cx(), [], |tx| {
            outbox::push(tx, TenantId::PLATFORM, "test.said", &json!({"n": 2})).await?;
            Err(Error::conflict("no"))
        });
        assert!(undone.is_err());
        assert_eq!(w.once().await.unwrap(), 1);
        assert_eq!(w.once().await.unwrap(), 0);
        let got = got.lock().unwrap();
        assert_eq!(got.iter().map(|m| (m.id, m.payload.clone(), m.attempts)).collect::<Vec<_>>(), [(id, json!({"n": 1}), 0)]);
    }
);

story!(
    async fn what_cannot_be_delivered_comes_again_later_each_time_and_is_dead_in_the_end(t) {
        let (store, clock) = still(&t).await;
        let (w, got) = worker(&store, |_| true);
        let id = push(&store, 1).await.unwrap();
        let mut waits = Vec::new();
        for attempt in 0..24 {
            assert_eq!(w.once().await.unwrap(), 1, "attempt {attempt}");
            assert_eq!(w.once().await.unwrap(), 0, "not at once again");
            let mut c = store.read(Scope::Platform).await.unwrap();
            let at = sql!(c, one<i64>, "SELECT not_before FROM outbox WHERE id = $1", id).unwrap();
            let wait = Duration::from_micros(u64::try_from(at - clock.now().0).unwrap_or(0));
            waits.push(wait);
            clock.advance(wait + Duration::from_secs(1));
        }
        clock.advance(Duration::from_hours(48));
        assert_eq!(w.once().await.unwrap(), 0, "it was given up");
        assert_eq!(count(&store, true).await, 1);
        let got = got.lock().unwrap();
        assert_eq!(got.len(), 24);
        assert!(got.iter().all(|m| m.id == id), "the same id each time: a receiver can tell a repetition");
        assert!(waits[0] >= Duration::from_secs(2) && waits[0] < Duration::from_secs(3), "{waits:?}");
        assert!(waits[..10].windows(2).all(|w| w[0] < w[1]), "longer each time: {waits:?}");
        assert!(waits.iter().all(|w| *w <= Duration::from_secs(4500)), "{waits:?}");
    }
);

story!(
    async fn one_that_fails_or_panics_holds_nobody_up(t) {
        let (w, got) = worker(&t.store, |m| {
            assert!(m.payload["n"] != 3, "a panic on purpose");
            m.payload["n"] == 2
        });
        for n in 1..=5 {
            push(&t.store, n).await.unwrap();
        }
        assert_eq!(w.once().await.unwrap(), 5);
        let mut seen: Vec<i64> = got.lock().unwrap().iter().filter_map(|m| m.payload["n"].as_i64()).collect();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 4, 5]);
        let mut c = t.store.read(Scope::Platform).await.unwrap();
        let waiting = sql!(c, all<String>, "SELECT last_error FROM outbox WHERE done_at IS NULL ORDER BY id").unwrap();
        assert_eq!(waiting.len(), 2);
        assert!(waiting[0].contains("nobody is there") && waiting[1].contains("panicked"), "{waiting:?}");
    }
);

story!(
    async fn a_lease_that_ran_out_is_anothers_and_its_first_holder_changes_nothing(t) {
        let (store, clock) = still(&t).await;
        push(&store, 1).await.unwrap();
        let (second, seconds) = worker(&store, |_| false);
        let (c, s) = (clock.clone(), second.clone());
        // The first holder dawdles beyond its lease, another takes over and delivers; then the first one fails.
        let first = Worker::new(store.clone(), cx()).on("test.said", move |_| {
            let (c, s) = (c.clone(), s.clone());
            Box::pin(async move {
                assert_eq!(s.once().await.unwrap(), 0, "it is leased");
                c.advance(Duration::from_secs(61));
                assert_eq!(s.once().await.unwrap(), 1);
                Err(Error::unavailable("too late"))
            })
        });
        assert_eq!(first.once().await.unwrap(), 1);
        assert_eq!(seconds.lock().unwrap().len(), 1);
        clock.advance(Duration::from_hours(2));
        assert_eq!(second.once().await.unwrap(), 0, "it was delivered and stays so");
    }
);

story!(
    async fn several_workers_share_the_work_and_none_is_done_twice(t) {
        for n in 0..150 {
            push(&t.store, n).await.unwrap();
        }
        let node = if t.store.is_postgres() { t.second_node().await } else { t.store.clone() };
        let stop = CancellationToken::new();
        let (a, from_a) = worker(&t.store, |_| false);
        let (b, from_b) = worker(&node, |_| false);
        let tasks = [tokio::spawn(a.run(stop.clone())), tokio::spawn(b.run(stop.clone()))];
        for _ in 0..500 {
            let n = from_a.lock().unwrap().len() + from_b.lock().unwrap().len();
            if n >= 150 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
        for t in tasks {
            t.await.unwrap();
        }
        let mut all: Vec<i64> = [from_a, from_b]
            .iter()
            .flat_map(|g| g.lock().unwrap().iter().filter_map(|m| m.payload["n"].as_i64()).collect::<Vec<_>>())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..150).collect::<Vec<_>>());
    }
);

story!(
    async fn a_message_that_commits_late_is_not_skipped_and_holds_up_nobody(t) {
        let (w, got) = worker(&t.store, |_| false);
        let numbers = || -> Vec<i64> {
            got.lock().unwrap().iter().filter_map(|m| m.payload["n"].as_i64()).collect()
        };
        let Some(url) = t.url() else {
            // One writer: what was written first is committed first.
            push(&t.store, 1).await.unwrap();
            push(&t.store, 2).await.unwrap();
            assert_eq!((w.once().await.unwrap(), numbers()), (2, vec![1, 2]));
            return;
        };
        let mut early = PgConnection::connect(&url).await.unwrap();
        early
            .execute(
                "BEGIN; SET LOCAL muster.scope = '*';
                 INSERT INTO outbox (id, tenant_id, topic, payload, tx, created_at, not_before, attempts)
                 VALUES ('01900000-0000-7000-8000-000000000000', '00000000-0000-0000-0000-000000000000', 'test.said',
                         '{\"n\": 1}', pg_current_xact_id()::text::bigint, 1, 1, 0)",
            )
            .await
            .unwrap();
        push(&t.store, 2).await.unwrap();
        assert_eq!((w.once().await.unwrap(), numbers()), (1, vec![2]));
        early.execute("COMMIT").await.unwrap();
        assert_eq!((w.once().await.unwrap(), numbers()), (1, vec![2, 1]));
    }
);

story!(
    async fn what_was_delivered_is_swept_and_what_is_dead_stays(t) {
        let (store, clock) = still(&t).await;
        let (w, _) = worker(&store, |m| m.payload["n"] == 2);
        push(&store, 1).await.unwrap();
        push(&store, 2).await.unwrap();
        for _ in 0..24 {
            w.once().await.unwrap();
            clock.advance(Duration::from_hours(2));
        }
        assert_eq!((count(&store, false).await, count(&store, true).await), (1, 1));
        let swept = outbox::sweep(&store, &cx(), clock.now()).await.unwrap();
        assert_eq!(swept, 1);
        assert_eq!((count(&store, false).await, count(&store, true).await), (0, 1));
    }
);

story!(
    async fn what_no_try_will_deliver_is_given_up_at_once(t) {
        let (store, _) = still(&t).await;
        let refuse = |_| {
            let why = Error::unavailable("550 5.1.1 nobody of this name").code(UNDELIVERABLE);
            Box::pin(async { Err(why) }) as BoxFuture<'static, Result<()>>
        };
        let w = Worker::new(store.clone(), cx()).on("test.said", refuse);
        push(&store, 1).await.unwrap();
        assert_eq!(w.once().await.unwrap(), 1);
        assert_eq!(count(&store, true).await, 1);
    }
);

story!(
    async fn a_receiver_that_hangs_holds_up_neither_others_nor_the_end(t) {
        let store = t.store.clone();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let w = Worker::new(store.clone(), cx()).on("test.said", move |m| {
            let told = told.clone();
            Box::pin(async move {
                if m.payload["n"] == 0 {
                    std::future::pending::<()>().await;
                }
                told.send(m.payload["n"].as_i64()).map_err(Error::internal)
            })
        });
        push(&store, 0).await.unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(w.run(stop.clone()));
        for n in 1..4 {
            // Each comes after those before were taken.
            tokio::time::sleep(Duration::from_millis(700)).await;
            push(&store, n).await.unwrap();
            let next = tokio::time::timeout(Duration::from_secs(10), heard.recv()).await;
            assert_eq!(next.expect("it is not held up"), Some(Some(n)));
        }
        let since = std::time::Instant::now();
        stop.cancel();
        running.await.unwrap();
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    }
);

/// Messages that can wait.
async fn push_patient(store: &Store, n: i64) {
    tx!(store, &cx(), [], |tx| {
        tx.unaudited("test");
        for n in 0..n {
            outbox::push_patient(tx, TenantId::PLATFORM, "test.letter", &json!({ "n": n })).await?;
        }
        Ok(())
    })
    .unwrap();
}

story!(
    async fn what_can_wait_goes_after_what_cannot(t) {
        let (store, _) = still(&t).await;
        push_patient(&store, 40).await;
        push(&store, 1).await.unwrap();
        let (w, got) = worker(&store, |_| false);
        assert_eq!(w.once().await.unwrap(), 32, "one piece");
        assert_eq!(got.lock().unwrap().len(), 1, "it is in the first");
        assert_eq!(w.once().await.unwrap(), 9);
    }
);

story!(
    async fn letters_that_hang_take_none_of_the_places_of_what_cannot_wait(t) {
        let store = t.store.clone();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let w = Worker::new(store.clone(), cx())
            .on("test.letter", |_| Box::pin(std::future::pending()))
            .on("test.said", move |m| {
                let told = told.clone();
                Box::pin(async move { told.send(m.payload["n"].as_i64()).map_err(Error::internal) })
            });
        push_patient(&store, 300).await;
        let stop = CancellationToken::new();
        let running = tokio::spawn(w.run(stop.clone()));
        tokio::time::sleep(Duration::from_millis(1500)).await;
        push(&store, 7).await.unwrap();
        let next = tokio::time::timeout(Duration::from_secs(10), heard.recv()).await;
        assert_eq!(next.expect("it is not held up"), Some(Some(7)));
        stop.cancel();
        running.await.unwrap();
    }
);

story!(
    /// Deliveries that read have connections; the worker that asks for the next messages must not keep them from going on.
    async fn deliveries_that_read_go_on_while_more_are_taken(t) {
        let (store, got) = (t.store.clone(), Arc::new(AtomicUsize::new(0)));
        let (all, reads) = (got.clone(), store.clone());
        let w = Worker::new(store.clone(), cx()).on("test.said", move |_| {
            let (all, reads) = (all.clone(), reads.clone());
            Box::pin(async move {
                let c = reads.read(Scope::Platform).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
                drop(c);
                all.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
        });
        for n in 0..80 {
            push(&store, n).await.unwrap();
        }
        let stop = CancellationToken::new();
        let began = Instant::now();
        let running = tokio::spawn(w.run(stop.clone()));
        let mut slowest = Duration::ZERO;
        while got.load(Ordering::SeqCst) < 80 && began.elapsed() < Duration::from_secs(20) {
            let asked = Instant::now();
            drop(store.read(Scope::Platform).await.expect("others read meanwhile"));
            slowest = slowest.max(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(got.load(Ordering::SeqCst), 80);
        // A wait for a connection ends after five seconds.
        assert!(slowest < Duration::from_secs(4), "{slowest:?}");
        stop.cancel();
        running.await.unwrap();
    }
);
