//! PostgreSQL plans by what it last counted: a table that has grown is counted soon.

use super::cx;
use crate::story;
use muster::{sql, store::Scope, tx};
use std::time::Duration;

story!(async fn a_table_that_has_grown_is_counted_soon(t) {
    if !t.store.is_postgres() {
        // SQLite's plans do not follow from how large its tables are.
        return;
    }
    tx!(t.store, &cx(), [], |tx| {
        tx.unaudited("a test");
        sql!(tx, exec, {
            lite: "SELECT 1",
            pg: "INSERT INTO revoked_tokens(jti, expires_at) SELECT 'f' || n, 1 FROM generate_series(1, 200) n",
        })
    }).unwrap();
    // PostgreSQL itself looks once a minute.
    for _ in 0..300 {
        let mut c = t.store.read(Scope::Platform).await.unwrap();
        let rows = sql!(c, one<i64>, {
            lite: "SELECT 0",
            pg: "SELECT reltuples::bigint FROM pg_class WHERE oid = 'revoked_tokens'::regclass",
        });
        if rows.unwrap() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("PostgreSQL does not know how large it is");
});
