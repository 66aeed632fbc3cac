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
    apps::{self, App, IntegrationPlan, NewApp, SecretInfo, Settings},
    clock::Timestamp,
    crypto::jwt::Alg,
    error::{Error, Result},
    secret::{ExposeSecret as _, Secret},
};
use serde::Deserialize;
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
    };
    let new = NewApp { name: b.name, public: b.public, platform: b.platform, settings };
    let (app, secret) = apps::create(&c.app.store, &p, new).await?;
    Reply::created(with_secret(&app, secret.as_ref()))
}

pub(super) async fn get(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    Reply::ok(show(&apps::get(&c.app.store, &p, c.id("app")?).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    enabled: bool,
}

pub(super) async fn switch(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (id, on) = (c.id("app")?, c.json::<Switch>()?.enabled);
    apps::set_enabled(&c.app.store, &p, id, on).await?;
    Reply::ok(show(&apps::get(&c.app.store, &p, id).await?))
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
    let plan =
        IntegrationPlan { name: b.name, description: b.description, scopes: b.scopes, expires_at };
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
    Reply::created(with_secret(&app, Some(&secret)))
}

pub(super) async fn integration(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    Reply::ok(show(&apps::get(&c.app.store, &p, c.id("integration")?).await?))
}

pub(super) async fn integration_switch(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemManageIntegrations>().await?;
    let (id, on) = (c.id("integration")?, c.json::<Switch>()?.enabled);
    apps::set_enabled(&c.app.store, &p, id, on).await?;
    Reply::ok(show(&apps::get(&c.app.store, &p, id).await?))
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
