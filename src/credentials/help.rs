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
    clock::Timestamp,
    directories::{self, Directory},
    error::{Error, Kind, Result},
    id::UserId,
    secret::Secret,
    sessions::{self, Who},
    store::{Cx, Lock, Scope},
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
    /// Lets somebody try again at once who waits for having been wrong too often, with whatever factor, or for having
    /// forgotten their password too often.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::Conflict`] for who is switched off, or has nothing to be tried.
    pub async fn unlock(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<()> {
        let (found, acting) = self.reachable(permit, user).await?;
        let (t, access, name) = (permit.tenant(), &self.0.access, found.user_name);
        // Who forgot their password is counted where nobody's company is known.
        let everywhere = Cx::new(permit.actor().clone(), Scope::Platform).urgent();
        tx!(self.0.store, &everywhere, [acting, access, name, permit], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            // It would open nothing.
            on(&found)?;
            if !db::any(tx, t, user).await? {
                return Err(nothing());
            }
            if let Some(account) = break_glass::touched(tx, &permit, &found).await? {
                account.tell(tx, "was unlocked").await?;
            }
            tries::forget_all(tx, t, &name).await?;
            for called in found.email.iter().chain([&name]) {
                reset::forgive(tx, called).await?;
            }
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
                if !db::any(tx, t, user).await? {
                    return Err(nothing());
                }
                let text = "they have a password and no second factor that could be reset; for the password send them a link \
                            (muster user reset-link) or set another (muster user password)";
                return Err(Error::new(Kind::NotFound, text));
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

    /// Sends somebody a link to set a new password, and says until when it opens. Where they have a second factor, it is
    /// asked for then.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::Conflict`] for who has no address, is switched off, or never had
    /// anything to sign in with here (they are invited instead).
    pub async fn send_reset(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<Timestamp> {
        let (_, acting) = self.reachable(permit, user).await?;
        let (t, access, master) = (permit.tenant(), &self.0.access, &self.0.master);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access, master], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            on(&found)?;
            if !db::any(tx, t, user).await? {
                return Err(nothing());
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
                Offer::Sent | Offer::Link(_) => Ok(tx.now().plus(reset::LIFE)),
                Offer::None => Err(emergency()),
            }
        })
    }
}

/// Why a help desk here does nothing about what somebody of a directory signs in with, and who does what instead.
pub(super) fn not_here(u: &User, d: Option<&Directory>) -> String {
    let name = d.map_or("that is gone", |d| d.name.as_str());
    let instead = match d {
        _ if !u.active => {
            "the directory has deactivated them: whoever looks after it assigns them again"
        }
        _ if !u.enabled => "they are switched off here: switch them on (muster user enable)",
        Some(d) if d.status != directories::Status::Active => {
            "the directory is switched off: nobody of it comes in until it is switched on (muster directory enable)"
        }
        Some(d) if d.issuer.is_none() || !d.stage.offered() => {
            "nobody signs in through it yet: set up its sign-in and activate it (muster directory edit, test, activate)"
        }
        _ => {
            "what is lost or locked is mended at that login; why they were refused here says 'muster signins list'"
        }
    };
    format!(
        "'{}' signs in through the directory '{name}' and has no password or one-time code here; {instead}",
        u.user_name
    )
}

/// For who has nothing yet that a help desk could do anything about.
fn nothing() -> Error {
    let text = "they never had anything to sign in with here; invite them, or send their invitation again (muster \
                invitation resend)";
    Error::conflict(text)
}

/// Refuses a link for who could not use it.
fn on(u: &User) -> Result<()> {
    if u.live() {
        return Ok(());
    }
    let text = "they are switched off; switch them on first (muster user enable)";
    Err(Error::conflict(text).attr("enabled"))
}

fn emergency() -> Error {
    Error::conflict(
        "an account for emergencies gets no link; set its password, or delete it and make another",
    )
}
