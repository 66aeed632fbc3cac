//! One transaction. A body gets only [`Tx`]: no pool, no network, no clock of its own.

use super::{
    Backend, Change, Conn, Scope, Stmt, Store, Topic, dry, lite, pg, sql::Driver, value::Param,
};
use crate::{
    actor::Actor,
    clock::Timestamp,
    error::{Error, Result},
    id::{RequestId, TenantId},
};
use futures::future::BoxFuture;
use std::{any::Any, sync::Arc};

/// What a transaction is run for: who acts, and whose rows it may see. Permits make these (`permit.cx()`).
#[derive(Debug, Clone)]
pub struct Cx {
    /// Who.
    pub actor: Actor,
    /// Whose rows.
    pub scope: Scope,
    /// Revocations and token writes go in a lane of their own, ahead of bulk work.
    pub urgent: bool,
    /// What the store lends, once it runs.
    lent: Option<Lent>,
    /// Who says what is to be told of, likewise.
    wanted: Option<Wanted>,
}

/// What is done about something that was recorded, for those outside who hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Nobody wants to hear of it.
    No,
    /// It is told, behind what is told at once.
    Later,
    /// It is told at once.
    AtOnce,
}

/// Says whether somebody wants to hear of something of a tenant, by its name; of what it remembers, as it is asked for every
/// event.
#[derive(Clone)]
pub struct Wanted(Arc<Ask>);
type Ask = dyn Fn(TenantId, &str) -> Telling + Send + Sync;

impl Wanted {
    /// By this.
    pub fn by(f: impl Fn(TenantId, &str) -> Telling + Send + Sync + 'static) -> Self {
        Self(Arc::new(f))
    }
}
impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted")
    }
}

/// What a transaction ends with: it is told the request.
pub type Ending = fn(&mut Tx, RequestId) -> BoxFuture<'_, Result<()>>;

/// A body, and what its transaction ends with.
pub(super) async fn whole<T, F>(store: &Store, tx: &mut Tx, body: &F) -> Result<T>
where
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>>,
{
    let out = body(tx).await?;
    tx.end(store).await?;
    Ok(out)
}

/// What is lent to every transaction.
pub(super) type Lent = Arc<dyn Any + Send + Sync>;

impl Cx {
    /// A context for `actor` over `scope`.
    pub fn new(actor: Actor, scope: Scope) -> Self {
        Self { actor, scope, urgent: false, lent: None, wanted: None }
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
        Self { conn, now, cx, audited: false, changes: Vec::new(), depth: 0 }
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
    /// What was lent to every transaction ([`Store::lend`]).
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when nothing of this type was.
    pub fn lent<T: Any + Send + Sync>(&self) -> Result<Arc<T>> {
        let lent = self.cx.lent.clone().and_then(|l| l.downcast::<T>().ok());
        lent.ok_or_else(|| Error::internal("nothing of the kind was lent to this transaction"))
    }
    /// Whether somebody wants to hear of what happened to a tenant by this name ([`Store::asks_for`]).
    pub fn wanted(&self, tenant: TenantId, what: &str) -> Telling {
        self.cx.wanted.as_ref().map_or(Telling::No, |w| w.0(tenant, what))
    }
    /// Runs a statement and says how many rows changed. (Only a transaction has this; the reading calls, which
    /// RETURNING needs as well, are [`Conn`]'s.)
    ///
    /// # Errors
    /// As [`Store::write`]; the first error poisons the transaction.
    pub async fn exec(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<u64> {
        self.conn.exec(s, params).await
    }
    /// Writes a row of its own whose number nobody asks. PostgreSQL gets them together with others of their kind, before the next
    /// statement or at the end: an audit event costs no round trip of its own.
    ///
    /// # Errors
    /// As [`Store::write`]; the first error poisons the transaction.
    pub async fn later(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<()> {
        self.conn.later(s, params).await
    }
    /// As [`Self::later`], of an UPDATE that must change one row: where it changes none (somebody was quicker), nothing is
    /// done of what goes with it, and the transaction fails with what [`super::stale`] knows. A body that asks for
    /// nothing but what is written later is one statement on PostgreSQL.
    ///
    /// # Errors
    /// As [`Store::write`]; the first error poisons the transaction.
    pub async fn later_one(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<()> {
        self.conn.later_one(s, params).await
    }
    /// Takes a named lock to the end of the transaction: before reading what the body decides on.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unavailable`] when the database does not grant it in time.
    pub async fn lock(&mut self, lock: Lock) -> Result<()> {
        self.conn.flush().await?;
        self.conn.alive()?;
        let r = match self.conn.driver.get() {
            Driver::Lite(_) => Ok(()),
            Driver::Pg(c) => c.lock(&format!("{lock:?}"), None).await,
        };
        self.conn.noted(r)
    }
    /// Takes two at once, in one round trip: `own` as [`Self::lock`] does, `shared` beside all who take it so, and
    /// against those who take it with [`Self::lock`].
    ///
    /// # Errors
    /// As [`Self::lock`].
    pub async fn lock_beside(&mut self, own: Lock, shared: Lock) -> Result<()> {
        self.conn.flush().await?;
        self.conn.alive()?;
        let r = match self.conn.driver.get() {
            Driver::Lite(_) => Ok(()),
            Driver::Pg(c) => c.lock(&format!("{own:?}"), Some(&format!("{shared:?}"))).await,
        };
        self.conn.noted(r)
    }
    /// Runs `body` in a savepoint: its error is contained, what it wrote is undone, and `self` goes on.
    ///
    /// # Errors
    /// The body's.
    pub async fn savepoint<T, F>(&mut self, body: F) -> Result<T>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T>>,
    {
        self.conn.alive()?;
        self.depth += 1;
        let name = format!("s{}", self.depth);
        let (rows, audited, changes) = (self.conn.rows, self.audited, self.changes.len());
        self.simple(&format!("SAVEPOINT {name}")).await?;
        let r = match body(self).await {
            Ok(v) => self.conn.flush().await.map(|()| v),
            Err(e) => Err(e),
        };
        self.conn.forget();
        let r = truth(r, self.conn.poison.take());
        if r.is_err() {
            self.conn.rows = rows;
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

    async fn end(&mut self, store: &Store) -> Result<()> {
        let actor = &self.cx.actor;
        match store.0.ending.get() {
            Some(ending) if actor.is_keyed() && self.conn.rows > 0 => {
                let request = actor.request();
                ending(self, request).await
            }
            _ => Ok(()),
        }
    }
    pub(super) async fn simple(&mut self, text: &str) -> Result<()> {
        self.conn.flush().await?;
        let r = match self.conn.driver.get() {
            Driver::Lite(c) => c.batch(text),
            Driver::Pg(c) => c.batch(text.to_owned()).await.map(|_| ()),
        };
        self.conn.noted(r)
    }
    /// What the body's answer really is: poison wins over a swallowed error, and tests demand an audit event.
    pub(super) fn verdict<T>(&mut self, r: Result<T>, demand_audit: bool) -> Result<T> {
        let r = truth(r, self.conn.poison.take());
        if r.is_ok() && demand_audit && self.conn.rows > 0 && !self.audited {
            return Err(Error::internal("a transaction changed rows and recorded no audit event"));
        }
        r
    }
}

/// The first error of the database stands, whatever the body made of it; where the body has an error of its own,
/// that is the answer, unless the database said "try again".
fn truth<T>(r: Result<T>, poison: Option<Error>) -> Result<T> {
    match (r, poison) {
        (Ok(_), Some(p)) => Err(p),
        (Err(_), Some(p)) if p.code_str() == Some(pg::RETRY) => Err(p),
        (r, _) => r,
    }
}

tokio::task_local! { pub(super) static IN_TX: (); }

/// A body has its `Tx` and nothing else: what it did beside it would stay when it is undone, or wait for itself.
pub(super) fn outside() -> Result<()> {
    if IN_TX.try_with(|()| ()).is_ok() || lite::on_writer_thread() {
        return Err(Error::internal("a transaction body used the store beside its Tx"));
    }
    Ok(())
}

pub(super) async fn run<T, F>(store: &Store, cx: &Cx, body: F) -> Result<T>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut Tx) -> BoxFuture<'c, Result<T>> + Send + Sync + 'static,
{
    outside()?;
    let cx = Cx {
        lent: store.0.lent.get().cloned(),
        wanted: store.0.wanted.get().cloned(),
        ..cx.clone()
    };
    match &store.0.backend {
        Backend::Dry(d) => return d.run(store, cx, body).await,
        _ => dry::not_rehearsing()?,
    }
    match &store.0.backend {
        Backend::Lite(l) => l.run(store, cx, body).await,
        _ => pg::run(store, cx, body).await,
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
