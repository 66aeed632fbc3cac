//! What they may do: catalogue, roles, grants, mappings, effective permissions, explain, the guards. A
//! permission is a value: [`Permit`], which only this room makes and which domain functions demand.
//!
//! * Effective = by hand + computed from membership and mapping + held + parked, only added up; for whom no mapped group
//!   gives anything, the default role of their own tenant beside what was given by hand. One computation
//!   ([`Effective::compute`]) serves [`Access::require`] and [`Access::explain`].
//! * MFA: [`RoleRef::mfa`] and [`Effective::mfa`] say what roles demand by default. A tenant's policy is in
//!   `tenants`, to the right of here, so whoever signs in or issues combines the two, role by role: the policy's
//!   word for the role's id if there is one, else the policy's default, where "by role" means [`RoleRef::mfa`].
//! * This room knows no HTTP and no tokens' form; it writes `roles`, `grants`, `mappings`, `default_roles` and what is
//!   parked, and reads users, members, groups, directories and tenants in joins.

mod acting;
pub mod authors;
mod called;
pub mod catalogue;
mod crowd;
mod db;
mod decide;
pub mod defaults;
pub mod effective;
pub mod elevation;
mod entrusted;
pub mod explain;
mod extent;
pub mod grants;
pub mod guard;
pub mod holds;
pub mod leaving;
pub mod mappings;
pub mod over;
pub mod parked;
pub mod perm;
mod person;
pub mod preview;
pub mod reach;
pub mod reviews;
pub mod roles;
pub mod rules;
pub mod who_can;

pub use acting::{Acting, Chosen};
pub use authors::{Author, Standing};
pub use catalogue::Catalogue;
pub use effective::{Effective, Path, RoleRef, Source, Subject, Via};
pub use entrusted::Entrusted;
pub use explain::{Explanation, Holdings, Needed};
pub use extent::{Extent, Gains, Setter};
pub use grants::Right;
pub use over::Over;
pub use perm::Permit;
pub use reach::{Reach, Site};
pub use who_can::Able;

use crate::{
    actor::{Actor, Principal},
    error::{Error, Result},
    id::{DirectoryId, TenantId, UserId},
    store::{Cache, Scope, Store},
};
use perm::{
    Global, Permission, Provision, System, SystemEditSettings, SystemViewLogs, SystemViewSettings,
};
use std::{collections::BTreeSet, sync::Arc};

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    store: Store,
    catalogue: Catalogue,
    everything: Arc<Effective>,
    people: Arc<person::People>,
    homes: Cache<UserId, TenantId>,
}

/// What is done by a setup link, where its author may do it.
const PORTAL: [&str; 3] = [SystemViewSettings::ID, SystemEditSettings::ID, SystemViewLogs::ID];

impl Access {
    /// Over this database; what is kept follows its changes.
    pub fn new(store: Store, catalogue: Catalogue) -> Self {
        let everything = Arc::new(Effective::everything(&catalogue));
        // What a transaction decides about authors needs to know what a role permits.
        store.lend(Arc::new(catalogue.clone()));
        let people = person::People::new(&store, catalogue.clone());
        let homes = Cache::new(person::PEOPLE, person::KEEP);
        Self(Arc::new(Inner { store, catalogue, everything, people, homes }))
    }
    /// The permissions and built-in roles.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }
    /// What those hold who hold everything.
    pub fn everything(&self) -> Arc<Effective> {
        Arc::clone(&self.0.everything)
    }
    /// The right to do `P` in `tenant`. A token needs the permission among its scopes, too, and reaches no tenant
    /// but the one it is bound to.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] when the caller cannot see the tenant, else
    /// [`crate::error::Kind::Forbidden`] naming the permission.
    pub async fn require<P: Permission>(
        &self,
        actor: &Actor,
        tenant: TenantId,
    ) -> Result<Permit<P>> {
        let missing = || Error::forbidden(format!("the permission '{}' is needed here", P::ID));
        match actor.principal() {
            Principal::System(_) => Ok(self.all(actor, tenant)),
            // Nobody else holds anything in a tenant that is being deleted. What would be made there would be lost.
            Principal::Owner => {
                if !P::VIEWS && self.0.people.tenant(tenant).await?.is_some_and(|t| t.deleting) {
                    let text = "the tenant is being deleted";
                    return Err(Error::conflict(text).code("tenant_deleting"));
                }
                Ok(self.all(actor, tenant))
            }
            Principal::Directory { tenant: own, .. } | Principal::App { tenant: own, .. }
                if *own == tenant =>
            {
                Err(missing())
            }
            Principal::Directory { .. } | Principal::App { .. } => Err(Error::not_found("tenant")),
            Principal::Portal { tenant: own, by, .. } => {
                if *own != tenant {
                    return Err(Error::not_found("tenant"));
                }
                let held = self.behind(*by, tenant).await?;
                let held = Arc::new(held.limited(&PORTAL.map(str::to_owned)));
                let acts = self.0.people.tenant(tenant).await?;
                if !held.allows(P::ID) || acts.is_none_or(|t| t.status != "active") {
                    return Err(missing());
                }
                let home = by.map_or(tenant, |(home, _)| home);
                Ok(Permit::new(tenant, actor, scope(tenant, home), held, None))
            }
            Principal::User { home, user, scopes, bound, .. } => {
                let mut held = self.effective(*home, *user, tenant).await?;
                let visible = tenant == *home || tenant == TenantId::PLATFORM || !held.is_empty();
                if bound.is_some_and(|b| b != tenant) {
                    return Err(Error::not_found("tenant"));
                }
                if let Some(scopes) = scopes {
                    held = Arc::new(held.limited(scopes));
                }
                if held.allows(P::ID) {
                    return Ok(Permit::new(tenant, actor, scope(tenant, *home), held, None));
                }
                if visible {
                    return Err(missing());
                }
                if self.suspended_before(*home, *user, tenant).await? {
                    return Err(Error::forbidden("the tenant is suspended"));
                }
                Err(Error::not_found("tenant"))
            }
        }
    }
    /// The right to what only Global Administrators do. A token has it that was asked for the instance as such
    /// (`gate::INSTANCE`); any other is bound to one tenant.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`].
    pub async fn require_global(&self, actor: &Actor) -> Result<Permit<Global>> {
        let held = match actor.principal() {
            Principal::Owner | Principal::System(_) => Arc::clone(&self.0.everything),
            Principal::User { home, user, scopes: None, bound: None, .. } => {
                self.effective(*home, *user, TenantId::PLATFORM).await?
            }
            Principal::User { .. } => {
                return Err(Error::forbidden(
                    "only Global Administrators may do this, and with an access token only if it was asked for the \
                     whole instance (scope muster.instance)",
                ));
            }
            Principal::Directory { .. } | Principal::App { .. } | Principal::Portal { .. } => {
                Arc::default()
            }
        };
        if !held.global {
            return Err(Error::forbidden("only Global Administrators may do this"));
        }
        Ok(Permit::new(TenantId::PLATFORM, actor, Scope::Platform, held, None))
    }
    /// The right of a directory over its own people and groups.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for anybody but a directory.
    #[expect(clippy::unused_async, reason = "every way to a permit has one shape")]
    pub async fn provision(&self, actor: &Actor) -> Result<Permit<Provision>> {
        match actor.principal() {
            Principal::Directory { tenant, directory } => Ok(Permit::new(
                *tenant,
                actor,
                Scope::Tenant(*tenant),
                Arc::default(),
                Some(*directory),
            )),
            _ => Err(Error::forbidden("only a directory provisions")),
        }
    }
    /// What a directory may do, for whoever asks what would become of it: in a rehearsal, of which nothing stays.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] for a store in which what is done stays.
    pub fn rehearses(
        &self,
        store: &Store,
        actor: &Actor,
        (tenant, directory): (TenantId, DirectoryId),
    ) -> Result<Permit<Provision>> {
        if !store.rehearsed() {
            return Err(Error::internal("what a directory may do, outside a rehearsal"));
        }
        // What is done leaves its trace where they are at home, too.
        let scope = scope(tenant, actor.user().map_or(tenant, |(home, _)| home));
        Ok(Permit::new(tenant, actor, scope, Arc::default(), Some(directory)))
    }
    /// The right of the server's own work in a tenant.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for anybody but the server or the owner of the data directory.
    #[expect(clippy::unused_async, reason = "every way to a permit has one shape")]
    pub async fn system(&self, actor: &Actor, tenant: TenantId) -> Result<Permit<System>> {
        match actor.principal() {
            Principal::Owner | Principal::System(_) => Ok(self.all(actor, tenant)),
            _ => Err(Error::forbidden("this is the server's own work")),
        }
    }
    /// What a user has in a tenant now ([`TenantId::PLATFORM`]: on the instance as such). Nothing for who is not
    /// there, switched off, or in a suspended tenant.
    ///
    /// # Errors
    /// The database's.
    pub async fn effective(
        &self,
        home: TenantId,
        user: UserId,
        tenant: TenantId,
    ) -> Result<Arc<Effective>> {
        match self.0.people.person(home, user).await? {
            Some(p) => self.0.people.effective(&p, tenant).await,
            None => Ok(Arc::default()),
        }
    }
    /// Whether there is such a tenant, whoever may know of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_tenant(&self, id: TenantId) -> Result<bool> {
        Ok(self.0.people.tenant(id).await?.is_some())
    }
    /// The tenants in which a user has anything, the home tenant first (whether or not they have anything there).
    ///
    /// # Errors
    /// The database's.
    pub async fn tenants_of(&self, home: TenantId, user: UserId) -> Result<Vec<TenantId>> {
        let mut out = vec![home];
        let Some(p) = self.0.people.person(home, user).await? else { return Ok(out) };
        let mut candidates = Vec::new();
        if p.paths.iter().any(|p| p.reach.grows()) {
            candidates = self.0.people.places(&p).await?;
        }
        // Of sets that leave tenants out, too; whether anything is there is asked below.
        candidates.extend(p.paths.iter().flat_map(|p| p.reach.named()));
        for t in candidates {
            if !out.contains(&t) && !self.0.people.effective(&p, t).await?.is_empty() {
                out.push(t);
            }
        }
        Ok(out)
    }
    /// The tenants that whoever has the permit may see by name; `None`: all.
    async fn seen<P>(&self, permit: &Permit<P>) -> Result<Option<BTreeSet<TenantId>>> {
        if permit.everything() {
            return Ok(None);
        }
        let mut seen: BTreeSet<TenantId> = [permit.tenant(), TenantId::PLATFORM].into();
        if let Some((home, user)) = permit.actor().user() {
            seen.extend(self.tenants_of(home, user).await?);
        }
        Ok(Some(seen))
    }
    /// What an actor holds in another tenant than their permit's: the ceiling where one act reaches several.
    async fn held(&self, actor: &Actor, tenant: TenantId) -> Result<Arc<Effective>> {
        match actor.principal() {
            Principal::Owner | Principal::System(_) => Ok(Arc::clone(&self.0.everything)),
            Principal::User { home, user, scopes, bound, .. } => {
                self.held_by((*home, *user), scopes.as_deref(), *bound, tenant).await
            }
            Principal::Portal { by, .. } => self.behind(*by, tenant).await,
            Principal::Directory { .. } | Principal::App { .. } => Ok(Arc::default()),
        }
    }
    /// Whether a setup link of this author opens anything yet in their tenant, or the one they made it in.
    ///
    /// # Errors
    /// The database's.
    pub async fn opens(&self, by: Option<(TenantId, UserId)>, tenant: TenantId) -> Result<bool> {
        Ok(self.behind(by, tenant).await?.allows(perm::SystemEditSettings::ID))
    }
    /// What whoever made a setup link holds in a tenant.
    async fn behind(
        &self,
        by: Option<(TenantId, UserId)>,
        tenant: TenantId,
    ) -> Result<Arc<Effective>> {
        match by {
            None => Ok(Arc::clone(&self.0.everything)),
            Some((home, user)) => self.effective(home, user, tenant).await,
        }
    }
    /// The same of a user by what they came with: all that they have, or some scopes in one tenant.
    async fn held_by(
        &self,
        (home, user): (TenantId, UserId),
        scopes: Option<&[String]>,
        bound: Option<TenantId>,
        tenant: TenantId,
    ) -> Result<Arc<Effective>> {
        if scopes.is_some() && bound != Some(tenant) {
            return Ok(Arc::default());
        }
        let e = self.effective(home, user, tenant).await?;
        Ok(match scopes {
            Some(s) => Arc::new(e.limited(s)),
            None => e,
        })
    }
    /// Refuses whoever does not hold this permission in `tenant` now, as [`Self::require`] does; for who does nothing with it.
    ///
    /// # Errors
    /// As [`Self::require`].
    pub async fn demand(&self, actor: &Actor, tenant: TenantId, permission: &str) -> Result<()> {
        let held = self.held(actor, tenant).await?;
        if held.allows(permission) {
            return Ok(());
        }
        if held.is_empty() && actor.user().is_none_or(|(home, _)| home != tenant) {
            return Err(Error::not_found("tenant"));
        }
        Err(Error::forbidden(format!("the permission '{permission}' is needed here")))
    }
    /// Whether somebody would see the tenant if it were not suspended.
    async fn suspended_before(
        &self,
        home: TenantId,
        user: UserId,
        tenant: TenantId,
    ) -> Result<bool> {
        let Some(row) = self.0.people.tenant(tenant).await? else { return Ok(false) };
        let Some(p) = self.0.people.person(home, user).await? else { return Ok(false) };
        Ok(row.status != "active" && self.0.people.would_have(&p, tenant).await?)
    }
    fn all<P>(&self, actor: &Actor, tenant: TenantId) -> Permit<P> {
        Permit::new(tenant, actor, scope(tenant, tenant), Arc::clone(&self.0.everything), None)
    }
}

/// Whose rows an act in `tenant` by somebody of `home` touches.
fn scope(tenant: TenantId, home: TenantId) -> Scope {
    if tenant == TenantId::PLATFORM {
        Scope::Platform
    } else if tenant == home {
        Scope::Tenant(tenant)
    } else {
        Scope::Tenants(tenant, home)
    }
}
