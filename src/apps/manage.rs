//! Making, switching and removing applications and integration users.

use super::{Kind, db, secrets};
use crate::{
    access::{
        Access, Permit,
        perm::{SystemEditSettings, SystemManageIntegrations, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto::{self, jwt::Alg},
    error::{Error, Result},
    id::{AppId, TenantId, UserId},
    secret::Secret,
    sessions::{self, Who},
    store::{Conn, J, Scope, Store, Topic},
    text, tx,
    users::{self, NewIntegration},
};
use serde_json::json;
use std::sync::Arc;

/// How long an access token lives as shipped (seconds).
pub const ACCESS_TTL: u32 = 300;

/// What an application is set to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where answers go: compared to the letter.
    pub redirect_uris: Vec<String>,
    /// Permissions it may ask for (scopes); `None`: all of the catalogue. What a person does not hold is never given.
    pub scopes: Option<Vec<String>>,
    /// The `aud` of its access tokens; its client id where none is named.
    pub audience: Option<String>,
    /// What its id tokens are signed with.
    pub id_token_alg: Alg,
    /// Life of its access tokens, in seconds (60 to 3600).
    pub access_ttl: u32,
}
impl Default for Settings {
    fn default() -> Self {
        Self {
            redirect_uris: Vec::new(),
            scopes: None,
            audience: None,
            id_token_alg: Alg::ES256,
            access_ttl: ACCESS_TTL,
        }
    }
}

crate::row! {
    /// An application, or an integration user's client.
    #[derive(Debug, Clone)]
    pub struct App {
        /// Whose.
        pub tenant_id: TenantId,
        /// Its id.
        pub id: AppId,
        /// Which of the two.
        pub kind: Kind,
        /// The integration user.
        pub user_id: Option<UserId>,
        /// Its name in OAuth requests.
        pub client_id: String,
        /// Its name for people.
        pub name: String,
        /// It keeps no secret (a browser or native application).
        pub public: bool,
        /// The platform's own: people of every tenant may sign in to it.
        pub platform: bool,
        /// What it is set to.
        pub settings: J<Settings>,
        /// The switch.
        pub enabled: bool,
        /// By whom.
        pub created_by: String,
        /// When.
        pub created_at: Timestamp,
    }
}

/// An application to be registered.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// Its name for people.
    pub name: String,
    /// It keeps no secret.
    pub public: bool,
    /// People of every tenant may sign in to it (the provider's only).
    pub platform: bool,
    /// What it is set to.
    pub settings: Settings,
}

fn checked(name: &str, s: &Settings) -> Result<()> {
    text::key("name", name)?;
    for uri in &s.redirect_uris {
        redirect_uri(uri)?;
    }
    for scope in s.scopes.iter().flatten() {
        if !scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) || scope.is_empty()
        {
            return Err(
                Error::invalid(format!("'{}' is not a scope", text::excerpt(scope))).attr("scopes")
            );
        }
    }
    if !(60..=3600).contains(&s.access_ttl) {
        return Err(
            Error::invalid("'access_ttl' is not between 60 and 3600 seconds").attr("access_ttl")
        );
    }
    if s.id_token_alg == Alg::PS256 {
        return Err(Error::invalid("'id_token_alg' is ES256, EdDSA or RS256").attr("id_token_alg"));
    }
    if let Some(aud) = &s.audience {
        text::key("audience", aud)?;
    }
    Ok(())
}

/// A redirect URI as registered: absolute, no fragment, no user information; https, or http on loopback, or a private
/// scheme with a dot (RFC 8252 7.1).
fn redirect_uri(uri: &str) -> Result<()> {
    let bad = |why: &str| {
        Err(Error::invalid(format!("redirect URI '{}' {why}", text::excerpt(uri)))
            .attr("redirect_uris"))
    };
    text::checked("redirect_uris", uri, 2000)?;
    let Ok(u) = url::Url::parse(uri) else { return bad("is not an absolute URI") };
    if u.fragment().is_some() {
        return bad("has a fragment");
    }
    if !u.username().is_empty() || u.password().is_some() {
        return bad("has user information");
    }
    if uri.chars().any(|c| c.is_whitespace() || c.is_control() || c == '*') {
        return bad("has a space, a control character or a wildcard");
    }
    match u.scheme() {
        "https" => Ok(()),
        "http" if matches!(u.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) => Ok(()),
        "http" => bad("is http and not on loopback; https is needed"),
        s if s.contains('.') => Ok(()),
        _ => bad("has a scheme that is neither https nor a private one with a dot"),
    }
}

/// Registers an application. The secret (none for a public one) is returned this once.
///
/// # Errors
/// `Invalid`, naming the field.
pub async fn create(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    new: NewApp,
) -> Result<(App, Option<Secret>)> {
    checked(&new.name, &new.settings)?;
    if new.settings.redirect_uris.is_empty() {
        return Err(Error::invalid("'redirect_uris' is empty").attr("redirect_uris"));
    }
    let (t, id, client_id) = (p.tenant(), AppId::new(), format!("app_{}", crypto::random_b64(12)));
    tx!(store, &p.cx(), [new, client_id], |tx| {
        if new.platform && !crate::tenants::find(tx, t).await?.is_some_and(|t| t.provider) {
            return Err(Error::invalid("only the provider's applications serve every tenant")
                .attr("platform"));
        }
        let settings = J(&new.settings);
        let row = db::NewRow {
            tenant: t,
            id,
            kind: Kind::App,
            user: None,
            client_id: &client_id,
            name: new.name.trim(),
            public: new.public,
            platform: new.platform,
            settings,
        };
        db::insert(tx, &row).await?;
        let event = Event::new("app.create").target("app", id);
        audit::record(tx, t, event.detail(json!({"name": new.name, "client_id": client_id})))
            .await?;
        let secret = if new.public { None } else { Some(secrets::add(tx, t, id, None).await?) };
        let app = db::get(tx, t, id).await?.ok_or_else(|| Error::internal("the row just made"))?;
        Ok((app, secret))
    })
}

/// An integration user to be made.
#[derive(Debug, Clone)]
pub struct IntegrationPlan {
    /// Its name, unique in the tenant.
    pub name: String,
    /// What for.
    pub description: Option<String>,
    /// The permissions it may use at most; what it holds follows from its roles.
    pub scopes: Vec<String>,
    /// When its first secret ends.
    pub expires_at: Option<Timestamp>,
}

/// Makes an integration user and its client. The giver must hold every scope chosen there (the ceiling); what the
/// user then holds is given by a grant, as to everybody.
///
/// # Errors
/// `Forbidden` for a scope the giver does not hold, `Invalid`, `Conflict` for a name that is taken.
pub async fn integration_create(
    store: &Store,
    access: &Access,
    p: &Permit<SystemManageIntegrations>,
    plan: IntegrationPlan,
) -> Result<(App, Secret)> {
    if plan.scopes.is_empty() {
        return Err(Error::invalid(
            "'scopes' is empty: an integration user has chosen permissions",
        )
        .attr("scopes"));
    }
    for s in &plan.scopes {
        if !access.catalogue().all().contains(s) {
            return Err(Error::invalid(format!(
                "'{}' is not a permission of the catalogue",
                text::excerpt(s)
            ))
            .attr("scopes"));
        }
        if !p.held().allows(s) {
            return Err(Error::forbidden(format!(
                "you do not hold {s} here, so you cannot give it"
            ))
            .attr("scopes"));
        }
    }
    let settings = Settings { scopes: Some(plan.scopes.clone()), ..Settings::default() };
    checked(&plan.name, &settings)?;
    let (t, id, client_id) = (p.tenant(), AppId::new(), format!("int_{}", crypto::random_b64(12)));
    let (plan, settings) = (Arc::new(plan), Arc::new(settings));
    tx!(store, &p.cx(), [plan, settings, client_id], |tx| {
        let new = NewIntegration { name: plan.name.clone(), description: plan.description.clone() };
        let user = users::add_integration(tx, t, &new).await?;
        let row = db::NewRow {
            tenant: t,
            id,
            kind: Kind::Integration,
            user: Some(user.id),
            client_id: &client_id,
            name: plan.name.trim(),
            public: false,
            platform: false,
            settings: J(&settings),
        };
        db::insert(tx, &row).await?;
        let event = Event::new("integration.create").target("app", id);
        let detail = json!({"client_id": client_id, "scopes": plan.scopes, "user": user.id});
        audit::record(tx, t, event.detail(detail)).await?;
        let secret = secrets::add(tx, t, id, plan.expires_at).await?;
        let app = db::get(tx, t, id).await?.ok_or_else(|| Error::internal("the row just made"))?;
        Ok((app, secret))
    })
}

/// A tenant's applications or integration clients.
///
/// # Errors
/// The database's.
pub async fn list<P: Views>(store: &Store, p: &Permit<P>) -> Result<Vec<App>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::list(&mut c, p.tenant(), P::KIND).await
}

/// One of them.
///
/// # Errors
/// `NotFound`.
pub async fn get<P: Views>(store: &Store, p: &Permit<P>, id: AppId) -> Result<App> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    find::<P>(&mut c, p.tenant(), id).await
}

/// Which clients a permission is about: settings are of applications, integrations are of integration users. One of
/// the other kind is not there.
pub trait Views {
    /// The kind.
    const KIND: Kind;
}
impl Views for SystemViewSettings {
    const KIND: Kind = Kind::App;
}
impl Views for SystemEditSettings {
    const KIND: Kind = Kind::App;
}
impl Views for SystemManageIntegrations {
    const KIND: Kind = Kind::Integration;
}

/// A permission that also lets change them.
pub trait Manages: Views {}
impl Manages for SystemEditSettings {}
impl Manages for SystemManageIntegrations {}

pub(super) async fn find<P: Views>(c: &mut Conn, t: TenantId, id: AppId) -> Result<App> {
    let found = db::get(c, t, id).await?.filter(|a| a.kind == P::KIND);
    found.ok_or_else(|| {
        Error::not_found(match P::KIND {
            Kind::App => "application",
            Kind::Integration => "integration",
        })
    })
}

/// The switch: off ends everything issued to it.
///
/// # Errors
/// `NotFound`.
pub async fn set_enabled<P: Manages + 'static>(
    store: &Store,
    p: &Permit<P>,
    id: AppId,
    on: bool,
) -> Result<()> {
    let t = p.tenant();
    tx!(store, &platform(p), [], |tx| {
        let app = find::<P>(tx, t, id).await?;
        db::set_enabled(tx, t, id, on).await?;
        if let Some(user) = app.user_id {
            users::set_integration_enabled(tx, t, user, on).await?;
        }
        if !on {
            sessions::revoke(tx, Who::App(t, id), "application disabled").await?;
        }
        tx.changed(Topic::App(id));
        let event = Event::new(if on { "app.enable" } else { "app.disable" }).target("app", id);
        audit::record(tx, t, event).await
    })
}

/// Removes it, with its user if it is an integration's; everything issued to it ends.
///
/// # Errors
/// `NotFound`.
pub async fn remove<P: Manages + 'static>(store: &Store, p: &Permit<P>, id: AppId) -> Result<()> {
    let t = p.tenant();
    tx!(store, &platform(p), [], |tx| {
        let app = find::<P>(tx, t, id).await?;
        sessions::revoke(tx, Who::App(t, id), "application removed").await?;
        db::delete(tx, t, id).await?;
        if let Some(user) = app.user_id {
            users::remove_integration(tx, t, user).await?;
        }
        tx.changed(Topic::App(id));
        audit::record(tx, t, Event::new("app.remove").target("app", id)).await
    })
}

/// An application's refresh families belong to people of any tenant.
fn platform<P>(p: &Permit<P>) -> crate::store::Cx {
    crate::store::Cx::new(p.actor().clone(), Scope::Platform).urgent()
}
