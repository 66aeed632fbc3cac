//! Who may speak here: a directory, by one of its SCIM tokens, while it and its tenant are live.

use crate::{
    access::{
        Permit,
        perm::{Provision, SystemEditSettings},
    },
    actor::{Actor, Principal},
    app::App,
    directories::Reading,
    error::{Error, Result},
    id::{DirectoryId, RequestId},
    protocol::scim::Rule,
};
use axum::http::{HeaderMap, header};

/// The right of the directory whose token was sent, if it is the one that the address names; and how its requests are
/// read.
///
/// # Errors
/// `Unauthenticated`: one answer for a token that is missing, unknown, revoked, over, or another directory's.
pub(super) async fn permit(
    app: &App,
    headers: &HeaderMap,
    directory: Option<DirectoryId>,
    request: RequestId,
) -> Result<(Permit<Provision>, Reading)> {
    let (token, bare) = token(headers).ok_or_else(|| {
        Error::unauthenticated("a bearer token is needed: 'Authorization: Bearer mst_scim_...'")
    })?;
    let refused = || Error::unauthenticated("the bearer token is not one of this directory");
    let (tenant, opened) = app.scim_tokens.open(token).await?.ok_or_else(refused)?;
    if directory != Some(opened) {
        return Err(refused());
    }
    app.gate.directory(tenant, opened).await?;
    let reading = app.readings.of(tenant, opened).await?;
    if bare && !reading.rules.has(Rule::BareToken) {
        return Err(refused());
    }
    let actor = Actor::prove(Principal::Directory { tenant, directory: opened }, request);
    Ok((app.access.provision(&actor).await?, reading))
}

/// The right of a directory whose request an administrator does once more, and how it is read.
///
/// # Errors
/// `Conflict` for a directory that is not listened to; the database's.
pub(super) async fn again(
    app: &App,
    permit: &Permit<SystemEditSettings>,
    directory: DirectoryId,
) -> Result<(Permit<Provision>, Reading)> {
    let tenant = permit.tenant();
    let reading = app.readings.of(tenant, directory).await?;
    app.gate
        .directory(tenant, directory)
        .await
        .map_err(|e| Error::conflict(format!("{}: its requests are not done", e.detail())))?;
    let who = Principal::Directory { tenant, directory };
    let actor = Actor::prove(who, permit.actor().request());
    // What it does is done by the administrator's request, once, as that says.
    let actor = if permit.actor().is_keyed() { actor.keyed() } else { actor };
    Ok((app.access.provision(&actor).await?, reading))
}

/// `Bearer TOKEN`, the scheme in any case; or the bare token, as some directories send what an administrator pastes
/// (2.9): which the second value tells.
fn token(headers: &HeaderMap) -> Option<(&str, bool)> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let value = value.to_str().ok()?.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Some((token.trim(), false))
        }
        Some(_) => None,
        None => value.starts_with("mst_scim_").then_some((value, true)),
    }
}
