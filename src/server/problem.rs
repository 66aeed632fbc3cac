//! Refusals that come before any voice: each sounds as the protocol of its path does.

use crate::id::RequestId;
use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::any::Any;

/// `status` with a sentence, in the form of the protocol that `path` belongs to: SCIM (RFC 7644, 3.12), OAuth and its
/// discovery (RFC 6749, 5.2), streams of security events (RFC 8935, 2.4), a page for browsers, problem details (RFC 9457)
/// for the rest.
pub(super) fn refuse(
    path: &str,
    request: Option<RequestId>,
    status: StatusCode,
    detail: &str,
) -> Response {
    let error = match status.as_u16() {
        500 => "server_error",
        503 | 429 => "temporarily_unavailable",
        _ => "invalid_request",
    };
    let (kind, body) = if path.starts_with("/scim/") {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.as_u16().to_string(),
            "detail": detail,
        });
        ("application/scim+json", body.to_string())
    } else if path.starts_with("/oauth/") && !is_page(path) || is_of_clients(path) {
        ("application/json", json!({ "error": error, "error_description": detail }).to_string())
    } else if path.starts_with("/ssf/") {
        ("application/json", json!({ "err": error, "description": detail }).to_string())
    } else if path.starts_with("/api/") {
        let title = status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": format!("urn:muster:problem:{}", word(status)), "title": title, "status": status.as_u16(),
            "detail": detail, "code": word(status),
        });
        if let Some(request) = request {
            body["request"] = request.to_string().into();
        }
        ("application/problem+json", body.to_string())
    } else {
        return crate::web::notice(status, detail);
    };
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

/// The admin API's word for programs.
fn word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "not_found",
        405 => "method_not_allowed",
        413 => "too_large",
        429 => "rate_limited",
        503 => "unavailable",
        500.. => "internal",
        _ => "invalid",
    }
}

/// Metadata, and decisions for applications.
fn is_of_clients(path: &str) -> bool {
    let all = ["/.well-known/o", "/.well-known/authzen", "/.well-known/ssf", "/access/"];
    all.iter().any(|p| path.starts_with(p))
}

/// Those of the issuer's paths that a browser is at.
fn is_page(path: &str) -> bool {
    ["authorize", "resume", "consent", "logout"]
        .iter()
        .any(|p| path.strip_prefix("/oauth/").is_some_and(|rest| rest.starts_with(p)))
}

/// Nothing lives at this path.
pub(super) async fn no_such_page(request: Request) -> Response {
    let text = "there is nothing at this path";
    refuse(request.uri().path(), id_of(&request), StatusCode::NOT_FOUND, text)
}

/// Something lives there and does not take this method.
pub(super) async fn no_such_method(request: Request) -> Response {
    let detail = format!("{} is not done at this path", request.method());
    refuse(request.uri().path(), id_of(&request), StatusCode::METHOD_NOT_ALLOWED, &detail)
}

/// The request's own id, as [`super::observe`] gave it.
pub(super) fn id_of(request: &Request) -> Option<RequestId> {
    request.extensions().get().copied()
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
/// A handler panicked: the connection lives on, the log has the text.
pub(super) fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = text, "a handler panicked");
    refuse(
        "/api/",
        None,
        StatusCode::INTERNAL_SERVER_ERROR,
        "an internal error occurred; it has been logged",
    )
}
