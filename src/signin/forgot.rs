//! "I forgot my password": who asks sees the same page whoever exists, and the link that is sent sets another one. Opening it
//! changes nothing; the button does.

use super::{caller, error::or_page, local::wait, pages};
use crate::{
    app::App,
    credentials::reset::{Did, Resetting},
    error::{Kind, Result},
    id::RequestId,
    secret::{ExposeSecret as _, Secret},
    web::{self, StrictForm, StrictPath},
};
use askama::Template;
use axum::{
    extract::{Extension, State},
    http::StatusCode,
    response::Response,
};

#[derive(Template)]
#[template(path = "forgot.html")]
struct Forgot {
    title: &'static str,
    brand: String,
}

#[derive(Template)]
#[template(path = "forgot_asked.html")]
struct Asked {
    title: &'static str,
    brand: String,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct Reset {
    title: &'static str,
    brand: String,
    token: String,
    user_name: String,
    least: usize,
    code: bool,
    recovery: bool,
    only_passkey: bool,
    problem: Option<String>,
}

/// Where a link leads that does not open, and where one that was used does.
#[derive(Template)]
#[template(path = "reset_over.html")]
struct Over {
    title: &'static str,
    brand: String,
    done: bool,
}

/// `GET /forgot`
pub(super) async fn show(State(app): State<App>) -> Response {
    let page = Forgot { title: "Set a new password", brand: pages::brand(&app) };
    pages::show(StatusCode::OK, &page)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    user_name: String,
}

/// `POST /forgot`
pub(super) async fn ask(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictForm(typed): StrictForm<Name>,
) -> Response {
    let done = app.credentials.forgot(&caller::platform(request), &typed.user_name).await;
    let page = Asked { title: "Look into your mail", brand: pages::brand(&app) };
    or_page(&app, request, done.map(|()| pages::show(StatusCode::OK, &page)))
}

/// `GET /reset/{token}`
pub(super) async fn open(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
) -> Response {
    let shown = async {
        let opened = app.credentials.open_reset(&token).await?;
        Ok(opened.map_or_else(|| over(&app), |r| form(&app, token, &r, None)))
    };
    or_page(&app, request, shown.await)
}

fn over(app: &App) -> Response {
    let page = Over { title: "This link does not open", brand: pages::brand(app), done: false };
    pages::show(StatusCode::GONE, &page)
}

fn form(app: &App, token: String, r: &Resetting, problem: Option<String>) -> Response {
    let page = Reset {
        title: "Set a new password",
        brand: pages::brand(app),
        token,
        user_name: r.user_name().to_owned(),
        least: app.config.signin.least(r.has.second()),
        code: r.has.code,
        recovery: r.has.recovery > 0,
        only_passkey: r.only_passkey(),
        problem,
    };
    pages::show(StatusCode::OK, &page)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    /// For the browser's password manager; the name is known already.
    #[serde(rename = "user_name")]
    _user_name: Option<String>,
    password: Secret,
    password_again: Secret,
    #[serde(default)]
    code: String,
}

/// `POST /reset/{token}`
pub(super) async fn set(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    StrictForm(chosen): StrictForm<Chosen>,
) -> Response {
    or_page(&app, request, done(&app, request, token, chosen).await)
}

async fn done(app: &App, request: RequestId, token: String, chosen: Chosen) -> Result<Response> {
    let Some(r) = app.credentials.open_reset(&token).await? else { return Ok(over(app)) };
    if chosen.password.expose_secret() != chosen.password_again.expose_secret() {
        let text = "The two passwords are not the same.".to_owned();
        return Ok(form(app, token, &r, Some(text)));
    }
    let cx = caller::platform(request);
    let problem = match app.credentials.reset(&cx, &r, &chosen.password, &chosen.code).await {
        Ok(Did::Done) => {
            let title = "Your new password is set";
            let page = Over { title, brand: pages::brand(app), done: true };
            return Ok(pages::show(StatusCode::OK, &page));
        }
        Ok(Did::Over) => return Ok(over(app)),
        Ok(Did::Wrong) => "The code is not right, or was used already.".to_owned(),
        Ok(Did::Wait(seconds)) => wait(seconds),
        Err(e) if e.kind() == Kind::Invalid => web::sentence(e.detail()),
        Err(e) => return Err(e),
    };
    Ok(form(app, token, &r, Some(problem)))
}
