//! Letters of a tenant that have not left, of all kinds: one is tried at once, and one that was given up is dropped.

use super::TOPIC;
use crate::{
    access::{Permit, perm::SystemEditSettings},
    audit::{self, Event},
    credentials::reset,
    error::{Error, Result},
    id::{MessageId, TenantId},
    outbox::{self, Unsent},
    store::{Store, Tx},
    tx,
};
use serde_json::json;

/// Letters whose link ends, or of which something else says that they were given up: they are made anew, not sent late.
const MADE_ANEW: [&str; 2] = [TOPIC, reset::LETTER];

async fn found(tx: &mut Tx, t: TenantId, id: MessageId) -> Result<Unsent> {
    outbox::letter(tx, t, id).await?.ok_or_else(|| Error::not_found("letter"))
}

fn event(action: &'static str, id: MessageId, letter: &Unsent) -> Event {
    let given_up = letter.dead_at.is_some();
    let detail =
        json!({ "topic": letter.topic, "attempts": letter.attempts, "given_up": given_up });
    Event::new(action).target("letter", id).detail(detail)
}

/// Has a letter tried now: one that waits, or one that was given up, which is tried as often again as any.
///
/// # Errors
/// `NotFound`, also of one that has left; `Conflict` for one that is handed over at this moment, and for one with a link that
/// was given up: the invitation, or the link to set a password, is sent anew instead.
pub async fn try_now(store: &Store, p: &Permit<SystemEditSettings>, id: MessageId) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx(), [], |tx| {
        let letter = found(tx, t, id).await?;
        let anew = !MADE_ANEW.contains(&letter.topic.as_str());
        if outbox::hurry(tx, t, id, anew).await? == 0 {
            if letter.dead_at.is_none() {
                let text = "the letter is handed over at this moment: look again in a minute";
                return Err(Error::conflict(text).code("letter_under_way"));
            }
            let text = "the letter was given up, and its link may have ended: send the invitation, or the link to set a \
                        password, anew; or drop the letter";
            return Err(Error::conflict(text).code("letter_given_up"));
        }
        audit::record(tx, t, event("letter.try", id, &letter)).await
    })
}

/// Drops a letter that was given up: nobody need look at it any more. One that waits is not kept from its reader: among
/// them are warnings of what somebody did.
///
/// # Errors
/// `NotFound`, also of one that has left since; `Conflict` for one that waits.
pub async fn abandon(store: &Store, p: &Permit<SystemEditSettings>, id: MessageId) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx(), [], |tx| {
        let letter = found(tx, t, id).await?;
        if outbox::settled(tx, t, id).await? == 0 {
            if letter.dead_at.is_some() {
                return Err(Error::not_found("letter"));
            }
            let text =
                "the letter waits, and is tried again: only one that was given up is dropped";
            return Err(Error::conflict(text).code("letter_waits"));
        }
        audit::record(tx, t, event("letter.drop", id, &letter)).await
    })
}
