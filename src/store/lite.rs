//! SQLite: one writer thread with group commit, a few read connections used inline.

use super::{Conn, Cx, Options, Store, Tx, migrate};
use crate::error::{Error, Kind, Result};
use futures::{FutureExt as _, future::BoxFuture};
use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Jobs that may wait for the writer.
const QUEUE: usize = 4096;
/// Jobs that share one commit at most.
const BATCH: usize = 512;

thread_local! { static WRITER: Cell<bool> = const { Cell::new(false) }; }
pub(super) fn on_writer_thread() -> bool {
    WRITER.get()
}

pub(super) struct Lite(Arc<Shared>);

struct Shared {
    readers: Mutex<Vec<rusqlite::Connection>>,
    sem: Arc<Semaphore>,
    names: Arc<HashMap<String, String>>,
    queue: Queue,
}
impl Drop for Lite {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

/// A connection with the names of its indexes (SQLite names the columns of a conflict, PostgreSQL the index).
pub struct LiteConn {
    conn: Option<rusqlite::Connection>,
    names: Arc<HashMap<String, String>>,
    home: Option<(Arc<Shared>, OwnedSemaphorePermit)>,
}
impl Drop for LiteConn {
    fn drop(&mut self) {
        if let (Some(c), Some((shared, permit))) = (self.conn.take(), self.home.take()) {
            lock(&shared.readers).push(c);
            drop(permit);
        }
    }
}
impl LiteConn {
    pub(super) fn raw(&self) -> &rusqlite::Connection {
        // The option is only empty while the value is being dropped.
        self.conn.as_ref().unwrap_or_else(|| unreachable!("a connection in use"))
    }
    pub(super) fn batch(&mut self, text: &str) -> Result<()> {
        let r = self.raw().prepare_cached(text).and_then(|mut s| s.execute([]));
        r.map(|_| ()).map_err(|e| self.error(e))
    }
    pub(super) fn error(&self, e: rusqlite::Error) -> Error {
        use rusqlite::ffi;
        if let rusqlite::Error::SqliteFailure(f, text) = &e {
            let text = text.as_deref().unwrap_or("");
            match (f.code, f.extended_code) {
                (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                    let columns = text.rsplit_once(": ").map_or(text, |(_, c)| c);
                    let name = self.names.get(columns).map_or(columns, String::as_str);
                    return Error::conflict("it exists already").attr(name).operator(text);
                }
                (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
                    return Error::conflict(
                        "it refers to something that does not exist, or is still referred to",
                    )
                    .operator(text);
                }
                (
                    rusqlite::ErrorCode::DiskFull
                    | rusqlite::ErrorCode::SystemIoFailure
                    | rusqlite::ErrorCode::DatabaseBusy
                    | rusqlite::ErrorCode::DatabaseLocked
                    | rusqlite::ErrorCode::ReadOnly
                    | rusqlite::ErrorCode::CannotOpen,
                    _,
                ) => {
                    return Error::unavailable(format!("SQLite: {e}"));
                }
                _ => {}
            }
        }
        Error::internal(format!("SQLite: {e}"))
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

type Done = Box<dyn FnOnce(Result<()>) + Send>;
/// Runs a body in its savepoint; says whether it wrote, and hands over how to answer.
type Job = Box<dyn FnOnce(Tx) -> (Tx, bool, Done) + Send>;

#[derive(Default)]
struct Lanes {
    urgent: VecDeque<Work>,
    bulk: VecDeque<Work>,
    closed: bool,
}
struct Work {
    cx: Cx,
    gone: Box<dyn Fn() -> bool + Send>,
    job: Job,
}
#[derive(Default)]
struct Queue {
    lanes: Mutex<Lanes>,
    more: Condvar,
}
impl Queue {
    fn push(&self, w: Work) -> Result<()> {
        let mut l = lock(&self.lanes);
        if l.closed {
            return Err(Error::unavailable("the writer has stopped"));
        }
        let lane = if w.cx.urgent { &mut l.urgent } else { &mut l.bulk };
        if lane.len() >= QUEUE {
            return Err(Error::new(
                Kind::Unavailable,
                "too many writes are waiting; try again shortly",
            )
            .retry_after(1));
        }
        lane.push_back(w);
        drop(l);
        self.more.notify_one();
        Ok(())
    }
    fn pop(&self, wait: bool) -> Option<Work> {
        let mut l = lock(&self.lanes);
        loop {
            if let Some(w) = l.urgent.pop_front().or_else(|| l.bulk.pop_front()) {
                return Some(w);
            }
            if !wait || l.closed {
                return None;
            }
            l = self.more.wait(l).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
    fn close(&self) {
        lock(&self.lanes).closed = true;
        self.more.notify_all();
    }
}

fn open(path: &Path, options: &Options, read_only: bool) -> Result<rusqlite::Connection> {
    let go = || -> rusqlite::Result<rusqlite::Connection> {
        let c = rusqlite::Connection::open(path)?;
        c.execute_batch(&format!(
            "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous={}; PRAGMA foreign_keys=ON;
             PRAGMA cache_size=-3072; PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;{}",
            if options.durable { "FULL" } else { "NORMAL" },
            if read_only { " PRAGMA query_only=ON;" } else { "" }
        ))?;
        c.set_prepared_statement_cache_capacity(512);
        rusqlite::vtab::array::load_module(&c)?;
        Ok(c)
    };
    go().map_err(|e| Error::unavailable(format!("cannot open {}: {e}", path.display())))
}

/// "table.column, table.column" -> the name PostgreSQL would give.
fn index_names(c: &rusqlite::Connection) -> rusqlite::Result<HashMap<String, String>> {
    let mut st = c.prepare(
        "SELECT m.name, l.name, l.origin, group_concat(m.name || '.' || i.name, ', ')
         FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
         WHERE m.type = 'table' AND l.\"unique\" = 1 GROUP BY m.name, l.name ORDER BY i.seqno",
    )?;
    let rows = st.query_map([], |r| {
        let (table, index, origin): (String, String, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
        let name = if origin == "pk" { format!("{table}_pkey") } else { index };
        Ok((r.get::<_, Option<String>>(3)?.unwrap_or_default(), name))
    })?;
    rows.collect()
}

impl Lite {
    pub(super) fn open(path: &PathBuf, options: &Options) -> Result<Self> {
        let mut w = open(path, options, false)?;
        migrate::lite(&mut w)?;
        let names = Arc::new(index_names(&w).map_err(|e| Error::internal(format!("SQLite: {e}")))?);
        let n = options.connections.max(1);
        let readers = (0..n).map(|_| open(path, options, true)).collect::<Result<Vec<_>>>()?;
        let shared = Arc::new(Shared {
            readers: Mutex::new(readers),
            sem: Arc::new(Semaphore::new(n as usize)),
            names: names.clone(),
            queue: Queue::default(),
        });
        let writer = LiteConn { conn: Some(w), names, home: None };
        let s = shared.clone();
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                WRITER.set(true);
                serve(&s.queue, writer);
            })
            .map_err(Error::internal)?;
        Ok(Self(shared))
    }
    pub(super) fn close(&self) {
        self.0.queue.close();
    }
    pub(super) async fn read(&self) -> Result<Conn> {
        let permit = self.0.sem.clone().acquire_owned().await.map_err(Error::unavailable)?;
        let c = lock(&self.0.readers).pop().ok_or_else(|| Error::internal("no reader"))?;
        Ok(Conn::Lite(LiteConn {
            conn: Some(c),
            names: self.0.names.clone(),
            home: Some((self.0.clone(), permit)),
        }))
    }
    pub(super) async fn run<T, F>(&self, store: &Store, cx: Cx, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
    {
        let (tx, rx) = oneshot::channel::<Result<T>>();
        let tx = Arc::new(Mutex::new(Some(tx)));
        let gone = {
            let tx = tx.clone();
            Box::new(move || lock(&tx).as_ref().is_none_or(oneshot::Sender::is_closed))
        };
        let (st, clock) = (store.clone(), store.clock().clone());
        let job: Job = Box::new(move |mut t: Tx| {
            t.now = clock.now();
            let out = catch_unwind(AssertUnwindSafe(|| body(&mut t).now_or_never()));
            let r = match out {
                Ok(Some(r)) => r,
                Ok(None) => Err(Error::internal(
                    "a transaction body awaited something that is not the database",
                )),
                Err(_) => Err(Error::internal("a transaction body panicked")),
            };
            let r = t.verdict(r, st.0.demand_audit);
            let ok = r.is_ok();
            let changes = std::mem::take(&mut t.changes);
            let done: Done = Box::new(move |commit: Result<()>| {
                let r = match (r, commit) {
                    (Ok(v), Ok(())) => {
                        st.0.feed.deliver(&changes);
                        Ok(v)
                    }
                    (Ok(_), Err(e)) | (Err(e), _) => Err(e),
                };
                if let Some(tx) = lock(&tx).take() {
                    let _ = tx.send(r);
                }
            });
            (t, ok, done)
        });
        self.0.queue.push(Work { cx, gone, job })?;
        rx.await.unwrap_or_else(|_| Err(Error::unavailable("the writer has stopped")))
    }
}

/// The writer: takes what waits, runs each body in its savepoint, commits once, answers all.
fn serve(queue: &Queue, mut conn: LiteConn) {
    while let Some(first) = queue.pop(true) {
        let mut done: Vec<(bool, Done)> = Vec::new();
        let mut failed = conn.batch("BEGIN IMMEDIATE").err();
        let mut next = Some(first);
        while let Some(work) = next {
            if !(work.gone)() {
                let (c, ok, d, e) = one(conn, work, failed.clone());
                conn = c;
                failed = failed.or(e);
                done.push((ok, d));
            }
            next = if done.len() < BATCH { queue.pop(false) } else { None };
        }
        let commit = match failed {
            Some(e) => Err(e),
            None => conn.batch("COMMIT"),
        };
        if commit.is_err() && !conn.raw().is_autocommit() {
            let _ = conn.batch("ROLLBACK");
        }
        for (_, d) in done {
            d(commit.clone());
        }
    }
}

/// One body in its savepoint; the error is the batch's, if the connection did something unexpected.
fn one(
    mut conn: LiteConn,
    work: Work,
    failed: Option<Error>,
) -> (LiteConn, bool, Done, Option<Error>) {
    let mut trouble = failed.or_else(|| conn.batch("SAVEPOINT j").err());
    let mut tx = Tx::new(Conn::Lite(conn), crate::clock::Timestamp(0), work.cx);
    tx.poison.clone_from(&trouble);
    let (tx, ok, done) = (work.job)(tx);
    let Conn::Lite(mut conn) = tx.conn else { unreachable!("a SQLite transaction") };
    if trouble.is_none() {
        if !ok {
            trouble = conn.batch("ROLLBACK TO j").err();
        }
        trouble = trouble.or_else(|| conn.batch("RELEASE j").err());
    }
    (conn, ok, done, trouble)
}
