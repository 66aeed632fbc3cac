//! Group mappings: who is in the directory's group has the role. Nothing is copied: what follows is computed, so
//! that deleting a mapping takes away exactly what it gave.

mod db;

use super::{
    Access, Effective, Permit, Reach,
    catalogue::GLOBAL_ADMINISTRATOR,
    guard::{self, By},
    parked,
    perm::{Global, UsersManageRoles},
    roles,
};
use crate::{
    audit::{self, Event},
    error::{Error, Result},
    id::{GroupId, MappingId, RoleId, TenantId},
    store::{Cx, Lock, Scope, Topic},
    tx,
};
pub use db::MappingRow as Mapping;
use serde_json::json;

impl Mapping {
    /// Where it gives the role.
    pub fn reach(&self) -> Reach {
        self.scope_tenant.map_or(Reach::All, Reach::Tenant)
    }
}

/// Where a mapping gives its role, and the right to give it there.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// In the directory's own tenant.
    Own,
    /// In another tenant: only from a directory of the provider's.
    Tenant(&'a Permit<UsersManageRoles>),
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
    let (scope_tenant, held, scope): (_, Effective, _) = match target {
        Target::Own => (Some(t), permit.held().clone(), permit.cx().scope),
        Target::Tenant(p) if p.tenant() == t => (Some(t), p.held().clone(), permit.cx().scope),
        Target::Tenant(p) => (Some(p.tenant()), p.held().clone(), Scope::Tenants(t, p.tenant())),
        Target::All(p) => (None, p.held().clone(), permit.cx().scope),
    };
    let (held, catalogue) = (std::sync::Arc::new(held), access.catalogue().clone());
    let id = MappingId::new();
    let author = permit.actor().user();
    let cx = Cx::new(permit.actor().clone(), scope);
    tx!(access.0.store, &cx, [held, catalogue], |tx| {
        tx.lock(roles::lock(role)).await?;
        tx.lock(Lock::Group(group)).await?;
        let found = db::group(tx, t, group).await?;
        let found = found.ok_or_else(|| Error::not_found("group").attr("group"))?;
        if scope_tenant != Some(t) && !found.provider {
            return Err(Error::forbidden(
                "a tenant's directory gives roles in its own tenant only; \
                 the provider's alone may reach beyond",
            )
            .attr("tenant"));
        }
        let was = super::db::widen(tx).await?;
        let role_row = roles::find(tx, &catalogue, scope_tenant.unwrap_or(t), role).await;
        super::db::narrow(tx, &was).await?;
        let role_row = role_row?;
        may_map(role, scope_tenant, role_row.offered, &held)?;
        roles::ceiling(&role_row.permissions, &held)?;
        let mapping = Mapping {
            tenant_id: t,
            id,
            directory_id: found.directory_id,
            group_id: group,
            group_name: found.name,
            role_id: role,
            scope_tenant,
            created_by: tx.actor().label(),
            version: 1,
            created_at: tx.now(),
        };
        if db::has(tx, &mapping).await? {
            return Err(Error::conflict(format!(
                "the group '{}' is mapped to the role '{}' there already",
                mapping.group_name, role_row.name
            )));
        }
        db::insert(tx, &mapping, found.provider, author).await?;
        tell(tx, "mapping.create", &mapping).await?;
        Ok(mapping)
    })
}

fn may_map(
    role: RoleId,
    scope_tenant: Option<TenantId>,
    offered: bool,
    held: &Effective,
) -> Result<()> {
    if scope_tenant.is_none() && !offered {
        return Err(Error::forbidden(
            "a role on the whole instance is a built-in one or one offered to all tenants",
        )
        .attr("role"));
    }
    if role == GLOBAL_ADMINISTRATOR {
        if scope_tenant.is_some() {
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

/// Tells the directory's tenant, and the one in which the role is given.
async fn tell(tx: &mut crate::store::Tx, action: &'static str, m: &Mapping) -> Result<()> {
    let detail = json!({"group": m.group_id, "group_name": m.group_name, "role": m.role_id,
                        "directory": m.directory_id, "tenant": m.scope_tenant});
    let event = || Event::new(action).target("mapping", m.id).detail(detail.clone());
    let beyond = m.scope_tenant.filter(|t| *t != m.tenant_id);
    // An actor's own tenant is told by `audit` itself.
    if beyond.is_none() || tx.actor().user().is_none_or(|(home, _)| home != m.tenant_id) {
        audit::record(tx, m.tenant_id, event()).await?;
    }
    if let Some(t) = beyond {
        audit::record(tx, t, event()).await?;
    }
    tx.changed(Topic::Access(m.tenant_id));
    Ok(())
}

/// Deletes a mapping of the permit's tenant, and with it exactly what it gave.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Forbidden`] when a last administrator is one by it.
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
    let scope = match mapping.scope_tenant {
        Some(beyond) if beyond != t => Scope::Tenants(t, beyond),
        _ => permit.cx().scope,
    };
    let cx = Cx::new(permit.actor().clone(), scope).urgent();
    tx!(access.0.store, &cx, [mapping], |tx| {
        let guard =
            if guard::watches(mapping.role_id) { Some(guard::before(tx, t).await?) } else { None };
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

/// The mappings of the permit's tenant and those of the provider's that reach into it, oldest first.
///
/// # Errors
/// The database's.
pub async fn list(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    after: Option<MappingId>,
    limit: u32,
) -> Result<Vec<Mapping>> {
    // platform: the provider's groups that give roles in the tenant are shown to it.
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::list(&mut c, permit.tenant(), after, i64::from(limit.clamp(1, 1000))).await
}
