//! Whoever answers for a mapping: how they stand, what is written down when that changes, and adopting one.

use super::{Mapping, Query, Target, beyond, ceiling_of, db, may_map, tell, there_already};
use crate::{
    access::{
        Access, Path, Permit, Reach, Site,
        authors::{self, Standing, TOPIC},
        db as paths, defaults,
        effective::Via,
        guard::{self, By},
        parked,
        perm::UsersManageRoles,
        roles,
    },
    error::{Error, Result},
    id::{GroupId, MappingId, RoleId, TenantId, UserId},
    outbox,
    store::{Conn, Cx, Lock, Scope, Tx},
    tx,
};
use serde_json::json;
use std::{collections::HashMap, sync::Arc};

/// How whoever answers for each of these mappings stands.
///
/// # Errors
/// The database's.
pub async fn standings(access: &Access, these: &[Mapping]) -> Result<HashMap<MappingId, Standing>> {
    let ids: Vec<MappingId> = these.iter().map(|m| m.id).collect();
    // platform: a mapping of the provider's is shown in the tenants that it reaches.
    let mut c = access.0.store.read_steadily(Scope::Platform).await?;
    let found = paths::mapped(&mut c, access.catalogue(), Some(&ids)).await?;
    drop(c);
    let (settled, _) = access.0.people.settled(&found).await?;
    let standing = settled.into_iter().filter_map(|p| match p.via {
        Via::Mapping { mapping, .. } => Some((mapping, p.author?.standing)),
        _ => None,
    });
    Ok(standing.collect())
}

/// A mapping of the permit's tenant.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn get(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: MappingId,
) -> Result<Mapping> {
    let t = permit.tenant();
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    db::get(&mut c, t, id).await?.ok_or_else(|| Error::not_found("mapping"))
}

/// A mapping, for who tells of it.
///
/// # Errors
/// The database's.
pub async fn find(c: &mut Conn, t: TenantId, id: MappingId) -> Result<Option<Mapping>> {
    db::get(c, t, id).await
}

/// Answers for a mapping of the permit's tenant from now on, whoever did so before: it counts again if it was suspended,
/// and is the adopter's to answer for. `target` is the mapping's own scope, with the right to give roles there.
///
/// # Errors
/// [`crate::error::Kind::Forbidden`] for more than the adopter holds there, and when a last administrator would be one for
/// a while only by it; [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Conflict`] when it is not that scope.
pub async fn adopt(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    target: Target<'_>,
    id: MappingId,
) -> Result<Mapping> {
    let t = permit.tenant();
    let (reach, held, scope) = target.at(permit)?;
    let (held, catalogue) = (Arc::new(held), access.catalogue().clone());
    let author = permit.actor().user();
    let cx = Cx::new(permit.actor().clone(), scope);
    tx!(access.0.store, &cx, [held, catalogue, reach], |tx| {
        let found = db::get(tx, t, id).await?.ok_or_else(|| Error::not_found("mapping"))?;
        tx.lock(roles::lock(found.role_id)).await?;
        tx.lock(Lock::Group(found.group_id)).await?;
        tx.lock(guard::ends()).await?;
        if found.reach() != reach {
            return Err(Error::conflict("the mapping gives its role elsewhere"));
        }
        let role = ceiling_of(tx, &catalogue, t, &reach, found.role_id, &held).await?;
        // Whoever holds it for a while only answers for no longer.
        let guard = guard::before(tx, t).await?;
        if !db::adopt(tx, t, id, author, &role.permissions).await? {
            return Err(Error::not_found("mapping"));
        }
        parked::adopted(tx, (t, id), author, &role.permissions).await?;
        guard.after(tx, By::Hand).await?;
        let m = db::get(tx, t, id).await?.ok_or_else(|| Error::not_found("mapping"))?;
        tell(tx, "mapping.adopt", &m).await?;
        Ok(m)
    })
}

/// Writes down that a mapping is suspended, or is not any more; has an administrator told of the first. Says whether
/// that was news.
///
/// # Errors
/// The database's.
pub(in crate::access) async fn record(
    access: &Access,
    cx: &Cx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<bool> {
    tx!(access.0.store, &cx.clone().urgent(), [], |tx| {
        // What was cached may be older than what was written down when the author left.
        let stands = authors::suspended(tx, id).await? == suspended;
        let news = stands && noted(tx, id, author, suspended).await?;
        if !news {
            tx.unaudited("another node was quicker");
        }
        Ok(news)
    })
}

/// The same in a transaction that sees every tenant's rows; of a default role and an integration user by its id as well.
pub(in crate::access) async fn noted(
    tx: &mut Tx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<bool> {
    let kept = parked::noted(tx, id, author, suspended).await?
        | defaults::noted(tx, id, author, suspended).await?
        | authors::integrations::noted(tx, id, author, suspended).await?;
    let Some(m) = db::record(tx, id, author, suspended).await? else {
        return Ok(kept);
    };
    if suspended {
        outbox::push(tx, m.tenant_id, TOPIC, &json!({ "mapping": m.id })).await?;
    }
    let action = if suspended { "mapping.suspend" } else { "mapping.resume" };
    tell(tx, action, &m).await?;
    Ok(true)
}

/// The way to the role that whoever is in the group would have, were it mapped.
///
/// # Errors
/// As [`super::create`].
pub(in crate::access) async fn thought(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    target: Target<'_>,
    group: GroupId,
    role: RoleId,
) -> Result<Path> {
    let t = permit.tenant();
    let (reach, held, _) = target.at(permit)?;
    // platform: the role may be the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let found = db::group(&mut c, t, group).await?;
    let found = found.ok_or_else(|| Error::not_found("group").attr("group"))?;
    beyond(&reach, t, found.provider)?;
    let at = reach.tenant().unwrap_or(t);
    let role = roles::find(&mut c, access.catalogue(), at, role).await?;
    may_map(role.id, &reach, role.offered, &held)?;
    roles::ceiling_now(&role.permissions, &held)?;
    if db::has(&mut c, t, group, role.id, &reach).await? {
        return Err(there_already(&found.name, &role.name));
    }
    let now = access.0.people.now();
    Ok(Path {
        role: role.to_ref(),
        permissions: Arc::new(role.permissions),
        reach,
        via: Via::Mapping {
            mapping: MappingId::new(),
            group,
            group_name: found.name,
            directory: found.directory_id,
            directory_name: String::new(),
        },
        since: now,
        until: None,
        by: permit.actor().label(),
        author: None,
    })
}

/// So many mappings are read at once.
const PIECE: u32 = 1000;

/// The roles that groups of `home` give in the tenant, with the groups.
pub(in crate::access) async fn reaching(
    access: &Access,
    home: TenantId,
    tenant: TenantId,
) -> Result<Vec<(RoleId, GroupId, String)>> {
    let row = access.0.people.tenant(tenant).await?;
    let row = row.ok_or_else(|| Error::not_found("tenant"))?;
    // platform: the groups of the user's own company, whatever that is.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let site = Site { tenant, tags: &row.tags.0 };
    let (mut out, mut after) = (Vec::new(), None);
    loop {
        let all = db::list(&mut c, tenant, &row.tags.0, Query::page(after, PIECE)).await?;
        let more = all.len() == PIECE as usize;
        after = all.last().map(|m| m.id);
        let there = all.into_iter().filter(|m| m.tenant_id == home && m.reach().covers(site));
        out.extend(there.map(|m| (m.role_id, m.group_id, m.group_name)));
        if !more {
            return Ok(out);
        }
    }
}

/// Where the mappings of a group of the permit's tenant give roles.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub(in crate::access) async fn of_group(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    group: GroupId,
) -> Result<Vec<Reach>> {
    let t = permit.tenant();
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    db::group(&mut c, t, group).await?.ok_or_else(|| Error::not_found("group"))?;
    let all = db::of_group(&mut c, t, group).await?;
    Ok(all.iter().map(|m| Reach::read(&m.scope, m.scope_tenant)).collect())
}
