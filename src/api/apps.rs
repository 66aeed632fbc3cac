//! Applications.
#![expect(clippy::option_option, reason = "not there, null and a value are three")]

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, sift, time},
};
use crate::{
    access::{
        Permit, Standing,
        authors::integrations::Answered,
        catalogue::SELF_SERVICE,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    apps::{self, App, Change, KeySet, Kind, NewApp, SecretInfo, Settings, Views},
    crypto::jwt::Alg,
    error::{Error, Result},
    events, gate,
    id::{AppId, SecretId, TenantId, UserId},
    secret::{ExposeSecret as _, Secret},
    text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

/// An application or integration user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Client")]
pub(super) struct ClientShown {
    id: AppId,
    tenant: TenantId,
    kind: Kind,
    /// The integration user; null for an application.
    user: Option<UserId>,
    name: String,
    client_id: String,
    /// It keeps no secret (a browser or phone application).
    public: bool,
    /// The platform's own: people of every tenant may sign in to it.
    platform: bool,
    settings: Settings,
    enabled: bool,
    /// Who made it, as in the audit trail.
    created_by: String,
    /// Of an integration user: who has answered for it since, the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    adopted_by: Option<String>,
    /// Of an integration user: how whoever chose its permissions stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Standing>,
    /// Since when an integration user is suspended, as far as that was noticed.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_at: Option<Time>,
    created_at: Time,
    /// Its secret, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

pub(super) fn show(a: &App) -> ClientShown {
    ClientShown {
        id: a.id,
        tenant: a.tenant_id,
        kind: a.kind,
        user: a.user_id,
        name: a.name.clone(),
        client_id: a.client_id.clone(),
        public: a.public,
        platform: a.platform,
        settings: a.settings.0.clone(),
        enabled: a.enabled,
        created_by: a.created_by.clone(),
        adopted_by: None,
        author: None,
        suspended_at: None,
        created_at: a.created_at.into(),
        client_secret: None,
    }
}

/// An integration user, with how whoever answers for it stands.
pub(super) fn answered(a: &App, by: Option<&(Standing, Answered)>) -> ClientShown {
    ClientShown {
        author: by.map(|(standing, _)| *standing),
        adopted_by: by.and_then(|(_, w)| w.adopted_by.clone()),
        suspended_at: by.and_then(|(_, w)| w.suspended_at).map(Into::into),
        ..show(a)
    }
}

pub(super) fn with_secret(a: &App, secret: Option<&Secret>) -> ClientShown {
    ClientShown { client_secret: secret.map(|s| s.expose_secret().to_owned()), ..show(a) }
}

/// A secret, without its text.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientSecret")]
pub(super) struct SecretShown {
    id: SecretId,
    /// Its last characters.
    hint: String,
    created_at: Time,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
}
impl From<&SecretInfo> for SecretShown {
    fn from(s: &SecretInfo) -> Self {
        Self {
            id: s.id,
            hint: s.hint.clone(),
            created_at: s.created_at.into(),
            expires_at: s.expires_at.map(Into::into),
            last_used_at: s.last_used_at.map(Into::into),
        }
    }
}

/// A new secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientSecretMade")]
pub(super) struct SecretMade {
    /// Its text, shown this once.
    client_secret: String,
}
impl From<Secret> for SecretMade {
    fn from(s: Secret) -> Self {
        Self { client_secret: s.expose_secret().to_owned() }
    }
}

/// An application to be registered; names as in OpenID Connect's dynamic registration.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[schemars(example = json!({ "name": "Portal", "redirect_uris": ["https://portal.example.com/callback"],
                                "scopes": ["openid", "profile", "offline_access", "computers.view"] }))]
pub(super) struct NewApplication {
    name: String,
    redirect_uris: Vec<String>,
    scopes: Option<Vec<String>>,
    audience: Option<String>,
    id_token_alg: Option<Alg>,
    access_ttl: Option<u32>,
    #[serde(default)]
    public: bool,
    /// People of every tenant may sign in to it (the provider's only); takes a Global Administrator.
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

pub(super) async fn list(c: Call) -> Result<Shown<Page<ClientShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let (items, next) = some(&c, &p).await?;
    Ok(Shown::page(items.iter().map(show), next))
}

/// The page of applications, or of integration users, that a query asks for.
pub(super) async fn some<P: Views>(c: &Call, p: &Permit<P>) -> Result<(Vec<App>, Option<String>)> {
    let (limit, named, store) = (c.limit()?, c.named(), &c.app.store);
    let enabled = c.read::<bool>("enabled")?;
    let fetch = |after, n| apps::page(store, p, after, n);
    let wanted =
        |a: &App| enabled.is_none_or(|on| a.enabled == on) && named(&[&a.name, &a.client_id]);
    let (items, next) = sift(limit, c.cursor()?, fetch, |a: &App| a.id, wanted).await?;
    Ok((items, next.map(|id| id.to_string())))
}

/// What an application may be set to ask for: words that somebody could be given.
fn known<T>(c: &With<T>, scopes: Option<&[String]>) -> Result<()> {
    const OURS: [&str; 9] = [
        "openid",
        "profile",
        "email",
        "offline_access",
        SELF_SERVICE,
        gate::INSTANCE,
        events::READ,
        events::MANAGE,
        events::ALL_PEOPLE,
    ];
    let all = c.app.access.catalogue().all();
    let unknown = |s: &&String| !all.contains(*s) && !OURS.contains(&s.as_str());
    match scopes.unwrap_or_default().iter().find(unknown) {
        None => Ok(()),
        Some(s) => {
            let text = format!("'{}' is not a permission of the catalogue", text::excerpt(s));
            Err(Error::invalid(text).attr("scopes"))
        }
    }
}

pub(super) async fn create(c: With<NewApplication>) -> Result<Made<ClientShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let b = c.json()?;
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
    reachable(&c, "jwks_uri", settings.jwks_uri.as_ref())?;
    reachable(&c, "backchannel_logout_uri", settings.backchannel_logout_uri.as_ref())?;
    known(&c, settings.scopes.as_deref())?;
    let new = NewApp { name: b.name, public: b.public, platform: b.platform, settings };
    let (app, secret) = apps::create(&c.app.store, &p, new).await?;
    Ok(Made::of(with_secret(&app, secret.as_ref())))
}

pub(super) async fn get(c: Call) -> Result<Shown<ClientShown>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let app = apps::get(&c.app.store, &p, c.id("app")?).await?;
    Ok(Shown::of(show(&app)).version(app.version))
}

/// Says at once what the outbound client would say whenever it goes there.
pub(super) fn reachable(c: &Call, field: &'static str, uri: Option<&String>) -> Result<()> {
    match uri.and_then(|u| url::Url::parse(u).ok()) {
        Some(u) => c.app.net.check(&u).map_err(|e| {
            let text = format!("'{u}' may not be reached from here");
            Error::invalid(text).attr(field).code("outbound_refused").operator(format!("{e:?}"))
        }),
        None => Ok(()),
    }
}

/// What is given is set, `null` takes it away, what is left out stays.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({ "post_logout_redirect_uris": ["https://portal.example.com/bye"], "audience": null }))]
pub(super) struct EditApplication {
    enabled: Option<bool>,
    name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<Vec<String>>")]
    scopes: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    audience: Option<Option<String>>,
    id_token_alg: Option<Alg>,
    access_ttl: Option<u32>,
    trusted: Option<bool>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    client_uri: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    logo_uri: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    policy_uri: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    tos_uri: Option<Option<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    backchannel_logout_uri: Option<Option<String>>,
    backchannel_logout_session_required: Option<bool>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<KeySet>")]
    jwks: Option<Option<KeySet>>,
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    jwks_uri: Option<Option<String>>,
}

pub(super) fn given<'de, D, T>(d: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(d).map(Some)
}

pub(super) async fn edit(c: With<EditApplication>) -> Result<Shown<ClientShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let b = c.json()?;
    reachable(&c, "jwks_uri", b.jwks_uri.iter().flatten().next())?;
    reachable(&c, "backchannel_logout_uri", b.backchannel_logout_uri.iter().flatten().next())?;
    known(&c, b.scopes.iter().flatten().next().map(Vec::as_slice))?;
    let change = Change {
        if_match: c.if_match,
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
    let app = apps::edit(&c.app.store, &p, c.id("app")?, change).await?;
    Ok(Shown::of(show(&app)).version(app.version))
}

pub(super) async fn remove(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    apps::remove(&c.app.store, &p, c.id("app")?, c.if_match).await?;
    Ok(Done)
}

/// A secret to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "expires_at": "2099-01-31T12:00:00Z" }))]
pub(super) struct NewSecret {
    /// When it ends, RFC 3339; never, if it is left out.
    #[schemars(extend("format" = "date-time"))]
    pub(super) expires_at: Option<String>,
}

pub(super) async fn secrets(c: Call) -> Result<Shown<Page<SecretShown>>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let all = apps::secret_list(&c.app.store, &p, c.id("app")?).await?;
    Ok(Shown::page(all.iter().map(Into::into), None))
}

pub(super) async fn secret_add(c: With<NewSecret>) -> Result<Made<SecretMade>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let until = time("expires_at", c.json()?.expires_at.as_ref())?;
    let secret = apps::secret_add(&c.app.store, &c.app.access, &p, c.id("app")?, until).await?;
    Ok(Made::of(secret.into()))
}

pub(super) async fn secret_revoke(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    apps::secret_revoke(&c.app.store, &p, c.id("app")?, c.id("secret")?).await?;
    Ok(Done)
}

/// An application that you can open.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnApp")]
pub(super) struct OwnApp {
    id: AppId,
    name: String,
    /// Its picture.
    logo_uri: Option<String>,
    /// Where to begin: its home page.
    address: String,
}

pub(super) async fn mine(c: Call) -> Result<Shown<Page<OwnApp>>> {
    let own = c.app.access.own(c.actor())?;
    let all = apps::openable(&c.app.store, &own).await?;
    let shown = all.into_iter().filter_map(|a| {
        let about = a.about();
        let (name, logo_uri) = (about.name, about.logo_uri);
        Some(OwnApp { id: a.id, name, logo_uri, address: about.client_uri? })
    });
    Ok(Shown::page(shown, None))
}
