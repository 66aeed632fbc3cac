//! Break-glass accounts: Global Administrators of the provider's own for the day when nobody else can come in. They sign in
//! here alone, with a passkey, or with password and recovery code; only while they are armed, by whoever owns the data
//! directory or another Global Administrator, with a reason; once for each arming, for an hour. Every other Global
//! Administrator is told of each step at once, and when it is time to try it again. The guard of the last administrator
//! does not count them, and no letter sets their password.

mod db;

use super::{
    Credentials, factors,
    notice::{self, What},
    recovery, tries,
};
use crate::{
    access::{Permit, guard, perm::Global},
    actor::{Actor, UserKind},
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{TenantId, UserId},
    row,
    secret::Secret,
    store::{Conn, Cx, Lock, Scope, Store, Tx},
    tenants, text, tx,
    users::{self, User},
};
use serde_json::json;
use std::time::Duration;

/// So many there are at most.
const MOST: usize = 2;
/// How long one is armed.
pub const ARMED: Duration = Duration::from_secs(60 * 60);
/// How long its session lasts.
pub const SESSION: Duration = Duration::from_secs(60 * 60);
/// So few recovery codes are worth a warning.
const FEW: i64 = 3;
/// How often it is to be tried.
const DRILL: Duration = Duration::from_secs(30 * 24 * 3600);

row! {
    /// An account.
    #[derive(Debug, Clone)]
    pub struct Account {
        /// The provider's tenant.
        pub tenant_id: TenantId,
        /// The user.
        pub user_id: UserId,
        /// The name it signs in with.
        pub user_name: String,
        /// Since when.
        pub made_at: Timestamp,
        /// Until when it can be used; `None`: it is sealed.
        pub armed_until: Option<Timestamp>,
        /// When it was used last: a drill, too.
        pub used_at: Option<Timestamp>,
        /// When somebody was told last that a drill is due.
        pub reminded_at: Option<Timestamp>,
        /// How many of its recovery codes are not used yet.
        pub recovery_codes: i64,
    }
}

impl Account {
    /// What whoever arms it is to think of.
    pub fn warning(&self) -> Option<String> {
        let n = self.recovery_codes;
        (n < FEW).then(|| {
            format!(
                "{n} recovery codes are left: once it is signed in, make new ones on its own page (/me/factors), and put them \
                 away with the password"
            )
        })
    }
    /// Whether it can be used now.
    pub fn armed(&self, now: Timestamp) -> bool {
        self.armed_until.is_some_and(|until| until > now)
    }
}

impl Account {
    /// Has everybody told what was done to it, as an alarm.
    pub(super) async fn tell(&self, tx: &mut Tx, did: &'static str) -> Result<()> {
        let event = Event::new("break_glass.touch").target("user", self.user_id);
        let detail = json!({ "did": did, "alarm": true });
        audit::record(tx, self.tenant_id, event.detail(detail)).await?;
        let what = What::GlassTouched(self.user_name.clone(), did.to_owned());
        alarm(tx, self.tenant_id, self.user_id, what).await
    }
}

/// The account for emergencies that somebody is, whom the caller is about to change: that takes who holds everything, and
/// is no such account itself, or one that was used could make itself another.
///
/// # Errors
/// [`crate::error::Kind::Forbidden`].
pub(super) async fn touched<P>(
    c: &mut Conn,
    p: &Permit<P>,
    user: &User,
) -> Result<Option<Account>> {
    if user.kind != UserKind::Administrator {
        return Ok(None);
    }
    let Some(account) = db::find(c, user.tenant_id, user.id).await? else { return Ok(None) };
    if !p.everything() {
        return Err(Error::forbidden(
            "only a Global Administrator changes an account for emergencies",
        ));
    }
    not_one(c, account.tenant_id, p.actor()).await?;
    Ok(Some(account))
}

/// Refuses an account for emergencies as the one who acts.
async fn not_one(c: &mut Conn, t: TenantId, actor: &Actor) -> Result<()> {
    let Some((home, user)) = actor.user() else { return Ok(()) };
    if home == t && db::find(c, home, user).await?.is_some() {
        let text = "an account for emergencies does nothing about such accounts; somebody else does, or whoever owns the \
                    data directory";
        return Err(Error::forbidden(text));
    }
    Ok(())
}

/// Has every Global Administrator told who is not the one concerned.
async fn alarm(tx: &mut Tx, home: TenantId, user: UserId, what: What) -> Result<()> {
    for (t, who) in guard::global_administrators(tx).await? {
        if (t, who) != (home, user) {
            notice::tell(tx, t, who, what.clone()).await?;
        }
    }
    Ok(())
}

/// Whether a sign-in of somebody is one of a break-glass account.
///
/// # Errors
/// The database's.
pub async fn find(c: &mut Conn, t: TenantId, user: UserId) -> Result<Option<Account>> {
    db::find(c, t, user).await
}

/// Uses an armed account, in the transaction that begins its session, and seals it again; false: it is sealed.
///
/// # Errors
/// The database's.
pub async fn used(tx: &mut Tx, t: TenantId, account: &Account) -> Result<bool> {
    let user = account.user_id;
    if !db::used(tx, t, user).await? {
        return Ok(false);
    }
    let event = Event::new("break_glass.use").target("user", user);
    audit::record(tx, t, event.detail(json!({ "alarm": true }))).await?;
    alarm(tx, t, user, What::GlassBroken(account.user_name.clone())).await?;
    Ok(true)
}

impl Credentials {
    /// Makes somebody of the provider's a break-glass account; gives their recovery codes, shown this once. The role is
    /// the caller's to give.
    ///
    /// # Errors
    /// [`crate::error::Kind::Conflict`] when there are two already.
    pub async fn make_break_glass(&self, p: &Permit<Global>, user: &User) -> Result<Vec<Secret>> {
        let (t, id, set) = (user.tenant_id, user.id, recovery::new_set()?);
        let name = user.user_name.clone();
        let cx = Cx::new(p.actor().clone(), Scope::Tenant(t));
        tx!(self.0.store, &cx, [set, name], |tx| {
            tx.lock(Lock::Named("break glass".to_owned())).await?;
            if db::list(tx, t).await?.len() >= MOST {
                return Err(too_many());
            }
            let by = tx.actor().label();
            db::insert(tx, t, id, &by).await?;
            recovery::keep(tx, t, id, &set).await?;
            audit::record(tx, t, Event::new("break_glass.make").target("user", id)).await?;
            alarm(tx, t, id, What::GlassMade(name)).await
        })?;
        Ok(set)
    }

    /// The accounts there are.
    ///
    /// # Errors
    /// The database's.
    pub async fn break_glass(&self, _: &Permit<Global>) -> Result<Vec<Account>> {
        let Some(provider) = tenants::provider(&self.0.store).await? else { return Ok(Vec::new()) };
        let mut c = self.0.store.read(Scope::Tenant(provider.id)).await?;
        db::list(&mut c, provider.id).await
    }

    /// Refuses a third one before anything is made of it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Conflict`].
    pub async fn may_have_break_glass(&self, p: &Permit<Global>) -> Result<()> {
        if self.break_glass(p).await?.len() >= MOST { Err(too_many()) } else { Ok(()) }
    }

    /// Lets an account be used once within the next hour.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Invalid`] without a reason; [`crate::error::Kind::Forbidden`]
    /// for one's own.
    pub async fn arm_break_glass(
        &self,
        p: &Permit<Global>,
        user: UserId,
        reason: &str,
    ) -> Result<Account> {
        let reason = text::checked("reason", reason.trim(), 2000)?.to_owned();
        if reason.is_empty() {
            return Err(Error::invalid("'reason' is empty; say why it is needed").attr("reason"));
        }
        let provider = tenants::provider(&self.0.store).await?;
        let t = provider.ok_or_else(|| Error::not_found("break-glass account"))?.id;
        if p.actor().user() == Some((t, user)) {
            return Err(Error::forbidden(
                "somebody else arms it, or whoever owns the data directory",
            ));
        }
        let cx = Cx::new(p.actor().clone(), Scope::Tenant(t)).urgent();
        tx!(self.0.store, &cx, [reason], |tx| {
            tx.lock(Lock::User(user)).await?;
            let actor = tx.actor().clone();
            not_one(tx, t, &actor).await?;
            let live = users::find(tx, t, user).await?.is_none_or(|u| u.live());
            if !live {
                let text = "it is switched off; switch it on first";
                return Err(Error::conflict(text).attr("enabled").code("user_disabled"));
            }
            let until = tx.now().plus(ARMED);
            if !db::arm(tx, t, user, until).await? {
                return Err(Error::not_found("break-glass account"));
            }
            let event = Event::new("break_glass.arm").target("user", user);
            let event = event.detail(json!({ "until": until.rfc3339(), "alarm": true }));
            audit::record(tx, t, event.personal(json!({ "reason": reason }))).await?;
            let found = db::find(tx, t, user).await?;
            let account = found.ok_or_else(|| Error::not_found("break-glass account"))?;
            // Whoever guessed at it until now keeps nobody waiting who needs it.
            tries::forget_all(tx, t, &account.user_name).await?;
            factors::forget_all(tx, t, user).await?;
            super::db::code_forgiven(tx, t, user).await?;
            alarm(tx, t, user, What::GlassArmed(account.user_name.clone())).await?;
            Ok(account)
        })
    }
}

fn too_many() -> Error {
    Error::conflict(format!(
        "there are {MOST} break-glass accounts, which is the most; delete one first"
    ))
}

/// Has Global Administrators told of accounts that nobody has tried in a month. Says of how many.
///
/// # Errors
/// The database's.
pub async fn remind(store: &Store, cx: &Cx) -> Result<u64> {
    let Some(provider) = tenants::provider(store).await? else { return Ok(0) };
    let t = provider.id;
    tx!(store, cx, [], |tx| {
        tx.unaudited("letters about what is in the audit trail");
        let (mut told, before) = (0, tx.now().minus(DRILL));
        for a in db::list(tx, t).await? {
            if db::remind(tx, t, a.user_id, before).await? {
                alarm(tx, t, a.user_id, What::GlassDrill(a.user_name)).await?;
                told += 1;
            }
        }
        Ok(told)
    })
}

/// Whether a user is one of these: their password is set by no letter.
pub(super) async fn is_one(tx: &mut Tx, user: &User) -> Result<bool> {
    Ok(db::find(tx, user.tenant_id, user.id).await?.is_some())
}
