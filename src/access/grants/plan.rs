//! Roles that somebody gets later: an invitation plans them, its acceptance gives them, and both ask the same ceiling.

use super::{Grant, NewGrant, Place, db, event, fits};
use crate::{
    access::{
        Access, Effective, Permit, Reach, db as paths,
        effective::Source,
        perm::{Global, Permission as _, UsersManageRoles},
        roles::{self, Role},
    },
    actor::UserKind,
    audit,
    error::{Error, Kind, Result},
    id::{GrantId, RoleId, TenantId, UserId},
    store::{Scope, Topic, Tx},
};
use std::sync::Arc;

/// By what right a role is planned.
#[derive(Clone, Copy)]
pub enum Giver<'a> {
    /// In the permit's tenant.
    Tenant(&'a Permit<UsersManageRoles>),
    /// On the whole instance.
    Instance(&'a Permit<Global>),
}

/// Whether the giver could give this role to a person of this kind at home in `home`; gives the role.
///
/// # Errors
/// As [`super::add`].
pub async fn would_give(
    access: &Access,
    giver: Giver<'_>,
    home: TenantId,
    provider: bool,
    kind: UserKind,
    role: RoleId,
) -> Result<Role> {
    let place = match giver {
        Giver::Tenant(p) => Place::tenant(p),
        Giver::Instance(p) => Place::instance(p),
    };
    let mut c = access.0.store.read(Scope::Platform).await?;
    let at = place.scope_tenant().unwrap_or(home);
    let role = roles::find(&mut c, access.catalogue(), at, role).await?;
    let holder = db::Holder { kind, label: String::new(), provider };
    fits(&role, &holder, &NewGrant::manual(home, UserId(uuid::Uuid::nil()), role.id), &place)?;
    Ok(role)
}

/// A role to be given now that was planned before.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// The role.
    pub role: RoleId,
    /// Where.
    pub reach: Reach,
    /// Who planned it, for people.
    pub by_label: String,
    /// What they hold there now.
    pub held: Arc<Effective>,
    /// The invitation.
    pub reference: String,
}

/// Gives a planned role in the transaction of its acceptance, if whoever planned it could still give it. `Ok(Err)` says
/// why it is left out.
///
/// # Errors
/// The database's.
pub async fn give_planned(
    tx: &mut Tx,
    access: &Access,
    p: &Planned,
) -> Result<std::result::Result<Grant, String>> {
    let place =
        Place { reach: p.reach.clone(), actor: tx.actor().clone(), held: Arc::clone(&p.held) };
    let told = place.told(p.home);
    tx.lock(roles::lock(p.role)).await?;
    let at = place.scope_tenant().unwrap_or(told);
    if let Some(there) = place.scope_tenant()
        && paths::tenant(tx, there).await?.is_none()
    {
        return Ok(Err("the tenant is gone".to_owned()));
    }
    let role = match roles::find(tx, access.catalogue(), at, p.role).await {
        Ok(role) => role,
        Err(e) if e.kind() == Kind::NotFound => return Ok(Err("the role is gone".to_owned())),
        Err(e) => return Err(e),
    };
    let holder = db::holder(tx, p.home, p.user).await?;
    let holder = holder.ok_or_else(|| Error::not_found("user").attr("user"))?;
    if !p.held.global && !p.held.allows(UsersManageRoles::ID) {
        return Ok(Err("the inviter may not give roles there any more".to_owned()));
    }
    let new = NewGrant::manual(p.home, p.user, p.role);
    if let Err(e) = fits(&role, &holder, &new, &place) {
        return Ok(Err(e.detail().to_owned()));
    }
    let now = tx.now();
    let grant = Grant {
        tenant_id: p.home,
        id: GrantId::new(),
        user_id: p.user,
        role_id: p.role,
        scope: place.reach.column(),
        scope_tenant: place.scope_tenant(),
        source: Source::Invitation,
        user_label: holder.label,
        granted_by: p.by_label.clone(),
        reason: None,
        valid_from: now,
        valid_to: None,
        created_at: now,
    };
    if !db::has(tx, &grant).await? {
        db::insert(tx, &grant, Some(&p.reference)).await?;
        audit::record(tx, told, event("grant.add", &grant, Some(&role.name))).await?;
        tx.changed(Topic::User(p.home, p.user));
    }
    Ok(Ok(grant))
}

/// Makes a user a Global Administrator in the transaction that makes the user: an instance's first.
///
/// # Errors
/// The database's.
pub async fn bootstrap(
    tx: &mut Tx,
    access: &Access,
    home: TenantId,
    user: UserId,
) -> Result<Grant> {
    let role = crate::access::catalogue::GLOBAL_ADMINISTRATOR;
    let holder = db::holder(tx, home, user).await?;
    let holder = holder.ok_or_else(|| Error::not_found("user").attr("user"))?;
    let role = roles::find(tx, access.catalogue(), home, role).await?;
    let now = tx.now();
    let grant = Grant {
        tenant_id: home,
        id: GrantId::new(),
        user_id: user,
        role_id: role.id,
        scope: Reach::All.column(),
        scope_tenant: None,
        source: Source::Bootstrap,
        user_label: holder.label,
        granted_by: tx.actor().label(),
        reason: None,
        valid_from: now,
        valid_to: None,
        created_at: now,
    };
    db::insert(tx, &grant, None).await?;
    audit::record(tx, home, event("grant.add", &grant, Some(&role.name))).await?;
    tx.changed(Topic::User(home, user));
    Ok(grant)
}
