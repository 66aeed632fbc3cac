//! The issuer's pages, as types.

use crate::{app::App, apps::About, error::Error, id::RequestId, web};
use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

/// Renders a page; with a picture of the application, its origin may be loaded from.
pub(super) fn show(
    app: &App,
    request: RequestId,
    picture: Option<&str>,
    page: &impl Template,
) -> Response {
    match page.render() {
        Ok(text) => match picture {
            Some(origin) => {
                let loads = web::Loads { picture: Some(origin), script: false };
                web::html_that_loads(StatusCode::OK, text, loads)
            }
            None => web::html(StatusCode::OK, text),
        },
        Err(e) => web::Refusal::new(app, request, Error::internal(e)).into_response(),
    }
}

/// May this application?
#[derive(Template)]
#[template(path = "consent.html")]
pub(super) struct Consent {
    pub title: String,
    pub brand: String,
    pub about: About,
    pub user_name: String,
    pub company: String,
    /// What it wants, in words.
    pub wants: Vec<String>,
    pub flow: String,
    pub session: String,
    pub scope: String,
}

/// Sign out, really?
#[derive(Template)]
#[template(path = "logout.html")]
pub(super) struct Logout {
    pub title: &'static str,
    pub brand: String,
    pub user_name: String,
    /// The application that asks.
    pub asks: Option<String>,
    /// What it asked with, to be read again.
    pub fields: Vec<(&'static str, String)>,
}

/// It is done.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub(super) struct SignedOut {
    pub title: &'static str,
    pub brand: String,
    /// The application one came from, and its home page.
    pub back: Option<(String, String)>,
}
