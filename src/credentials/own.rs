//! What people do about their own credentials: it takes a proof that is fresh and at least as strong as the strongest they
//! have, and leaves them a way in.

use super::{
    Bound, Credentials, Offered, bound, db, known, local,
    notice::{self, What},
    otpauth,
    passkeys::{self, NewPasskey},
    proof::{Has, has},
    random_bytes, recovery, reset, rules, totp, tries,
};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::{CeremonyId, PasskeyId},
    protocol::oidc::Class,
    secret::{ExposeSecret, Secret},
    sessions::{self, Live, Who},
    store::{Conn, Cx, Lock, Scope, Tx},
    tenants::{self, Required},
    tx, users,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// A proof is fresh for so long.
pub const FRESH: Duration = Duration::from_secs(10 * 60);

/// Why the last second factor stays beside a short password.
const SHORT: &str = "your password is too short to be asked for alone, so you could not sign in any more; set a longer \
                     password, or add another factor, first";

/// What a person's own page shows.
#[derive(Debug, Clone)]
pub struct Own {
    /// What they have.
    pub has: Has,
    /// Their passkeys.
    pub passkeys: Vec<passkeys::OwnPasskey>,
    /// Whether they may change it now; otherwise they sign in again first.
    pub fresh: bool,
    /// Whether they may make recovery codes now.
    pub may_recover: bool,
}

/// A recovery code is what its owner kept for the day the rest is lost: the short session that it opened may set up anew.
fn fresh(s: &Live, has: Has, now: Timestamp) -> bool {
    let class = Class::parse(&s.class).unwrap_or(Class::None);
    let recovers = s.evidence.0["rule"] == recovery::RULE;
    recovers || s.proved_since(now.minus(FRESH)) && class >= has.class()
}

/// Whether all that somebody has beside their password was added since they proved it, minutes ago: the first recovery codes
/// go with it at once. They are nothing without the password, and whoever could add what they stand for may have them.
async fn just_added(c: &mut Conn, s: &Live, has: Has, now: Timestamp) -> Result<bool> {
    let Some(proved) = s.proved_at().filter(|_| s.proved_since(now.minus(FRESH))) else {
        return Ok(false);
    };
    if !has.second() || has.recovery > 0 {
        return Ok(false);
    }
    let code = db::code(c, s.home, s.user).await?.map(|r| r.created_at);
    let passkeys = passkeys::list(c, s.home, s.user).await?;
    Ok(passkeys.iter().map(|p| p.created_at).chain(code).all(|at| at >= proved))
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
pub(super) async fn may_now(tx: &mut Tx, s: &Live) -> Result<Has> {
    tx.lock(Lock::User(s.user)).await?;
    let now = tx.now();
    may(tx, s, now).await
}

/// Ends the person's other sessions, whoever is in them: what they were opened with may be what is being taken away.
async fn others_end(tx: &mut Tx, s: &Live, why: &'static str) -> Result<()> {
    sessions::revoke(tx, Who::Others(s.home, s.user, s.id), why).await.map(drop)
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
        if found.is_none_or(|u| local(&u).is_err()) {
            return Ok(None);
        }
        let has = has(&mut c, t, user).await?;
        let passkeys = passkeys::list(&mut c, t, user).await?;
        let fresh = fresh(s, has, now);
        let may_recover = fresh || just_added(&mut c, s, has, now).await?;
        Ok(Some(Own { has, passkeys, fresh, may_recover }))
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
            let taken = usize::from(found.suspect_at.is_none());
            let left = Has { passkeys: has.passkeys.saturating_sub(taken), ..has };
            if taken > 0 && !left.suffices(demanded) {
                let text = if left.short() {
                    SHORT
                } else {
                    "without this passkey you could not sign in any more; add another one first"
                };
                return Err(Error::conflict(text).code("last_credential"));
            }
            passkeys::delete(tx, t, user, id).await?;
            others_end(tx, &s, "passkey removed").await?;
            let event = Event::new("passkey.remove").target("user", user);
            audit::record(tx, t, event.detail(json!({ "passkey": id }))).await?;
            notice::tell(tx, t, user, What::PasskeyRemoved(found.name)).await
        })
    }
}

/// Recovery codes between the button that made them and the page that shows them.
#[derive(Serialize, Deserialize)]
struct Made {
    sealed: String,
}

fn shown_to(s: &Live) -> String {
    format!("recovery codes {} {}", s.home, s.user)
}

/// A one-time code that its owner has not proved yet, while they look at its picture.
#[derive(Serialize, Deserialize)]
struct Waiting {
    sealed: String,
}

impl Credentials {
    /// New recovery codes in the place of any there were: what [`Self::recovery_codes_once`] shows them by.
    ///
    /// # Errors
    /// As [`Self::may_change`]; [`Kind::Conflict`] for who has no password, or nothing beside it in whose place they would be.
    pub async fn new_recovery_codes(&self, cx: &Cx, s: &Live) -> Result<CeremonyId> {
        let (t, user, set) = (s.home, s.user, recovery::new_set()?);
        let plain: Vec<&str> = set.iter().map(ExposeSecret::expose_secret).collect();
        let sealed = self.0.master.seal(&shown_to(s), plain.join(" ").as_bytes())?;
        let id = self.ceremony(cx, &Bound::session(s.id), &Made { sealed }).await?;
        tx!(self.0.store, &cx.clone().urgent(), [s, set], |tx| {
            tx.lock(Lock::User(user)).await?;
            let (has, now) = (has(tx, t, user).await?, tx.now());
            if !just_added(tx, &s, has, now).await? {
                may_now(tx, &s).await?;
            }
            if !has.password {
                let text = "recovery codes go with a password, and you have none; make a second passkey instead";
                return Err(Error::conflict(text));
            }
            if !has.second() && has.recovery == 0 {
                let text = "recovery codes take the place of a second factor, and you have none; set one up first";
                return Err(Error::conflict(text));
            }
            others_end(tx, &s, "recovery codes made").await?;
            recovery::keep(tx, t, user, &set).await
        })?;
        Ok(id)
    }

    /// The codes that were made in this session, once.
    ///
    /// # Errors
    /// The database's.
    pub async fn recovery_codes_once(
        &self,
        cx: &Cx,
        s: &Live,
        id: CeremonyId,
    ) -> Result<Option<Vec<Secret>>> {
        let made: Option<Made> = self.answered(cx, &Bound::session(s.id), id).await?;
        let Some(made) = made else { return Ok(None) };
        let plain = self.0.master.open(&shown_to(s), &made.sealed)?;
        let plain = String::from_utf8(plain).map_err(Error::internal)?;
        Ok(Some(plain.split(' ').map(|c| c.to_owned().into()).collect()))
    }

    /// Offers a one-time code, which is nothing before [`Self::prove_own_code`].
    ///
    /// # Errors
    /// As [`Self::may_change`].
    pub async fn offer_own_code(
        &self,
        cx: &Cx,
        s: &Live,
        issuer: &str,
    ) -> Result<(CeremonyId, Offered)> {
        self.may_change(s).await?;
        let sealed = self.0.master.seal(&bound(s.home, s.user), &random_bytes()?)?;
        self.waiting(cx, s, issuer, sealed).await
    }

    async fn waiting(
        &self,
        cx: &Cx,
        s: &Live,
        issuer: &str,
        sealed: String,
    ) -> Result<(CeremonyId, Offered)> {
        let secret = self.0.master.open(&bound(s.home, s.user), &sealed)?;
        let secret = totp_rs::Secret::from(secret).to_base32();
        let otpauth = otpauth(issuer, &s.user_name, &secret).into();
        let id = self.ceremony(cx, &Bound::session(s.id), &Waiting { sealed }).await?;
        Ok((id, Offered { otpauth, secret: secret.into() }))
    }

    /// Puts an offered code into force if the person's app shows the right one; otherwise it is offered again.
    ///
    /// # Errors
    /// As [`Self::may_change`]; [`Kind::Invalid`] for one that is not offered any more.
    pub async fn prove_own_code(
        &self,
        cx: &Cx,
        s: &Live,
        issuer: &str,
        (ceremony, code): (CeremonyId, &str),
    ) -> Result<Option<(CeremonyId, Offered)>> {
        let waiting: Option<Waiting> = self.answered(cx, &Bound::session(s.id), ceremony).await?;
        let over = || Error::invalid("that took too long; begin again");
        let sealed = waiting.ok_or_else(over)?.sealed;
        let secret = self.0.master.open(&bound(s.home, s.user), &sealed)?;
        let now = u64::try_from(self.0.store.clock().now().secs()).unwrap_or(0);
        let step = rules::digits(code).and_then(|c| totp(secret).check(&c, now));
        let Some(step) = step.and_then(|s| i64::try_from(s).ok()) else {
            return self.waiting(cx, s, issuer, sealed).await.map(Some);
        };
        let (t, user) = (s.home, s.user);
        tx!(self.0.store, &cx.clone().urgent(), [s, sealed], |tx| {
            may_now(tx, &s).await?;
            db::set_code(tx, t, user, &sealed).await?;
            db::use_step(tx, t, user, step).await?;
            others_end(tx, &s, "one-time code set").await?;
            audit::record(tx, t, Event::new("one_time_code.set").target("user", user)).await?;
            notice::tell(tx, t, user, What::CodeSet).await
        })?;
        Ok(None)
    }

    /// Takes the person's one-time code away. `demanded` as in [`Self::remove_passkey`].
    ///
    /// # Errors
    /// As [`Self::remove_passkey`].
    pub async fn remove_own_code(&self, cx: &Cx, s: &Live, demanded: Required) -> Result<()> {
        let (t, user) = (s.home, s.user);
        tx!(self.0.store, &cx.clone().urgent(), [s], |tx| {
            let has = may_now(tx, &s).await?;
            let left = Has { code: false, ..has };
            if !left.suffices(demanded) {
                let text = if left.short() {
                    SHORT
                } else {
                    "without the code you could not sign in any more; make a passkey first"
                };
                return Err(Error::conflict(text).code("last_credential"));
            }
            if !db::delete_code(tx, t, user).await? {
                return Err(Error::not_found("one-time code"));
            }
            others_end(tx, &s, "one-time code removed").await?;
            audit::record(tx, t, Event::new("one_time_code.remove").target("user", user)).await?;
            notice::tell(tx, t, user, What::CodeRemoved).await
        })
    }

    /// Sets another password. The person's other sessions end.
    ///
    /// # Errors
    /// As [`Self::may_change`]; [`Kind::Invalid`] for one that could be guessed.
    pub async fn change_password(&self, cx: &Cx, s: &Live, password: &Secret) -> Result<()> {
        self.may_change(s).await?;
        let (t, user) = (s.home, s.user);
        let mut c = self.0.store.read(Scope::Tenant(t)).await?;
        let found = users::find(&mut c, t, user).await?.ok_or_else(|| Error::not_found("user"))?;
        let second = has(&mut c, t, user).await?.second();
        let company = tenants::find(&mut c, t).await?.map(|t| t.name);
        drop(c);
        let known = known(&found, company.as_deref());
        let alone = rules::strong(password.expose_secret(), &known, &self.0.settings, second)?;
        let hash = self.0.hasher.hash(password).await?;
        let name = found.user_name;
        tx!(self.0.store, &cx.clone().urgent(), [s, hash, name], |tx| {
            let has = may_now(tx, &s).await?;
            if !alone && !has.second() {
                return Err(Error::conflict(
                    "your second factor was removed meanwhile; begin again",
                ));
            }
            db::set_password(tx, t, user, &hash, alone).await?;
            tries::forget_all(tx, t, &name).await?;
            reset::forget(tx, t, user).await?;
            others_end(tx, &s, "password changed").await?;
            audit::record(tx, t, Event::new("password.change").target("user", user)).await?;
            notice::tell(tx, t, user, What::PasswordChanged).await
        })
    }
}
