//! A role for a while, on request: what [`crate::access::elevation`] needs of grants. Whoever makes somebody eligible and
//! whoever approves are measured by the ceiling that everybody is measured by who gives a role.

use super::{
    Grant, NewGrant, Place, db, ending, fits,
    guard::{self, By},
    told_of,
};
use crate::{
    access::{
        Catalogue, Over, Permit, Reach, Source,
        db::{narrow, widen},
        perm::{Global, UsersManageRoles},
        roles::{self, Role},
    },
    actor::Actor,
    clock::Timestamp,
    error::{Error, Result},
    id::{GrantId, RoleId, TenantId, UserId},
    store::{Cx, Lock, Topic, Tx},
};

/// By what right somebody is made eligible, or a request is decided.
#[derive(Debug, Clone)]
pub enum Right {
    /// In the permit's tenant.
    Tenant(Permit<UsersManageRoles>),
    /// In many tenants, to people of the provider's.
    Over(Over),
    /// On the whole instance.
    Instance(Permit<Global>),
}

impl Right {
    fn place(&self) -> Place {
        match self {
            Self::Tenant(p) => Place::tenant(p),
            Self::Over(o) => Place::over(o),
            Self::Instance(p) => Place::instance(p),
        }
    }
    /// Where.
    pub fn reach(&self) -> Reach {
        self.place().reach
    }
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        match self {
            Self::Tenant(p) => p.actor(),
            Self::Over(o) => o.actor(),
            Self::Instance(p) => p.actor(),
        }
    }
    /// Refuses somebody of whom who acts may not know.
    pub(in crate::access) fn sees(&self, home: TenantId) -> Result<()> {
        if self.place().sees(home) {
            return Ok(());
        }
        Err(Error::not_found("user").attr("user"))
    }
    /// What an act about somebody of `home` touches.
    pub(in crate::access) fn cx(&self, home: TenantId) -> Result<Cx> {
        if matches!(self, Self::Over(o) if o.home() != home) {
            return Err(Error::not_found("user").attr("user"));
        }
        self.place().cx(home)
    }
}

/// The role and its holder's name, if the right suffices to give it to somebody there. Takes the locks of both.
pub(in crate::access) async fn fitting(
    tx: &mut Tx,
    catalogue: &Catalogue,
    right: &Right,
    (home, user): (TenantId, UserId),
    role: RoleId,
) -> Result<(Role, db::Holder)> {
    let place = right.place();
    tx.lock(roles::lock(role)).await?;
    tx.lock(Lock::User(user)).await?;
    let was = widen(tx).await?;
    let found = roles::find(tx, catalogue, place.scope_tenant().unwrap_or(home), role).await;
    narrow(tx, &was).await?;
    let role = found?;
    let holder = db::holder(tx, home, user).await?;
    let holder = holder.ok_or_else(|| Error::not_found("user").attr("user"))?;
    fits(&role, &holder, &NewGrant::manual(home, user, role.id), &place)?;
    Ok((role, holder))
}

/// A role to be given until then.
pub(in crate::access) struct Elevated<'a> {
    pub(in crate::access) who: (TenantId, UserId),
    pub(in crate::access) role: RoleId,
    pub(in crate::access) until: Timestamp,
    pub(in crate::access) reason: &'a str,
    /// The request.
    pub(in crate::access) reference: &'a str,
}

/// Gives a role from now on for a while, if the right suffices.
pub(in crate::access) async fn elevate(
    tx: &mut Tx,
    catalogue: &Catalogue,
    right: &Right,
    e: &Elevated<'_>,
) -> Result<Grant> {
    let (home, user) = e.who;
    let (role, holder) = fitting(tx, catalogue, right, e.who, e.role).await?;
    let (reach, now) = (right.reach(), tx.now());
    let grant = Grant {
        tenant_id: home,
        id: GrantId::new(),
        user_id: user,
        role_id: role.id,
        scope: reach.column(),
        scope_tenant: reach.tenant(),
        source: Source::Elevation,
        user_label: holder.label,
        granted_by: tx.actor().label(),
        reason: Some(e.reason.to_owned()),
        valid_from: now,
        valid_to: Some(e.until),
        created_at: now,
    };
    db::insert(tx, &grant, Some(e.reference)).await?;
    told_of(tx, &grant, "grant.add", Some(&role)).await?;
    tx.changed(Topic::User(home, user));
    Ok(grant)
}

/// Has somebody's grants end now, and what relied on them with them. Under the person's lock and over every tenant's rows.
pub(in crate::access) async fn end_now(
    tx: &mut Tx,
    catalogue: &Catalogue,
    (home, user): (TenantId, UserId),
    these: &[GrantId],
) -> Result<()> {
    let now = tx.now();
    for id in these {
        db::shorten(tx, home, *id, now).await?;
    }
    ending::over(tx, catalogue, (home, user)).await?;
    Ok(())
}

/// One of somebody's grants.
pub(in crate::access) async fn one(
    tx: &mut Tx,
    (home, user): (TenantId, UserId),
    id: GrantId,
) -> Result<Option<Grant>> {
    Ok(db::of_user(tx, home, user).await?.into_iter().find(|g| g.id == id))
}

/// Gives a grant an end, unless it is the last administrator's: what ends by itself counts for none.
pub(in crate::access) async fn shorten_in(tx: &mut Tx, grant: &Grant, to: Timestamp) -> Result<()> {
    let told = grant.reach().tenant().unwrap_or(grant.tenant_id);
    let holder = (grant.tenant_id, grant.user_id);
    let guard = if guard::watches(grant.role_id) || guard::hang_on(tx, holder).await? {
        Some(guard::before_all(tx, &[told, grant.tenant_id]).await?)
    } else {
        None
    };
    if !db::shorten(tx, grant.tenant_id, grant.id, to).await? {
        return Err(Error::not_found("grant"));
    }
    if let Some(guard) = guard {
        guard.after(tx, By::Hand).await?;
    }
    let grant = Grant { valid_to: Some(to), ..grant.clone() };
    told_of(tx, &grant, "grant.shorten", None).await?;
    tx.changed(Topic::User(grant.tenant_id, grant.user_id));
    Ok(())
}
