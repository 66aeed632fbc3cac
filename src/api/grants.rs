//! Grants and holds, of a tenant and of the whole instance.

use super::{
    call::{Call, Reply, cut, time},
    find,
};
use crate::{
    access::{
        Permit, Source,
        grants::{self, Grant, NewGrant, Query, Resolve},
        holds,
        perm::UsersManageRoles,
    },
    clock::Timestamp,
    error::{Error, Result},
    id::{RoleId, TenantId},
};
use serde::Deserialize;
use serde_json::{Value, json};

fn show(g: &Grant) -> Value {
    json!({
        "id": g.id, "user": g.user_id, "home": g.tenant_id, "user_name": g.user_label,
        "role": g.role_id, "in_tenant": g.scope_tenant, "everywhere": g.scope_tenant.is_none(),
        "source": g.source, "reason": g.reason, "granted_by": g.granted_by,
        "valid_from": g.valid_from.rfc3339(), "valid_to": g.valid_to.map(Timestamp::rfc3339),
        "created_at": g.created_at.rfc3339(),
    })
}

fn query(c: &Call, limit: u32) -> Result<Query> {
    Ok(Query { user: c.read("user")?, holds: false, after: c.cursor()?, limit: limit + 1 })
}

fn page(all: Vec<Grant>, limit: u32) -> Result<Reply> {
    let (items, next) = cut(all, limit, |g| g.id.to_string());
    Reply::page(items.iter().map(show).collect(), next)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The user's id or name.
    user: String,
    /// The user's tenant (id or slug), if it is another than the path's.
    home: Option<String>,
    /// The role's id or name.
    role: String,
    reason: Option<String>,
    valid_from: Option<String>,
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

pub(super) async fn list(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    page(grants::list(&c.app.access, &p, query(&c, limit)?).await?, limit)
}

pub(super) async fn add(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let body: Add = c.json()?;
    let role = find::role(&c, &p, &body.role).await?;
    let new = new(&c, body, p.tenant(), role).await?;
    Reply::created(show(&grants::add(&c.app.access, &p, new).await?))
}

pub(super) async fn remove(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    grants::remove(&c.app.access, &p, c.id("grant")?).await?;
    Ok(Reply::done())
}

pub(super) async fn holds(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    page(holds::list(&c.app.access, &p, query(&c, limit)?).await?, limit)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    decision: Decision,
}
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Keep,
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

pub(super) async fn resolve(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let how = c.json::<Decide>()?.decision.into();
    holds::resolve(&c.app.access, &p, c.id("grant")?, how).await?;
    Ok(Reply::done())
}

pub(super) async fn list_everywhere(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let limit = c.limit()?;
    page(grants::list_everywhere(&c.app.access, &p, query(&c, limit)?).await?, limit)
}

pub(super) async fn add_everywhere(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let body: Add = c.json()?;
    let home = body.home.as_deref().ok_or_else(|| {
        Error::invalid("'home' is missing: the user's tenant, by id or slug").attr("home")
    })?;
    let home = c.find_tenant(home).await?;
    let there: Permit<UsersManageRoles> = c.require(home).await?;
    let role = find::role(&c, &there, &body.role).await?;
    let new = new(&c, body, home, role).await?;
    Reply::created(show(&grants::add_everywhere(&c.app.access, &p, new).await?))
}

pub(super) async fn remove_everywhere(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    grants::remove_everywhere(&c.app.access, &p, c.id("grant")?).await?;
    Ok(Reply::done())
}

pub(super) async fn holds_everywhere(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let limit = c.limit()?;
    page(holds::list_everywhere(&c.app.access, &p, query(&c, limit)?).await?, limit)
}

pub(super) async fn resolve_everywhere(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let how = c.json::<Decide>()?.decision.into();
    holds::resolve_everywhere(&c.app.access, &p, c.id("grant")?, how).await?;
    Ok(Reply::done())
}
