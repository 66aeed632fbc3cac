//! What people do about their own credentials: it takes a proof that is fresh and at least as strong as the strongest they
//! have, and leaves them a way in.

use super::{
    Credentials, local,
    notice::{self, What},
    passkeys::{self, NewPasskey},
    proof::{Has, has},
};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::PasskeyId,
    protocol::oidc::Class,
    sessions::Live,
    store::{Conn, Cx, Lock, Scope, Tx},
    tenants::Required,
    tx, users,
};
use serde_json::json;
use std::time::Duration;

/// A proof is fresh for so long.
pub const FRESH: Duration = Duration::from_secs(10 * 60);

/// What a person's own page shows.
#[derive(Debug, Clone)]
pub struct Own {
    /// What they have.
    pub has: Has,
    /// Their passkeys.
    pub passkeys: Vec<passkeys::Listed>,
    /// Whether they may change it now; otherwise they sign in again first.
    pub fresh: bool,
}

fn fresh(s: &Live, has: Has, now: Timestamp) -> bool {
    let class = Class::parse(&s.class).unwrap_or(Class::None);
    s.proved_since(now.minus(FRESH)) && class >= has.class()
}

/// Refuses whose credentials are elsewhere, and whose proof is old or weak.
async fn may(c: &mut Conn, s: &Live, now: Timestamp) -> Result<Has> {
    let (t, user) = (s.home, s.user);
    let found = users::find(c, t, user).await?.filter(users::User::live);
    local(&found.ok_or_else(|| Error::not_found("user"))?)?;
    let has = has(c, t, user).await?;
    if fresh(s, has, now) {
        return Ok(has);
    }
    let text = "this needs a fresh sign-in with the strongest that you have; sign in again, then do it within ten minutes";
    Err(Error::new(Kind::NeedsStepUp, text).code("fresh_proof"))
}

/// The same in a transaction, under the user's lock.
async fn may_now(tx: &mut Tx, s: &Live) -> Result<Has> {
    tx.lock(Lock::User(s.user)).await?;
    let now = tx.now();
    may(tx, s, now).await
}

impl Credentials {
    /// What a person has here; `None` for whose directory signs them in.
    ///
    /// # Errors
    /// The database's.
    pub async fn own(&self, s: &Live) -> Result<Option<Own>> {
        let (t, user, now) = (s.home, s.user, self.0.store.clock().now());
        let mut c = self.0.store.read(Scope::Tenant(t)).await?;
        let found = users::find(&mut c, t, user).await?;
        if !found.is_some_and(|u| local(&u).is_ok()) {
            return Ok(None);
        }
        let has = has(&mut c, t, user).await?;
        let passkeys = passkeys::list(&mut c, t, user).await?;
        Ok(Some(Own { has, passkeys, fresh: fresh(s, has, now) }))
    }

    /// Refuses who may not change their credentials now.
    ///
    /// # Errors
    /// [`Kind::NeedsStepUp`] for a proof that is old or weak, [`Kind::Forbidden`] for who comes from a directory.
    pub async fn may_change(&self, s: &Live) -> Result<()> {
        let now = self.0.store.clock().now();
        let mut c = self.0.store.read(Scope::Tenant(s.home)).await?;
        may(&mut c, s, now).await.map(drop)
    }

    /// Adds a passkey that the person made.
    ///
    /// # Errors
    /// As [`Self::may_change`]; [`Kind::Conflict`] for one that is somebody's already.
    pub async fn add_passkey(&self, cx: &Cx, s: &Live, new: NewPasskey) -> Result<()> {
        let (t, user) = (s.home, s.user);
        tx!(self.0.store, &cx.clone().urgent(), [s, new], |tx| {
            may_now(tx, &s).await?;
            passkeys::keep(tx, t, user, &new).await?;
            notice::tell(tx, t, user, What::PasskeyAdded(new.name().to_owned())).await
        })
    }

    /// Removes a passkey of the person's. `demanded` is what their roles demand: what is left must prove as much.
    ///
    /// # Errors
    /// As [`Self::may_change`]; [`Kind::NotFound`]; [`Kind::Conflict`] for the one without which they could not come in.
    pub async fn remove_passkey(
        &self,
        cx: &Cx,
        s: &Live,
        id: PasskeyId,
        demanded: Required,
    ) -> Result<()> {
        let (t, user) = (s.home, s.user);
        tx!(self.0.store, &cx.clone().urgent(), [s], |tx| {
            let has = may_now(tx, &s).await?;
            let all = passkeys::list(tx, t, user).await?;
            let found = all.into_iter().find(|p| p.id == id);
            let found = found.ok_or_else(|| Error::not_found("a passkey of yours with this id"))?;
            if !(Has { passkeys: has.passkeys - 1, ..has }).suffices(demanded) {
                let text =
                    "without this passkey you could not sign in any more; add another one first";
                return Err(Error::conflict(text).code("last_credential"));
            }
            passkeys::delete(tx, t, user, id).await?;
            let event = Event::new("passkey.remove").target("user", user);
            audit::record(tx, t, event.detail(json!({ "passkey": id }))).await?;
            notice::tell(tx, t, user, What::PasskeyRemoved(found.name)).await
        })
    }
}
