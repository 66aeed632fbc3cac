//! How a refusal sounds to a person at a browser: a page, in plain words.

use crate::{app::App, error::Result, id::RequestId, web::Refusal};
use axum::response::{IntoResponse as _, Response};

/// The answer, or the page that says why there is none.
pub(super) fn or_page(app: &App, request: RequestId, answer: Result<Response>) -> Response {
    answer.unwrap_or_else(|e| Refusal::new(app, request, e).into_response())
}
