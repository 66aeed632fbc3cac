//! A fresh, migrated database for each test: a file for SQLite; for PostgreSQL a copy of one template that the run
//! makes once.

use muster::{
    clock::Clock,
    secret::{ExposeSecret as _, Secret},
    store::{Database, Options, Store},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

/// A database, and how to reach it again.
pub struct TestDb {
    /// Open and migrated; fails a transaction that changed rows and recorded no audit event.
    pub store: Store,
    /// How it was opened: a second node opens it likewise.
    pub options: Options,
    admin: Option<(String, String)>,
    dir: Option<tempfile::TempDir>,
    permit: Option<SemaphorePermit<'static>>,
}

impl TestDb {
    /// Another node on the same database (PostgreSQL; SQLite has one).
    #[allow(dead_code)]
    pub async fn second_node(&self) -> Store {
        Store::open(&self.options, Clock::System).await.expect("a second node")
    }
    /// The URL of this test's database, on PostgreSQL.
    pub fn url(&self) -> Option<String> {
        match &self.options.database {
            Database::Postgres(url) => Some(url.expose_secret().to_owned()),
            Database::Sqlite(_) => None,
        }
    }
    /// The file of this test's database, on SQLite.
    pub fn file(&self) -> Option<&std::path::Path> {
        match &self.options.database {
            Database::Sqlite(path) => Some(path),
            Database::Postgres(_) => None,
        }
    }
    pub(super) fn cleanup(&self) -> impl Future<Output = ()> + use<> {
        let admin = self.admin.clone();
        async move {
            if let Some((url, name)) = admin {
                let mut c = PgConnection::connect(&url).await.expect("PostgreSQL");
                let text = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let _ = sqlx::query(AssertSqlSafe(text)).execute(&mut c).await;
            }
        }
    }
}

/// How many PostgreSQL tests run at once: each holds a pool.
static PG: Semaphore = Semaphore::const_new(8);
static TEMPLATE: Mutex<Option<String>> = Mutex::const_new(None);
static NEXT: AtomicU32 = AtomicU32::new(0);

fn with_database(url: &str, name: &str) -> String {
    let mut u = url::Url::parse(url).expect("the URL of PostgreSQL");
    u.set_path(&format!("/{name}"));
    u.into()
}

async fn make(url: &str, name: &str, template: &str) {
    let mut c = PgConnection::connect(url).await.expect("PostgreSQL");
    // CREATE DATABASE .. TEMPLATE wants the template to itself.
    for attempt in 0.. {
        let text = format!("CREATE DATABASE {name} TEMPLATE {template}");
        match sqlx::query(AssertSqlSafe(text)).execute(&mut c).await {
            Ok(_) => return,
            Err(e) if attempt < 100 && e.to_string().contains("being accessed") => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(e) => panic!("CREATE DATABASE: {e}"),
        }
    }
}

fn options(database: Database) -> Options {
    Options { database, connections: 4, durable: true, demand_audit: true }
}

pub async fn fresh(postgres: Option<&str>) -> TestDb {
    match postgres {
        None => {
            let dir = tempfile::tempdir().expect("a directory");
            let options = options(Database::Sqlite(dir.path().join("muster.db")));
            let store = Store::open(&options, Clock::System).await.expect("SQLite");
            TestDb { store, options, admin: None, dir: Some(dir), permit: None }
        }
        Some(url) => {
            let permit = PG.acquire().await.expect("a permit");
            let pid = std::process::id();
            let template = {
                let mut t = TEMPLATE.lock().await;
                if t.is_none() {
                    let name = format!("muster_t{pid}");
                    make(url, &name, "template1").await;
                    let o = options(Database::Postgres(Secret::from(with_database(url, &name))));
                    let store = Store::open(&o, Clock::System).await.expect("the template");
                    store.close().await;
                    *t = Some(name);
                }
                t.clone().expect("a template")
            };
            let name = format!("muster_t{pid}_{}", NEXT.fetch_add(1, Ordering::SeqCst));
            make(url, &name, &template).await;
            let options = options(Database::Postgres(Secret::from(with_database(url, &name))));
            let store = Store::open(&options, Clock::System).await.expect("PostgreSQL");
            let admin = Some((url.to_owned(), name));
            TestDb { store, options, admin, dir: None, permit: Some(permit) }
        }
    }
}

/// Removes the template, when all tests have run.
pub async fn end(url: &str) {
    if let Some(name) = TEMPLATE.lock().await.take() {
        let mut c = PgConnection::connect(url).await.expect("PostgreSQL");
        let text = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let _ = sqlx::query(AssertSqlSafe(text)).execute(&mut c).await;
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        drop(self.dir.take());
        drop(self.permit.take());
    }
}
