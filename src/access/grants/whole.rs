//! The roles that somebody was given by hand, set as a whole: in every tenant that the caller may speak for, in one
//! transaction.

use super::{Grant, NewGrant, Place, db, event, fits};
use crate::{
    access::{
        Access, Permit, Source,
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

/// What a change of the whole did.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// Given.
    pub added: Vec<Grant>,
    /// Taken away.
    pub removed: Vec<Grant>,
    /// As it was.
    pub kept: Vec<Grant>,
}

/// Whether a person decided it, and a person may take it away with the rest: what is for a while, for the day the
/// directory is down, or held back is not of this kind, nor what holds in many tenants at once.
fn by_hand(g: &Grant) -> bool {
    matches!(g.source, Source::Manual | Source::Invitation | Source::Bootstrap)
        && !g.reach().is_wide()
}

/// Where a user of the permit's tenant was given roles by hand; `None` is everywhere.
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
    Ok(all.iter().filter(|g| by_hand(g)).map(|g| g.scope_tenant).collect())
}

/// Sets what a user of the permit's tenant has by hand in each of these places, all of it or nothing. Roles they have
/// there already stay as they are, with their ends and reasons. Places that are not named stay as they are.
///
/// # Errors
/// As [`super::add`] and [`super::remove`].
pub async fn set(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    user: UserId,
    wanted: Vec<Wanted>,
) -> Result<Changed> {
    let home = permit.tenant();
    if wanted.iter().any(|w| !w.place.sees(home)) {
        return Err(Error::not_found("user").attr("user"));
    }
    let at_home = |w: &Wanted| w.place.scope_tenant() == Some(home);
    let cx = if wanted.iter().all(at_home) {
        permit.cx()
    } else {
        // platform: several tenants at once, each by a permit of its own.
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
            let there = all.iter().filter(|g| g.scope_tenant == w.place.scope_tenant());
            for g in there {
                let list =
                    if w.roles.contains(&g.role_id) { &mut done.kept } else { &mut done.removed };
                list.push(g.clone());
            }
        }
        // All tenants in which people of this one are administrators are counted, and the instance, always.
        let watched = done.removed.iter().any(|g| guard::watches(g.role_id))
            || (!done.removed.is_empty() && guard::hang_on(tx, (home, user)).await?);
        let guard = if watched { Some(guard::before(tx, home).await?) } else { None };
        for g in &done.removed {
            db::delete(tx, home, g.id).await?;
            audit::record(tx, g.scope_tenant.unwrap_or(home), event("grant.remove", g, None))
                .await?;
        }
        for w in wanted.iter() {
            let (place, told) = (&w.place, w.place.told(home));
            for role in &w.roles {
                let has = |g: &Grant| g.scope_tenant == place.scope_tenant() && g.role_id == *role;
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
                audit::record(tx, told, event("grant.add", &grant, Some(&found))).await?;
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
