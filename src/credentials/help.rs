//! What a help desk does about somebody's credentials: by whoever may edit users and holds what that person holds, never to
//! themselves. Each is on record, and the person is told.

use super::{
    Credentials, MORE, break_glass, db, factors, gone, has, local,
    notice::{self, What},
    passkeys, recovery,
    reset::{self, By, Offer},
    tries,
};
use crate::{
    access::{Permit, perm::UsersEdit},
    audit::{self, Event},
    error::{Error, Result},
    id::UserId,
    secret::Secret,
    sessions::{self, Who},
    store::Lock,
    tx,
    users::{self, User},
};
use serde_json::json;

/// What was taken away.
#[derive(Debug, Clone)]
pub struct Removed {
    /// A one-time code.
    pub code: bool,
    /// Passkeys.
    pub passkeys: u64,
    /// Recovery codes that were not used yet.
    pub recovery: u64,
    /// The link to set up something new, for the caller to hand over: no letter takes it. `None`: it was sent to them.
    pub link: Option<Secret>,
}

impl Credentials {
    /// Lets somebody try again at once who waits for having been wrong too often, with whatever factor.
    ///
    /// # Errors
    /// As [`Self::set_password`].
    pub async fn unlock(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<()> {
        let (found, acting) = self.reachable(permit, user).await?;
        let (t, access, name) = (permit.tenant(), &self.0.access, found.user_name);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access, name, permit], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            if let Some(account) = break_glass::touched(tx, &permit, &found).await? {
                account.tell(tx, "was unlocked").await?;
            }
            tries::forget_all(tx, t, &name).await?;
            factors::forget_all(tx, t, user).await?;
            db::code_forgiven(tx, t, user).await?;
            audit::record(tx, t, Event::new("credentials.unlock").target("user", user)).await?;
            notice::tell(tx, t, user, What::Unlocked).await
        })
    }

    /// Takes away all that somebody signs in with: their factors are lost, and a password that a stranger has must not be
    /// what sets up others. Their sessions and tokens end. What takes its place comes by a link, which is sent to them; where
    /// they have no address, or nothing `sends` letters, it is for the caller to hand over.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::NotFound`] where there is nothing beside a password, and nothing was
    /// taken away before; [`crate::error::Kind::Conflict`] for who is switched off, and an account for emergencies.
    pub async fn reset_factors(
        &self,
        permit: &Permit<UsersEdit>,
        user: UserId,
        sends: bool,
    ) -> Result<Removed> {
        let (_, acting) = self.reachable(permit, user).await?;
        let (t, access, master) = (permit.tenant(), &self.0.access, &self.0.master);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access, master], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            on(&found)?;
            let again = db::is_void(tx, t, user).await?;
            let code = db::delete_code(tx, t, user).await?;
            let passkeys = passkeys::delete_all(tx, t, user).await?;
            let recovery = recovery::delete_all(tx, t, user).await?;
            if !again && !code && passkeys == 0 && recovery == 0 {
                return Err(Error::not_found("a second factor of theirs"));
            }
            factors::forget_all(tx, t, user).await?;
            db::void_password(tx, t, user).await?;
            reset::forget(tx, t, user).await?;
            sessions::revoke(tx, Who::User(t, user), "factors reset").await?;
            let event = Event::new("factors.reset").target("user", user);
            let detail =
                json!({ "one_time_code": code, "passkeys": passkeys, "recovery_codes": recovery });
            audit::record(tx, t, event.detail(detail)).await?;
            notice::tell(tx, t, user, What::FactorsReset).await?;
            let by = if sends && found.email.is_some() { By::Desk } else { By::Hand };
            let link = match reset::offer(tx, &master, t, &found, by).await? {
                Offer::Sent => None,
                Offer::Link(link) => Some(link),
                Offer::None => return Err(emergency()),
            };
            Ok(Removed { code, passkeys, recovery, link })
        })
    }

    /// Sends somebody a link to set a new password. Where they have a second factor, it is asked for then.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::Conflict`] for who has no address, is switched off, or never had
    /// anything to sign in with here (they are invited instead).
    pub async fn send_reset(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<()> {
        let (_, acting) = self.reachable(permit, user).await?;
        let (t, access, master) = (permit.tenant(), &self.0.access, &self.0.master);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access, master], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            on(&found)?;
            if !db::any(tx, t, user).await? {
                let text = "they never had anything to sign in with here; invite them, or send their invitation again";
                return Err(Error::conflict(text));
            }
            let has = has(tx, t, user).await?;
            if has.passkeys > 0 && !has.password {
                let text = "they sign in with a passkey and have no password; reset their factors first if it is lost";
                return Err(Error::conflict(text));
            }
            // Who has a second factor gets a link by its reset; nobody else does.
            let instead = if has.code || has.passkeys > 0 {
                "reset their factors, which gives you the link"
            } else {
                "set a password for them"
            };
            if found.email.is_none() {
                let text = format!("they have no e-mail address; give them one, or {instead}");
                return Err(Error::conflict(text).attr("email"));
            }
            match reset::offer(tx, &master, t, &found, By::Desk).await? {
                Offer::Sent | Offer::Link(_) => Ok(()),
                Offer::None => Err(emergency()),
            }
        })
    }
}

/// Refuses a link for who could not use it.
fn on(u: &User) -> Result<()> {
    if u.live() {
        return Ok(());
    }
    Err(Error::conflict("they are switched off; switch them on first").attr("enabled"))
}

fn emergency() -> Error {
    Error::conflict(
        "an account for emergencies gets no link; set its password, or delete it and make another",
    )
}
