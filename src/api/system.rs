//! Who you are, what there is to permit, the audit trail, keys.

use super::call::{Call, Reply, cut};
use crate::{
    access::perm::SystemViewLogs,
    actor::Principal,
    audit,
    error::{Error, Result},
    id::TenantId,
};
use serde::Deserialize;
use serde_json::json;

pub(super) async fn me(c: Call) -> Result<Reply> {
    let Principal::User { home, user, kind, bound, scopes, .. } = c.actor().principal() else {
        return match c.actor().principal() {
            Principal::Directory { .. } => {
                Err(Error::forbidden("a directory has no business here"))
            }
            _ => Reply::ok(json!({"actor": c.actor().label()})),
        };
    };
    let tenants = match bound {
        Some(t) => vec![*t],
        None => c.app.access.tenants_of(*home, *user).await?,
    };
    let mut places = Vec::new();
    for t in tenants {
        let mut e = c.app.access.effective(*home, *user, t).await?;
        if let Some(s) = scopes {
            e = std::sync::Arc::new(e.limited(s));
        }
        let roles: Vec<&str> = e.roles.iter().map(|r| r.name.as_str()).collect();
        places.push(json!({
            "tenant": t, "roles": roles, "permissions": e.permissions,
            "self_service": e.self_service, "global": e.global,
        }));
    }
    Reply::ok(json!({
        "actor": c.actor().label(), "user": user, "tenant": home, "kind": kind, "in": places,
    }))
}

pub(super) async fn catalogue(c: Call) -> Result<Reply> {
    let catalogue = c.app.access.catalogue();
    let roles = catalogue.roles().iter().map(|r| {
        json!({"id": r.id, "name": r.name, "description": r.description,
               "permissions": *r.permissions})
    });
    Reply::ok(json!({
        "categories": catalogue.categories(), "roles": roles.collect::<Vec<_>>(),
    }))
}

pub(super) async fn audit(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewLogs>().await?;
    trail(&c, p.tenant()).await
}

pub(super) async fn audit_instance(c: Call) -> Result<Reply> {
    trail(&c, c.global().await?.tenant()).await
}

async fn trail(c: &Call, t: TenantId) -> Result<Reply> {
    let limit = c.limit()?.min(499);
    let all = audit::list(&c.app.store, t, c.cursor()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |e| e.id.to_string());
    let shown = items.iter().map(|e| serde_json::to_value(e).map_err(Error::internal));
    Reply::page(shown.collect::<Result<_>>()?, next)
}

pub(super) async fn keys(c: Call) -> Result<Reply> {
    let all = c.app.keys.list(&c.global().await?).await?;
    let shown = all.iter().map(|k| serde_json::to_value(k).map_err(Error::internal));
    Reply::page(shown.collect::<Result<_>>()?, None)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    /// Sign with the new keys now, for the day one leaked.
    #[serde(default)]
    at_once: bool,
}

pub(super) async fn keys_rotate(c: Call) -> Result<Reply> {
    let p = c.global().await?;
    let body: Rotate = c.json()?;
    c.app.keys.rotate(&p, body.at_once).await?;
    keys(c).await
}
