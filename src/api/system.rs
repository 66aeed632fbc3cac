//! Who you are, and what there is to permit.

use super::call::{Call, Reply};
use crate::{
    actor::Principal,
    error::{Error, Result},
};
use serde_json::json;

pub(super) async fn me(c: Call) -> Result<Reply> {
    let Principal::User { home, user, kind, bound, scopes, .. } = c.actor.principal() else {
        return match c.actor.principal() {
            Principal::Directory { .. } => {
                Err(Error::forbidden("a directory has no business here"))
            }
            _ => Reply::ok(json!({"actor": c.actor.label()})),
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
        "actor": c.actor.label(), "user": user, "tenant": home, "kind": kind, "in": places,
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
