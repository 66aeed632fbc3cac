//! The last administrator: whoever writes what could remove one asks [`before`], writes, and asks [`Guard::after`].
//! What takes anything from somebody who answers for mappings could: as long as they hold what those give, others are
//! administrators by them, or answer for mappings in their turn ([`hang_on`], [`group_change`], [`before_less`]).
//!
//! Counted are those who can use the role now and whose role does not end by itself: active, switched on, of a kind
//! that may hold it, no integration user, not break-glass, with some way in: a password or a passkey that no
//! enforced directory shuts, an active directory through which they sign in, an open invitation or link to set a password.
//! A tenant's administrators hold Tenant Administrator in that very tenant; that Global Administrators, or those of many tenants, reach it as well makes none
//! of them its own. To switch a directory off, or to take its sign-in half away, is a brake and asks nobody: who is left
//! without a way in is what the doctor says.
//! Who is one by a mapping is counted as long as it is in force, whoever answers for it.

mod db;

use super::{
    Reach, authors,
    catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
    db::{narrow, widen},
    parked, roles, rules,
};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{GrantId, GroupId, MappingId, RoleId, TenantId, UserId},
    store::{Conn, Lock, Topic, Tx},
};
use db::Admin;
pub use db::Ties;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// By what path an administrator is being taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A person or a program asks for it: refused if it was the last.
    Hand,
    /// A directory deactivates or deletes this user: succeeds; what the last one would lose stays as a hold.
    Directory {
        /// The user.
        user: UserId,
        /// How lists of holds name them when the row is gone.
        label: String,
    },
    /// A directory changes or deletes a group, or goes away itself: as [`By::Directory`], for everybody concerned.
    Group,
}

/// The usable administrators before the change.
#[derive(Debug)]
#[must_use = "the guard is asked again after the change"]
pub struct Guard {
    places: Vec<TenantId>,
    admins: Vec<Admin>,
}

/// Whether a role is one of those that the guard watches.
pub(super) fn watches(role: RoleId) -> bool {
    role == GLOBAL_ADMINISTRATOR || role == TENANT_ADMINISTRATOR
}

/// The usable administrators who have some way in.
async fn entering(tx: &mut Tx, places: &[TenantId]) -> Result<Vec<Admin>> {
    let mut admins = usable(tx, places).await?;
    admins.retain(|a| a.enters);
    Ok(admins)
}

/// Takes the administrators' lock and reads who is a usable administrator: of the instance, of `tenant`, and of
/// every tenant in which people of `tenant` are administrators or make others so by a mapping. Call it before the body
/// decides or writes.
///
/// # Errors
/// The database's.
pub async fn before(tx: &mut Tx, tenant: TenantId) -> Result<Guard> {
    before_all(tx, &[tenant]).await
}

/// The same of several tenants at once.
pub(super) async fn before_all(tx: &mut Tx, tenants: &[TenantId]) -> Result<Guard> {
    // One lock for all: an administrator of the provider's may be one in many tenants.
    tx.lock(Lock::Admins(None)).await?;
    let mut places: BTreeSet<TenantId> = tenants.iter().copied().collect();
    let was = widen(tx).await?;
    for t in tenants {
        places.extend(db::places(tx, *t).await?);
    }
    narrow(tx, &was).await?;
    let places: Vec<TenantId> = places.into_iter().collect();
    let admins = entering(tx, &places).await?;
    Ok(Guard { places, admins })
}

/// Of a mapping's, those are counted for which somebody answers who holds the role, and not for a while only: asked of
/// what this transaction sees, as [`super::authors`] asks it of what is cached.
async fn usable(tx: &mut Tx, places: &[TenantId]) -> Result<Vec<Admin>> {
    let was = widen(tx).await?;
    let now = tx.now();
    let mut admins = db::admins(tx, places, now).await?;
    let by: BTreeSet<MappingId> = admins.iter().filter_map(|a| a.mapping).collect();
    let by: Vec<MappingId> = by.into_iter().collect();
    let out = authors::not_lasting(tx, &by).await?;
    narrow(tx, &was).await?;
    admins.retain(|a| a.mapping.is_none_or(|m| !out.contains(&m)) && in_bounds(a));
    Ok(admins)
}

/// Whether somebody may be an administrator by a mapping for which this user answers: what they lose may concern those.
///
/// # Errors
/// The database's.
pub async fn hang_on(tx: &mut Tx, author: (TenantId, UserId)) -> Result<bool> {
    Ok(authors::answers(tx, author).await?.watched())
}

/// The same of any of these people of `tenant`.
pub(super) async fn hang_on_any(tx: &mut Tx, tenant: TenantId, users: &[UserId]) -> Result<bool> {
    let was = widen(tx).await?;
    let found = db::answering(tx, tenant, users).await;
    narrow(tx, &was).await?;
    found
}

/// The guard, before a role permits less than it does, if anybody who has it answers for mappings; `used` is where it is
/// given, and `t` its owner.
pub(super) async fn before_less(
    tx: &mut Tx,
    (t, role): (TenantId, RoleId),
    used: impl Iterator<Item = TenantId>,
) -> Result<Option<Guard>> {
    let was = widen(tx).await?;
    let hangs = db::role_hangs(tx, role).await;
    narrow(tx, &was).await?;
    if !hangs? {
        return Ok(None);
    }
    let places: BTreeSet<TenantId> = used.chain([t]).collect();
    let places: Vec<TenantId> = places.into_iter().collect();
    before_all(tx, &places).await.map(Some)
}

impl Guard {
    /// Reads again. `Ok(true)`: a hold was written for what the last administrator would have lost.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for [`By::Hand`] when the last one would be gone.
    pub async fn after(self, tx: &mut Tx, by: By) -> Result<bool> {
        let left = entering(tx, &self.places).await?;
        // A scope's administrators, for each scope that has lost all of them.
        let mut orphaned: BTreeMap<Option<TenantId>, Vec<&Admin>> = BTreeMap::new();
        for a in &self.admins {
            if watched(a) && !left.iter().any(|l| watched(l) && l.scope_tenant == a.scope_tenant) {
                orphaned.entry(a.scope_tenant).or_default().push(a);
            }
        }
        let mut held = false;
        for lost in orphaned.into_values().flatten() {
            let label = match &by {
                By::Hand => return Err(refused(lost)),
                By::Directory { user, label } if *user == lost.user => label,
                By::Directory { .. } | By::Group => &lost.label,
            };
            held |= hold(tx, lost, label).await?;
        }
        Ok(held)
    }
}

/// Whether this row makes somebody an administrator in the guard's sense.
fn watched(a: &Admin) -> bool {
    match a.scope_tenant {
        None => a.role == GLOBAL_ADMINISTRATOR,
        Some(_) => a.role == TENANT_ADMINISTRATOR,
    }
}

fn refused(last: &Admin) -> Error {
    let who = &last.label;
    Error::forbidden(if last.scope_tenant.is_none() {
        format!("'{who}' is the last Global Administrator; make somebody else one first")
    } else {
        format!("'{who}' is the tenant's last administrator; make somebody else one first")
    })
    .code("last_administrator")
}

async fn hold(tx: &mut Tx, lost: &Admin, label: &str) -> Result<bool> {
    let by = tx.actor().label();
    // It may be somebody of another tenant's, who was one by the word of somebody of this one.
    let was = widen(tx).await?;
    let written = db::hold(tx, lost, label, &by).await?;
    if let Some(id) = written {
        tell_hold(tx, lost, label, id).await?;
    }
    narrow(tx, &was).await?;
    Ok(true)
}

async fn tell_hold(tx: &mut Tx, lost: &Admin, label: &str, id: GrantId) -> Result<()> {
    let name = roles::name_in(tx, lost.role).await?;
    let detail = json!({
        "role": lost.role, "role_name": name, "tenant": lost.scope_tenant, "user": lost.user,
    });
    let event = Event::new("grant.hold")
        .target("grant", id)
        .detail(detail)
        .personal(json!({"user": label}));
    audit::record(tx, lost.home, event).await?;
    tx.changed(Topic::User(lost.home, lost.user));
    Ok(())
}

/// Who is to be told what concerns a tenant: its usable administrators, or, where it has none, those of the instance. A
/// letter reaches also those who cannot sign in yet.
///
/// # Errors
/// The database's.
pub async fn to_be_told(tx: &mut Tx, tenant: TenantId) -> Result<Vec<(TenantId, UserId)>> {
    let all = usable(tx, &[tenant]).await?;
    let of = |scope: Option<TenantId>| {
        let here = all.iter().filter(move |a| watched(a) && a.scope_tenant == scope);
        let mut out: Vec<(TenantId, UserId)> = here.map(|a| (a.home, a.user)).collect();
        out.sort_unstable();
        out.dedup();
        out
    };
    let own = of(Some(tenant));
    Ok(if own.is_empty() { of(None) } else { own })
}

/// The Global Administrators who are to be told something; those for emergencies are none of them.
///
/// # Errors
/// The database's.
pub async fn global_administrators(tx: &mut Tx) -> Result<Vec<(TenantId, UserId)>> {
    Ok(global(&usable(tx, &[]).await?))
}

/// The Global Administrators who can sign in and act now, as the guard counts them.
///
/// # Errors
/// The database's.
pub async fn acting_global_administrators(tx: &mut Tx) -> Result<Vec<(TenantId, UserId)>> {
    Ok(global(&entering(tx, &[]).await?))
}

/// The administrators of a tenant who can sign in and act now, as the guard counts them; of the provider's, those of the
/// instance as well.
///
/// # Errors
/// The database's.
pub async fn acting_administrators(
    tx: &mut Tx,
    tenant: TenantId,
) -> Result<BTreeSet<(TenantId, UserId)>> {
    Ok(acting(&entering(tx, &[tenant]).await?, tenant))
}

/// The same for a page, read beside everything else; nothing where somebody is one by a mapping alone, as who answers for
/// that is asked of a transaction. The reader sees all tenants.
///
/// # Errors
/// The database's.
pub async fn acting_by_hand(
    c: &mut Conn,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Option<BTreeSet<(TenantId, UserId)>>> {
    let mut admins = db::admins(c, &[tenant], now).await?;
    admins.retain(|a| a.enters && in_bounds(a));
    let all = acting(&admins, tenant);
    admins.retain(|a| a.mapping.is_none());
    let by_hand = acting(&admins, tenant);
    Ok((by_hand == all).then_some(by_hand))
}

fn acting(all: &[Admin], tenant: TenantId) -> BTreeSet<(TenantId, UserId)> {
    let counts = |a: &&Admin| match a.scope_tenant {
        Some(t) => t == tenant,
        None => a.home == tenant,
    };
    all.iter().filter(|a| watched(a)).filter(counts).map(|a| (a.home, a.user)).collect()
}

/// Whether somebody of their kind and home may hold the role there.
fn in_bounds(a: &Admin) -> bool {
    let reach = a.scope_tenant.map_or(Reach::All, Reach::Tenant);
    rules::out_of_bounds(a.kind, a.home, a.provider, a.role, &reach).is_none()
}

fn global(all: &[Admin]) -> Vec<(TenantId, UserId)> {
    let here = all.iter().filter(|a| watched(a) && a.scope_tenant.is_none());
    let mut out: Vec<(TenantId, UserId)> = here.map(|a| (a.home, a.user)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// Taken beside each other by those who end somebody's access and ask [`ties`] first, and alone by whoever makes somebody
/// an administrator, or answers for something, by what is no row of theirs (a mapping, a group that has one): so that each
/// end is before that or after it, and ends do not wait for each other.
pub fn ends() -> Lock {
    Lock::Named("ends of access".to_owned())
}

/// What the end of this user of `tenant` touches besides them, in one question; asked under the user's lock and [`ends`],
/// which is held beside others.
///
/// # Errors
/// The database's.
pub async fn ties(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<Ties> {
    db::ties(tx, tenant, user).await
}

/// Whether a change of a mapped group of `tenant` could take an administrator away: people leave it (`takes`) and it gives
/// an administrator's role, or one of them answers for mappings, perhaps with what it gives; or people come to it who answer
/// for mappings, perhaps with what they have by default without it.
///
/// # Errors
/// The database's.
pub async fn group_change(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    takes: bool,
    comes: &[UserId],
) -> Result<bool> {
    if !takes && comes.is_empty() {
        return Ok(false);
    }
    let found = db::group_change(tx, (tenant, group), takes, comes).await?;
    if found.touches || !found.beyond {
        return Ok(found.touches);
    }
    // The provider's people answer for mappings anywhere.
    let was = widen(tx).await?;
    let found = db::group_change(tx, (tenant, group), takes, comes).await;
    narrow(tx, &was).await?;
    Ok(found?.touches)
}

/// Whether whoever comes to a group of `tenant` is an administrator by it.
///
/// # Errors
/// The database's.
pub async fn makes_administrators(tx: &mut Tx, tenant: TenantId, group: GroupId) -> Result<bool> {
    db::makes_administrators(tx, tenant, group).await
}

/// Forgets what a deleted user was granted (holds stay). Called by `users` between its DELETE and [`Guard::after`].
///
/// # Errors
/// The database's.
pub async fn forget(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<()> {
    db::forget(tx, tenant, user).await?;
    parked::forget(tx, tenant, user).await
}
