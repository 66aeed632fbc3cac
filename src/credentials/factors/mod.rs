//! What all factors share: how often each was missed, by itself, and the ceremonies in which a browser answers a
//! challenge: used once, in the sign-in or session they were begun in.

mod db;

use super::{Credentials, rules};
use crate::{
    config::Signin,
    crypto,
    error::{Error, Result},
    id::{CeremonyId, FlowId, SessionId, TenantId, UserId},
    store::{Cx, Tx},
    tx,
};
pub(super) use db::{forget_all, sweep, sweep_ceremonies};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// How long a person may take to answer.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// What is counted by itself; the others are counted where they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    Passkey,
    Recovery,
}
impl Factor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Recovery => "recovery_code",
        }
    }
    fn parse(s: &str) -> Option<Self> {
        match s {
            "passkey" => Some(Self::Passkey),
            "recovery_code" => Some(Self::Recovery),
            _ => None,
        }
    }
}
crate::enum_column!(Factor);

/// Where a ceremony was begun, and where alone it can be finished.
#[derive(Debug, Clone)]
pub struct Bound(String);
impl Bound {
    /// A sign-in, in the browser whose cookie hashes to `browser`.
    pub fn flow(flow: FlowId, browser: &str) -> Self {
        Self(crypto::sha256_hex(format!("flow {flow} {browser}")))
    }
    /// A session.
    pub fn session(session: SessionId) -> Self {
        Self(crypto::sha256_hex(format!("session {session}")))
    }
}

/// For how many seconds somebody's factor waits, if it does; and how often it was missed lately. Ask under the user's lock.
pub(super) async fn waits(
    tx: &mut Tx,
    (t, user): (TenantId, UserId),
    factor: Factor,
) -> Result<std::result::Result<i64, u32>> {
    let recent = tx.now().minus(rules::FORGET);
    let known = db::tries(tx, t, user, factor).await?.filter(|r| r.tried_at > recent);
    let Some(row) = known else { return Ok(Ok(0)) };
    Ok(rules::wait(row.locked_until, tx.now()).map_or(Ok(row.failures), Err))
}

/// Notes one more miss.
pub(super) async fn missed(
    tx: &mut Tx,
    who: (TenantId, UserId),
    factor: Factor,
    before: i64,
    settings: &Signin,
) -> Result<()> {
    let (failures, until) = rules::missed(before, tx.now(), settings);
    db::missed(tx, who, factor, failures, until).await
}

/// Forgets the misses.
pub(super) async fn forget(tx: &mut Tx, (t, user): (TenantId, UserId), f: Factor) -> Result<()> {
    db::forget(tx, t, user, f).await.map(drop)
}

impl Credentials {
    /// Keeps what an answer will be held against.
    pub(super) async fn ceremony(
        &self,
        cx: &Cx,
        bound: &Bound,
        state: &impl Serialize,
    ) -> Result<CeremonyId> {
        let (id, bound) = (CeremonyId::new(), bound.0.clone());
        let state = serde_json::to_value(state).map_err(Error::internal)?;
        tx!(self.0.store, &cx.clone().urgent(), [bound, state], |tx| {
            tx.unaudited("a question is nobody's act yet");
            let expires = tx.now().plus(LIFE);
            db::begin(tx, id, &bound, &state, expires).await
        })?;
        Ok(id)
    }

    /// What an answer is held against, once.
    pub(super) async fn answered<T: DeserializeOwned>(
        &self,
        cx: &Cx,
        bound: &Bound,
        id: CeremonyId,
    ) -> Result<Option<T>> {
        let bound = bound.0.clone();
        let state = tx!(self.0.store, &cx.clone().urgent(), [bound], |tx| {
            tx.unaudited("an answer is judged afterwards");
            db::claim(tx, id, &bound).await
        })?;
        // Of another kind of question: it is used up, and answers nothing.
        Ok(state.and_then(|s| serde_json::from_value(s.state.0).ok()))
    }
}
