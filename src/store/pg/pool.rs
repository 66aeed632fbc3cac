//! A small pool of our own. The driver's pings a connection each time it is taken and each time it is given back;
//! here a connection that turns out to be dead when it is first used is replaced, and a reading connection
//! remembers whose rows it last saw, so that most reads are one round trip.

use super::error;
use crate::{
    error::{Error, Result},
    store::{Scope, Stmt},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _,
    postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow},
};
use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How long a caller waits for a connection, and a connection for the server.
const WAIT: Duration = Duration::from_secs(5);
/// A connection this old is replaced, so that a server's slow leaks and a changed address do not stay for ever.
const LIFE: Duration = Duration::from_mins(30);
/// A connection that was used so short a time ago is taken to be there still.
const TRUSTED: Duration = Duration::from_secs(1);

pub(in crate::store) struct Pool {
    options: PgConnectOptions,
    idle: Mutex<Vec<Link>>,
    slots: Arc<Semaphore>,
    closed: AtomicBool,
}

struct Link {
    conn: PgConnection,
    born: Instant,
    /// When it was last given back.
    used: Instant,
    /// What it is set to outside of transactions.
    set: Option<Want>,
}

/// What a read wants of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Want {
    /// Whose rows: `muster.scope`.
    pub scope: Scope,
    /// Plans that are made once, of [`STEADY`]; else each is made for what is asked, as long as that seems to be better.
    pub steady: bool,
}

/// Whatever the statistics say, nothing but an index and a loop over it, table by table as the statement joins them, and one
/// plan for all that is asked: making a plan may take longer than what it is for; and one that was made while a table was
/// small is kept, and would read it whole when it is large.
pub(super) const STEADY: [(&str, &str); 5] = [
    ("join_collapse_limit", "1"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// A connection of the pool. It goes back when it is dropped, unless a statement was cut short, the server went
/// away or a transaction is still open.
pub struct PgConn {
    pool: Arc<Pool>,
    link: Option<Link>,
    /// Taken from those that lay idle: may be dead without anybody having noticed.
    stale: bool,
    /// A statement is under way.
    busy: bool,
    /// A transaction is open.
    pub(in crate::store) open: bool,
    /// What begins the transaction, as long as nothing has been asked in it: it goes with the first lock in one message.
    pub(super) begin: Option<String>,
    /// The number of the transaction.
    pub(super) xid: Option<String>,
    want: Option<Want>,
    _slot: OwnedSemaphorePermit,
}

pub(super) fn scope_text(scope: Scope) -> String {
    match scope {
        Scope::Tenant(t) => t.to_string(),
        Scope::Tenants(a, b) => format!("{a},{b}"),
        Scope::Platform => "*".to_owned(),
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(in crate::store) fn new(options: PgConnectOptions, size: usize) -> Arc<Self> {
        Arc::new(Self {
            options,
            idle: Mutex::default(),
            slots: Arc::new(Semaphore::new(size)),
            closed: AtomicBool::new(false),
        })
    }
    pub(in crate::store) async fn take(self: &Arc<Self>, want: Option<Want>) -> Result<PgConn> {
        let slot = timeout(WAIT, self.slots.clone().acquire_owned())
            .await
            .map_err(|_| Error::unavailable("PostgreSQL: no connection came free in time"))?
            .map_err(|_| Error::unavailable("the store is closed"))?;
        let link = loop {
            match self.idle(want) {
                Some(l) if l.born.elapsed() > LIFE => drop(l),
                other => break other,
            }
        };
        let stale = link.is_some();
        let link = match link {
            Some(l) => l,
            None => self.connect().await?,
        };
        let pool = self.clone();
        Ok(PgConn {
            pool,
            link: Some(link),
            stale,
            busy: false,
            open: false,
            begin: None,
            xid: None,
            want,
            _slot: slot,
        })
    }
    /// The one of those that lie idle that was in use last, of those that are set as wanted already if there are any.
    fn idle(&self, want: Option<Want>) -> Option<Link> {
        let mut idle = lock(&self.idle);
        match idle.iter().rposition(|l| l.set == want) {
            Some(at) => Some(idle.remove(at)),
            None => idle.pop(),
        }
    }
    async fn connect(&self) -> Result<Link> {
        let conn = timeout(WAIT, self.options.connect())
            .await
            .map_err(|_| Error::unavailable("PostgreSQL: no answer to a new connection"))?
            .map_err(|e| error(&e))?;
        let now = Instant::now();
        Ok(Link { conn, born: now, used: now, set: None })
    }
    /// Waits for the connections in use and closes all of them.
    pub(in crate::store) async fn close(&self, size: u32) {
        self.closed.store(true, Ordering::SeqCst);
        let _ = timeout(Duration::from_secs(30), self.slots.acquire_many(size)).await;
        self.slots.close();
        let idle = std::mem::take(&mut *lock(&self.idle));
        for l in idle {
            let _ = l.conn.close().await;
        }
    }
}

impl Drop for PgConn {
    fn drop(&mut self) {
        if let Some(mut link) = self.link.take()
            && !self.busy
            && !self.open
            && !self.pool.closed.load(Ordering::SeqCst)
        {
            link.used = Instant::now();
            lock(&self.pool.idle).push(link);
        }
    }
}

/// Whether the connection itself is gone, as against one statement refused.
fn lost(e: &sqlx::Error) -> bool {
    match e {
        // 57P01 to 57P05: the server shuts down, crashed, or ended this connection.
        sqlx::Error::Database(d) => d.code().is_some_and(|c| c.starts_with("57P")),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

impl PgConn {
    /// The connection, for a statement that begins.
    fn begin_statement(&mut self) -> Result<&mut PgConnection> {
        if self.busy {
            // Somebody let go of a statement before it had its answer: what would come next is that one's.
            self.link = None;
        }
        self.busy = true;
        let link = self.link.as_mut();
        link.map(|l| &mut l.conn)
            .ok_or_else(|| Error::unavailable("PostgreSQL: the connection was lost"))
    }
    /// Settles a result: what is lost is not given back, and a dead connection that had lain idle may be replaced,
    /// which the caller then does (`None`).
    fn settle<T>(&mut self, r: Result<T, sqlx::Error>) -> Option<Result<T>> {
        self.busy = false;
        let stale = std::mem::take(&mut self.stale);
        match r {
            Err(e) if lost(&e) => {
                self.link = None;
                if stale {
                    // Its neighbours are as old: the server was restarted.
                    lock(&self.pool.idle).clear();
                    return None;
                }
                Some(Err(error(&e)))
            }
            r => Some(r.map_err(|e| error(&e))),
        }
    }
    /// Ends the transaction by undoing it. What a statement was cut short on, or what does not undo, is closed; the
    /// server undoes that itself.
    pub(in crate::store) async fn undo(&mut self) {
        self.begin = None;
        if self.busy {
            self.link = None;
        } else if self.open {
            let undone = timeout(WAIT, self.send("ROLLBACK".to_owned())).await;
            self.open = !matches!(undone, Ok(Ok(_)));
        }
    }
    /// Whether the connection was lost.
    pub(super) fn lost(&self) -> bool {
        self.link.is_none()
    }
    async fn renew(&mut self) -> Result<()> {
        self.link = Some(self.pool.connect().await?);
        Ok(())
    }
    /// Sees to it that a read sees the rows it should.
    async fn scoped(&mut self) -> Result<()> {
        let Some(want) = self.want else { return Ok(()) };
        let set = self.link.as_ref().and_then(|l| l.set);
        if set == Some(want) {
            return Ok(());
        }
        // Our own ids and commas.
        let mut text = format!("SET muster.scope = '{}'", scope_text(want.scope));
        if set.is_some_and(|s| s.steady) != want.steady {
            for (name, value) in STEADY {
                let value = if want.steady { format!("'{value}'") } else { "DEFAULT".to_owned() };
                text = format!("{text}; SET {name} = {value}");
            }
        }
        self.batch(text).await?;
        if let Some(l) = &mut self.link {
            l.set = Some(want);
        }
        Ok(())
    }
    /// Begins the transaction that is to be begun, and asks `more` columns in the same message.
    pub(super) async fn begun(&mut self, more: &str) -> Result<()> {
        let Some(begin) = self.begin.take() else { return Ok(()) };
        self.open = true;
        let rows = self.send(begin + more).await?;
        self.xid = rows.first().and_then(|r| r.try_get(0).ok());
        if self.xid.is_none() {
            return Err(Error::internal("PostgreSQL gave a transaction no number"));
        }
        Ok(())
    }
    /// Whose rows the rest of the transaction sees.
    pub(in crate::store) async fn scope_for_transaction(&mut self, scope: Scope) -> Result<()> {
        self.batch(format!("SET LOCAL muster.scope = '{}'", scope_text(scope))).await.map(|_| ())
    }
    pub(in crate::store) async fn fetch_all(
        &mut self,
        s: &Stmt,
        args: impl Fn() -> Result<PgArguments>,
    ) -> Result<Vec<PgRow>> {
        self.begun("").await?;
        loop {
            self.scoped().await?;
            let args = args()?;
            let conn = self.begin_statement()?;
            let r = match &s.pg {
                Cow::Borrowed(t) => sqlx::query_with(*t, args).fetch_all(conn).await,
                Cow::Owned(t) => {
                    sqlx::query_with(AssertSqlSafe(t.clone()), args).fetch_all(conn).await
                }
            };
            match self.settle(r) {
                Some(r) => return r,
                None => self.renew().await?,
            }
        }
    }
    /// A transaction of one statement: never run twice. A connection that was in use a moment ago is trusted, an
    /// older one is asked first.
    pub(in crate::store) async fn fetch_once(
        &mut self,
        s: &Stmt,
        args: PgArguments,
    ) -> Result<Vec<PgRow>> {
        self.scoped().await?;
        if self.stale && self.link.as_ref().is_none_or(|l| l.used.elapsed() > TRUSTED) {
            self.batch("SELECT 1".to_owned()).await?;
            self.scoped().await?;
        }
        self.stale = false;
        let conn = self.begin_statement()?;
        let r = match &s.pg {
            Cow::Borrowed(t) => sqlx::query_with(*t, args).fetch_all(conn).await,
            Cow::Owned(t) => sqlx::query_with(AssertSqlSafe(t.clone()), args).fetch_all(conn).await,
        };
        let r = self.settle(r).unwrap_or_else(|| Err(Error::unavailable("not settled")));
        if self.lost() { r.map_err(|e| super::unknown(&e)) } else { r }
    }
    /// Whether a transaction is to be begun and nothing has been asked in it.
    pub(in crate::store) fn unasked(&self) -> bool {
        self.begin.is_some()
    }
    /// As [`Self::fetch_once`], in the place of the transaction that was to be begun, over the rows of `scope`.
    pub(super) async fn fetch_alone(
        &mut self,
        s: &Stmt,
        args: PgArguments,
        scope: Scope,
    ) -> Result<Vec<PgRow>> {
        self.begin = None;
        self.want = Some(Want { scope, steady: false });
        self.fetch_once(s, args).await
    }
    /// Only inside a transaction, which has proved the connection: never run twice.
    pub(in crate::store) async fn execute(&mut self, s: &Stmt, args: PgArguments) -> Result<u64> {
        self.begun("").await?;
        let conn = self.begin_statement()?;
        let r = match &s.pg {
            Cow::Borrowed(t) => sqlx::query_with(*t, args).execute(conn).await,
            Cow::Owned(t) => sqlx::query_with(AssertSqlSafe(t.clone()), args).execute(conn).await,
        };
        let lost = || Err(Error::unavailable("PostgreSQL: the connection was lost"));
        self.settle(r).unwrap_or_else(lost).map(|r| r.rows_affected())
    }
    /// Several statements without parameters in one round trip; the rows of all of them.
    pub(in crate::store) async fn batch(&mut self, text: String) -> Result<Vec<PgRow>> {
        self.begun("").await?;
        self.send(text).await
    }
    async fn send(&mut self, text: String) -> Result<Vec<PgRow>> {
        loop {
            let q = sqlx::raw_sql(AssertSqlSafe(text.clone()));
            let r = self.begin_statement()?.fetch_all(q).await;
            match self.settle(r) {
                Some(r) => return r,
                None => self.renew().await?,
            }
        }
    }
    /// One of its own, and one that is shared with others.
    pub(in crate::store) async fn lock(&mut self, name: &str, shared: Option<&str>) -> Result<()> {
        if self.begin.is_some() {
            // Names of our own, in quotes.
            let quoted = |n: &str| n.replace('\'', "''");
            let mut text =
                format!(", pg_advisory_xact_lock(hashtextextended('{}', 0))", quoted(name));
            if let Some(s) = shared.map(quoted) {
                let beside = ", pg_advisory_xact_lock_shared(hashtextextended(";
                text = format!("{text}{beside}'{s}', 0))");
            }
            return self.begun(&text).await;
        }
        let q = match shared {
            None => sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(name),
            Some(s) => sqlx::query(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)),
                        pg_advisory_xact_lock_shared(hashtextextended($2, 0))",
            )
            .bind(name)
            .bind(s),
        };
        let r = q.execute(self.begin_statement()?).await;
        let lost = || Err(Error::unavailable("PostgreSQL: the connection was lost"));
        self.settle(r).unwrap_or_else(lost).map(|_| ())
    }
}
