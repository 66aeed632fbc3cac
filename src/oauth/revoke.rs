//! `POST /oauth/revoke` (RFC 7009): a client ends its own tokens. An unknown token is answered as a revoked one.

use super::{
    caller,
    error::{OAuthError, no_store},
};
use crate::{
    app::App,
    audit::{self, Event},
    gate::Gate,
    sessions::{self, Who},
    tx,
    web::ClientAddr,
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

/// Answers a revocation.
pub async fn post(
    State(app): State<App>,
    from: ClientAddr,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let params = caller::form(&headers, &body)?;
    let client = caller::client(&app, &headers, &params, from.ip()).await?;
    let token = params.need("token")?;
    let cx = app.system().urgent();
    if token.starts_with("mst_rt_") {
        let found = sessions::refresh_token(&app.store, token).await?;
        if let Some(t) = found.filter(|t| t.app == client.app.id) {
            tx!(app.store, &cx, [t], |tx| {
                let who = Who::Family(t.home, t.family);
                sessions::revoke(tx, who, "revoked by the application").await?;
                // RFC 7009 2.1: and what was given with it.
                Gate::end_family(tx, (t.home, t.user), t.family).await?;
                let event = Event::new("refresh_token.revoke").target("user", t.user);
                audit::record(tx, t.home, event).await
            })?;
        }
    } else {
        app.gate.revoke_access(&cx, token, &client).await?;
    }
    let mut r = StatusCode::OK.into_response();
    no_store(r.headers_mut());
    Ok(r)
}
