//! A refusal that a person sees: a plain page, and where the log has more of it, the reference under which.

use crate::{
    app::App,
    error::{Error, Kind},
    id::RequestId,
};
use askama::Template;
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
};

/// An error, shown as a page: what the extractors here and the pages' voices refuse with.
#[derive(Debug, Clone)]
pub struct Refusal {
    error: Error,
    brand: Option<String>,
    request: Option<RequestId>,
}

impl Refusal {
    /// The page of an error on the way of a request.
    pub fn new(app: &App, request: RequestId, error: Error) -> Self {
        let brand = Some(app.config.brand.name.clone());
        Self { error, brand, request: Some(request) }
    }
    /// The same, before the handler.
    pub(super) fn at(app: &App, parts: &Parts, error: Error) -> Self {
        let brand = Some(app.config.brand.name.clone());
        Self { error, brand, request: parts.extensions.get().copied() }
    }
}
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, brand: None, request: None }
    }
}

/// One sentence.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    brand: &'a str,
    explanation: &'a str,
    reference: Option<RequestId>,
}

/// Status and title of each kind.
fn face(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, "That did not work"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Please sign in"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "You may not do this"),
        Kind::NeedsStepUp => (StatusCode::FORBIDDEN, "Please sign in again"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "There is nothing here"),
        Kind::Conflict => (StatusCode::CONFLICT, "That did not work"),
        Kind::Precondition => (StatusCode::PRECONDITION_FAILED, "That did not work"),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "That is too much"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts"),
        Kind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "We do not do this"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Try again shortly"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let e = self.error;
        let (status, title) = face(e.kind());
        // What the log has no more of than the page says has no reference.
        let logged = status.is_server_error() || e.operator_text().is_some();
        let reference = self.request.filter(|_| logged);
        if logged {
            let cause = e.operator_text().unwrap_or_default();
            let under = reference.map(|r| r.to_string());
            if status.is_server_error() {
                tracing::error!(reference = under, detail = e.detail(), cause, "a page failed");
            } else {
                tracing::warn!(reference = under, detail = e.detail(), cause, "a page was refused");
            }
        }
        let page = Message {
            title,
            brand: self.brand.as_deref().unwrap_or_default(),
            explanation: &sentence(e.detail()),
            reference,
        };
        let text = page.render().unwrap_or_else(|_| e.detail().to_owned());
        let mut r = super::html(status, text);
        if let Some(s) = e.retry_after_secs() {
            r.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
        }
        r
    }
}

/// A page for what is refused before any voice is reached.
pub fn notice(status: StatusCode, detail: &str) -> Response<Body> {
    let title = match status {
        StatusCode::NOT_FOUND => face(Kind::NotFound).1,
        StatusCode::TOO_MANY_REQUESTS => face(Kind::RateLimited).1,
        s if s.is_server_error() => face(Kind::Internal).1,
        _ => face(Kind::Invalid).1,
    };
    let page = Message { title, brand: "", explanation: &sentence(detail), reference: None };
    super::html(status, page.render().unwrap_or_else(|_| detail.to_owned()))
}

/// Errors speak in half sentences.
pub fn sentence(detail: &str) -> String {
    let mut rest = detail.trim_end_matches('.').chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str())
}
