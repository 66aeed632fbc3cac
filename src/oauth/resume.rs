//! Where the browser comes back from signing in: the flow row says which request it was.

use super::authorize::{AuthRequest, back};
use crate::{
    app::App,
    apps::Client,
    directories,
    error::{Error, Kind, Result},
    flows::{self, After, NewCode, StepUp},
    gate::{Grant, Request},
    id::FlowId,
    protocol::oidc,
    secret::ExposeSecret as _,
    sessions::Live,
    signins::{self, NewSignin, Reason},
    tenants::Required,
    tx,
    web::{self, Browser, LiveSession, RequestId},
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// `?flow=`
#[derive(Debug, serde::Deserialize)]
pub struct Which {
    flow: FlowId,
}

/// Goes on with an authorization request.
pub async fn get(
    State(app): State<App>,
    Query(which): Query<Which>,
    RequestId(request): RequestId,
    browser: Browser,
    session: Option<LiveSession>,
) -> Response {
    match go_on(&app, which.flow, &browser, session).await {
        Ok(r) => r,
        Err(e) => web::Refusal::new(&app, request, e).into_response(),
    }
}

async fn go_on(
    app: &App,
    flow: FlowId,
    browser: &Browser,
    session: Option<LiveSession>,
) -> Result<Response> {
    let over = || {
        Error::invalid(
            "it is over, or was begun in another browser. Go back to the application and start again.",
        )
    };
    let state = flows::get(&app.store, flow, browser.hash()).await?.ok_or_else(over)?;
    let After::Authorize { request, .. } = state.after else {
        return Ok(web::Redirect::to("/me").into_response());
    };
    let request: AuthRequest = serde_json::from_value(request).map_err(Error::internal)?;
    let fresh = session.filter(|s| request.min_auth_time.is_none_or(|m| s.proved_since(m)));
    let Some(session) = fresh else {
        return Ok(web::Redirect::to(&format!("/signin/{flow}")).into_response());
    };
    let client = app.apps.find(&request.client_id).await?.ok_or_else(over)?;
    // Of two tabs that come back, one goes on; the other finds the flow gone.
    if !flows::end(&app.store, &app.system(), flow).await? {
        return Err(over());
    }
    let stepped_up = state.step_up.is_some();
    match finish(app, &client, &request, &session.0, !stepped_up).await? {
        Finished::Answer(answer) => Ok(answer),
        Finished::StepUp(required) => {
            step_up(app, &client, &request, &session.0, required, browser).await
        }
    }
}

/// What came of an authorization request with somebody signed in.
pub(super) enum Finished {
    /// The answer.
    Answer(Response),
    /// What is asked for demands a stronger proof, and the person's directory can be asked for it.
    StepUp(Required),
}

/// Begins a sign-in at the directory that vouched for the session, for the proof that is missing; it ends here again.
///
/// # Errors
/// The database's.
pub(super) async fn step_up(
    app: &App,
    client: &Arc<Client>,
    request: &AuthRequest,
    session: &Live,
    required: Required,
    browser: &Browser,
) -> Result<Response> {
    let kept = serde_json::to_value(request).map_err(Error::internal)?;
    let after = After::Authorize { app: client.app.id, request: kept };
    let mut flow = flows::State::new(after, Some(session.home));
    flow.login_hint = Some(session.user_name.clone());
    flow.min_auth_time = request.min_auth_time;
    flow.step_up = session.directory.map(|directory| StepUp { directory, required, asked: false });
    let id = flows::begin(&app.store, &app.system(), flow, browser.hash()).await?;
    Ok(web::Redirect::to(&format!("/federation/step-up?flow={id}")).into_response())
}

/// Asks the gate and makes the code; a proof of a second factor that is missing is refused on a page with a reference,
/// and recorded.
///
/// # Errors
/// The database's, or the session's end.
pub(super) async fn finish(
    app: &App,
    client: &Arc<Client>,
    request: &AuthRequest,
    session: &Live,
    may_step_up: bool,
) -> Result<Finished> {
    let tid = request.tid.unwrap_or(session.acting);
    let grant = Grant::Session { home: session.home, session: session.id, user: session.user };
    let ask = Request { client, grant, tid, scopes: &request.scopes, nonce: None };
    let state = request.state.as_deref();
    match app.gate.may(&ask).await {
        Ok(_) => {}
        Err(e) if e.kind() == Kind::NeedsStepUp && !request.silent => {
            let required = app.gate.demanded(session.home, session.user, tid).await?;
            if may_step_up && can_step_up(app, session, required).await? {
                return Ok(Finished::StepUp(required));
            }
            let detail = serde_json::json!({
                "class": session.class, "evidence": session.evidence.0, "tenant": tid, "client": client.app.client_id,
                "why": e.operator_text(),
            });
            let new = NewSignin::not(Reason::MfaNotProved, Some(session.user), session.directory)
                .detail(detail);
            let home = session.home;
            let reference = tx!(app.store, &app.system(), [new], |tx| {
                tx.unaudited("the record of sign-ins is a trail of its own");
                signins::record(tx, home, &new).await
            })?;
            let refused = web::Redirect::to(&format!("/refused/{reference}")).into_response();
            return Ok(Finished::Answer(refused));
        }
        Err(e) => {
            let e = super::error::OAuthError::from(e);
            let fields = [("error", e.error), ("error_description", e.description.as_str())];
            return Ok(Finished::Answer(back(app, &request.redirect_uri, state, &fields)));
        }
    }
    let new = NewCode {
        home: session.home,
        user: session.user,
        session: session.id,
        app: client.app.id,
        tid,
        request: serde_json::to_value(request).map_err(Error::internal)?,
    };
    let code = tx!(app.store, &app.system().urgent(), [new], |tx| {
        tx.unaudited("a code is nothing until it is used");
        flows::code_put(tx, &new).await
    })?;
    let fields = [("code", code.expose_secret())];
    Ok(Finished::Answer(back(app, &request.redirect_uri, state, &fields)))
}

/// Whether the session's directory could prove what is missing.
async fn can_step_up(app: &App, session: &Live, required: Required) -> Result<bool> {
    let Some(directory) = session.directory else { return Ok(false) };
    let s = directories::signin(&app.store, session.home, directory, &app.master).await?;
    let phishing_resistant = required == Required::Phr;
    Ok(s.is_some_and(|s| oidc::step_up(s.preset, &s.rules, phishing_resistant).is_some()))
}
