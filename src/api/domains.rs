//! E-mail domains, and whose they are.

use super::call::{Call, Reply, cut};
use crate::{
    domains::{self, Domain},
    error::Result,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A domain to be confirmed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDomain {
    /// Like `contoso.com`.
    domain: String,
    /// Whose it is: a tenant's id or slug.
    tenant: String,
}

/// An e-mail domain of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Shown {
    domain: String,
    tenant: Uuid,
    confirmed_by: String,
    /// RFC 3339.
    created_at: String,
}

fn show(d: &Domain) -> Shown {
    Shown {
        domain: d.name.clone(),
        tenant: d.tenant_id.0,
        confirmed_by: d.confirmed_by.clone(),
        created_at: d.created_at.rfc3339(),
    }
}

pub(super) async fn list(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let limit = c.limit()?.min(499);
    let all = domains::list(&c.app.store, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |d| d.name.clone());
    let shown = items.iter().map(|d| serde_json::to_value(show(d)));
    let shown =
        shown.collect::<std::result::Result<_, _>>().map_err(crate::error::Error::internal)?;
    Reply::page(shown, next)
}

pub(super) async fn add(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let new: NewDomain = c.json()?;
    let tenant = c.find_tenant(&new.tenant).await?;
    Reply::created(show(&domains::add(&c.app.store, &p, tenant, &new.domain).await?))
}

pub(super) async fn remove(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    domains::remove(&c.app.store, &p, c.path.get("domain").map_or("", String::as_str)).await?;
    Ok(Reply::done())
}
