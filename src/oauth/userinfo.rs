//! `/oauth/userinfo` (OpenID Connect Core 5.3): GET, POST with a header, POST with `access_token` in the body.

use super::{
    caller,
    error::{OAuthError, no_store},
};
use crate::app::App;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// By header.
pub async fn get(State(app): State<App>, headers: HeaderMap) -> Result<Response, OAuthError> {
    let token = header_token(&headers)?.ok_or_else(missing)?;
    answer(&app, token).await
}

/// By header or body, not both.
pub async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let from_header = header_token(&headers)?;
    let params = if body.is_empty() {
        super::params::Params::default()
    } else {
        caller::form(&headers, &body)?
    };
    match (from_header, params.get("access_token")) {
        (Some(t), None) | (None, Some(t)) => answer(&app, t).await,
        (Some(_), Some(_)) => Err(OAuthError::invalid_request("the access token is given twice")),
        (None, None) => Err(missing()),
    }
}

fn header_token(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    match caller::authorization(headers)? {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token)),
        Some(_) => Err(missing()),
        None => Ok(None),
    }
}

/// Nothing was presented, so nothing is said to be wrong with it (RFC 6750 3.1).
fn missing() -> OAuthError {
    OAuthError::new("invalid_token", "an access token is needed")
        .status(StatusCode::UNAUTHORIZED)
        .challenge()
}

async fn answer(app: &App, token: &str) -> Result<Response, OAuthError> {
    let b = app.gate.bearer(token).await.map_err(|e| {
        if e.kind() == crate::error::Kind::Unauthenticated {
            OAuthError::new("invalid_token", e.detail()).status(StatusCode::UNAUTHORIZED).bearer()
        } else {
            e.into()
        }
    })?;
    if !b.has("openid") {
        return Err(OAuthError::new("insufficient_scope", "the scope openid is needed")
            .status(StatusCode::FORBIDDEN)
            .bearer());
    }
    let held = app.access.effective(b.home, b.user, b.tid).await?;
    let mut r = serde_json::Value::Object(b.about(&held)).to_string().into_response();
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    no_store(r.headers_mut());
    Ok(r)
}
