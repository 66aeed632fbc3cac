//! The rows themselves, past everything that would hide something.

use crate::support::TestDb;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use std::{collections::BTreeMap, fmt::Write as _};

/// Every row of every table, as text.
pub async fn rows(t: &TestDb) -> BTreeMap<String, Vec<String>> {
    match t.url() {
        None => lite(t),
        Some(url) => postgres(&url).await,
    }
}

fn lite(t: &TestDb) -> BTreeMap<String, Vec<String>> {
    let c = rusqlite::Connection::open(t.file().expect("a file")).expect("SQLite");
    let mut names = c
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .expect("a query");
    let names: Vec<String> =
        names.query_map([], |r| r.get(0)).expect("rows").map(|n| n.expect("a name")).collect();
    let mut out = BTreeMap::new();
    for name in names {
        let mut st = c.prepare(&format!("SELECT * FROM {name}")).expect("a query");
        let n = st.column_count();
        let rows = st.query_map([], |r| {
            let mut text = String::new();
            for i in 0..n {
                let v: rusqlite::types::Value = r.get(i)?;
                let _ = match v {
                    rusqlite::types::Value::Text(s) => write!(text, "{s} | "),
                    other => write!(text, "{other:?} | "),
                };
            }
            Ok(text)
        });
        let mut all: Vec<String> = rows.expect("rows").map(|r| r.expect("a row")).collect();
        all.sort();
        out.insert(name, all);
    }
    out
}

async fn postgres(url: &str) -> BTreeMap<String, Vec<String>> {
    let mut c = sqlx::PgConnection::connect(url).await.expect("PostgreSQL");
    c.execute(sqlx::raw_sql("SET muster.scope = '*'")).await.expect("a setting");
    let tables = "SELECT table_name::text FROM information_schema.tables
                  WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";
    let names = c.fetch_all(sqlx::raw_sql(tables)).await.expect("names");
    let mut out = BTreeMap::new();
    for name in names {
        let name: String = name.try_get(0).expect("a name");
        let text = format!("SELECT t::text FROM {name} t ORDER BY 1");
        let rows = c.fetch_all(sqlx::raw_sql(AssertSqlSafe(text))).await.expect("rows");
        out.insert(name, rows.iter().map(|r| r.try_get(0).expect("a text")).collect());
    }
    out
}

/// The rows of the provisioning log and all that belongs to it.
pub async fn of_the_log(t: &TestDb) -> String {
    let all = rows(t).await;
    let ours = all.into_iter().filter(|(name, _)| name.starts_with("provisioning_"));
    ours.flat_map(|(_, rows)| rows).collect::<Vec<_>>().join("\n")
}
