//! Who may speak here: a directory, by one of its SCIM tokens, while it and its tenant are live.

use crate::{
    access::{Permit, perm::Provision},
    actor::{Actor, Principal},
    app::App,
    error::{Error, Result},
    id::{DirectoryId, RequestId},
};
use axum::http::{HeaderMap, header};

/// The right of the directory whose token was sent, if it is the one that the address names.
///
/// # Errors
/// `Unauthenticated`: one answer for a token that is missing, unknown, revoked, over, or another directory's.
pub(super) async fn permit(
    app: &App,
    headers: &HeaderMap,
    directory: Option<DirectoryId>,
    request: RequestId,
) -> Result<Permit<Provision>> {
    let token = token(headers).ok_or_else(|| {
        Error::unauthenticated("a bearer token is needed: 'Authorization: Bearer mst_scim_...'")
    })?;
    let refused = || Error::unauthenticated("the bearer token is not one of this directory");
    let (tenant, opened) = app.scim_tokens.open(token).await?.ok_or_else(refused)?;
    if directory != Some(opened) {
        return Err(refused());
    }
    app.gate.directory(tenant, opened).await?;
    let actor = Actor::prove(Principal::Directory { tenant, directory: opened }, request);
    app.access.provision(&actor).await
}

/// `Bearer TOKEN`, the scheme in any case; or the bare token, as some directories send what an administrator pastes
/// (2.9).
fn token(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let value = value.to_str().ok()?.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        Some(_) => None,
        None => value.starts_with("mst_scim_").then_some(value),
    }
}
