//! Who may speak here: an application, by an access token that it has for itself, in the one header that there is for it.

use super::error::Refusal;
use crate::{
    actor::{Actor, Principal},
    app::App,
    error::Kind,
    events::Receiver,
    id::RequestId,
};
use axum::http::{HeaderMap, StatusCode, header};

/// The bearer token; one in the query or in the body is none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
    let one = !token.is_empty() && !token.contains([' ', ',', '\t']);
    (scheme.eq_ignore_ascii_case("bearer") && one).then_some(token)
}

/// The application whose token was sent, if the token is for one of these.
///
/// # Errors
/// 401 without a token that may act, 403 for one that is for something else.
pub(super) async fn receiver(
    app: &App,
    headers: &HeaderMap,
    request: RequestId,
    scopes: &[&str],
) -> Result<Receiver, Refusal> {
    let Some(token) = bearer(headers) else { return Err(Refusal::nobody()) };
    let own = app.gate.own(token).await.map_err(|e| match e.kind() {
        Kind::Unauthenticated => {
            Refusal::new(StatusCode::UNAUTHORIZED, "invalid_token", e.detail())
        }
        _ => e.into(),
    })?;
    if !scopes.iter().any(|s| own.has(s)) {
        let text = format!("the scope {} is needed", scopes.join(" or "));
        return Err(Refusal::new(StatusCode::FORBIDDEN, "insufficient_scope", &text));
    }
    let (tenant, id) = (own.client.app.tenant_id, own.client.app.id);
    let actor = Actor::prove(Principal::App { tenant, app: id }, request);
    Ok(Receiver::new(own.client, actor))
}
