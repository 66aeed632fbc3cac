//! How these callers are answered: each protocol has its own words.

use crate::{
    error::{Error, Kind, Result},
    signals::Taken,
};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

/// An answer without a body that nobody keeps.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut r = Response::new(Body::empty());
    *r.status_mut() = status;
    r.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    r
}

fn document(status: StatusCode, body: &Value) -> Response {
    let mut r = empty(status);
    *r.body_mut() = Body::from(body.to_string());
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    r
}

/// The answer inside a frame of the provider's page, which alone may show it.
pub(super) fn framed(issuer: &str) -> Response {
    let mut r = empty(StatusCode::OK);
    let origin = url::Url::parse(issuer).map(|u| u.origin().ascii_serialization());
    let policy =
        format!("default-src 'none'; frame-ancestors {}", origin.as_deref().unwrap_or("'none'"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        r.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    r
}

fn status(e: &Error) -> StatusCode {
    match e.kind() {
        Kind::Invalid | Kind::Conflict | Kind::Precondition | Kind::Unsupported => {
            StatusCode::BAD_REQUEST
        }
        Kind::Unauthenticated | Kind::NeedsStepUp => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn noted(e: &Error) -> String {
    match e.kind() {
        Kind::Internal | Kind::Unavailable => {
            tracing::error!(error = ?e, "a signal of a provider could not be taken");
            "it cannot be taken at the moment; send it again".to_owned()
        }
        _ => {
            tracing::info!(error = ?e, "a signal of a provider was refused");
            e.detail().to_owned()
        }
    }
}

/// When it is worth sending again, where that is known.
fn in_a_while(r: &mut Response, e: &Error) {
    if let Some(s) = e.retry_after_secs() {
        r.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
    }
}

/// Back-Channel Logout 1.0, 2.8: 200, or 400 with an error as OAuth's.
pub(super) fn logged_out(done: Result<Taken>) -> Response {
    match done {
        Ok(_) => empty(StatusCode::OK),
        Err(e) => {
            let text = noted(&e);
            let body = json!({ "error": "invalid_request", "error_description": text });
            let mut r = document(status(&e), &body);
            in_a_while(&mut r, &e);
            r
        }
    }
}

/// Global token revocation: 204; 422 for a person named in a way that is not known here.
pub(super) fn revoked(done: Result<Taken>) -> Response {
    match done {
        Ok(_) => empty(StatusCode::NO_CONTENT),
        Err(e) => {
            let text = noted(&e);
            let status = match e.code_str() {
                Some("format") => StatusCode::UNPROCESSABLE_ENTITY,
                _ => status(&e),
            };
            let mut r =
                document(status, &json!({ "error": "invalid_request", "error_description": text }));
            in_a_while(&mut r, &e);
            if status == StatusCode::UNAUTHORIZED {
                let challenge = HeaderValue::from_static("Bearer");
                r.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            r
        }
    }
}

/// Why a security event token was not taken (RFC 8935 2.4).
#[derive(Debug)]
pub(super) struct Pushed {
    /// The word for the transmitter.
    pub err: &'static str,
    error: Error,
}

impl Pushed {
    /// What is pushed does not come with the stream's secret.
    pub(super) fn unauthenticated() -> Self {
        let text = "events of this stream are pushed with its secret";
        Self { err: "authentication_failed", error: Error::unauthenticated(text) }
    }
    /// Whether it may be sent again with success.
    pub(super) fn passes(&self) -> bool {
        matches!(self.error.kind(), Kind::Internal | Kind::Unavailable)
    }
    pub(super) fn into_response(self) -> Response {
        let text = noted(&self.error);
        document(status(&self.error), &json!({ "err": self.err, "description": text }))
    }
}

impl Pushed {
    /// What went wrong, for whoever administers the directory.
    pub(super) fn told(&self) -> String {
        format!("{}: {}", self.err, told(&self.error))
    }
}

/// Of our own trouble, the words that are not for the transmitter.
pub(super) fn told(e: &Error) -> &str {
    e.operator_text().unwrap_or(e.detail())
}

impl std::fmt::Display for Pushed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.err, self.error.detail())
    }
}

impl From<Error> for Pushed {
    fn from(error: Error) -> Self {
        let err = match error.code_str() {
            Some("iss" | "issuer_mismatch") => "invalid_issuer",
            Some("aud") => "invalid_audience",
            Some("key_unknown" | "bad_signature" | "token_unsigned" | "alg_not_allowed") => {
                "invalid_key"
            }
            _ => "invalid_request",
        };
        Self { err, error }
    }
}
