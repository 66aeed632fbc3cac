//! One transaction. A body gets only [`Tx`]: no pool, no network, no clock of its own.

use super::{Backend, Change, Conn, Scope, Stmt, Store, Topic, lite, pg, value::Param};
use crate::{
    actor::Actor,
    clock::Timestamp,
    error::{Error, Result},
};
use futures::future::BoxFuture;

/// What a transaction is run for: who acts, and whose rows it may see. Permits make these (`permit.cx()`).
#[derive(Debug, Clone)]
pub struct Cx {
    /// Who.
    pub actor: Actor,
    /// Whose rows.
    pub scope: Scope,
    /// Revocations and token writes go in a lane of their own, ahead of bulk work.
    pub urgent: bool,
}
impl Cx {
    /// A context for `actor` over `scope`.
    pub fn new(actor: Actor, scope: Scope) -> Self {
        Self { actor, scope, urgent: false }
    }
    /// In the lane of revocations and tokens.
    #[must_use]
    pub fn urgent(mut self) -> Self {
        self.urgent = true;
        self
    }
}

/// A named lock, held to the end of the transaction. On SQLite there is one writer, so it costs nothing there.
#[derive(Debug, Clone)]
pub enum Lock {
    /// The administrators of a tenant (`None`: of the instance): taken by every write that could remove one.
    Admins(Option<crate::id::TenantId>),
    /// One user's rows.
    User(crate::id::UserId),
    /// One group's rows.
    Group(crate::id::GroupId),
    /// Anything else, by name.
    Named(String),
}

/// A running transaction. Dereferences to [`Conn`] for reads.
pub struct Tx {
    pub(super) conn: Conn,
    pub(super) now: Timestamp,
    pub(super) cx: Cx,
    pub(super) poison: Option<Error>,
    pub(super) rows: u64,
    pub(super) audited: bool,
    pub(super) changes: Vec<Change>,
    pub(super) depth: u32,
}

impl std::ops::Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}
impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl Tx {
    pub(super) fn new(conn: Conn, now: Timestamp, cx: Cx) -> Self {
        Self { conn, now, cx, poison: None, rows: 0, audited: false, changes: Vec::new(), depth: 0 }
    }
    /// The one "now" of this transaction.
    pub fn now(&self) -> Timestamp {
        self.now
    }
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.cx.actor
    }
    /// Whose rows it may see.
    pub fn scope(&self) -> Scope {
        self.cx.scope
    }
    /// Runs a statement and says how many rows changed.
    ///
    /// # Errors
    /// As [`Store::write`]; the first error poisons the transaction.
    pub async fn exec(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<u64> {
        self.alive()?;
        let r = self.conn.exec(s, params).await;
        self.note(r)
    }
    /// All rows (of a query or of RETURNING).
    ///
    /// # Errors
    /// As [`Store::write`]; the first error poisons the transaction.
    pub async fn all<T: super::FromRow>(
        &mut self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
    ) -> Result<Vec<T>> {
        self.alive()?;
        match self.conn.all(s, params).await {
            Ok(v) => Ok(v),
            Err(e) => Err(self.poisoned(e)),
        }
    }
    /// The row, if there is one.
    ///
    /// # Errors
    /// As [`Store::write`]; the first error poisons the transaction.
    pub async fn opt<T: super::FromRow>(
        &mut self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
    ) -> Result<Option<T>> {
        self.alive()?;
        match self.conn.opt(s, params).await {
            Ok(v) => Ok(v),
            Err(e) => Err(self.poisoned(e)),
        }
    }
    /// The row.
    ///
    /// # Errors
    /// As [`Store::write`]; the first error poisons the transaction.
    pub async fn one<T: super::FromRow>(
        &mut self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
    ) -> Result<T> {
        self.opt(s, params).await?.ok_or_else(|| Error::internal(format!("no row: {}", s.pg)))
    }
    /// Takes a named lock to the end of the transaction: before reading what the body decides on.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unavailable`] when the database does not grant it in time.
    pub async fn lock(&mut self, lock: Lock) -> Result<()> {
        self.alive()?;
        let r = match &mut self.conn {
            Conn::Lite(_) => Ok(()),
            Conn::Pg(c) => c.lock(&format!("{lock:?}")).await,
        };
        r.map_err(|e| self.poisoned(e))
    }
    /// Runs `body` in a savepoint: its error is contained, what it wrote is undone, and `self` goes on.
    ///
    /// # Errors
    /// The body's.
    pub async fn savepoint<T, F>(&mut self, body: F) -> Result<T>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T>>,
    {
        self.alive()?;
        self.depth += 1;
        let name = format!("s{}", self.depth);
        let (rows, audited, changes) = (self.rows, self.audited, self.changes.len());
        self.simple(&format!("SAVEPOINT {name}")).await?;
        let r = body(self).await;
        let r = match (r, self.poison.take()) {
            (Ok(_), Some(e)) => Err(e),
            (r, _) => r,
        };
        if r.is_err() {
            self.rows = rows;
            self.audited = audited;
            self.changes.truncate(changes);
            self.simple(&format!("ROLLBACK TO {name}")).await?;
        }
        self.simple(&format!("RELEASE {name}")).await?;
        self.depth -= 1;
        r
    }
    /// Announces that something cached may have changed; delivered after the commit and before the answer.
    pub fn changed(&mut self, topic: Topic) {
        self.changes.push(Change::new(topic));
    }
    /// `audit` says here that it recorded an event.
    pub fn mark_audited(&mut self) {
        self.audited = true;
    }
    /// For rows that are bookkeeping and not anybody's act (last-used times, flow rows, leases); `why` is for the
    /// reader of the code.
    pub fn unaudited(&mut self, _why: &'static str) {
        self.audited = true;
    }

    async fn simple(&mut self, text: &str) -> Result<()> {
        let r = match &mut self.conn {
            Conn::Lite(c) => c.batch(text),
            Conn::Pg(c) => c.batch(text.to_owned()).await,
        };
        r.map_err(|e| self.poisoned(e))
    }
    fn alive(&self) -> Result<()> {
        match &self.poison {
            Some(e) => Err(e.clone()),
            None => Ok(()),
        }
    }
    fn poisoned(&mut self, e: Error) -> Error {
        self.poison.get_or_insert_with(|| e.clone());
        e
    }
    fn note(&mut self, r: Result<u64>) -> Result<u64> {
        match r {
            Ok(n) => {
                self.rows += n;
                Ok(n)
            }
            Err(e) => Err(self.poisoned(e)),
        }
    }
    /// What the body's answer really is: poison wins over a swallowed error, and tests demand an audit event.
    pub(super) fn verdict<T>(&mut self, r: Result<T>, demand_audit: bool) -> Result<T> {
        match (r, self.poison.take()) {
            (Ok(_), Some(e)) => Err(e),
            (Ok(_), None) if demand_audit && self.rows > 0 && !self.audited => {
                Err(Error::internal("a transaction changed rows and recorded no audit event"))
            }
            (r, _) => r,
        }
    }
}

tokio::task_local! { pub(super) static IN_TX: (); }

pub(super) async fn run<T, F>(store: &Store, cx: &Cx, body: F) -> Result<T>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    if IN_TX.try_with(|()| ()).is_ok() || lite::on_writer_thread() {
        return Err(Error::internal(
            "a write inside a transaction body that is not through its Tx",
        ));
    }
    match &store.0.backend {
        Backend::Lite(l) => l.run(store, cx.clone(), body).await,
        Backend::Pg(_) => {
            let (store, cx) = (store.clone(), cx.clone());
            tokio::spawn(async move { pg::run(&store, cx, body).await }).await.unwrap_or_else(|e| {
                Err(Error::internal(format!("a transaction body panicked: {e}")))
            })
        }
    }
}

/// `tx!(store, &cx, [a, b], |tx| { ... })`: the body is async code over `tx: &mut Tx`; the captures are cloned for
/// each attempt.
#[macro_export]
macro_rules! tx {
    ($store:expr, $cx:expr, [$($v:ident),* $(,)?], |$tx:ident| $body:block) => {{
        $(let $v = $v.clone();)*
        $store.write($cx, move |$tx: &mut $crate::store::Tx| {
            $(#[allow(unused_variables)] let $v = $v.clone();)*
            Box::pin(async move $body)
        }).await
    }};
}
