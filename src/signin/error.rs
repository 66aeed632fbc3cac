//! How a refusal sounds to a person at a browser: a page, in plain words.

use super::pages::{self, Message};
use crate::{
    app::App,
    error::{Error, Kind, Result},
};
use axum::{http::StatusCode, response::Response};

/// The answer, or the page that says why there is none.
pub(super) fn or_page(app: &App, answer: Result<Response>) -> Response {
    answer.unwrap_or_else(|e| page(app, &e))
}

fn page(app: &App, e: &Error) -> Response {
    let (status, title) = match e.kind() {
        Kind::Invalid | Kind::TooLarge | Kind::Precondition | Kind::Conflict => {
            (StatusCode::BAD_REQUEST, "That did not work")
        }
        Kind::Unauthenticated | Kind::NeedsStepUp => {
            (StatusCode::UNAUTHORIZED, "Please sign in again")
        }
        Kind::Forbidden => (StatusCode::FORBIDDEN, "You may not do this"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "There is nothing here"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts"),
        Kind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "We do not do this"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Try again shortly"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
    };
    if matches!(e.kind(), Kind::Internal | Kind::Unavailable) {
        tracing::error!(error = e.operator_text().unwrap_or(e.detail()), "a sign-in failed");
    }
    let explanation = e.detail().to_owned();
    pages::show(status, &Message { title, brand: pages::brand(app), explanation })
}
