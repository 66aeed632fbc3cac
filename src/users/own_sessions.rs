//! A person's sessions, named and ended by themselves.

use crate::{
    access::elevation::Own,
    audit::{self, Event},
    error::{Error, Result},
    id::SessionId,
    sessions::{self, Revoked, Who},
    store::{Lock, Store},
    text, tx,
};
use serde_json::json;

/// The longest name, in characters.
const NAME: usize = 60;
const WHY: &str = "ended by its person";

/// Which of one's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mine {
    /// This one.
    One(SessionId),
    /// All but this one.
    Others(SessionId),
    /// All of them.
    All,
}

fn none() -> Error {
    Error::not_found("a session of yours with this id")
}

/// Gives a session a name, or takes it away; for people only, nothing is decided by it.
///
/// # Errors
/// `NotFound`, also where it has ended; `Invalid` for what is no name.
pub async fn name_session(
    store: &Store,
    own: &Own,
    id: SessionId,
    name: Option<&str>,
) -> Result<()> {
    let name = name.filter(|n| !n.trim().is_empty());
    let name = name.map(|n| text::name("name", n)).transpose()?;
    if name.is_some_and(|n| n.chars().count() > NAME) {
        let text = format!("'name' is longer than {NAME} characters");
        return Err(Error::invalid(text).attr("name"));
    }
    let (cx, (home, user)) = (own.at_home()?, own.who());
    let name = name.map(str::to_owned);
    tx!(store, &cx, [name], |tx| {
        if !sessions::rename(tx, (home, user), id, name.as_deref()).await? {
            return Err(none());
        }
        audit::record(tx, home, Event::new("session.name").target("session", id)).await
    })
}

/// Ends one's own sessions, with everything issued in them.
///
/// # Errors
/// `NotFound`.
pub async fn end_own(store: &Store, own: &Own, which: Mine) -> Result<Revoked> {
    let (cx, (home, user)) = (own.at_home()?.urgent(), own.who());
    tx!(store, &cx, [], |tx| {
        tx.lock(Lock::User(user)).await?;
        let (who, event) = match which {
            Mine::One(id) => {
                if !sessions::is_theirs(tx, (home, user), id).await? {
                    return Err(none());
                }
                (Who::Session(home, id), Event::new("session.end").target("session", id))
            }
            Mine::Others(kept) => {
                let event = Event::new("session.end").target("user", user);
                (Who::Others(home, user, kept), event)
            }
            Mine::All => (Who::User(home, user), Event::new("session.end").target("user", user)),
        };
        let ended = sessions::revoke(tx, who, WHY).await?;
        let event = match which {
            Mine::One(_) => event,
            Mine::Others(kept) => event.detail(json!({ "sessions": ended.sessions, "but": kept })),
            Mine::All => event.detail(json!({ "sessions": ended.sessions })),
        };
        audit::record(tx, home, event).await?;
        Ok(ended)
    })
}
