//! How a refusal sounds: RFC 9457.

use crate::{
    error::{Error, Kind},
    id::RequestId,
};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde_json::json;

/// Status and title of each kind.
pub(super) fn face(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, "The request does not fit"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Who are you?"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "Not allowed"),
        Kind::NeedsStepUp => (StatusCode::FORBIDDEN, "A stronger proof of identity is needed"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        Kind::Conflict => (StatusCode::CONFLICT, "It collides with what is there"),
        Kind::Precondition => (StatusCode::PRECONDITION_FAILED, "Changed in the meantime"),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts"),
        Kind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "Not supported"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not available now"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
    }
}

/// The kind's word in `type` and `code`.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "invalid",
        Kind::Unauthenticated => "unauthenticated",
        Kind::Forbidden => "forbidden",
        Kind::NeedsStepUp => "needs_step_up",
        Kind::NotFound => "not_found",
        Kind::Conflict => "conflict",
        Kind::Precondition => "precondition",
        Kind::TooLarge => "too_large",
        Kind::RateLimited => "rate_limited",
        Kind::Unsupported => "unsupported",
        Kind::Unavailable => "unavailable",
        Kind::Internal => "internal",
    }
}

/// The answer to a request that was refused.
pub(super) fn problem(e: &Error, request: Option<RequestId>) -> Response<Body> {
    let (status, title) = face(e.kind());
    if let Some(text) = e.operator_text() {
        let request = request.map(|r| r.to_string());
        if status.is_server_error() {
            tracing::error!(request, detail = e.detail(), cause = text, "api");
        } else {
            tracing::debug!(request, detail = e.detail(), cause = text, "api");
        }
    }
    let mut body = json!({
        "type": format!("urn:muster:problem:{}", word(e.kind())),
        "title": title,
        "status": status.as_u16(),
        "detail": e.detail(),
        "code": e.code_str().unwrap_or(word(e.kind())),
    });
    if let Some(field) = e.attr_str() {
        body["field"] = field.into();
    }
    if let Some(r) = request {
        body["request"] = r.to_string().into();
    }
    let mut r = Response::new(Body::from(body.to_string()));
    *r.status_mut() = status;
    let h = r.headers_mut();
    h.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if e.kind() == Kind::Unauthenticated {
        h.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(s) = e.retry_after_secs() {
        h.insert(header::RETRY_AFTER, HeaderValue::from(s));
    }
    r
}
