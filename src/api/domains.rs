//! E-mail domains, and whose they are.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, cut},
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    domains::{
        self, Domain, Method,
        claims::{self, Own},
    },
    error::Result,
    id::TenantId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A domain to be confirmed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "domain": "contoso.com", "tenant": "contoso" }))]
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
    /// By hand, or by a record in DNS.
    method: Method,
    /// When the record was last looked for.
    checked_at: Option<Time>,
    /// Since when it is not there any more.
    lost_at: Option<Time>,
    /// For so long that nobody new is let in by it.
    lapsed: bool,
}

fn show(d: &Domain) -> DomainShown {
    DomainShown {
        domain: d.name.clone(),
        tenant: d.tenant_id,
        confirmed_by: d.confirmed_by.clone(),
        created_at: d.created_at.into(),
        method: d.method,
        checked_at: d.checked_at.map(Into::into),
        lost_at: d.lost_at.map(Into::into),
        lapsed: d.lapsed,
    }
}

/// A domain that a tenant says is its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "domain": "contoso.com" }))]
pub(super) struct AskDomain {
    /// Like `contoso.com`.
    domain: String,
}

/// A TXT record to be published, and what was found when it was last looked for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DomainRecord")]
pub(super) struct RecordShown {
    /// Its name.
    name: String,
    /// Its text.
    value: String,
    asked_by: String,
    asked_at: Time,
    checked_at: Option<Time>,
    /// Why it did not prove the domain then; null where it did, or was not looked for.
    problem: Option<String>,
}

/// How it stands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DomainState")]
#[serde(rename_all = "snake_case")]
enum State {
    /// The record is still to be published.
    Asked,
    /// It counts.
    Confirmed,
    /// It counts, and the record that proved it is gone.
    Lost,
    /// The record has been gone for long: nobody new is let in by it.
    Lapsed,
}

/// A domain of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TenantDomain")]
pub(super) struct OwnShown {
    domain: String,
    state: State,
    /// How it was confirmed.
    method: Option<Method>,
    confirmed_at: Option<Time>,
    lost_at: Option<Time>,
    /// The record that proves it; null where it was confirmed by hand and never asked for.
    record: Option<RecordShown>,
}
impl From<Own> for OwnShown {
    fn from(o: Own) -> Self {
        let state = match &o.domain {
            None => State::Asked,
            Some(d) if d.lapsed => State::Lapsed,
            Some(d) if d.lost_at.is_some() => State::Lost,
            Some(_) => State::Confirmed,
        };
        Self {
            domain: o.name,
            state,
            method: o.domain.as_ref().map(|d| d.method),
            confirmed_at: o.domain.as_ref().map(|d| d.created_at.into()),
            lost_at: o.domain.and_then(|d| d.lost_at).map(Into::into),
            record: o.claim.map(|c| RecordShown {
                name: c.record(),
                value: c.value(),
                asked_by: c.asked_by,
                asked_at: c.created_at.into(),
                checked_at: c.checked_at.map(Into::into),
                problem: c.found,
            }),
        }
    }
}

pub(super) async fn of_tenant(c: Call) -> Result<Shown<Page<OwnShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let all = claims::of_tenant(&c.app.store, &p).await?;
    Ok(Shown::page(all.into_iter().map(Into::into), None))
}

pub(super) async fn ask(c: With<AskDomain>) -> Result<Made<OwnShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let name = c.json()?.domain;
    Ok(Made::of(claims::ask(&c.app.store, &p, &name).await?.into()))
}

pub(super) async fn check(c: Call) -> Result<Shown<OwnShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let name = c.path.get("domain").map_or("", String::as_str);
    Ok(Shown::of(claims::check(&c.app.store, &c.app.dns, &p, name).await?.into()))
}

pub(super) async fn drop_own(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    claims::drop_own(&c.app.store, &p, c.path.get("domain").map_or("", String::as_str)).await?;
    Ok(Done)
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
