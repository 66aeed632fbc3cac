//! Who may speak here: clients, by `client_secret_basic`, `client_secret_post`, `private_key_jwt` or (public ones) by
//! name; and bearers of our access tokens.

use super::{error::OAuthError, params::Params};
use crate::{
    app::App,
    apps::{Client, Proof, assertions::Assertion},
};
use axum::http::{HeaderMap, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{net::IpAddr, sync::Arc};

/// The one `Authorization` header, split into scheme and credentials by the strict grammar: one scheme, one space, one
/// token without further spaces.
///
/// # Errors
/// `invalid_request` for two headers, or one of another shape.
pub fn authorization(headers: &HeaderMap) -> Result<Option<(&str, &str)>, OAuthError> {
    let bad = || OAuthError::invalid_request("the Authorization header is malformed");
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(OAuthError::invalid_request("the Authorization header is repeated"));
    }
    let (scheme, rest) = first.to_str().map_err(|_| bad())?.split_once(' ').ok_or_else(bad)?;
    if rest.is_empty() || rest.contains([' ', ',', '\t']) {
        return Err(bad());
    }
    Ok(Some((scheme, rest)))
}

/// Reads the body of a form request.
///
/// # Errors
/// `invalid_request` for another content type, or text that is not UTF-8.
pub fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::invalid_request(
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| OAuthError::invalid_request("the body is not UTF-8"))?;
    Params::read(text)
}

fn unform(text: &str) -> Option<String> {
    // RFC 6749 2.3.1: both halves are form-encoded before they are joined.
    let pair = format!("x={text}");
    let (_, v) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
    Some(v.into_owned())
}

/// `client_assertion_type` of a signed assertion (RFC 7523 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client assertion, if the request has one.
fn assertion(params: &Params) -> Result<Option<&str>, OAuthError> {
    match (params.get("client_assertion_type"), params.get("client_assertion")) {
        (None, None) => Ok(None),
        (Some(JWT_BEARER), Some(token)) => Ok(Some(token)),
        (Some(JWT_BEARER), None) => {
            Err(OAuthError::invalid_request("'client_assertion' is missing"))
        }
        _ => Err(OAuthError::invalid_request(
            "'client_assertion_type' is not that of a signed JWT (RFC 7523)",
        )),
    }
}

/// Authenticates the client of a token, introspection or revocation request. One way only: a header and a body that
/// both name credentials are refused.
///
/// # Errors
/// `invalid_client`, `invalid_request`.
pub async fn client(
    app: &App,
    headers: &HeaderMap,
    params: &Params,
    from: Option<IpAddr>,
) -> Result<Arc<Client>, OAuthError> {
    let failed = || {
        OAuthError::new("invalid_client", "client authentication failed")
            .status(StatusCode::UNAUTHORIZED)
    };
    let two_ways = || OAuthError::invalid_request("the client authenticates in two ways");
    let client = match (authorization(headers)?, assertion(params)?) {
        (Some(_), Some(_)) => return Err(two_ways()),
        (None, Some(token)) => {
            if params.get("client_secret").is_some() {
                return Err(two_ways());
            }
            let a = Assertion {
                token,
                client_id: params.get("client_id"),
                audience: app.config.issuer(),
                from,
            };
            app.apps.authenticate_by_key(&app.net, &app.system().urgent(), &a).await?
        }
        (Some((scheme, value)), None) => {
            if !scheme.eq_ignore_ascii_case("basic") {
                return Err(failed());
            }
            let text = STANDARD
                .decode(value)
                .ok()
                .and_then(|b| String::from_utf8(b).ok())
                .ok_or_else(failed)?;
            let (id, secret) = text.split_once(':').ok_or_else(failed)?;
            let (id, secret) = (unform(id).ok_or_else(failed)?, unform(secret).ok_or_else(failed)?);
            if params.get("client_secret").is_some()
                || params.get("client_id").is_some_and(|c| c != id)
            {
                return Err(two_ways());
            }
            app.apps.authenticate(&id, Proof::Secret(&secret), from).await?
        }
        (None, None) => {
            let id = params.get("client_id").ok_or_else(failed)?;
            let proof = params.get("client_secret").map_or(Proof::Public, Proof::Secret);
            app.apps.authenticate(id, proof, from).await?
        }
    };
    if !client.app.enabled {
        return Err(OAuthError::new("invalid_client", "the client is disabled")
            .status(StatusCode::UNAUTHORIZED));
    }
    Ok(client)
}
