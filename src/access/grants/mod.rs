//! Grants: a role given to somebody in a tenant, or on the whole instance. What follows from group mappings is
//! computed and has no rows here.

pub(super) mod db;
mod elevate;
mod ending;
mod plan;
mod whole;

use super::{
    Access, Over, Permit, Reach, Source,
    catalogue::{GLOBAL_ADMINISTRATOR, SELF_SERVICE_ROLE},
    effective::Effective,
    guard::{self, By},
    perm::{Global, UsersManageRoles},
    roles::{self, Role},
    rules,
};
use crate::{
    actor::{Actor, Principal},
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{GrantId, RoleId, TenantId, UserId},
    store::{Cx, Lock, Scope, Topic},
    text, tx,
};
pub use db::GrantRow as Grant;
pub use elevate::Right;
pub(super) use elevate::{Elevated, elevate, end_now, fitting, one, shorten_in};
pub use ending::end_due;
pub(super) use ending::role_gone;
pub use plan::{Giver, Planned, bootstrap, give_planned, would_give};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
pub use whole::{Changed, Wanted, Wide, places, set, take_role};

/// So far in the past a grant may begin: the clocks of two machines differ.
const SKEW: Duration = Duration::from_secs(120);

impl Grant {
    /// Where it gives the role.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
}

/// A grant to be made.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// The role.
    pub role: RoleId,
    /// Manual, unless the caller knows better.
    pub source: Source,
    /// Why, for whoever asks later.
    pub reason: Option<String>,
    /// From when; now, if not said.
    pub valid_from: Option<Timestamp>,
    /// Until when, if it ends.
    pub valid_to: Option<Timestamp>,
}
impl NewGrant {
    /// By hand, from now on, without an end.
    pub fn manual(home: TenantId, user: UserId, role: RoleId) -> Self {
        let (reason, valid_from, valid_to) = (None, None, None);
        Self { home, user, role, source: Source::Manual, reason, valid_from, valid_to }
    }
}

/// Where an act on grants happens, and by what right.
struct Place {
    reach: Reach,
    actor: Actor,
    held: Arc<Effective>,
}
impl Place {
    fn tenant(p: &Permit<UsersManageRoles>) -> Self {
        let reach = match p.tenant() {
            TenantId::PLATFORM => Reach::All,
            t => Reach::Tenant(t),
        };
        Self { reach, actor: p.actor().clone(), held: Arc::new(p.held().clone()) }
    }
    fn over(o: &Over) -> Self {
        let (actor, held) = (o.actor().clone(), Arc::clone(o.held()));
        Self { reach: o.reach().clone(), actor, held }
    }
    fn instance(p: &Permit<Global>) -> Self {
        Self { reach: Reach::All, actor: p.actor().clone(), held: Arc::new(p.held().clone()) }
    }
    /// The tenant whose audit trail tells of it.
    fn told(&self, home: TenantId) -> TenantId {
        self.reach.tenant().unwrap_or(home)
    }
    fn scope_tenant(&self) -> Option<TenantId> {
        self.reach.tenant()
    }
    /// Over the tenant, the user's own and the actor's own: at most two, as only the provider's people act or hold
    /// roles elsewhere. What is about many tenants or the instance is about all.
    fn cx(&self, home: TenantId) -> Result<Cx> {
        let Some(t) = self.reach.tenant() else {
            // platform: of many tenants, or of all.
            return Ok(Cx::new(self.actor.clone(), Scope::Platform));
        };
        let scope = match self.actor.user() {
            None if t == home => Scope::Tenant(t),
            None => Scope::Tenants(t, home),
            Some((own, _)) if t == home && t == own => Scope::Tenant(t),
            Some((own, _)) if t == home => Scope::Tenants(t, own),
            Some((own, _)) if own == t || own == home => Scope::Tenants(t, home),
            Some(_) => return Err(Error::not_found("user").attr("user")),
        };
        Ok(Cx::new(self.actor.clone(), scope))
    }
    /// Whether the actor may know of users of `home` at all.
    fn sees(&self, home: TenantId) -> bool {
        match self.actor.principal() {
            Principal::User { home: own, .. } => {
                *own == home || self.held.global || self.reach == Reach::Tenant(home)
            }
            _ => true,
        }
    }
}

/// Gives a role in the permit's tenant.
///
/// # Errors
/// [`crate::error::Kind::Forbidden`] for more than the giver holds there or than the user's kind may hold,
/// [`crate::error::Kind::NotFound`] for a user or role that is not to be seen from there,
/// [`crate::error::Kind::Conflict`] when the user has it already.
pub async fn add(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    new: NewGrant,
) -> Result<Grant> {
    give(access, Place::tenant(permit), new).await
}

/// Gives a role on the whole instance.
///
/// # Errors
/// As [`add`].
pub async fn add_everywhere(
    access: &Access,
    permit: &Permit<Global>,
    new: NewGrant,
) -> Result<Grant> {
    give(access, Place::instance(permit), new).await
}

/// Gives a role in many tenants to somebody of the provider's.
///
/// # Errors
/// As [`add`].
pub async fn add_over(access: &Access, over: &Over, new: NewGrant) -> Result<Grant> {
    if new.home != over.home() {
        return Err(Error::not_found("user").attr("user"));
    }
    give(access, Place::over(over), new).await
}

async fn give(access: &Access, place: Place, new: NewGrant) -> Result<Grant> {
    if let Some(reason) = &new.reason {
        text::checked("reason", reason, 2000)?;
    }
    if !place.sees(new.home) {
        return Err(Error::not_found("user").attr("user"));
    }
    let cx = place.cx(new.home)?;
    let (place, catalogue) = (Arc::new(place), access.catalogue().clone());
    let id = GrantId::new();
    tx!(access.0.store, &cx, [new, place, catalogue], |tx| {
        tx.lock(roles::lock(new.role)).await?;
        tx.lock(Lock::User(new.user)).await?;
        let told = place.told(new.home);
        let was = super::db::widen(tx).await?;
        let role =
            roles::find(tx, &catalogue, place.scope_tenant().unwrap_or(told), new.role).await;
        super::db::narrow(tx, &was).await?;
        let role = role?;
        let holder = db::holder(tx, new.home, new.user).await?;
        let holder = holder.ok_or_else(|| Error::not_found("user").attr("user"))?;
        fits(&role, &holder, &new, &place)?;
        let now = tx.now();
        let from = new.valid_from.unwrap_or(now);
        if from < now.minus(SKEW) {
            return Err(Error::invalid(
                "'valid_from' is in the past: a role is held from when it is given",
            )
            .attr("valid_from"));
        }
        if new.valid_to.is_some_and(|to| to <= from || to <= now) {
            return Err(
                Error::invalid("'valid_to' is not after its beginning and now").attr("valid_to")
            );
        }
        let grant = Grant {
            tenant_id: new.home,
            id,
            user_id: new.user,
            role_id: new.role,
            scope: place.reach.column(),
            scope_tenant: place.scope_tenant(),
            source: new.source,
            user_label: holder.label,
            granted_by: tx.actor().label(),
            reason: new.reason,
            valid_from: from,
            valid_to: new.valid_to,
            created_at: now,
        };
        if grant.valid_to.is_none() && db::has(tx, &grant).await? {
            return Err(Error::conflict(format!(
                "'{}' has the role '{}' there already",
                grant.user_label, role.name
            )));
        }
        db::insert(tx, &grant, None).await?;
        told_of(tx, &grant, "grant.add", Some(&role)).await?;
        tx.changed(Topic::User(new.home, new.user));
        Ok(grant)
    })
}

/// Tells the tenant in which the role is given, or each of a chosen set and the holder's own; of what grows by itself
/// and of the instance only the holder's own. Where somebody works besides is nobody else's to know: of a chosen set, the
/// holder's own tenant is told the whole, each other that it is among them.
async fn told_of(
    tx: &mut crate::store::Tx,
    g: &Grant,
    action: &'static str,
    role: Option<&Role>,
) -> Result<()> {
    let name = match role {
        Some(r) => Some(r.name.clone()),
        None => roles::name_in(tx, g.role_id).await?,
    };
    for t in hearers(&g.reach(), g.tenant_id) {
        let mut detail = detail(g, name.as_deref());
        if t != g.tenant_id {
            g.reach().tell_one(t, &mut detail);
        }
        audit::record(tx, t, event(action, g, name.as_deref()).detail(detail)).await?;
    }
    Ok(())
}

/// The tenants that are told of what gives somebody of `home` a role in `reach`.
pub(super) fn hearers(reach: &Reach, home: TenantId) -> Vec<TenantId> {
    let mut told = match reach {
        Reach::Tenant(t) => vec![*t],
        Reach::Tenants(some) => some.iter().copied().collect(),
        _ => Vec::new(),
    };
    if reach.tenant().is_none() && !told.contains(&home) {
        told.push(home);
    }
    told
}

fn fits(role: &Role, holder: &db::Holder, new: &NewGrant, place: &Place) -> Result<()> {
    let (home, reach) = (new.home, &place.reach);
    if let Some(why) = rules::out_of_bounds(holder.kind, home, holder.provider, role.id, reach) {
        return Err(Error::forbidden(why).attr("role"));
    }
    if reach.tenant().is_none() && !role.offered {
        return Err(Error::forbidden(
            "a role beyond one tenant is a built-in one or one offered to all tenants",
        )
        .attr("role"));
    }
    if role.id == GLOBAL_ADMINISTRATOR && !place.held.global_lasts(new.valid_to) {
        return Err(Error::forbidden(if place.held.global {
            "nobody gives for longer than they hold: you are a Global Administrator for a while"
        } else {
            "only Global Administrators make Global Administrators"
        }));
    }
    roles::ceiling_until(&role.permissions, &place.held, new.valid_to)
}

fn detail(g: &Grant, role: Option<&str>) -> Value {
    json!({
        "user": g.user_id, "home": g.tenant_id, "role": g.role_id, "role_name": role,
        "tenant": g.scope_tenant, "scope": g.scope, "source": g.source.as_str(), "valid_to": g.valid_to.map(Timestamp::rfc3339),
    })
}

fn event(action: &'static str, g: &Grant, role: Option<&str>) -> Event {
    let personal = json!({"user": g.user_label, "reason": g.reason});
    Event::new(action).target("grant", g.id).detail(detail(g, role)).personal(personal)
}

/// Takes a role in the permit's tenant away; a hold, too.
///
/// # Errors
/// [`crate::error::Kind::NotFound`], [`crate::error::Kind::Forbidden`] for the last administrator's.
pub async fn remove(access: &Access, permit: &Permit<UsersManageRoles>, id: GrantId) -> Result<()> {
    take(access, Place::tenant(permit), id, false).await
}

/// Takes a role on the whole instance away; a hold, too.
///
/// # Errors
/// As [`remove`].
pub async fn remove_everywhere(
    access: &Access,
    permit: &Permit<Global>,
    id: GrantId,
) -> Result<()> {
    take(access, Place::instance(permit), id, false).await
}

async fn take(access: &Access, place: Place, id: GrantId, hold_only: bool) -> Result<()> {
    // platform: whose it is, is what we look for.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let found = db::get(&mut c, place.scope_tenant(), id).await?;
    drop(c);
    let wanted = |g: &Grant| !hold_only || g.source == Source::Hold;
    let grant = found.filter(wanted).ok_or_else(|| Error::not_found("grant"))?;
    let cx = if grant.reach().is_wide() {
        // platform: of many tenants, each of a chosen set is told.
        Cx::new(place.actor.clone(), Scope::Platform)
    } else {
        place.cx(grant.tenant_id)?
    };
    tx!(access.0.store, &cx.urgent(), [grant], |tx| { take_in(tx, &grant).await })
}

/// Takes a grant away in the running transaction.
pub(super) async fn take_in(tx: &mut crate::store::Tx, grant: &Grant) -> Result<()> {
    let told = grant.reach().tenant().unwrap_or(grant.tenant_id);
    // Given in this tenant, so this tenant's administrators are counted; and the instance's, always; and those who are
    // administrators by a mapping for which the holder answers.
    let holder = (grant.tenant_id, grant.user_id);
    let guard = if guard::watches(grant.role_id) || guard::hang_on(tx, holder).await? {
        Some(guard::before_all(tx, &[told, grant.tenant_id]).await?)
    } else {
        None
    };
    if !db::delete(tx, grant.tenant_id, grant.id).await? {
        return Err(Error::not_found("grant"));
    }
    if let Some(guard) = guard {
        guard.after(tx, By::Hand).await?;
    }
    told_of(tx, grant, "grant.remove", None).await?;
    tx.changed(Topic::User(grant.tenant_id, grant.user_id));
    Ok(())
}

/// Whether the instance has a Global Administrator, or what is left of one.
///
/// # Errors
/// The database's.
pub async fn any_global(c: &mut crate::store::Conn) -> Result<bool> {
    db::any_everywhere(c, GLOBAL_ADMINISTRATOR).await
}

/// Whether a user was given any role but Self-Service that has not ended, anywhere.
///
/// # Errors
/// The database's.
pub async fn beyond_self_service(
    tx: &mut crate::store::Tx,
    home: TenantId,
    user: UserId,
) -> Result<bool> {
    let (all, now) = (db::of_user(tx, home, user).await?, tx.now());
    let more = |g: &Grant| g.role_id != SELF_SERVICE_ROLE && g.valid_to.is_none_or(|to| to > now);
    Ok(all.iter().any(more))
}

/// What is wanted of a list.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Of one user, or of all.
    pub user: Option<UserId>,
    /// Of one role, or of all.
    pub role: Option<RoleId>,
    /// Only holds.
    pub holds: bool,
    /// After this one (the last of the page before).
    pub after: Option<GrantId>,
    /// At most this many.
    pub limit: u32,
}
impl Default for Query {
    fn default() -> Self {
        Self { user: None, role: None, holds: false, after: None, limit: 100 }
    }
}

/// The grants in the permit's tenant, oldest first; ended ones too.
///
/// # Errors
/// The database's.
pub async fn list(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    q: Query,
) -> Result<Vec<Grant>> {
    listed(access, &Place::tenant(permit), q).await
}

/// The grants on the whole instance, oldest first; ended ones too.
///
/// # Errors
/// The database's.
pub async fn list_everywhere(
    access: &Access,
    permit: &Permit<Global>,
    q: Query,
) -> Result<Vec<Grant>> {
    listed(access, &Place::instance(permit), q).await
}

async fn listed(access: &Access, place: &Place, q: Query) -> Result<Vec<Grant>> {
    let row = match place.scope_tenant() {
        Some(t) => {
            let row = access.0.people.tenant(t).await?;
            Some((t, row.ok_or_else(|| Error::not_found("tenant"))?))
        }
        None => None,
    };
    let there = row.as_ref().map(|(t, row)| (*t, &row.tags.0));
    // platform: who has a role in a tenant may be at home in the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::list(&mut c, there, q).await
}

/// What an administrator decides about a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolve {
    /// The role is theirs again, given by hand.
    Keep,
    /// The role is gone.
    Drop,
}

pub(super) async fn resolve(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: GrantId,
    resolve: Resolve,
) -> Result<()> {
    settle(access, Place::tenant(permit), id, resolve).await
}

pub(super) async fn resolve_everywhere(
    access: &Access,
    permit: &Permit<Global>,
    id: GrantId,
    resolve: Resolve,
) -> Result<()> {
    settle(access, Place::instance(permit), id, resolve).await
}

async fn settle(access: &Access, place: Place, id: GrantId, resolve: Resolve) -> Result<()> {
    if resolve == Resolve::Drop {
        return take(access, place, id, true).await;
    }
    // platform: whose it is, is what we look for.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let found = db::get(&mut c, place.scope_tenant(), id).await?;
    drop(c);
    let hold =
        found.filter(|g| g.source == Source::Hold).ok_or_else(|| Error::not_found("hold"))?;
    let cx = place.cx(hold.tenant_id)?;
    let told = place.told(hold.tenant_id);
    let (place, catalogue) = (Arc::new(place), access.catalogue().clone());
    tx!(access.0.store, &cx, [hold, place, catalogue], |tx| {
        tx.lock(Lock::User(hold.user_id)).await?;
        let role = roles::find(tx, &catalogue, told, hold.role_id).await?;
        let holder = db::holder(tx, hold.tenant_id, hold.user_id).await?.ok_or_else(|| {
            Error::conflict(format!("'{}' does not exist any more", hold.user_label))
        })?;
        let as_new = NewGrant::manual(hold.tenant_id, hold.user_id, hold.role_id);
        fits(&role, &holder, &as_new, &place)?;
        let by = tx.actor().label();
        if db::has(tx, &Grant { source: Source::Manual, ..hold.clone() }).await? {
            db::delete(tx, hold.tenant_id, id).await?;
        } else {
            db::keep(tx, hold.tenant_id, id, &by).await?;
        }
        audit::record(tx, told, event("hold.keep", &hold, Some(&role.name))).await?;
        tx.changed(Topic::User(hold.tenant_id, hold.user_id));
        Ok(())
    })
}
