//! Where the browser comes back from signing in: the flow row says which request it was.

use super::{authorize::back, consent, request::AuthRequest};
use crate::{
    app::App,
    apps::Client,
    directories,
    error::{Error, Kind, Result},
    flows::{self, After, NewCode, StepUp},
    gate::{self, Grant, Request},
    id::FlowId,
    protocol::oidc,
    secret::ExposeSecret as _,
    sessions::Live,
    signins::{self, NewSignin, Reason},
    tenants::{self, Demand, Required},
    tx,
    web::{self, Browser, LiveSession, RequestId, StrictQuery},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use std::{sync::Arc, time::Duration};

/// `?flow=`
#[derive(Debug, serde::Deserialize)]
pub struct Which {
    flow: FlowId,
}

/// Goes on with an authorization request.
pub async fn get(
    State(app): State<App>,
    StrictQuery(which): StrictQuery<Which>,
    RequestId(request): RequestId,
    browser: Browser,
    session: Option<LiveSession>,
) -> Response {
    match go_on(&app, request, which.flow, &browser, session).await {
        Ok(r) => r,
        Err(e) => web::Refusal::new(&app, request, e).into_response(),
    }
}

fn over() -> Error {
    Error::invalid(
        "it is over, or was begun in another browser. Go back to the application and start again.",
    )
}

/// The request that waits in a flow of this browser, its client, and whether a stronger proof was asked for already.
///
/// # Errors
/// `Invalid` when there is none.
pub(super) async fn waiting(
    app: &App,
    flow: FlowId,
    browser: &Browser,
) -> Result<(AuthRequest, Arc<Client>, bool)> {
    let state = flows::get(&app.store, flow, browser.hash()).await?.ok_or_else(over)?;
    let After::Authorize { request, .. } = state.after else { return Err(over()) };
    let request: AuthRequest = serde_json::from_value(request).map_err(Error::internal)?;
    let client = app.apps.find(&request.client_id).await?.ok_or_else(over)?;
    Ok((request, client, state.step_up.is_some()))
}

/// Ends a flow. Of two tabs that come back, one goes on; the other finds it gone.
///
/// # Errors
/// `Invalid` when it is gone.
pub(super) async fn ended(app: &App, flow: FlowId) -> Result<()> {
    if flows::end(&app.store, &app.system(), flow).await? { Ok(()) } else { Err(over()) }
}

/// Whether a session is proved as the request wants it.
pub(super) fn fits(request: &AuthRequest, session: &LiveSession) -> bool {
    request.min_auth_time.is_none_or(|m| session.proved_since(m))
}

async fn go_on(
    app: &App,
    id: crate::id::RequestId,
    flow: FlowId,
    browser: &Browser,
    session: Option<LiveSession>,
) -> Result<Response> {
    let (request, client, stepped_up) = waiting(app, flow, browser).await?;
    let Some(session) = session.filter(|s| fits(&request, s)) else {
        return Ok(web::Redirect::to(&format!("/signin/{flow}")).into_response());
    };
    if request.expected.is_some_and(|u| u != session.user) {
        ended(app, flow).await?;
        let text = "somebody else signed in than was asked for";
        let fields = [("error", "login_required"), ("error_description", text)];
        return Ok(back(app, &request.redirect_uri, request.state.as_deref(), &fields));
    }
    match weigh(app, &client, &request, &session, !stepped_up).await? {
        Next::StepUp(demand) => {
            ended(app, flow).await?;
            step_up(app, &client, &request, &session, demand, browser).await
        }
        Next::Ask(scopes) => consent::page(app, id, flow, &client, &scopes, &session).await,
        Next::Answer(r) => {
            ended(app, flow).await?;
            Ok(r)
        }
        Next::Give(scopes) => {
            ended(app, flow).await?;
            give(app, &client, &request, &session, scopes).await
        }
    }
}

/// Whether nobody has said yet for which tenant: neither the request, nor the person, who may act in several.
///
/// # Errors
/// The database's.
pub(super) async fn undecided(app: &App, request: &AuthRequest, session: &Live) -> Result<bool> {
    if request.tid.is_some() || session.chosen {
        return Ok(false);
    }
    tenants::several(&app.store, &app.access, session.home, session.user).await
}

/// What comes of a request, now that somebody is signed in.
pub(super) enum Next {
    /// An answer without a code.
    Answer(Response),
    /// The person is asked for these scopes.
    Ask(Vec<String>),
    /// A code for these scopes.
    Give(Vec<String>),
    /// What is asked for demands a stronger proof, and the person's directory can be asked for it; or a fresher one.
    StepUp(Demand),
}

/// Begins a sign-in at the directory that vouched for the session, for the proof that is missing; it ends here again. Who is
/// in no directory signs in anew.
///
/// # Errors
/// The database's.
pub(super) async fn step_up(
    app: &App,
    client: &Client,
    request: &AuthRequest,
    session: &Live,
    demand: Demand,
    browser: &Browser,
) -> Result<Response> {
    let mut request = request.clone();
    // Whoever else signs in there has proved nothing for this person.
    request.expected = Some(session.user);
    let now = app.store.clock().now();
    let since = demand.max_age.map(|age| now.minus(Duration::from_secs(age.unsigned_abs())));
    request.min_auth_time = request.min_auth_time.max(since);
    let kept = serde_json::to_value(&request).map_err(Error::internal)?;
    let after = After::Authorize { app: client.app.id, about: client.app.about(), request: kept };
    let mut flow = flows::State::new(after, Some(session.home));
    flow.login_hint = Some(session.user_name.clone());
    flow.min_auth_time = request.min_auth_time;
    let required = demand.class;
    flow.step_up = session.directory.map(|directory| StepUp { directory, required, asked: false });
    let elsewhere = flow.step_up.is_some();
    let id = flows::begin(&app.store, &app.system(), flow, browser.hash()).await?;
    let to =
        if elsewhere { format!("/federation/step-up?flow={id}") } else { format!("/signin/{id}") };
    Ok(web::Redirect::to(&to).into_response())
}

/// Whether the session's directory could prove what is missing.
async fn can_step_up(app: &App, session: &Live, required: Required) -> Result<bool> {
    let Some(directory) = session.directory else { return Ok(false) };
    let s = directories::signin(&app.store, session.home, directory, &app.master).await?;
    Ok(s.is_some_and(|s| oidc::step_up(s.preset, &s.rules, required.class()).is_some()))
}

/// Asks the gate, and what the person agreed to; a proof of a second factor that is missing is refused on a page with a
/// reference, and recorded.
///
/// # Errors
/// The database's, or the session's end.
pub(super) async fn weigh(
    app: &App,
    client: &Arc<Client>,
    request: &AuthRequest,
    session: &LiveSession,
    may_step_up: bool,
) -> Result<Next> {
    let tid = request.tid.unwrap_or(session.acting);
    let grant = Grant::Session { home: session.home, session: session.id, user: session.user };
    let ask = Request { client, grant, tid, scopes: &request.scopes, nonce: None, family: None };
    match app.gate.may(&ask).await {
        Ok(granted) => {
            let agreed = consent::agreed(app, client, request, session, &granted).await?;
            Ok(agreed.map_or_else(Next::Ask, Next::Give))
        }
        Err(e) if e.kind() == Kind::NeedsStepUp && !request.silent => {
            let demand = app.gate.demand_of(&ask).await?;
            let weak = !gate::satisfies(&session.class, gate::owed(session, demand.class));
            if may_step_up && (!weak || can_step_up(app, session, demand.class).await?) {
                return Ok(Next::StepUp(demand));
            }
            let reason = if weak { Reason::MfaNotProved } else { Reason::AuthTooOld };
            let detail = serde_json::json!({
                "class": session.class, "evidence": session.evidence.0, "tenant": tid, "client": client.app.client_id,
                "why": e.operator_text(), "demanded": demand,
            });
            let new = NewSignin::not(reason, Some(session.user), session.directory).detail(detail);
            let home = session.home;
            let reference = tx!(app.store, &app.system(), [new], |tx| {
                tx.unaudited("the record of sign-ins is a trail of its own");
                signins::record(tx, home, &new).await
            })?;
            let to = format!("/refused/{reference}");
            Ok(Next::Answer(web::Redirect::to(&to).into_response()))
        }
        Err(e) => {
            let e = match e.kind() {
                // No page may be shown, and with one there would be a way on.
                Kind::NeedsStepUp => {
                    let text = "the sign-in does not prove what is demanded here, and no page may be shown";
                    super::error::OAuthError::new("login_required", text)
                }
                _ => super::error::OAuthError::from(e),
            };
            let fields = [("error", e.error), ("error_description", e.description.as_str())];
            let state = request.state.as_deref();
            Ok(Next::Answer(back(app, &request.redirect_uri, state, &fields)))
        }
    }
}

/// Makes the code, for these of the scopes, and sends the browser back with it.
///
/// # Errors
/// The database's.
pub(super) async fn give(
    app: &App,
    client: &Client,
    request: &AuthRequest,
    session: &LiveSession,
    scopes: Vec<String>,
) -> Result<Response> {
    let request = AuthRequest { scopes, ..request.clone() };
    let new = NewCode {
        home: session.home,
        user: session.user,
        session: session.id,
        app: client.app.id,
        tid: request.tid.unwrap_or(session.acting),
        request: serde_json::to_value(&request).map_err(Error::internal)?,
    };
    let code = tx!(app.store, &app.system().urgent(), [new], |tx| {
        tx.unaudited("a code is nothing until it is used");
        flows::code_put(tx, &new).await
    })?;
    let fields = [("code", code.expose_secret())];
    Ok(back(app, &request.redirect_uri, request.state.as_deref(), &fields))
}
