//! Local credentials: passwords, one-time codes and passkeys, throttled by account (by address: `server`). For people
//! without a directory; who comes from one signs in there and has none here.
//!
//! A try is counted before it is judged, in one transaction, so that many at once get no more of them than one after
//! the other. What is refused leaves its trace with `signins`, by the voice that asked.

pub mod break_glass;
mod db;
mod enrol;
mod factors;
mod hasher;
mod help;
pub mod notice;
mod own;
mod passkeys;
pub mod person;
mod proof;
pub mod recovery;
pub mod reset;
mod rules;
mod tries;

use crate::{
    access::{Access, Acting, Permit, perm::UsersEdit},
    actor::UserKind,
    audit::{self, Event},
    config::Signin,
    crypto::seal::MasterKey,
    directories,
    error::{Error, Result},
    id::{TenantId, UserId},
    secret::{ExposeSecret as _, Secret},
    sessions::{self, Who},
    store::{Lock, Scope, Store, Tx},
    tenants::{self, Required},
    tx,
    users::{self, User},
};
pub use enrol::{Enrolment, Offered};
pub(crate) use enrol::{any, forget};
pub use factors::Bound;
use hasher::Hasher;
pub use help::Removed;
use notice::What;
pub use own::{FRESH, Own};
pub use passkeys::{Asked, NewPasskey, OwnPasskey, Shown, Used};
pub use proof::{Has, Proof, has};
use std::sync::Arc;
use totp_rs::{Builder, Totp};
pub use tries::{Outcome, Proved, Typed, sweep};

/// A one-time code's secret, shown once.
#[derive(Debug, Clone)]
pub struct Code {
    /// `otpauth://...`, for a QR code.
    pub otpauth: Secret,
    /// Base32, to be typed.
    pub secret: Secret,
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    store: Store,
    access: Access,
    master: MasterKey,
    settings: Signin,
    hasher: Hasher,
    rely: Option<passkeys::Rely>,
}

fn gone(user: UserId) -> Error {
    Error::not_found(format!("user {user}"))
}

/// Why somebody may not set another's credentials.
const MORE: &str = "the person holds more than you do, or for longer; whoever sets their credentials could act as them";

/// What everybody knows of somebody, whole and in parts: no password is made of it.
fn known<'a>(u: &'a User, company: Option<&'a str>) -> Vec<&'a str> {
    let mut all = vec!["muster", u.user_name.as_str()];
    all.extend(u.display_name.as_deref());
    all.extend(u.email.as_deref());
    all.extend(company);
    with_parts(all)
}

fn with_parts(mut all: Vec<&str>) -> Vec<&str> {
    let parts = all.clone().into_iter().flat_map(|k| k.split(|c: char| !c.is_alphanumeric()));
    all.extend(parts.filter(|p| p.chars().count() > 2));
    all
}

/// What a passkey proves: a key that its holder unlocked.
pub const PASSKEY_AMR: &[&str] = &["pop", "user", "mfa"];

/// Why nobody does to themselves what is done for others.
const SELF: &str = "these are your own credentials; you change them on your own page (/me/factors), with a fresh proof";

/// What a sealed secret is bound to.
fn bound(t: TenantId, user: UserId) -> String {
    format!("one-time code {t} {user}")
}

/// A person who may have credentials here.
fn local(u: &User) -> Result<()> {
    if u.kind == UserKind::Integration {
        return Err(Error::forbidden("an integration user has no password; it has secrets"));
    }
    if u.directory_id.is_some() {
        return Err(Error::forbidden("whoever comes from a directory signs in there"));
    }
    Ok(())
}

impl Credentials {
    /// Over this database, with these settings, for browsers that come to `public_url`.
    pub fn new(
        store: &Store,
        access: &Access,
        master: &MasterKey,
        settings: &Signin,
        (public_url, brand): (&str, &str),
    ) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            access: access.clone(),
            master: master.clone(),
            settings: settings.clone(),
            hasher: Hasher::new(),
            rely: passkeys::Rely::new(public_url, brand),
        }))
    }

    /// Sets a password. Sessions and tokens of the person end.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for one that could be guessed, [`crate::error::Kind::NotFound`],
    /// [`crate::error::Kind::Forbidden`] for who comes from a directory and for who holds more than the caller.
    pub async fn set_password(
        &self,
        permit: &Permit<UsersEdit>,
        user: UserId,
        password: &Secret,
    ) -> Result<()> {
        let (found, acting) = self.reachable(permit, user).await?;
        let mut c = self.0.store.read(Scope::Tenant(permit.tenant())).await?;
        let second = has(&mut c, permit.tenant(), user).await?.second();
        let company = tenants::find(&mut c, permit.tenant()).await?.map(|t| t.name);
        drop(c);
        let known = known(&found, company.as_deref());
        let alone = rules::strong(password.expose_secret(), &known, &self.0.settings, second)?;
        let hash = self.0.hasher.hash(password).await?;
        let t = permit.tenant();
        let access = &self.0.access;
        tx!(self.0.store, &permit.cx().urgent(), [hash, acting, access, permit], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            if !alone && !has(tx, t, user).await?.second() {
                return Err(Error::conflict(
                    "their second factor was removed meanwhile; a longer password does without",
                ));
            }
            let glass = break_glass::touched(tx, &permit, &found).await?;
            let first = !db::any(tx, t, user).await?;
            db::set_password(tx, t, user, &hash, alone).await?;
            tries::forget_all(tx, t, &found.user_name).await?;
            reset::forget(tx, t, user).await?;
            sessions::revoke(tx, Who::User(t, user), "password set").await?;
            audit::record(tx, t, Event::new("password.set").target("user", user)).await?;
            told(tx, &found, glass, first, (What::PasswordSet, "got a new password")).await
        })
    }

    /// Gives a new one-time code in the place of any there was. Sessions and tokens of the person end.
    ///
    /// # Errors
    /// As [`Self::set_password`].
    pub async fn add_code(
        &self,
        permit: &Permit<UsersEdit>,
        user: UserId,
        issuer: &str,
    ) -> Result<Code> {
        let (found, acting) = self.reachable(permit, user).await?;
        let (t, access) = (permit.tenant(), &self.0.access);
        let secret = totp_rs::Secret::from(random_bytes()?);
        let sealed = self.0.master.seal(&bound(t, user), secret.as_bytes())?;
        let base32 = secret.to_base32();
        let otpauth = otpauth(issuer, &found.user_name, &base32);
        tx!(self.0.store, &permit.cx().urgent(), [sealed, acting, access, permit], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            local(&found)?;
            acting.check(&access, tx, MORE).await?;
            let glass = break_glass::touched(tx, &permit, &found).await?;
            let first = !db::any(tx, t, user).await?;
            db::set_code(tx, t, user, &sealed).await?;
            sessions::revoke(tx, Who::User(t, user), "one-time code set").await?;
            audit::record(tx, t, Event::new("one_time_code.set").target("user", user)).await?;
            told(tx, &found, glass, first, (What::CodeSet, "got a one-time code")).await
        })?;
        Ok(Code { otpauth: otpauth.into(), secret: base32.into() })
    }

    /// Takes the one-time code away.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::NotFound`] also where there is none; [`crate::error::Kind::Conflict`]
    /// for who has nothing beside it but a password that is too short to be asked for alone.
    pub async fn remove_code(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<()> {
        let (_, acting) = self.reachable(permit, user).await?;
        let (t, access) = (permit.tenant(), &self.0.access);
        tx!(self.0.store, &permit.cx().urgent(), [acting, access, permit], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            acting.check(&access, tx, MORE).await?;
            let glass = break_glass::touched(tx, &permit, &found).await?;
            let has = has(tx, t, user).await?;
            if !db::delete_code(tx, t, user).await? {
                return Err(Error::not_found("one-time code"));
            }
            if has.password && !(Has { code: false, ..has }).suffices(Required::None) {
                let text = "their password is too short to be asked for alone, so they could not sign in any more; set a \
                            longer one first, or reset their factors, which sends them a link";
                return Err(Error::conflict(text).code("last_credential"));
            }
            sessions::revoke(tx, Who::User(t, user), "one-time code removed").await?;
            audit::record(tx, t, Event::new("one_time_code.remove").target("user", user)).await?;
            told(tx, &found, glass, false, (What::CodeRemoved, "lost its one-time code")).await
        })
    }

    /// The user, if the caller may set their credentials, and what decides that once more when they are written: whoever
    /// sets them can sign in as them.
    async fn reachable(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<(User, Acting)> {
        let t = permit.tenant();
        if permit.actor().user() == Some((t, user)) {
            return Err(Error::forbidden(SELF).code("own_credentials"));
        }
        let mut c = self.0.store.read(Scope::Tenant(t)).await?;
        let found = users::find(&mut c, t, user).await?.ok_or_else(|| gone(user))?;
        if let Some(d) = found.directory_id {
            let directory = directories::find(&mut c, t, d).await?;
            let text = help::not_here(&found, directory.as_ref());
            return Err(Error::forbidden(text).attr("password").code("managed_by_directory"));
        }
        local(&found)?;
        users::within_reach(permit, &found)?;
        break_glass::touched(&mut c, permit, &found).await?;
        drop(c);
        let acting = self.0.access.acting(permit.actor(), (t, user), None, None).await?;
        if !acting.covered() {
            return Err(Error::forbidden(format!("'{}': {MORE}", found.user_name)));
        }
        Ok((found, acting))
    }
}

/// Has the person told what was done to their credentials, and everybody else of an account for emergencies. Who had
/// nothing so far is only just being given it.
async fn told(
    tx: &mut Tx,
    found: &User,
    glass: Option<break_glass::Account>,
    first: bool,
    (what, did): (What, &'static str),
) -> Result<()> {
    if let Some(account) = glass {
        account.tell(tx, did).await?;
    }
    if first { Ok(()) } else { notice::tell(tx, found.tenant_id, found.id, what).await }
}

fn totp(secret: Vec<u8>) -> Totp {
    Builder::new().with_secret(secret).build_noncompliant()
}

/// The address that authenticator apps read.
fn otpauth(issuer: &str, name: &str, base32: &str) -> String {
    let enc = |s: &str| {
        url::form_urlencoded::byte_serialize(s.replace(':', " ").as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let (issuer, name) = (enc(issuer), enc(name));
    format!(
        "otpauth://totp/{issuer}:{name}?secret={base32}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
    )
}

/// 160 bits, as RFC 4226 recommends.
fn random_bytes() -> Result<Vec<u8>> {
    crate::crypto::unb64(&crate::crypto::random_b64(20))
        .ok_or_else(|| Error::internal("no random bytes"))
}

/// A password for somebody's first time: 24 characters in groups, of an alphabet without look-alikes.
///
/// # Errors
/// Never in practice: when the system has no random numbers.
pub fn new_password() -> Result<Secret> {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
    let random = crate::crypto::unb64(&crate::crypto::random_b64(24));
    let random = random.ok_or_else(|| Error::internal("no random bytes"))?;
    let groups: Vec<String> = random
        .chunks(6)
        .map(|g| g.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect())
        .collect();
    Ok(groups.join("-").into())
}

/// Removes some of what a tenant that is deleted has here beside its people's own.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}
