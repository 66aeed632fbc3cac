//! Local credentials: passwords and one-time codes, throttled by account (by address: `server`). For people without
//! a directory; who comes from one signs in there and has none here.
//!
//! A try is counted before it is judged, in one transaction, so that many at once get no more of them than one after
//! the other. What is refused leaves its trace with `signins`, by the voice that asked.

mod db;
mod enrol;
mod hasher;
mod rules;

use crate::{
    access::{Access, Permit, perm::UsersEdit},
    actor::UserKind,
    audit::{self, Event},
    clock::Timestamp,
    config::Signin,
    crypto::seal::MasterKey,
    error::{Error, Result},
    id::{TenantId, UserId},
    secret::{ExposeSecret as _, Secret},
    sessions::{self, Who},
    store::{Cache, Cx, Lock, Scope, Store},
    text, tx,
    users::{self, User},
};
pub use enrol::{Enrolment, Offered};
use hasher::Hasher;
use std::{sync::Arc, time::Duration};
use totp_rs::{Builder, Totp};

/// How long it takes to say no: longer than a hash and a write on a slow disk.
const A_NO: Duration = Duration::from_millis(250);

/// What a try of a credential came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was right.
    Right {
        /// Whose it is.
        user: UserId,
        /// Whether they have a one-time code as well.
        has_code: bool,
    },
    /// It was not, or there is nobody of that name; which of the two is not told.
    Wrong,
    /// There were too many: not even the right one is taken for so many seconds.
    Wait(u32),
    /// It was right, but the person is switched off. Only ever said to who knows the password.
    Off,
}

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
    /// Misses of names that nobody has, so that waiting does not tell who exists.
    nobody: Cache<(TenantId, String), (i64, Option<Timestamp>)>,
}

fn gone(user: UserId) -> Error {
    Error::not_found(format!("user {user}"))
}

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
    /// Over this database, with these settings.
    pub fn new(store: &Store, access: &Access, master: &MasterKey, settings: &Signin) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            access: access.clone(),
            master: master.clone(),
            settings: settings.clone(),
            hasher: Hasher::new(),
            nobody: Cache::new(10_000, Duration::from_mins(15)),
        }))
    }

    /// Tries a password. Nothing is held open while it is hashed. A "no" takes the same time whether the name exists
    /// or not: a try of a real one is written down, and that would show.
    ///
    /// # Errors
    /// The database's.
    pub async fn verify_password(
        &self,
        cx: &Cx,
        tenant: TenantId,
        user_name: &str,
        password: &Secret,
    ) -> Result<Outcome> {
        let no_earlier = tokio::time::Instant::now() + A_NO;
        let outcome = self.judge(cx, tenant, user_name, password).await?;
        if matches!(outcome, Outcome::Wrong | Outcome::Wait(_)) {
            tokio::time::sleep_until(no_earlier).await;
        }
        Ok(outcome)
    }

    async fn judge(
        &self,
        cx: &Cx,
        tenant: TenantId,
        user_name: &str,
        password: &Secret,
    ) -> Result<Outcome> {
        let this = &self.0;
        let name = text::fold(user_name.trim());
        let mut c = this.store.read(Scope::Tenant(tenant)).await?;
        let found = users::find_local(&mut c, tenant, user_name).await?;
        drop(c);
        let Some(user) = found.filter(|u| local(u).is_ok()) else {
            return self.miss_nobody(tenant, name, password).await;
        };
        let id = user.id;
        // Counted as a miss first; what was right is taken back.
        let settings = this.settings.clone();
        let taken = tx!(this.store, &cx.clone().urgent(), [settings], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::User(id)).await?;
            let Some(row) = db::password(tx, tenant, id).await? else { return Ok(Ok(None)) };
            if let Some(seconds) = rules::wait(row.locked_until, tx.now()) {
                return Ok(Err(seconds));
            }
            let (failures, until) = rules::missed(row.failures, tx.now(), &settings);
            db::password_tried(tx, tenant, id, &row.hash, failures, until).await?;
            Ok(Ok(Some(row.hash)))
        })?;
        let hash = match taken {
            Ok(Some(hash)) => hash,
            Ok(None) => return self.miss_nobody(tenant, name, password).await,
            Err(seconds) => return Ok(Outcome::Wait(seconds)),
        };
        if !this.hasher.verify(password, Some(&hash)).await? {
            return Ok(Outcome::Wrong);
        }
        let live = user.live();
        tx!(this.store, &cx.clone().urgent(), [hash], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::User(id)).await?;
            if db::password_tried(tx, tenant, id, &hash, 0, None).await? == 0 {
                return Ok(Outcome::Wrong); // changed meanwhile
            }
            if !live {
                return Ok(Outcome::Off);
            }
            let has_code = db::code(tx, tenant, id).await?.is_some();
            Ok(Outcome::Right { user: id, has_code })
        })
    }

    /// For who is not there: as long, and with the same waiting, as for who is.
    async fn miss_nobody(
        &self,
        tenant: TenantId,
        name: String,
        password: &Secret,
    ) -> Result<Outcome> {
        let this = &self.0;
        let (key, now) = ((tenant, name), this.store.clock().now());
        let (failures, until) = this.nobody.get(&key).unwrap_or_default();
        if let Some(seconds) = rules::wait(until, now) {
            return Ok(Outcome::Wait(seconds));
        }
        let ticket = this.nobody.ticket();
        this.nobody.fill(ticket, key, rules::missed(failures, now, &this.settings));
        this.hasher.verify(password, None).await?;
        Ok(Outcome::Wrong)
    }

    /// Tries a one-time code; each is taken once.
    ///
    /// # Errors
    /// The database's; [`crate::error::Kind::Internal`] when another master key sealed it.
    pub async fn verify_code(
        &self,
        cx: &Cx,
        tenant: TenantId,
        user: UserId,
        code: &str,
    ) -> Result<Outcome> {
        let (settings, master) = (self.0.settings.clone(), self.0.master.clone());
        let code = rules::digits(code).unwrap_or_default();
        tx!(self.0.store, &cx.clone().urgent(), [settings, master, code], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::User(user)).await?;
            let now = tx.now();
            let Some(row) = db::code(tx, tenant, user).await? else { return Ok(Outcome::Wrong) };
            if let Some(seconds) = rules::wait(row.locked_until, now) {
                return Ok(Outcome::Wait(seconds));
            }
            let secret = master.open(&bound(tenant, user), &row.secret)?;
            let step = totp(secret).check(&code, u64::try_from(now.secs()).unwrap_or(0));
            if let Some(step) = step.and_then(|s| i64::try_from(s).ok())
                && db::use_step(tx, tenant, user, step).await?
            {
                let live = users::find(tx, tenant, user).await?.is_some_and(|u| u.live());
                let right = Outcome::Right { user, has_code: true };
                return Ok(if live { right } else { Outcome::Off });
            }
            let (failures, until) = rules::missed(row.failures, now, &settings);
            db::code_missed(tx, tenant, user, failures, until).await?;
            Ok(Outcome::Wrong)
        })
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
        let found = self.reachable(permit, user).await?;
        let plain = password.expose_secret();
        let mut known = vec![found.user_name.as_str(), "muster"];
        known.extend(found.display_name.as_deref());
        known.extend(found.email.as_deref());
        let parts = known.clone().into_iter().flat_map(|k| k.split(|c: char| !c.is_alphanumeric()));
        known.extend(parts.filter(|p| p.chars().count() > 2));
        rules::strong(plain, &known, &self.0.settings)?;
        let hash = self.0.hasher.hash(password).await?;
        let t = permit.tenant();
        tx!(self.0.store, &permit.cx().urgent(), [hash], |tx| {
            tx.lock(Lock::User(user)).await?;
            users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            db::set_password(tx, t, user, &hash).await?;
            sessions::revoke(tx, Who::User(t, user), "password set").await?;
            audit::record(tx, t, Event::new("password.set").target("user", user)).await
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
        let found = self.reachable(permit, user).await?;
        let t = permit.tenant();
        let secret = totp_rs::Secret::from(random_bytes()?);
        let sealed = self.0.master.seal(&bound(t, user), secret.as_bytes())?;
        let base32 = secret.to_base32();
        let otpauth = otpauth(issuer, &found.user_name, &base32);
        tx!(self.0.store, &permit.cx().urgent(), [sealed], |tx| {
            tx.lock(Lock::User(user)).await?;
            users::find(tx, t, user).await?.ok_or_else(|| gone(user))?;
            db::set_code(tx, t, user, &sealed).await?;
            sessions::revoke(tx, Who::User(t, user), "one-time code set").await?;
            audit::record(tx, t, Event::new("one_time_code.set").target("user", user)).await
        })?;
        Ok(Code { otpauth: otpauth.into(), secret: base32.into() })
    }

    /// Takes the one-time code away.
    ///
    /// # Errors
    /// As [`Self::set_password`]; [`crate::error::Kind::NotFound`] also where there is none.
    pub async fn remove_code(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<()> {
        self.reachable(permit, user).await?;
        let t = permit.tenant();
        tx!(self.0.store, &permit.cx().urgent(), [], |tx| {
            tx.lock(Lock::User(user)).await?;
            if !db::delete_code(tx, t, user).await? {
                return Err(Error::not_found("one-time code"));
            }
            sessions::revoke(tx, Who::User(t, user), "one-time code removed").await?;
            audit::record(tx, t, Event::new("one_time_code.remove").target("user", user)).await
        })
    }

    /// The user, if the caller may set their credentials: whoever sets them can sign in as them.
    async fn reachable(&self, permit: &Permit<UsersEdit>, user: UserId) -> Result<User> {
        let t = permit.tenant();
        let mut c = self.0.store.read(Scope::Tenant(t)).await?;
        let found = users::find(&mut c, t, user).await?.ok_or_else(|| gone(user))?;
        drop(c);
        local(&found)?;
        users::within_reach(permit, &found)?;
        if !self.0.access.covers(permit.actor(), (t, user)).await? {
            return Err(Error::forbidden(format!(
                "'{}' holds more than you do; whoever sets their credentials could act as them",
                found.user_name
            )));
        }
        Ok(found)
    }
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
