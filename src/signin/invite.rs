//! The way in for somebody who was invited: the page of the link (which changes nothing, whoever opens it), the button on
//! it, and the two ways to accept.

use super::{
    caller, chooser,
    error::or_page,
    pages::{self, Way},
};
use crate::{
    app::App,
    directories,
    error::{Error, Kind, Result},
    flows::{self, After, State as Flow},
    id::{FlowId, RequestId, TenantId, UserId},
    invitations::{self, Closed, Invited, Opened, PageWords},
    tenants,
    web::{Browser, LiveSession, Redirect, Sought, StrictForm, StrictPath},
};
use askama::Template;
use axum::{
    extract::{Extension, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

#[derive(Template)]
#[template(path = "invite.html")]
struct Invite {
    title: String,
    brand: String,
    lang: &'static str,
    words: &'static PageWords,
    token: String,
    email: String,
    inviter: String,
    company: String,
    roles: Vec<(String, Option<String>)>,
    until: String,
    /// Who is signed in in this browser, if that is somebody else.
    other: Option<String>,
}

#[derive(Template)]
#[template(path = "invite_closed.html")]
struct Over {
    title: &'static str,
    brand: String,
    explanation: &'static str,
    advice: &'static str,
}

/// The page of every link that does not open, whatever the reason.
#[derive(Template)]
#[template(path = "invite_dead.html")]
struct Dead {
    title: &'static str,
    brand: String,
    token: String,
}

#[derive(Template)]
#[template(path = "invite_asked.html")]
struct Asked {
    title: &'static str,
    brand: String,
}

#[derive(Template)]
#[template(path = "invite_ways.html")]
struct Choices {
    title: String,
    brand: String,
    lang: &'static str,
    words: &'static PageWords,
    flow: FlowId,
    email: String,
    ways: Vec<Way>,
}

/// `GET /invite/{token}`: what the invitation says, and a button.
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    session: Option<LiveSession>,
) -> Response {
    or_page(&app, request, shown(&app, token, session.as_ref()).await)
}

async fn shown(app: &App, token: String, session: Option<&LiveSession>) -> Result<Response> {
    let opened = match invitations::find(&app.store, &token).await? {
        Ok(invited) => invitations::open(&app.store, &app.access, &invited).await?,
        Err(why) => Err(why),
    };
    let Ok(Opened { invitation, user, company, roles, told }) = opened else {
        return Ok(dead(app, &token));
    };
    let other = session.filter(|s| s.user != user.id).map(|s| s.user_name.clone());
    let page = Invite {
        title: told.title,
        brand: pages::brand(app),
        lang: told.lang,
        words: told.words,
        token,
        email: invitation.email,
        inviter: told.inviter,
        company,
        roles,
        until: told.until,
        other,
    };
    Ok(pages::show(StatusCode::OK, &page))
}

/// The page of a link that does not open. It is the same for all of them, and for links that never were: whoever finds
/// an old letter does not learn what became of it.
fn dead(app: &App, token: &str) -> Response {
    // What was no link of ours may hold anything.
    let token = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let page = Dead { title: "This link does not open", brand: pages::brand(app), token };
    pages::show(StatusCode::GONE, &page)
}

/// `POST /invite/{token}/again`: whoever can send it again is told. The answer is the same, whatever comes of it.
pub(super) async fn ask(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let done = invitations::ask(&app.store, &caller::platform(request), &token).await;
    let page = Asked { title: "You have asked", brand: pages::brand(&app) };
    or_page(&app, request, done.map(|()| pages::show(StatusCode::OK, &page)))
}

/// The page of an invitation that ended while the person was on their way in: they had its link when it opened.
pub(super) fn closed(app: &App, why: Closed) -> Response {
    let (title, explanation, advice) = match why {
        Closed::Unknown => (
            "This link leads nowhere",
            "It is not complete, or a newer letter has replaced it.",
            "Open the link in the newest letter, or ask whoever invited you for another one.",
        ),
        Closed::Accepted => (
            "This invitation was accepted",
            "Each invitation opens once, and this one was used.",
            "If it was you, just sign in. If it was not, tell your administrator at once.",
        ),
        Closed::Expired => (
            "This invitation is over",
            "It was not accepted in time.",
            "Ask whoever invited you to send it again.",
        ),
        Closed::Revoked => (
            "This invitation was taken back",
            "It cannot be accepted any more.",
            "Ask your administrator if that is a mistake.",
        ),
        Closed::Suspended => (
            "This invitation cannot be accepted now",
            "An account or a company that it depends on is switched off, or you have a way to sign in by now.",
            "Try to sign in. If that does not work, ask your administrator.",
        ),
    };
    let page = Over { title, brand: pages::brand(app), explanation, advice };
    pages::show(StatusCode::GONE, &page)
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `POST /invite/{token}`: the person wants it; from here on it is a sign-in.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    browser: Browser,
    session: Option<LiveSession>,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    or_page(&app, request, begun(&app, request, &token, &browser, session.as_ref()).await)
}

async fn begun(
    app: &App,
    request: RequestId,
    token: &str,
    browser: &Browser,
    session: Option<&LiveSession>,
) -> Result<Response> {
    let Ok(invited) = invitations::find(&app.store, token).await? else {
        return Ok(dead(app, token));
    };
    let Ok(opened) = invitations::open(&app.store, &app.access, &invited).await? else {
        return Ok(dead(app, token));
    };
    not_another(&opened, session)?;
    let tenant = Some(invited.tenant);
    let mut flow = Flow::new(After::Invitation(invited), tenant);
    flow.login_hint = Some(opened.invitation.email);
    let id = flows::begin(&app.store, &caller::platform(request), flow, browser.hash()).await?;
    Ok(browser.keep(Redirect::to(&format!("/signin/{id}")).into_response()))
}

/// The dispatcher's page for such a flow: the tenant's directories, or a password; onwards when it was accepted.
pub(super) async fn ways(
    app: &App,
    request: RequestId,
    (id, flow): (FlowId, &Flow),
    invited: &Invited,
    session: Option<&LiveSession>,
    sought: &Sought,
) -> Result<Response> {
    let opened = match invitations::open(&app.store, &app.access, invited).await? {
        Ok(opened) => opened,
        Err(why @ Closed::Accepted) => {
            let Some(s) = session else { return Ok(closed(app, why)) };
            if let Some(page) = chooser::ask(app, id, flow, s, sought).await? {
                return Ok(page);
            }
            flows::end(&app.store, &caller::platform(request), id).await?;
            return accepted(app, invited).await;
        }
        Err(why) => return Ok(closed(app, why)),
    };
    not_another(&opened, session)?;
    let ways = directories::ways_in(&app.store, invited.tenant).await?;
    if ways.is_empty() || flow.enrolment.is_some() {
        return Ok(Redirect::to(&format!("/enrol/{id}")).into_response());
    }
    let page = Choices {
        title: opened.told.join,
        brand: pages::brand(app),
        lang: opened.told.lang,
        words: opened.told.words,
        flow: id,
        email: opened.invitation.email,
        ways: ways.into_iter().map(|(id, name)| Way { id: id.to_string(), name }).collect(),
    };
    Ok(pages::show(StatusCode::OK, &page))
}

/// Nobody takes an invitation of somebody else's by being signed in.
fn not_another(opened: &Opened, session: Option<&LiveSession>) -> Result<()> {
    let Some(s) = session.filter(|s| s.user != opened.user.id) else { return Ok(()) };
    let text = format!(
        "you are signed in as {}, and this invitation is for {}; sign out first, then open the link again",
        s.user_name, opened.invitation.email
    );
    Err(Error::new(Kind::Conflict, text))
}

/// Where somebody goes who has just accepted with a password: who may act in several companies now is asked in which
/// first, by the flow, which goes on; for anybody else it has ended.
pub(super) async fn welcome(
    app: &App,
    request: RequestId,
    (id, flow): (FlowId, &Flow),
    invited: &Invited,
    (home, user): (TenantId, UserId),
) -> Result<Response> {
    let cx = caller::platform(request);
    if tenants::several(&app.store, &app.access, home, user).await? {
        flows::put(&app.store, &cx, id, flow).await?;
        return Ok(Redirect::to(&format!("/signin/{id}")).into_response());
    }
    flows::end(&app.store, &cx, id).await?;
    accepted(app, invited).await
}

/// The page there says that it was accepted, and whether all that was planned was given.
async fn accepted(app: &App, invited: &Invited) -> Result<Response> {
    let all = invitations::all_given(&app.store, invited).await?;
    let done = if all { "invited" } else { "partly" };
    Ok(Redirect::to(&format!("/me?done={done}")).into_response())
}
