//! Messages that leave because something was committed: written in the transaction, delivered afterwards by workers
//! with a lease, to the handlers that `server` registered. A message is delivered at least once; its id is what a
//! receiver tells a repetition by.

mod db;

use crate::{
    clock::Timestamp,
    error::Result,
    id::{MessageId, TenantId},
    store::{Cx, J, Scope, Store, Tx},
    tx,
};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use serde_json::Value;
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long a worker may hold a message before another takes it.
const LEASE: Duration = Duration::from_secs(60);
/// How long a handler may take: well within the lease, so that no two workers hold one message.
const PATIENCE: Duration = Duration::from_secs(30);
/// Attempts before a message is dead.
const ATTEMPTS: i64 = 12;
/// Messages taken, and handed over at the same time.
const BATCH: i64 = 32;

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
    let id = MessageId::new();
    db::insert(tx, id, tenant, topic, &J(payload)).await?;
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

type Handler = Arc<dyn Fn(Message) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// Delivers. A topic without a handler is settled at once: nobody listens.
#[derive(Clone)]
pub struct Worker {
    store: Store,
    cx: Cx,
    handlers: Arc<HashMap<&'static str, Handler>>,
}

impl Worker {
    /// A worker over `store`; `cx` is the system's own, over the whole platform.
    pub fn new(store: Store, cx: Cx) -> Self {
        Self { store, cx, handlers: Arc::default() }
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
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let wait = match self.once().await {
                Ok(0) => Duration::from_millis(500),
                Ok(_) => Duration::ZERO,
                Err(e) => {
                    tracing::warn!(error = ?e, "the outbox cannot be read");
                    Duration::from_secs(5)
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
    /// Takes what is due, delivers it, and says how many messages it took.
    ///
    /// # Errors
    /// As the store; a handler's error delays its message instead.
    pub async fn once(&self) -> Result<usize> {
        // A look without a transaction first: an idle instance writes nothing.
        let now = self.store.clock().now();
        let mut c = self.store.read(Scope::Platform).await?;
        if !db::any_due(&mut c, now).await? {
            return Ok(0);
        }
        drop(c);
        let cx = self.cx.clone();
        let taken = tx!(self.store, &cx, [], |tx| {
            tx.unaudited("a lease");
            let until = tx.now().plus(LEASE);
            db::take(tx, until, BATCH).await
        })?;
        let n = taken.len();
        let lease = taken.first().map_or(Timestamp(0), |m| m.leased_until);
        let mut deliveries = FuturesUnordered::new();
        for row in taken {
            deliveries.push(self.deliver(Message {
                id: row.id,
                tenant: row.tenant_id,
                topic: row.topic,
                payload: row.payload.0,
                attempts: row.attempts,
            }));
        }
        let mut settled = Ok(n);
        while let Some((id, attempts, error)) = deliveries.next().await {
            // One that cannot be settled is handed over again when its lease ends; the others go on.
            if let Err(e) = self.settle(id, attempts, error, lease).await {
                settled = Err(e);
            }
        }
        settled
    }
    async fn deliver(&self, message: Message) -> (MessageId, i64, Option<String>) {
        let (id, attempts) = (message.id, message.attempts + 1);
        let Some(handler) = self.handlers.get(message.topic.as_str()) else {
            return (id, attempts, None);
        };
        let run = AssertUnwindSafe(async { handler(message).await }).catch_unwind();
        let error = match tokio::time::timeout(PATIENCE, run).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(e))) => Some(format!("{e:?}")),
            Ok(Err(_)) => Some("the handler panicked".to_owned()),
            Err(_) => Some(format!("not handed over within {} s", PATIENCE.as_secs())),
        };
        (id, attempts, error)
    }
    async fn settle(
        &self,
        id: MessageId,
        attempts: i64,
        error: Option<String>,
        lease: Timestamp,
    ) -> Result<u64> {
        tx!(self.store, &self.cx, [error], |tx| {
            tx.unaudited("delivery is recorded on the message itself");
            match &error {
                None => db::done(tx, id).await,
                Some(e) if attempts >= ATTEMPTS => {
                    tracing::error!(message = %id, error = e, "a message is given up");
                    db::dead(tx, id, lease, e).await
                }
                Some(e) => {
                    let at = tx.now().plus(backoff(attempts));
                    db::later(tx, id, lease, at, e).await
                }
            }
        })
    }
}

/// 2 s, 4 s, 8 s ... at most an hour, with up to a quarter of jitter.
fn backoff(attempts: i64) -> Duration {
    let base = 1u64 << attempts.clamp(1, 12);
    let secs = base.min(3600);
    Duration::from_millis(secs * 1000 + rand::random_range(0..=secs * 250))
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
