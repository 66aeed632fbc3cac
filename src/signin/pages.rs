//! The pages, as types: what a template shows is a field here, and the compiler holds the two together.

use crate::{
    app::App,
    apps::About,
    flows::{After, State},
    id::FlowId,
    web::{self, Found, Loads},
};
use askama::Template;
use axum::{http::StatusCode, response::Response};

/// The service's name.
pub(super) fn brand(app: &App) -> String {
    app.config.brand.name.clone()
}

/// Renders a page.
pub(super) fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => web::html(status, text),
        Err(e) => {
            tracing::error!(error = %e, "a page cannot be rendered");
            web::html(StatusCode::INTERNAL_SERVER_ERROR, "an internal error occurred".to_owned())
        }
    }
}

/// The application that a flow began at.
pub(super) fn about(flow: &State) -> Option<About> {
    match &flow.after {
        After::Authorize { about, .. } => Some(about.clone()),
        _ => None,
    }
}

/// Renders a page of a sign-in to an application: its picture is loaded from where it is registered, and from nowhere
/// else.
pub(super) fn show_for(app: Option<&About>, page: &impl Template) -> Response {
    show_that_loads(app, false, page)
}

/// The same of a page that may have passkeys, and the script for them.
pub(super) fn show_that_loads(app: Option<&About>, script: bool, page: &impl Template) -> Response {
    let origin = app.and_then(About::logo_origin);
    match page.render() {
        Ok(text) => {
            let loads = Loads { picture: origin.as_deref(), script };
            web::html_that_loads(StatusCode::OK, text, loads)
        }
        Err(_) => show(StatusCode::OK, page),
    }
}

/// Who are you?
#[derive(Template)]
#[template(path = "email.html")]
pub(super) struct Address {
    pub title: &'static str,
    pub brand: String,
    pub flow: FlowId,
    /// The application that the sign-in is for.
    pub app: Option<About>,
    /// What was typed before.
    pub email: String,
    pub problem: Option<String>,
    /// Whether there are passkeys here.
    pub passkeys: bool,
    /// Why one was not taken.
    pub passkey_problem: Option<String>,
}

/// A tenant to act in.
pub(super) struct Place {
    pub id: String,
    pub slug: String,
    pub name: String,
    /// The person's own.
    pub home: bool,
    pub roles: Vec<String>,
}

/// In which company do you want to act?
#[derive(Template)]
#[template(path = "chooser.html")]
pub(super) struct Chooser {
    pub title: &'static str,
    pub brand: String,
    pub flow: FlowId,
    /// The application that the sign-in is for.
    pub app: Option<About>,
    pub user_name: String,
    pub companies: Found,
    pub places: Vec<Place>,
}

/// A directory to sign in with.
pub(super) struct Way {
    pub id: String,
    pub name: String,
}

/// Which way in?
#[derive(Template)]
#[template(path = "ways.html")]
pub(super) struct WhichWay {
    pub title: &'static str,
    pub brand: String,
    pub flow: FlowId,
    /// The application that the sign-in is for.
    pub app: Option<About>,
    /// `None` where the page must not say it.
    pub tenant: Option<String>,
    /// The company's short name, as it was typed.
    pub slug: Option<String>,
    pub ways: Vec<Way>,
    pub problem: Option<String>,
    /// What was typed before.
    pub user_name: String,
    /// Where it was said, for who forgot their password; sealed.
    pub forgot: String,
    pub open_local: bool,
    /// Whether there are passkeys here.
    pub passkeys: bool,
}

/// What comes after the password.
#[derive(Template)]
#[template(path = "code.html")]
pub(super) struct Code {
    pub title: &'static str,
    pub brand: String,
    pub flow: FlowId,
    /// The application that the sign-in is for.
    pub app: Option<About>,
    pub problem: Option<String>,
    /// Whether the person has a one-time code, recovery codes, passkeys.
    pub one_time: bool,
    pub recovery: bool,
    pub passkeys: bool,
}

/// A sign-in that was refused, for the person at the browser.
#[derive(Template)]
#[template(path = "refused.html")]
pub(super) struct Refused {
    pub title: &'static str,
    pub brand: String,
    pub explanation: &'static str,
    pub advice: &'static str,
    /// Under which it is on record.
    pub reference: Option<String>,
}
