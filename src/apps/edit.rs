//! Changing an application or an integration user: its name, its settings, its switch. A change says only what it
//! changes; the rest stays.

use super::{
    App, Kind, Settings, db,
    keys::KeySet,
    manage::{
        MORE, Manages, all_people, checked, find, fresh, of_every_tenant, platform, settled,
        within_ceiling, within_reach,
    },
};
use crate::{
    access::{
        Access, Acting, Permit,
        authors::integrations,
        guard::{self, By},
        perm::SystemManageIntegrations,
    },
    audit::{self, Event},
    crypto::jwt::Alg,
    error::{Error, Result},
    id::{AppId, TenantId},
    sessions::{self, Who},
    store::{J, Store, Topic, Tx},
    tx, users,
};
use serde_json::json;

/// What is to change. An outer `None` leaves a setting as it is, an inner one takes it away.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "they are the fields of Settings, and App's name and switch")]
pub struct Change {
    /// The version that is changed, where another is not to be.
    pub if_match: Option<i64>,
    pub enabled: Option<bool>,
    pub name: Option<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub scopes: Option<Option<Vec<String>>>,
    pub audience: Option<Option<String>>,
    pub id_token_alg: Option<Alg>,
    pub access_ttl: Option<u32>,
    pub trusted: Option<bool>,
    pub client_uri: Option<Option<String>>,
    pub logo_uri: Option<Option<String>>,
    pub policy_uri: Option<Option<String>>,
    pub tos_uri: Option<Option<String>>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub backchannel_logout_uri: Option<Option<String>>,
    pub backchannel_logout_session_required: Option<bool>,
    pub jwks: Option<Option<KeySet>>,
    pub jwks_uri: Option<Option<String>>,
}

fn put<T: Clone>(to: &mut T, new: Option<&T>) {
    if let Some(v) = new {
        to.clone_from(v);
    }
}

impl Change {
    /// Whether it gives the client another key or other permissions: what only those may do who hold the permissions.
    fn empowers(&self) -> bool {
        self.scopes.is_some() || self.jwks.is_some() || self.jwks_uri.is_some()
    }
    fn apply(&self, s: &mut Settings) {
        put(&mut s.redirect_uris, self.redirect_uris.as_ref());
        put(&mut s.scopes, self.scopes.as_ref());
        put(&mut s.audience, self.audience.as_ref());
        put(&mut s.id_token_alg, self.id_token_alg.as_ref());
        put(&mut s.access_ttl, self.access_ttl.as_ref());
        put(&mut s.trusted, self.trusted.as_ref());
        put(&mut s.client_uri, self.client_uri.as_ref());
        put(&mut s.logo_uri, self.logo_uri.as_ref());
        put(&mut s.policy_uri, self.policy_uri.as_ref());
        put(&mut s.tos_uri, self.tos_uri.as_ref());
        put(&mut s.post_logout_redirect_uris, self.post_logout_redirect_uris.as_ref());
        put(&mut s.backchannel_logout_uri, self.backchannel_logout_uri.as_ref());
        let required = self.backchannel_logout_session_required.as_ref();
        put(&mut s.backchannel_logout_session_required, required);
        put(&mut s.jwks, self.jwks.as_ref());
        put(&mut s.jwks_uri, self.jwks_uri.as_ref());
        // The one replaces the other: nobody has to take the old one away in the same breath.
        if matches!(self.jwks, Some(Some(_))) && self.jwks_uri.is_none() {
            s.jwks_uri = None;
        }
        if matches!(self.jwks_uri, Some(Some(_))) && self.jwks.is_none() {
            s.jwks = None;
        }
    }
}

/// Changes it, in one transaction; switched off, everything issued to it ends.
///
/// # Errors
/// `NotFound`; `Precondition`; `Invalid`, naming the field; `Conflict` for an integration user's name that is taken; `Forbidden` for more
/// than the switch of an application of every tenant by somebody who is not a Global Administrator.
pub async fn edit<P: Manages + 'static>(
    store: &Store,
    p: &Permit<P>,
    id: AppId,
    change: Change,
) -> Result<App> {
    edit_as(store, p, id, change, None).await
}

/// The same, where whoever does it comes to act as its user.
async fn edit_as<P: Manages + 'static>(
    store: &Store,
    p: &Permit<P>,
    id: AppId,
    change: Change,
    acting: Option<(Access, Acting)>,
) -> Result<App> {
    let t = p.tenant();
    let cx = platform(p);
    tx!(store, &cx, [change, p, acting], |tx| {
        tx.lock(settled(id)).await?;
        let was = find::<P>(tx, t, id).await?;
        fresh(&was, change.if_match)?;
        if let Some((access, acting)) = acting {
            acting.check(&access, tx, MORE).await?;
        }
        let mut app = was.clone();
        if let Some(name) = &change.name {
            name.trim().clone_into(&mut app.name);
        }
        change.apply(&mut app.settings.0);
        checked(&app.name, &app.settings.0)?;
        if app.kind == Kind::App && app.settings.0.redirect_uris.is_empty() {
            return Err(Error::invalid("'redirect_uris' is empty").attr("redirect_uris"));
        }
        if app.public && app.settings.0.has_keys() {
            let text = "a public application keeps no key; PKCE proves its exchange";
            return Err(Error::invalid(text).attr("jwks"));
        }
        if app.name != was.name || app.settings.0 != was.settings.0 {
            if app.platform {
                of_every_tenant(&p)?;
            }
            let scopes = (&was.settings.0.scopes, &app.settings.0.scopes);
            all_people(&p, scopes.0.as_deref(), scopes.1.as_deref())?;
            if let Some(user) = app.user_id.filter(|_| app.name != was.name) {
                users::rename_integration(tx, t, user, &app.name).await?;
            }
            // An integration user of which less is chosen may not hold any more what it answers for.
            let rechosen = app.user_id.filter(|_| app.settings.0.scopes != was.settings.0.scopes);
            let guard = match rechosen {
                Some(user) if guard::hang_on(tx, (t, user)).await? => {
                    Some(guard::before(tx, t).await?)
                }
                _ => None,
            };
            db::update(tx, t, id, &app.name, J(&app.settings.0)).await?;
            if rechosen.is_some() {
                integrations::answer(tx, t, id, false).await?;
            }
            if let Some(guard) = guard {
                guard.after(tx, By::Hand).await?;
            }
            tx.changed(Topic::App(id));
            if let Some(user) = app.user_id {
                // What was chosen for it bounds what it holds.
                tx.changed(Topic::User(t, user));
            }
            let detail = json!({"name": app.name, "settings": differing(&was, &app)?});
            let event = Event::new("app.edit").target("app", id);
            audit::record(tx, t, event.detail(detail)).await?;
        }
        if let Some(on) = change.enabled.filter(|on| *on != was.enabled) {
            switch(tx, t, &was, on).await?;
        }
        find::<P>(tx, t, id).await
    })
}

/// Changes an integration user. Who gives it other permissions or another key must hold the permissions it has then.
///
/// # Errors
/// As [`edit`]; `Forbidden` beyond the caller's own rights.
pub async fn integration_edit(
    store: &Store,
    access: &Access,
    p: &Permit<SystemManageIntegrations>,
    id: AppId,
    change: Change,
) -> Result<App> {
    let mut acting = None;
    if change.empowers() {
        let was = super::get(store, p, id).await?;
        let then = change.scopes.clone().unwrap_or(was.settings.0.scopes.clone());
        within_ceiling(access, p, then.as_deref().unwrap_or_default())?;
        let found = within_reach(access, p.actor(), &was, then.as_deref(), None).await?;
        acting = found.map(|a| (access.clone(), a));
    }
    edit_as(store, p, id, change, acting).await
}

/// Answers for an integration user from now on, whoever did so before: it counts again if it was suspended.
///
/// # Errors
/// `NotFound`; `Forbidden` for more than the caller holds, here or where it has a role, or holds for a while only.
pub async fn integration_adopt(
    store: &Store,
    access: &Access,
    p: &Permit<SystemManageIntegrations>,
    id: AppId,
) -> Result<App> {
    let t = p.tenant();
    let was = super::get(store, p, id).await?;
    let chosen = was.settings.0.scopes.clone();
    within_ceiling(access, p, chosen.as_deref().unwrap_or_default())?;
    let acting = within_reach(access, p.actor(), &was, chosen.as_deref(), None).await?;
    tx!(store, &p.cx(), [acting, access, chosen], |tx| {
        tx.lock(settled(id)).await?;
        let now = find::<SystemManageIntegrations>(tx, t, id).await?;
        if now.settings.0.scopes != chosen {
            return Err(Error::conflict("its permissions were changed in the meantime"));
        }
        if let Some(acting) = acting {
            acting.check(&access, tx, MORE).await?;
        }
        // It may answer for things itself, with what its new author holds.
        let guard = match now.user_id {
            Some(user) if guard::hang_on(tx, (t, user)).await? => Some(guard::before(tx, t).await?),
            _ => None,
        };
        integrations::answer(tx, t, id, false).await?;
        if let Some(guard) = guard {
            guard.after(tx, By::Hand).await?;
        }
        tx.changed(Topic::App(id));
        if let Some(user) = now.user_id {
            tx.changed(Topic::User(t, user));
        }
        let event = Event::new("integration.adopt").target("app", id);
        audit::record(tx, t, event.detail(json!({ "name": now.name }))).await?;
        find::<SystemManageIntegrations>(tx, t, id).await
    })
}

/// The names of the settings that are not what they were.
fn differing(was: &App, is: &App) -> Result<Vec<String>> {
    let map = |a: &App| match serde_json::to_value(&a.settings.0).map_err(Error::internal)? {
        serde_json::Value::Object(map) => Ok(map),
        _ => Err(Error::internal("settings are no object")),
    };
    let (was, is) = (map(was)?, map(is)?);
    Ok(is.into_iter().filter(|(k, v)| was.get(k) != Some(v)).map(|(k, _)| k).collect())
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
    edit(store, p, id, Change { enabled: Some(on), ..Change::default() }).await.map(|_| ())
}

async fn switch(tx: &mut Tx, t: TenantId, was: &App, on: bool) -> Result<()> {
    let id = was.id;
    db::set_enabled(tx, t, id, on).await?;
    if let Some(user) = was.user_id {
        users::set_integration_enabled(tx, t, user, on).await?;
    }
    if !on {
        sessions::revoke(tx, Who::App(t, id), "application disabled").await?;
    }
    tx.changed(Topic::App(id));
    let event = Event::new(if on { "app.enable" } else { "app.disable" }).target("app", id);
    audit::record(tx, t, event).await
}
