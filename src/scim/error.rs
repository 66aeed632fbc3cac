//! How a refusal sounds in SCIM (RFC 7644, 3.12). The `detail` reaches the directory's administrator: it names the
//! attribute, the value and what would be right.

use super::note::Refused;
use crate::{
    error::{Error, Kind},
    protocol::scim::ERROR,
};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

/// The media type of everything we answer.
pub(super) const SCIM: &str = "application/scim+json";
/// The code of an error that is 405 and not 501.
pub(super) const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
/// The code of a conflict that is none of uniqueness: a bulkId that stands for nothing.
pub(super) const UNRESOLVED: &str = "unresolved";

/// The words of the tables in RFC 7644 and RFC 9865; codes of other rooms are not shown as `scimType`.
const TYPES: [&str; 13] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCursor",
    "expiredCursor",
    "invalidCount",
];

fn status(e: &Error) -> StatusCode {
    match e.kind() {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden | Kind::NeedsStepUp => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Precondition => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unsupported if e.code_str() == Some(METHOD_NOT_ALLOWED) => {
            StatusCode::METHOD_NOT_ALLOWED
        }
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status of an error, and the document that says it.
pub(super) fn document(e: &Error) -> (StatusCode, Value) {
    let (status, _, body) = parts(e);
    (status, body)
}

/// The same, and its `scimType`.
fn parts(e: &Error) -> (StatusCode, Option<&'static str>, Value) {
    let status = status(e);
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::error!(detail = e.detail(), cause = e.operator_text(), "a SCIM request failed");
    }
    let mut body = json!({
        "schemas": [ERROR], "status": status.as_u16().to_string(), "detail": e.detail(),
    });
    let known = e.code_str().filter(|c| TYPES.contains(c));
    // Another conflict is always one of uniqueness, and 400 has a word of its own for what has none.
    let fallback = match e.kind() {
        Kind::Invalid => Some("invalidValue"),
        Kind::Conflict if e.code_str() != Some(UNRESOLVED) => Some("uniqueness"),
        _ => None,
    };
    let scim_type = known.or(fallback);
    if let Some(word) = scim_type {
        body["scimType"] = word.into();
    }
    (status, scim_type, body)
}

/// The error as an answer.
pub(super) fn response(e: &Error) -> Response {
    let (status, scim_type, body) = parts(e);
    let mut r = Response::new(Body::from(body.to_string()));
    *r.status_mut() = status;
    r.extensions_mut().insert(Refused { scim_type, detail: e.detail().to_owned() });
    let h = r.headers_mut();
    h.insert(header::CONTENT_TYPE, HeaderValue::from_static(SCIM));
    if status == StatusCode::UNAUTHORIZED {
        h.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"scim\""));
    }
    if let Some(s) = e.retry_after_secs() {
        h.insert(header::RETRY_AFTER, HeaderValue::from(s));
    }
    r
}
