//! Attempts to sign in, and local credentials.

use super::{
    call::{Call, Reply, cut},
    users,
};
use crate::{
    access::{
        Source,
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{self, NewGrant},
        perm::{SystemViewLogs, UsersEdit},
    },
    actor::UserKind,
    credentials,
    error::{Error, Result},
    secret::{ExposeSecret as _, Secret},
    signins::{self, Attempt, Query},
    tenants,
    users::NewUser,
};
use serde::Deserialize;
use serde_json::{Value, json};

fn show(a: &Attempt) -> Value {
    json!({
        "id": a.id, "reference": a.reference, "at": a.at.rfc3339(), "tenant": a.tenant_id,
        "directory": a.directory_id, "user": a.user_id, "outcome": a.outcome, "reason": a.reason,
        "next": a.why().map(signins::Reason::next), "detail": a.detail.0,
    })
}

pub(super) async fn list(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let limit = c.limit()?.min(499);
    let bad = c.read::<bool>("bad")?.unwrap_or(false);
    let q = Query { user: c.read("user")?, bad, before: c.cursor()?, limit: limit + 1 };
    let all = signins::list(&c.app.store, &p, q).await?;
    let (items, next) = cut(all, limit, |a| a.id.to_string());
    Reply::page(items.iter().map(show).collect(), next)
}

pub(super) async fn get(c: Call) -> Result<Reply> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let reference = c.path.get("reference").map_or("", String::as_str);
    Reply::ok(show(&signins::get(&c.app.store, &p, reference).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    password: Secret,
}

pub(super) async fn set_password(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersEdit>().await?;
    let body: Password = c.json()?;
    c.app.credentials.set_password(&p, c.id("user")?, &body.password).await?;
    Ok(Reply::done())
}

pub(super) async fn add_code(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersEdit>().await?;
    let code = c.app.credentials.add_code(&p, c.id("user")?, &c.app.config.brand.name).await?;
    Reply::created(json!({
        "otpauth": code.otpauth.expose_secret(), "secret": code.secret.expose_secret(),
    }))
}

pub(super) async fn remove_code(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersEdit>().await?;
    c.app.credentials.remove_code(&p, c.id("user")?).await?;
    Ok(Reply::done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Administrator {
    user_name: String,
    display_name: Option<String>,
    email: Option<String>,
}

/// Makes a Global Administrator in the provider's tenant. The role comes last: whoever is left half-made by a
/// failure has nothing.
pub(super) async fn administrator(c: Call) -> Result<Reply> {
    c.owner()?;
    let Administrator { user_name, display_name, email } = c.json()?;
    let store = &c.app.store;
    let provider = tenants::provider(store).await?.ok_or_else(|| {
        Error::conflict("there is no provider's tenant yet; make it first (\"provider\": true)")
    })?;
    let t = provider.id;
    let kind = UserKind::Administrator;
    let new = NewUser { kind, user_name, display_name, email };
    let add = c.require(t).await?;
    let user = crate::users::add(store, &add, new).await?;
    let edit = c.require(t).await?;
    let password = credentials::new_password()?;
    c.app.credentials.set_password(&edit, user.id, &password).await?;
    let code = c.app.credentials.add_code(&edit, user.id, &c.app.config.brand.name).await?;
    let mut grant = NewGrant::manual(t, user.id, GLOBAL_ADMINISTRATOR);
    grant.source = Source::Bootstrap;
    grants::add_everywhere(&c.app.access, &c.global().await?, grant).await?;
    Reply::created(json!({
        "user": users::show(&user), "password": password.expose_secret(),
        "otpauth": code.otpauth.expose_secret(),
    }))
}
