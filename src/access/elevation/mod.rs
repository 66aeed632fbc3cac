//! Elevation: somebody may hold a role for a while when they need it. An eligibility gives nothing by itself; it is made
//! under the ceiling of a grant. Its holder asks with a reason and for how long ([`ask`]), somebody else decides
//! ([`decide`]), measured anew by the same ceiling, and what comes of it is a grant that ends by itself like any other.
//!
//! May use what `access` may. Who is told of it by mail is found here ([`approvers`]); the letters are another's.

mod approve;
mod approvers;
mod db;
mod own;

pub use approve::{
    Decision, decide, expire, get, list_requests, list_requests_everywhere, waiting_for,
};
pub use approvers::approvers;
pub use own::{Own, ask, give_back, mine, my_requests};

use super::{
    Access, Permit, Reach, Right, Site,
    catalogue::Catalogue,
    grants::{end_now, fitting, hearers},
    perm::{Global, UsersManageRoles},
};
use crate::{
    actor::UserKind,
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{ElevationId, EligibilityId, GrantId, RoleId, TenantId, UserId},
    outbox, row,
    store::{Conn, Cx, Lock, Scope, Tx},
    text, tx,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// The outbox's word for a request that somebody is to be told of, or that was decided.
pub const TOPIC: &str = "elevation.tell";

row! {
    /// That somebody may ask for a role.
    #[derive(Debug, Clone)]
    pub struct Eligibility {
        /// The person's tenant.
        pub tenant_id: TenantId,
        /// Its own.
        pub id: EligibilityId,
        /// The person.
        pub user_id: UserId,
        /// Their name when it was made.
        pub user_label: String,
        /// The role.
        pub role_id: RoleId,
        /// Its name, of one that is not built in.
        pub role_name: Option<String>,
        /// Where, in [`Reach::column`]'s words.
        pub scope: String,
        /// The tenant, where it is one.
        pub scope_tenant: Option<TenantId>,
        /// For how long at most at a time.
        pub max_minutes: i64,
        /// Who made it ([`crate::actor::Actor::label`]).
        pub granted_by: String,
        /// Why.
        pub reason: Option<String>,
        /// Until when it can be used.
        pub valid_to: Option<Timestamp>,
        /// When it was made.
        pub created_at: Timestamp,
    }
}
impl Eligibility {
    /// Where it holds.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
    /// The role's name.
    pub fn role(&self, catalogue: &Catalogue) -> String {
        named(catalogue, self.role_id, self.role_name.as_deref())
    }
    /// Whether it can be used.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.valid_to.is_none_or(|to| to > now)
    }
}

fn named(catalogue: &Catalogue, id: RoleId, name: Option<&str>) -> String {
    match (catalogue.role(id), name) {
        (Some(built_in), _) => built_in.name.clone(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => id.to_string(),
    }
}

/// What was decided, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Nothing yet.
    Open,
    /// A grant came of it.
    Approved,
    /// Not given.
    Refused,
    /// Nobody decided in time.
    Expired,
    /// Taken back by who asked.
    Cancelled,
    /// The eligibility was withdrawn before anybody decided.
    Withdrawn,
}
impl Stored {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "open" => Self::Open,
            "approved" => Self::Approved,
            "refused" => Self::Refused,
            "expired" => Self::Expired,
            "cancelled" => Self::Cancelled,
            "withdrawn" => Self::Withdrawn,
            _ => return None,
        })
    }
}
crate::store::enum_column!(Stored);

row! {
    /// A request for a role, and what became of it.
    #[derive(Debug, Clone)]
    pub struct Elevation {
        /// The person's tenant.
        pub tenant_id: TenantId,
        /// Its own.
        pub id: ElevationId,
        /// By what they may ask; perhaps withdrawn.
        pub eligibility_id: EligibilityId,
        /// Who asked.
        pub user_id: UserId,
        /// Their name then.
        pub user_label: String,
        /// For which role.
        pub role_id: RoleId,
        /// Its name, of one that is not built in.
        pub role_name: Option<String>,
        /// Where, in [`Reach::column`]'s words.
        pub scope: String,
        /// The tenant, where it is one.
        pub scope_tenant: Option<TenantId>,
        /// For how long.
        pub minutes: i64,
        /// Why.
        pub reason: String,
        /// What was decided.
        pub stored: Stored,
        /// When it was asked.
        pub asked_at: Timestamp,
        /// When it is over, if nobody decides.
        pub expires_at: Timestamp,
        /// When it was decided.
        pub decided_at: Option<Timestamp>,
        /// By whom ([`crate::actor::Actor::label`]).
        pub decided_by: Option<String>,
        /// Why so.
        pub decided_reason: Option<String>,
        /// The grant that came of it.
        pub grant_id: Option<GrantId>,
        /// Until when it was given.
        pub until: Option<Timestamp>,
        /// When the grant ends or ended; `None` as well when it was taken away.
        pub grant_end: Option<Timestamp>,
    }
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "ElevationState")]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody has to decide.
    Open,
    /// The role is held.
    Running,
    /// It was held; its time is over, or it was given back or taken away before.
    Ended,
    /// It was not given.
    Refused,
    /// Nobody decided in time.
    Expired,
    /// Who asked took it back.
    Cancelled,
    /// The eligibility was withdrawn before anybody decided.
    Withdrawn,
}

impl Elevation {
    /// Where it is to hold.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
    /// The role's name.
    pub fn role(&self, catalogue: &Catalogue) -> String {
        named(catalogue, self.role_id, self.role_name.as_deref())
    }
    /// Where it stands at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        match self.stored {
            Stored::Open if self.expires_at <= now => State::Expired,
            Stored::Open => State::Open,
            Stored::Approved if self.grant_end.is_some_and(|end| end > now) => State::Running,
            Stored::Approved => State::Ended,
            Stored::Refused => State::Refused,
            Stored::Expired => State::Expired,
            Stored::Cancelled => State::Cancelled,
            Stored::Withdrawn => State::Withdrawn,
        }
    }
}

/// Somebody to be made eligible.
#[derive(Debug, Clone)]
pub struct New {
    /// The person's tenant.
    pub home: TenantId,
    /// The person.
    pub user: UserId,
    /// The role.
    pub role: RoleId,
    /// For how many minutes at most at a time.
    pub max_minutes: i64,
    /// Why, for whoever asks later.
    pub reason: Option<String>,
    /// Until when they may ask; without an end if not said.
    pub valid_to: Option<Timestamp>,
}

fn gone() -> Error {
    Error::not_found("eligibility")
}

/// Minutes that are more than none and not more than `most`.
fn minutes(field: &'static str, wanted: i64, most: i64, of: &str) -> Result<()> {
    if (1..=most).contains(&wanted) {
        return Ok(());
    }
    Err(Error::invalid(format!("'{field}' is from 1 to {most}, {of}")).attr(field))
}

/// Tells every tenant that it concerns, each in the words that `event` has for it.
async fn told(
    tx: &mut Tx,
    (reach, home): (&Reach, TenantId),
    event: impl Fn(TenantId) -> Event,
) -> Result<()> {
    for t in hearers(reach, home) {
        audit::record(tx, t, event(t)).await?;
    }
    Ok(())
}

/// An event for the trail of `hearer`, who learns of the other tenants of a chosen set nothing but their number, unless
/// the person is their own.
fn event(action: &'static str, e: &Eligibility, hearer: TenantId) -> Event {
    let mut detail = json!({
        "user": e.user_id, "home": e.tenant_id, "role": e.role_id, "role_name": e.role_name,
        "tenant": e.scope_tenant, "scope": e.scope, "max_minutes": e.max_minutes,
        "valid_to": e.valid_to.map(Timestamp::rfc3339),
    });
    if hearer != e.tenant_id {
        e.reach().tell_one(hearer, &mut detail);
    }
    let personal = json!({ "user": e.user_label, "reason": e.reason });
    Event::new(action).target("eligibility", e.id).detail(detail).personal(personal)
}

/// The same about a request; `more` are facts besides what it was for.
fn about(
    (action, hearer): (&'static str, TenantId),
    e: &Elevation,
    more: &Value,
    reason: Option<&str>,
) -> Event {
    let mut detail = json!({
        "user": e.user_id, "home": e.tenant_id, "role": e.role_id, "role_name": e.role_name,
        "tenant": e.scope_tenant, "scope": e.scope, "minutes": e.minutes, "eligibility": e.eligibility_id,
    });
    if let (Some(all), Some(more)) = (detail.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    if hearer != e.tenant_id {
        e.reach().tell_one(hearer, &mut detail);
    }
    let personal = json!({ "user": e.user_label, "reason": reason });
    Event::new(action).target("elevation", e.id).detail(detail).personal(personal)
}

/// Has whoever is concerned told by mail.
async fn tell(tx: &mut Tx, e: &Elevation, decided: bool) -> Result<()> {
    let what = json!({ "elevation": e.id, "decided": decided });
    outbox::push(tx, e.tenant_id, TOPIC, &what).await?;
    Ok(())
}

/// Lets somebody ask for a role; `longest` is what nobody may exceed.
///
/// # Errors
/// As [`super::grants::add`]; [`crate::error::Kind::Invalid`] for more minutes than that.
pub async fn make(
    access: &Access,
    right: &Right,
    new: New,
    longest: Duration,
) -> Result<Eligibility> {
    if let Some(reason) = &new.reason {
        text::checked("reason", reason, 2000)?;
    }
    let most = i64::try_from(longest.as_secs() / 60).unwrap_or(i64::MAX);
    minutes("max_minutes", new.max_minutes, most, "the longest that the settings permit")?;
    right.sees(new.home)?;
    let (cx, id) = (right.cx(new.home)?, EligibilityId::new());
    let (right, catalogue) = (right.clone(), access.catalogue().clone());
    tx!(access.0.store, &cx, [right, new, catalogue], |tx| {
        let (role, holder) =
            fitting(tx, &catalogue, &right, (new.home, new.user), new.role).await?;
        if holder.kind == UserKind::Integration {
            let text = "integration users ask for nothing; give them what they need";
            return Err(Error::forbidden(text).attr("user"));
        }
        let (reach, now) = (right.reach(), tx.now());
        if new.valid_to.is_some_and(|to| to <= now) {
            return Err(Error::invalid("'valid_to' is not after now").attr("valid_to"));
        }
        let e = Eligibility {
            tenant_id: new.home,
            id,
            user_id: new.user,
            user_label: holder.label,
            role_id: role.id,
            role_name: Some(role.name.clone()),
            scope: reach.column(),
            scope_tenant: reach.tenant(),
            max_minutes: new.max_minutes,
            granted_by: tx.actor().label(),
            reason: new.reason,
            valid_to: new.valid_to,
            created_at: now,
        };
        if e.valid_to.is_none() && db::has(tx, &e).await? {
            return Err(Error::conflict(format!(
                "'{}' may ask for the role '{}' there already",
                e.user_label, role.name
            )));
        }
        db::insert(tx, &e).await?;
        told(tx, (&reach, e.tenant_id), |t| event("eligibility.add", &e, t)).await?;
        Ok(e)
    })
}

/// Who may ask for what in the permit's tenant, oldest first.
///
/// # Errors
/// The database's.
pub async fn list(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    after: Option<EligibilityId>,
    limit: u32,
) -> Result<Vec<Eligibility>> {
    // platform: who may ask for a role in a tenant may be at home in the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::list(&mut c, Some(p.tenant()), after, i64::from(limit)).await
}

/// Who may ask for what on the whole instance, oldest first.
///
/// # Errors
/// The database's.
pub async fn list_everywhere(
    access: &Access,
    _: &Permit<Global>,
    after: Option<EligibilityId>,
    limit: u32,
) -> Result<Vec<Eligibility>> {
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::list(&mut c, None, after, i64::from(limit)).await
}

/// Takes an eligibility of the permit's tenant back: what was asked by it is asked no more, what runs on it ends now.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn withdraw(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: EligibilityId,
) -> Result<()> {
    taken(access, Some(p.tenant()), p.cx(), id).await
}

/// The same on the whole instance.
///
/// # Errors
/// As [`withdraw`].
pub async fn withdraw_everywhere(
    access: &Access,
    p: &Permit<Global>,
    id: EligibilityId,
) -> Result<()> {
    taken(access, None, p.cx(), id).await
}

async fn taken(access: &Access, t: Option<TenantId>, cx: Cx, id: EligibilityId) -> Result<()> {
    // platform: whose it is, is what we look for; what relied on it may be anywhere.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let found = db::get(&mut c, t, id).await?.ok_or_else(gone)?;
    drop(c);
    let cx = Cx::new(cx.actor, Scope::Platform).urgent();
    let catalogue = access.catalogue().clone();
    tx!(access.0.store, &cx, [found, catalogue], |tx| {
        let (home, user) = (found.tenant_id, found.user_id);
        // Whoever asks or decides holds it, too.
        tx.lock(Lock::User(user)).await?;
        if !db::delete(tx, home, id).await? {
            return Err(gone());
        }
        for open in db::withdraw(tx, home, id).await? {
            if let Some(e) = db::request(tx, open).await? {
                tell(tx, &e, true).await?;
            }
        }
        let running: Vec<GrantId> =
            db::running(tx, home, id).await?.into_iter().map(|r| r.id).collect();
        end_now(tx, &catalogue, (home, user), &running).await?;
        told(tx, (&found.reach(), home), |t| event("eligibility.withdraw", &found, t)).await
    })
}

/// What somebody may ask for in a tenant, for whoever explains what they lack there.
pub(super) async fn open_to(
    access: &Access,
    (home, user): (TenantId, UserId),
    t: TenantId,
) -> Result<Vec<Eligibility>> {
    let row = access.0.people.tenant(t).await?;
    let none = BTreeSet::new();
    let site = Site { tenant: t, tags: row.as_ref().map_or(&none, |r| &r.tags.0) };
    let now = access.0.store.clock().now();
    let mut c: Conn = access.0.store.read(Scope::Platform).await?;
    let mut all = db::of_user(&mut c, home, user).await?;
    all.retain(|e| e.stands(now) && e.reach().covers(site));
    Ok(all)
}

/// A request, for a reader that tells of it.
///
/// # Errors
/// The database's.
pub async fn find(c: &mut Conn, id: ElevationId) -> Result<Option<Elevation>> {
    db::request(c, id).await
}
