//! "I forgot my password": who asks sees the same page whoever exists, and the link that is sent sets another one. Opening it
//! changes nothing; the button does.

use super::{caller, error::or_page, local::wait, pages, passkey::Nothing};
use crate::{
    app::App,
    credentials::reset::{Did, Resetting},
    error::{Kind, Result},
    flows::{self, After, State as Flow},
    id::RequestId,
    secret::{ExposeSecret as _, Secret},
    signins::{self, NewSignin, Reason},
    tx,
    web::{self, Browser, Device, Redirect, StrictForm, StrictPath, StrictQuery},
};
use askama::Template;
use axum::{
    extract::{Extension, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

#[derive(Template)]
#[template(path = "forgot.html")]
struct Forgot {
    title: &'static str,
    brand: String,
    /// The company at whose page it was said, sealed.
    at: Option<String>,
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
    instead: Instead,
    problem: Option<String>,
}

/// What there is in the place of a field for a new password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Instead {
    Nothing,
    /// They sign in with their passkey, and set a password then.
    Passkey,
    /// A second factor is set up with the password.
    Enrolment,
}

impl Reset {
    fn only_passkey(&self) -> bool {
        self.instead == Instead::Passkey
    }
    fn enrols(&self) -> bool {
        self.instead == Instead::Enrolment
    }
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
pub(super) async fn show(
    State(app): State<App>,
    StrictQuery(At { at }): StrictQuery<At>,
) -> Response {
    let page = Forgot { title: "Set a new password", brand: pages::brand(&app), at };
    pages::show(StatusCode::OK, &page)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    user_name: String,
    at: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct At {
    at: Option<String>,
}

/// `POST /forgot`
pub(super) async fn ask(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictForm(typed): StrictForm<Name>,
) -> Response {
    let (cx, at) = (caller::platform(request), typed.at.as_deref());
    let done = app.credentials.forgot(&cx, &typed.user_name, at).await;
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
        match opened {
            Some(r) => form(&app, token, &r, None).await,
            None => Ok(over(&app)),
        }
    };
    or_page(&app, request, shown.await)
}

pub(super) fn over(app: &App) -> Response {
    let page = Over { title: "This link does not open", brand: pages::brand(app), done: false };
    pages::show(StatusCode::GONE, &page)
}

/// Whether a second factor is to be set up with the password.
async fn enrols(app: &App, r: &Resetting) -> Result<bool> {
    let (home, user) = r.who();
    Ok(r.enrols(app.gate.demanded(home, user, home).await?))
}

async fn form(
    app: &App,
    token: String,
    r: &Resetting,
    problem: Option<String>,
) -> Result<Response> {
    let instead = match (r.only_passkey(), enrols(app, r).await?) {
        (true, _) => Instead::Passkey,
        (false, true) => Instead::Enrolment,
        (false, false) => Instead::Nothing,
    };
    let page = Reset {
        title: "Set a new password",
        brand: pages::brand(app),
        token,
        user_name: r.user_name().to_owned(),
        least: app.config.signin.least(r.has.second()),
        code: r.has.code,
        recovery: r.asks_recovery(),
        instead,
        problem,
    };
    Ok(pages::show(StatusCode::OK, &page))
}

/// `POST /reset/{token}/enrol`: on to the pages that set up a password and a second factor.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    browser: Browser,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let begun = async {
        let Some(r) = app.credentials.open_reset(&token).await? else { return Ok(over(&app)) };
        if !enrols(&app, &r).await? {
            return form(&app, token, &r, None).await;
        }
        let flow = Flow::new(After::Reset(r.ticket()), Some(r.who().0));
        let cx = caller::platform(request);
        let id = flows::begin(&app.store, &cx, flow, browser.hash()).await?;
        Ok(browser.keep(Redirect::to(&format!("/enrol/{id}")).into_response()))
    };
    or_page(&app, request, begun.await)
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
    Device(client): Device,
    StrictForm(chosen): StrictForm<Chosen>,
) -> Response {
    or_page(&app, request, done(&app, request, token, chosen, client).await)
}

/// What was wrong beside a new password, on record as at a sign-in: whoever guesses codes here is seen as well.
async fn missed(
    app: &App,
    request: RequestId,
    r: &Resetting,
    reason: Reason,
    client: serde_json::Value,
) -> Result<()> {
    let (home, user) = r.who();
    let detail = json!({ "client": client, "seen": { "at": "reset" }, "request": request });
    let new = NewSignin::not(reason, Some(user), None).detail(detail);
    let cx = caller::cx(home, request);
    tx!(app.store, &cx, [new], |tx| {
        tx.unaudited("the record of sign-ins is a trail of its own");
        signins::record(tx, home, &new).await.map(drop)
    })
}

async fn done(
    app: &App,
    request: RequestId,
    token: String,
    chosen: Chosen,
    client: serde_json::Value,
) -> Result<Response> {
    let Some(r) = app.credentials.open_reset(&token).await? else { return Ok(over(app)) };
    if chosen.password.expose_secret() != chosen.password_again.expose_secret() {
        let text = "The two passwords are not the same.".to_owned();
        return form(app, token, &r, Some(text)).await;
    }
    if enrols(app, &r).await? {
        // A page from before it was demanded: it goes on there.
        return form(app, token, &r, None).await;
    }
    let cx = caller::platform(request);
    let problem = match app.credentials.reset(&cx, &r, &chosen.password, &chosen.code).await {
        Ok(Did::Done) => {
            let title = "Your new password is set";
            let page = Over { title, brand: pages::brand(app), done: true };
            return Ok(pages::show(StatusCode::OK, &page));
        }
        Ok(Did::Over) => return Ok(over(app)),
        Ok(Did::Wrong) => {
            let six = chosen.code.chars().filter(char::is_ascii_digit).count() == 6;
            let reason = if six { Reason::CodeWrong } else { Reason::RecoveryWrong };
            missed(app, request, &r, reason, client).await?;
            "The code is not right, or was used already.".to_owned()
        }
        Ok(Did::Wait(seconds)) => {
            missed(app, request, &r, Reason::RateLimited, client).await?;
            wait(seconds)
        }
        Err(e) if e.kind() == Kind::Invalid => web::sentence(e.detail()),
        Err(e) => return Err(e),
    };
    form(app, token, &r, Some(problem)).await
}
