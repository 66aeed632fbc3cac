//! The right to give roles in a scope beyond one tenant.
//!
//! What the giver holds there is the ceiling, as everywhere. In a chosen set that is what they hold in each of its
//! tenants. A scope that grows by itself (a tag, all tenants, all but some) reaches tenants of which nobody knows yet:
//! there only such paths of the giver's count as include the scope by how they are made (the whole instance, all
//! tenants, the same tag, an exception of no more).

use super::{
    Access, Effective, Permit, Reach,
    perm::{Permission as _, UsersManageRoles},
};
use crate::{
    actor::{Actor, Principal},
    error::{Error, Result},
    id::TenantId,
};
use std::{collections::BTreeSet, sync::Arc};

/// The right to give roles in a scope, to people and groups of one tenant; only [`Access::over`] makes one.
#[derive(Debug, Clone)]
pub struct Over {
    home: TenantId,
    reach: Reach,
    actor: Actor,
    held: Arc<Effective>,
}

impl Over {
    /// Whose people and groups it is about.
    pub fn home(&self) -> TenantId {
        self.home
    }
    /// The scope.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }
    /// Who gives.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    /// What they hold wherever the scope reaches.
    pub fn held(&self) -> &Arc<Effective> {
        &self.held
    }
}

/// Refuses whoever may not give roles where they hold this.
fn giving(held: &Effective) -> Result<()> {
    if held.global || held.allows(UsersManageRoles::ID) {
        return Ok(());
    }
    Err(Error::forbidden(format!(
        "the permission '{}' is needed in all of that scope, also in tenants that come into it later",
        UsersManageRoles::ID
    ))
    .attr("scope"))
}

impl Access {
    /// The right to give roles in `reach` to people and groups of the permit's tenant, which is the provider.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for a tenant that is not the provider, and where the caller does not hold
    /// `users.manage_roles`; [`crate::error::Kind::NotFound`] for a named tenant that the caller does not see.
    pub async fn over(&self, permit: &Permit<UsersManageRoles>, reach: Reach) -> Result<Over> {
        let home = permit.tenant();
        self.reaches_beyond(home).await?;
        if !matches!(reach, Reach::Except(_)) {
            for t in reach.named() {
                drop(self.require::<UsersManageRoles>(permit.actor(), t).await?);
            }
        }
        let held = self.held_over(permit.actor(), &reach).await?;
        giving(&held)?;
        if let Reach::Except(some) = &reach {
            // What is left out is no place to have a right in, but it is there.
            for t in some.iter() {
                let found = self.0.people.tenant(*t).await?;
                found.ok_or_else(|| Error::not_found("tenant").attr("scope"))?;
            }
        }
        Ok(Over { home, reach, actor: permit.actor().clone(), held })
    }
    /// Refuses who could give roles in no scope of all tenants but some, whichever these are: before tenants that are
    /// named are looked for.
    ///
    /// # Errors
    /// As [`Self::over`].
    pub async fn over_most(&self, permit: &Permit<UsersManageRoles>) -> Result<()> {
        self.reaches_beyond(permit.tenant()).await?;
        let mut without = BTreeSet::new();
        if let Some((home, user)) = permit.actor().user()
            && let Some(p) = self.0.people.person(home, user).await?
        {
            let except = p.paths.iter().filter(|p| matches!(p.reach, Reach::Except(_)));
            without.extend(except.flat_map(|p| p.reach.named()));
        }
        // The least of them: whatever includes any includes this.
        let least = Reach::Except(Arc::new(without));
        giving(&*self.held_over(permit.actor(), &least).await?)
    }
    /// Refuses a tenant whose people and groups have roles in it alone.
    async fn reaches_beyond(&self, home: TenantId) -> Result<()> {
        if self.0.people.tenant(home).await?.is_some_and(|t| t.provider) {
            return Ok(());
        }
        Err(Error::forbidden(
            "a tenant's people and groups have roles in their own tenant only; the provider's alone reach beyond",
        )
        .attr("scope"))
    }
    /// What an actor holds wherever `reach` reaches.
    pub(super) async fn held_over(&self, actor: &Actor, reach: &Reach) -> Result<Arc<Effective>> {
        match (reach, actor.principal()) {
            (_, Principal::Owner | Principal::System(_)) => Ok(self.everything()),
            (Reach::Tenant(t), _) => self.held(actor, *t).await,
            (Reach::All, _) => self.held(actor, TenantId::PLATFORM).await,
            (Reach::Tenants(some), _) => {
                let mut all: Option<Effective> = None;
                for t in some.iter() {
                    let there = self.held(actor, *t).await?;
                    all = Some(all.map_or_else(|| (*there).clone(), |a| a.shared(&there)));
                }
                Ok(Arc::new(all.unwrap_or_default()))
            }
            // A token is bound to one tenant.
            (_, Principal::User { home, user, scopes: None, bound: None, .. }) => {
                let Some(p) = self.0.people.person(*home, *user).await? else {
                    return Ok(Arc::default());
                };
                let (now, paths) = (self.0.people.now(), self.0.people.settle(&p).await?);
                Ok(Arc::new(Effective::throughout(&p.subject, &paths.paths, reach, now)))
            }
            (
                _,
                Principal::User { .. }
                | Principal::Directory { .. }
                | Principal::App { .. }
                | Principal::Portal { .. },
            ) => Ok(Arc::default()),
        }
    }
}
