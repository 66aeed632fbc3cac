//! The provider's metadata (OpenID Connect Discovery 1.0, RFC 8414) and its keys.

use super::error::no_store;
use crate::{app::App, apps::ASSERTION_ALGS, crypto::jwt::Alg, gate};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

fn cached(body: String, content_type: &'static str) -> Response {
    let mut r = body.into_response();
    let h = r.headers_mut();
    h.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    h.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    h.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    r
}

/// `GET /.well-known/openid-configuration`
pub async fn document(State(app): State<App>) -> Response {
    let i = app.config.issuer();
    let mut scopes = vec!["openid", "profile", "email", "offline_access", "self_service"];
    scopes.extend(gate::OWN);
    scopes.extend(app.access.catalogue().all().iter().map(String::as_str));
    let auth = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    let with_public: Vec<&str> = auth.iter().copied().chain(["none"]).collect();
    let algs = ASSERTION_ALGS.map(Alg::as_str);
    let doc = json!({
        "issuer": i,
        "authorization_endpoint": format!("{i}/oauth/authorize"),
        "token_endpoint": format!("{i}/oauth/token"),
        "userinfo_endpoint": format!("{i}/oauth/userinfo"),
        "jwks_uri": format!("{i}/oauth/jwks"),
        "introspection_endpoint": format!("{i}/oauth/introspect"),
        "revocation_endpoint": format!("{i}/oauth/revoke"),
        "end_session_endpoint": format!("{i}/oauth/logout"),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "token_endpoint_auth_methods_supported": with_public,
        "token_endpoint_auth_signing_alg_values_supported": algs,
        "introspection_endpoint_auth_methods_supported": auth,
        "introspection_endpoint_auth_signing_alg_values_supported": algs,
        "revocation_endpoint_auth_methods_supported": with_public,
        "revocation_endpoint_auth_signing_alg_values_supported": algs,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "acr_values_supported": ["urn:muster:loa:1", "urn:muster:loa:2", "urn:muster:loa:3"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "tid", "at_hash", "name",
            "preferred_username", "email", "roles"
        ],
    });
    cached(doc.to_string(), "application/json")
}

/// `GET /oauth/jwks`
pub async fn keys(State(app): State<App>) -> Response {
    let mut r = cached(app.keys.document().to_string(), "application/jwk-set+json");
    if app.keys.document().is_empty() {
        no_store(r.headers_mut());
    }
    r
}
