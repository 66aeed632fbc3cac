//! A tenant's default role: what its own people have in it, and nowhere else, whom no mapped group gives anything; none
//! as a tenant is made. Like a mapping of everybody: computed and never copied, measured by what whoever sets it holds,
//! theirs to answer for, suspended when they are demoted. Nobody is an administrator by it, and integration users, which
//! nobody puts into groups, have nothing by it.

mod db;

use super::{
    Access, Path, Permit, Reach,
    authors::{Standing, TOPIC},
    catalogue::{Catalogue, SELF_SERVICE},
    db as paths,
    effective::{Effective, Via},
    guard::{self, By},
    perm::UsersManageRoles,
    roles::{self, Role},
};
use crate::{
    audit::{self, Event},
    error::{Error, Kind, Result},
    id::{MappingId, RoleId, TenantId, UserId},
    outbox,
    store::{Conn, Lock, Scope, Topic, Tx},
    tx,
};
pub use db::DefaultRow as DefaultRole;
pub(super) use db::given;
use serde_json::json;
use std::sync::Arc;

impl DefaultRole {
    /// Of a tenant in which nothing was ever set.
    fn none(t: TenantId, now: crate::clock::Timestamp) -> Self {
        Self {
            tenant_id: t,
            id: MappingId(uuid::Uuid::nil()),
            role_id: None,
            created_by: String::new(),
            version: 0,
            created_at: now,
            adopted_by: None,
            adopted_at: None,
            suspended_at: None,
        }
    }
}

/// Taken by whoever sets it; beside each other by those who decide on whether there is one.
pub(crate) fn lock(t: TenantId) -> Lock {
    Lock::Named(format!("default role of {t}"))
}

/// The default role of the permit's tenant, and how whoever answers for it stands.
///
/// # Errors
/// The database's.
pub async fn get(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
) -> Result<(DefaultRole, Standing)> {
    let t = permit.tenant();
    // platform: who answers for it may be of the provider's.
    let mut c = access.0.store.read_steadily(Scope::Platform).await?;
    let Some(d) = db::get(&mut c, t).await? else {
        let now = access.0.store.clock().now();
        return Ok((DefaultRole::none(t, now), Standing::InForce));
    };
    let found = paths::mapped(&mut c, access.catalogue(), Some(&[d.id])).await?;
    drop(c);
    let (settled, _) = access.0.people.settled(&found).await?;
    let standing = settled.iter().find_map(|p| Some(p.author.as_ref()?.standing));
    Ok((d, standing.unwrap_or_default()))
}

/// Which role it is, if there is one.
///
/// # Errors
/// The database's.
pub(super) async fn role(c: &mut Conn, t: TenantId) -> Result<Option<RoleId>> {
    Ok(db::get(c, t).await?.and_then(|d| d.role_id))
}

/// The default role with this id, for who tells of it.
///
/// # Errors
/// The database's.
pub async fn find(c: &mut Conn, t: TenantId, id: MappingId) -> Result<Option<DefaultRole>> {
    Ok(db::get(c, t).await?.filter(|d| d.id == id && d.role_id.is_some()))
}

/// The role, if whoever holds `held` in the tenant may make it the default there.
async fn ceiling(
    c: &mut Conn,
    catalogue: &Catalogue,
    t: TenantId,
    role: RoleId,
    held: &Effective,
) -> Result<Role> {
    let found = roles::find(c, catalogue, t, role).await?;
    if guard::watches(role) {
        let text = format!(
            "nobody is '{}' by default: it is given to people by hand, or to a group",
            found.name
        );
        return Err(Error::forbidden(text).attr("role"));
    }
    // As of a mapping: it lasts no longer than its author answers for it.
    roles::ceiling_now(&found.permissions, held)?;
    Ok(found)
}

/// Sets the default role of the permit's tenant, or none.
///
/// # Errors
/// [`Kind::Forbidden`] for more than the caller holds there, for an administrator's role, and when the last administrator
/// is one by somebody who would be demoted by it; [`Kind::NotFound`] for a role that is not there; [`Kind::Precondition`]
/// when `if_match` is not its version.
pub async fn set(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    if_match: Option<i64>,
    role: Option<RoleId>,
) -> Result<DefaultRole> {
    let t = permit.tenant();
    let (held, catalogue) = (Arc::new(permit.held().clone()), access.catalogue().clone());
    let (id, author) = (MappingId::new(), permit.actor().user());
    tx!(access.0.store, &permit.cx().urgent(), [held, catalogue], |tx| {
        if let Some(role) = role {
            tx.lock(roles::lock(role)).await?;
        }
        tx.lock(lock(t)).await?;
        tx.lock(guard::ends()).await?;
        let was = db::get(tx, t).await?.unwrap_or_else(|| DefaultRole::none(t, tx.now()));
        if if_match.is_some_and(|v| v != was.version) {
            let text = "the default role was changed in the meantime";
            return Err(Error::new(Kind::Precondition, text));
        }
        if role.is_none() && was.role_id.is_none() {
            tx.unaudited("there was none");
            return Ok(was);
        }
        let found = match role {
            Some(role) => {
                let scope = paths::widen(tx).await?;
                let found = ceiling(tx, &catalogue, t, role, &held).await;
                paths::narrow(tx, &scope).await?;
                Some(found?)
            }
            None => None,
        };
        // Who answers for an administrator's mapping may hold what that gives by the default role.
        let guard = guard::before(tx, t).await?;
        let now = DefaultRole {
            id,
            role_id: role,
            created_by: tx.actor().label(),
            version: was.version + 1,
            ..DefaultRole::none(t, tx.now())
        };
        let author = author.filter(|_| role.is_some());
        db::put(tx, &now, author, found.as_ref().map(|r| &r.permissions)).await?;
        guard.after(tx, By::Hand).await?;
        let action = if role.is_some() { "default_role.set" } else { "default_role.unset" };
        let name = found.map(|r| r.name);
        tell(tx, action, &now, json!({ "was": was.role_id, "role_name": name })).await?;
        Ok(now)
    })
}

/// Answers for the default role of the permit's tenant from now on, whoever did so before: it counts again if it was
/// suspended.
///
/// # Errors
/// [`Kind::Forbidden`] for more than the adopter holds there; [`Kind::NotFound`] where there is none.
pub async fn adopt(access: &Access, permit: &Permit<UsersManageRoles>) -> Result<DefaultRole> {
    let t = permit.tenant();
    let (held, catalogue) = (Arc::new(permit.held().clone()), access.catalogue().clone());
    let author = permit.actor().user();
    let gone = || Error::not_found("default role");
    tx!(access.0.store, &permit.cx().urgent(), [held, catalogue], |tx| {
        let role = db::get(tx, t).await?.and_then(|d| d.role_id).ok_or_else(gone)?;
        tx.lock(roles::lock(role)).await?;
        tx.lock(lock(t)).await?;
        tx.lock(guard::ends()).await?;
        if db::get(tx, t).await?.and_then(|d| d.role_id) != Some(role) {
            return Err(Error::conflict("the default role was changed in the meantime"));
        }
        let scope = paths::widen(tx).await?;
        let found = ceiling(tx, &catalogue, t, role, &held).await;
        paths::narrow(tx, &scope).await?;
        let found = found?;
        let guard = guard::before(tx, t).await?;
        db::adopt(tx, t, author, &found.permissions).await?;
        guard.after(tx, By::Hand).await?;
        let d = db::get(tx, t).await?.ok_or_else(gone)?;
        tell(tx, "default_role.adopt", &d, json!({ "role_name": found.name })).await?;
        Ok(d)
    })
}

async fn tell(
    tx: &mut Tx,
    action: &'static str,
    d: &DefaultRole,
    mut detail: serde_json::Value,
) -> Result<()> {
    detail["role"] = json!(d.role_id);
    let event = Event::new(action).target("default_role", d.id).detail(detail);
    audit::record(tx, d.tenant_id, event).await?;
    tx.changed(Topic::Access(d.tenant_id));
    Ok(())
}

/// Writes down that it is suspended, or is not any more, and has an administrator told of the first; says whether that was
/// news. Call it over every tenant's rows.
pub(super) async fn noted(
    tx: &mut Tx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<bool> {
    let Some(d) = db::record(tx, id, author, suspended).await? else { return Ok(false) };
    if suspended {
        outbox::push(tx, d.tenant_id, TOPIC, &json!({ "mapping": id })).await?;
    }
    let action = if suspended { "default_role.suspend" } else { "default_role.resume" };
    tell(tx, action, &d, json!({})).await?;
    Ok(true)
}

/// The way to the role that people of the permit's tenant would have without a mapped group, were it the default there.
///
/// # Errors
/// As [`set`].
pub(super) async fn thought(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    role: Option<RoleId>,
) -> Result<Option<Path>> {
    let Some(role) = role else { return Ok(None) };
    let t = permit.tenant();
    // platform: the role may be the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let role = ceiling(&mut c, access.catalogue(), t, role, permit.held()).await?;
    Ok(Some(Path {
        role: role.to_ref(),
        permissions: Arc::new(role.permissions),
        reach: Reach::Tenant(t),
        via: Via::Default { id: MappingId::new(), behind: false },
        since: access.0.people.now(),
        until: None,
        by: permit.actor().label(),
        author: None,
    }))
}

/// The role that somebody new in the tenant has by default, if it is more than whoever holds `held` there could give
/// without an end.
fn beyond(role: Option<Role>, held: &Effective) -> Option<Role> {
    let lasts = |p: &String| p == SELF_SERVICE || held.lasts(p, None);
    role.filter(|r| !held.global_lasts(None) && !r.permissions.iter().all(lasts))
}

/// The default role of the permit's tenant, if it is more than the caller holds there.
async fn more_than_held<P>(access: &Access, permit: &Permit<P>) -> Result<Option<Role>> {
    let t = permit.tenant();
    // platform: the role may be the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let Some(role) = db::get(&mut c, t).await?.and_then(|d| d.role_id) else { return Ok(None) };
    Ok(beyond(roles::named(&mut c, access, t, role).await?, permit.held()))
}

/// Refuses whoever holds less in the permit's tenant than somebody new there has by default, and would let somebody of
/// their choice in.
///
/// # Errors
/// [`Kind::Forbidden`].
pub async fn within<P>(access: &Access, permit: &Permit<P>) -> Result<()> {
    let Some(role) = more_than_held(access, permit).await? else { return Ok(()) };
    Err(Error::forbidden(format!(
        "somebody new has the tenant's default role '{}', which permits more than you hold, or for longer; whoever has their link could \
         act as them",
        role.name
    )))
}

/// Refuses whoever holds less in the permit's tenant than its people have by default, and would take from some of them what
/// a group gives, which leaves them to that.
///
/// # Errors
/// [`Kind::Forbidden`].
pub(super) async fn could_leave_to_it<P>(access: &Access, permit: &Permit<P>) -> Result<()> {
    more_than_held(access, permit).await?.map_or(Ok(()), |role| Err(left_to(&role)))
}

fn left_to(role: &Role) -> Error {
    Error::forbidden(format!(
        "whom no mapped group gives anything has the tenant's default role '{}', which permits more than you hold, or for \
         longer; somebody who holds that has to do this",
        role.name
    ))
}

/// As [`could_leave_to_it`], under [`lock`], which is held beside others.
///
/// # Errors
/// [`Kind::Forbidden`].
pub(super) async fn leaves_to_it(
    tx: &mut Tx,
    catalogue: &Catalogue,
    t: TenantId,
    held: &Effective,
) -> Result<()> {
    let Some(role) = db::get(tx, t).await?.and_then(|d| d.role_id) else { return Ok(()) };
    let scope = paths::widen(tx).await?;
    let found = roles::find(tx, catalogue, t, role).await;
    paths::narrow(tx, &scope).await?;
    let role = match found {
        Ok(role) => Some(role),
        // One that is gone gives nothing.
        Err(e) if e.kind() == Kind::NotFound => None,
        Err(e) => return Err(e),
    };
    beyond(role, held).map_or(Ok(()), |role| Err(left_to(&role)))
}
