//! "I forgot my password": a link by mail, short-lived, good once. Who asks learns nothing: whoever there is, the same is
//! written down, and a worker finds out whom it concerns. The link takes the place of the password alone: whoever has a
//! second factor shows it as well, and who has lost both needs somebody who may reset them.

mod db;
mod letter;

use super::{
    Credentials, Outcome, Proved, break_glass,
    notice::{self, What},
    proof::{Has, has},
    rules, tries, with_parts,
};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    crypto::token::{self, Kind},
    error::Result,
    id::{TenantId, UserId},
    outbox,
    secret::{ExposeSecret as _, Secret},
    sessions::{self, Who},
    store::{Cx, Lock, Scope, Tx},
    tenants, tx,
    users::{self, User},
};
pub(super) use db::{forget, sweep};
pub use letter::{ASKED, LETTER, Sender, asked, deliver};
use serde_json::json;
use std::time::Duration;

/// How long a link opens.
pub const LIFE: Duration = Duration::from_secs(30 * 60);
/// In how many companies a name is looked for.
const HOMES: usize = 4;

/// Whom a link is for.
#[derive(Debug, Clone)]
pub struct Resetting {
    home: TenantId,
    user: User,
    company: String,
    hash: String,
    /// What they have.
    pub has: Has,
}
impl Resetting {
    /// The name they sign in with.
    pub fn user_name(&self) -> &str {
        &self.user.user_name
    }
    /// Whether a code, of an app or for recovery, is asked for beside the new password.
    pub fn wants_code(&self) -> bool {
        self.has.code || self.has.recovery > 0
    }
    /// Whether all that they have beside the password is a passkey: they sign in with it, and set a password then.
    pub fn only_passkey(&self) -> bool {
        self.has.passkeys > 0 && !self.wants_code()
    }
}

/// What came of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// The password is set; every session has ended.
    Done,
    /// The link does not open any more.
    Over,
    /// The second factor was not right.
    Wrong,
    /// There were too many tries of it.
    Wait(u32),
}

/// What is asked for a name is counted under, whoever exists.
fn key(name: &str) -> String {
    crate::crypto::sha256_hex(format!("reset {}", crate::text::fold(name.trim())))
}

/// Makes a link for somebody and has it sent, in the running transaction; false for who has none coming.
pub(super) async fn offer(
    tx: &mut Tx,
    master: &crate::crypto::seal::MasterKey,
    t: TenantId,
    user: &User,
) -> Result<bool> {
    let Some(to) = &user.email else { return Ok(false) };
    if break_glass::is_one(tx, user).await? {
        return Ok(false);
    }
    let (link, hash) = token::generate(Kind::Reset);
    let expires = tx.now().plus(LIFE);
    db::put(tx, t, user.id, &hash, expires).await?;
    let sealed = master.seal(&letter::bound(t, user.id), link.expose_secret().as_bytes())?;
    let letter = json!({
        "to": to, "name": user.label(), "user": user.id, "link": sealed, "until": expires.for_people(),
    });
    outbox::push(tx, t, LETTER, &letter).await?;
    audit::record(tx, t, Event::new("password_reset.send").target("user", user.id)).await?;
    Ok(true)
}

impl Credentials {
    /// Notes that somebody of this name forgot their password. Nothing of what follows is seen by who asks.
    ///
    /// # Errors
    /// The database's.
    pub async fn forgot(&self, cx: &Cx, name: &str) -> Result<()> {
        if self.count(cx, vec![TenantId::PLATFORM], &key(name)).await?.is_err() {
            return Ok(());
        }
        let sealed = self.0.master.seal(letter::ASKED, name.trim().as_bytes())?;
        tx!(self.0.store, cx, [sealed], |tx| {
            tx.unaudited("nobody is known to be concerned");
            outbox::push(tx, TenantId::PLATFORM, ASKED, &json!({ "name": sealed })).await.map(drop)
        })
    }

    /// Whom a link is for; `None` for one that does not open. Looking changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_reset(&self, link: &str) -> Result<Option<Resetting>> {
        let Some(hash) = token::hash(Kind::Reset, link) else { return Ok(None) };
        let now = self.0.store.clock().now();
        // platform: whose the link is, is what is looked up.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let Some(row) = db::by_hash(&mut c, &hash, now).await? else { return Ok(None) };
        let (home, user) = (row.tenant_id, row.user_id);
        let Some(user) = users::find(&mut c, home, user).await? else { return Ok(None) };
        let Some(tenant) = tenants::find(&mut c, home).await? else { return Ok(None) };
        if !open(&user, &tenant) {
            return Ok(None);
        }
        let has = has(&mut c, home, user.id).await?;
        Ok(Some(Resetting { home, user, company: tenant.name, hash, has }))
    }

    /// Sets the password that somebody chose who has the link, and shows their second factor if they have one.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for a password that could be guessed: nothing is used up by it.
    pub async fn reset(
        &self,
        cx: &Cx,
        r: &Resetting,
        password: &Secret,
        code: &str,
    ) -> Result<Did> {
        if r.only_passkey() {
            return Ok(Did::Wrong);
        }
        let mut known = vec!["muster", r.user_name(), r.company.as_str()];
        known.extend(r.user.display_name.as_deref());
        known.extend(r.user.email.as_deref());
        let known = with_parts(known);
        let plain = password.expose_secret();
        let alone = rules::strong(plain, &known, &self.0.settings, r.has.second())?;
        let (home, user, was) = (r.home, r.user.id, r.has);
        if r.wants_code() {
            match self.second(cx, (home, user), code).await? {
                Outcome::Right(_) => {}
                Outcome::Wait(seconds) => return Ok(Did::Wait(seconds)),
                Outcome::Wrong => return Ok(Did::Wrong),
                Outcome::Off { .. } => return Ok(Did::Over),
            }
        }
        let hash = self.0.hasher.hash(password).await?;
        let (link, name) = (r.hash.clone(), r.user.user_name.clone());
        tx!(self.0.store, &cx.clone().urgent(), [hash, link, name], |tx| {
            tx.lock(Lock::User(user)).await?;
            let found = users::find(tx, home, user).await?;
            let tenant = tenants::find(tx, home).await?;
            let opens = found.zip(tenant).is_some_and(|(u, t)| open(&u, &t));
            let now = has(tx, home, user).await?;
            // Whatever they have got meanwhile was not asked for.
            let same = (now.code, now.passkeys) == (was.code, was.passkeys);
            if !opens || !same || !db::claim(tx, home, user, &link).await? {
                tx.unaudited("nothing was done");
                return Ok(Did::Over);
            }
            super::db::set_password(tx, home, user, &hash, alone).await?;
            tries::forget_all(tx, home, &name).await?;
            sessions::revoke(tx, Who::User(home, user), "password reset").await?;
            audit::record(tx, home, Event::new("password.reset").target("user", user)).await?;
            notice::tell(tx, home, user, What::PasswordReset).await?;
            Ok(Did::Done)
        })
    }

    /// A code of an app, or else one for recovery: each counted as at a sign-in.
    async fn second(
        &self,
        cx: &Cx,
        (home, user): (TenantId, UserId),
        code: &str,
    ) -> Result<Outcome> {
        let password_set = Timestamp(0);
        let p = Proved { home, user, password_set, code_set: None, alone: false };
        match rules::digits(code) {
            Some(_) => self.verify_code(cx, &p, code).await,
            None => self.verify_recovery(cx, &p, code).await,
        }
    }
}

/// Whether somebody may have a password set by a link.
fn open(user: &User, tenant: &tenants::Tenant) -> bool {
    user.live() && super::local(user).is_ok() && tenant.status == tenants::Status::Active
}
