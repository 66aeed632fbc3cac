//! Two databases, one text. SQLite by rusqlite on one writer thread with group commit, PostgreSQL by sqlx; a
//! repository function (`db.rs` of a room) is written once over [`Conn`] or [`Tx`] with [`sql!`](crate::sql) and
//! [`row!`](crate::row). No other room names a driver.
//!
//! * Reads: `let mut c = store.read(scope).await?; users::db::get(&mut c, ...).await?`.
//! * Writes: `tx!(store, &cx, [captures], |tx| { ... }).await?`: one transaction, run again on a serialisation
//!   failure, so the body does nothing but talk to `tx`. Its first error poisons `tx`; only [`Tx::savepoint`]
//!   contains one. What must survive a refusal is an `Ok` with an outcome.
//! * A body that decides on what it read takes a [`Lock`] first.

mod cache;
mod dry;
pub mod examine;
mod fair;
mod feed;
mod lite;
pub mod migrate;
mod pg;
mod pieces;
mod sql;
mod tx;
mod value;

pub use cache::Cache;
pub use fair::{Fair, Turn};
pub use feed::{Change, Topic};
pub use pg::Single;
pub use sql::{Conn, FromRow, RowReader, Stmt, lite_bytes, statements};
use tx::Lent;
pub use tx::{Cx, Ending, Lock, Telling, Tx, Wanted};
pub use value::{Column, J, List, Param, enum_column, lite_text};

use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
    id::TenantId,
};
use futures::future::BoxFuture;
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Which tenants' rows a connection may see. On PostgreSQL row-level security enforces it; on both, every
/// statement names its tenant as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One tenant.
    Tenant(TenantId),
    /// Two tenants at once: an act of a provider's person in a customer's tenant leaves a trace in both.
    Tenants(TenantId, TenantId),
    /// The whole instance: looking up whose a credential is, listing tenants, the server's own workers.
    Platform,
}

/// Where the data is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database.
    pub database: Database,
    /// Read connections (SQLite) or pool size (PostgreSQL).
    pub connections: u32,
    /// SQLite: `synchronous=FULL` (durable across power loss) when true, `NORMAL` when false.
    pub durable: bool,
    /// Fail a transaction that changed rows and recorded no audit event (tests).
    pub demand_audit: bool,
}

/// The two databases.
#[derive(Debug, Clone)]
pub enum Database {
    /// The embedded database in this file.
    Sqlite(PathBuf),
    /// PostgreSQL at this URL.
    Postgres(crate::secret::Secret),
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Backend,
    clock: Clock,
    feed: Arc<feed::Feed>,
    /// Who may read what takes long: half of the connections are left to everybody else.
    scans: Fair,
    /// One rehearsal at a time.
    rehearsals: Arc<Semaphore>,
    demand_audit: bool,
    /// What a room above lends to every transaction.
    lent: Arc<OnceLock<Lent>>,
    /// What transactions end with.
    ending: Arc<OnceLock<Ending>>,
    /// Who says what is to be told of.
    wanted: Arc<OnceLock<Wanted>>,
    /// Ends the tasks that follow other nodes.
    stop: DropGuard,
}

enum Backend {
    Lite(lite::Lite),
    Pg(Box<pg::Pg>),
    /// Either of them, in a transaction that is undone.
    Dry(dry::Dry),
}

/// Long reads of one tenant that may wait.
const SCANS_WAITING: usize = 1024;

impl Store {
    /// Opens and migrates.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unavailable`] when the database cannot be opened or is newer than this program.
    pub async fn open(options: &Options, clock: Clock) -> Result<Self> {
        let backend = match &options.database {
            Database::Sqlite(path) => Backend::Lite(lite::Lite::open(path, options)?),
            Database::Postgres(url) => Backend::Pg(Box::new(pg::Pg::open(url, options).await?)),
        };
        let stop = CancellationToken::new();
        let store = Self(Arc::new(Inner {
            backend,
            clock,
            feed: Arc::new(feed::Feed::new()),
            scans: Fair::new(options.connections as usize / 2, SCANS_WAITING),
            rehearsals: Arc::new(Semaphore::new(1)),
            demand_audit: options.demand_audit,
            lent: Arc::default(),
            ending: Arc::default(),
            wanted: Arc::default(),
            stop: stop.clone().drop_guard(),
        }));
        feed::start(&store, stop.clone()).await?;
        pg::keep_figures(&store, stop);
        Ok(store)
    }
    fn pg(&self) -> Result<&pg::Pg> {
        match &self.0.backend {
            Backend::Pg(p) => Ok(p),
            _ => Err(Error::internal("not PostgreSQL")),
        }
    }
    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    /// Lends something to every transaction from now on, which [`Tx::lent`] finds again: what a decision needs that is
    /// neither in the database nor in a body's captures. The first that is lent stays.
    pub fn lend<T: std::any::Any + Send + Sync>(&self, what: Arc<T>) {
        // Whoever is second lends what is lent already: a program has one of it.
        let _ = self.0.lent.set(what);
    }
    /// What every transaction ends with that changed rows for somebody whose request is to be done once. The first that is
    /// set stays.
    pub fn end_with(&self, ending: Ending) {
        // A program has one.
        let _ = self.0.ending.set(ending);
    }
    /// Who says, of everything that is recorded, whether somebody wants to hear of it. The first that is set stays.
    pub fn asks_for(&self, wanted: Wanted) {
        // A program has one.
        let _ = self.0.wanted.set(wanted);
    }
    /// Whether this is PostgreSQL (for reports and tests; code that asks this to decide wants `{lite:, pg:}`).
    pub fn is_postgres(&self) -> bool {
        match &self.0.backend {
            Backend::Pg(_) => true,
            Backend::Lite(_) => false,
            Backend::Dry(d) => d.postgres,
        }
    }
    /// Whether it is a rehearsal's, in which nothing stays.
    pub fn rehearsed(&self) -> bool {
        matches!(self.0.backend, Backend::Dry(_))
    }
    /// A connection for reads. Hold it briefly; on SQLite statements run inline.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unavailable`] when none comes free in time; [`crate::error::Kind::Internal`] inside a
    /// transaction body, which reads through its `Tx`.
    pub async fn read(&self, scope: Scope) -> Result<Conn> {
        self.reading(scope, false).await
    }
    /// As [`Self::read`], for a statement of many tables that finds its rows by indexes and is always the same: PostgreSQL
    /// makes its plan once and not for each that is asked about, which takes longer than finding the rows.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_steadily(&self, scope: Scope) -> Result<Conn> {
        self.reading(scope, true).await
    }
    async fn reading(&self, scope: Scope, steady: bool) -> Result<Conn> {
        tx::outside()?;
        match &self.0.backend {
            Backend::Lite(l) => l.read().await,
            Backend::Pg(p) => p.read(pg::Want { scope, steady }).await,
            Backend::Dry(d) => d.read(scope).await,
        }
    }
    /// As [`Self::read`], for what may take long (a page of a filtered list, all members of a group): other requests
    /// go on meanwhile, and tenants take turns. Whoever holds one does not ask for another.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn scan(&self, scope: Scope) -> Result<Conn> {
        tx::outside()?;
        let whose = match scope {
            Scope::Tenant(t) | Scope::Tenants(t, _) => t,
            Scope::Platform => TenantId::PLATFORM,
        };
        let turn = self.0.scans.turn(whose).await?;
        let mut c = self.read(scope).await?;
        c.long = Some(turn);
        Ok(c)
    }
    /// For a transaction of one statement that must cost one round trip, announces nothing and finds its rows by an
    /// index. `None` on SQLite, where there is no way to save: use [`tx!`](crate::tx) then. It waits a moment for what
    /// others have locked, and no longer ([`undone`]). There are [`SHARED`] at once.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn single(&self, cx: &Cx) -> Result<Option<Single>> {
        tx::outside()?;
        dry::not_rehearsing()?;
        match &self.0.backend {
            Backend::Lite(_) => Ok(None),
            Backend::Pg(p) => p.single(cx).await.map(Some),
            Backend::Dry(_) => Err(Error::internal("a statement of its own in a rehearsal")),
        }
    }
    /// One transaction; use [`tx!`](crate::tx), which clones the captures for each attempt. The body runs to its
    /// end even if the caller goes away; a body that has not begun by then is dropped.
    ///
    /// # Errors
    /// The body's own, [`crate::error::Kind::Conflict`] from an index, [`crate::error::Kind::Unavailable`] when
    /// the queue is full or the disk refuses.
    pub async fn write<T, F>(&self, cx: &Cx, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
    {
        tx::run(self, cx, body).await
    }
    /// Closes the database once what runs has ended; later calls fail.
    pub async fn close(&self) {
        self.0.stop.token().cancel();
        match &self.0.backend {
            Backend::Lite(l) => l.close().await,
            Backend::Pg(p) => p.close().await,
            Backend::Dry(_) => {}
        }
    }
    /// Called with every committed change before the writer is answered (this node) or within a second (others).
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        self.0.feed.listen(Box::new(listener));
    }
}

/// Whether a statement that failed did nothing since another transaction was in its way: it may be run again.
pub fn undone(e: &Error) -> bool {
    matches!(e.code_str(), Some(pg::RETRY | pg::LOCKED))
}

/// Whether nobody can say what became of a statement that failed: the connection was lost while it ran.
pub fn unknown(e: &Error) -> bool {
    e.code_str() == Some(pg::UNKNOWN)
}

/// Whether a transaction failed because a row is not any more what its writer saw ([`Tx::later_one`]); nothing was done.
pub fn stale(e: &Error) -> bool {
    e.code_str() == Some(pg::STALE)
}

/// How many [`Store::single`] run at once.
pub const SHARED: u32 = pg::SHARED;

/// The answer when too many bodies wait.
fn full() -> Error {
    Error::new(Kind::Unavailable, "too many writes are waiting; try again shortly").retry_after(1)
}
