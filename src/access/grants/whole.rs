//! The roles that somebody was given by hand, set as a whole: in every tenant that the caller may speak for, in one
//! transaction.

use super::{Grant, NewGrant, Place, db, event, fits, take_in, told_of};
use crate::{
    access::{
        Access, Permit, Reach, Source,
        db::{narrow, widen},
        guard::{self, By},
        perm::{Global, UsersManageRoles},
        roles,
    },
    audit,
    error::{Error, Result},
    id::{GrantId, RoleId, TenantId, UserId},
    store::{Cx, Lock, Scope, Topic},
    tx,
};
use std::{collections::BTreeSet, sync::Arc};

/// What somebody shall have in one place, given by hand.
pub struct Wanted {
    place: Place,
    roles: BTreeSet<RoleId>,
}
impl Wanted {
    /// In the permit's tenant.
    pub fn there(p: &Permit<UsersManageRoles>, roles: BTreeSet<RoleId>) -> Self {
        Self { place: Place::tenant(p), roles }
    }
    /// On the whole instance.
    pub fn everywhere(p: &Permit<Global>, roles: BTreeSet<RoleId>) -> Self {
        Self { place: Place::instance(p), roles }
    }
}

/// What becomes of what holds in many tenants at once: it is in no place that could be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wide {
    /// It goes too: nothing at all is wanted.
    Taken,
    /// It stays, and is told.
    Stays,
}

/// What a change of the whole did.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// Given.
    pub added: Vec<Grant>,
    /// Taken away.
    pub removed: Vec<Grant>,
    /// As it was.
    pub kept: Vec<Grant>,
    /// Given by hand as well and still in force, beside the places this was about: in many tenants at once, or on the
    /// whole instance.
    pub stays: Vec<Grant>,
    /// How many more stay, in tenants for which the caller does not speak.
    pub elsewhere: usize,
}

/// Whether a person decided it, and a person may take it away with the rest: what is for a while, for the day the
/// directory is down, or held back is not of this kind.
fn by_hand(g: &Grant) -> bool {
    matches!(g.source, Source::Manual | Source::Invitation | Source::Bootstrap)
}

/// Where a user of the permit's tenant was given roles by hand, one by one; `None` is everywhere.
///
/// # Errors
/// The database's.
pub async fn places(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    user: UserId,
) -> Result<BTreeSet<Option<TenantId>>> {
    let mut c = access.0.store.read(Scope::Tenant(permit.tenant())).await?;
    let all = db::of_user(&mut c, permit.tenant(), user).await?;
    Ok(all.iter().filter(|g| by_hand(g) && !g.reach().is_wide()).map(|g| g.scope_tenant).collect())
}

/// Sets what a user of the permit's tenant has by hand in each of these places, all of it or nothing. Roles they have
/// there already stay as they are, with their ends and reasons. Places that are not named stay as they are. What they
/// have in many tenants at once is of their own tenant, whose permit this is: `wide` says what becomes of it.
///
/// # Errors
/// As [`super::add`] and [`super::remove`].
pub async fn set(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    user: UserId,
    wanted: Vec<Wanted>,
    wide: Wide,
) -> Result<Changed> {
    let home = permit.tenant();
    if wanted.iter().any(|w| !w.place.sees(home)) {
        return Err(Error::not_found("user").attr("user"));
    }
    let at_home = |w: &Wanted| w.place.scope_tenant() == Some(home);
    let cx = if wide == Wide::Stays && wanted.iter().all(at_home) {
        permit.cx()
    } else {
        // platform: several tenants at once, each by a permit of its own; of a chosen set each is told.
        Cx::new(permit.actor().clone(), Scope::Platform)
    };
    let (wanted, catalogue) = (Arc::new(wanted), access.catalogue().clone());
    tx!(access.0.store, &cx.urgent(), [wanted, catalogue], |tx| {
        let named: BTreeSet<RoleId> = wanted.iter().flat_map(|w| w.roles.iter().copied()).collect();
        for role in &named {
            tx.lock(roles::lock(*role)).await?;
        }
        tx.lock(Lock::User(user)).await?;
        let holder = db::holder(tx, home, user).await?;
        let holder = holder.ok_or_else(|| Error::not_found("user").attr("user"))?;
        let now = tx.now();
        let mut all = db::of_user(tx, home, user).await?;
        all.retain(|g| by_hand(g) && g.valid_to.is_none_or(|to| to > now));
        let mut done = Changed::default();
        for w in wanted.iter() {
            for g in all.iter().filter(|g| g.reach() == w.place.reach) {
                let list =
                    if w.roles.contains(&g.role_id) { &mut done.kept } else { &mut done.removed };
                list.push(g.clone());
            }
        }
        for g in all.iter().filter(|g| g.reach().tenant().is_none()) {
            let wide_one = g.reach().is_wide();
            if wide_one && wide == Wide::Taken {
                done.removed.push(g.clone());
            } else if wide_one || !wanted.iter().any(|w| w.place.reach == Reach::All) {
                done.stays.push(g.clone());
            }
        }
        let named = |t| wanted.iter().any(|w| w.place.reach == Reach::Tenant(t));
        done.elsewhere =
            all.iter().filter_map(|g| g.reach().tenant()).filter(|t| !named(*t)).count();
        // All tenants in which people of this one are administrators are counted, and the instance, always.
        let watched = done.removed.iter().any(|g| guard::watches(g.role_id))
            || (!done.removed.is_empty() && guard::hang_on(tx, (home, user)).await?);
        let guard = if watched { Some(guard::before(tx, home).await?) } else { None };
        for g in &done.removed {
            db::delete(tx, home, g.id).await?;
            told_of(tx, g, "grant.remove", None).await?;
        }
        for w in wanted.iter() {
            let (place, told) = (&w.place, w.place.told(home));
            for role in &w.roles {
                let has = |g: &Grant| g.reach() == place.reach && g.role_id == *role;
                if done.kept.iter().any(has) {
                    continue;
                }
                let was = widen(tx).await?;
                let found = roles::find(tx, &catalogue, told, *role).await;
                narrow(tx, &was).await?;
                let found = found?;
                fits(&found, &holder, &NewGrant::manual(home, user, *role), place)?;
                let grant = Grant {
                    tenant_id: home,
                    id: GrantId::new(),
                    user_id: user,
                    role_id: *role,
                    scope: place.reach.column(),
                    scope_tenant: place.scope_tenant(),
                    source: Source::Manual,
                    user_label: holder.label.clone(),
                    granted_by: tx.actor().label(),
                    reason: None,
                    valid_from: now,
                    valid_to: None,
                    created_at: now,
                };
                db::insert(tx, &grant, None).await?;
                audit::record(tx, told, event("grant.add", &grant, Some(&found.name))).await?;
                done.added.push(grant);
            }
        }
        if let Some(guard) = guard {
            guard.after(tx, By::Hand).await?;
        }
        if !done.added.is_empty() || !done.removed.is_empty() {
            tx.changed(Topic::User(home, user));
        }
        Ok(done)
    })
}

/// Takes a role away that a user was given by hand in the permit's tenant, in however many grants. What they have there
/// by a group, by a scope of many tenants or for a while is another matter, and stays.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] for a user or a role that they were not given there, also for a user who is not to be
/// seen from there; [`crate::error::Kind::Forbidden`] for the last administrator's.
pub async fn take_role(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    (home, user): (TenantId, UserId),
    role: RoleId,
) -> Result<Vec<GrantId>> {
    let place = Place::tenant(permit);
    let missing = || Error::not_found("user").attr("user");
    if !place.sees(home) {
        return Err(missing());
    }
    let (cx, reach) = (place.cx(home)?, place.reach);
    tx!(access.0.store, &cx.urgent(), [reach], |tx| {
        tx.lock(Lock::User(user)).await?;
        db::holder(tx, home, user).await?.ok_or_else(missing)?;
        let now = tx.now();
        let mut all = db::of_user(tx, home, user).await?;
        all.retain(|g| {
            let lasts = g.valid_to.is_none_or(|to| to > now);
            by_hand(g) && lasts && g.role_id == role && g.reach() == reach
        });
        if all.is_empty() {
            return Err(Error::not_found("this role, given to them there by hand,").attr("role"));
        }
        for g in &all {
            take_in(tx, g).await?;
        }
        Ok(all.iter().map(|g| g.id).collect())
    })
}
