//! PostgreSQL by sqlx: the writing half. A body is an ordinary transaction (`READ COMMITTED`; what decides on what it
//! read takes a named lock), run again on 40001 and 40P01, in a task of its own that its caller cannot cut short.

mod figures;
mod pool;

pub(super) use figures::start as keep_figures;
pub use pool::PgConn;
pub(super) use pool::{Pool, Want};

use super::{
    Change, Conn, Cx, FromRow, Options, Param, RowReader, Stmt, Store, Tx, feed, migrate,
    sql::{Driver, Held, count, pg_args},
    tx::{IN_TX, whole},
};
use crate::{
    error::{Error, Kind, Result},
    secret::{ExposeSecret as _, Secret},
};
use futures::{FutureExt as _, future::BoxFuture};
use pool::{STEADY, scope_text};
use sqlx::{ConnectOptions as _, Row as _, postgres::PgConnectOptions};
use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::Instrument as _;

/// Attempts after a serialisation failure or a deadlock.
const RETRIES: u32 = 5;
/// Connections for statements that many share.
pub(super) const SHARED: u32 = 2;
/// Bodies that may wait for a connection.
const QUEUE: usize = 4096;

pub(super) struct Pg {
    readers: Arc<Pool>,
    writers: Arc<Pool>,
    /// For statements that many share: what waits for somebody else's lock waits with all of them, so not for long; and
    /// their plan is that of a large table from the first row on.
    shared: Arc<Pool>,
    /// One connection fewer than there are: one is always left for the urgent lane.
    bulk: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    urgent: Arc<Urgent>,
    size: u32,
    options: PgConnectOptions,
}

/// What the database said, in our terms.
pub(super) fn error(e: &sqlx::Error) -> Error {
    match e {
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
            match d.code().as_deref().unwrap_or("") {
                "40001" | "40P01" => {
                    Error::new(Kind::Unavailable, "too busy; try again").code(RETRY).operator(d)
                }
                // What must change one row found none.
                "22012" => Error::internal(format!("PostgreSQL: {d}")).code(DIVISION),
                // A lock not granted in time.
                "55P03" => Error::unavailable(format!("PostgreSQL: {d}")).code(LOCKED),
                // Resources, the operator's hand, the connection; a server that takes no writes (a standby, or one
                // that its operator made read-only).
                c if matches!(c.get(..2), Some("53" | "57" | "58" | "08"))
                    || matches!(c, "25006" | "25P03") =>
                {
                    Error::unavailable(format!("PostgreSQL: {d}"))
                }
                _ => Error::internal(format!("PostgreSQL: {d}")),
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::unavailable(format!("PostgreSQL: {e}")),
        _ => Error::internal(format!("PostgreSQL: {e}")),
    }
}
pub(super) use error as database_error;

/// Marks what may be run again.
pub(super) const RETRY: &str = "retry";
/// Marks what another transaction's lock was in the way of.
pub(super) const LOCKED: &str = "locked";

/// Marks what may have been done.
pub(super) const UNKNOWN: &str = "unknown";

/// Marks what found another row than its writer had seen.
pub(super) const STALE: &str = "stale";
/// Marks a division by zero.
const DIVISION: &str = "division";

/// The answer when a row is not any more what its writer saw.
pub(super) fn stale() -> Error {
    Error::conflict("it was changed by somebody else at the same time; try again").code(STALE)
}
/// What failed where a statement demands that another changes one row.
pub(super) fn missed(e: Error) -> Error {
    if e.code_str() == Some(DIVISION) { stale() } else { e }
}

/// The answer when nobody can say whether a transaction was committed.
fn unknown(why: &impl std::fmt::Debug) -> Error {
    Error::new(Kind::Unavailable, "whether this was done is not known; look before trying again")
        .code(UNKNOWN)
        .operator(format!("{why:?}"))
}

/// A connection for one statement that is a transaction of its own, and that many may share.
pub struct Single {
    conn: PgConn,
    _running: Option<Running>,
}
impl Single {
    /// Runs it, in one round trip; its rows. It is run once: when the connection is lost meanwhile, nobody knows whether
    /// it was done, for it had no number to ask about. Its caller has one that can be run again.
    ///
    /// # Errors
    /// As [`Store::write`]; what [`super::undone`] says of one, was not done; what [`super::unknown`] says of one, may
    /// have been.
    pub async fn all<T: FromRow>(
        mut self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
    ) -> Result<Vec<T>> {
        count();
        let rows = self.conn.fetch_once(s, pg_args(params)?).await?;
        rows.iter().map(|r| T::from_row(&RowReader::Pg(r))).collect()
    }
}

/// Who waits for a turn is counted.
struct Waiting(Arc<AtomicUsize>);
impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How long bulk work stands back for an urgent transaction that is under way: it shares the database's processors
/// and its log with it. Bounded, so that an endless row of urgent ones slows bulk work down and never stops it.
const STAND_BACK: Duration = Duration::from_millis(15);

/// The urgent transactions under way.
#[derive(Default)]
struct Urgent {
    running: AtomicUsize,
    calm: Notify,
}
impl Urgent {
    fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::SeqCst);
        Running(self.clone())
    }
    async fn calm(&self) {
        loop {
            let told = self.calm.notified();
            if self.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            told.await;
        }
    }
}
/// One of them; over when it is dropped.
struct Running(Arc<Urgent>);
impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.calm.notify_waiters();
        }
    }
}

/// A place in the line: bulk work has a permit, urgent work is counted.
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
    _running: Option<Running>,
}

impl Pg {
    pub(super) async fn open(url: &Secret, options: &Options) -> Result<Self> {
        let base: PgConnectOptions = url.expose_secret().parse().map_err(|e: sqlx::Error| {
            // The text may hold the password.
            drop(e);
            Error::invalid(
                "the database URL is not one of PostgreSQL (postgres://user:password@host/name)",
            )
        })?;
        let base = base.application_name("muster").statement_cache_capacity(512);
        let base = base.disable_statement_logging();
        migrate::pg(&base).await?;
        let limits = [
            // Compiling a plan takes longer than any of ours that is worth it.
            ("jit", "off"),
            ("lock_timeout", "5s"),
            ("statement_timeout", "30s"),
            ("idle_in_transaction_session_timeout", "30s"),
        ];
        let base = base.options(limits);
        let reading = base.clone().options([("default_transaction_read_only", "on")]);
        let steady = base.clone().options(STEADY).options([("lock_timeout", "50ms")]);
        let size = options.connections.max(2);
        let n = size as usize;
        Ok(Self {
            readers: Pool::new(reading, n),
            writers: Pool::new(base.clone(), n),
            shared: Pool::new(steady, SHARED as usize),
            bulk: Arc::new(Semaphore::new(n - 1)),
            waiting: Arc::default(),
            urgent: Arc::default(),
            size,
            options: base,
        })
    }
    /// For the feed's own connection.
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
    pub(super) async fn read(&self, want: Want) -> Result<Conn> {
        Ok(Conn::reading(Driver::Pg(self.readers.take(Some(want)).await?)))
    }
    pub(super) async fn single(&self, cx: &Cx) -> Result<Single> {
        let running = cx.urgent.then(|| self.urgent.begin());
        let conn = self.shared.take(Some(Want { scope: cx.scope, steady: false })).await?;
        Ok(Single { conn, _running: running })
    }
    /// A connection with a transaction that its user undoes; dropped before, it is closed. Its turn is one of bulk work,
    /// to the end: the last connection is not lent. No statement of it takes longer than `most`, also when nobody waits
    /// for it any more.
    pub(super) async fn lend(&self, most: Duration) -> Result<(PgConn, Turn)> {
        let turn = self.turn(false).await?;
        let mut conn = self.writers.take(None).await?;
        conn.open = true;
        let most = most.as_millis();
        conn.batch(format!("BEGIN; SET LOCAL statement_timeout = {most}")).await?;
        Ok((conn, turn))
    }
    pub(super) async fn close(&self) {
        self.writers.close(self.size).await;
        self.shared.close(SHARED).await;
        self.readers.close(self.size).await;
    }
    fn queue(&self) -> Result<Waiting> {
        let waiting = Waiting(self.waiting.clone());
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= QUEUE {
            return Err(super::full());
        }
        Ok(waiting)
    }
    async fn turn(&self, urgent: bool) -> Result<Turn> {
        if urgent {
            return Ok(Turn { _permit: None, _running: Some(self.urgent.begin()) });
        }
        let permit = self.bulk.clone().acquire_owned().await.map_err(Error::unavailable)?;
        let _ = tokio::time::timeout(STAND_BACK, self.urgent.calm()).await;
        Ok(Turn { _permit: Some(permit), _running: None })
    }
    /// Whether the transaction of this number was committed, when the connection was lost while it ended.
    ///
    /// # Errors
    /// When nobody can say within a quarter of a minute.
    async fn committed(&self, xid: &str) -> Result<bool> {
        let until = Instant::now() + Duration::from_secs(15);
        // The number is the server's own.
        let text = format!("SELECT pg_xact_status('{xid}'::xid8)");
        while Instant::now() < until {
            if let Ok(mut c) = self.writers.take(None).await
                && let Ok(rows) = c.batch(text.clone()).await
            {
                match rows.first().and_then(|r| r.try_get::<String, _>(0).ok()).as_deref() {
                    Some("committed") => return Ok(true),
                    Some("aborted") => return Ok(false),
                    _ => {}
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(unknown(&"the connection to PostgreSQL was lost during COMMIT and did not come back"))
    }
}

pub(super) async fn run<T, F>(store: &Store, cx: Cx, body: F) -> Result<T>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    let p = store.pg()?;
    let waiting = p.queue()?;
    let (mut answer, answered) = oneshot::channel();
    let store = store.clone();
    let task = async move {
        let Ok(p) = store.pg() else { return };
        let begin = async {
            let turn = p.turn(cx.urgent).await?;
            Ok::<_, Error>((turn, p.writers.take(None).await?))
        };
        // Until here the caller may still change its mind.
        let begun = tokio::select! {
            biased;
            () = answer.closed() => return,
            r = begin => r,
        };
        drop(waiting);
        let r = match begun {
            Ok((_turn, conn)) => attempts(&store, p, &cx, &body, conn).await,
            Err(e) => Err(e),
        };
        let _ = answer.send(r);
    };
    tokio::spawn(task.in_current_span());
    answered.await.unwrap_or_else(|_| Err(Error::internal("a transaction was cut short")))
}

async fn attempts<T, F>(store: &Store, p: &Pg, cx: &Cx, body: &F, conn: PgConn) -> Result<T>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    let mut conn = Some(conn);
    let mut attempt = 0;
    loop {
        let c = match conn.take() {
            Some(c) => c,
            None => p.writers.take(None).await?,
        };
        match once(store, p, cx, body, c).await {
            Err(e) if e.code_str() == Some(RETRY) && attempt < RETRIES => {
                attempt += 1;
                let pause = rand::random_range(1..=4u64 << attempt);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            r => return r,
        }
    }
}

async fn once<T, F>(store: &Store, pg: &Pg, cx: &Cx, body: &F, mut conn: PgConn) -> Result<T>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    let scope = scope_text(cx.scope);
    // The transaction's number is taken at once, for the day the connection is lost during COMMIT. What else is to be had at
    // the beginning are more columns: each statement of its own would be parsed and planned by itself.
    let begin = format!(
        "BEGIN; SELECT pg_current_xact_id()::text, set_config('muster.scope', '{scope}', true)"
    );
    conn.begin = Some(begin);
    let mut tx = Tx::new(Conn::body(Driver::Pg(conn)), store.clock().now(), cx.clone());
    let out = AssertUnwindSafe(IN_TX.scope((), whole(store, &mut tx, body))).catch_unwind().await;
    let r = out.unwrap_or_else(|_| Err(Error::internal("a transaction body panicked")));
    let r = match r {
        Ok(v) if tx.conn.goes_alone() => return alone(store, cx, tx, v).await,
        Ok(v) => tx.conn.flush().await.map(|()| v),
        Err(e) => Err(e),
    };
    let r = tx.verdict(r, store.0.demand_audit);
    let changes = std::mem::take(&mut tx.changes);
    let Held::Own(Driver::Pg(mut conn)) = tx.conn.driver else {
        return Err(Error::internal("not PostgreSQL"));
    };
    let v = match r {
        // Nothing was asked of the database.
        Ok(v) if conn.begin.is_some() && changes.is_empty() => return Ok(v),
        Ok(v) => v,
        Err(e) => {
            conn.begin = None;
            if conn.open && conn.batch("ROLLBACK".to_owned()).await.is_ok() {
                conn.open = false;
            }
            return Err(e);
        }
    };
    conn.begun("").await?;
    let xid = conn.xid.clone().unwrap_or_default();
    // In a transaction that an error has ended, COMMIT would be answered without one; SELECT is not. It also makes
    // sure (by a division by zero) that this is still the transaction that was begun.
    let end = format!(
        "{}SELECT 1 / (pg_current_xact_id_if_assigned() IS NOT DISTINCT FROM '{xid}'::xid8)::int; COMMIT",
        feed::insert(&store.0.feed, &changes)?
    );
    match conn.batch(end).await {
        Ok(_) => conn.open = false,
        Err(e) if conn.lost() => {
            drop(conn);
            match pg.committed(&xid).await {
                Ok(true) => {}
                Ok(false) => return Err(e),
                Err(e) => {
                    tell(store, cx, &changes);
                    return Err(e);
                }
            }
        }
        Err(e) => {
            if conn.batch("ROLLBACK".to_owned()).await.is_ok() {
                conn.open = false;
            }
            return Err(e);
        }
    }
    tell(store, cx, &changes);
    Ok(v)
}

/// Tells this node's caches of what changed, or may have: the others read it in the feed's table if it did, and for
/// whoever forgets too much it is read again.
fn tell(store: &Store, cx: &Cx, changes: &[Change]) {
    store.0.feed.deliver(changes);
    store.0.feed.announce(!changes.is_empty(), cx.urgent);
}

/// Ends a body that has asked nothing yet: what it writes is one statement, and that its own transaction.
async fn alone<T>(store: &Store, cx: &Cx, mut tx: Tx, v: T) -> Result<T> {
    let v = tx.verdict(Ok(v), store.0.demand_audit)?;
    let changes = std::mem::take(&mut tx.changes);
    feed::beside(&store.0.feed, &changes, &mut tx.conn)?;
    let Some((statement, args)) = tx.conn.alone() else {
        return Err(Error::internal("nothing is written"));
    };
    let Held::Own(Driver::Pg(mut conn)) = tx.conn.driver else {
        return Err(Error::internal("not PostgreSQL"));
    };
    count();
    let done = conn.fetch_alone(&statement, args, cx.scope).await.map_err(missed);
    if done.as_ref().err().is_none_or(super::unknown) {
        tell(store, cx, &changes);
    }
    done.map(|_| v)
}
