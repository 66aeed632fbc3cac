//! What people let an application know and do that is not the platform's own: asked once, remembered for each person
//! and application, asked again when it wants more. Withdrawn, the application is asked for anew and what it holds of
//! that person ends with their sessions.

mod db;

pub use db::Consent;

use super::Client;
use crate::{
    audit::{self, Event},
    error::{Error, Result},
    id::{AppId, TenantId, UserId},
    store::{Cx, Scope, Store, Tx},
    tx,
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
        tx.lock(crate::store::Lock::User(user)).await?;
        let mut all = db::get(tx, home, user, app).await?.unwrap_or_default();
        let more: Vec<String> = scopes.iter().filter(|s| !all.contains(s)).cloned().collect();
        all.extend(more.iter().cloned());
        db::put(tx, home, user, app, &all).await?;
        let event = Event::new("consent.give").target("user", user);
        audit::record(tx, home, event.detail(json!({"app": app, "scopes": more}))).await?;
        Ok(all)
    })
}

/// Takes an agreement back. `cx` is the person's own, or of somebody who may edit them.
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
    tx!(store, cx, [], |tx| {
        if db::delete(tx, home, user, app).await? == 0 {
            return Err(Error::not_found("consent"));
        }
        let event = Event::new("consent.withdraw").target("user", user);
        audit::record(tx, home, event.detail(json!({"app": app}))).await
    })
}

/// Forgets what people said of an application that is removed.
pub(super) async fn forget(tx: &mut Tx, app: AppId) -> Result<()> {
    db::delete_of_app(tx, app).await?;
    Ok(())
}
