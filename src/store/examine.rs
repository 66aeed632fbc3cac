//! A look at the database itself: for whoever checks an installation. It changes nothing.

use super::{Database, Options, Scope, Store, migrate::MIGRATIONS, pg::database_error};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    secret::ExposeSecret as _,
    sql,
};
use sqlx::{ConnectOptions as _, Executor as _, Row as _, postgres::PgConnectOptions};
use std::time::Duration;

/// Up to this size an embedded database is read through; a larger one would take too long.
const READ_THROUGH: i64 = 1 << 30;

/// What was found.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The database's own version.
    pub version: String,
    /// Its size in bytes.
    pub size: i64,
    /// SQLite: what is wrong inside the file; `ok` when nothing is, `None` when it is too large to be read through.
    pub integrity: Option<String>,
}

/// What PostgreSQL does to hold tenants apart.
#[derive(Debug, Clone)]
pub struct Isolation {
    /// No row-level security binds our role.
    pub unbound: bool,
    /// Tables with tenants' rows that no row-level security guards from our role.
    pub unguarded: Vec<String>,
}

impl Store {
    /// Looks.
    ///
    /// # Errors
    /// The database's.
    pub async fn examine(&self) -> Result<Examined> {
        let mut c = self.scan(Scope::Platform).await?;
        let version = sql!(c, one<String>, {
            lite: "SELECT sqlite_version()",
            pg: "SELECT current_setting('server_version')",
        })?;
        let size = sql!(c, one<i64>, {
            lite: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            pg: "SELECT pg_database_size(current_database())",
        })?;
        let mut integrity = None;
        if !self.is_postgres() && size <= READ_THROUGH {
            const TEXT: &str = "PRAGMA quick_check(1)";
            integrity = Some(sql!(c, one<String>, TEXT)?);
        }
        Ok(Examined { version, size, integrity })
    }
    /// The database's clock; SQLite has ours.
    ///
    /// # Errors
    /// The database's.
    pub async fn database_clock(&self) -> Result<Timestamp> {
        let mut c = self.read(Scope::Platform).await?;
        sql!(c, one<Timestamp>, {
            lite: "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
            pg: "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        })
    }
    /// How PostgreSQL holds tenants apart; `None` on SQLite, which leaves it to the statements.
    ///
    /// # Errors
    /// The database's.
    pub async fn isolation(&self) -> Result<Option<Isolation>> {
        const ROLE: &str =
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
        const TABLES: &str = "SELECT c.relname::text FROM pg_class c
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
               AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
               AND NOT row_security_active(c.oid) ORDER BY 1";
        if !self.is_postgres() {
            return Ok(None);
        }
        let mut c = self.read(Scope::Platform).await?;
        let unbound = sql!(c, one<bool>, ROLE)?;
        let unguarded = sql!(c, all<String>, TABLES)?;
        Ok(Some(Isolation { unbound, unguarded }))
    }
}

/// How many of our migrations a database has; `None` when there is no database of ours yet. Unlike
/// [`Store::open`] it adds none.
///
/// # Errors
/// When it cannot be opened.
pub async fn applied(options: &Options) -> Result<Option<usize>> {
    match &options.database {
        Database::Sqlite(path) => {
            if !path.exists() {
                return Ok(None);
            }
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
            let read = || -> rusqlite::Result<i64> {
                let c = rusqlite::Connection::open_with_flags(path, flags)?;
                c.pragma_query_value(None, "user_version", |r| r.get(0))
            };
            let n = read()
                .map_err(|e| Error::unavailable(format!("cannot open {}: {e}", path.display())))?;
            Ok(usize::try_from(n).ok().filter(|n| *n > 0))
        }
        Database::Postgres(url) => {
            let options: PgConnectOptions = url.expose_secret().parse().map_err(|e| {
                // The text may hold the password.
                drop::<sqlx::Error>(e);
                Error::invalid("database.url is not one of PostgreSQL")
            })?;
            let read = async {
                let mut c = options.connect().await?;
                let there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
                if !c.fetch_one(there).await?.try_get::<bool, _>(0)? {
                    return Ok(None);
                }
                let count = "SELECT count(*) FROM _sqlx_migrations WHERE success";
                let n: i64 = c.fetch_one(count).await?.try_get(0)?;
                Ok::<_, sqlx::Error>(usize::try_from(n).ok())
            };
            match tokio::time::timeout(Duration::from_secs(5), read).await {
                Ok(r) => r.map_err(|e| database_error(&e)),
                Err(_) => Err(Error::unavailable("PostgreSQL does not answer")),
            }
        }
    }
}

/// How many migrations this program knows.
pub fn known() -> usize {
    MIGRATIONS.len()
}
