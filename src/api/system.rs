//! Who you are, what there is to permit, keys.

use super::{
    answer::{Page, Shown, With},
    call::Call,
};
use crate::{
    access::catalogue::Category,
    actor::{Principal, UserKind},
    error::{Error, Result},
    id::{RoleId, TenantId, UserId},
    keys::KeyInfo,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// Who asks.
#[derive(Serialize, JsonSchema)]
pub(super) struct Me {
    /// As in the audit trail.
    actor: String,
    /// Nothing more for the owner of the data directory.
    #[serde(flatten)]
    person: Option<Person>,
}

/// A user who asks.
#[derive(Serialize, JsonSchema)]
pub(super) struct Person {
    user: UserId,
    /// Their own tenant.
    tenant: TenantId,
    kind: UserKind,
    /// What they have where; of a token, in its tenant and so far as its scopes go.
    #[serde(rename = "in")]
    places: Vec<Place>,
}

/// What somebody has in a tenant.
#[derive(Serialize, JsonSchema)]
pub(super) struct Place {
    tenant: TenantId,
    /// The roles' names.
    roles: Vec<String>,
    permissions: BTreeSet<String>,
    /// Whether they may see and change what is their own.
    self_service: bool,
    /// Whether they are a Global Administrator.
    global: bool,
}

pub(super) async fn me(c: Call) -> Result<Shown<Me>> {
    let Principal::User { home, user, kind, bound, scopes, .. } = c.actor().principal() else {
        return match c.actor().principal() {
            Principal::Directory { .. } => {
                Err(Error::forbidden("a directory has no business here"))
            }
            _ => Ok(Shown::of(Me { actor: c.actor().label(), person: None })),
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
        places.push(Place {
            tenant: t,
            roles: e.roles.iter().map(|r| r.name.clone()).collect(),
            permissions: e.permissions.clone(),
            self_service: e.self_service,
            global: e.global,
        });
    }
    let person = Person { user: *user, tenant: *home, kind: *kind, places };
    Ok(Shown::of(Me { actor: c.actor().label(), person: Some(person) }))
}

/// What there is to permit.
#[derive(Serialize, JsonSchema)]
pub(super) struct CatalogueShown {
    categories: Vec<Category>,
    /// The built-in roles.
    roles: Vec<BuiltInRole>,
}

/// A built-in role.
#[derive(Serialize, JsonSchema)]
pub(super) struct BuiltInRole {
    id: RoleId,
    name: String,
    description: String,
    permissions: BTreeSet<String>,
}

pub(super) async fn catalogue(c: Call) -> Result<Shown<CatalogueShown>> {
    let catalogue = c.app.access.catalogue();
    let roles = catalogue.roles().iter().map(|r| BuiltInRole {
        id: r.id,
        name: r.name.clone(),
        description: r.description.clone(),
        permissions: (*r.permissions).clone(),
    });
    let (categories, roles) = (catalogue.categories().to_vec(), roles.collect());
    Ok(Shown::of(CatalogueShown { categories, roles }))
}

pub(super) async fn keys(c: Call) -> Result<Shown<Page<KeyInfo>>> {
    let all = c.app.keys.list(&c.global().await?).await?;
    Ok(Shown::page(all, None))
}

/// How to rotate.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RotateKeys")]
#[schemars(example = json!({ "at_once": false }))]
pub(super) struct Rotate {
    /// Sign with the new keys now, for the day one leaked.
    #[serde(default)]
    at_once: bool,
}

pub(super) async fn keys_rotate(c: With<Rotate>) -> Result<Shown<Page<KeyInfo>>> {
    let p = c.global().await?;
    let Rotate { at_once } = c.json()?;
    c.app.keys.rotate(&p, at_once).await?;
    Ok(Shown::page(c.app.keys.list(&p).await?, None))
}
