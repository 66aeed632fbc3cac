//! What people let an application know and do that is not the platform's own: asked once, remembered for each person
//! and application, asked again when it wants more. Withdrawn, what the application holds of that person ends at once: its refresh tokens by
//! the revoke path, its access tokens at the gate, which asks here.

mod db;

pub use db::Consent;

use super::Client;
use crate::{
    access::{
        Catalogue, Permit,
        perm::{UsersEdit, UsersView},
    },
    audit::{self, Event},
    error::{Error, Result},
    id::{AppId, TenantId, UserId},
    sessions::{self, Who},
    store::{Cx, Lock, Scope, Store, Topic, Tx},
    tx,
    users::{self, User},
};
use serde_json::json;

impl Client {
    /// Whether people are asked before it learns of them. The platform's own applications and those that an
    /// administrator answers for do not ask.
    pub fn asks(&self) -> bool {
        !self.app.platform && !self.app.settings.0.trusted
    }
}

/// The scopes somebody agreed to; `None` when they were never asked, or said no.
///
/// # Errors
/// The database's.
pub async fn of(
    store: &Store,
    home: TenantId,
    user: UserId,
    app: AppId,
) -> Result<Option<Vec<String>>> {
    let mut c = store.read(Scope::Tenant(home)).await?;
    db::get(&mut c, home, user, app).await
}

/// What somebody agreed to, last first.
///
/// # Errors
/// The database's.
pub async fn list(store: &Store, home: TenantId, user: UserId) -> Result<Vec<Consent>> {
    let mut c = store.read(Scope::Platform).await?;
    db::list(&mut c, home, user).await
}

/// Notes that somebody agreed to `scopes`, beside what they agreed to before; gives all of it. `cx` is their own.
///
/// # Errors
/// The database's.
pub async fn allow(
    store: &Store,
    cx: &Cx,
    home: TenantId,
    user: UserId,
    app: AppId,
    scopes: Vec<String>,
) -> Result<Vec<String>> {
    tx!(store, cx, [scopes], |tx| {
        tx.lock(Lock::User(user)).await?;
        let mut all = db::get(tx, home, user, app).await?.unwrap_or_default();
        let more: Vec<String> = scopes.iter().filter(|s| !all.contains(s)).cloned().collect();
        all.extend(more.iter().cloned());
        db::put(tx, home, user, app, &all).await?;
        let event = Event::new("consent.give").target("user", user);
        audit::record(tx, home, event.detail(json!({"app": app, "scopes": more}))).await?;
        tx.changed(Topic::User(home, user));
        Ok(all)
    })
}

/// Takes an agreement back, in the person's own name (`cx`); what relied on it ends.
///
/// # Errors
/// `NotFound`.
pub async fn withdraw(
    store: &Store,
    cx: &Cx,
    home: TenantId,
    user: UserId,
    app: AppId,
) -> Result<()> {
    tx!(store, &cx.clone().urgent(), [], |tx| { end(tx, home, user, app).await })
}

async fn end(tx: &mut Tx, home: TenantId, user: UserId, app: AppId) -> Result<()> {
    tx.lock(Lock::User(user)).await?;
    if db::delete(tx, home, user, app).await? == 0 {
        return Err(Error::not_found("consent"));
    }
    let done = sessions::revoke(tx, Who::Consent(home, user, app), "consent withdrawn").await?;
    let event = Event::new("consent.withdraw").target("user", user);
    let detail = json!({"app": app, "families": done.families});
    audit::record(tx, home, event.detail(detail)).await
}

/// What one of the tenant's people agreed to, last first.
///
/// # Errors
/// `NotFound`.
pub async fn of_user(store: &Store, p: &Permit<UsersView>, user: UserId) -> Result<Vec<Consent>> {
    let mut c = store.read(Scope::Platform).await?;
    found(users::find(&mut c, p.tenant(), user).await?, user)?;
    db::list(&mut c, p.tenant(), user).await
}

/// Takes an agreement of one of the tenant's people back; what relied on it ends.
///
/// # Errors
/// `NotFound`; `Forbidden` for an administrator's, unless the caller holds everything.
pub async fn end_of_user(
    store: &Store,
    p: &Permit<UsersEdit>,
    user: UserId,
    app: AppId,
) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx().urgent(), [p], |tx| {
        let theirs = found(users::find(tx, t, user).await?, user)?;
        users::within_reach(&p, &theirs)?;
        end(tx, t, user, app).await
    })
}

fn found(user: Option<User>, id: UserId) -> Result<User> {
    user.ok_or_else(|| Error::not_found(format!("user {id}")))
}

/// What a scope lets an application know or do, in words.
pub fn words(catalogue: &Catalogue, scope: &str) -> String {
    match scope {
        "openid" => "know who you are and which roles you have".to_owned(),
        "profile" => "see your name and user name".to_owned(),
        "email" => "see your e-mail address".to_owned(),
        "offline_access" => "stay connected while you are away".to_owned(),
        "self_service" => "do what you may do for yourself".to_owned(),
        other => {
            for c in catalogue.categories() {
                let entry = c.permissions.iter().find(|p| {
                    other.strip_prefix(&c.id).and_then(|r| r.strip_prefix('.')) == Some(&p.id)
                });
                if let Some(p) = entry {
                    return format!("{}: {}", c.name, p.name);
                }
            }
            other.to_owned()
        }
    }
}

/// Forgets what people said of an application that is removed.
pub(super) async fn forget(tx: &mut Tx, app: AppId) -> Result<()> {
    db::delete_of_app(tx, app).await?;
    Ok(())
}
