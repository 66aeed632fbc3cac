//! Making, switching and removing applications and integration users.

use super::{ALL_PEOPLE, Kind, Settings, consents, db, keys::KeySet, secrets};
use crate::{
    access::{
        Access, Acting, Chosen, Permit,
        authors::integrations,
        perm::{SystemEditSettings, SystemManageIntegrations, SystemViewSettings},
    },
    actor::Actor,
    audit::{self, Event},
    clock::Timestamp,
    crypto,
    error::{Error, Kind as ErrorKind, Result},
    id::{AppId, TenantId, UserId},
    secret::Secret,
    sessions::{self, Who},
    store::{Conn, J, Lock, Scope, Store, Topic, Tx},
    text, tx,
    users::{self, NewIntegration},
};
use serde_json::json;
use std::sync::Arc;

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
        /// Counts changes.
        pub version: i64,
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

pub(super) fn checked(name: &str, s: &Settings) -> Result<()> {
    text::key("name", name)?;
    s.check()
}

/// Registers an application. The secret is returned this once; a public application has none, and neither has one that
/// proves itself with a key.
///
/// # Errors
/// `Invalid`, naming the field; `Forbidden` for an application of every tenant by somebody who is not a Global
/// Administrator.
pub async fn create(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    new: NewApp,
) -> Result<(App, Option<Secret>)> {
    checked(&new.name, &new.settings)?;
    if new.platform {
        of_every_tenant(p)?;
    }
    all_people(p, None, new.settings.scopes.as_deref())?;
    if new.settings.redirect_uris.is_empty() {
        return Err(Error::invalid("'redirect_uris' is empty").attr("redirect_uris"));
    }
    if new.public && new.settings.has_keys() {
        let text = "a public application keeps no key; PKCE proves its exchange";
        return Err(Error::invalid(text).attr("public"));
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
        let secret = if new.public || new.settings.has_keys() {
            None
        } else {
            Some(secrets::add(tx, t, id, None).await?)
        };
        let app = db::get(tx, t, id).await?.ok_or_else(|| Error::internal("the row just made"))?;
        Ok((app, secret))
    })
}

/// Whoever lets an application hear of all people sees them.
pub(super) fn all_people<P>(
    p: &Permit<P>,
    was: Option<&[String]>,
    now: Option<&[String]>,
) -> Result<()> {
    let named =
        |scopes: Option<&[String]>| scopes.is_some_and(|s| s.iter().any(|s| s == ALL_PEOPLE));
    if named(now) && !named(was) && !p.held().allows("users.view") {
        let text = format!(
            "you may not see this tenant's people (users.view), so you cannot give {ALL_PEOPLE}"
        );
        return Err(Error::forbidden(text).attr("scopes"));
    }
    Ok(())
}

/// An application that serves every tenant hears of all their people: who makes it, sets where its answers go or gives it
/// a key holds everything.
pub(super) fn of_every_tenant<P>(p: &Permit<P>) -> Result<()> {
    if p.everything() {
        return Ok(());
    }
    Err(Error::forbidden(
        "an application of every tenant is made and changed by Global Administrators",
    )
    .attr("platform"))
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
    /// The public keys it proves itself with instead of a secret,
    pub jwks: Option<KeySet>,
    /// or where it publishes them.
    pub jwks_uri: Option<String>,
}

/// An integration user has chosen permissions, and whoever chooses them must hold each.
pub(super) fn within_ceiling(
    access: &Access,
    p: &Permit<SystemManageIntegrations>,
    scopes: &[String],
) -> Result<()> {
    if scopes.is_empty() {
        let text = "'scopes' is empty: an integration user has chosen permissions";
        return Err(Error::invalid(text).attr("scopes"));
    }
    for s in scopes {
        if !access.catalogue().all().contains(s) {
            let text = format!("'{}' is not a permission of the catalogue", text::excerpt(s));
            return Err(Error::invalid(text).attr("scopes"));
        }
        if !p.held().allows(s) {
            let text = format!("you do not hold {s} here, so you cannot give it");
            return Err(Error::forbidden(text).attr("scopes"));
        }
    }
    Ok(())
}

/// Why somebody may not let others act as an integration user.
pub(super) const MORE: &str = "the integration user may use more than you hold, or for longer, in a tenant where it has a role";

/// Whoever can act as an integration user must hold, wherever it has a role, what it may use there, and until then (`None`:
/// without an end). `None` of what is not one.
pub(super) async fn within_reach(
    access: &Access,
    actor: &Actor,
    app: &App,
    scopes: Option<&[String]>,
    until: Option<Timestamp>,
) -> Result<Option<Acting>> {
    let Some(user) = app.user_id else { return Ok(None) };
    let chosen = Chosen::these(scopes);
    let acting = access.acting(actor, (app.tenant_id, user), Some(chosen), until).await?;
    if !acting.covered() {
        return Err(Error::forbidden(MORE).attr("scopes"));
    }
    Ok(Some(acting))
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
) -> Result<(App, Option<Secret>)> {
    within_ceiling(access, p, &plan.scopes)?;
    let settings = Settings {
        scopes: Some(plan.scopes.clone()),
        jwks: plan.jwks.clone(),
        jwks_uri: plan.jwks_uri.clone(),
        ..Settings::default()
    };
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
        integrations::answer(tx, t, id, true).await?;
        let event = Event::new("integration.create").target("app", id);
        let detail = json!({"client_id": client_id, "scopes": plan.scopes, "user": user.id});
        audit::record(tx, t, event.detail(detail)).await?;
        let secret = if settings.has_keys() {
            None
        } else {
            Some(secrets::add(tx, t, id, plan.expires_at).await?)
        };
        let app = db::get(tx, t, id).await?.ok_or_else(|| Error::internal("the row just made"))?;
        Ok((app, secret))
    })
}

/// So many of a tenant's applications or integration clients, in the order in which they were made, after one.
///
/// # Errors
/// The database's.
pub async fn page<P: Views>(
    store: &Store,
    p: &Permit<P>,
    after: Option<AppId>,
    limit: u32,
) -> Result<Vec<App>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::page(&mut c, p.tenant(), P::KIND, after, i64::from(limit)).await
}

/// One of them.
///
/// # Errors
/// `NotFound`.
pub async fn get<P: Views>(store: &Store, p: &Permit<P>, id: AppId) -> Result<App> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    find::<P>(&mut c, p.tenant(), id).await
}

/// The client id of an application that wants to be told when a session ends, switched off or not: what it keeps by
/// itself lives on while it is.
///
/// # Errors
/// The database's.
pub async fn to_be_told(c: &mut Conn, id: AppId) -> Result<Option<String>> {
    db::to_be_told(c, id).await
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

/// Held by whoever changes what it is.
pub(super) fn settled(id: AppId) -> Lock {
    Lock::Named(format!("settings of {id}"))
}

/// Refuses what is meant for another version.
pub(super) fn fresh(app: &App, if_match: Option<i64>) -> Result<()> {
    if if_match.is_some_and(|v| v != app.version) {
        let detail = format!("the client is at version {}, not the one given", app.version);
        return Err(Error::new(ErrorKind::Precondition, detail));
    }
    Ok(())
}

/// Removes it, with its user if it is an integration's; everything issued to it ends.
///
/// # Errors
/// `NotFound`; `Precondition` when `if_match` is not its version.
pub async fn remove<P: Manages + 'static>(
    store: &Store,
    p: &Permit<P>,
    id: AppId,
    if_match: Option<i64>,
) -> Result<()> {
    let t = p.tenant();
    tx!(store, &platform(p), [], |tx| {
        tx.lock(settled(id)).await?;
        let app = find::<P>(tx, t, id).await?;
        fresh(&app, if_match)?;
        sessions::revoke(tx, Who::App(t, id), "application removed").await?;
        consents::forget(tx, id).await?;
        sessions::apps::forget(tx, id).await?;
        if let Some(user) = app.user_id {
            // While what was chosen for it is known: what it answers for is measured by what it holds as it goes.
            users::remove_integration(tx, t, user).await?;
        }
        db::delete(tx, t, id).await?;
        tx.changed(Topic::App(id));
        audit::record(tx, t, Event::new("app.remove").target("app", id)).await
    })
}

/// An application's refresh families belong to people of any tenant.
pub(super) fn platform<P>(p: &Permit<P>) -> crate::store::Cx {
    crate::store::Cx::new(p.actor().clone(), Scope::Platform).urgent()
}

/// Removes some applications of a tenant that is deleted, each with what was issued to it anywhere; says how many.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: usize) -> Result<u64> {
    let mut gone = 0;
    let some = i64::try_from(n).unwrap_or(i64::MAX);
    for app in db::page(tx, t, Kind::App, None, some).await? {
        sessions::revoke(tx, Who::App(t, app.id), "tenant deleted").await?;
        consents::forget(tx, app.id).await?;
        sessions::apps::forget(tx, app.id).await?;
        gone += db::delete(tx, t, app.id).await?;
        tx.changed(Topic::App(app.id));
    }
    Ok(gone)
}
