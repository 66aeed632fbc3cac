//! PostgreSQL by sqlx.

use super::{Backend, Conn, Cx, Database, Options, Scope, Stmt, Store, Tx, migrate, tx::IN_TX};
use crate::{
    error::{Error, Kind, Result},
    secret::{ExposeSecret as _, Secret},
};
use futures::{FutureExt as _, future::BoxFuture};
use sqlx::{
    AssertSqlSafe, Executor as _, Postgres,
    pool::PoolConnection,
    postgres::{PgArguments, PgPool, PgPoolOptions, PgRow},
};
use std::panic::AssertUnwindSafe;

/// Attempts after a serialisation failure or a deadlock.
const RETRIES: u32 = 5;

pub(super) struct Pg {
    pub(super) pool: PgPool,
}

/// A pooled connection; closed instead of returned when a transaction was left open on it.
pub struct PgConn {
    conn: PoolConnection<Postgres>,
    open: bool,
}
impl Drop for PgConn {
    fn drop(&mut self) {
        if self.open {
            self.conn.close_on_drop();
        }
    }
}

fn scope_text(scope: Scope) -> String {
    match scope {
        Scope::Tenant(t) => t.to_string(),
        Scope::Tenants(a, b) => format!("{a},{b}"),
        Scope::Platform => "*".to_owned(),
    }
}

fn error(e: sqlx::Error) -> Error {
    match &e {
        sqlx::Error::Database(d) => {
            if d.is_unique_violation() {
                return Error::conflict("it exists already")
                    .attr(d.constraint().unwrap_or(""))
                    .operator(d);
            }
            if d.is_foreign_key_violation() {
                return Error::conflict(
                    "it refers to something that does not exist, or is still referred to",
                )
                .operator(d);
            }
            match d.code().as_deref() {
                Some("40001" | "40P01") => {
                    Error::new(Kind::Unavailable, "too busy; try again").code("retry").operator(d)
                }
                Some(c)
                    if c.starts_with("53")
                        || c.starts_with("57")
                        || c.starts_with("08")
                        || c == "55P03" =>
                {
                    Error::unavailable(format!("PostgreSQL: {d}"))
                }
                _ => Error::internal(format!("PostgreSQL: {d}")),
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => Error::unavailable(format!("PostgreSQL: {e}")),
        _ => Error::internal(format!("PostgreSQL: {e}")),
    }
}

impl PgConn {
    pub(super) async fn fetch_all(&mut self, s: &Stmt, args: PgArguments) -> Result<Vec<PgRow>> {
        sqlx::query_with(AssertSqlSafe(s.pg.to_string()), args)
            .fetch_all(&mut *self.conn)
            .await
            .map_err(error)
    }
    pub(super) async fn fetch_optional(
        &mut self,
        s: &Stmt,
        args: PgArguments,
    ) -> Result<Option<PgRow>> {
        sqlx::query_with(AssertSqlSafe(s.pg.to_string()), args)
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(error)
    }
    pub(super) async fn execute(&mut self, s: &Stmt, args: PgArguments) -> Result<u64> {
        let r =
            sqlx::query_with(AssertSqlSafe(s.pg.to_string()), args).execute(&mut *self.conn).await;
        r.map(|r| r.rows_affected()).map_err(error)
    }
    pub(super) async fn batch(&mut self, text: String) -> Result<()> {
        self.conn.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(|_| ()).map_err(error)
    }
    pub(super) async fn lock(&mut self, name: &str) -> Result<()> {
        let q = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(name);
        q.execute(&mut *self.conn).await.map(|_| ()).map_err(error)
    }
}

impl Pg {
    pub(super) async fn open(url: &Secret, options: &Options) -> Result<Self> {
        let Database::Postgres(_) = &options.database else {
            return Err(Error::internal("not PostgreSQL"));
        };
        let pool = PgPoolOptions::new()
            .max_connections(options.connections.max(2))
            .acquire_timeout(std::time::Duration::from_secs(10))
            .connect(url.expose_secret())
            .await
            .map_err(error)?;
        migrate::pg(&pool).await?;
        Ok(Self { pool })
    }
    async fn conn(&self) -> Result<PgConn> {
        Ok(PgConn { conn: self.pool.acquire().await.map_err(error)?, open: false })
    }
    pub(super) async fn read(&self, scope: Scope) -> Result<Conn> {
        let mut c = self.conn().await?;
        // The text is made of our own ids and commas.
        c.batch(format!("SET muster.scope = '{}'", scope_text(scope))).await?;
        Ok(Conn::Pg(c))
    }
}

pub(super) async fn run<T, F>(store: &Store, cx: Cx, body: F) -> Result<T>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    let mut attempt = 0;
    loop {
        match once(store, cx.clone(), &body).await {
            Err(e) if e.code_str() == Some("retry") && attempt < RETRIES => {
                attempt += 1;
                tokio::time::sleep(std::time::Duration::from_millis(u64::from(attempt) * 3)).await;
            }
            r => return r,
        }
    }
}

async fn once<T, F>(store: &Store, cx: Cx, body: &F) -> Result<T>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    let Backend::Pg(p) = &store.0.backend else { return Err(Error::internal("not PostgreSQL")) };
    let mut c = p.conn().await?;
    c.open = true;
    c.batch(format!("BEGIN; SET LOCAL muster.scope = '{}'", scope_text(cx.scope))).await?;
    let mut tx = Tx::new(Conn::Pg(c), store.clock().now(), cx);
    let out = AssertUnwindSafe(IN_TX.scope((), body(&mut tx))).catch_unwind().await;
    let r = out.unwrap_or_else(|_| Err(Error::internal("a transaction body panicked")));
    let mut r = tx.verdict(r, store.0.demand_audit);
    if r.is_ok() && !tx.changes.is_empty() {
        let changes = std::mem::take(&mut tx.changes);
        if let Err(e) = super::feed::record(&mut tx, &changes).await {
            r = Err(e);
        }
        tx.changes = changes;
    }
    let changes = std::mem::take(&mut tx.changes);
    let Conn::Pg(mut c) = tx.conn else { return Err(Error::internal("not PostgreSQL")) };
    match r {
        Ok(v) => {
            c.batch("COMMIT".to_owned()).await?;
            c.open = false;
            store.0.feed.deliver(&changes);
            Ok(v)
        }
        Err(e) => {
            if c.batch("ROLLBACK".to_owned()).await.is_ok() {
                c.open = false;
            }
            Err(e)
        }
    }
}
