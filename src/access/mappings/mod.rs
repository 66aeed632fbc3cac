//! Group mappings: who is in the directory's group has the role. Nothing is copied: what follows is computed, so
//! that deleting a mapping takes away exactly what it gave.

mod adopt;
mod db;

use super::{
    Access, Effective, Over, Permit, Reach,
    catalogue::{Catalogue, GLOBAL_ADMINISTRATOR},
    defaults,
    guard::{self, By},
    parked,
    perm::{Global, UsersManageRoles},
    roles::{self, Role},
};
use crate::{
    audit::{self, Event},
    error::{Error, Result},
    id::{GroupId, MappingId, RoleId, TenantId},
    store::{Cx, Lock, Scope, Topic, Tx},
    tx,
};
pub use adopt::{adopt, find, get, standings};
pub(super) use adopt::{noted, of_group, reaching, record, thought};
pub use db::MappingRow as Mapping;
use serde_json::json;
use std::sync::Arc;

impl Mapping {
    /// Where it gives the role.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
}

/// Where a mapping gives its role, and the right to give it there.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// In the directory's own tenant.
    Own,
    /// In another tenant: only from a directory of the provider's.
    Tenant(&'a Permit<UsersManageRoles>),
    /// In many tenants: only from a directory of the provider's.
    Over(&'a Over),
    /// On the whole instance: only from a directory of the provider's; counts for administrators alone.
    All(&'a Permit<Global>),
}

/// Maps a group of the permit's tenant to a role.
///
/// # Errors
/// [`crate::error::Kind::Forbidden`] for more than the author holds there, and for a target beyond the tenant of a
/// directory that is not the provider's; [`crate::error::Kind::NotFound`] for a group or role that is not there;
/// [`crate::error::Kind::Conflict`] for one that exists.
pub async fn create(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    target: Target<'_>,
    group: GroupId,
    role: RoleId,
) -> Result<Mapping> {
    let t = permit.tenant();
    let (reach, held, scope) = target.at(permit)?;
    let scope_tenant = reach.tenant();
    let (held, catalogue) = (Arc::new(held), access.catalogue().clone());
    let id = MappingId::new();
    let author = permit.actor().user();
    let cx = Cx::new(permit.actor().clone(), scope);
    tx!(access.0.store, &cx, [held, catalogue, reach], |tx| {
        tx.lock(roles::lock(role)).await?;
        tx.lock_beside(Lock::Group(group), defaults::lock(t)).await?;
        // Whoever is being switched off is it before this, or knows of it.
        tx.lock(guard::ends()).await?;
        let found = db::group(tx, t, group).await?;
        let found = found.ok_or_else(|| Error::not_found("group").attr("group"))?;
        beyond(&reach, t, found.provider)?;
        let role_row = ceiling_of(tx, &catalogue, t, &reach, role, &held).await?;
        let mapping = Mapping {
            tenant_id: t,
            id,
            directory_id: found.directory_id,
            group_id: group,
            group_name: found.name,
            role_id: role,
            scope: reach.column(),
            scope_tenant,
            created_by: tx.actor().label(),
            version: 1,
            created_at: tx.now(),
            adopted_by: None,
            adopted_at: None,
            suspended_at: None,
        };
        if db::has(tx, t, group, role, &reach).await? {
            return Err(there_already(&mapping.group_name, &role_row.name));
        }
        // Whoever is in the group loses the tenant's default role, and by it perhaps what they answer with.
        let guard =
            if defaults::given(tx, t).await? { Some(guard::before(tx, t).await?) } else { None };
        db::insert(tx, &mapping, found.provider, author, &role_row.permissions).await?;
        if let Some(guard) = guard {
            guard.after(tx, By::Hand).await?;
        }
        tell(tx, "mapping.create", &mapping).await?;
        Ok(mapping)
    })
}

fn there_already(group: &str, role: &str) -> Error {
    Error::conflict(format!("the group '{group}' is mapped to the role '{role}' there already"))
}

impl Target<'_> {
    /// Where it is, what is held there, and whose rows an act on a mapping of the permit's tenant touches.
    fn at(&self, permit: &Permit<UsersManageRoles>) -> Result<(Reach, Effective, Scope)> {
        let t = permit.tenant();
        Ok(match self {
            Self::Own => (Reach::Tenant(t), permit.held().clone(), permit.cx().scope),
            Self::Tenant(p) if p.tenant() == t => {
                (Reach::Tenant(t), p.held().clone(), permit.cx().scope)
            }
            Self::Tenant(p) => {
                (Reach::Tenant(p.tenant()), p.held().clone(), Scope::Tenants(t, p.tenant()))
            }
            Self::Over(o) if o.home() != t => {
                return Err(Error::not_found("group").attr("group"));
            }
            // platform: of many tenants.
            Self::Over(o) => (o.reach().clone(), (**o.held()).clone(), Scope::Platform),
            Self::All(p) => (Reach::All, p.held().clone(), permit.cx().scope),
        })
    }
}

/// Refuses a scope beyond the tenant `t` of a directory that is not the provider's.
fn beyond(reach: &Reach, t: TenantId, provider: bool) -> Result<()> {
    if reach.tenant() == Some(t) || provider {
        return Ok(());
    }
    Err(Error::forbidden(
        "a tenant's directory gives roles in its own tenant only; the provider's alone may reach beyond",
    )
    .attr("tenant"))
}

/// The role, if whoever holds `held` wherever `reach` reaches may map a group of `t` to it.
async fn ceiling_of(
    tx: &mut Tx,
    catalogue: &Catalogue,
    t: TenantId,
    reach: &Reach,
    role: RoleId,
    held: &Effective,
) -> Result<Role> {
    let was = super::db::widen(tx).await?;
    let found = roles::find(tx, catalogue, reach.tenant().unwrap_or(t), role).await;
    super::db::narrow(tx, &was).await?;
    let found = found?;
    may_map(role, reach, found.offered, held)?;
    // It lasts no longer than its author answers for it.
    roles::ceiling_now(&found.permissions, held)?;
    Ok(found)
}

fn may_map(role: RoleId, reach: &Reach, offered: bool, held: &Effective) -> Result<()> {
    if reach.tenant().is_none() && !offered {
        return Err(Error::forbidden(
            "a role beyond one tenant is a built-in one or one offered to all tenants",
        )
        .attr("role"));
    }
    if role == GLOBAL_ADMINISTRATOR {
        if *reach != Reach::All {
            return Err(Error::forbidden(
                "Global Administrator is held on the whole instance, not in one tenant",
            )
            .attr("role"));
        }
        if !held.global {
            return Err(Error::forbidden("only Global Administrators make Global Administrators"));
        }
    }
    Ok(())
}

/// Tells the directory's tenant, and the one in which the role is given, or each of a chosen set: that it is among them,
/// and not which the others are.
async fn tell(tx: &mut Tx, action: &'static str, m: &Mapping) -> Result<()> {
    let detail = json!({"group": m.group_id, "group_name": m.group_name, "role": m.role_id,
                        "directory": m.directory_id, "tenant": m.scope_tenant, "scope": m.scope});
    let event = |detail| Event::new(action).target("mapping", m.id).detail(detail);
    let beyond: Vec<TenantId> = match m.reach() {
        Reach::Tenant(t) => vec![t],
        Reach::Tenants(some) => some.iter().copied().collect(),
        // Of what grows by itself, only the directory's own tenant is told.
        _ => Vec::new(),
    };
    let beyond: Vec<TenantId> = beyond.into_iter().filter(|t| *t != m.tenant_id).collect();
    // An actor's own tenant is told of what happens in one other by `audit` itself; of a chosen set it is told the whole.
    let told = matches!(m.reach(), Reach::Tenant(_)) && !beyond.is_empty();
    if !told || tx.actor().user().is_none_or(|(home, _)| home != m.tenant_id) {
        audit::record(tx, m.tenant_id, event(detail.clone())).await?;
    }
    for t in beyond {
        let mut detail = detail.clone();
        m.reach().tell_one(t, &mut detail);
        audit::record(tx, t, event(detail)).await?;
    }
    tx.changed(Topic::Access(m.tenant_id));
    Ok(())
}

/// Deletes a mapping of the permit's tenant, and with it exactly what it gave.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Forbidden`] when a last administrator is one by it, or by the
/// word of somebody who is demoted by its end, and when people of its group would have by default what the caller does not
/// hold.
pub async fn delete(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: MappingId,
) -> Result<()> {
    let t = permit.tenant();
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    let found = db::get(&mut c, t, id).await?;
    drop(c);
    let mapping = found.ok_or_else(|| Error::not_found("mapping"))?;
    let scope = match mapping.reach() {
        Reach::Tenant(beyond) if beyond != t => Scope::Tenants(t, beyond),
        // platform: of many tenants, each is told.
        reach if reach.is_wide() => Scope::Platform,
        _ => permit.cx().scope,
    };
    let cx = Cx::new(permit.actor().clone(), scope).urgent();
    let (held, catalogue) = (Arc::new(permit.held().clone()), access.catalogue().clone());
    tx!(access.0.store, &cx, [mapping, held, catalogue], |tx| {
        tx.lock_beside(Lock::Group(mapping.group_id), defaults::lock(t)).await?;
        if db::peopled(tx, t, mapping.group_id, id).await? {
            defaults::leaves_to_it(tx, &catalogue, t, &held).await?;
        }
        let watched = guard::watches(mapping.role_id)
            || guard::group_change(tx, t, mapping.group_id, true, &[]).await?;
        let guard = if watched { Some(guard::before(tx, t).await?) } else { None };
        parked::unmapped(tx, (t, mapping.directory_id), id).await?;
        if !db::delete(tx, t, id).await? {
            return Err(Error::not_found("mapping"));
        }
        if let Some(guard) = guard {
            guard.after(tx, By::Hand).await?;
        }
        tell(tx, "mapping.delete", &mapping).await
    })
}

/// What is wanted of a list.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// To one role, or to all.
    pub role: Option<RoleId>,
    /// Of one group, or of all.
    pub group: Option<GroupId>,
    /// After this one (the last of the page before).
    pub after: Option<MappingId>,
    /// At most this many.
    pub limit: u32,
}
impl Query {
    /// So many of all, after one.
    pub fn page(after: Option<MappingId>, limit: u32) -> Self {
        Self { role: None, group: None, after, limit }
    }
}

/// The mappings of the permit's tenant and those of the provider's that reach into it, oldest first.
///
/// # Errors
/// The database's.
pub async fn list(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    q: Query,
) -> Result<Vec<Mapping>> {
    // platform: the provider's groups that give roles in the tenant are shown to it.
    let row = access.0.people.tenant(permit.tenant()).await?;
    let row = row.ok_or_else(|| Error::not_found("tenant"))?;
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::list(&mut c, permit.tenant(), &row.tags.0, q).await
}
