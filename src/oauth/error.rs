//! How a refusal sounds in OAuth (RFC 6749 5.2, RFC 6750 3).

use crate::error::{Error, Kind};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An OAuth error: the word and a text that names what is wrong.
#[derive(Debug, Clone)]
pub struct OAuthError {
    /// `error`.
    pub error: &'static str,
    /// `error_description`.
    pub description: String,
    /// HTTP status.
    pub status: StatusCode,
    retry_after: Option<u32>,
    bearer: bool,
    unpresented: bool,
}

impl OAuthError {
    /// An error answered with 400.
    pub fn new(error: &'static str, description: &str) -> Self {
        // RFC 6749 5.2: printable ASCII without quotes and backslashes.
        let description = description.chars().map(|c| match c {
            '"' | '\\' => '\'',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '?',
        });
        Self {
            error,
            description: description.collect(),
            status: StatusCode::BAD_REQUEST,
            retry_after: None,
            bearer: false,
            unpresented: false,
        }
    }
    /// `invalid_request`.
    pub fn invalid_request(description: &str) -> Self {
        Self::new("invalid_request", description)
    }
    /// `invalid_grant`.
    pub fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }
    /// With another status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
    /// As the answer of a resource that takes bearer tokens (RFC 6750).
    #[must_use]
    pub fn bearer(mut self) -> Self {
        self.bearer = true;
        self
    }
    /// As [`Self::bearer`], where no token was presented: the challenge says nothing of one (RFC 6750 3.1).
    #[must_use]
    pub fn challenge(mut self) -> Self {
        self.unpresented = true;
        self.bearer()
    }
}

impl From<Error> for OAuthError {
    fn from(e: Error) -> Self {
        if let Some(text) = e.operator_text() {
            let kind = e.kind();
            if matches!(kind, Kind::Internal | Kind::Unavailable) {
                tracing::error!(?kind, reason = text, "an OAuth request failed");
            } else {
                tracing::info!(
                    ?kind,
                    code = e.code_str(),
                    reason = text,
                    "an OAuth request was refused"
                );
            }
        }
        let (word, status) = match e.kind() {
            Kind::Invalid
            | Kind::NotFound
            | Kind::Conflict
            | Kind::Precondition
            | Kind::Unsupported => ("invalid_request", StatusCode::BAD_REQUEST),
            Kind::Unauthenticated => ("invalid_grant", StatusCode::BAD_REQUEST),
            Kind::Forbidden | Kind::NeedsStepUp => ("access_denied", StatusCode::BAD_REQUEST),
            Kind::TooLarge => ("invalid_request", StatusCode::PAYLOAD_TOO_LARGE),
            Kind::RateLimited => ("slow_down", StatusCode::TOO_MANY_REQUESTS),
            Kind::Unavailable => ("temporarily_unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Kind::Internal => ("server_error", StatusCode::INTERNAL_SERVER_ERROR),
        };
        // The gate's own words where they are OAuth's; `invalid_token` at the token endpoint is a grant that is over.
        let word = match e.code_str() {
            Some("invalid_client") => "invalid_client",
            Some("invalid_scope") => "invalid_scope",
            Some("unauthorized_client") => "unauthorized_client",
            Some("access_denied" | "mfa_not_proved") => "access_denied",
            _ => word,
        };
        let status = if word == "invalid_client" && status == StatusCode::BAD_REQUEST {
            StatusCode::UNAUTHORIZED
        } else {
            status
        };
        let mut out = Self::new(word, e.detail()).status(status);
        out.retry_after = e.retry_after_secs();
        out
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description}).to_string();
        let mut r = (self.status, body).into_response();
        let h = r.headers_mut();
        h.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        no_store(h);
        if self.status == StatusCode::UNAUTHORIZED {
            let text = if self.unpresented {
                "Bearer realm=\"muster\"".to_owned()
            } else if self.bearer {
                format!(
                    "Bearer error=\"{}\", error_description=\"{}\"",
                    self.error, self.description
                )
            } else {
                "Basic realm=\"muster\", charset=\"UTF-8\"".to_owned()
            };
            if let Ok(v) = HeaderValue::from_str(&text) {
                h.insert(header::WWW_AUTHENTICATE, v);
            }
        }
        if let Some(s) = self.retry_after {
            h.insert(header::RETRY_AFTER, HeaderValue::from(s));
        }
        r
    }
}

/// Tokens and their errors are kept by nobody (RFC 6749 5.1).
pub(super) fn no_store(h: &mut axum::http::HeaderMap) {
    h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    h.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}
