//! Grants and holds, of a tenant and of the whole instance.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, cut, time},
    find,
    scope::{Names, ScopeShown, ScopeWanted},
};
use crate::{
    access::{
        Permit, Reach, Source,
        grants::{self, Grant, NewGrant, Query, Resolve},
        holds,
        perm::UsersManageRoles,
        roles::called,
    },
    error::{Error, Result},
    id::{GrantId, RoleId, TenantId, UserId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;

/// A role given to somebody.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
pub(super) struct GrantShown {
    id: GrantId,
    user: UserId,
    /// The user's own tenant.
    home: TenantId,
    user_name: String,
    role: RoleId,
    /// What the role is called; null where it is gone.
    role_name: Option<String>,
    /// The tenant, where it is one.
    in_tenant: Option<TenantId>,
    /// Whether it is the whole instance.
    everywhere: bool,
    scope: ScopeShown,
    source: Source,
    reason: Option<String>,
    /// Who gave it, as in the audit trail.
    granted_by: String,
    valid_from: Time,
    valid_to: Option<Time>,
    created_at: Time,
}
impl GrantShown {
    pub(super) fn of(g: &Grant, names: &Names, roles: &HashMap<RoleId, String>) -> Self {
        let reach = g.reach();
        Self {
            id: g.id,
            user: g.user_id,
            home: g.tenant_id,
            user_name: g.user_label.clone(),
            role: g.role_id,
            role_name: roles.get(&g.role_id).cloned(),
            in_tenant: g.scope_tenant,
            everywhere: reach == Reach::All,
            scope: names.shown(&reach),
            source: g.source,
            reason: g.reason.clone(),
            granted_by: g.granted_by.clone(),
            valid_from: g.valid_from.into(),
            valid_to: g.valid_to.map(Into::into),
            created_at: g.created_at.into(),
        }
    }
}

type Of = (Option<UserId>, Option<RoleId>);

fn query(c: &Call, limit: u32, (user, role): Of) -> Result<Query> {
    Ok(Query { user, role, holds: false, after: c.cursor()?, limit: limit + 1 })
}

/// The user and the role that a tenant's list is wanted of.
async fn of(c: &Call, p: &Permit<UsersManageRoles>) -> Result<Of> {
    let role = match c.word("role") {
        Some(name) => Some(find::role(c, p, name).await?),
        None => None,
    };
    Ok((find::whose(c, p.tenant()).await?, role))
}

/// The same of the whole instance, where names are nobody's alone.
fn of_all(c: &Call) -> Result<Of> {
    Ok((c.read("user")?, c.read("role")?))
}

type Grants = Shown<Page<GrantShown>>;

async fn page(c: &Call, here: TenantId, all: Vec<Grant>, limit: u32) -> Result<Grants> {
    let (items, next) = cut(all, limit, |g| g.id.to_string());
    let reaches: Vec<Reach> = items.iter().map(Grant::reach).collect();
    let names = Names::of(c, here, &reaches).await?;
    let roles = called(&c.app.access, items.iter().map(|g| g.role_id)).await?;
    Ok(Shown::page(items.iter().map(|g| GrantShown::of(g, &names, &roles)), next))
}

/// One that was made.
async fn made(c: &Call, here: TenantId, g: &Grant) -> Result<Made<GrantShown>> {
    let roles = called(&c.app.access, [g.role_id]).await?;
    Ok(Made::of(GrantShown::of(g, &Names::of(c, here, [&g.reach()]).await?, &roles)))
}

/// A role to be given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewGrant", example = json!({ "user": "anna@contoso.com", "role": "Help desk" }))]
pub(super) struct Add {
    /// The user's id or name.
    user: String,
    /// The user's tenant (id or slug), if it is another than the path's.
    home: Option<String>,
    /// The role's id or name.
    role: String,
    /// In many tenants at once; the path's tenant is then the user's own, the provider.
    scope: Option<ScopeWanted>,
    /// Why, for whoever asks later.
    reason: Option<String>,
    /// When it begins, RFC 3339; now, if it is left out.
    #[schemars(extend("format" = "date-time"))]
    valid_from: Option<String>,
    /// When it ends by itself, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    valid_to: Option<String>,
}

async fn new(c: &Call, body: Add, tenant: TenantId, role: RoleId) -> Result<NewGrant> {
    let (home, user) = find::user(c, &body.user, body.home.as_deref(), tenant).await?;
    Ok(NewGrant {
        home,
        user,
        role,
        source: Source::Manual,
        valid_from: time("valid_from", body.valid_from.as_ref())?,
        valid_to: time("valid_to", body.valid_to.as_ref())?,
        reason: body.reason,
    })
}

pub(super) async fn list(c: Call) -> Result<Grants> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (limit, of) = (c.limit()?, of(&c, &p).await?);
    let all = grants::list(&c.app.access, &p, query(&c, limit, of)?).await?;
    page(&c, p.tenant(), all, limit).await
}

pub(super) async fn add(c: With<Add>) -> Result<Made<GrantShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let body = c.json()?;
    let role = find::role(&c, &p, &body.role).await?;
    let over = match &body.scope {
        Some(scope) => Some(scope.over(&c, &p).await?),
        None => None,
    };
    let new = new(&c, body, p.tenant(), role).await?;
    let g = match over {
        Some(over) => grants::add_over(&c.app.access, &over, new).await?,
        None => grants::add(&c.app.access, &p, new).await?,
    };
    made(&c, p.tenant(), &g).await
}

pub(super) async fn remove(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    grants::remove(&c.app.access, &p, c.id("grant")?).await?;
    Ok(Done)
}

pub(super) async fn holds(c: Call) -> Result<Grants> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (limit, of) = (c.limit()?, of(&c, &p).await?);
    let all = holds::list(&c.app.access, &p, query(&c, limit, of)?).await?;
    page(&c, p.tenant(), all, limit).await
}

/// What becomes of a hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "decision": "drop" }))]
pub(super) struct Decide {
    decision: Decision,
}
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Decision {
    /// The role is theirs again, given by hand.
    Keep,
    /// The role is gone.
    Drop,
}
impl From<Decision> for Resolve {
    fn from(d: Decision) -> Self {
        match d {
            Decision::Keep => Self::Keep,
            Decision::Drop => Self::Drop,
        }
    }
}

pub(super) async fn resolve(c: With<Decide>) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let how = c.json()?.decision.into();
    holds::resolve(&c.app.access, &p, c.id("hold")?, how).await?;
    Ok(Done)
}

pub(super) async fn list_everywhere(c: Call) -> Result<Grants> {
    let p = c.global().await?;
    let (limit, of) = (c.limit()?, of_all(&c)?);
    let all = grants::list_everywhere(&c.app.access, &p, query(&c, limit, of)?).await?;
    page(&c, TenantId::PLATFORM, all, limit).await
}

pub(super) async fn add_everywhere(c: With<Add>) -> Result<Made<GrantShown>> {
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
    let new = new(&c, body, home, role).await?;
    let g = grants::add_everywhere(&c.app.access, &p, new).await?;
    made(&c, home, &g).await
}

pub(super) async fn remove_everywhere(c: Call) -> Result<Done> {
    let p = c.global().await?;
    grants::remove_everywhere(&c.app.access, &p, c.id("grant")?).await?;
    Ok(Done)
}

pub(super) async fn holds_everywhere(c: Call) -> Result<Grants> {
    let p = c.global().await?;
    let (limit, of) = (c.limit()?, of_all(&c)?);
    let all = holds::list_everywhere(&c.app.access, &p, query(&c, limit, of)?).await?;
    page(&c, TenantId::PLATFORM, all, limit).await
}

pub(super) async fn resolve_everywhere(c: With<Decide>) -> Result<Done> {
    let p = c.global().await?;
    let how = c.json()?.decision.into();
    holds::resolve_everywhere(&c.app.access, &p, c.id("hold")?, how).await?;
    Ok(Done)
}
