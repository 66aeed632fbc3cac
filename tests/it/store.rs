//! The store: one text, two databases.

use crate::story;
use muster::{
    actor::{Actor, Principal},
    error::{Error, Kind, Result},
    id::{ChangeId, RequestId},
    sql,
    store::{Cx, Lock, Scope, Store, Tx},
    tx,
};
use std::time::Duration;

mod callers;
mod fair;
mod feed;
mod figures;
mod isolation;
mod keep;
mod later;
mod migrations;
pub mod proxy;
mod rehearsals;
mod trouble;
mod upgrade;

fn cx() -> Cx {
    Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform)
}
/// A row of a table that any test may use: a name and a number.
async fn put(tx: &mut Tx, name: &str, value: i64) -> Result<u64> {
    sql!(tx, exec, "INSERT INTO revoked_tokens(jti, expires_at) VALUES ($1, $2)", name, value)
}

async fn has(store: &Store, name: &str) -> bool {
    let mut c = store.read(Scope::Platform).await.unwrap();
    let name = name.to_owned();
    sql!(c, one<i64>, "SELECT count(*) FROM revoked_tokens WHERE jti = $1", name).unwrap() == 1
}
async fn write(store: &Store, name: &str) -> Result<u64> {
    let name = name.to_owned();
    tx!(store, &cx(), [name], |tx| {
        tx.unaudited("test");
        put(tx, &name, 1).await
    })
}
/// Waits up to two seconds until something holds.
async fn soon<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not within two seconds: {what}");
}

story!(
    async fn a_body_is_one_transaction(t) {
        let store = t.store.clone();
        let r: Result<(), Error> = tx!(store, &cx(), [], |tx| {
            tx.unaudited("test");
            put(tx, "a", 1).await?;
            Err(Error::conflict("no"))
        });
        assert_eq!(r.unwrap_err().kind(), Kind::Conflict);
        let mut c = store.read(Scope::Platform).await.unwrap();
        let n = sql!(c, one<i64>, "SELECT count(*) FROM revoked_tokens").unwrap();
        assert_eq!(n, 0);
    }
);

story!(
    async fn the_first_error_poisons_and_only_a_savepoint_contains_it(t) {
        let store = t.store.clone();
        let r = tx!(store, &cx(), [], |tx| {
            tx.unaudited("test");
            put(tx, "a", 1).await?;
            let inner = tx.savepoint(|tx| Box::pin(async move { put(tx, "a", 2).await })).await;
            assert!(inner.unwrap_err().violates("revoked_tokens_pkey"));
            put(tx, "b", 3).await?;
            Ok(())
        });
        r.unwrap();
        let r = tx!(store, &cx(), [], |tx| {
            tx.unaudited("test");
            let _ = put(tx, "a", 2).await;
            let again = put(tx, "c", 4).await;
            assert!(again.is_err(), "a poisoned transaction takes nothing more");
            Ok(())
        });
        assert!(r.unwrap_err().violates("revoked_tokens_pkey"));
    }
);

story!(
    async fn rows_without_an_audit_event_are_refused(t) {
        let store = t.store.clone();
        let r = tx!(store, &cx(), [], |tx| { put(tx, "a", 1).await });
        assert_eq!(r.unwrap_err().kind(), Kind::Internal);
    }
);

story!(
    async fn a_write_inside_a_body_is_refused(t) {
        let store = t.store.clone();
        let inside = store.clone();
        let r = tx!(store, &cx(), [inside], |tx| {
            tx.unaudited("test");
            put(tx, "outer", 1).await?;
            let inner: Result<u64, Error> = tx!(inside, &cx(), [], |tx| { put(tx, "inner", 1).await });
            inner
        });
        assert_eq!(r.unwrap_err().kind(), Kind::Internal);
    }
);

story!(
    async fn a_panic_in_a_body_is_an_error_and_the_store_goes_on(t) {
        let store = t.store.clone();
        let id = ChangeId::new().to_string();
        let r: Result<(), Error> = tx!(store, &cx(), [id], |tx| {
            tx.unaudited("test");
            put(tx, &id, 1).await?;
            panic!("on purpose");
        });
        assert_eq!(r.unwrap_err().kind(), Kind::Internal);
        let r = tx!(store, &cx(), [id], |tx| { tx.unaudited("test"); put(tx, &id, 1).await });
        assert_eq!(r.unwrap(), 1);
    }
);

story!(
    async fn two_bodies_that_decide_on_what_they_read_never_lose_the_last(t) {
        let store = t.store.clone();
        for round in 0..20 {
            let (a, b) = (format!("{round}-a"), format!("{round}-b"));
            tx!(store, &cx(), [a, b], |tx| {
                tx.unaudited("test");
                put(tx, &a, round).await?;
                put(tx, &b, round).await
            }).unwrap();
            let go = |mine: String| {
                let store = store.clone();
                async move {
                    tx!(store, &cx(), [mine], |tx| {
                        tx.unaudited("test");
                        tx.lock(Lock::Named("round".into())).await?;
                        let prefix = format!("{round}-");
                        let n = sql!(tx, one<i64>,
                            "SELECT count(*) FROM revoked_tokens WHERE substr(jti, 1, length($1)) = $1", prefix)?;
                        if n < 2 {
                            return Ok(false);
                        }
                        sql!(tx, exec, "DELETE FROM revoked_tokens WHERE jti = $1", mine)?;
                        Ok(true)
                    }).unwrap()
                }
            };
            let (x, y) = tokio::join!(tokio::spawn(go(a.clone())), tokio::spawn(go(b.clone())));
            assert!(x.unwrap() ^ y.unwrap(), "exactly one of the two was removed");
        }
    }
);
