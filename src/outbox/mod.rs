//! Messages that leave because something was committed: written in the transaction, delivered afterwards by workers
//! with a lease, to the handlers that `server` registered. A message is delivered at least once; its id is what a
//! receiver tells a repetition by.

mod db;

use crate::{
    clock::Timestamp,
    error::{Error, Result, UNDELIVERABLE},
    id::{MessageId, TenantId},
    store::{Cx, J, List, Scope, Store, Tx},
    tx,
};
pub use db::Unsent;
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a worker may hold a message before another takes it.
const LEASE: Duration = Duration::from_secs(60);
/// How long a handler may take: well within the lease, so that no two workers hold one message.
const PATIENCE: Duration = Duration::from_secs(30);
/// Attempts before a message is dead: over half a day, as a mail server may be away for a night.
const ATTEMPTS: i64 = 24;
/// Messages taken together.
const BATCH: i64 = 32;
/// While fewer are under way, more are taken: a receiver that hangs takes some of these places, others go on.
const AT_ONCE: usize = 96;
/// The same of those that can wait: a mail server that hangs takes none of the places of the others.
const PATIENT_AT_ONCE: usize = 48;

/// What is told at once: whose access has ended, what somebody has to look at.
const AT_ONCE_RANK: i64 = 0;
/// What can wait behind that.
const PATIENT_RANK: i64 = 1;
/// For messages under way when the worker is told to stop; what is cut off then is handed over again.
const PARTING: Duration = Duration::from_secs(5);

/// Puts a message into the running transaction.
///
/// # Errors
/// As the store.
pub async fn push(
    tx: &mut Tx,
    tenant: TenantId,
    topic: &'static str,
    payload: &Value,
) -> Result<MessageId> {
    put(tx, tenant, topic, payload, AT_ONCE_RANK).await
}

/// The same of a message that can wait: however many of these there are, what was put there by [`push`] goes first.
///
/// # Errors
/// As the store.
pub async fn push_patient(
    tx: &mut Tx,
    tenant: TenantId,
    topic: &'static str,
    payload: &Value,
) -> Result<MessageId> {
    put(tx, tenant, topic, payload, PATIENT_RANK).await
}

async fn put(
    tx: &mut Tx,
    tenant: TenantId,
    topic: &'static str,
    payload: &Value,
    rank: i64,
) -> Result<MessageId> {
    let id = MessageId::new();
    db::insert(tx, id, tenant, topic, &J(payload), rank).await?;
    Ok(id)
}

/// A message as its handler gets it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id, the same at every attempt.
    pub id: MessageId,
    /// Whose.
    pub tenant: TenantId,
    /// What kind.
    pub topic: String,
    /// What it says.
    pub payload: Value,
    /// Attempts before this one.
    pub attempts: i64,
}

/// Why a message was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenUp {
    /// No try would have delivered it ([`UNDELIVERABLE`]); with what the receiver said, where it said something.
    Undeliverable(Option<String>),
    /// It was tried as often as anything is.
    Exhausted,
}

type Handler = Arc<dyn Fn(Message) -> BoxFuture<'static, Result<()>> + Send + Sync>;

type Last = Arc<
    dyn for<'a> Fn(&'a mut Tx, &'a Message, GivenUp) -> BoxFuture<'a, Result<()>> + Send + Sync,
>;

/// Delivers. A topic without a handler is settled at once: nobody listens. A handler's error is tried again, but for one
/// with the code [`UNDELIVERABLE`].
#[derive(Clone)]
pub struct Worker {
    store: Store,
    cx: Cx,
    handlers: Arc<HashMap<&'static str, Handler>>,
    last: Arc<HashMap<&'static str, Last>>,
}

impl Worker {
    /// A worker over `store`; `cx` is the system's own, over the whole platform.
    pub fn new(store: Store, cx: Cx) -> Self {
        Self { store, cx, handlers: Arc::default(), last: Arc::default() }
    }
    /// Registers the handler of a topic.
    #[must_use]
    pub fn on(
        mut self,
        topic: &'static str,
        handler: impl Fn(Message) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        let mut map = (*self.handlers).clone();
        map.insert(topic, Arc::new(handler));
        self.handlers = Arc::new(map);
        self
    }
    /// Registers what is written down when a message of a topic is given up, in the transaction that does so. An error
    /// leaves the message where it was.
    #[must_use]
    pub fn when_given_up(
        mut self,
        topic: &'static str,
        note: impl for<'a> Fn(&'a mut Tx, &'a Message, GivenUp) -> BoxFuture<'a, Result<()>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let mut map = (*self.last).clone();
        map.insert(topic, Arc::new(note));
        self.last = Arc::new(map);
        self
    }
    /// Runs until `stop`. New messages are taken while others are under way: nobody waits for a slow receiver.
    pub async fn run(self, stop: CancellationToken) {
        // Each delivery is a task of its own: one that only went on while we wait for it would keep its connection to the
        // database while we ask for one.
        let (mut prompt, mut patient) = (JoinSet::new(), JoinSet::new());
        loop {
            let mut wait = Duration::from_millis(500);
            let rank = if patient.len() < PATIENT_AT_ONCE { PATIENT_RANK } else { AT_ONCE_RANK };
            if prompt.len() < AT_ONCE {
                match self.take(rank).await {
                    Ok(taken) => {
                        if !taken.is_empty() {
                            wait = Duration::ZERO;
                        }
                        for row in taken {
                            let waits = row.rank >= PATIENT_RANK;
                            let under_way = if waits { &mut patient } else { &mut prompt };
                            under_way.spawn(self.clone().whole(row));
                        }
                    }
                    Err(e) => {
                        tracing::warn!(error = ?e, "the outbox cannot be read");
                        wait = Duration::from_secs(5);
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = prompt.join_next() => {}
                Some(_) = patient.join_next() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        let all = async {
            while prompt.join_next().await.is_some() {}
            while patient.join_next().await.is_some() {}
        };
        let _ = tokio::time::timeout(PARTING, all).await;
    }
    async fn whole(self, row: db::Taken) {
        // One that cannot be settled is handed over again when its lease ends.
        if let Err(e) = self.hand_over(row).await {
            tracing::warn!(error = ?e, "a delivery cannot be written down");
        }
    }
    /// Takes what is due, delivers it, and says how many messages it took.
    ///
    /// # Errors
    /// As the store; a handler's error delays its message instead.
    pub async fn once(&self) -> Result<usize> {
        let taken = self.take(PATIENT_RANK).await?;
        let n = taken.len();
        let mut under_way: FuturesUnordered<_> =
            taken.into_iter().map(|row| self.hand_over(row)).collect();
        let mut settled = Ok(n);
        while let Some(one) = under_way.next().await {
            // The others go on.
            if let Err(e) = one {
                settled = Err(e);
            }
        }
        settled
    }
    /// Leases what is due, of this rank or before it.
    async fn take(&self, rank: i64) -> Result<Vec<db::Taken>> {
        // A look without a transaction first: an idle instance writes nothing.
        let now = self.store.clock().now();
        let mut c = self.store.read(Scope::Platform).await?;
        if !db::any_due(&mut c, now, rank).await? {
            return Ok(Vec::new());
        }
        drop(c);
        let cx = self.cx.clone();
        tx!(self.store, &cx, [], |tx| {
            tx.unaudited("a lease");
            let until = tx.now().plus(LEASE);
            db::take(tx, until, BATCH, rank).await
        })
    }
    async fn hand_over(&self, row: db::Taken) -> Result<()> {
        let lease = row.leased_until;
        let message = Message {
            id: row.id,
            tenant: row.tenant_id,
            topic: row.topic,
            payload: row.payload.0,
            attempts: row.attempts,
        };
        let outcome = self.deliver(message.clone()).await;
        self.settle(message, outcome, lease).await?;
        Ok(())
    }
    async fn deliver(&self, message: Message) -> Outcome {
        let Some(handler) = self.handlers.get(message.topic.as_str()) else {
            return Outcome::Done;
        };
        let run = AssertUnwindSafe(async { handler(message).await }).catch_unwind();
        match tokio::time::timeout(PATIENCE, run).await {
            Ok(Ok(Ok(()))) => Outcome::Done,
            Ok(Ok(Err(e))) if e.code_str() == Some(UNDELIVERABLE) => Outcome::Never(e),
            Ok(Ok(Err(e))) => Outcome::Later(said(&e)),
            Ok(Err(_)) => Outcome::Later("the handler panicked".to_owned()),
            Err(_) => Outcome::Later(format!("not handed over within {} s", PATIENCE.as_secs())),
        }
    }
    async fn settle(&self, message: Message, outcome: Outcome, lease: Timestamp) -> Result<u64> {
        let (id, attempts) = (message.id, message.attempts + 1);
        let last = self.last.get(message.topic.as_str()).cloned();
        tx!(self.store, &self.cx, [message, outcome, last], |tx| {
            tx.unaudited("delivery is recorded on the message itself");
            match &outcome {
                Outcome::Done => db::done(tx, id).await,
                Outcome::Later(e) if attempts < ATTEMPTS => {
                    let at = tx.now().plus(backoff(attempts));
                    db::later(tx, id, lease, at, e).await
                }
                Outcome::Later(_) | Outcome::Never(_) => {
                    let (e, why) = match outcome {
                        Outcome::Never(e) => {
                            let said = e.operator_text().map(str::to_owned);
                            (self::said(&e), GivenUp::Undeliverable(said))
                        }
                        Outcome::Later(e) => (e, GivenUp::Exhausted),
                        Outcome::Done => (String::new(), GivenUp::Exhausted),
                    };
                    tracing::error!(message = %id, error = e, "a message is given up");
                    let n = db::dead(tx, id, lease, &e).await?;
                    if let Some(note) = last.filter(|_| n > 0) {
                        note(tx, &message, why).await?;
                    }
                    Ok(n)
                }
            }
        })
    }
}

/// What went wrong, for whoever reads the list of letters or the log: what the other side said, where it said anything.
fn said(e: &Error) -> String {
    e.operator_text().unwrap_or(e.detail()).to_owned()
}

/// What came of an attempt.
#[derive(Clone)]
enum Outcome {
    Done,
    Later(String),
    Never(Error),
}

/// 2 s, 4 s, 8 s ... at most an hour, with up to a quarter of jitter.
fn backoff(attempts: i64) -> Duration {
    let base = 1u64 << attempts.clamp(1, 12);
    let secs = base.min(3600);
    Duration::from_millis(secs * 1000 + rand::random_range(0..=secs * 250))
}

/// What a message that was given up was about is done again: nobody need look at it any more.
///
/// # Errors
/// As the store.
pub async fn settled(tx: &mut Tx, tenant: TenantId, id: MessageId) -> Result<u64> {
    db::forget(tx, tenant, id).await
}

/// Removes messages that were delivered before `before`; dead ones stay until somebody looks.
///
/// # Errors
/// As the store.
pub async fn sweep(store: &Store, cx: &Cx, before: Timestamp) -> Result<u64> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("delivered messages expire");
        db::sweep(tx, before).await
    })
}

/// Drops some messages of a tenant that is deleted, delivered or not.
///
/// # Errors
/// As the store.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}

/// The letters of a tenant that have not left: those that wait, and those that were given up; newest first, before `before`.
///
/// # Errors
/// As the store.
pub async fn letters(
    store: &Store,
    t: TenantId,
    before: Option<MessageId>,
    limit: u32,
) -> Result<Vec<Unsent>> {
    let mut c = store.read(Scope::Tenant(t)).await?;
    db::letters(&mut c, t, before, i64::from(limit)).await
}

/// A letter of a tenant's that has not left.
///
/// # Errors
/// As the store.
pub async fn letter(tx: &mut Tx, t: TenantId, id: MessageId) -> Result<Option<Unsent>> {
    db::letter(tx, t, id).await
}

/// Has a letter that has not left tried now, as often again as any; one that was given up only where `anew`. How many there
/// were: none, where it has left, is handed over at this moment, or was given up and may not.
///
/// # Errors
/// As the store.
pub async fn hurry(tx: &mut Tx, t: TenantId, id: MessageId, anew: bool) -> Result<u64> {
    db::hurry(tx, t, id, anew).await
}

/// How many of a tenant's messages of these topics nobody has tried to deliver yet.
///
/// # Errors
/// As the store.
pub async fn untried(store: &Store, t: TenantId, topics: &[&str]) -> Result<i64> {
    let topics = List::Texts(topics.iter().map(|t| (*t).to_owned()).collect());
    let mut c = store.read(Scope::Tenant(t)).await?;
    db::untried(&mut c, t, &topics).await
}
