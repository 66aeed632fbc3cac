//! `POST /oauth/token` (RFC 6749 3.2): one file for each grant, all of them ending at the gate.

use super::{
    caller,
    error::{OAuthError, no_store},
    grants,
};
use crate::{app::App, gate::Issued, secret::ExposeSecret as _, secret::Secret, web::ClientAddr};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::fmt::Write as _;

/// Answers a token request.
pub async fn post(
    State(app): State<App>,
    from: ClientAddr,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let params = caller::form(&headers, &body)?;
    let client = caller::client(&app, &headers, &params, from.ip()).await?;
    let (issued, refresh) = match params.need("grant_type")? {
        "authorization_code" => grants::authorization_code(&app, &client, &params).await?,
        "refresh_token" => grants::refresh_token(&app, &client, &params).await?,
        "client_credentials" => (grants::client_credentials(&app, &client, &params).await?, None),
        _ => {
            return Err(OAuthError::new(
                "unsupported_grant_type",
                "this grant type is not supported",
            ));
        }
    };
    Ok(answer(&issued, refresh.as_ref()))
}

fn answer(issued: &Issued, refresh: Option<&Secret>) -> Response {
    // By hand, as the hot path wants it: tokens and scopes have no character that JSON would escape.
    let mut o = String::with_capacity(issued.access_token.len() + 300);
    let _ = write!(
        o,
        "{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":{},\"scope\":\"{}\"",
        issued.access_token,
        issued.expires_in,
        issued.scopes.join(" ")
    );
    if let Some(t) = &issued.id_token {
        let _ = write!(o, ",\"id_token\":\"{t}\"");
    }
    if let Some(t) = refresh {
        let _ = write!(o, ",\"refresh_token\":\"{}\"", t.expose_secret());
    }
    o.push('}');
    let mut r = o.into_response();
    let h = r.headers_mut();
    h.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    no_store(h);
    r
}
