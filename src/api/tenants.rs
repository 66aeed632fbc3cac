//! Tenants and their policies.

use super::call::{Call, Reply};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    error::{Error, Result},
    tenants::{self, New, Policy, Status, Tenant},
};
use serde_json::{Value, json};

/// A tenant, as the API shows it.
pub(super) fn show(t: &Tenant) -> Value {
    json!({
        "id": t.id, "slug": t.slug, "name": t.name, "provider": t.provider, "status": t.status,
        "policy": t.policy.0, "version": t.version,
        "created_at": t.created_at.rfc3339(), "updated_at": t.updated_at.rfc3339(),
    })
}

/// Who sees a tenant without its settings (they are in it, no more).
fn brief(t: &Tenant) -> Value {
    json!({"id": t.id, "slug": t.slug, "name": t.name, "provider": t.provider, "status": t.status})
}

pub(super) async fn list(c: Call) -> Result<Reply> {
    if let Ok(p) = c.global().await {
        let all = tenants::list(&c.app.store, &p).await?;
        return Reply::page(all.iter().map(show).collect(), None);
    }
    let Some((home, user)) = c.actor().user() else {
        return Err(Error::forbidden("a directory has no business here"));
    };
    let ids = c.app.access.tenants_of(home, user).await?;
    let some = tenants::some(&c.app.store, &ids).await?;
    Reply::page(some.iter().map(brief).collect(), None)
}

pub(super) async fn create(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let t = tenants::create(&c.app.store, &p, c.json::<New>()?).await?;
    Ok(Reply::created(show(&t))?.version(t.version))
}

pub(super) async fn get(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let t = tenants::get(&c.app.store, p.tenant()).await?;
    Ok(Reply::ok(show(&t))?.version(t.version))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    status: Status,
}

pub(super) async fn edit(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let t = c.tenant_id().await?;
    let edit: Edit = c.json()?;
    let t = tenants::set_status(&c.app.store, &p, t, edit.status).await?;
    Ok(Reply::ok(show(&t))?.version(t.version))
}

pub(super) async fn policy(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let t = tenants::get(&c.app.store, p.tenant()).await?;
    Ok(Reply::ok(&t.policy.0)?.version(t.version))
}

pub(super) async fn set_policy(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let t = tenants::set_policy(&c.app.store, &p, c.json::<Policy>()?).await?;
    Ok(Reply::ok(&t.policy.0)?.version(t.version))
}
