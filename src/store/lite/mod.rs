//! SQLite: one writer thread with group commit, a few read connections used inline.

mod conn;
mod lend;
mod queue;
mod writer;

use super::{Conn, Cx, Options, Param, Stmt, Store, Tx, migrate, sql::Driver};
use crate::error::{Error, Result};
use conn::Names;
use futures::future::BoxFuture;
use queue::Queue;
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub(super) use conn::INTERRUPTED;
pub(super) use writer::on_writer_thread;

/// How long a caller waits for a connection.
const WAIT: Duration = Duration::from_secs(5);

pub(super) struct Lite {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    readers: Mutex<Vec<conn::LiteConn>>,
    sem: Arc<Semaphore>,
    queue: Queue,
}
impl Drop for Lite {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

/// A connection on loan.
pub struct LiteConn {
    conn: Option<conn::LiteConn>,
    home: Option<(Arc<Shared>, OwnedSemaphorePermit)>,
}
impl Drop for LiteConn {
    fn drop(&mut self) {
        if let (Some(c), Some((shared, permit))) = (self.conn.take(), self.home.take()) {
            if !shared.sem.is_closed() {
                lock(&shared.readers).push(c);
            }
            drop(permit);
        }
    }
}
impl LiteConn {
    fn raw(&self) -> Result<&conn::LiteConn> {
        // Only empty while the value is being dropped.
        self.conn.as_ref().ok_or_else(|| Error::internal("a connection that was given back"))
    }
    pub(super) fn batch(&self, text: &str) -> Result<()> {
        self.raw()?.batch(text)
    }
    pub(super) fn query<R>(
        &self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
        f: impl FnOnce(&mut rusqlite::Rows<'_>) -> rusqlite::Result<R>,
    ) -> Result<R> {
        self.raw()?.query(s, params, f)
    }
    pub(super) fn execute(&self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<u64> {
        self.raw()?.execute(s, params)
    }
    fn interrupt(&self) -> Option<rusqlite::InterruptHandle> {
        self.conn.as_ref().map(conn::LiteConn::interrupt)
    }
    fn autocommit(&self) -> bool {
        self.conn.as_ref().is_none_or(conn::LiteConn::autocommit)
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lite {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self> {
        let mut w = conn::open(path, options, false)?;
        migrate::lite(&mut w)?;
        let names: Names =
            conn::index_names(&w).map_err(|e| Error::internal(format!("SQLite: {e}")))?;
        let n = options.connections.max(1);
        let reader = |_| Ok(conn::LiteConn::new(conn::open(path, options, true)?, names.clone()));
        let readers = (0..n).map(reader).collect::<Result<Vec<_>>>()?;
        let shared = Arc::new(Shared {
            readers: Mutex::new(readers),
            sem: Arc::new(Semaphore::new(n as usize)),
            queue: Queue::default(),
        });
        let s = shared.clone();
        let writer = writer::Writer::new(w, names, path, options);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || writer.serve(&s.queue))
            .map_err(Error::internal)?;
        Ok(Self { shared, writer: Mutex::new(Some(thread)) })
    }
    /// What waits is still done; then the file is closed, which folds the log into it.
    pub(super) async fn close(&self) {
        self.shared.queue.close();
        let thread = lock(&self.writer).take();
        if let Some(t) = thread {
            let _ = tokio::task::spawn_blocking(move || t.join()).await;
        }
        self.shared.sem.close();
        lock(&self.shared.readers).clear();
    }
    pub(super) async fn read(&self) -> Result<Conn> {
        let permit = tokio::time::timeout(WAIT, self.shared.sem.clone().acquire_owned())
            .await
            .map_err(|_| Error::unavailable("SQLite: no connection came free in time"))?
            .map_err(|_| Error::unavailable("the store is closed"))?;
        let c = lock(&self.shared.readers).pop();
        let c = c.ok_or_else(|| Error::unavailable("the store is closed"))?;
        let home = Some((self.shared.clone(), permit));
        Ok(Conn::reading(Driver::Lite(LiteConn { conn: Some(c), home })))
    }
    /// The writer's connection inside its transaction; what is done with it is undone when it is given back. After `most`
    /// whatever statement runs on it is interrupted.
    pub(super) async fn lend(&self, most: Duration) -> Result<(LiteConn, SyncSender<LiteConn>)> {
        let (give, given) = oneshot::channel();
        self.shared.queue.push(lend::job(give, most))?;
        given.await.map_err(|_| Error::unavailable("SQLite: the writer has stopped"))
    }
    pub(super) async fn run<T, F>(&self, store: &Store, cx: Cx, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.shared.queue.push(writer::job(store.clone(), cx, body, answer))?;
        answered.await.unwrap_or_else(|_| Err(Error::unavailable("the writer has stopped")))
    }
}
