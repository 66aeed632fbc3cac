//! Rehearsals beside real work: short, one at a time, and never in the way of what is urgent.

use super::{cx, has, put, write};
use crate::story;
use muster::{
    error::{Error, Kind, Result},
    sql,
    store::{Scope, Store},
    tx,
};
use std::time::{Duration, Instant};

/// A statement that takes much longer than a rehearsal may.
async fn endless(store: &Store) -> Result<i64> {
    let mut c = store.read(Scope::Platform).await?;
    sql!(
        c,
        one<i64>,
        {lite: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000000)
                SELECT count(*) FROM n",
         pg: "SELECT count(*) FROM generate_series(1::bigint, 100000000000)"}
    )
}

/// How long an urgent write takes.
async fn urgent(store: &Store, name: &str) -> Duration {
    let (began, name) = (Instant::now(), name.to_owned());
    tx!(store, &cx().urgent(), [name], |tx| {
        tx.unaudited("test");
        put(tx, &name, 1).await
    })
    .unwrap();
    began.elapsed()
}

story!(
    async fn a_rehearsal_of_a_long_statement_is_interrupted_and_says_so(t) {
        let store = t.store.clone();
        for round in 0..2 {
            let began = Instant::now();
            // The first asks for what takes too long; the second takes the refusal for its answer, which it is not.
            let slow = store.rehearse(move |dry| Box::pin(async move {
                let r = endless(&dry).await;
                if round == 0 { r } else { Ok(r.unwrap_or(0)) }
            }));
            let name = format!("beside-{round}");
            let beside = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                write(&store, &name).await
            };
            let (slow, beside) = tokio::join!(slow, beside);
            assert_eq!(beside.unwrap(), 1, "a real write is not refused");
            let e = slow.unwrap_err();
            assert_eq!((e.kind(), e.code_str()), (Kind::Unavailable, Some("rehearsal_too_long")), "{e:?}");
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            assert!(has(&store, &name).await);
        }
        let fine = store.rehearse(|dry| Box::pin(async move { write(&dry, "dry").await })).await;
        assert_eq!(fine.unwrap(), 1);
        assert!(!has(&store, "dry").await);
    }
);

story!(
    async fn many_rehearsals_at_once_keep_nothing_urgent_waiting(t) {
        let store = t.store.clone();
        let rehearsals: Vec<_> = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store.rehearse(|dry| Box::pin(async move {
                    let n = write(&dry, "dry").await?;
                    tokio::time::sleep(Duration::from_millis(1500)).await;
                    Ok(n)
                })).await
            })
        }).collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        // On SQLite there is one writer, which lends itself to one of them.
        let most = Duration::from_millis(if store.is_postgres() { 1000 } else { 3000 });
        for name in ["one", "two", "three"] {
            let took = urgent(&store, name).await;
            assert!(took < most, "{name}: {took:?}");
        }
        assert_eq!(write(&store, "ordinary").await.unwrap(), 1);
        let mut done = 0;
        for r in rehearsals {
            match r.await.unwrap() {
                Ok(_) => done += 1,
                Err(e) => assert_eq!((e.kind(), e.retry_after_secs()), (Kind::Unavailable, Some(1)), "{e:?}"),
            }
        }
        assert!(done >= 1);
        assert!(!has(&store, "dry").await && has(&store, "one").await);
    }
);

story!(
    async fn a_connection_that_was_cut_short_in_a_rehearsal_is_not_used_again(t) {
        let store = t.store.clone();
        let seen = store.rehearse(|dry| Box::pin(async move {
            let mut c = dry.read(Scope::Platform).await?;
            // There is no server on SQLite, and no statement that could be let go of.
            let pid = sql!(c, one<i64>, {lite: "SELECT 0", pg: "SELECT pg_backend_pid()::bigint"})?;
            let sleep = async { sql!(c, one<Option<String>>, {lite: "SELECT NULL", pg: "SELECT pg_sleep(20)::text"}) };
            let cut = tokio::time::timeout(Duration::from_millis(100), sleep).await.is_err();
            drop(c);
            let after = write(&dry, "after").await;
            Ok((pid, cut, after.is_err()))
        })).await;
        let (pid, cut, refused): (i64, bool, bool) = seen.unwrap();
        assert_eq!((cut, refused), (store.is_postgres(), store.is_postgres()));
        assert!(!has(&store, "after").await);
        let there = async || -> Result<i64, Error> {
            let mut c = store.read(Scope::Platform).await?;
            sql!(c, one<i64>, {lite: "SELECT 0 WHERE $1 = 1 UNION ALL SELECT 0",
                               pg: "SELECT count(*) FROM pg_stat_activity WHERE pid = $1"}, pid)
        };
        let until = Instant::now() + Duration::from_secs(10);
        while there().await.unwrap() > 0 {
            assert!(Instant::now() < until, "the connection was kept");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(write(&store, "after").await.unwrap(), 1);
    }
);
