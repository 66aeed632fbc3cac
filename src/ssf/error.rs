//! How a refusal sounds here: a status as the framework has it for each endpoint, a challenge as RFC 6750 has it, and a
//! body with the words of RFC 8935 and RFC 8936.

use crate::error::{Error, Kind};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A request that is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    err: &'static str,
    description: String,
    retry_after: Option<u32>,
    /// No token was shown at all: the challenge says nothing of one.
    nobody: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, err: &'static str, description: &str) -> Self {
        let description = description.to_owned();
        Self { status, err, description, retry_after: None, nobody: false }
    }
    /// No token was shown.
    pub(super) fn nobody() -> Self {
        let text = "an access token of an application is needed, in the Authorization header";
        Self { nobody: true, ..Self::new(StatusCode::UNAUTHORIZED, "authentication_failed", text) }
    }
}

impl From<Error> for Refusal {
    fn from(e: Error) -> Self {
        match e.kind() {
            Kind::Internal | Kind::Unavailable => {
                tracing::error!(error = ?e, "a request about a stream of security events failed");
            }
            _ => {
                tracing::info!(error = ?e, "a request about a stream of security events is refused");
            }
        }
        let (status, err) = match e.kind() {
            Kind::Invalid | Kind::Precondition | Kind::Unsupported => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
            Kind::Conflict => (StatusCode::CONFLICT, "conflict"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Kind::Forbidden | Kind::NeedsStepUp => (StatusCode::FORBIDDEN, "access_denied"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
            Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "slow_down"),
            Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        };
        Self { retry_after: e.retry_after_secs(), ..Self::new(status, err, e.detail()) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "err": self.err, "description": self.description });
        let mut r = document(self.status, &body);
        let challenge = match self.status {
            StatusCode::UNAUTHORIZED if self.nobody => Some("Bearer realm=\"muster\"".to_owned()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Some(format!("Bearer error=\"{}\"", self.err))
            }
            _ => None,
        };
        if let Some(v) = challenge.and_then(|c| HeaderValue::try_from(c).ok()) {
            r.headers_mut().insert(header::WWW_AUTHENTICATE, v);
        }
        if let Some(s) = self.retry_after {
            r.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
        }
        r
    }
}

/// An answer that nobody keeps.
pub(super) fn document(status: StatusCode, body: &Value) -> Response {
    let mut r = empty(status);
    *r.body_mut() = Body::from(body.to_string());
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    r
}

/// The same without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut r = Response::new(Body::empty());
    *r.status_mut() = status;
    r.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    r
}
