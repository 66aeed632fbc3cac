//! Tries of credentials. A try of a password is counted by where and as what the name was typed, before anybody looks
//! whether there is such a person: what can be measured or waited for is the same for names that exist and for others.
//! Behind an address namesakes of several companies are counted each for themselves: a wrong password is a miss of all of
//! them, a right one clears its owner's count and is no miss of the others, whom it can neither lock out nor unlock. While
//! one waits, the others are judged as if they were the only ones of that name.

use super::{Credentials, bound, db, factors, local, reset, rules, totp};
use crate::{
    clock::Timestamp,
    crypto,
    error::Result,
    id::{TenantId, UserId},
    secret::Secret,
    store::{Conn, Cx, Lock, Scope, Store, Tx},
    text, tx, users,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// In how many companies a name that was typed behind an address is looked for: each try hashes so often.
const HOMES: usize = 4;
/// How long it takes to say no to a name of one company: longer than a hash and its writes on a slow disk.
const A_NO: Duration = Duration::from_millis(250);
/// The same behind an address.
const A_NO_BY_ADDRESS: Duration = Duration::from_millis(700);

/// Where a name and a password were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// On the page of this company.
    At(TenantId),
    /// Behind an address whose domain is this company's.
    ByDomain(TenantId),
    /// On the page of a company that is not there, by the short name that was typed.
    Nowhere(String),
    /// Behind an address: the name may be somebody's in these companies, or nobody's.
    ByAddress(Vec<TenantId>),
}

impl Typed {
    /// Whom it counts against: everybody of that name, or the nobody there is.
    fn counted(&self) -> &[TenantId] {
        match self.homes() {
            [] => &[TenantId::PLATFORM],
            homes => homes,
        }
    }
    /// What it is counted under there.
    fn key(&self, user_name: &str) -> String {
        match self {
            Self::At(_) => key(user_name),
            Self::Nowhere(slug) => nowhere_key(slug, user_name),
            Self::ByDomain(_) => domain_key(user_name),
            Self::ByAddress(_) => address_key(user_name),
        }
    }
    /// Where the name is looked for.
    pub fn homes(&self) -> &[TenantId] {
        match self {
            Self::At(t) | Self::ByDomain(t) => std::slice::from_ref(t),
            Self::ByAddress(homes) => homes.get(..HOMES).unwrap_or(homes),
            Self::Nowhere(_) => &[],
        }
    }
    fn hashes(&self) -> usize {
        match self {
            Self::At(_) | Self::Nowhere(_) => 1,
            Self::ByDomain(_) | Self::ByAddress(_) => HOMES,
        }
    }
    /// How long a no takes at least, from the request to the answer.
    pub fn patience(&self) -> Duration {
        match self {
            Self::At(_) | Self::Nowhere(_) => A_NO,
            Self::ByDomain(_) | Self::ByAddress(_) => A_NO_BY_ADDRESS,
        }
    }
}

/// A password that was right. It is worth something while neither it nor the one-time code is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// When the password was set.
    pub password_set: Timestamp,
    /// When the one-time code was, for who has one.
    pub code_set: Option<Timestamp>,
    /// Whether the password is long enough without a second factor.
    #[serde(default)]
    pub alone: bool,
}

/// What a try of a credential came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was right.
    Right(Proved),
    /// It was not, or there is nobody of that name; which of the two is not told.
    Wrong,
    /// There were too many: not even the right one is taken for so many seconds.
    Wait(u32),
    /// It was right, but the person is switched off. Only ever said to who knows the password.
    Off {
        /// The user's tenant.
        home: TenantId,
        /// The user.
        user: UserId,
    },
}

/// What tries of a name are counted under, on a company's page.
fn key(user_name: &str) -> String {
    crypto::sha256_hex(text::fold(user_name.trim()))
}

/// The same on the page of a company that is not there: for each name of a company its own, as one that is there has it.
fn nowhere_key(slug: &str, user_name: &str) -> String {
    crypto::sha256_hex(format!("nowhere {slug} {}", text::fold(user_name.trim())))
}

/// The same behind an address of the company's domain: a count of its own, as one for both would tell whose the domain is.
fn domain_key(user_name: &str) -> String {
    crypto::sha256_hex(format!("domain {}", text::fold(user_name.trim())))
}

/// The same behind any other address.
fn address_key(user_name: &str) -> String {
    crypto::sha256_hex(format!("address {}", text::fold(user_name.trim())))
}

/// Forgets the misses of a name, wherever it was typed.
pub(super) async fn forget_all(tx: &mut Tx, t: TenantId, user_name: &str) -> Result<()> {
    for key in [key, domain_key, address_key] {
        db::forget(tx, t, &key(user_name)).await?;
    }
    Ok(())
}

/// A try that was counted as a miss of somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    home: TenantId,
    /// Until when they wait for it.
    until: Option<Timestamp>,
}

impl Credentials {
    /// Tries a password. Nothing is held open while it is hashed, and it is hashed as often whoever exists; whoever
    /// answers "no" does so after [`Typed::patience`]. `cx` sees all of [`Typed::homes`], and behind an address the whole
    /// platform.
    ///
    /// # Errors
    /// The database's.
    pub async fn verify_password(
        &self,
        cx: &Cx,
        at: &Typed,
        user_name: &str,
        password: &Secret,
    ) -> Result<Outcome> {
        let this = &self.0;
        let key = at.key(user_name);
        let counted = match self.count(cx, at.counted().to_vec(), &key).await? {
            Ok(counted) => counted,
            Err(seconds) => return Ok(Outcome::Wait(seconds)),
        };
        let mut known = Vec::new();
        // Who waits is not judged.
        for home in at.homes().iter().filter(|h| counted.iter().any(|c| c.home == **h)) {
            let mut c = this.store.read(Scope::Tenant(*home)).await?;
            let found = users::find_local(&mut c, *home, user_name).await?;
            let Some(user) = found.filter(|u| local(u).is_ok()) else { continue };
            if let Some(row) = db::password(&mut c, *home, user.id).await? {
                known.push((*home, user.id, row.hash));
            }
        }
        let mut right = None;
        for i in 0..at.hashes() {
            let candidate = known.get(i);
            let hash = candidate.map(|(_, _, hash)| hash.as_str());
            if this.hasher.verify(password, hash).await? && right.is_none() {
                right = candidate.cloned();
            }
        }
        let Some((home, user, hash)) = right else { return Ok(Outcome::Wrong) };
        let failures = i64::from(this.settings.failures.max(1));
        tx!(this.store, &cx.clone().urgent(), [hash, key, counted], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::User(user)).await?;
            let password = db::password(tx, home, user).await?.filter(|row| row.hash == hash);
            let Some(password) = password else { return Ok(Outcome::Wrong) }; // changed meanwhile
            db::forget(tx, home, &key).await?;
            // Of namesakes none clears what was tried against the other, nor adds to it.
            for other in counted.iter().filter(|c| c.home != home) {
                db::not_missed(tx, other.home, &key, other.until, failures).await?;
            }
            if !users::find(tx, home, user).await?.is_some_and(|u| u.live()) {
                return Ok(Outcome::Off { home, user });
            }
            let code_set = db::code(tx, home, user).await?.map(|c| c.created_at);
            let (password_set, alone) = (password.changed_at, password.alone);
            Ok(Outcome::Right(Proved { home, user, password_set, code_set, alone }))
        })
    }

    /// Counts a try as a miss of all of `homes` who do not wait, for what was right is taken back; when all of them do,
    /// says for how many seconds.
    pub(super) async fn count(
        &self,
        cx: &Cx,
        homes: Vec<TenantId>,
        key: &str,
    ) -> Result<std::result::Result<Vec<Counted>, u32>> {
        let (settings, key) = (self.0.settings.clone(), key.to_owned());
        tx!(self.0.store, &cx.clone().urgent(), [settings, key, homes], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::Named(format!("tries of {key}"))).await?;
            let recent = tx.now().minus(rules::FORGET);
            let (mut counted, mut least) = (Vec::new(), u32::MAX);
            for home in homes {
                let known = db::tries(tx, home, &key).await?.filter(|t| t.tried_at > recent);
                let (before, until) = known.map_or((0, None), |t| (t.failures, t.locked_until));
                if let Some(seconds) = rules::wait(until, tx.now()) {
                    least = least.min(seconds);
                    continue;
                }
                let (failures, until) = rules::missed(before, tx.now(), &settings);
                db::missed(tx, home, &key, failures, until).await?;
                counted.push(Counted { home, until });
            }
            Ok(if counted.is_empty() { Err(least) } else { Ok(counted) })
        })
    }

    /// Tries a one-time code of who proved their password; each is taken once.
    ///
    /// # Errors
    /// The database's; [`crate::error::Kind::Internal`] when another master key sealed it.
    pub async fn verify_code(&self, cx: &Cx, proved: &Proved, code: &str) -> Result<Outcome> {
        let (settings, master) = (self.0.settings.clone(), self.0.master.clone());
        let (code, proved) = (rules::digits(code).unwrap_or_default(), *proved);
        let (home, user) = (proved.home, proved.user);
        tx!(self.0.store, &cx.clone().urgent(), [settings, master, code], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::User(user)).await?;
            let now = tx.now();
            let Some(row) = db::code(tx, home, user).await? else { return Ok(Outcome::Wrong) };
            if let Some(seconds) = rules::wait(row.locked_until, now) {
                return Ok(Outcome::Wait(seconds));
            }
            let secret = master.open(&bound(home, user), &row.secret)?;
            let step = totp(secret).check(&code, u64::try_from(now.secs()).unwrap_or(0));
            if let Some(step) = step.and_then(|s| i64::try_from(s).ok())
                && db::use_step(tx, home, user, step).await?
            {
                let live = users::find(tx, home, user).await?.is_some_and(|u| u.live());
                return Ok(if live { Outcome::Right(proved) } else { Outcome::Off { home, user } });
            }
            let (failures, until) = rules::missed(row.failures, now, &settings);
            db::code_missed(tx, home, user, failures, until).await?;
            Ok(Outcome::Wrong)
        })
    }

    /// Whether what was proved is still what counts: neither the password nor the one-time code was changed since. In a
    /// transaction, ask under the user's lock.
    ///
    /// # Errors
    /// The database's.
    pub async fn stands(c: &mut Conn, p: &Proved) -> Result<bool> {
        let password = db::password(c, p.home, p.user).await?.map(|row| row.changed_at);
        let code = db::code(c, p.home, p.user).await?.map(|row| row.created_at);
        Ok(password == Some(p.password_set) && code == p.code_set)
    }
}

/// Forgets the tries that count no more, and the questions that nobody answered.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx) -> Result<u64> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("expired rows");
        let before = tx.now().minus(rules::FORGET);
        let tries = db::sweep(tx, before).await? + factors::sweep(tx, before).await?;
        let over = factors::sweep_ceremonies(tx).await? + reset::sweep(tx).await?;
        Ok(tries + over)
    })
}
