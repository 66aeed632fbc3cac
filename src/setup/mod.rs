//! The setup link of an instance that has no administrator yet: printed at the start, used once, over after a day, and
//! worth nothing as soon as there is an administrator by whatever path. What it makes, it makes in one transaction: the
//! provider's tenant where there is none, the person, their credentials, the role.

mod db;

use crate::{
    access::{Access, grants},
    actor::UserKind,
    audit::{self, Event},
    credentials::{Credentials, Enrolment},
    crypto::token::{self, Kind},
    error::{Error, Result},
    id::{TenantId, UserId},
    secret::Secret,
    store::{Cx, Lock, Scope, Store, Tx},
    tenants, tx,
    users::{Adder, NewUser},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whoever sets the instance up, as they have told so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Draft {
    /// The hash of the link.
    pub hash: String,
    /// The provider's tenant, or the id it will have.
    pub tenant: TenantId,
    /// Whether it exists already.
    pub exists: bool,
    /// The provider's name.
    pub company: String,
    /// The short name that its tenant gets.
    pub slug: String,
    /// The id the person will have.
    pub user: UserId,
    /// The name to sign in with.
    pub user_name: String,
    /// For people to read.
    pub display_name: Option<String>,
    /// The address.
    pub email: Option<String>,
}

/// Makes a new link if the instance has no Global Administrator; the one before is dead. `None`: there is one.
///
/// # Errors
/// The database's.
pub async fn offer(store: &Store, cx: &Cx, life: Duration) -> Result<Option<Secret>> {
    if !needed(store).await? {
        return Ok(None);
    }
    let (link, hash) = token::generate(Kind::Setup);
    tx!(store, cx, [hash], |tx| {
        tx.unaudited("a link is nobody's act until it is used");
        db::forget(tx).await?;
        let expires = tx.now().plus(life);
        db::insert(tx, &hash, expires).await
    })?;
    Ok(Some(link))
}

/// Whether there is no Global Administrator, nor what is left of one.
///
/// # Errors
/// The database's.
pub async fn needed(store: &Store) -> Result<bool> {
    let mut c = store.read(Scope::Platform).await?;
    Ok(!grants::any_global(&mut c).await?)
}

/// The hash of a link that leads somewhere now; looking changes nothing.
///
/// # Errors
/// The database's.
pub async fn open(store: &Store, link: &str) -> Result<Option<String>> {
    let Some(hash) = token::hash(Kind::Setup, link) else { return Ok(None) };
    let now = store.clock().now();
    let mut c = store.read(Scope::Platform).await?;
    let known = db::is_open(&mut c, &hash, now).await?;
    drop(c);
    Ok(if known && needed(store).await? { Some(hash) } else { None })
}

/// The provider's tenant as it is or will be: its id, whether it exists, its name.
///
/// # Errors
/// The database's.
pub async fn provider(store: &Store) -> Result<(TenantId, bool, Option<String>)> {
    let found = tenants::provider(store).await?;
    Ok(found.map_or_else(|| (TenantId::new(), false, None), |t| (t.id, true, Some(t.name))))
}

/// Uses the link: makes the first administrator. `adder` is the system's right to add people to `d.tenant`.
///
/// # Errors
/// `Conflict` (code `setup_over`) when somebody was quicker or the link ended; what `users` and `tenants` refuse.
pub async fn complete(
    tx: &mut Tx,
    access: &Access,
    adder: Adder,
    d: &Draft,
    e: &Enrolment,
) -> Result<()> {
    tx.lock(Lock::Admins(None)).await?;
    let over = || {
        Error::conflict("this instance is set up already, or the link is over").code("setup_over")
    };
    if grants::any_global(tx).await? || !db::claim(tx, &d.hash).await? {
        return Err(over());
    }
    if !d.exists {
        let new = tenants::New {
            slug: d.slug.clone(),
            name: d.company.clone(),
            provider: true,
            tags: Vec::new(),
        };
        tenants::create_in(tx, d.tenant, &new).await?;
    }
    let new = NewUser {
        kind: UserKind::Administrator,
        user_name: d.user_name.clone(),
        display_name: d.display_name.clone(),
        email: d.email.clone(),
    };
    adder.add(tx, d.user, &new).await?;
    Credentials::enrol(tx, d.tenant, d.user, e).await?;
    grants::bootstrap(tx, access, d.tenant, d.user).await?;
    let event = Event::new("setup.complete").target("user", d.user);
    audit::record(tx, d.tenant, event).await
}

/// A short name for the company that no tenant has yet.
///
/// # Errors
/// The database's.
pub async fn free_slug(store: &Store, company: &str) -> Result<String> {
    let first = slug(company);
    let mut free = first.clone();
    let mut n = 2;
    while tenants::by_slug(store, &free).await?.is_some() {
        free = format!("{first}-{n}");
        n += 1;
    }
    Ok(free)
}

/// A name for addresses, made of the company's: its letters and digits, words joined by hyphens.
fn slug(company: &str) -> String {
    let mut out = String::new();
    for c in company.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(36);
    let out = out.trim_matches('-');
    if out.len() < 2 { "provider".to_owned() } else { out.to_owned() }
}
