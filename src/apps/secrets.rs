//! Client secrets: two live at most, so that one can be rotated while the other still works.

use super::{
    db,
    manage::{MORE, Manages, find, of_every_tenant, within_reach},
};
use crate::{
    access::{Access, Permit},
    audit::{self, Event},
    clock::Timestamp,
    crypto::token::{self, Kind},
    error::{Error, Result},
    id::{AppId, SecretId, TenantId},
    secret::{ExposeSecret as _, Secret},
    store::{Lock, Scope, Store, Topic, Tx},
    tx,
};

crate::row! {
    /// A secret as it is shown: never itself, only its last characters.
    #[derive(Debug, Clone, serde::Serialize)]
    pub struct SecretInfo {
        /// Its id.
        pub id: SecretId,
        /// Its last characters.
        pub hint: String,
        /// When it was made.
        pub created_at: Timestamp,
        /// After this it is refused.
        pub expires_at: Option<Timestamp>,
        /// When it last authenticated somebody (written in batches).
        pub last_used_at: Option<Timestamp>,
    }
}

pub(super) async fn add(
    tx: &mut Tx,
    t: TenantId,
    app: AppId,
    expires: Option<Timestamp>,
) -> Result<Secret> {
    tx.lock(Lock::Named(format!("secrets of {app}"))).await?;
    if expires.is_some_and(|e| e <= tx.now()) {
        return Err(Error::invalid("'expires_at' is not in the future").attr("expires_at"));
    }
    if db::live(tx, t, app).await? >= 2 {
        return Err(Error::conflict("two secrets are live: revoke one first"));
    }
    let id = SecretId::new();
    let (secret, hash) = token::generate(Kind::Secret);
    let hint = token::hint(secret.expose_secret());
    db::insert_secret(tx, t, app, id, &hash, &hint, expires).await?;
    tx.changed(Topic::App(app));
    let event = Event::new("app.secret.create").target("app", app);
    audit::record(tx, t, event.detail(serde_json::json!({"secret": id}))).await?;
    Ok(secret)
}

/// A further secret, returned this once. Whoever has it can act as the integration user, so that who makes it must
/// hold what that user may use, wherever it has a role.
///
/// # Errors
/// `NotFound`; `Conflict` when two are live; `Forbidden` for an integration user beyond the caller's own rights, and for an
/// application of every tenant by somebody who is not a Global Administrator.
pub async fn secret_add<P: Manages + 'static>(
    store: &Store,
    access: &Access,
    p: &Permit<P>,
    app: AppId,
    expires: Option<Timestamp>,
) -> Result<Secret> {
    let t = p.tenant();
    let mut c = store.read(Scope::Tenant(t)).await?;
    let found = find::<P>(&mut c, t, app).await?;
    drop(c);
    let scopes = found.settings.0.scopes.as_deref();
    let acting = within_reach(access, p.actor(), &found, scopes, expires).await?;
    tx!(store, &p.cx(), [p, acting, access], |tx| {
        let found = find::<P>(tx, t, app).await?;
        if let Some(acting) = acting {
            acting.check(&access, tx, MORE).await?;
        }
        if found.platform {
            of_every_tenant(&p)?;
        }
        let scopes = found.settings.0.scopes.iter().flatten();
        let beyond = scopes.clone().find(|s| !p.held().allows(s));
        if let Some(s) = beyond.filter(|_| found.kind == super::Kind::Integration) {
            return Err(Error::forbidden(format!(
                "the integration user may use '{s}', which you do not hold here"
            )));
        }
        if found.public {
            return Err(Error::invalid("a public application keeps no secret"));
        }
        add(tx, t, app, expires).await
    })
}

/// Ends a secret at once.
///
/// # Errors
/// `NotFound`.
pub async fn secret_revoke<P: Manages + 'static>(
    store: &Store,
    p: &Permit<P>,
    app: AppId,
    id: SecretId,
) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx().urgent(), [], |tx| {
        find::<P>(tx, t, app).await?;
        if db::delete_secret(tx, t, app, id).await? == 0 {
            return Err(Error::not_found("secret"));
        }
        tx.changed(Topic::App(app));
        let event = Event::new("app.secret.revoke").target("app", app);
        audit::record(tx, t, event.detail(serde_json::json!({"secret": id}))).await
    })
}

/// The secrets of an application.
///
/// # Errors
/// The database's.
pub async fn secret_list<P: Manages + 'static>(
    store: &Store,
    p: &Permit<P>,
    app: AppId,
) -> Result<Vec<SecretInfo>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    find::<P>(&mut c, p.tenant(), app).await?;
    db::secrets(&mut c, p.tenant(), app).await
}
