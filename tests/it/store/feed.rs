//! Changes: heard here before the answer, elsewhere soon; nothing is skipped, nothing is heard of what was undone.

use super::{
    cx,
    proxy::{Cut, Proxy},
    put, soon,
};
use crate::story;
use muster::{
    clock::Clock,
    error::{Error, Result},
    id::{AppId, ChangeId, TenantId},
    store::{Cx, Database, Options, Store, Topic},
    tx,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, postgres::PgListener};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<Topic>>>);
impl Heard {
    pub(super) fn of(store: &Store) -> Self {
        let heard = Self::default();
        let h = heard.clone();
        store.on_change(move |c| h.0.lock().unwrap().push(c.topic));
        heard
    }
    pub(super) fn has(&self, topic: Topic) -> bool {
        self.0.lock().unwrap().contains(&topic)
    }
    pub(super) fn count(&self, topic: Topic) -> usize {
        self.0.lock().unwrap().iter().filter(|t| **t == topic).count()
    }
}
async fn change(store: &Store, cx: &Cx, topic: Topic) -> Result<()> {
    tx!(store, cx, [topic], |tx| {
        tx.unaudited("test");
        tx.changed(topic);
        put(tx, &ChangeId::new().to_string(), 1).await.map(|_| ())
    })
}

story!(
    async fn a_change_is_heard_here_before_the_answer_and_elsewhere_soon(t) {
        let store = t.store.clone();
        let here = Heard::of(&store);
        let other = if store.is_postgres() { t.second_node().await } else { store.clone() };
        let there = Heard::of(&other);
        for round in 0..10 {
            let topic = Topic::App(AppId::new());
            let cx = if round % 2 == 0 { cx() } else { cx().urgent() };
            change(&store, &cx, topic).await.unwrap();
            assert!(here.has(topic), "the writer has its answer, so it has been heard");
            let began = Instant::now();
            soon("the other node hears of it", || async { there.has(topic) }).await;
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        }
        let topic = Topic::Tenant(TenantId::new());
        change(&other, &cx(), topic).await.unwrap();
        soon("and the other way round", || async { here.has(topic) }).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(here.count(topic), 1, "once each");
    }
);

story!(
    async fn what_was_undone_is_heard_nowhere(t) {
        let store = t.store.clone();
        let heard = Heard::of(&store);
        let (undone, contained, done) =
            (Topic::App(AppId::new()), Topic::App(AppId::new()), Topic::App(AppId::new()));
        let r: Result<()> = tx!(store, &cx(), [], |tx| {
            tx.changed(undone);
            Err(Error::conflict("no"))
        });
        assert!(r.is_err());
        tx!(store, &cx(), [], |tx| {
            tx.unaudited("test");
            let r = tx.savepoint(|tx| {
                Box::pin(async move {
                    tx.changed(contained);
                    Err::<(), _>(Error::conflict("no"))
                })
            });
            assert!(r.await.is_err());
            tx.changed(done);
            put(tx, "done", 1).await
        })
        .unwrap();
        assert!(heard.has(done) && !heard.has(undone) && !heard.has(contained));
    }
);

story!(
    async fn a_transaction_that_began_early_and_commits_late_is_not_skipped(t) {
        let store = t.store.clone();
        let heard = Heard::of(&store);
        let (early, late) = (Topic::App(AppId::new()), Topic::App(AppId::new()));
        let Some(url) = t.url() else {
            // One writer: what begins first commits first.
            change(&store, &cx(), early).await.unwrap();
            change(&store, &cx(), late).await.unwrap();
            assert!(heard.has(early) && heard.has(late));
            return;
        };
        let other = t.second_node().await;
        let mut raw = PgConnection::connect(&url).await.unwrap();
        let row = format!(
            "BEGIN; INSERT INTO changes(id, tx, node, topics)
             VALUES ('{}', pg_current_xact_id()::text::bigint, '{}', '{}')",
            ChangeId::new(),
            ChangeId::new(),
            serde_json::to_string(&[early]).unwrap()
        );
        raw.execute(sqlx::raw_sql(AssertSqlSafe(row))).await.unwrap();
        change(&other, &cx(), late).await.unwrap();
        soon("the later one is not held up", || async { heard.has(late) }).await;
        // Long enough for the feed to have been read past it.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert!(!heard.has(early));
        raw.execute("COMMIT").await.unwrap();
        soon("the early one is heard after all", || async { heard.has(early) }).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!((heard.count(early), heard.count(late)), (1, 1));
    }
);

story!(
    async fn notifications_are_few_however_many_the_changes(t) {
        let store = t.store.clone();
        let heard = Heard::of(&store);
        let topic = Topic::Tenant(TenantId::new());
        let listener = match t.url() {
            None => None,
            Some(url) => {
                let mut l = PgListener::connect(&url).await.unwrap();
                l.listen("muster_changes").await.unwrap();
                Some(l)
            }
        };
        let (began, cx) = (Instant::now(), cx());
        for _ in 0..8 {
            let writers = (0..25).map(|_| change(&store, &cx, topic));
            futures::future::try_join_all(writers).await.unwrap();
        }
        let took = began.elapsed();
        assert_eq!(heard.count(topic), 200);
        if let Some(mut l) = listener {
            let mut n = 0;
            while let Ok(r) = tokio::time::timeout(Duration::from_millis(200), l.recv()).await {
                r.unwrap();
                n += 1;
            }
            let most = took.as_millis() / 20 + 3;
            assert!(n >= 1 && n <= most, "{n} notifications in {took:?}, at most {most} are due");
        }
    }
);

story!(
    async fn a_node_that_cannot_follow_forgets_what_it_knows(t) {
        let Some(url) = t.url() else {
            // One node follows nobody.
            assert!(!t.store.is_postgres());
            return;
        };
        let proxy = Proxy::before(&url).await;
        let options = Options { database: Database::Postgres(proxy.url(&url)), ..t.options.clone() };
        let node = Store::open(&options, Clock::System).await.unwrap();
        let heard = Heard::of(&node);
        proxy.set(Cut::Everywhere);
        let missed = Topic::App(AppId::new());
        change(&t.store, &cx(), missed).await.unwrap();
        let began = Instant::now();
        while !heard.has(Topic::Everything) {
            assert!(began.elapsed() < Duration::from_secs(8), "it still trusts its caches");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        proxy.set(Cut::Nowhere);
        let began = Instant::now();
        while !heard.has(missed) {
            assert!(began.elapsed() < Duration::from_secs(8), "and does not follow again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
);
