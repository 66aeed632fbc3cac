//! A rehearsal: a store whose reads and writes all go through one transaction that is undone in the end. Whoever is given
//! one works as ever and sees what they wrote; no row stays, no cache hears of it, nobody else's database does either.
//! On SQLite the writer lends its connection meanwhile, so that a rehearsal keeps other writers waiting and is short.

use super::{
    Backend, Conn, Cx, Inner, Scope, Store, Tx,
    feed::Feed,
    sql::{Driver, Held},
    tx::{self, IN_TX},
};
use crate::error::{Error, Result};
use futures::{FutureExt as _, future::BoxFuture};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

/// How long a rehearsal may take; less than the writer waits for its connection.
const PATIENCE: Duration = Duration::from_secs(3);
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
        let out = AssertUnwindSafe(IN_TX.scope((), body(&mut tx))).catch_unwind().await;
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

impl Store {
    /// Lets `rehearse` work on a store in which nothing stays. What it starts beside itself must be over when it ends.
    ///
    /// # Errors
    /// Its own; [`crate::error::Kind::Unavailable`] when no connection comes free, or it takes longer than 3 s.
    pub async fn rehearse<T, F>(&self, rehearse: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(Store) -> BoxFuture<'static, Result<T>> + Send + 'static,
    {
        tx::outside()?;
        let store = self.clone();
        let whole = async move {
            let (driver, back) = match &store.0.backend {
                Backend::Lite(l) => {
                    let (conn, back) = l.lend().await?;
                    (Driver::Lite(conn), Some(back))
                }
                Backend::Pg(p) => (Driver::Pg(p.lend().await?), None),
                Backend::Dry(_) => return Err(Error::internal("a rehearsal in a rehearsal")),
            };
            let held = Arc::new(Mutex::new(Some(driver)));
            let dry = Dry { held: held.clone(), postgres: store.is_postgres() };
            let dry = Store(Arc::new(Inner {
                backend: Backend::Dry(dry),
                clock: store.0.clock.clone(),
                feed: Arc::new(Feed::new()),
                scans: store.0.scans.clone(),
                demand_audit: store.0.demand_audit,
                stop: CancellationToken::new().drop_guard(),
            }));
            let run = AssertUnwindSafe(REHEARSING.scope((), rehearse(dry))).catch_unwind();
            let r = match tokio::time::timeout(PATIENCE, run).await {
                Ok(Ok(r)) => r,
                Ok(Err(_)) => Err(Error::internal("a rehearsal panicked")),
                Err(_) => Err(Error::unavailable("a rehearsal took too long")),
            };
            // A connection that is not given back is closed by whoever holds it, which undoes it as well.
            let held = tokio::time::timeout(WAIT, held.lock()).await;
            match held.ok().and_then(|mut h| h.take()) {
                Some(Driver::Lite(c)) => {
                    if let Some(back) = back {
                        let _ = back.send(c);
                    }
                }
                Some(Driver::Pg(mut c)) => {
                    c.open = c.batch("ROLLBACK".to_owned()).await.is_err();
                }
                None => {}
            }
            r
        };
        // To its end, whoever waits for it.
        let task = tokio::spawn(whole);
        task.await.unwrap_or_else(|_| Err(Error::internal("a rehearsal was cut short")))
    }
}
