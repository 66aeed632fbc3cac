//! What a help desk does about somebody's credentials: by whoever may edit users and holds what that person holds, never to
//! themselves. Each is on record, and the person is told.

use super::{
    Credentials, MORE, db, factors, gone, has, local,
    notice::{self, What},
    passkeys, recovery, reset, tries,
};
use crate::{
    access::{Permit, perm::UsersEdit},
    audit::{self, Event},
    error::{Error, Result},
    id::UserId,
    sessions::{self, Who},
    store::Lock,
    tx, users,
};
use serde_json::json;

/// What was taken away.
#[derive(Debug, Clone, Copy)]
pub struct Removed {
    /// A one-time code.
    pub code: bool,
    /// Passkeys.
    pub passkeys: u64,
    /// Recovery codes that were not used yet.
    pub recovery: u64,
    /// Whether what is left is a password that may be asked for alone.
    pub password: bool,
}

impl Credentials {
    /// Lets somebody try again at once who waits for having been wrong too often, with whatever factor.
    ///
    /// # Errors
    /// As [`Self::set_password`].
    pub async fn unlock(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<()> {
        let (found, acting) = self.reachable(permit, user).await?;
        let (t, access, name) = (permit.tenant(), &self.0.access, found.user_name);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access, name], |tx| {
            tx.lock(Lock::User(user)).await?;
            local(&users::find(tx, t, user).await?.ok_or_else(|| gone(user))?)?;
            acting.check(&access, tx, MORE).await?;
            tries::forget_all(tx, t, &name).await?;
            factors::forget_all(tx, t, user).await?;
            db::code_forgiven(tx, t, user).await?;
            audit::record(tx, t, Event::new("credentials.unlock").target("user", user)).await?;
            notice::tell(tx, t, user, What::Unlocked).await
        })
    }

    /// Takes away all that somebody has beside their password. Their sessions and tokens end.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::NotFound`] where there is nothing.
    pub async fn reset_factors(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<Removed> {
        let (_, acting) = self.reachable(permit, user).await?;
        let (t, access) = (permit.tenant(), &self.0.access);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access], |tx| {
            tx.lock(Lock::User(user)).await?;
            local(&users::find(tx, t, user).await?.ok_or_else(|| gone(user))?)?;
            acting.check(&access, tx, MORE).await?;
            let code = db::delete_code(tx, t, user).await?;
            let passkeys = passkeys::delete_all(tx, t, user).await?;
            let recovery = recovery::delete_all(tx, t, user).await?;
            if !code && passkeys == 0 && recovery == 0 {
                return Err(Error::not_found("a second factor of theirs"));
            }
            factors::forget_all(tx, t, user).await?;
            let password = db::password(tx, t, user).await?.is_some_and(|p| p.alone);
            sessions::revoke(tx, Who::User(t, user), "factors reset").await?;
            let event = Event::new("factors.reset").target("user", user);
            let detail =
                json!({ "one_time_code": code, "passkeys": passkeys, "recovery_codes": recovery });
            audit::record(tx, t, event.detail(detail)).await?;
            notice::tell(tx, t, user, What::FactorsReset).await?;
            Ok(Removed { code, passkeys, recovery, password })
        })
    }

    /// Sends somebody a link to set a new password. Where they have a second factor, it is asked for then.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::Conflict`] for who has no address, or nothing to sign in with yet
    /// (they are invited instead).
    pub async fn send_reset(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<()> {
        let (_, acting) = self.reachable(permit, user).await?;
        let (t, access, master) = (permit.tenant(), &self.0.access, &self.0.master);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access, master], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            if has(tx, t, user).await?.passkeys > 0 && !has(tx, t, user).await?.password {
                let text = "they sign in with a passkey and have no password; reset their factors first if it is lost";
                return Err(Error::conflict(text));
            }
            if !reset::offer(tx, &master, t, &found).await? {
                return Err(Error::conflict(
                    "they have no e-mail address, or are there for emergencies",
                )
                .attr("email"));
            }
            Ok(())
        })
    }
}
