//! What a body writes later: in one message on PostgreSQL, and as if at once on both databases.

use super::{
    cx,
    feed::Heard,
    has,
    proxy::{Cut, Proxy},
    soon, write,
};
use crate::story;
use muster::{
    clock::Clock,
    error::{Error, Kind, Result},
    id::AppId,
    sql,
    store::{self, Database, Lock, Options, Scope, Store, Topic, Tx},
    tx,
};
use std::time::Duration;

/// A row that is written later.
async fn put(tx: &mut Tx, name: &str, value: i64) -> Result<()> {
    sql!(tx, later, "INSERT INTO revoked_tokens(jti, expires_at) VALUES ($1, $2)", name, value)
}
async fn count(tx: &mut Tx) -> Result<i64> {
    sql!(tx, one<i64>, "SELECT count(*) FROM revoked_tokens WHERE jti LIKE 'l%'")
}

story!(async fn what_is_written_later_is_seen_by_the_next_statement_and_stays(t) {
    let seen = tx!(t.store, &cx(), [], |tx| {
        tx.unaudited("a test");
        tx.lock(Lock::Named("what isn't \"asked\"".into())).await?;
        put(tx, "l-one", 1).await?;
        put(tx, "l-two", 2).await?;
        let seen = count(tx).await?;
        // More than wait at once.
        for n in 0..40 {
            put(tx, &format!("l{n}"), n).await?;
        }
        Ok(seen)
    }).unwrap();
    assert_eq!(seen, 2);
    let all = tx!(t.store, &cx(), [], |tx| {
        let sum = sql!(tx, one<i64>, {
            lite: "SELECT sum(expires_at) FROM revoked_tokens WHERE jti LIKE 'l%'",
            pg: "SELECT sum(expires_at)::bigint FROM revoked_tokens WHERE jti LIKE 'l%'",
        })?;
        Ok((count(tx).await?, sum))
    }).unwrap();
    assert_eq!(all, (42, 1 + 2 + (0..40).sum::<i64>()));
});

story!(async fn what_is_refused_later_undoes_the_whole_body(t) {
    let again = tx!(t.store, &cx(), [], |tx| {
        tx.unaudited("a test");
        put(tx, "l-one", 1).await?;
        put(tx, "l-two", 2).await?;
        put(tx, "l-one", 3).await
    });
    assert_eq!(again.unwrap_err().kind(), Kind::Conflict);
    assert!(!has(&t.store, "l-one").await && !has(&t.store, "l-two").await);
});

story!(async fn a_savepoint_contains_what_was_to_be_written_later(t) {
    let (inner, twice) = tx!(t.store, &cx(), [], |tx| {
        tx.unaudited("a test");
        put(tx, "l-before", 1).await?;
        let inner: Result<()> = tx.savepoint(|tx| Box::pin(async move {
            put(tx, "l-inside", 2).await?;
            Err(Error::invalid("no"))
        })).await;
        let twice: Result<()> = tx.savepoint(|tx| Box::pin(async move {
            put(tx, "l-before", 3).await
        })).await;
        put(tx, "l-after", 4).await?;
        Ok((inner.is_err(), twice.is_err()))
    }).unwrap();
    assert!(inner && twice);
    assert!(has(&t.store, "l-before").await && has(&t.store, "l-after").await);
    assert!(!has(&t.store, "l-inside").await);
});

story!(async fn a_body_that_asks_nothing_of_the_database_is_answered(t) {
    let answer: Result<i64> = tx!(t.store, &cx(), [], |tx| { Ok(tx.now().0) });
    assert!(answer.unwrap() > 0);
    let refused: Result<()> = tx!(t.store, &cx(), [], |tx| {
        let _ = tx.now();
        Err(Error::invalid("no"))
    });
    assert_eq!(refused.unwrap_err().kind(), Kind::Invalid);
});

/// Changes the row if it has this value.
async fn swap(tx: &mut Tx, name: &str, from: i64, to: i64) -> Result<()> {
    sql!(
        tx,
        later_one,
        "UPDATE revoked_tokens SET expires_at = $3 WHERE jti = $1 AND expires_at = $2",
        name,
        from,
        to
    )
}
async fn value(store: &Store, name: &str) -> i64 {
    let mut c = store.read(Scope::Platform).await.unwrap();
    sql!(c, one<i64>, "SELECT expires_at FROM revoked_tokens WHERE jti = $1", name).unwrap()
}

story!(async fn what_must_change_one_row_and_does_not_undoes_what_goes_with_it(t) {
    let other = if t.store.is_postgres() { t.second_node().await } else { t.store.clone() };
    let heard = Heard::of(&other);
    write(&t.store, "l-row").await.unwrap();
    // Alone, after a lock, after a question, and before one.
    for (n, how) in (100_i64..).zip(["alone", "locked", "asked", "asking"]) {
        let (from, to, topic) = (value(&t.store, "l-row").await, n, Topic::App(AppId::new()));
        let body = |from: i64, beside: String| {
            let store = t.store.clone();
            async move {
                tx!(store, &cx(), [beside], |tx| {
                    tx.unaudited("a test");
                    tx.changed(topic);
                    match how {
                        "locked" => tx.lock(Lock::Named("l".into())).await?,
                        "asked" => assert!(count(tx).await? > 0),
                        _ => {}
                    }
                    swap(tx, "l-row", from, to).await?;
                    put(tx, &beside, from).await?;
                    if how == "asking" {
                        assert!(count(tx).await? > 0);
                    }
                    Ok(tx.now())
                })
            }
        };
        body(from, format!("l-{how}")).await.unwrap();
        assert_eq!(value(&t.store, "l-row").await, to, "{how}");
        assert!(has(&t.store, &format!("l-{how}")).await, "{how}");
        soon("the other node hears of it", || async { heard.has(topic) }).await;

        let missed = body(from, format!("l-{how}-missed")).await.unwrap_err();
        assert!(store::stale(&missed), "{how}: {missed:?}");
        assert_eq!(missed.kind(), Kind::Conflict, "{how}");
        assert_eq!(value(&t.store, "l-row").await, to, "{how}");
        assert!(!has(&t.store, &format!("l-{how}-missed")).await, "{how}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(heard.count(topic), 1, "{how}: what was undone is heard nowhere");
    }
    // A division by zero that nobody demanded is a fault, and nobody's change.
    let fault: Result<i64> = tx!(t.store, &cx(), [], |tx| {
        let zero = 0_i64;
        sql!(tx, one<i64>, {
            lite: "SELECT CASE WHEN $1 = 0 THEN 'text' ELSE 1 END",
            pg: "SELECT 1 / $1",
        }, zero)
    });
    assert!(!store::stale(&fault.unwrap_err()));
});

story!(async fn of_many_who_change_what_they_saw_at_the_same_time_one_does(t) {
    write(&t.store, "l-row").await.unwrap();
    let from = value(&t.store, "l-row").await;
    let all = (0..24).map(|n| {
        let store = t.store.clone();
        async move {
            tx!(store, &cx(), [], |tx| {
                tx.unaudited("a test");
                swap(tx, "l-row", from, 1000 + n).await?;
                put(tx, &format!("l-{n}"), n).await
            })
        }
    });
    let all = futures::future::join_all(all).await;
    let done: Vec<i64> = (0..).zip(&all).filter(|(_, r)| r.is_ok()).map(|(n, _)| n).collect();
    assert_eq!(done.len(), 1, "{all:?}");
    assert_eq!(value(&t.store, "l-row").await, 1000 + done[0]);
    for (n, r) in (0..).zip(&all) {
        assert_eq!(has(&t.store, &format!("l-{n}")).await, r.is_ok());
        if let Err(e) = r {
            assert!(store::stale(e), "{e:?}");
        }
    }
});

story!(async fn what_may_have_been_done_is_heard_here(t) {
    let topic = Topic::App(AppId::new());
    let once = |store: Store| async move {
        tx!(store, &cx(), [], |tx| {
            tx.unaudited("a test");
            tx.changed(topic);
            swap(tx, "l-cut-here", 1, 2).await
        })
    };
    write(&t.store, "l-cut-here").await.unwrap();
    let Some(url) = t.url() else {
        // There is no wire that could be lost: it is done, and said to be.
        let heard = Heard::of(&t.store);
        once(t.store.clone()).await.unwrap();
        assert!(heard.has(topic));
        return;
    };
    let proxy = Proxy::before(&url).await;
    let options = Options { database: Database::Postgres(proxy.url(&url)), ..t.options.clone() };
    let store = Store::open(&options, Clock::System).await.unwrap();
    let heard = Heard::of(&store);
    proxy.watch("l-cut-here");
    // It does not arrive: nobody knows, and who forgets what they remember reads the same again.
    proxy.set(Cut::BeforeCommit);
    assert!(store::unknown(&once(store.clone()).await.unwrap_err()));
    assert_eq!((value(&t.store, "l-cut-here").await, heard.count(topic)), (1, 1));
    // It arrives, and its answer does not.
    proxy.set(Cut::AfterCommit);
    assert!(store::unknown(&once(store.clone()).await.unwrap_err()));
    assert!(proxy.was_cut());
    assert_eq!((value(&t.store, "l-cut-here").await, heard.count(topic)), (2, 2));
    // What is known not to have been done is heard nowhere.
    assert!(store::stale(&once(store.clone()).await.unwrap_err()));
    assert_eq!(heard.count(topic), 2);
});
