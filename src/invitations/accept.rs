//! Accepting: the link is looked up by its hash, shown, and claimed by one statement in the transaction that lets the
//! person in. Looking never changes anything, so a scanner that opens every link of a letter does no harm.

use super::{
    Closed, Invitation, LeftOut, State, db, looks, rules, same_address,
    words::{self, Told},
};
use crate::{
    access::{
        Access, Effective, Reach,
        grants::{self, Planned},
        roles,
    },
    audit::{self, Event},
    crypto::token::{self, Kind},
    error::{Error, Result},
    id::{InvitationId, TenantId, UserId},
    store::{Conn, Lock, Scope, Store, Tx},
    tenants::{self, Required},
    users::{self, User},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};

/// An invitation that somebody holds the link of, as a flow keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// The person's tenant.
    pub tenant: TenantId,
    /// Which.
    pub invitation: InvitationId,
    /// The hash of the link that was opened: one that was replaced meanwhile is dead.
    pub hash: String,
}

/// In which way somebody accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By the tenant's directory.
    Directory,
    /// By a password of their own.
    Local,
}
impl How {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Local => "local",
        }
    }
}

/// An invitation that can be accepted, with everything that its page shows.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The invitation.
    pub invitation: Invitation,
    /// Whom it is for.
    pub user: User,
    /// Their company.
    pub company: String,
    /// The roles, each with where.
    pub roles: Vec<(String, Option<String>)>,
    /// What its pages say, in its language.
    pub told: Told,
}

/// Looks a link up. `Ok(Err)` says why it does not open.
///
/// # Errors
/// The database's.
pub async fn find(store: &Store, link: &str) -> Result<std::result::Result<Invited, Closed>> {
    let Some(hash) = token::hash(Kind::Invitation, link) else { return Ok(Err(Closed::Unknown)) };
    let mut c = store.read(Scope::Platform).await?;
    let Some(i) = db::by_hash(&mut c, &hash).await? else { return Ok(Err(Closed::Unknown)) };
    Ok(Ok(Invited { tenant: i.tenant_id, invitation: i.id, hash }))
}

/// The invitations in a tenant that can be accepted and were written to this address, for somebody who proved that it is
/// theirs and came without a link.
///
/// # Errors
/// The database's.
pub async fn of_address(store: &Store, t: TenantId, address: &str) -> Result<Vec<Invited>> {
    let mut c = store.read(Scope::Platform).await?;
    let now = store.clock().now();
    let mut found = Vec::new();
    for (id, hash) in db::of_address(&mut c, t, &rules::spellings(address)).await? {
        let Some(i) = db::get(&mut c, t, id).await? else { continue };
        if i.state(now) == State::Pending && same_address(&i.email, address) {
            found.push(Invited { tenant: t, invitation: id, hash });
        }
    }
    Ok(found)
}

/// Whom an invitation is for, if it is still there.
///
/// # Errors
/// The database's.
pub async fn invitee(c: &mut Conn, invited: &Invited) -> Result<Option<UserId>> {
    Ok(db::get(c, invited.tenant, invited.invitation).await?.map(|i| i.user_id))
}

/// Reads an invitation that somebody holds the link of; changes nothing.
///
/// # Errors
/// The database's.
pub async fn open(
    store: &Store,
    access: &Access,
    invited: &Invited,
) -> Result<std::result::Result<Opened, Closed>> {
    let t = invited.tenant;
    let mut c = store.read(Scope::Platform).await?;
    let Some(invitation) = db::by_hash(&mut c, &invited.hash).await? else {
        return Ok(Err(Closed::Unknown));
    };
    match invitation.state(store.clock().now()) {
        State::Pending => {}
        State::Accepted => return Ok(Err(Closed::Accepted)),
        State::Expired => return Ok(Err(Closed::Expired)),
        State::Revoked => return Ok(Err(Closed::Revoked)),
        State::Outdated => return Ok(Err(Closed::Unknown)),
        State::Suspended => return Ok(Err(Closed::Suspended)),
    }
    let user = users::find(&mut c, t, invitation.user_id).await?;
    let Some((user, tenant)) = user.zip(tenants::find(&mut c, t).await?) else {
        return Ok(Err(Closed::Suspended));
    };
    let mut shown = Vec::new();
    for p in &invitation.plan.0 {
        let at = p.tenant.unwrap_or(t);
        let Some(role) = roles::named(&mut c, access, at, p.role).await? else { continue };
        let place = match p.tenant {
            Some(id) if id == t => Some(tenant.name.clone()),
            Some(id) => tenants::find(&mut c, id).await?.map(|t| t.name),
            None => None,
        };
        shown.push((role.name, place));
    }
    let looks = looks::of(&mut c, t).await?;
    let languages = [invitation.locale.as_deref(), looks.locale.as_deref()];
    let whose = (tenant.name.as_str(), invitation.inviter());
    let told = words::told(languages, whose, invitation.expires_at);
    Ok(Ok(Opened { invitation, user, company: tenant.name, roles: shown, told }))
}

/// Whether an invitation that was accepted gave all that was planned.
///
/// # Errors
/// The database's.
pub async fn all_given(store: &Store, invited: &Invited) -> Result<bool> {
    let mut c = store.read(Scope::Platform).await?;
    Ok(db::by_hash(&mut c, &invited.hash).await?.is_none_or(|i| i.left_out.is_none()))
}

/// What proof of a second factor the planned roles demand, wherever they are, by the policies of those tenants.
///
/// # Errors
/// The database's.
pub async fn demanded(store: &Store, access: &Access, i: &Invitation) -> Result<Required> {
    let mut places: Vec<TenantId> = vec![i.tenant_id];
    places.extend(i.plan.0.iter().filter_map(|p| p.tenant));
    places.sort_unstable();
    places.dedup();
    let mut most = Required::None;
    let mut c = store.read(Scope::Platform).await?;
    for place in places {
        let Some(tenant) = tenants::find(&mut c, place).await? else { continue };
        let (mut held, mut permissions) = (Vec::new(), BTreeSet::new());
        for p in i.plan.0.iter().filter(|p| p.tenant.is_none_or(|t| t == place)) {
            if let Some(role) = roles::named(&mut c, access, place, p.role).await? {
                permissions.extend(role.permissions.iter().cloned());
                let role = role.to_ref();
                held.push((role.id, role.mfa));
            }
        }
        let may = |p: &str| permissions.contains(p);
        let demands = tenant.policy.0.demands(held, may, None, |_| false);
        most = demands.into_iter().map(|(_, d)| d.class).fold(most, Required::max);
    }
    Ok(most)
}

/// The plan, with what the inviter holds now in its places: read before the transaction, which knows no caches.
async fn planned(access: &Access, i: &Invitation) -> Result<Vec<Planned>> {
    let mut out = Vec::new();
    for p in &i.plan.0 {
        let at = p.tenant.unwrap_or(TenantId::PLATFORM);
        let held: Arc<Effective> = match i.by() {
            Some((home, user)) => access.effective(home, user, at).await?,
            None => access.everything(),
        };
        out.push(Planned {
            home: i.tenant_id,
            user: i.user_id,
            role: p.role,
            reach: p.tenant.map_or(Reach::All, Reach::Tenant),
            by_label: i.invited_by.clone(),
            held,
            reference: i.id.to_string(),
        });
    }
    Ok(out)
}

/// An acceptance that is prepared: what was asked of caches is in it.
#[derive(Debug, Clone)]
pub struct Ready {
    invited: Invited,
    user: UserId,
    plans: Vec<Planned>,
}

/// Prepares an acceptance.
///
/// # Errors
/// The database's.
pub async fn ready(access: &Access, invited: &Invited, i: &Invitation) -> Result<Ready> {
    let plans = planned(access, i).await?;
    Ok(Ready { invited: invited.clone(), user: i.user_id, plans })
}

/// Accepts, in the transaction that lets the person in: claims the invitation and gives the planned roles. Run it over
/// [`Scope::Platform`], as roles may be in other tenants than the person's. What stood when the link was opened is asked
/// again under the person's lock: whoever was switched off meanwhile does not come in.
///
/// # Errors
/// `Conflict` (code `invitation_used`) when somebody was quicker, or it ended meanwhile; the database's.
pub async fn accept(tx: &mut Tx, access: &Access, ready: &Ready, how: How) -> Result<()> {
    let Invited { tenant: t, invitation: id, hash } = &ready.invited;
    tx.lock(Lock::User(ready.user)).await?;
    if !db::claim(tx, *t, *id, hash, how.as_str()).await? {
        let text = "the invitation was used, replaced or taken back meanwhile";
        return Err(Error::conflict(text).code("invitation_used"));
    }
    if !db::get(tx, *t, *id).await?.is_some_and(|i| i.sound()) {
        let text = "the invitation is over: an account or a company was switched off, the person can sign in already, or \
                    has another address now";
        return Err(Error::conflict(text).code("invitation_used"));
    }
    let person = users::find(tx, *t, ready.user).await?;
    if how == How::Local && person.is_some_and(|u| u.directory_id.is_some()) {
        let text = "your company's directory looks after this account by now: accept through it, not with a password";
        return Err(Error::conflict(text).code("managed_by_directory"));
    }
    let mut left_out = Vec::new();
    for p in &ready.plans {
        if let Err(why) = grants::give_planned(tx, access, p).await? {
            left_out.push(LeftOut { tenant: p.reach.tenant(), role: p.role, why });
        }
    }
    if !left_out.is_empty() {
        db::left_out(tx, *t, *id, &left_out).await?;
    }
    let detail = json!({ "by": how.as_str(), "left_out": left_out });
    let event = Event::new("invitation.accept").target("invitation", id).detail(detail);
    audit::record(tx, *t, event).await
}
