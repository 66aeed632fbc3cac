//! Tenants and their policies.

use super::{
    answer::{Made, Page, Shown, Time, With},
    call::Call,
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    error::{Error, Result},
    id::TenantId,
    tenants::{self, New, Policy, Status, Tenant},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A tenant; what is of its settings only for those who may see them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tenant")]
pub(super) struct TenantShown {
    id: TenantId,
    slug: String,
    name: String,
    /// Whether it is the platform's own company.
    provider: bool,
    status: Status,
    #[serde(flatten)]
    more: Option<TenantSettings>,
}

/// What only those see who may see a tenant's settings.
#[derive(Serialize, JsonSchema)]
pub(super) struct TenantSettings {
    policy: Policy,
    /// By what roles can be given in many tenants at once.
    tags: BTreeSet<String>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

fn show(t: &Tenant) -> TenantShown {
    let more = TenantSettings {
        policy: t.policy.0.clone(),
        tags: t.tags.0.clone(),
        version: t.version,
        created_at: t.created_at.into(),
        updated_at: t.updated_at.into(),
    };
    TenantShown { more: Some(more), ..brief(t) }
}

/// For who is in it, no more.
fn brief(t: &Tenant) -> TenantShown {
    TenantShown {
        id: t.id,
        slug: t.slug.clone(),
        name: t.name.clone(),
        provider: t.provider,
        status: t.status,
        more: None,
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<TenantShown>>> {
    if let Ok(p) = c.global().await {
        let all = tenants::list(&c.app.store, &p).await?;
        return Ok(Shown::page(all.iter().map(show), None));
    }
    let Some((home, user)) = c.actor().user() else {
        return Err(Error::forbidden("a directory has no business here"));
    };
    let ids = c.app.access.tenants_of(home, user).await?;
    let some = tenants::some(&c.app.store, &ids).await?;
    Ok(Shown::page(some.iter().map(brief), None))
}

pub(super) async fn create(c: With<New>) -> Result<Made<TenantShown>> {
    let p = c.global().await?;
    let t = tenants::create(&c.app.store, &p, c.json()?).await?;
    Ok(Made::of(show(&t)).version(t.version))
}

pub(super) async fn get(c: Call) -> Result<Shown<TenantShown>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let t = tenants::get(&c.app.store, p.tenant()).await?;
    Ok(Shown::of(show(&t)).version(t.version))
}

/// A change of a tenant; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeTenant")]
pub(super) struct Edit {
    /// `suspended` ends everything of it at once.
    status: Option<Status>,
    /// All its tags from now on; roles that were given by a tag follow at once.
    tags: Option<Vec<String>>,
}

pub(super) async fn edit(c: With<Edit>) -> Result<Shown<TenantShown>> {
    let p = c.global().await?;
    let t = c.tenant_id().await?;
    let Edit { status, tags } = c.json()?;
    if status.is_none() && tags.is_none() {
        return Err(Error::invalid("'status' and 'tags' are missing").attr("status"));
    }
    let t = tenants::edit(&c.app.store, &p, t, tenants::Edit { status, tags }).await?;
    Ok(Shown::of(show(&t)).version(t.version))
}

pub(super) async fn policy(c: Call) -> Result<Shown<Policy>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let t = tenants::get(&c.app.store, p.tenant()).await?;
    Ok(Shown::of(t.policy.0).version(t.version))
}

pub(super) async fn set_policy(c: With<Policy>) -> Result<Shown<Policy>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let t = tenants::set_policy(&c.app.store, &p, c.json()?).await?;
    Ok(Shown::of(t.policy.0).version(t.version))
}
