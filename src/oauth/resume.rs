//! Where the browser comes back from signing in: the flow row says which request it was.

use super::authorize::{AuthRequest, back};
use crate::{
    app::App,
    apps::Client,
    error::{Error, Kind, Result},
    flows::{self, After, NewCode},
    gate::{Grant, Request},
    id::FlowId,
    secret::ExposeSecret as _,
    sessions::Live,
    signins::{self, NewSignin, Reason},
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
    finish(app, &client, &request, &session.0).await
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
) -> Result<Response> {
    let tid = request.tid.unwrap_or(session.acting);
    let grant = Grant::Session { home: session.home, session: session.id, user: session.user };
    let ask = Request { client, grant, tid, scopes: &request.scopes, nonce: None };
    let state = request.state.as_deref();
    match app.gate.may(&ask).await {
        Ok(_) => {}
        Err(e) if e.kind() == Kind::NeedsStepUp && !request.silent => {
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
            return Ok(web::Redirect::to(&format!("/refused/{reference}")).into_response());
        }
        Err(e) => {
            let e = super::error::OAuthError::from(e);
            let fields = [("error", e.error), ("error_description", e.description.as_str())];
            return Ok(back(app, &request.redirect_uri, state, &fields));
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
    Ok(back(app, &request.redirect_uri, state, &[("code", code.expose_secret())]))
}
