//! What a body writes later: in one message on PostgreSQL, and as if at once on both databases.

use super::{cx, has};
use crate::story;
use muster::{
    error::{Error, Kind, Result},
    sql,
    store::{Lock, Tx},
    tx,
};

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
