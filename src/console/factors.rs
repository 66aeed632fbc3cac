//! What a person signs in with, on a page of their own: to see, add and remove.

use super::when;
use crate::{
    app::App,
    credentials::{Bound, Offered, Own},
    error::{Error, Kind, Result},
    id::{CeremonyId, PasskeyId},
    secret::{ExposeSecret, Secret},
    store::{Cx, Scope},
    tenants::{self, Required},
    web::{
        self, Caller, LiveSession, Loads, Redirect, Refusal, RequestId, StrictForm, StrictQuery,
    },
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/me/factors", get(show))
        .route("/me/factors/passkey", post(add_passkey))
        .route("/me/factors/passkey/begin", post(begin_passkey))
        .route("/me/factors/passkey/remove", get(ask_passkey).post(remove_passkey))
        .route("/me/factors/recovery-codes", get(show_codes).post(recovery_codes))
        .route("/me/factors/code", post(offer_code))
        .route("/me/factors/code/prove", post(prove_code))
        .route("/me/factors/code/remove", get(ask_code).post(remove_code))
        .route("/me/factors/password", post(password))
}

/// A passkey, as its owner sees it.
struct Passkey {
    id: PasskeyId,
    name: String,
    /// For machines and for people.
    since: (String, String),
    used: Option<(String, String)>,
    /// Whether it is not taken any more.
    suspect: bool,
}

#[derive(Template)]
#[template(path = "factors.html")]
struct Page {
    title: &'static str,
    brand: String,
    user_name: String,
    slug: String,
    /// `None`: their directory signs them in.
    own: Option<Own>,
    list: Vec<Passkey>,
    passkeys: bool,
    /// Whether the password alone still signs in.
    alone: bool,
    /// The least length of a password.
    least: usize,
    done: Option<&'static str>,
    problem: Option<String>,
    /// Whether that is about the password that was typed, and is said there.
    of_password: bool,
}

impl Page {
    /// What is said at the top.
    fn above(&self) -> Option<&str> {
        self.problem.as_deref().filter(|_| !self.of_password)
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// What was just done.
    done: Option<String>,
}

async fn show(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: Option<LiveSession>,
    StrictQuery(shown): StrictQuery<Shown>,
) -> Response {
    let Some(session) = session else { return Redirect::to("/signin").into_response() };
    let done = match shown.done.as_deref() {
        Some("added") => Some("The passkey was added. From now on it signs you in."),
        Some("removed") => Some("The passkey was removed."),
        Some("code") => Some("Your authenticator app gives you one-time codes from now on."),
        Some("no-code") => Some("You are not asked for one-time codes any more."),
        Some("shown") => {
            Some("Recovery codes are shown once. If you did not keep them, make new ones.")
        }
        Some("password") => Some(
            "Your password was changed. Wherever else you were signed in, you are not any more.",
        ),
        _ => None,
    };
    or_refusal(&app, request, page(&app, &session, done, None, false).await)
}

fn or_refusal(app: &App, request: crate::id::RequestId, answer: Result<Response>) -> Response {
    answer.unwrap_or_else(|e| Refusal::new(app, request, e).into_response())
}

async fn page(
    app: &App,
    s: &LiveSession,
    done: Option<&'static str>,
    problem: Option<String>,
    of_password: bool,
) -> Result<Response> {
    let own = app.credentials.own(s).await?;
    let list = own.iter().flat_map(|o| &o.passkeys).map(|p| Passkey {
        id: p.id,
        name: p.name.clone(),
        since: when(p.created_at),
        used: p.last_used_at.map(when),
        suspect: p.suspect_at.is_some(),
    });
    let demanded = app.gate.demanded(s.home, s.user, s.home).await?;
    let alone = own.as_ref().is_some_and(|o| {
        o.has.alone && !o.has.code && o.has.passkeys > 0 && demanded == Required::None
    });
    let of_password = of_password && own.as_ref().is_some_and(|o| o.fresh);
    let page = Page {
        title: "What you sign in with",
        brand: app.config.brand.name.clone(),
        user_name: s.user_name.clone(),
        slug: tenants::get(&app.store, s.home).await?.slug,
        list: list.collect(),
        passkeys: app.credentials.passkeys() && own.as_ref().is_some_and(|o| o.fresh),
        least: app.config.signin.least(own.as_ref().is_some_and(|o| o.has.second())),
        alone,
        own,
        done,
        problem,
        of_password,
    };
    let status = if page.problem.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let loads = Loads { picture: None, script: page.passkeys };
    Ok(web::html_that_loads(status, page.render().map_err(Error::internal)?, loads))
}

/// What the person does to what is theirs.
fn cx(caller: Caller, s: &LiveSession) -> Cx {
    Cx::new(caller.actor, Scope::Tenant(s.home))
}

/// Back to the page; what did not work is said there.
async fn after(
    app: &App,
    s: &LiveSession,
    done: Result<()>,
    word: &'static str,
) -> Result<Response> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/me/factors?done={word}")).into_response()),
        Err(e) if matches!(e.kind(), Kind::NeedsStepUp | Kind::Conflict | Kind::Invalid) => {
            let typed = word == "password" && e.kind() != Kind::NeedsStepUp;
            page(app, s, None, Some(web::sentence(e.detail())), typed).await
        }
        Err(e) => Err(e),
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The question, for the script.
async fn begin_passkey(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let asked = async {
        app.credentials.may_change(&session).await?;
        let (cx, bound) = (cx(caller, &session), Bound::session(session.id));
        let label = session.display_name.as_deref().unwrap_or(&session.user_name);
        let who = (session.home, session.user);
        let asked = app.credentials.ask_for_new(&cx, &bound, who, &session.user_name, label);
        Ok(web::document(&asked.await?))
    };
    or_refusal(&app, request, asked.await)
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    ceremony: CeremonyId,
    credential: String,
    name: String,
}

async fn add_passkey(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(m): StrictForm<Made>,
) -> Response {
    let (cx, bound) = (cx(caller, &session), Bound::session(session.id));
    let added = async {
        let c = &app.credentials;
        let new = c.made(&cx, &bound, m.ceremony, &m.credential, &m.name).await?;
        c.add_passkey(&cx, &session, new).await
    };
    let added = added.await;
    or_refusal(&app, request, after(&app, &session, added, "added").await)
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    passkey: PasskeyId,
}

async fn remove_passkey(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(which): StrictForm<Which>,
) -> Response {
    let cx = cx(caller, &session);
    let removed = async {
        let demanded = app.gate.demanded(session.home, session.user, session.home).await?;
        app.credentials.remove_passkey(&cx, &session, which.passkey, demanded).await
    };
    let removed = removed.await;
    or_refusal(&app, request, after(&app, &session, removed, "removed").await)
}

/// The new codes, this once.
#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct Codes {
    title: &'static str,
    brand: String,
    user_name: String,
    all: Vec<Secret>,
}
impl Codes {
    fn shown(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(ExposeSecret::expose_secret)
    }
}

async fn recovery_codes(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let made = app.credentials.new_recovery_codes(&cx(caller, &session), &session).await;
    let answer = match made {
        // Elsewhere, so that loading the page again makes no others.
        Ok(id) => {
            Ok(Redirect::to(&format!("/me/factors/recovery-codes?made={id}")).into_response())
        }
        Err(e) => after(&app, &session, Err(e), "").await,
    };
    or_refusal(&app, request, answer)
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeCodes {
    made: CeremonyId,
}

async fn show_codes(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictQuery(MadeCodes { made }): StrictQuery<MadeCodes>,
) -> Response {
    let cx = cx(caller, &session);
    let answer = match app.credentials.recovery_codes_once(&cx, &session, made).await {
        Ok(Some(all)) => {
            let page = Codes {
                title: "Your recovery codes",
                brand: app.config.brand.name.clone(),
                user_name: session.user_name.clone(),
                all,
            };
            page.render().map_err(Error::internal).map(|text| web::html(StatusCode::OK, text))
        }
        Ok(None) => Ok(Redirect::to("/me/factors?done=shown").into_response()),
        Err(e) => Err(e),
    };
    or_refusal(&app, request, answer)
}

/// Asks once more before something is taken away.
#[derive(Template)]
#[template(path = "remove_factor.html")]
struct Remove {
    title: String,
    brand: String,
    action: &'static str,
    passkey: Option<PasskeyId>,
}

async fn ask_passkey(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    StrictQuery(which): StrictQuery<Which>,
) -> Response {
    let own = app.credentials.own(&session).await;
    let answer = own.and_then(|own| {
        let all = own.map(|o| o.passkeys).unwrap_or_default();
        let found = all.into_iter().find(|p| p.id == which.passkey);
        let found = found.ok_or_else(|| Error::not_found("a passkey of yours with this id"))?;
        let title = format!("Remove the passkey \"{}\"?", found.name);
        ask(&app, title, "/me/factors/passkey/remove", Some(found.id))
    });
    or_refusal(&app, request, answer)
}

async fn ask_code(
    State(app): State<App>,
    RequestId(request): RequestId,
    _: LiveSession,
) -> Response {
    let title = "Remove the one-time code?".to_owned();
    or_refusal(&app, request, ask(&app, title, "/me/factors/code/remove", None))
}

fn ask(
    app: &App,
    title: String,
    action: &'static str,
    passkey: Option<PasskeyId>,
) -> Result<Response> {
    let page = Remove { title, brand: app.config.brand.name.clone(), action, passkey };
    page.render().map_err(Error::internal).map(|text| web::html(StatusCode::OK, text))
}

/// The picture of a one-time code that is not in force yet.
#[derive(Template)]
#[template(path = "own_code.html")]
struct Offer {
    title: &'static str,
    brand: String,
    ceremony: CeremonyId,
    picture: String,
    secret: String,
    problem: Option<&'static str>,
}

fn offer(
    app: &App,
    (ceremony, offered): (CeremonyId, Offered),
    problem: Option<&'static str>,
) -> Result<Response> {
    let page = Offer {
        title: "Set up an authenticator app",
        brand: app.config.brand.name.clone(),
        ceremony,
        picture: web::picture(offered.otpauth.expose_secret())?,
        secret: web::grouped(offered.secret.expose_secret()),
        problem,
    };
    Ok(web::html(StatusCode::OK, page.render().map_err(Error::internal)?))
}

async fn offer_code(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let (cx, brand) = (cx(caller, &session), &app.config.brand.name);
    let answer = match app.credentials.offer_own_code(&cx, &session, brand).await {
        Ok(offered) => offer(&app, offered, None),
        Err(e) => after(&app, &session, Err(e), "").await,
    };
    or_refusal(&app, request, answer)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Proved {
    ceremony: CeremonyId,
    code: String,
}

async fn prove_code(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(p): StrictForm<Proved>,
) -> Response {
    let (cx, brand) = (cx(caller, &session), &app.config.brand.name);
    let shown = (p.ceremony, p.code.as_str());
    let answer = match app.credentials.prove_own_code(&cx, &session, brand, shown).await {
        Ok(Some(again)) => {
            let text = "That is not the code your app should show now. Scan the picture again, or check the clock of your \
                        telephone.";
            offer(&app, again, Some(text))
        }
        Ok(None) => after(&app, &session, Ok(()), "code").await,
        Err(e) => after(&app, &session, Err(e), "").await,
    };
    or_refusal(&app, request, answer)
}

async fn remove_code(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let cx = cx(caller, &session);
    let removed = async {
        let demanded = app.gate.demanded(session.home, session.user, session.home).await?;
        app.credentials.remove_own_code(&cx, &session, demanded).await
    };
    let removed = removed.await;
    or_refusal(&app, request, after(&app, &session, removed, "no-code").await)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// For the browser's password manager.
    #[serde(rename = "user_name")]
    _user_name: Option<String>,
    password: Secret,
    password_again: Secret,
}

async fn password(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    caller: Caller,
    StrictForm(chosen): StrictForm<Chosen>,
) -> Response {
    let set = async {
        if chosen.password.expose_secret() != chosen.password_again.expose_secret() {
            return Err(Error::invalid("the two passwords are not the same"));
        }
        app.credentials.change_password(&cx(caller, &session), &session, &chosen.password).await
    };
    let set = set.await;
    or_refusal(&app, request, after(&app, &session, set, "password").await)
}
