//! The writer thread: takes what waits, runs each body in its savepoint, commits once, answers all. What the
//! connection says of its own state is checked after each body; on a surprise it is opened anew, the body at fault
//! is told, and those that shared its transaction are run again, each alone: nobody is told "failed" of what stays,
//! nor "done" of what does not.

use super::{
    LiteConn,
    conn::{self, Names},
    queue::Queue,
};
use crate::{
    error::{Error, Kind, Result},
    store::{
        Change, Conn, Cx, Options, Store, Tx,
        sql::{Driver, Held},
        tx,
    },
};
use futures::{FutureExt as _, future::BoxFuture};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Jobs that share one commit at most.
const BATCH: usize = 512;
/// A batch that has run so long takes no more.
const LONG: Duration = Duration::from_millis(10);

thread_local! { static WRITER: Cell<bool> = const { Cell::new(false) }; }
pub(in crate::store) fn on_writer_thread() -> bool {
    WRITER.get()
}

/// A body that waits for its turn, and its caller.
pub(super) type Job = Box<dyn Work>;
pub(super) trait Work: Send {
    fn urgent(&self) -> bool;
    /// The caller went away; a body that has not begun is dropped.
    fn gone(&self) -> bool;
    /// Runs the body and says whether it wants to stay. May be run again if the transaction is lost.
    fn run(&mut self, conn: LiteConn) -> (Option<LiteConn>, bool);
    /// After the commit, before the answers.
    fn deliver(&mut self);
    fn answer(self: Box<Self>, commit: Result<()>);
}

struct Typed<T, F> {
    store: Store,
    cx: Cx,
    body: F,
    span: tracing::Span,
    answer: oneshot::Sender<Result<T>>,
    out: Result<T>,
    changes: Vec<Change>,
}

pub(super) fn job<T, F>(store: Store, cx: Cx, body: F, answer: oneshot::Sender<Result<T>>) -> Job
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    let out = Err(Error::internal("a body that was not run"));
    let span = tracing::Span::current();
    Box::new(Typed { store, cx, body, span, answer, out, changes: Vec::new() })
}

impl<T, F> Work for Typed<T, F>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    fn urgent(&self) -> bool {
        self.cx.urgent
    }
    fn gone(&self) -> bool {
        self.answer.is_closed()
    }
    fn run(&mut self, conn: LiteConn) -> (Option<LiteConn>, bool) {
        let _in = self.span.enter();
        let conn = Conn::body(Driver::Lite(conn));
        let mut tx = Tx::new(conn, self.store.clock().now(), self.cx.clone());
        let (store, body) = (&self.store, &self.body);
        let whole = AssertUnwindSafe(|| tx::whole(store, &mut tx, body).now_or_never());
        let out = match catch_unwind(whole) {
            Ok(Some(r)) => r,
            Ok(None) => Err(Error::internal(
                "a transaction body awaited something that is not the database",
            )),
            Err(_) => Err(Error::internal("a transaction body panicked")),
        };
        self.out = tx.verdict(out, self.store.0.demand_audit);
        self.changes = std::mem::take(&mut tx.changes);
        let conn = match tx.conn.driver {
            Held::Own(Driver::Lite(c)) => Some(c),
            _ => None,
        };
        (conn, self.out.is_ok())
    }
    fn deliver(&mut self) {
        if self.out.is_ok() {
            self.store.0.feed.deliver(&self.changes);
        }
    }
    fn answer(self: Box<Self>, commit: Result<()>) {
        let r = match (self.out, commit) {
            // A body's own refusal stands; one that came of the trouble itself says more than we do.
            (Err(own), Ok(())) => Err(own),
            (Err(own), Err(_)) if own.kind() == Kind::Unavailable => Err(own),
            (_, Err(e)) => Err(e),
            (Ok(v), Ok(())) => Ok(v),
        };
        let _ = self.answer.send(r);
    }
}

pub(super) struct Writer {
    conn: Option<LiteConn>,
    names: Names,
    path: PathBuf,
    options: Options,
}

/// The transaction is gone, with all that was done in it.
struct Lost(Error);

impl Writer {
    pub(super) fn new(
        raw: rusqlite::Connection,
        names: Names,
        path: &Path,
        options: &Options,
    ) -> Self {
        let conn = conn::LiteConn::new(raw, names.clone());
        let conn = Some(LiteConn { conn: Some(conn), home: None });
        Self { conn, names, path: path.to_owned(), options: options.clone() }
    }
    pub(super) fn serve(mut self, queue: &Queue) {
        WRITER.set(true);
        while let Some(first) = queue.wait() {
            self.batch(first, queue);
        }
    }
    fn begin(&mut self) -> Result<()> {
        let conn = match self.conn.take() {
            Some(c) => c,
            None => {
                let raw = conn::open(&self.path, &self.options, false)?;
                let conn = conn::LiteConn::new(raw, self.names.clone());
                LiteConn { conn: Some(conn), home: None }
            }
        };
        let begun = conn.batch("BEGIN IMMEDIATE");
        // A connection that refuses to begin, but has not begun either, is as good as before.
        if begun.is_ok() || conn.autocommit() {
            self.conn = Some(conn);
        }
        begun
    }
    /// One body in its savepoint.
    fn one(&mut self, job: &mut Job) -> std::result::Result<(), Lost> {
        let Some(conn) = self.conn.take() else {
            return Err(Lost(Error::unavailable("SQLite: no connection")));
        };
        conn.batch("SAVEPOINT j").map_err(Lost)?;
        let (conn, stay) = job.run(conn);
        let Some(conn) = conn.filter(|c| !c.autocommit()) else {
            return Err(Lost(Error::unavailable("SQLite ended the transaction by itself")));
        };
        if !stay {
            conn.batch("ROLLBACK TO j").map_err(Lost)?;
        }
        conn.batch("RELEASE j").map_err(Lost)?;
        self.conn = Some(conn);
        Ok(())
    }
    fn commit(&mut self) -> Result<()> {
        let Some(conn) = self.conn.take() else {
            return Err(Error::unavailable("SQLite: no connection"));
        };
        let r = conn.batch("COMMIT");
        let r = match r {
            Ok(()) if !conn.autocommit() => {
                Err(Error::unavailable("SQLite: COMMIT left the transaction open"))
            }
            r => r,
        };
        // A refused COMMIT: what it left is undone, and the connection is not trusted any further.
        if r.is_ok() {
            self.conn = Some(conn);
        } else if !conn.autocommit() {
            let _ = conn.batch("ROLLBACK");
        }
        r
    }
    fn batch(&mut self, first: Job, queue: &Queue) {
        if first.gone() {
            return;
        }
        if let Err(e) = self.begin() {
            // All of them have waited for the same thing.
            tracing::error!(error = ?e, "SQLite takes no writes");
            for job in std::iter::once(first).chain(queue.drain()) {
                job.answer(Err(e.clone()));
            }
            return;
        }
        let began = Instant::now();
        let mut urgent = false;
        let mut ran: Vec<Job> = Vec::new();
        let mut next = Some(first);
        while let Some(mut job) = next {
            if !job.gone() {
                urgent |= job.urgent();
                let r = self.one(&mut job);
                ran.push(job);
                if let Err(Lost(e)) = r {
                    // The last one is at fault; what it refused itself keeps its own reason.
                    let last = ran.pop();
                    self.again(ran);
                    return last.into_iter().for_each(|j| j.answer(Err(e.clone())));
                }
            }
            // Behind an urgent one nothing is taken that it would have to wait for.
            let room = ran.len() < BATCH && began.elapsed() < LONG;
            next = if room { queue.next(urgent) } else { None };
        }
        match self.commit() {
            Ok(()) => answer(ran),
            Err(e) if ran.len() == 1 => ran.into_iter().for_each(|j| j.answer(Err(e.clone()))),
            Err(e) => {
                tracing::error!(error = ?e, bodies = ran.len(), "a commit was refused; each is tried alone");
                self.again(ran);
            }
        }
    }
    /// The transaction that these shared is lost: each in one of its own.
    fn again(&mut self, jobs: Vec<Job>) {
        let mut refused: Option<Error> = None;
        for mut job in jobs {
            let r = match &refused {
                Some(e) => Err(e.clone()),
                None => self.begin().inspect_err(|e| refused = Some(e.clone())),
            };
            let r = r.and_then(|()| self.one(&mut job).map_err(|Lost(e)| e));
            match r.and_then(|()| self.commit()) {
                Ok(()) => answer(vec![job]),
                Err(e) => job.answer(Err(e)),
            }
        }
    }
}

/// First every cache of this node hears of the changes, then the callers do.
fn answer(mut jobs: Vec<Job>) {
    for j in &mut jobs {
        j.deliver();
    }
    for j in jobs {
        j.answer(Ok(()));
    }
}
