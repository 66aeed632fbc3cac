//! Roles for a while, on request: who may ask, who asked, what was decided.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, cut, time},
    find,
    scope::{self, Names, ScopeShown, ScopeWanted},
};
use crate::{
    access::{
        Catalogue, Permit, Reach, Right,
        elevation::{self, Decision, Elevation, Eligibility, State},
        perm::UsersManageRoles,
    },
    clock::Timestamp,
    error::{Error, Result},
    id::{ElevationId, EligibilityId, GrantId, RoleId, TenantId, UserId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// That somebody may ask for a role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Eligibility")]
pub(super) struct EligibilityShown {
    id: EligibilityId,
    user: UserId,
    /// The user's own tenant.
    home: TenantId,
    user_name: String,
    role: RoleId,
    role_name: String,
    /// The tenant, where it is one.
    in_tenant: Option<TenantId>,
    /// Whether it is the whole instance.
    everywhere: bool,
    scope: ScopeShown,
    /// For how long at most at a time.
    max_minutes: i64,
    reason: Option<String>,
    /// Who made it, as in the audit trail.
    granted_by: String,
    /// Until when they may ask; null: without an end.
    valid_to: Option<Time>,
    created_at: Time,
}
impl EligibilityShown {
    fn of(e: &Eligibility, catalogue: &Catalogue, names: &Names) -> Self {
        let reach = e.reach();
        Self {
            id: e.id,
            user: e.user_id,
            home: e.tenant_id,
            user_name: e.user_label.clone(),
            role: e.role_id,
            role_name: e.role(catalogue),
            in_tenant: e.scope_tenant,
            everywhere: reach == Reach::All,
            scope: names.shown(&reach),
            max_minutes: e.max_minutes,
            reason: e.reason.clone(),
            granted_by: e.granted_by.clone(),
            valid_to: e.valid_to.map(Into::into),
            created_at: e.created_at.into(),
        }
    }
}

/// A request for a role, and what became of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Elevation")]
pub(super) struct ElevationShown {
    id: ElevationId,
    state: State,
    /// By what they may ask.
    eligibility: EligibilityId,
    user: UserId,
    /// The user's own tenant.
    home: TenantId,
    user_name: String,
    role: RoleId,
    role_name: String,
    /// The tenant, where it is one.
    in_tenant: Option<TenantId>,
    /// Whether it is the whole instance.
    everywhere: bool,
    scope: ScopeShown,
    /// For how long it was asked.
    minutes: i64,
    reason: String,
    asked_at: Time,
    /// When it is over, if nobody decides.
    expires_at: Time,
    decided_at: Option<Time>,
    /// Who decided, as in the audit trail.
    decided_by: Option<String>,
    decided_reason: Option<String>,
    /// What came of it.
    grant: Option<GrantId>,
    /// Until when it was given.
    until: Option<Time>,
    /// When it ends or ended; null as well when the grant was taken away.
    ends_at: Option<Time>,
}
impl ElevationShown {
    fn of(e: &Elevation, catalogue: &Catalogue, names: &Names, now: Timestamp) -> Self {
        let reach = e.reach();
        Self {
            id: e.id,
            state: e.state(now),
            eligibility: e.eligibility_id,
            user: e.user_id,
            home: e.tenant_id,
            user_name: e.user_label.clone(),
            role: e.role_id,
            role_name: e.role(catalogue),
            in_tenant: e.scope_tenant,
            everywhere: reach == Reach::All,
            scope: names.shown(&reach),
            minutes: e.minutes,
            reason: e.reason.clone(),
            asked_at: e.asked_at.into(),
            expires_at: e.expires_at.into(),
            decided_at: e.decided_at.map(Into::into),
            decided_by: e.decided_by.clone(),
            decided_reason: e.decided_reason.clone(),
            grant: e.grant_id,
            until: e.until.map(Into::into),
            ends_at: e.grant_end.map(Into::into),
        }
    }
}

type Eligibilities = Shown<Page<EligibilityShown>>;
type Elevations = Shown<Page<ElevationShown>>;

async fn page(
    c: &Call,
    here: TenantId,
    all: Vec<Eligibility>,
    limit: u32,
) -> Result<Eligibilities> {
    let (items, next) = cut(all, limit, |e| e.id.to_string());
    let reaches: Vec<Reach> = items.iter().map(Eligibility::reach).collect();
    let names = Names::of(c, here, &reaches).await?;
    let catalogue = c.app.access.catalogue();
    Ok(Shown::page(items.iter().map(|e| EligibilityShown::of(e, catalogue, &names)), next))
}

async fn asked(c: &Call, here: TenantId, all: Vec<Elevation>, limit: u32) -> Result<Elevations> {
    let (items, next) = cut(all, limit, |e| e.id.to_string());
    let reaches: Vec<Reach> = items.iter().map(Elevation::reach).collect();
    let names = Names::of(c, here, &reaches).await?;
    let (catalogue, now) = (c.app.access.catalogue(), c.app.store.clock().now());
    Ok(Shown::page(items.iter().map(|e| ElevationShown::of(e, catalogue, &names, now)), next))
}

async fn one(c: &Call, here: TenantId, e: &Elevation) -> Result<ElevationShown> {
    let names = Names::of(c, here, [&e.reach()]).await?;
    let now = c.app.store.clock().now();
    Ok(ElevationShown::of(e, c.app.access.catalogue(), &names, now))
}

/// Somebody who may ask for a role.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewEligibility",
           example = json!({ "user": "anna@contoso.com", "role": "Tenant Administrator", "max_minutes": 240 }))]
pub(super) struct Make {
    /// The user's id or name.
    user: String,
    /// The user's tenant (id or slug), if it is another than the path's.
    home: Option<String>,
    /// The role's id or name.
    role: String,
    /// In many tenants at once; the path's tenant is then the user's own, the provider.
    scope: Option<ScopeWanted>,
    /// For how long at most at a time.
    #[schemars(range(min = 1))]
    max_minutes: i64,
    /// Why, for whoever asks later.
    reason: Option<String>,
    /// Until when they may ask, RFC 3339; without an end, if it is left out.
    #[schemars(extend("format" = "date-time"))]
    valid_to: Option<String>,
}

async fn made(
    c: &Call,
    right: Right,
    body: Make,
    tenant: TenantId,
    role: RoleId,
) -> Result<Made<EligibilityShown>> {
    let (home, user) = find::user(c, &body.user, body.home.as_deref(), tenant).await?;
    let new = elevation::New {
        home,
        user,
        role,
        max_minutes: body.max_minutes,
        valid_to: time("valid_to", body.valid_to.as_ref())?,
        reason: body.reason,
    };
    let access = &c.app.access;
    let e = elevation::make(access, &right, new, *c.app.config.elevation.longest).await?;
    let names = Names::of(c, tenant, [&e.reach()]).await?;
    Ok(Made::of(EligibilityShown::of(&e, access.catalogue(), &names)))
}

pub(super) async fn list(c: Call) -> Result<Eligibilities> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let all = elevation::list(&c.app.access, &p, c.cursor()?, limit + 1).await?;
    page(&c, p.tenant(), all, limit).await
}

pub(super) async fn make(c: With<Make>) -> Result<Made<EligibilityShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let body = c.json()?;
    let role = find::role(&c, &p, &body.role).await?;
    let right = match &body.scope {
        Some(scope) => Right::Over(scope.over(&c, &p).await?),
        None => Right::Tenant(p.clone()),
    };
    made(&c, right, body, p.tenant(), role).await
}

pub(super) async fn withdraw(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    elevation::withdraw(&c.app.access, &p, c.id("eligibility")?).await?;
    Ok(Done)
}

pub(super) async fn requests(c: Call) -> Result<Elevations> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let all = elevation::list_requests(&c.app.access, &p, c.cursor()?, limit + 1).await?;
    asked(&c, p.tenant(), all, limit).await
}

pub(super) async fn request(c: Call) -> Result<Shown<ElevationShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let e = elevation::get(&c.app.access, Some(p.tenant()), c.id("elevation")?).await?;
    Ok(Shown::of(one(&c, p.tenant(), &e).await?))
}

/// What is decided about a request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DecideElevation", example = json!({ "decision": "approve" }))]
pub(super) struct Decide {
    decision: What,
    /// Why, for who asked; wanted of a refusal.
    reason: Option<String>,
}
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ElevationDecision")]
enum What {
    /// They have the role from now on, for as long as they asked.
    Approve,
    /// They do not get it.
    Refuse,
}
impl From<Decide> for Decision {
    fn from(d: Decide) -> Self {
        Self { approve: matches!(d.decision, What::Approve), reason: d.reason }
    }
}

/// The right to decide about what is to hold in `reach`.
async fn right(c: &Call, p: &Permit<UsersManageRoles>, reach: Reach) -> Result<Right> {
    Ok(match reach {
        Reach::Tenant(_) => Right::Tenant(p.clone()),
        wide => Right::Over(scope::over(c, p, wide).await?),
    })
}

pub(super) async fn decide(c: With<Decide>) -> Result<Shown<ElevationShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (access, id, body) = (&c.app.access, c.id("elevation")?, c.json()?);
    let e = elevation::get(access, Some(p.tenant()), id).await?;
    let right = right(&c, &p, e.reach()).await?;
    let e = elevation::decide(access, &right, id, body.into()).await?;
    Ok(Shown::of(one(&c, p.tenant(), &e).await?))
}

pub(super) async fn list_everywhere(c: Call) -> Result<Eligibilities> {
    let p = c.global().await?;
    let limit = c.limit()?;
    let all = elevation::list_everywhere(&c.app.access, &p, c.cursor()?, limit + 1).await?;
    page(&c, TenantId::PLATFORM, all, limit).await
}

pub(super) async fn make_everywhere(c: With<Make>) -> Result<Made<EligibilityShown>> {
    let p = c.global().await?;
    let body = c.json()?;
    if body.scope.is_some() {
        let text = "this is the whole instance; give a 'scope' in the user's own tenant";
        return Err(Error::invalid(text).attr("scope"));
    }
    let home = body.home.as_deref().ok_or_else(|| {
        Error::invalid("'home' is missing: the user's tenant, by id or slug").attr("home")
    })?;
    let home = c.find_tenant(home).await?;
    let there: Permit<UsersManageRoles> = c.require(home).await?;
    let role = find::role(&c, &there, &body.role).await?;
    made(&c, Right::Instance(p), body, home, role).await
}

pub(super) async fn withdraw_everywhere(c: Call) -> Result<Done> {
    let p = c.global().await?;
    elevation::withdraw_everywhere(&c.app.access, &p, c.id("eligibility")?).await?;
    Ok(Done)
}

pub(super) async fn requests_everywhere(c: Call) -> Result<Elevations> {
    let p = c.global().await?;
    let limit = c.limit()?;
    let access = &c.app.access;
    let all = elevation::list_requests_everywhere(access, &p, c.cursor()?, limit + 1).await?;
    asked(&c, TenantId::PLATFORM, all, limit).await
}

pub(super) async fn request_everywhere(c: Call) -> Result<Shown<ElevationShown>> {
    c.global().await?;
    let e = elevation::get(&c.app.access, None, c.id("elevation")?).await?;
    Ok(Shown::of(one(&c, TenantId::PLATFORM, &e).await?))
}

pub(super) async fn decide_everywhere(c: With<Decide>) -> Result<Shown<ElevationShown>> {
    let right = Right::Instance(c.global().await?);
    let (access, id, body) = (&c.app.access, c.id("elevation")?, c.json()?);
    elevation::get(access, None, id).await?;
    let e = elevation::decide(access, &right, id, body.into()).await?;
    Ok(Shown::of(one(&c, TenantId::PLATFORM, &e).await?))
}

pub(super) async fn mine(c: Call) -> Result<Eligibilities> {
    let own = c.app.access.own(c.actor())?;
    let all = elevation::mine(&c.app.access, &own).await?;
    page(&c, own.who().0, all, u32::MAX - 1).await
}

pub(super) async fn my_requests(c: Call) -> Result<Elevations> {
    let own = c.app.access.own(c.actor())?;
    let limit = c.limit()?;
    let all = elevation::my_requests(&c.app.access, &own, c.cursor()?, limit + 1).await?;
    asked(&c, own.who().0, all, limit).await
}

/// A role to be asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AskElevation",
           example = json!({ "eligibility": "0198f2c4-0000-7000-8000-000000000000", "minutes": 60, "reason": "case 4711" }))]
pub(super) struct Ask {
    /// By what you may ask.
    eligibility: EligibilityId,
    /// For how long, from when it is approved on.
    #[schemars(range(min = 1))]
    minutes: i64,
    /// Why, for whoever decides.
    reason: String,
}

pub(super) async fn ask(c: With<Ask>) -> Result<Made<ElevationShown>> {
    let own = c.app.access.own(c.actor())?;
    let (home, _) = own.who();
    c.caller.proved_for(&c.app, home, None).await?;
    let Ask { eligibility, minutes, reason } = c.json()?;
    let wait = *c.app.config.elevation.decide_within;
    let e = elevation::ask(&c.app.access, &own, eligibility, minutes, &reason, wait).await?;
    Ok(Made::of(one(&c, home, &e).await?))
}

pub(super) async fn give_back(c: Call) -> Result<Done> {
    let own = c.app.access.own(c.actor())?;
    elevation::give_back(&c.app.access, &own, c.id("elevation")?).await?;
    Ok(Done)
}
