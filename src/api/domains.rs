//! E-mail domains, and whose they are.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, cut},
};
use crate::{
    domains::{self, Domain},
    error::Result,
    id::TenantId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
#[schemars(rename = "Domain")]
pub(super) struct DomainShown {
    domain: String,
    tenant: TenantId,
    /// As in the audit trail.
    confirmed_by: String,
    created_at: Time,
}

fn show(d: &Domain) -> DomainShown {
    DomainShown {
        domain: d.name.clone(),
        tenant: d.tenant_id,
        confirmed_by: d.confirmed_by.clone(),
        created_at: d.created_at.into(),
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<DomainShown>>> {
    let p = c.global().await?;
    let limit = c.limit()?.min(499);
    let all = domains::list(&c.app.store, &p, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |d| d.name.clone());
    Ok(Shown::page(items.iter().map(show), next))
}

pub(super) async fn add(c: With<NewDomain>) -> Result<Made<DomainShown>> {
    let p = c.global().await?;
    let new = c.json()?;
    let tenant = c.find_tenant(&new.tenant).await?;
    Ok(Made::of(show(&domains::add(&c.app.store, &p, tenant, &new.domain).await?)))
}

pub(super) async fn remove(c: Call) -> Result<Done> {
    let p = c.global().await?;
    domains::remove(&c.app.store, &p, c.path.get("domain").map_or("", String::as_str)).await?;
    Ok(Done)
}
