//! Roles for a while, on pages: what somebody may ask for, what they asked, and what waits for their decision.

use super::when;
use crate::{
    access::{
        Reach, Right,
        elevation::{self, Decision, Elevation, Eligibility, State},
        perm::{Permission as _, UsersManageRoles},
    },
    app::App,
    error::{Error, Kind, Result},
    id::{ElevationId, EligibilityId, RequestId as Id, TenantId},
    store::Scope,
    tenants,
    web::{self, Caller, LiveSession, Redirect, Refusal, RequestId, StrictForm, StrictQuery},
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use std::collections::HashMap;

/// So many of one's own requests are shown.
const SHOWN: u32 = 20;
/// So many that wait for somebody's decision.
const WAITING: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/me/elevations", get(show).post(ask))
        .route("/me/elevations/end", post(end))
        .route("/elevations/{elevation}", get(weigh).post(decide))
}

/// What somebody may ask for.
struct May {
    id: EligibilityId,
    role: String,
    place: String,
    max_minutes: i64,
    /// Until when they may ask.
    until: Option<(String, String)>,
    /// Asked for, or held: nothing to be asked now.
    busy: bool,
}

/// What somebody asked for.
struct Asked {
    id: ElevationId,
    role: String,
    place: String,
    minutes: i64,
    reason: String,
    who: String,
    since: (String, String),
    state: &'static str,
    /// Waits for a decision.
    open: bool,
    running: bool,
    /// When it ends, or is over if nobody decides.
    until: Option<(String, String)>,
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "elevations.html")]
struct Page {
    title: &'static str,
    brand: String,
    done: Option<&'static str>,
    problem: Option<String>,
    /// What was written before the problem.
    reason: String,
    may: Vec<May>,
    asked: Vec<Asked>,
    waiting: Vec<Asked>,
}

#[derive(Template)]
#[template(path = "elevation.html")]
struct One {
    title: String,
    brand: String,
    e: Asked,
    problem: Option<String>,
    /// Whether it can be decided by whoever looks.
    mine: bool,
}

/// Names of the tenants that something holds in.
async fn places(
    app: &App,
    reaches: impl Iterator<Item = Reach>,
) -> Result<HashMap<TenantId, String>> {
    let ids: Vec<TenantId> = reaches.filter_map(|r| r.tenant()).collect();
    let all = tenants::some(&app.store, &ids).await?;
    Ok(all.into_iter().map(|t| (t.id, t.name)).collect())
}

fn place(names: &HashMap<TenantId, String>, reach: &Reach) -> String {
    match reach {
        Reach::Tenant(t) => names.get(t).cloned().unwrap_or_else(|| "a company".to_owned()),
        Reach::All => "the whole instance".to_owned(),
        Reach::Every => "every company".to_owned(),
        _ => "several companies".to_owned(),
    }
}

impl Asked {
    fn of(app: &App, names: &HashMap<TenantId, String>, e: &Elevation) -> Self {
        let state = e.state(app.store.clock().now());
        let (word, until) = match state {
            State::Open => ("Waits for a decision", Some(e.expires_at)),
            State::Running => ("You have it", e.grant_end),
            State::Ended => ("Over", e.grant_end.or(e.until)),
            State::Refused => ("Not given", None),
            State::Expired => ("Nobody decided in time", None),
            State::Cancelled => ("Taken back", None),
            State::Withdrawn => ("Cannot be asked for any more", None),
        };
        Self {
            id: e.id,
            role: e.role(app.access.catalogue()),
            place: place(names, &e.reach()),
            minutes: e.minutes,
            reason: e.reason.clone(),
            who: e.user_label.clone(),
            since: when(e.asked_at),
            state: word,
            open: state == State::Open,
            running: state == State::Running,
            until: until.map(when),
            said: e.decided_reason.clone().filter(|r| !r.is_empty()),
        }
    }
}

/// Whether there is anything to be shown to somebody: what they may ask for, or what waits for them.
pub(super) async fn any(app: &App, caller: &Caller) -> Result<(bool, usize)> {
    let own = app.access.own(&caller.actor)?;
    let may = !elevation::mine(&app.access, &own).await?.is_empty()
        || !elevation::my_requests(&app.access, &own, None, 1).await?.is_empty();
    let waiting = elevation::waiting_for(&app.access, &caller.actor, WAITING).await?;
    Ok((may, waiting.len()))
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// What was just done.
    done: Option<String>,
}

async fn show(
    Shared(app): Shared<App>,
    RequestId(request): RequestId,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    StrictQuery(shown): StrictQuery<Shown>,
) -> Response {
    let (Some(_), Some(caller)) = (session, caller) else {
        return Redirect::to("/signin").into_response();
    };
    let done = match shown.done.as_deref() {
        Some("asked") => {
            Some("You asked. Whoever may decide was told; you get a letter when somebody did.")
        }
        Some("ended") => Some("You do not have the role any more."),
        Some("cancelled") => Some("You took your request back."),
        Some("approved") => Some("You approved. They have the role from now on."),
        Some("refused") => Some("You refused. They are told why."),
        _ => None,
    };
    or_refusal(&app, request, page(&app, &caller, done, None).await)
}

fn or_refusal(app: &App, request: Id, answer: Result<Response>) -> Response {
    answer.unwrap_or_else(|e| Refusal::new(app, request, e).into_response())
}

async fn page(
    app: &App,
    caller: &Caller,
    done: Option<&'static str>,
    problem: Option<(String, String)>,
) -> Result<Response> {
    let own = app.access.own(&caller.actor)?;
    let may = elevation::mine(&app.access, &own).await?;
    let asked = elevation::my_requests(&app.access, &own, None, SHOWN).await?;
    let waiting = elevation::waiting_for(&app.access, &caller.actor, WAITING).await?;
    let reaches = may.iter().map(Eligibility::reach);
    let reaches = reaches.chain(asked.iter().chain(&waiting).map(Elevation::reach));
    let names = places(app, reaches).await?;
    let now = app.store.clock().now();
    let busy = |e: &Eligibility| {
        let runs = |a: &&Elevation| matches!(a.state(now), State::Open | State::Running);
        asked.iter().filter(runs).any(|a| a.eligibility_id == e.id)
    };
    let may = may.iter().map(|e| May {
        id: e.id,
        role: e.role(app.access.catalogue()),
        place: place(&names, &e.reach()),
        max_minutes: e.max_minutes,
        until: e.valid_to.map(when),
        busy: busy(e),
    });
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (problem, reason) = problem.map_or((None, String::new()), |(p, r)| (Some(p), r));
    let page = Page {
        title: "Roles for a while",
        brand: app.config.brand.name.clone(),
        done,
        problem,
        reason,
        may: may.collect(),
        asked: asked.iter().map(|e| Asked::of(app, &names, e)).collect(),
        waiting: waiting.iter().map(|e| Asked::of(app, &names, e)).collect(),
    };
    Ok(web::html(status, page.render().map_err(Error::internal)?))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    eligibility: EligibilityId,
    minutes: String,
    reason: String,
}

async fn ask(
    Shared(app): Shared<App>,
    RequestId(request): RequestId,
    _session: LiveSession,
    caller: Caller,
    StrictForm(form): StrictForm<Ask>,
) -> Response {
    let asked = async {
        let own = app.access.own(&caller.actor)?;
        caller.proved_for(&app, own.who().0, None).await?;
        let minutes = form.minutes.trim().parse().map_err(|_| {
            Error::invalid("'minutes' is a whole number of minutes").attr("minutes")
        })?;
        let wait = *app.config.elevation.decide_within;
        elevation::ask(&app.access, &own, form.eligibility, minutes, &form.reason, wait).await
    };
    match asked.await {
        Ok(_) => Redirect::to("/me/elevations?done=asked").into_response(),
        Err(e) if mendable(&e) => {
            let problem = Some((e.detail().to_owned(), form.reason));
            or_refusal(&app, request, page(&app, &caller, None, problem).await)
        }
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}

/// What whoever filled in the page can mend there.
fn mendable(e: &Error) -> bool {
    matches!(e.kind(), Kind::Invalid | Kind::Conflict | Kind::RateLimited)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    elevation: ElevationId,
    /// What it was when the page was made, to say what became of it.
    was: Was,
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Was {
    Open,
    Running,
}

async fn end(
    Shared(app): Shared<App>,
    RequestId(request): RequestId,
    _session: LiveSession,
    caller: Caller,
    StrictForm(which): StrictForm<Which>,
) -> Response {
    let ended = async {
        let own = app.access.own(&caller.actor)?;
        elevation::give_back(&app.access, &own, which.elevation).await
    };
    match ended.await {
        Ok(()) if which.was == Was::Running => {
            Redirect::to("/me/elevations?done=ended").into_response()
        }
        Ok(()) => Redirect::to("/me/elevations?done=cancelled").into_response(),
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}

// what waits for somebody's decision

/// A request, for whoever may decide about it; to anybody else it is not there.
async fn found(app: &App, caller: &Caller, id: ElevationId) -> Result<(Elevation, TenantId)> {
    let missing = || Error::not_found("a request that you may decide about");
    // platform: whose it is, is what we look for.
    let mut c = app.store.read(Scope::Platform).await?;
    let e = elevation::find(&mut c, id).await?.ok_or_else(missing)?;
    drop(c);
    let at = e.reach().tenant().unwrap_or(e.tenant_id);
    match app.access.require::<UsersManageRoles>(&caller.actor, at).await {
        Ok(_) => caller.proved_for(app, at, Some(UsersManageRoles::ID)).await?,
        Err(e) if matches!(e.kind(), Kind::Forbidden | Kind::NotFound) => return Err(missing()),
        Err(e) => return Err(e),
    }
    Ok((e, at))
}

/// The right to decide about it.
async fn right(app: &App, caller: &Caller, e: &Elevation, at: TenantId) -> Result<Right> {
    let permit = app.access.require::<UsersManageRoles>(&caller.actor, at).await?;
    Ok(match e.reach() {
        Reach::Tenant(_) => Right::Tenant(permit),
        Reach::All => {
            let global = app.access.require_global(&caller.actor).await?;
            caller.proved_for_instance(app).await?;
            Right::Instance(global)
        }
        wide => {
            if let Reach::Tenants(some) = &wide {
                for t in some.iter() {
                    app.access.require::<UsersManageRoles>(&caller.actor, *t).await?;
                }
            }
            Right::Over(app.access.over(&permit, wide).await?)
        }
    })
}

async fn one(
    app: &App,
    caller: &Caller,
    e: &Elevation,
    problem: Option<String>,
) -> Result<Response> {
    let names = places(app, std::iter::once(e.reach())).await?;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mine = caller.actor.user() != Some((e.tenant_id, e.user_id));
    let e = Asked::of(app, &names, e);
    let title = format!("{} asks for a role", e.who);
    let page = One { title, brand: app.config.brand.name.clone(), e, problem, mine };
    Ok(web::html(status, page.render().map_err(Error::internal)?))
}

async fn weigh(
    Shared(app): Shared<App>,
    RequestId(request): RequestId,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    Path(id): Path<String>,
) -> Response {
    let (Some(_), Some(caller)) = (session, caller) else {
        return Redirect::to("/signin").into_response();
    };
    let answer = async {
        let (e, _) = found(&app, &caller, read(&id)?).await?;
        one(&app, &caller, &e, None).await
    };
    or_refusal(&app, request, answer.await)
}

fn read(id: &str) -> Result<ElevationId> {
    ElevationId::parse(id).ok_or_else(|| Error::not_found("a request that you may decide about"))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    decision: Word,
    #[serde(default)]
    reason: String,
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Approve,
    Refuse,
}

async fn decide(
    Shared(app): Shared<App>,
    RequestId(request): RequestId,
    _session: LiveSession,
    caller: Caller,
    Path(id): Path<String>,
    StrictForm(form): StrictForm<Decided>,
) -> Response {
    let approve = form.decision == Word::Approve;
    let decided = async {
        let (e, at) = found(&app, &caller, read(&id)?).await?;
        let right = right(&app, &caller, &e, at).await?;
        let reason = Some(form.reason.clone()).filter(|r| !r.trim().is_empty());
        let decision = Decision { approve, reason };
        match elevation::decide(&app.access, &right, e.id, decision).await {
            Ok(_) => Ok(None),
            Err(why) if mendable(&why) || why.kind() == Kind::Forbidden => {
                let said = match why.attr_str() {
                    Some("reason") if form.reason.trim().is_empty() => {
                        "Say why you refuse: they read it."
                    }
                    _ => why.detail(),
                };
                one(&app, &caller, &e, Some(said.to_owned())).await.map(Some)
            }
            Err(e) => Err(e),
        }
    };
    match decided.await {
        Ok(None) if approve => Redirect::to("/me/elevations?done=approved").into_response(),
        Ok(None) => Redirect::to("/me/elevations?done=refused").into_response(),
        Ok(Some(page)) => page,
        Err(e) => Refusal::new(&app, request, e).into_response(),
    }
}
