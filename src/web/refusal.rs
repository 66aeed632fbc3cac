//! A refusal that a person sees: a plain page, without a word of theirs in it.

use crate::error::{Error, Kind};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};

/// An error, shown as a page: what the extractors here refuse with.
#[derive(Debug, Clone)]
pub struct Refusal(pub Error);

impl From<Error> for Refusal {
    fn from(e: Error) -> Self {
        Self(e)
    }
}

/// The status of each kind.
fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden | Kind::NeedsStepUp => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Precondition => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let e = self.0;
        if let Some(cause) = e.operator_text() {
            tracing::warn!(detail = e.detail(), cause, "a page was refused");
        }
        let detail = escaped(e.detail());
        let page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>This did not work</title><link rel=\"stylesheet\" href=\"/assets/muster.css\"></head>\
             <body><main><h1>This did not work</h1><p>{detail}</p>\
             <p><a href=\"/signin\">Begin again</a></p></main></body></html>\n"
        );
        let mut r = super::html(status(e.kind()), page);
        if let Some(s) = e.retry_after_secs() {
            r.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
        }
        r
    }
}
