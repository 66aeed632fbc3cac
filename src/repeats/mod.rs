//! Requests that came under a key of their caller's, so that a repeat of one does nothing a second time and is answered
//! as the first was. Knows nothing of HTTP: what was asked and answered are texts here.
//!
//! Whoever takes a key first works on it. The transaction that does what was asked says so in the key's row ([`mark`], at
//! the end of every transaction of that request), so that it is done once, whoever crashes when and on however many
//! nodes: a request that was thought dead and has lost its key meanwhile cannot commit any more. The answer is kept
//! afterwards, sealed. Nothing is kept of a request that changed nothing, whatever it was answered.

mod db;

use crate::{
    actor::{Actor, Principal},
    clock::Timestamp,
    crypto::{seal::MasterKey, sha256_hex},
    error::{Error, Result},
    id::{RequestId, TenantId},
    store::{Cx, Scope, Store, Tx},
    tx,
};
use std::time::Duration;

/// How long keys are kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long a request that did nothing yet holds its key.
pub const RUNNING: Duration = Duration::from_secs(60);

/// The code of a key that was used for something else.
pub const REUSED: &str = "idempotency_key_reused";
/// The code while the first request is under way.
pub const UNDER_WAY: &str = "idempotency_under_way";
/// The code when what was asked was done, and its answer is not known any more.
pub const LOST: &str = "idempotency_answer_lost";

/// What is asked under a key.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// By whom.
    pub actor: &'a Actor,
    /// In which tenant; [`TenantId::PLATFORM`] where it is of none.
    pub tenant: TenantId,
    /// Which kind of request.
    pub route: &'a str,
    /// The caller's key.
    pub key: &'a str,
    /// What about, as one text.
    pub what: &'a str,
}

/// Whose turn it is.
#[derive(Debug)]
pub enum Turn {
    /// Nobody asked this before: do it, and say how it ended.
    First(Claim),
    /// It was done; this was the answer.
    Again(String),
}

/// A key that is held.
#[derive(Debug)]
pub struct Claim {
    id: String,
    actor: Actor,
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
    /// It failed, and nobody can say how far it had come.
    Unknown,
}

fn old(store: &Store) -> Timestamp {
    store.clock().now().minus(KEPT)
}

/// Takes the key, or says what became of it.
///
/// # Errors
/// `Conflict` with [`REUSED`], [`UNDER_WAY`] or [`LOST`].
pub async fn begin(store: &Store, master: &MasterKey, asked: Asked<'_>) -> Result<Turn> {
    let (home, who) = match asked.actor.principal() {
        // Another application of the same person's is another caller.
        Principal::User { home, user, app, .. } => {
            (*home, format!("{user} {}", app.map(|a| a.to_string()).unwrap_or_default()))
        }
        _ => (TenantId::PLATFORM, asked.actor.label()),
    };
    let Asked { actor, tenant, route, key, what } = asked;
    let id = master.tag("repeats.id", &format!("{who}\n{tenant}\n{route}\n{key}"));
    let fingerprint = master.tag("repeats.fingerprint", &sha256_hex(what));
    let (claim, old) = (actor.request(), old(store));
    let cx = Cx::new(actor.clone(), Scope::Platform);
    let taken = tx!(store, &cx, [id, fingerprint], |tx| {
        tx.unaudited("a key is taken; what is done under it says so itself");
        let new = db::New { id: &id, fingerprint: &fingerprint, claim, tenant, home };
        if db::claim(tx, &new, old).await? { Ok(None) } else { db::taken(tx, &id).await }
    })?;
    let Some(taken) = taken else {
        return Ok(Turn::First(Claim { id, actor: actor.clone() }));
    };
    let refused = |code, text: &str| Error::conflict(text).code(code).attr("Idempotency-Key");
    if taken.fingerprint != fingerprint {
        return Err(refused(REUSED, "this key was used for another request"));
    }
    match taken.answer {
        Some(sealed) => {
            let plain = master.open(&place(&id), &sealed)?;
            String::from_utf8(plain).map(Turn::Again).map_err(Error::internal)
        }
        None if taken.until > store.clock().now() => {
            Err(refused(UNDER_WAY, "the first request under this key is under way").retry_after(1))
        }
        None => Err(refused(
            LOST,
            "something of this was done, and what became of all of it is not known; look at what is there",
        )),
    }
}

/// Where an answer stands.
fn place(id: &str) -> String {
    format!("repeats/{id}/answer")
}

impl Claim {
    /// Keeps the answer, as far as it says what was done: where nothing was written the key is free again, whatever was
    /// answered; and nothing is kept of what is [`Outcome::Unknown`], which a repeat must not take for a refusal.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(
        self,
        store: &Store,
        master: &MasterKey,
        answer: &str,
        outcome: Outcome,
    ) -> Result<()> {
        let claim = self.actor.request();
        let sealed = master.seal(&place(&self.id), answer.as_bytes())?;
        let cx = Cx::new(self.actor, Scope::Platform);
        tx!(store, &cx, [sealed], |tx| {
            tx.unaudited("the answer to what was recorded when it was done");
            if db::release(tx, claim).await? > 0 {
                return Ok(());
            }
            match outcome {
                Outcome::Unknown => db::lost(tx, claim).await?,
                Outcome::Done | Outcome::Refused => db::answered(tx, claim, &sealed).await?,
            };
            Ok(())
        })
    }
}

/// Says in the running transaction that what was asked under the key of this request is done by it.
///
/// # Errors
/// As [`crate::store::stale`] knows, when the key is another request's by now: the transaction is undone.
pub async fn mark(tx: &mut Tx, claim: RequestId) -> Result<()> {
    db::done(tx, claim).await
}

/// Forgets keys of yesterday.
///
/// # Errors
/// As the store.
pub async fn sweep(store: &Store, cx: &Cx) -> Result<u64> {
    let old = old(store);
    tx!(store, cx, [], |tx| {
        tx.unaudited("keys are kept for a day");
        db::sweep(tx, old).await
    })
}

/// Forgets the keys of a tenant and of its people.
///
/// # Errors
/// As the store.
pub async fn forget(tx: &mut Tx, t: TenantId) -> Result<u64> {
    db::forget(tx, t).await
}
