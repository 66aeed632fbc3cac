//! The page behind the link that a first start prints: who are you, and what is your company called.

use super::{caller, error::or_page, pages};
use crate::{
    app::App,
    error::{Kind, Result},
    flows::{self, After, State as Flow},
    id::{RequestId, UserId},
    invitations,
    secret::{ExposeSecret as _, Secret},
    setup::{self, Draft},
    web::{self, Browser, Redirect, StrictForm, StrictPath},
};
use askama::Template;
use axum::{
    extract::{Extension, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

#[derive(Template)]
#[template(path = "setup.html")]
struct Page {
    title: &'static str,
    brand: String,
    token: String,
    least: usize,
    passkeys: bool,
    /// The provider's name where it exists already.
    fixed: Option<String>,
    company: String,
    user_name: String,
    display_name: String,
    email: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "setup_closed.html")]
struct Over {
    title: &'static str,
    brand: String,
}

/// `GET /setup/{token}`: looking changes nothing.
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
) -> Response {
    or_page(&app, request, ask(&app, token, Typed::default(), None).await)
}

async fn ask(app: &App, token: String, t: Typed, problem: Option<String>) -> Result<Response> {
    if setup::open(&app.store, &token).await?.is_none() {
        return Ok(over(app));
    }
    let (_, _, fixed) = setup::provider(&app.store).await?;
    let page = Page {
        title: "Set up this instance",
        brand: pages::brand(app),
        token,
        least: app.config.signin.least(true),
        passkeys: app.credentials.passkeys(),
        fixed,
        company: t.company.unwrap_or_default(),
        user_name: t.user_name,
        display_name: t.display_name,
        email: t.email,
        problem,
    };
    Ok(pages::show(StatusCode::OK, &page))
}

fn over(app: &App) -> Response {
    let page = Over { title: "This link is over", brand: pages::brand(app) };
    pages::show(StatusCode::GONE, &page)
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    company: Option<String>,
    user_name: String,
    display_name: String,
    email: String,
    password: Secret,
    password_again: Secret,
}

/// `POST /setup/{token}`: keeps what was typed in the flow row; nothing is made before the second factor is proved.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    browser: Browser,
    StrictForm(typed): StrictForm<Typed>,
) -> Response {
    or_page(&app, request, begun(&app, request, token, &browser, typed).await)
}

async fn begun(
    app: &App,
    request: RequestId,
    token: String,
    browser: &Browser,
    typed: Typed,
) -> Result<Response> {
    let Some(hash) = setup::open(&app.store, &token).await? else { return Ok(over(app)) };
    let (tenant, exists, name) = setup::provider(&app.store).await?;
    let given = |s: &str| Some(s.trim().to_owned()).filter(|s| !s.is_empty());
    let company = name.or_else(|| typed.company.as_deref().and_then(given));
    let email = given(&typed.email);
    let user_name = given(&typed.user_name).or_else(|| email.clone());
    let fits = |name: &String| crate::text::key("name", name).is_ok();
    let problem = match (&company, &user_name) {
        (None, _) => Some("Your company needs a name."),
        (_, None) => Some("You need a user name or an e-mail address to sign in with."),
        (Some(c), Some(u)) if !fits(c) || !fits(u) => Some("A name here is too long."),
        _ if email.as_deref().is_some_and(|e| invitations::address(e).is_err()) => {
            Some("That is not an e-mail address.")
        }
        _ if typed.password.expose_secret() != typed.password_again.expose_secret() => {
            Some("The two passwords are not the same.")
        }
        _ => None,
    };
    let (Some(company), Some(user_name), None) = (company, user_name, problem) else {
        return ask(app, token, typed, problem.map(str::to_owned)).await;
    };
    let draft = Draft {
        hash,
        tenant,
        exists,
        slug: setup::free_slug(&app.store, &company).await?,
        company,
        user: UserId::new(),
        user_name,
        display_name: given(&typed.display_name),
        email,
    };
    if typed.password.expose_secret().is_empty() && app.credentials.passkeys() {
        let flow = Flow::new(After::Setup(draft), None);
        let id = flows::begin(&app.store, &caller::platform(request), flow, browser.hash()).await?;
        return Ok(browser.keep(Redirect::to(&format!("/enrol/{id}")).into_response()));
    }
    let mut known = vec![draft.user_name.as_str(), draft.company.as_str()];
    known.extend(draft.display_name.as_deref());
    known.extend(draft.email.as_deref());
    let mut enrolment = match app.credentials.choose(&typed.password, &known, true).await {
        Ok(e) => e,
        Err(e) if e.kind() == Kind::Invalid => {
            let text = web::sentence(e.detail());
            return ask(app, token, typed, Some(text)).await;
        }
        Err(e) => return Err(e),
    };
    app.credentials.offer_code(&mut enrolment, draft.tenant, draft.user)?;
    let mut flow = Flow::new(After::Setup(draft), None);
    flow.enrolment = Some(enrolment);
    let id = flows::begin(&app.store, &caller::platform(request), flow, browser.hash()).await?;
    Ok(browser.keep(Redirect::to(&format!("/enrol/{id}/code")).into_response()))
}
