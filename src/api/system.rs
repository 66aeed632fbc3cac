//! Who you are, what there is to permit, keys.

use super::{
    answer::{Page, Shown, With},
    call::Call,
    tenants::{State, state},
};
use crate::{
    access::{Effective, catalogue::Category},
    actor::{Principal, UserKind},
    error::{Error, Result},
    id::{DirectoryId, RoleId, TenantId, UserId},
    keys::KeyInfo,
    store::Scope,
    tenants, users,
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
    /// Who came by a setup link: what it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    portal: Option<AtPortal>,
}

/// What a setup link is for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SetupLinkPlace")]
struct AtPortal {
    tenant: TenantId,
    slug: String,
    /// The tenant's name.
    company: String,
    directory: DirectoryId,
}

/// A user who asks.
#[derive(Serialize, JsonSchema)]
pub(super) struct Person {
    user: UserId,
    /// Their own tenant.
    tenant: TenantId,
    kind: UserKind,
    /// What they sign in with.
    user_name: String,
    display_name: Option<String>,
    /// Whether they are a Global Administrator.
    global: bool,
    /// What they have where; of a token, in its tenant and so far as its scopes go.
    #[serde(rename = "in")]
    places: Vec<Place>,
}

/// What somebody has in a tenant.
#[derive(Serialize, JsonSchema)]
pub(super) struct Place {
    tenant: TenantId,
    slug: String,
    name: String,
    /// Whether it is the platform's own company.
    provider: bool,
    status: State,
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
            Principal::Portal { tenant, directory, .. } => {
                let at = tenants::get(&c.app.store, *tenant).await?;
                let portal = Some(AtPortal {
                    tenant: *tenant,
                    slug: at.slug,
                    company: at.name,
                    directory: *directory,
                });
                Ok(Shown::of(Me { actor: c.actor().label(), person: None, portal }))
            }
            Principal::Directory { .. } => {
                Err(Error::forbidden("a directory has no business here"))
            }
            _ => Ok(Shown::of(Me { actor: c.actor().label(), person: None, portal: None })),
        };
    };
    let within = |mut e: std::sync::Arc<Effective>| {
        if let Some(s) = scopes {
            e = std::sync::Arc::new(e.limited(s));
        }
        e
    };
    let tenants = match (c.word("tenant"), bound) {
        (None, Some(t)) => vec![*t],
        (None, None) => c.app.access.tenants_of(*home, *user).await?,
        (Some(""), _) => Vec::new(),
        (Some(one), bound) => {
            let t = c.find_tenant(one).await?;
            if bound.is_some_and(|b| b != t) {
                return Err(Error::not_found("tenant"));
            }
            vec![t]
        }
    };
    let one = c.word("tenant").is_some();
    let mut places = Vec::new();
    for t in tenants {
        let e = within(c.app.access.effective(*home, *user, t).await?);
        if one && t != *home && e.roles.is_empty() {
            return Err(Error::not_found("tenant"));
        }
        let at = tenants::get(&c.app.store, t).await?;
        places.push(Place {
            tenant: t,
            status: state(&at),
            slug: at.slug,
            name: at.name,
            provider: at.provider,
            roles: e.roles.iter().map(|r| r.name.clone()).collect(),
            permissions: e.permissions.clone(),
            self_service: e.self_service,
            global: e.global,
        });
    }
    let at_home = within(c.app.access.effective(*home, *user, *home).await?);
    let mut read = c.app.store.read(Scope::Tenant(*home)).await?;
    let who = users::find(&mut read, *home, *user).await?;
    let who = who.ok_or_else(|| Error::unauthenticated("this user is gone"))?;
    drop(read);
    let person = Person {
        user: *user,
        tenant: *home,
        kind: *kind,
        user_name: who.user_name,
        display_name: who.display_name,
        global: at_home.global,
        places,
    };
    Ok(Shown::of(Me { actor: c.actor().label(), person: Some(person), portal: None }))
}

/// What a password of people without a directory has to be; the server's settings, for every tenant.
#[derive(Serialize, JsonSchema)]
pub(super) struct PasswordRules {
    /// The fewest characters of one that is somebody's only factor.
    length: usize,
    /// The fewest characters beside a second factor.
    length_with_second_factor: usize,
    /// How hard it has to be to guess, 0 to 4 as zxcvbn counts.
    strength: u8,
    /// So many wrong ones in a row are waited for.
    failures: u32,
    /// How long, in seconds.
    lockout_seconds: u64,
}

pub(super) async fn password_rules(c: Call) -> Result<Shown<PasswordRules>> {
    let s = &c.app.config.signin;
    Ok(Shown::of(PasswordRules {
        length: s.password_length,
        length_with_second_factor: s.password_length_with_second,
        strength: s.password_strength,
        failures: s.failures,
        lockout_seconds: s.lockout.as_secs(),
    }))
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
