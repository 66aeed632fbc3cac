//! "I forgot my password": a link by mail, short-lived, good once. Who asks learns nothing: whoever there is, the same is
//! written down, and a worker finds out whom it concerns. The link takes the place of the password alone: whoever has a
//! second factor shows it as well, and who has lost both needs somebody who may reset them.

mod db;
mod letter;

use super::{
    Credentials, Enrolment, Outcome, Proved, break_glass,
    notice::{self, What},
    proof::{Has, has},
    rules, tries, with_parts,
};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    crypto::{
        seal::MasterKey,
        token::{self, Kind},
    },
    error::Result,
    id::{TenantId, UserId},
    outbox,
    secret::{ExposeSecret as _, Secret},
    sessions::{self, Who},
    store::{Cx, Lock, Scope, Tx},
    tenants::{self, Required},
    tx,
    users::{self, User},
};
pub(super) use db::{forget, sweep};
pub use letter::{ASKED, LETTER, Sender, asked, deliver};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// How long a link opens.
pub const LIFE: Duration = Duration::from_secs(30 * 60);
/// What the sealed company is bound to, at whose page somebody forgot their password.
const PLACE: &str = "password_reset.place";

/// What is kept of a link while somebody sets up what it is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ticket {
    /// The user's tenant.
    pub home: TenantId,
    hash: String,
}

/// Whom a link is for.
#[derive(Debug, Clone)]
pub struct Resetting {
    home: TenantId,
    user: User,
    company: String,
    hash: String,
    by_desk: bool,
    /// What they have.
    pub has: Has,
}
impl Resetting {
    /// The name they sign in with.
    pub fn user_name(&self) -> &str {
        &self.user.user_name
    }
    /// Their tenant and they.
    pub fn who(&self) -> (TenantId, UserId) {
        (self.home, self.user.id)
    }
    /// The name that is shown.
    pub fn display_name(&self) -> Option<&str> {
        self.user.display_name.as_deref()
    }
    /// What everybody knows of them.
    pub fn known(&self) -> Vec<&str> {
        let mut known = vec![self.user_name(), self.company.as_str()];
        known.extend(self.display_name());
        known.extend(self.user.email.as_deref());
        known
    }
    /// Whether a second factor is set up with the password: a help desk sent the link, one is demanded, and there is none.
    pub fn enrols(&self, demanded: Required) -> bool {
        let none = !self.has.second() && self.has.recovery == 0;
        self.by_desk && none && demanded != Required::None
    }
    /// The link, to be kept.
    pub fn ticket(&self) -> Ticket {
        Ticket { home: self.home, hash: self.hash.clone() }
    }
    /// Whether a code, of an app or for recovery, is asked for beside the new password. A recovery code takes the place of
    /// a second factor, and is nothing where there is none.
    pub fn wants_code(&self) -> bool {
        self.has.code || self.asks_recovery()
    }
    /// Whether a recovery code will do.
    pub fn asks_recovery(&self) -> bool {
        self.has.second() && self.has.recovery > 0
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

/// Forgets how often a link was asked for by this name.
///
/// # Errors
/// The database's.
pub(super) async fn forgive(tx: &mut Tx, name: &str) -> Result<()> {
    super::db::forget(tx, TenantId::PLATFORM, &key(name)).await.map(drop)
}

/// By whom somebody gets a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// They forgot their password, or somebody says so: it takes the place of the password alone, and of no link that a help
    /// desk has sent.
    Themselves,
    /// A help desk has it sent.
    Desk,
    /// A help desk hands it over.
    Hand,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Offer {
    /// There is none for them.
    None,
    /// It is on its way.
    Sent,
    /// It is for whoever asked to hand over.
    Link(Secret),
}

/// Makes a link for somebody, in the running transaction, and has it sent.
pub(super) async fn offer(
    tx: &mut Tx,
    master: &MasterKey,
    t: TenantId,
    user: &User,
    by: By,
) -> Result<Offer> {
    if break_glass::is_one(tx, user).await? {
        return Ok(Offer::None);
    }
    if by == By::Themselves && db::desk_waits(tx, t, user.id).await? {
        return Ok(Offer::None);
    }
    let to = user.email.as_ref().filter(|_| by != By::Hand);
    if to.is_none() && by != By::Hand {
        return Ok(Offer::None);
    }
    let (link, hash) = token::generate(Kind::Reset);
    let expires = tx.now().plus(LIFE);
    db::put(tx, t, user.id, &hash, expires, by != By::Themselves).await?;
    let event = Event::new("password_reset.send").target("user", user.id);
    let event = event.detail(json!({ "by_hand": by == By::Hand }));
    audit::record(tx, t, event).await?;
    let Some(to) = to else { return Ok(Offer::Link(link)) };
    let sealed = master.seal(&letter::bound(t, user.id), link.expose_secret().as_bytes())?;
    let letter = json!({
        "to": to, "name": user.label(), "user": user.id, "link": sealed, "until": expires.for_people(),
    });
    outbox::push(tx, t, LETTER, &letter).await?;
    Ok(Offer::Sent)
}

/// The company that was sealed; `None` for none, and for what nobody sealed.
fn place(master: &MasterKey, sealed: Option<&str>) -> Option<TenantId> {
    let opened = master.open(PLACE, sealed?).ok()?;
    let at = TenantId::parse(&String::from_utf8(opened).ok()?)?;
    (at != TenantId::PLATFORM).then_some(at)
}

impl Credentials {
    /// The company at whose page somebody may say that they forgot their password, sealed: the page of an address must not
    /// tell which it is, nor whether there is one.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when it cannot be sealed.
    pub fn place(&self, at: Option<TenantId>) -> Result<String> {
        let at = at.unwrap_or(TenantId::PLATFORM).to_string();
        self.0.master.seal(PLACE, at.as_bytes())
    }

    /// Notes that somebody of this name forgot their password, `at` the page of a company (see [`Self::place`]). Nothing of what follows is seen by who asks.
    ///
    /// # Errors
    /// The database's.
    pub async fn forgot(&self, cx: &Cx, name: &str, at: Option<&str>) -> Result<()> {
        if self.count(cx, vec![TenantId::PLATFORM], &key(name)).await?.is_err() {
            return Ok(());
        }
        let sealed = self.0.master.seal(letter::ASKED, name.trim().as_bytes())?;
        // What was made up is not carried along.
        let at = at.filter(|at| place(&self.0.master, Some(at)).is_some()).map(str::to_owned);
        tx!(self.0.store, cx, [sealed, at], |tx| {
            tx.unaudited("nobody is known to be concerned");
            let asked = json!({ "name": sealed, "at": at });
            outbox::push(tx, TenantId::PLATFORM, ASKED, &asked).await.map(drop)
        })
    }

    /// Whom a link is for; `None` for one that does not open. Looking changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_reset(&self, link: &str) -> Result<Option<Resetting>> {
        match token::hash(Kind::Reset, link) {
            Some(hash) => self.opened(hash).await,
            None => Ok(None),
        }
    }

    /// The same of a link that was kept.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_ticket(&self, ticket: &Ticket) -> Result<Option<Resetting>> {
        self.opened(ticket.hash.clone()).await
    }

    async fn opened(&self, hash: String) -> Result<Option<Resetting>> {
        let now = self.0.store.clock().now();
        // platform: whose the link is, is what is looked up.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let Some(row) = db::by_hash(&mut c, &hash, now).await? else { return Ok(None) };
        let (home, user, by_desk) = (row.tenant_id, row.user_id, row.by_desk);
        let Some(user) = users::find(&mut c, home, user).await? else { return Ok(None) };
        let Some(tenant) = tenants::find(&mut c, home).await? else { return Ok(None) };
        if !open(&user, &tenant) {
            return Ok(None);
        }
        let has = has(&mut c, home, user.id).await?;
        Ok(Some(Resetting { home, user, company: tenant.name, hash, by_desk, has }))
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
        let known = with_parts([&["muster"][..], &r.known()].concat());
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
            let same = (now.code, now.passkeys) == (was.code, was.passkeys)
                && now.recovery <= was.recovery;
            if !opens || !same || !db::claim(tx, home, user, &link).await? {
                tx.unaudited("nothing was done");
                return Ok(Did::Over);
            }
            super::db::set_password(tx, home, user, &hash, alone).await?;
            tries::forget_all(tx, home, &name).await?;
            forgive(tx, &name).await?;
            sessions::revoke(tx, Who::User(home, user), "password reset").await?;
            audit::record(tx, home, Event::new("password.reset").target("user", user)).await?;
            notice::tell(tx, home, user, What::PasswordReset).await?;
            Ok(Did::Done)
        })
    }

    /// Writes what somebody chose who has the link: it takes the place of all that there was. In the transaction that lets
    /// them in, under their lock; false for a link that does not open any more.
    ///
    /// # Errors
    /// As [`Self::enrol`].
    pub async fn renew(tx: &mut Tx, user: UserId, ticket: &Ticket, e: &Enrolment) -> Result<bool> {
        let home = ticket.home;
        let (found, tenant) = (users::find(tx, home, user).await?, tenants::find(tx, home).await?);
        let Some((found, _)) = found.zip(tenant).filter(|(u, t)| open(u, t)) else {
            return Ok(false);
        };
        // Whatever they have got meanwhile was not asked for.
        let now = has(tx, home, user).await?;
        let bare = !now.second() && now.recovery == 0;
        if !bare || !db::claim(tx, home, user, &ticket.hash).await? {
            return Ok(false);
        }
        super::db::delete_password(tx, home, user).await?;
        Self::enrol(tx, home, user, e).await?;
        tries::forget_all(tx, home, &found.user_name).await?;
        sessions::revoke(tx, Who::User(home, user), "password reset").await?;
        audit::record(tx, home, Event::new("password.reset").target("user", user)).await?;
        notice::tell(tx, home, user, What::PasswordReset).await?;
        Ok(true)
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
