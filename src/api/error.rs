//! How a refusal sounds: RFC 9457.

use crate::{
    error::{Error, Kind},
    id::RequestId,
    repeats,
};
use axum::{
    body::Body,
    http::{HeaderValue, Method, Response, StatusCode, header},
};
use schemars::JsonSchema;
use serde::Serialize;

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
pub(super) fn word(kind: Kind) -> &'static str {
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

/// A refusal: a problem document (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// A URN for its kind.
    #[serde(rename = "type")]
    kind: String,
    /// Its kind, for people.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened this time, for people.
    detail: String,
    /// A word for programs.
    code: String,
    /// The field or parameter that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The id of the request, as in the logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
}

/// The statuses of refusals and what each means.
pub(super) const STATUSES: [(u16, &str); 13] = [
    (400, "the request does not fit"),
    (401, "no session and no token, or one that is over"),
    (403, "not allowed, or a stronger proof of identity is needed"),
    (404, "not there, or not to be seen"),
    (405, "not possible at this address"),
    (409, "it collides with what is there"),
    (412, "changed in the meantime"),
    (413, "too large"),
    (422, "the `Idempotency-Key` was used for another request"),
    (429, "too many attempts, see `Retry-After`"),
    (500, "an error of ours"),
    (501, "not supported"),
    (503, "not available now"),
];

/// The answer to a request that was refused.
pub(super) fn problem(e: &Error, request: Option<RequestId>) -> Response<Body> {
    let (status, title) = match e.code_str() {
        Some(repeats::REUSED) => (StatusCode::UNPROCESSABLE_ENTITY, "The key is in use"),
        _ => face(e.kind()),
    };
    if let Some(text) = e.operator_text() {
        let request = request.map(|r| r.to_string());
        if status.is_server_error() {
            tracing::error!(request, detail = e.detail(), cause = text, "api");
        } else {
            tracing::debug!(request, detail = e.detail(), cause = text, "api");
        }
    }
    let mut r = Problem::of(e, (status, title), request).answer(status);
    let h = r.headers_mut();
    if e.kind() == Kind::Unauthenticated {
        h.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(s) = e.retry_after_secs() {
        h.insert(header::RETRY_AFTER, HeaderValue::from(s));
    }
    r
}

fn urn(word: &str) -> String {
    format!("urn:muster:problem:{word}")
}

impl Problem {
    fn of(e: &Error, (status, title): (StatusCode, &str), request: Option<RequestId>) -> Self {
        Self {
            kind: urn(word(e.kind())),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: e.detail().to_owned(),
            code: e.code_str().unwrap_or(word(e.kind())).to_owned(),
            field: e.attr_str().map(str::to_owned),
            request: request.map(|r| r.to_string()),
        }
    }
    /// Why one of many was not done, with the status that it would have alone.
    pub(super) fn of_one(e: &Error) -> (u16, Self) {
        let face = face(e.kind());
        (face.0.as_u16(), Self::of(e, face, None))
    }
    fn answer(&self, status: StatusCode) -> Response<Body> {
        let mut r = Response::new(Body::from(serde_json::to_string(self).unwrap_or_default()));
        *r.status_mut() = status;
        let h = r.headers_mut();
        h.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        r
    }
}

/// The answer to a method that its address does not know. It is of no [`Kind`]: no service refuses so.
pub(super) fn wrong_method(method: &Method, request: Option<RequestId>) -> Response<Body> {
    const WORD: &str = "method_not_allowed";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let body = Problem {
        kind: urn(WORD),
        title: "Not possible here".to_owned(),
        status: status.as_u16(),
        detail: format!("{method} is not possible here"),
        code: WORD.to_owned(),
        field: None,
        request: request.map(|r| r.to_string()),
    };
    body.answer(status)
}
