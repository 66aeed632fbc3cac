//! Integration users.
#![expect(clippy::option_option, reason = "not there, null and a value are three")]

use super::{
    answer::{Done, Made, Page, Shown, With},
    apps::{
        ClientShown, NewSecret, SecretMade, SecretShown, answered, given, reachable, some,
        with_secret,
    },
    call::{Call, time},
    find,
};
use crate::{
    access::{
        authors::integrations,
        grants::{self, NewGrant},
        perm::{SystemManageIntegrations, UsersManageRoles},
    },
    apps::{self, App, Change, IntegrationPlan, KeySet},
    error::{Error, Result},
    id::AppId,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// An integration user to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "name": "RMM", "scopes": ["computers.view"], "roles": ["Read-Only"] }))]
pub(super) struct NewIntegration {
    name: String,
    description: Option<String>,
    scopes: Vec<String>,
    /// Ids or names; given as by `POST grants`, which needs the right to.
    #[serde(default)]
    roles: Vec<String>,
    expires_at: Option<String>,
    jwks: Option<KeySet>,
    jwks_uri: Option<String>,
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<ClientShown>>> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let (all, next) = some(&c, &p).await?;
    let ids: Vec<AppId> = all.iter().map(|a| a.id).collect();
    let standings = integrations::standings(&c.app.access, p.tenant(), &ids).await?;
    let shown = all.iter().map(|a| answered(a, standings.get(&a.id)));
    Ok(Shown::page(shown, next))
}

async fn one(c: &Call, a: &App) -> Result<Shown<ClientShown>> {
    let found = integrations::standings(&c.app.access, a.tenant_id, &[a.id]).await?;
    Ok(Shown::of(answered(a, found.get(&a.id))).version(a.version))
}

pub(super) async fn create(c: With<NewIntegration>) -> Result<Made<ClientShown>> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let b = c.json()?;
    let (store, access) = (&c.app.store, &c.app.access);
    let expires_at = time("expires_at", b.expires_at.as_ref())?;
    let mut roles = Vec::new();
    for name in &b.roles {
        let give = c.tenant::<UsersManageRoles>().await?;
        roles.push((find::role(&c, &give, name).await?, give));
    }
    reachable(&c, "jwks_uri", b.jwks_uri.as_ref())?;
    let plan = IntegrationPlan {
        name: b.name,
        description: b.description,
        scopes: b.scopes,
        expires_at,
        jwks: b.jwks,
        jwks_uri: b.jwks_uri,
    };
    let (app, secret) = apps::integration_create(store, access, &p, plan).await?;
    let user = app.user_id.ok_or_else(|| Error::internal("an integration without a user"))?;
    for (role, give) in roles {
        let new = NewGrant::manual(app.tenant_id, user, role);
        if let Err(e) = grants::add(access, &give, new).await {
            // Whole or not at all: what was made has been shown to nobody.
            apps::remove(store, &p, app.id, None).await?;
            return Err(e);
        }
    }
    Ok(Made::of(with_secret(&app, secret.as_ref())))
}

pub(super) async fn get(c: Call) -> Result<Shown<ClientShown>> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let found = apps::get(&c.app.store, &p, c.id("integration")?).await?;
    one(&c, &found).await
}

pub(super) async fn adopt(c: Call) -> Result<Shown<ClientShown>> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let (store, access) = (&c.app.store, &c.app.access);
    let adopted = apps::integration_adopt(store, access, &p, c.id("integration")?).await?;
    one(&c, &adopted).await
}

/// What is given is set, `null` takes it away, what is left out stays.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({ "scopes": ["computers.view"], "enabled": true }))]
pub(super) struct EditIntegration {
    enabled: Option<bool>,
    name: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    audience: Option<Option<String>>,
    access_ttl: Option<u32>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<KeySet>")]
    jwks: Option<Option<KeySet>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    jwks_uri: Option<Option<String>>,
}

pub(super) async fn edit(c: With<EditIntegration>) -> Result<Shown<ClientShown>> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let b = c.json()?;
    reachable(&c, "jwks_uri", b.jwks_uri.iter().flatten().next())?;
    let change = Change {
        if_match: c.if_match,
        enabled: b.enabled,
        name: b.name,
        scopes: b.scopes.map(Some),
        audience: b.audience,
        access_ttl: b.access_ttl,
        jwks: b.jwks,
        jwks_uri: b.jwks_uri,
        ..Change::default()
    };
    let (store, access) = (&c.app.store, &c.app.access);
    let id = c.id("integration")?;
    let edited = apps::integration_edit(store, access, &p, id, change).await?;
    one(&c, &edited).await
}

pub(super) async fn remove(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    apps::remove(&c.app.store, &p, c.id("integration")?, c.if_match).await?;
    Ok(Done)
}

pub(super) async fn secrets(c: Call) -> Result<Shown<Page<SecretShown>>> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let all = apps::secret_list(&c.app.store, &p, c.id("integration")?).await?;
    Ok(Shown::page(all.iter().map(Into::into), None))
}

pub(super) async fn secret_add(c: With<NewSecret>) -> Result<Made<SecretMade>> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let until = time("expires_at", c.json()?.expires_at.as_ref())?;
    let secret =
        apps::secret_add(&c.app.store, &c.app.access, &p, c.id("integration")?, until).await?;
    Ok(Made::of(secret.into()))
}

pub(super) async fn secret_revoke(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    apps::secret_revoke(&c.app.store, &p, c.id("integration")?, c.id("secret")?).await?;
    Ok(Done)
}
