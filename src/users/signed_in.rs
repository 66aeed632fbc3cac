//! A person's sessions, looked at and ended by somebody else.

use super::{db, gone};
use crate::{
    access::{
        Permit,
        perm::{UsersEdit, UsersView},
    },
    audit::{self, Event},
    error::{Error, Result},
    id::{SessionId, UserId},
    sessions::{self, Listed, Revoked, Who},
    store::{Scope, Store},
    tx,
};

/// So many of the sessions of one of the tenant's users, newest first, before one.
///
/// # Errors
/// `NotFound`.
pub async fn sessions_of(
    store: &Store,
    p: &Permit<UsersView>,
    id: UserId,
    before: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Listed>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::get(&mut c, p.tenant(), id).await?.ok_or_else(|| gone(id))?;
    drop(c);
    sessions::page(store, p.tenant(), id, before, limit).await
}

/// Ends one session of a user, or for `None` all of them with everything issued in them.
///
/// # Errors
/// `NotFound`.
pub async fn end_sessions(
    store: &Store,
    p: &Permit<UsersEdit>,
    id: UserId,
    one: Option<SessionId>,
) -> Result<Revoked> {
    let t = p.tenant();
    if let Some(one) = one
        && !sessions::theirs(store, t, id, one).await?
    {
        return Err(Error::not_found(format!("session {one}")));
    }
    tx!(store, &p.cx().urgent(), [p], |tx| {
        let user = db::get(tx, t, id).await?.ok_or_else(|| gone(id))?;
        super::within_reach(&p, &user)?;
        let who = one.map_or(Who::User(t, id), |s| Who::Session(t, s));
        let ended = sessions::revoke(tx, who, "ended by an administrator").await?;
        let detail = serde_json::json!({
            "session": one, "sessions": ended.sessions, "families": ended.families,
        });
        let event = Event::new("session.end").target("user", id).detail(detail);
        audit::record(tx, t, event).await?;
        Ok(ended)
    })
}
