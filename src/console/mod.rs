//! HTML pages for people who are signed in: their own page, with their rights and sessions, and what they sign in with. It
//! knows sessions and rights, and nothing of how somebody got in.

mod elevations;
mod factors;
mod own;

use crate::{
    access::{self, Effective, Reach, catalogue::SELF_SERVICE},
    actor::Actor,
    app::App,
    apps::consents,
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{AppId, SessionId, TenantId},
    sessions::{self, Listed, Who},
    store::{Cx, Scope},
    tenants, tx,
    users::{self, Mine},
    web::{
        self, Browser, Caller, Found, LiveSession, Redirect, Refusal, RequestId, Sought,
        StrictForm, StrictQuery,
    },
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use own::{Opens, Why, administers};
use std::collections::BTreeSet;

/// The voice's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/me") }))
        .route("/me", get(me))
        .route("/me/signout", post(sign_out))
        .route("/me/sessions/end", post(end_session))
        .route("/me/sessions/name", post(name_session))
        .route("/me/sessions/end-others", post(end_others))
        .route("/me/consents/withdraw", post(withdraw))
        .merge(elevations::routes())
        .merge(factors::routes())
}

/// What somebody may do in one tenant.
struct Place {
    slug: String,
    name: String,
    roles: Vec<String>,
    permissions: Vec<String>,
    why: Vec<Why>,
}

/// What somebody may do wherever there is a company.
struct Wide {
    id: &'static str,
    name: &'static str,
    roles: Vec<String>,
    permissions: Vec<String>,
    why: Vec<Why>,
}

/// A place where somebody is signed in.
struct Session {
    id: SessionId,
    this: bool,
    name: Option<String>,
    device: String,
    from: Option<String>,
    how: &'static str,
    /// For machines and for people.
    since: (String, String),
    seen: (String, String),
}

/// What somebody lets an application know and do.
struct Agreed {
    app: AppId,
    name: String,
    /// In words.
    lets: Vec<String>,
    /// For machines and for people.
    since: (String, String),
}

#[derive(Template)]
#[template(path = "me.html")]
struct Me {
    title: String,
    brand: String,
    user_name: String,
    company: String,
    /// Whether there is a choice of companies to work in, and which one the person has made.
    several: bool,
    acting: Option<String>,
    /// How the person is called, and who says so: their directory, if it is not said by hand.
    display_name: Option<String>,
    email: Option<String>,
    managed_by: Option<String>,
    /// Whether there is a page of administration for them.
    administers: bool,
    /// What they can sign in to and where it begins.
    apps: Vec<Opens>,
    /// A session of a break-glass account: until when.
    emergency: Option<String>,
    done: Option<&'static str>,
    /// Whether there are roles for a while to be shown, and how many requests wait for their decision.
    for_a_while: bool,
    waiting: usize,
    /// What they may do wherever there is a company, by how far that goes.
    wide: Vec<Wide>,
    companies: Found,
    places: Vec<Place>,
    sessions: Vec<Session>,
    consents: Vec<Agreed>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// What was just done.
    done: Option<String>,
    /// A part of the name of a company.
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
}

async fn me(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    StrictQuery(shown): StrictQuery<Shown>,
) -> Response {
    let (Some(session), Some(caller)) = (session, caller) else {
        return Redirect::to("/signin").into_response();
    };
    let done = match shown.done.as_deref() {
        Some("ended") => Some("That session has ended."),
        Some("named") => Some("The session has the name you gave it."),
        Some("others") => Some("Everywhere else you are signed out now."),
        Some("withdrawn") => Some(
            "You took your consent back. What the application had by it has ended; if you use it again, it asks you \
             again.",
        ),
        Some("invited") => Some("You have accepted the invitation. Welcome."),
        Some("partly") => Some(
            "You have accepted the invitation. Some of the roles it promised could not be given: whoever \
             invited you may not give them any more. Ask your administrator.",
        ),
        Some("reset") => Some("What you sign in with is set up anew, and you are signed in."),
        Some("setup") => Some(
            "This instance is yours. Next, add a company and its directory: \
             muster tenant create, then muster directory create.",
        ),
        _ => None,
    };
    let sought = Sought { q: shown.q, page: shown.page };
    let page = page(&app, (&session, &caller), done, &sought).await;
    match page.and_then(|p| p.render().map_err(Error::internal)) {
        Ok(text) => web::html(StatusCode::OK, text),
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}

/// The roles of these ways to have them, each once, what they permit, and how each came.
fn held<'a>(paths: impl Iterator<Item = &'a access::Path>) -> (Vec<String>, Vec<String>, Vec<Why>) {
    let (mut roles, mut permissions, mut why) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for p in paths {
        roles.insert(&p.role);
        permissions.extend(p.permissions.iter().filter(|p| *p != SELF_SERVICE));
        why.push(Why::of(p));
    }
    let roles = roles.into_iter().map(|r| r.name.clone()).collect();
    (roles, permissions.into_iter().cloned().collect(), why)
}

/// Whether something is held in every company: it is shown once, and not with each.
fn wide(p: &access::Path) -> bool {
    matches!(p.reach, Reach::All | Reach::Every)
}

/// What is held in every company.
fn everywhere(at_home: &Effective) -> Vec<Wide> {
    let of = |id, name, reach: Reach| {
        let (roles, permissions, why) = held(at_home.paths.iter().filter(|p| p.reach == reach));
        (!roles.is_empty()).then_some(Wide { id, name, roles, permissions, why })
    };
    let all =
        of("everywhere", "Everywhere: in every company, and on the platform itself", Reach::All);
    all.into_iter().chain(of("every-company", "In every company", Reach::Every)).collect()
}

async fn page(
    app: &App,
    (s, caller): (&LiveSession, &Caller),
    done: Option<&'static str>,
    sought: &Sought,
) -> Result<Me> {
    let open = tenants::open_to(&app.store, &app.access, s.home, s.user).await?;
    let several = open.len() > 1;
    let acting = open.iter().find(|t| s.chosen && t.id == s.acting).map(|t| t.name.clone());
    let at_home = app.access.effective(s.home, s.user, s.home).await?;
    let wide_ones = everywhere(&at_home);
    let mut may_administer = administers(&at_home);
    let mut own = Vec::new();
    for t in open {
        let e = app.access.effective(s.home, s.user, t.id).await?;
        may_administer |= administers(&e);
        // One's own company is shown as well when there is nothing else to show.
        if wide_ones.is_empty() || e.paths.iter().any(|p| !wide(p)) {
            own.push((t, e));
        }
    }
    let (companies, shown) = sought.among("/me".to_owned(), own, |(t, _)| t);
    let places = shown.into_iter().map(|(t, e)| {
        let (roles, permissions, why) = held(e.paths.iter().filter(|p| !wide(p)));
        Place { slug: t.slug, name: t.name, roles, permissions, why }
    });
    let places = places.collect();
    let (email, managed_by) = own::profile(app, s).await?;
    let sessions = app.gate.signed_in(s.home, s.user).await?;
    let (for_a_while, waiting) = elevations::any(app, caller).await?;
    let name = s.display_name.clone().unwrap_or_else(|| s.user_name.clone());
    Ok(Me {
        title: format!("Hello, {name}"),
        brand: app.config.brand.name.clone(),
        user_name: s.user_name.clone(),
        company: tenants::get(&app.store, s.home).await?.name,
        several,
        acting,
        display_name: s.display_name.clone(),
        email,
        managed_by,
        administers: may_administer,
        apps: own::opens(app, caller).await?,
        emergency: (s.evidence.0["break_glass"] == true).then(|| s.expires_at.for_people()),
        done,
        for_a_while,
        waiting,
        wide: wide_ones,
        companies,
        places,
        sessions: sessions.iter().map(|l| Session::of(l, s.id)).collect(),
        consents: agreed(app, s).await?,
    })
}

async fn agreed(app: &App, s: &LiveSession) -> Result<Vec<Agreed>> {
    let all = consents::list(&app.store, s.home, s.user).await?;
    let catalogue = app.access.catalogue();
    Ok(all
        .into_iter()
        .map(|c| Agreed {
            app: c.app,
            name: c.name.unwrap_or_else(|| "An application that is gone".to_owned()),
            lets: c.scopes.0.iter().map(|s| consents::words(catalogue, s)).collect(),
            since: when(c.updated_at),
        })
        .collect())
}

impl Session {
    fn of(l: &Listed, this: SessionId) -> Self {
        let how = match l.class.as_str() {
            "phr" => "with a phishing-resistant factor",
            "mfa" => "with two factors",
            "attested" => "as your company's login attests",
            _ => "with one factor",
        };
        Self {
            id: l.id,
            this: l.id == this,
            name: l.name.clone(),
            device: device(l.client.0["user_agent"].as_str().unwrap_or_default()),
            from: l.client.0["address"].as_str().map(str::to_owned),
            how,
            since: when(l.created_at),
            seen: when(l.last_seen_at),
        }
    }
}

/// A browser's own words, shortened to what its owner calls it.
fn device(agent: &str) -> String {
    let first = |all: &[(&str, &'static str)]| {
        all.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(b), Some(s)) => format!("{b} on {s}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "A browser".to_owned(),
    }
}

/// A time for machines, and for people: `2026-11-24 02:00 UTC`.
fn when(at: Timestamp) -> (String, String) {
    let text = at.rfc3339();
    let shown = match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text.clone(),
    };
    (text, shown)
}

/// Ends the session; the browser is at the signed-out page then, which is the issuer's, maybe by way of the logout of the
/// provider that the person had come by.
async fn sign_out(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    browser: Browser,
) -> Response {
    const DONE: &str = "/oauth/logout";
    let mut to = DONE.to_owned();
    if let (Some(s), Some(Caller { actor, .. })) = (session, caller) {
        if let Err(e) = signed_out(&app, actor, s.home, s.id).await {
            return Refusal::new(&app, request, e).into_response();
        }
        if let Some(upstream) = web::upstream(&app, &s, &browser, DONE).await {
            to = upstream;
        }
    }
    let mut response = browser.keep(Redirect::to(&to).into_response());
    let gone = web::clear_session_cookie(&app);
    response.headers_mut().append(header::SET_COOKIE, gone);
    response
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    session: SessionId,
}

/// Ends a session of the same person.
async fn end_session(
    State(app): State<App>,
    RequestId(request): RequestId,
    _session: LiveSession,
    Caller { actor, .. }: Caller,
    StrictForm(which): StrictForm<Which>,
) -> Response {
    let ended = async {
        let own = app.access.own(&actor)?;
        users::end_own(&app.store, &own, Mine::One(which.session)).await
    };
    match ended.await {
        Ok(_) => Redirect::to("/me?done=ended").into_response(),
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    session: SessionId,
    name: String,
}

/// Names a session of the same person.
async fn name_session(
    State(app): State<App>,
    RequestId(request): RequestId,
    _session: LiveSession,
    Caller { actor, .. }: Caller,
    StrictForm(named): StrictForm<Named>,
) -> Response {
    let done = async {
        let own = app.access.own(&actor)?;
        users::name_session(&app.store, &own, named.session, Some(&named.name)).await
    };
    match done.await {
        Ok(()) => Redirect::to("/me?done=named").into_response(),
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}

/// Nothing is to be said.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Ends all sessions of the person but this one, however many there are.
async fn end_others(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    Caller { actor, .. }: Caller,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let ended = async {
        let own = app.access.own(&actor)?;
        users::end_own(&app.store, &own, Mine::Others(session.id)).await
    };
    match ended.await {
        Ok(_) => Redirect::to("/me?done=others").into_response(),
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    app: AppId,
}

/// Takes the person's consent back.
async fn withdraw(
    State(app): State<App>,
    RequestId(request): RequestId,
    session: LiveSession,
    Caller { actor, .. }: Caller,
    StrictForm(whose): StrictForm<Whose>,
) -> Response {
    let cx = Cx::new(actor, Scope::Tenant(session.home));
    let (home, user) = (session.home, session.user);
    match consents::withdraw(&app.store, &cx, home, user, whose.app).await {
        Ok(()) => Redirect::to("/me?done=withdrawn").into_response(),
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}

async fn signed_out(app: &App, actor: Actor, home: TenantId, id: SessionId) -> Result<()> {
    let cx = Cx::new(actor, Scope::Tenant(home)).urgent();
    tx!(app.store, &cx, [], |tx| {
        sessions::revoke(tx, Who::Session(home, id), "signed out").await?;
        audit::record(tx, home, Event::new("signout").target("session", id)).await
    })
}
