//! Who sees what: bodies beside each other, bodies run again, tenants behind row-level security, reads that write.

use super::{cx, has, put, write};
use crate::story;
use muster::{
    actor::{Actor, Principal},
    error::{Kind, Result},
    id::{AppId, RequestId, SigninId, TenantId},
    sql,
    store::{Cx, Lock, Scope, Store, Tx},
    tx,
};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

story!(
    async fn bodies_that_wait_for_each_other_are_run_again(t) {
        let store = t.store.clone();
        let (runs, pg) = (Arc::new(AtomicUsize::new(0)), store.is_postgres());
        let go = |first: &'static str, second: &'static str| {
            let (store, runs) = (store.clone(), runs.clone());
            tokio::spawn(async move {
                tx!(store, &cx(), [runs], |tx| {
                    tx.unaudited("test");
                    runs.fetch_add(1, Ordering::SeqCst);
                    tx.lock(Lock::Named(first.to_owned())).await?;
                    if pg {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    tx.lock(Lock::Named(second.to_owned())).await?;
                    put(tx, &format!("{first}{second}"), 1).await
                })
            })
        };
        let (a, b) = (go("x", "y"), go("y", "x"));
        assert_eq!((a.await.unwrap().unwrap(), b.await.unwrap().unwrap()), (1, 1));
        let runs = runs.load(Ordering::SeqCst);
        if pg {
            assert!(runs >= 3, "one of the two was the deadlock's victim and ran again: {runs} runs");
        } else {
            assert_eq!(runs, 2);
        }
        assert!(has(&store, "xy").await && has(&store, "yx").await);
    }
);

story!(
    async fn a_serialisation_failure_is_run_again_five_times_at_most(t) {
        let store = t.store.clone();
        if let Some(url) = t.url() {
            // Fails as often as it is told, each time with 40001.
            let mut c = PgConnection::connect(&url).await.unwrap();
            c.execute(
                "CREATE SEQUENCE calls; CREATE FUNCTION flaky(fails bigint) RETURNS bigint LANGUAGE plpgsql AS $$
                 DECLARE n bigint := nextval('calls');
                 BEGIN IF n <= fails THEN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END IF; RETURN n; END $$",
            )
            .await
            .unwrap();
        }
        let run = |fails: i64| {
            let store = store.clone();
            async move {
                let name = format!("after-{fails}");
                tx!(store, &cx(), [name], |tx| {
                    tx.unaudited("test");
                    put(tx, &name, 1).await?;
                    // Swallowed, and still the body is run again: it cannot have meant to go on without.
                    let n = sql!(tx, one<i64>, {lite: "SELECT $1 + 1", pg: "SELECT flaky($1)"}, fails);
                    Ok(n.unwrap_or(0))
                })
            }
        };
        assert_eq!(run(5).await.unwrap(), 6);
        assert!(has(&store, "after-5").await);
        let thirteenth = run(12).await;
        if store.is_postgres() {
            assert_eq!(thirteenth.unwrap_err().kind(), Kind::Unavailable);
            assert!(!has(&store, "after-12").await);
        }
    }
);

story!(
    async fn an_error_of_a_read_poisons_a_body_too(t) {
        let store = t.store.clone();
        let r: Result<()> = tx!(store, &cx(), [], |tx| {
            tx.unaudited("test");
            put(tx, "before", 1).await?;
            let c: &mut muster::store::Conn = tx;
            let _ = sql!(c, one<i64>, "SELECT expires_at FROM revoked_tokens WHERE jti = 'nobody'");
            Ok(())
        });
        assert!(r.is_err());
        assert!(!has(&store, "before").await);
    }
);

story!(
    async fn a_nested_savepoint_is_undone_alone(t) {
        let store = t.store.clone();
        tx!(store, &cx(), [], |tx| {
            tx.unaudited("test");
            put(tx, "outer", 1).await?;
            tx.savepoint(|tx| {
                Box::pin(async move {
                    put(tx, "middle", 1).await?;
                    let inner = tx.savepoint(|tx| {
                        Box::pin(async move {
                            put(tx, "inner", 1).await?;
                            put(tx, "outer", 2).await
                        })
                    });
                    assert!(inner.await.unwrap_err().violates("revoked_tokens_pkey"));
                    Ok(())
                })
            })
            .await
        })
        .unwrap();
        let there = [has(&store, "outer").await, has(&store, "middle").await, has(&store, "inner").await];
        assert_eq!(there, [true, true, false]);
    }
);

story!(
    async fn a_read_cannot_write(t) {
        let store = t.store.clone();
        let mut c = store.read(Scope::Platform).await.unwrap();
        let r = sql!(c, all<String>,
            "INSERT INTO revoked_tokens(jti, expires_at) VALUES ('sneaked', 1) RETURNING jti");
        assert!(r.is_err());
        drop(c);
        assert!(!has(&store, "sneaked").await);
        write(&store, "proper").await.unwrap();
    }
);

story!(
    async fn a_body_cannot_read_beside_its_transaction(t) {
        let store = t.store.clone();
        let beside = store.clone();
        let r: Result<()> = tx!(store, &cx(), [beside], |_tx| {
            beside.read(Scope::Platform).await.map(|_| ())
        });
        assert_eq!(r.unwrap_err().kind(), Kind::Internal);
    }
);

fn scoped(scope: Scope) -> Cx {
    Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), scope)
}
async fn signin(tx: &mut Tx, t: TenantId) -> Result<u64> {
    let (id, reference) = (SigninId::new(), AppId::new().to_string());
    sql!(
        tx,
        exec,
        "INSERT INTO signins(tenant_id, id, reference, at, outcome, detail) VALUES ($1, $2, $3, 1, 'success', '{}')",
        t,
        id,
        reference
    )
}
async fn seen(store: &Store, scope: Scope) -> i64 {
    let mut c = store.read(scope).await.unwrap();
    sql!(c, one<i64>, "SELECT count(*) FROM signins").unwrap()
}

story!(
    async fn a_statement_without_the_tenant_sees_only_the_scopes_rows(t) {
        let store = t.store.clone();
        let (a, b, c) = (TenantId::new(), TenantId::new(), TenantId::new());
        tx!(store, &scoped(Scope::Platform), [], |tx| {
            tx.unaudited("test");
            for t in [a, a, b, c, c, c] {
                signin(tx, t).await?;
            }
            Ok(())
        })
        .unwrap();
        let Some(url) = t.url() else {
            // SQLite has no second line behind the statements; the statement catalogue holds the first.
            assert_eq!(seen(&store, Scope::Platform).await, 6);
            return;
        };
        let mut raw = PgConnection::connect(&url).await.unwrap();
        let (superuser, bypass): (bool, bool) =
            sqlx::query_as("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
                .fetch_one(&mut raw)
                .await
                .unwrap();
        assert!(!superuser && !bypass, "this proves nothing as a superuser");
        // Again and again, since a connection remembers its scope.
        for _ in 0..3 {
            assert_eq!(seen(&store, Scope::Tenant(a)).await, 2);
            assert_eq!(seen(&store, Scope::Tenants(a, c)).await, 5);
            assert_eq!(seen(&store, Scope::Tenant(b)).await, 1);
            assert_eq!(seen(&store, Scope::Tenant(TenantId::new())).await, 0);
            assert_eq!(seen(&store, Scope::Platform).await, 6);
        }
        let none: i64 =
            sqlx::query_scalar("SELECT count(*) FROM signins").fetch_one(&mut raw).await.unwrap();
        assert_eq!(none, 0, "a connection without a scope sees nothing");

        let deleted = tx!(store, &scoped(Scope::Tenant(a)), [], |tx| {
            tx.unaudited("test");
            sql!(tx, exec, "DELETE FROM signins")
        });
        assert_eq!(deleted.unwrap(), 2);
        assert_eq!(seen(&store, Scope::Platform).await, 4);
        let smuggled = tx!(store, &scoped(Scope::Tenant(a)), [], |tx| {
            tx.unaudited("test");
            signin(tx, b).await
        });
        assert!(smuggled.is_err(), "a row for another tenant is refused");
        assert_eq!(seen(&store, Scope::Tenant(b)).await, 1);
    }
);
