//! Letters of a tenant that have not left, of all kinds: one is tried at once, or dropped.

use super::TOPIC;
use crate::{
    access::{Permit, perm::SystemEditSettings},
    audit::{self, Event},
    error::{Error, Result},
    id::{MessageId, TenantId},
    outbox::{self, Unsent},
    store::{Store, Tx},
    tx,
};
use serde_json::json;

async fn found(tx: &mut Tx, t: TenantId, id: MessageId) -> Result<Unsent> {
    outbox::letter(tx, t, id).await?.ok_or_else(|| Error::not_found("letter"))
}

fn event(action: &'static str, id: MessageId, letter: &Unsent) -> Event {
    let detail = json!({ "topic": letter.topic, "attempts": letter.attempts, "given_up": letter.dead_at.is_some() });
    Event::new(action).target("letter", id).detail(detail)
}

/// Has a letter tried now: one that waits, or one that was given up, which is tried as often again as any.
///
/// # Errors
/// `NotFound`, also of one that has left since; `Conflict` for an invitation's that was given up, as the invitation says so
/// until it is sent anew, with a link that is good.
pub async fn try_now(store: &Store, p: &Permit<SystemEditSettings>, id: MessageId) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx(), [], |tx| {
        let letter = found(tx, t, id).await?;
        if letter.dead_at.is_some() && letter.topic == TOPIC {
            let text = "the letter of an invitation was given up: send the invitation anew, or drop the letter";
            return Err(Error::conflict(text).code("letter_given_up"));
        }
        if outbox::hurry(tx, t, id).await? == 0 {
            return Err(Error::not_found("letter"));
        }
        audit::record(tx, t, event("letter.try", id, &letter)).await
    })
}

/// Drops a letter: it never leaves, and nobody is told.
///
/// # Errors
/// `NotFound`, also of one that has left since; `Conflict` for an invitation's that waits: it is taken back instead.
pub async fn abandon(store: &Store, p: &Permit<SystemEditSettings>, id: MessageId) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx(), [], |tx| {
        let letter = found(tx, t, id).await?;
        if letter.dead_at.is_none() && letter.topic == TOPIC {
            let text = "an invitation waits for its letter: take the invitation back, and the letter does not leave";
            return Err(Error::conflict(text).code("letter_needed"));
        }
        if outbox::abandon(tx, t, id).await? == 0 {
            return Err(Error::not_found("letter"));
        }
        audit::record(tx, t, event("letter.drop", id, &letter)).await
    })
}
