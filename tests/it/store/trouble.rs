//! A database that is busy, full, refuses to commit, goes away and comes back.

use super::{
    cx, has,
    proxy::{Cut, Proxy},
    put, write,
};
use crate::{story, support::TestDb};
use muster::{
    clock::Clock,
    error::{Error, Kind, Result},
    id::{GroupId, TenantId, UserId},
    sql,
    store::{Database, Options, Scope, Store, Tx},
    tx,
};
use sqlx::{Connection as _, Executor as _, PgConnection};

async fn raw(t: &TestDb, text: &'static str) {
    let url = t.url().expect("PostgreSQL");
    PgConnection::connect(&url).await.unwrap().execute(text).await.unwrap();
}
/// Waits for a lock a tenth of a second instead of five.
async fn impatient(tx: &mut Tx) -> Result<u64> {
    tx.unaudited("test");
    sql!(tx, exec, {lite: "PRAGMA busy_timeout = 100", pg: "SET LOCAL lock_timeout = 100"})
}

story!(
    async fn a_busy_database_is_said_to_be_and_is_written_afterwards(t) {
        let store = t.store.clone();
        tx!(store, &cx(), [], |tx| { impatient(tx).await }).unwrap();
        let other = async || {
            tx!(store, &cx(), [], |tx| {
                impatient(tx).await?;
                put(tx, "during", 1).await
            })
        };
        // Another process holds the lock.
        match t.url() {
            None => {
                let c = rusqlite::Connection::open(t.file().unwrap()).unwrap();
                c.execute_batch("BEGIN IMMEDIATE").unwrap();
                let (a, b) = tokio::join!(other(), write(&store, "beside"));
                assert_eq!(a.unwrap_err().kind(), Kind::Unavailable);
                assert_eq!(b.unwrap_err().kind(), Kind::Unavailable);
                assert!(!has(&store, "during").await, "reads go on");
                c.execute_batch("ROLLBACK").unwrap();
            }
            Some(url) => {
                let mut c = PgConnection::connect(&url).await.unwrap();
                c.execute("BEGIN; LOCK TABLE revoked_tokens IN SHARE MODE").await.unwrap();
                assert_eq!(other().await.unwrap_err().kind(), Kind::Unavailable);
                assert!(!has(&store, "during").await, "reads go on");
                c.execute("ROLLBACK").await.unwrap();
            }
        }
        write(&store, "after").await.unwrap();
        assert!(has(&store, "after").await && !has(&store, "during").await);
        assert!(!has(&store, "beside").await);
    }
);

story!(
    async fn a_full_disk_refuses_what_does_not_fit_and_loses_nothing(t) {
        let store = t.store.clone();
        write(&store, "before").await.unwrap();
        let big = if t.url().is_some() {
            // What PostgreSQL says when a table cannot grow, at the row that is too much.
            raw(&t,
                "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                   IF length(NEW.jti) > 1000 THEN
                     RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
                   END IF; RETURN NEW; END $$;
                 CREATE TRIGGER no_space BEFORE INSERT ON revoked_tokens FOR EACH ROW EXECUTE FUNCTION no_space()")
                .await;
            "x".repeat(2000)
        } else {
            let pages = tx!(store, &cx(), [], |tx| { sql!(tx, one<i64>, "PRAGMA page_count") }).unwrap();
            limit(&store, pages + 8).await;
            "x".repeat(1_000_000)
        };
        let mut tasks = Vec::new();
        for i in 0..30 {
            let name = if i == 7 { big.clone() } else { format!("small-{i}") };
            let s = store.clone();
            tasks.push(tokio::spawn(async move { (name.clone(), write(&s, &name).await) }));
        }
        for task in tasks {
            let (name, r) = task.await.unwrap();
            assert_eq!(has(&store, &name).await, r.is_ok(), "{r:?} is the truth");
            if name == big {
                assert_eq!(r.unwrap_err().kind(), Kind::Unavailable);
            } else {
                r.unwrap();
            }
        }
        assert!(has(&store, "before").await);
        match t.url() {
            Some(_) => raw(&t, "DROP TRIGGER no_space ON revoked_tokens").await,
            None => limit(&store, 1_000_000).await,
        }
        let fits = "y".repeat(2000);
        write(&store, &fits).await.unwrap();
        assert!(has(&store, &fits).await);
    }
);
async fn limit(store: &Store, pages: i64) {
    let set =
        muster::store::Stmt::dynamic(&format!("PRAGMA max_page_count = {pages}"), String::new());
    tx!(store, &cx(), [set], |tx| {
        tx.unaudited("test");
        tx.exec(&set, &[]).await
    })
    .unwrap();
}

/// A member of a group that is not there, where the foreign key is only looked at when the transaction ends.
async fn dangling(tx: &mut Tx) -> Result<u64> {
    tx.unaudited("test");
    sql!(tx, exec, {lite: "PRAGMA defer_foreign_keys = ON", pg: "SET CONSTRAINTS ALL DEFERRED"})?;
    let (t, g, u) = (TenantId::new(), GroupId::new(), UserId::new());
    put(tx, "dangling", 1).await?;
    sql!(
        tx,
        exec,
        "INSERT INTO members(tenant_id, group_id, user_id, added_at) VALUES ($1, $2, $3, 1)",
        t,
        g,
        u
    )
}

story!(
    async fn a_refused_commit_is_an_error_and_takes_nobody_along(t) {
        let store = t.store.clone();
        if t.url().is_some() {
            raw(&t,
                "DO $$ DECLARE c text; BEGIN
                   FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'members'::regclass AND contype = 'f'
                   LOOP EXECUTE format('ALTER TABLE members ALTER CONSTRAINT %I DEFERRABLE', c); END LOOP; END $$")
                .await;
        }
        let mut tasks = Vec::new();
        for i in 0..20 {
            let s = store.clone();
            tasks.push(tokio::spawn(async move {
                if i == 5 {
                    tx!(s, &cx(), [], |tx| { dangling(tx).await })
                } else {
                    write(&s, &format!("beside-{i}")).await
                }
            }));
        }
        for (i, task) in tasks.into_iter().enumerate() {
            let r: Result<u64, Error> = task.await.unwrap();
            if i == 5 {
                assert_eq!(r.unwrap_err().kind(), Kind::Conflict);
                assert!(!has(&store, "dangling").await);
            } else {
                assert_eq!(r.unwrap(), 1);
                assert!(has(&store, &format!("beside-{i}")).await);
            }
        }
    }
);

story!(
    async fn a_transaction_that_ended_beneath_its_body_is_an_error(t) {
        let store = t.store.clone();
        let mut tasks = Vec::new();
        for i in 0..20 {
            let s = store.clone();
            tasks.push(tokio::spawn(async move {
                if i % 7 == 3 {
                    let name = format!("lost-{i}");
                    tx!(s, &cx(), [name], |tx| {
                        tx.unaudited("test");
                        put(tx, &name, 1).await?;
                        sql!(tx, exec, "ROLLBACK")
                    })
                } else {
                    write(&s, &format!("kept-{i}")).await
                }
            }));
        }
        for (i, task) in tasks.into_iter().enumerate() {
            let r: Result<u64, Error> = task.await.unwrap();
            assert_eq!(r.is_err(), i % 7 == 3, "{i}: {r:?}");
            assert_eq!(has(&store, &format!("kept-{i}")).await, i % 7 != 3);
            assert!(!has(&store, &format!("lost-{i}")).await);
        }
    }
);

story!(
    async fn connections_that_died_while_they_lay_idle_are_not_noticed(t) {
        let store = t.store.clone();
        write(&store, "before").await.unwrap();
        assert!(has(&store, "before").await);
        for round in 0..3 {
            if t.url().is_some() {
                raw(&t,
                    "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()")
                    .await;
            }
            let name = format!("after-{round}");
            let (w, r) = tokio::join!(write(&store, &name), has(&store, "before"));
            assert_eq!(w.unwrap(), 1);
            assert!(r && has(&store, &name).await);
        }
    }
);

story!(
    async fn what_was_answered_is_there_whatever_became_of_the_wire(t) {
        let Some(url) = t.url() else {
            // There is no wire: closed at once and opened again, every answer is still true.
            let writes = (0..50).map(|i| {
                let s = t.store.clone();
                async move { write(&s, &format!("row-{i}")).await }
            });
            for r in futures::future::join_all(writes).await {
                r.unwrap();
            }
            t.store.close().await;
            let again = Store::open(&t.options, Clock::System).await.unwrap();
            for i in 0..50 {
                assert!(has(&again, &format!("row-{i}")).await);
            }
            return;
        };
        let proxy = Proxy::before(&url).await;
        let options = Options { database: Database::Postgres(proxy.url(&url)), ..t.options.clone() };
        let store = Store::open(&options, Clock::System).await.unwrap();
        for round in 0..3 {
            proxy.set(Cut::AfterCommit);
            let name = format!("committed-{round}");
            assert_eq!(write(&store, &name).await.unwrap(), 1, "it was committed: that is the answer");
            assert!(has(&t.store, &name).await);

            proxy.set(Cut::BeforeCommit);
            let name = format!("lost-{round}");
            assert_eq!(write(&store, &name).await.unwrap_err().kind(), Kind::Unavailable);
            assert!(!has(&t.store, &name).await, "it was not: so is that");
        }
        write(&store, "after").await.unwrap();
        let mut c = store.read(Scope::Platform).await.unwrap();
        let n = sql!(c, one<i64>, "SELECT count(*) FROM revoked_tokens").unwrap();
        assert_eq!(n, 4);
    }
);
