//! Credentials of somebody who is only just coming in: made and tried before anything is stored, then written in the
//! transaction that lets them in. And their end, when a directory takes the person over.

use super::{
    Credentials, PASSKEY_AMR, bound, db, otpauth, passkeys, passkeys::NewPasskey, random_bytes,
    recovery, reset, rules, totp, with_parts,
};
use crate::{
    audit::{self, Event},
    error::{Error, Result},
    id::{TenantId, UserId},
    protocol::oidc::Class,
    secret::{ExposeSecret as _, Secret},
    store::{Conn, Tx},
};
use serde::{Deserialize, Serialize};

/// What a person has chosen so far. It waits in the flow row, which is on the server: the password as its hash, the
/// code's secret sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrolment {
    hash: Option<String>,
    #[serde(default)]
    alone: bool,
    sealed: Option<String>,
    step: Option<i64>,
    #[serde(default)]
    passkey: Option<NewPasskey>,
}

impl Enrolment {
    /// A passkey, alone or beside a password. A code that was offered is not needed any more.
    pub fn with_passkey(before: Option<Self>, passkey: NewPasskey) -> Self {
        let (hash, alone) = before.map_or((None, false), |e| (e.hash, e.alone));
        Self { hash, alone, sealed: None, step: None, passkey: Some(passkey) }
    }
    /// How well it proves who made it, and by what (`amr`).
    pub fn proves(&self) -> (Class, &'static [&'static str]) {
        match (&self.passkey, self.step) {
            (Some(_), _) => (Class::PhishingResistant, PASSKEY_AMR),
            (None, Some(_)) => (Class::Mfa, &["pwd", "otp", "mfa"]),
            (None, None) => (Class::Single, &["pwd"]),
        }
    }
}

/// A one-time code that is not in force yet, as it is shown.
#[derive(Debug, Clone)]
pub struct Offered {
    /// `otpauth://...`, for a QR code.
    pub otpauth: Secret,
    /// Base32, to be typed.
    pub secret: Secret,
}

impl Credentials {
    /// Takes a password that a person chose; `known` is what everybody knows of them, `second` whether a second factor has
    /// to follow.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for one that could be guessed, saying what would help.
    pub async fn choose(
        &self,
        password: &Secret,
        known: &[&str],
        second: bool,
    ) -> Result<Enrolment> {
        let all = with_parts([&["muster"], known].concat());
        let alone = rules::strong(password.expose_secret(), &all, &self.0.settings, second)?;
        let hash = Some(self.0.hasher.hash(password).await?);
        Ok(Enrolment { hash, alone, sealed: None, step: None, passkey: None })
    }

    /// Adds a one-time code to what was chosen, still to be proved.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when the system has no random numbers.
    pub fn offer_code(&self, e: &mut Enrolment, t: TenantId, user: UserId) -> Result<()> {
        let secret = random_bytes()?;
        e.sealed = Some(self.0.master.seal(&bound(t, user), &secret)?);
        e.step = None;
        Ok(())
    }

    /// The offered code as it is shown: `issuer` and `name` are what the authenticator app lists it under.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when another master key sealed it.
    pub fn offered(
        &self,
        e: &Enrolment,
        (t, user): (TenantId, UserId),
        issuer: &str,
        name: &str,
    ) -> Result<Option<Offered>> {
        let Some(sealed) = &e.sealed else { return Ok(None) };
        let secret = totp_rs::Secret::from(self.0.master.open(&bound(t, user), sealed)?);
        let base32 = secret.to_base32();
        let otpauth = otpauth(issuer, name, &base32);
        Ok(Some(Offered { otpauth: otpauth.into(), secret: base32.into() }))
    }

    /// Whether the person's app shows the right code; if so, the enrolment is complete.
    ///
    /// # Errors
    /// As [`Self::offered`].
    pub fn prove_code(
        &self,
        e: &mut Enrolment,
        t: TenantId,
        user: UserId,
        code: &str,
    ) -> Result<bool> {
        let Some(sealed) = &e.sealed else { return Ok(false) };
        let secret = self.0.master.open(&bound(t, user), sealed)?;
        let now = u64::try_from(self.0.store.clock().now().secs()).unwrap_or(0);
        let code = rules::digits(code).unwrap_or_default();
        e.step = totp(secret).check(&code, now).and_then(|s| i64::try_from(s).ok());
        Ok(e.step.is_some())
    }

    /// Writes what was chosen, in the transaction that lets the person in.
    ///
    /// # Errors
    /// `Internal` for a code that was offered and never proved, and for nothing at all; the database's.
    pub async fn enrol(tx: &mut Tx, t: TenantId, user: UserId, e: &Enrolment) -> Result<()> {
        if let Some(hash) = &e.hash {
            db::set_password(tx, t, user, hash, e.alone).await?;
            audit::record(tx, t, Event::new("password.set").target("user", user)).await?;
        }
        match &e.passkey {
            Some(passkey) => passkeys::keep(tx, t, user, passkey).await?,
            None if e.hash.is_none() => {
                return Err(Error::internal("an enrolment with nothing to sign in with"));
            }
            None => {}
        }
        let Some(sealed) = &e.sealed else { return Ok(()) };
        let step = e.step.ok_or_else(|| Error::internal("a code that was never proved"))?;
        db::set_code(tx, t, user, sealed).await?;
        // The code that proved it is used up with it.
        db::use_step(tx, t, user, step).await?;
        audit::record(tx, t, Event::new("one_time_code.set").target("user", user)).await
    }
}

/// Whether somebody has a password, a one-time code or a passkey here.
///
/// # Errors
/// The database's.
pub(crate) async fn any(c: &mut Conn, t: TenantId, user: UserId) -> Result<bool> {
    db::any(c, t, user).await
}

/// Takes what somebody signs in with here away; nothing, where they have none. The sessions that it began are for the
/// caller to end, who says why.
///
/// # Errors
/// The database's.
pub(crate) async fn forget(tx: &mut Tx, t: TenantId, user: UserId) -> Result<()> {
    let (password, code) =
        (db::delete_password(tx, t, user).await?, db::delete_code(tx, t, user).await?);
    let passkeys = passkeys::delete_all(tx, t, user).await?;
    let recovery = recovery::delete_all(tx, t, user).await?;
    reset::forget(tx, t, user).await?;
    if !password && !code && passkeys == 0 && recovery == 0 {
        return Ok(());
    }
    let event = Event::new("credentials.remove").target("user", user);
    let detail =
        serde_json::json!({ "password": password, "one_time_code": code, "passkeys": passkeys });
    audit::record(tx, t, event.detail(detail)).await
}
