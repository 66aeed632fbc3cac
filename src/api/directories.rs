//! Directories with their two halves, and SCIM tokens.

use super::call::{Call, Reply, time};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    directories::{
        self, Directory, Edit, New, PresetColumn, Provisioning, SignInSettings, Status, Token,
    },
    error::{Error, Result},
    protocol::oidc::Rules,
    provisioning,
    secret::{ExposeSecret as _, Secret},
};
use serde::Deserialize;
use serde_json::{Value, json};

fn show(c: &Call, d: &Directory) -> Value {
    let signin = d.issuer.as_ref().map(|issuer| {
        json!({"issuer": issuer, "client_id": d.client_id, "scopes": d.signin.0.scopes,
               "rules": d.signin.0.rules})
    });
    json!({
        "id": d.id, "tenant": d.tenant_id, "name": d.name, "preset": d.preset.as_str(),
        "status": d.status, "provisioning": d.provisioning.0, "signin": signin,
        "scim_base_url": c.url(&format!("/scim/{}/v2", d.id)), "version": d.version,
        "created_at": d.created_at.rfc3339(), "updated_at": d.updated_at.rfc3339(),
    })
}

fn show_token(t: &Token) -> Value {
    json!({
        "id": t.id, "directory": t.directory_id, "hint": t.hint,
        "created_at": t.created_at.rfc3339(),
        "expires_at": t.expires_at.map(crate::clock::Timestamp::rfc3339),
        "last_used_at": t.last_used_at.map(crate::clock::Timestamp::rfc3339),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    issuer: String,
    client_id: String,
    client_secret: Option<Secret>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    rules: Rules,
}
impl From<SignIn> for SignInSettings {
    fn from(s: SignIn) -> Self {
        Self {
            issuer: s.issuer,
            client_id: s.client_id,
            client_secret: s.client_secret,
            scopes: s.scopes,
            rules: s.rules,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    #[serde(default = "generic")]
    preset: String,
    #[serde(default)]
    provisioning: Provisioning,
    signin: Option<SignIn>,
}
fn generic() -> String {
    "generic".to_owned()
}

fn preset(word: &str) -> Result<PresetColumn> {
    PresetColumn::parse(word).ok_or_else(|| {
        Error::invalid("'preset' is one of entra, okta, google, generic").attr("preset")
    })
}

pub(super) async fn list(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let all = directories::list(&c.app.store, &p).await?;
    Reply::page(all.iter().map(|d| show(&c, d)).collect(), None)
}

pub(super) async fn create(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let body: Create = c.json()?;
    let new = New {
        name: body.name,
        preset: preset(&body.preset)?.0,
        provisioning: body.provisioning,
        signin: body.signin.map(Into::into),
    };
    let d = directories::create(&c.app.store, &p, new, &c.app.master).await?;
    Ok(Reply::created(show(&c, &d))?.version(d.version))
}

pub(super) async fn get(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let d = directories::get(&c.app.store, &p, c.id("directory")?).await?;
    Ok(Reply::ok(show(&c, &d))?.version(d.version))
}

#[expect(clippy::option_option, reason = "not there, null and a value are three")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    preset: Option<String>,
    #[serde(default, deserialize_with = "given")]
    signin: Option<Option<SignIn>>,
    provisioning: Option<Provisioning>,
    status: Option<Status>,
}

#[expect(clippy::option_option, reason = "not there, null and a value are three")]
/// Tells `null` (take it away) from a field that is not there.
fn given<'de, D, T>(d: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(d).map(Some)
}

pub(super) async fn edit(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (store, id) = (&c.app.store, c.id("directory")?);
    let body: Change = c.json()?;
    let preset = body.preset.as_deref().map(preset).transpose()?.map(|p| p.0);
    let edit = Edit { name: body.name, preset, signin: body.signin.map(|s| s.map(Into::into)) };
    let mut d = directories::edit(store, &p, id, c.if_match, edit, &c.app.master).await?;
    if let Some(to) = body.provisioning {
        d = provisioning::configure(store, &p, id, to).await?;
    }
    if let Some(status) = body.status {
        d = directories::set_status(store, &p, id, status).await?;
    }
    Ok(Reply::ok(show(&c, &d))?.version(d.version))
}

pub(super) async fn delete(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    Reply::ok(provisioning::delete_directory(&c.app.store, &p, c.id("directory")?).await?)
}

pub(super) async fn tokens(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let all = directories::tokens(&c.app.store, &p, c.id("directory")?).await?;
    Reply::page(all.iter().map(show_token).collect(), None)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    expires_at: Option<String>,
}

pub(super) async fn token_create(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (body, id) = (c.json::<NewToken>()?, c.id("directory")?);
    let until = time("expires_at", body.expires_at.as_ref())?;
    let (t, text) = directories::token_create(&c.app.store, &p, id, until).await?;
    let mut shown = show_token(&t);
    shown["token"] = text.expose_secret().into();
    shown["scim_base_url"] = c.url(&format!("/scim/{id}/v2")).into();
    Reply::created(shown)
}

pub(super) async fn token_revoke(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemEditSettings>().await?;
    directories::token_revoke(&c.app.store, &p, c.id("directory")?, c.id("token")?).await?;
    Ok(Reply::done())
}
