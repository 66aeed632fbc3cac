//! What the transmitter says of itself (Shared Signals Framework 1.0, 7).

use crate::app::App;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// The delivery methods, by their names.
pub(super) const PUSH: &str = "urn:ietf:rfc:8935";
pub(super) const POLL: &str = "urn:ietf:rfc:8936";

/// `GET /.well-known/ssf-configuration`
pub(super) async fn document(State(app): State<App>) -> Response {
    let i = app.config.issuer();
    let doc = json!({
        "spec_version": "1_0",
        "issuer": i,
        "jwks_uri": format!("{i}/oauth/jwks"),
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": format!("{i}/ssf/stream"),
        "status_endpoint": format!("{i}/ssf/status"),
        "add_subject_endpoint": format!("{i}/ssf/subjects/add"),
        "remove_subject_endpoint": format!("{i}/ssf/subjects/remove"),
        "verification_endpoint": format!("{i}/ssf/verify"),
        // An event about one session is of its person, too: whoever does not know the session must not pass it over.
        "critical_subject_members": ["user"],
        // RFC 6749, by client credentials.
        "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6749" }],
        "default_subjects": "ALL",
    });
    let mut r = doc.to_string().into_response();
    let h = r.headers_mut();
    h.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    h.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    h.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    r
}
