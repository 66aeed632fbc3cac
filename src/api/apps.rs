//! Applications and integration users.

use super::{
    call::{Call, Reply, time},
    find,
};
use crate::{
    access::{
        grants::{self, NewGrant},
        perm::{
            SystemEditSettings, SystemManageIntegrations, SystemViewSettings, UsersManageRoles,
        },
    },
    apps::{self, App, Change, IntegrationPlan, KeySet, NewApp, SecretInfo, Settings},
    clock::Timestamp,
    crypto::jwt::Alg,
    error::{Error, Result},
    secret::{ExposeSecret as _, Secret},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

fn show(a: &App) -> Value {
    json!({
        "id": a.id, "tenant": a.tenant_id, "kind": a.kind, "user": a.user_id, "name": a.name,
        "client_id": a.client_id, "public": a.public, "platform": a.platform,
        "settings": a.settings.0, "enabled": a.enabled, "created_by": a.created_by,
        "created_at": a.created_at.rfc3339(),
    })
}

fn show_secret(s: &SecretInfo) -> Value {
    json!({
        "id": s.id, "hint": s.hint, "created_at": s.created_at.rfc3339(),
        "expires_at": s.expires_at.map(Timestamp::rfc3339),
        "last_used_at": s.last_used_at.map(Timestamp::rfc3339),
    })
}

fn with_secret(a: &App, secret: Option<&Secret>) -> Value {
    let mut shown = show(a);
    if let Some(s) = secret {
        shown["client_secret"] = s.expose_secret().into();
    }
    shown
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
struct NewApplication {
    name: String,
    redirect_uris: Vec<String>,
    scopes: Option<Vec<String>>,
    audience: Option<String>,
    id_token_alg: Option<Alg>,
    access_ttl: Option<u32>,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    platform: bool,
    #[serde(default)]
    trusted: bool,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    policy_uri: Option<String>,
    tos_uri: Option<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    #[serde(default)]
    backchannel_logout_session_required: bool,
    jwks: Option<KeySet>,
    jwks_uri: Option<String>,
}

pub(super) async fn list(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    Reply::page(apps::list(&c.app.store, &p).await?.iter().map(show).collect(), None)
}

pub(super) async fn create(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let b: NewApplication = c.json()?;
    let shipped = Settings::default();
    let settings = Settings {
        redirect_uris: b.redirect_uris,
        scopes: b.scopes,
        audience: b.audience,
        id_token_alg: b.id_token_alg.unwrap_or(shipped.id_token_alg),
        access_ttl: b.access_ttl.unwrap_or(shipped.access_ttl),
        trusted: b.trusted,
        client_uri: b.client_uri,
        logo_uri: b.logo_uri,
        policy_uri: b.policy_uri,
        tos_uri: b.tos_uri,
        post_logout_redirect_uris: b.post_logout_redirect_uris,
        backchannel_logout_uri: b.backchannel_logout_uri,
        backchannel_logout_session_required: b.backchannel_logout_session_required,
        jwks: b.jwks,
        jwks_uri: b.jwks_uri,
    };
    reachable(&c, settings.jwks_uri.as_ref())?;
    reachable(&c, settings.backchannel_logout_uri.as_ref())?;
    let new = NewApp { name: b.name, public: b.public, platform: b.platform, settings };
    let (app, secret) = apps::create(&c.app.store, &p, new).await?;
    Reply::created(with_secret(&app, secret.as_ref()))
}

pub(super) async fn get(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    Reply::ok(show(&apps::get(&c.app.store, &p, c.id("app")?).await?))
}

/// Says at once what the outbound client would say whenever it goes there.
fn reachable(c: &Call, uri: Option<&String>) -> Result<()> {
    match uri.and_then(|u| url::Url::parse(u).ok()) {
        Some(u) => c.app.net.check(&u).map_err(|e| {
            let text = format!("'{u}' may not be reached from here");
            Error::invalid(text).code("outbound_refused").operator(format!("{e:?}"))
        }),
        None => Ok(()),
    }
}

/// What is given is set, `null` takes it away, what is left out stays.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::option_option, reason = "not there, null and a value are three")]
struct EditApplication {
    enabled: Option<bool>,
    name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    scopes: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "given")]
    audience: Option<Option<String>>,
    id_token_alg: Option<Alg>,
    access_ttl: Option<u32>,
    trusted: Option<bool>,
    #[serde(deserialize_with = "given")]
    client_uri: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    logo_uri: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    policy_uri: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    tos_uri: Option<Option<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    backchannel_logout_uri: Option<Option<String>>,
    backchannel_logout_session_required: Option<bool>,
    #[serde(deserialize_with = "given")]
    jwks: Option<Option<KeySet>>,
    #[serde(deserialize_with = "given")]
    jwks_uri: Option<Option<String>>,
}

#[expect(clippy::option_option, reason = "not there, null and a value are three")]
fn given<'de, D, T>(d: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(d).map(Some)
}

pub(super) async fn edit(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let b: EditApplication = c.json()?;
    reachable(&c, b.jwks_uri.iter().flatten().next())?;
    reachable(&c, b.backchannel_logout_uri.iter().flatten().next())?;
    let change = Change {
        enabled: b.enabled,
        name: b.name,
        redirect_uris: b.redirect_uris,
        scopes: b.scopes,
        audience: b.audience,
        id_token_alg: b.id_token_alg,
        access_ttl: b.access_ttl,
        trusted: b.trusted,
        client_uri: b.client_uri,
        logo_uri: b.logo_uri,
        policy_uri: b.policy_uri,
        tos_uri: b.tos_uri,
        post_logout_redirect_uris: b.post_logout_redirect_uris,
        backchannel_logout_uri: b.backchannel_logout_uri,
        backchannel_logout_session_required: b.backchannel_logout_session_required,
        jwks: b.jwks,
        jwks_uri: b.jwks_uri,
    };
    Reply::ok(show(&apps::edit(&c.app.store, &p, c.id("app")?, change).await?))
}

pub(super) async fn remove(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    apps::remove(&c.app.store, &p, c.id("app")?).await?;
    Ok(Reply::done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    expires_at: Option<String>,
}

pub(super) async fn secrets(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let all = apps::secret_list(&c.app.store, &p, c.id("app")?).await?;
    Reply::page(all.iter().map(show_secret).collect(), None)
}

pub(super) async fn secret_add(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let until = time("expires_at", c.json::<NewSecret>()?.expires_at.as_ref())?;
    let secret = apps::secret_add(&c.app.store, &p, c.id("app")?, until).await?;
    Reply::created(json!({"client_secret": secret.expose_secret()}))
}

pub(super) async fn secret_revoke(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    apps::secret_revoke(&c.app.store, &p, c.id("app")?, c.id("secret")?).await?;
    Ok(Reply::done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewIntegration {
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

pub(super) async fn integrations(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    Reply::page(apps::list(&c.app.store, &p).await?.iter().map(show).collect(), None)
}

pub(super) async fn integration_create(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let b: NewIntegration = c.json()?;
    let (store, access) = (&c.app.store, &c.app.access);
    let expires_at = time("expires_at", b.expires_at.as_ref())?;
    let mut roles = Vec::new();
    for name in &b.roles {
        let give = c.tenant::<UsersManageRoles>().await?;
        roles.push((find::role(&c, &give, name).await?, give));
    }
    reachable(&c, b.jwks_uri.as_ref())?;
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
            apps::remove(store, &p, app.id).await?;
            return Err(e);
        }
    }
    Reply::created(with_secret(&app, secret.as_ref()))
}

pub(super) async fn integration(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    Reply::ok(show(&apps::get(&c.app.store, &p, c.id("integration")?).await?))
}

/// What is given is set, `null` takes it away, what is left out stays.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::option_option, reason = "not there, null and a value are three")]
struct EditIntegration {
    enabled: Option<bool>,
    name: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    audience: Option<Option<String>>,
    access_ttl: Option<u32>,
    #[serde(deserialize_with = "given")]
    jwks: Option<Option<KeySet>>,
    #[serde(deserialize_with = "given")]
    jwks_uri: Option<Option<String>>,
}

pub(super) async fn integration_edit(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let b: EditIntegration = c.json()?;
    reachable(&c, b.jwks_uri.iter().flatten().next())?;
    let change = Change {
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
    Reply::ok(show(&apps::integration_edit(store, access, &p, id, change).await?))
}

pub(super) async fn integration_remove(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    apps::remove(&c.app.store, &p, c.id("integration")?).await?;
    Ok(Reply::done())
}

pub(super) async fn integration_secrets(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let all = apps::secret_list(&c.app.store, &p, c.id("integration")?).await?;
    Reply::page(all.iter().map(show_secret).collect(), None)
}

pub(super) async fn integration_secret_add(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let until = time("expires_at", c.json::<NewSecret>()?.expires_at.as_ref())?;
    let secret = apps::secret_add(&c.app.store, &p, c.id("integration")?, until).await?;
    Reply::created(json!({"client_secret": secret.expose_secret()}))
}

pub(super) async fn integration_secret_revoke(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    apps::secret_revoke(&c.app.store, &p, c.id("integration")?, c.id("secret")?).await?;
    Ok(Reply::done())
}
