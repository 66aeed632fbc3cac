//! A rehearsal: a store whose reads and writes all go through one transaction that is undone in the end. Whoever is given
//! one works as ever and sees what they wrote; no row stays, no cache hears of it, nobody else's database does either.
//! On SQLite the writer lends its connection meanwhile, so that a rehearsal keeps other writers waiting; on PostgreSQL it
//! has a turn of bulk work. So there is one at a time, with a short time of its own, after which it is interrupted.

use super::{
    Backend, Conn, Cx, Inner, Scope, Store, Tx,
    feed::Feed,
    lite,
    sql::{Driver, Held},
    tx::{self, IN_TX},
};
use crate::error::{Error, Kind, Result};
use futures::{FutureExt as _, future::BoxFuture};
use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

/// How long a rehearsal may take: well under what a write waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long one waits for those before it.
const LINE: Duration = Duration::from_secs(5);
/// How long one part of it waits for another.
const WAIT: Duration = Duration::from_secs(1);

tokio::task_local! { static REHEARSING: (); }

/// While a rehearsal runs, what would stay is refused.
pub(super) fn not_rehearsing() -> Result<()> {
    if REHEARSING.try_with(|()| ()).is_ok() {
        return Err(Error::internal("a rehearsal wrote to the real store"));
    }
    Ok(())
}

/// The connection that everything goes through; `None` when it is over.
pub(super) struct Dry {
    held: Arc<Mutex<Option<Driver>>>,
    pub(super) postgres: bool,
}

impl Dry {
    async fn take(&self, scope: Scope, body: bool) -> Result<Conn> {
        let over = || Error::internal("a rehearsal that is over");
        let held = tokio::time::timeout(WAIT, self.held.clone().lock_owned()).await;
        let held = held.map_err(|_| Error::internal("a rehearsal waits for itself"))?;
        let mut held = OwnedMutexGuard::try_map(held, Option::as_mut).map_err(|_| over())?;
        if let Driver::Pg(c) = &mut *held {
            c.scope_for_transaction(scope).await?;
        }
        Ok(Conn::on(Held::Lent(held), body))
    }
    pub(super) async fn read(&self, scope: Scope) -> Result<Conn> {
        self.take(scope, false).await
    }
    /// A body in its savepoint.
    pub(super) async fn run<T, F>(&self, store: &Store, cx: Cx, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
    {
        let conn = self.take(cx.scope, true).await?;
        let mut tx = Tx::new(conn, store.clock().now(), cx);
        tx.simple("SAVEPOINT dry").await?;
        let out = AssertUnwindSafe(IN_TX.scope((), tx::whole(store, &mut tx, &body)))
            .catch_unwind()
            .await;
        let r = out.unwrap_or_else(|_| Err(Error::internal("a transaction body panicked")));
        let r = match r {
            Ok(v) => tx.conn.flush().await.map(|()| v),
            Err(e) => Err(e),
        };
        tx.conn.forget();
        let r = tx.verdict(r, store.0.demand_audit);
        if r.is_err() {
            tx.simple("ROLLBACK TO dry").await?;
        }
        tx.simple("RELEASE dry").await?;
        r
    }
}

/// The answer of one that was interrupted.
fn too_long() -> Error {
    let text = "a rehearsal may take 2 seconds, and this one took longer: it was interrupted, and nothing of it stays";
    Error::new(Kind::Unavailable, text).code("rehearsal_too_long")
}

impl Store {
    /// Lets `rehearse` work on a store in which nothing stays. What it starts beside itself must be over when it ends.
    ///
    /// # Errors
    /// Its own; [`crate::error::Kind::Unavailable`] when others are before it, no connection comes free, or it takes longer
    /// than [`PATIENCE`].
    pub async fn rehearse<T, F>(&self, rehearse: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(Store) -> BoxFuture<'static, Result<T>> + Send + 'static,
    {
        tx::outside()?;
        if self.rehearsed() {
            return Err(Error::internal("a rehearsal in a rehearsal"));
        }
        let mine = tokio::time::timeout(LINE, self.0.rehearsals.clone().acquire_owned()).await;
        let mine = mine.map_err(|_| {
            let text = "other rehearsals are under way; try again shortly";
            Error::new(Kind::Unavailable, text).retry_after(1)
        })?;
        let mine = mine.map_err(Error::unavailable)?;
        let store = self.clone();
        let whole = async move {
            let _mine = mine;
            // On PostgreSQL its place in the line of bulk work, to the end.
            let (driver, back, _turn) = match &store.0.backend {
                Backend::Lite(l) => {
                    let (conn, back) = l.lend(PATIENCE).await?;
                    (Driver::Lite(conn), Some(back), None)
                }
                Backend::Pg(p) => {
                    let (conn, turn) = p.lend(PATIENCE).await?;
                    (Driver::Pg(conn), None, Some(turn))
                }
                Backend::Dry(_) => return Err(Error::internal("a rehearsal in a rehearsal")),
            };
            let until = Instant::now() + PATIENCE;
            let held = Arc::new(Mutex::new(Some(driver)));
            let dry = Dry { held: held.clone(), postgres: store.is_postgres() };
            let dry = Store(Arc::new(Inner {
                backend: Backend::Dry(dry),
                clock: store.0.clock.clone(),
                feed: Arc::new(Feed::new()),
                scans: store.0.scans.clone(),
                rehearsals: store.0.rehearsals.clone(),
                demand_audit: store.0.demand_audit,
                lent: store.0.lent.clone(),
                // What does not stay is not done.
                ending: Arc::default(),
                wanted: Arc::default(),
                stop: CancellationToken::new().drop_guard(),
            }));
            let run = AssertUnwindSafe(REHEARSING.scope((), rehearse(dry))).catch_unwind();
            let r = match tokio::time::timeout(PATIENCE, run).await {
                // The database's own watch began a moment earlier.
                Ok(Ok(Err(e))) if e.code_str() == Some(lite::INTERRUPTED) => Err(too_long()),
                Ok(Ok(r)) => r,
                Ok(Err(_)) => Err(Error::internal("a rehearsal panicked")),
                Err(_) => Err(too_long()),
            };
            // What it made of being interrupted is not what would have become of it.
            let r = if Instant::now() < until { r } else { Err(too_long()) };
            // A connection that is not given back is closed by whoever holds it, which undoes it as well.
            let held = tokio::time::timeout(WAIT, held.lock()).await;
            match held.ok().and_then(|mut h| h.take()) {
                Some(Driver::Lite(c)) => {
                    if let Some(back) = back {
                        let _ = back.send(c);
                    }
                }
                Some(Driver::Pg(mut c)) => c.undo().await,
                None => {}
            }
            r
        };
        // To its end, whoever waits for it.
        let task = tokio::spawn(whole);
        task.await.unwrap_or_else(|_| Err(Error::internal("a rehearsal was cut short")))
    }
}
