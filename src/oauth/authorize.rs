//! `/oauth/authorize` (RFC 6749 4.1.1, OpenID Connect Core 3.1.2), by GET and POST. Until client and redirect URI are
//! known to belong together nothing is sent anywhere: the browser gets a page of ours.

use super::{
    caller,
    error::OAuthError,
    params::Params,
    request::{AuthRequest, check},
    resume::{self, Next},
};
use crate::{
    app::App,
    apps::{Client, Kind},
    error::{Error, Result},
    flows::{self, After},
    id::{RequestId, UserId},
    web::{self, Browser, LiveSession, strict},
};
use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// By query.
pub async fn get(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    RawQuery(query): RawQuery,
    browser: Browser,
    session: Option<LiveSession>,
) -> Response {
    match Params::read(query.as_deref().unwrap_or_default()) {
        Ok(params) => answer(&app, id, &params, &browser, session).await,
        Err(e) => refused(&app, id, Error::invalid(e.description)),
    }
}

/// By form. What another site's page sends comes without our cookies (`SameSite=Lax`), as if nobody were signed in: the
/// browser asks once more, by GET, and brings them.
pub async fn post(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    browser: Browser,
    session: Option<LiveSession>,
    body: Bytes,
) -> Response {
    let params = match caller::form(&headers, &body) {
        Ok(p) => p,
        Err(e) => return refused(&app, id, Error::invalid(e.description)),
    };
    if strict::same_origin(&app, &headers).is_err() {
        return web::Redirect::to(&format!("/oauth/authorize?{}", params.query())).into_response();
    }
    answer(&app, id, &params, &browser, session).await
}

async fn answer(
    app: &App,
    id: RequestId,
    params: &Params,
    browser: &Browser,
    session: Option<LiveSession>,
) -> Response {
    let (client, redirect_uri) = match addressed(app, params).await {
        Ok(x) => x,
        Err(e) => return refused(app, id, e),
    };
    // Whoever sends a token that is none of ours for this application is not to be told about it.
    if let Err(e) = hinted(app, &client, params) {
        return refused(app, id, e);
    }
    let answer = match check(app, &client, params, redirect_uri.clone()).await {
        Ok(request) => begun(app, &client, request, params, browser, session).await,
        Err(e) => Err(e),
    };
    let answer = answer.unwrap_or_else(|e| {
        let fields = [("error", e.error), ("error_description", e.description.as_str())];
        back(app, &redirect_uri, params.get("state"), &fields)
    });
    browser.keep(answer)
}

/// A checked request: answered at once where nothing is missing, else begun.
async fn begun(
    app: &App,
    client: &Arc<Client>,
    mut request: AuthRequest,
    params: &Params,
    browser: &Browser,
    session: Option<LiveSession>,
) -> Result<Response, OAuthError> {
    let expected = |s: &LiveSession| request.expected.is_none_or(|u| u == s.user);
    let fresh = |s: &LiveSession| request.min_auth_time.is_none_or(|m| s.proved_since(m));
    let someone_else = session.as_ref().is_some_and(|s| !expected(s));
    if let Some(session) = session.filter(|s| expected(s) && fresh(s)) {
        if resume::undecided(app, &request, &session).await? {
            if request.silent {
                let text = "the person has not said in which company, and no page may be shown";
                return Err(OAuthError::new("interaction_required", text));
            }
            let flow = kept(app, client, &request, params, browser).await?;
            return Ok(web::Redirect::to(&format!("/signin/{flow}")).into_response());
        }
        return match resume::weigh(app, client, &request, &session, true).await? {
            Next::Answer(r) => Ok(r),
            Next::StepUp(demand) => {
                Ok(resume::step_up(app, client, &request, &session, demand, browser).await?)
            }
            Next::Give(scopes) => Ok(resume::give(app, client, &request, &session, scopes).await?),
            Next::Ask(_) if request.silent => Err(OAuthError::new(
                "consent_required",
                "the person has not agreed to this, and no page may be shown",
            )),
            Next::Ask(_) => {
                let flow = kept(app, client, &request, params, browser).await?;
                Ok(web::Redirect::to(&format!("/oauth/resume?flow={flow}")).into_response())
            }
        };
    }
    if request.silent {
        let text = "nobody who fits is signed in, and no page may be shown";
        return Err(OAuthError::new("login_required", text));
    }
    if someone_else {
        // Somebody else's session is not good enough, however fresh.
        request.min_auth_time = Some(app.store.clock().now());
    }
    let flow = kept(app, client, &request, params, browser).await?;
    Ok(web::Redirect::to(&format!("/signin/{flow}")).into_response())
}

/// Whom the `id_token_hint` names, if there is one: it is of ours, and of this client.
///
/// # Errors
/// `Invalid`.
pub(super) fn hinted(app: &App, client: &Client, params: &Params) -> Result<Option<UserId>> {
    let Some(token) = params.get("id_token_hint") else { return Ok(None) };
    let hint = app.gate.hint(token)?;
    if hint.client_id != client.app.client_id {
        return Err(Error::invalid("'id_token_hint' is another application's"));
    }
    Ok(Some(hint.user))
}

/// The client and its redirect URI, compared to the letter.
async fn addressed(app: &App, params: &Params) -> Result<(Arc<Client>, String)> {
    let missing = |what: &str| Error::invalid(format!("the application's request lacks '{what}'"));
    let id = params.get("client_id").ok_or_else(|| missing("client_id"))?;
    let client = app.apps.find(id).await?.filter(|c| c.app.kind == Kind::App);
    let client = client.ok_or_else(|| Error::invalid("no such application is registered here"))?;
    let uri = params.get("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    if !client.app.settings.0.redirect_uris.iter().any(|r| r == uri) {
        let text = "the address to return to is not registered for this application";
        let (id, uri) = (crate::text::excerpt(id), crate::text::excerpt(uri));
        return Err(Error::invalid(text).operator(format!("client_id={id} redirect_uri={uri}")));
    }
    Ok((client, uri.to_owned()))
}

/// Writes the flow row that a sign-in, or the question for consent, goes on from.
async fn kept(
    app: &App,
    client: &Client,
    request: &AuthRequest,
    params: &Params,
    browser: &Browser,
) -> Result<crate::id::FlowId> {
    let kept = serde_json::to_value(request).map_err(Error::internal)?;
    let about = client.app.about();
    let after = After::Authorize { app: client.app.id, about, request: kept };
    let mut state = flows::State::new(after, request.tid);
    let hint = params.get("login_hint").filter(|h| h.len() <= 320);
    state.login_hint = hint.map(str::to_owned);
    state.min_auth_time = request.min_auth_time;
    flows::begin(&app.store, &app.system(), state, browser.hash()).await
}

/// Sends the browser back to the application, with `iss` (RFC 9207) and `state`.
pub(super) fn back(app: &App, uri: &str, state: Option<&str>, fields: &[(&str, &str)]) -> Response {
    let state = state.map(|s| ("state", s));
    let iss = [("iss", app.config.issuer())];
    leave(uri, fields.iter().copied().chain(state).chain(iss))
}

/// Sends the browser to an address that was registered, with these fields added to its query.
pub(super) fn leave<'a>(
    uri: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Response {
    let Some(to) = address(uri, fields) else {
        return page("the address to return to cannot be used");
    };
    match HeaderValue::from_str(&to) {
        Ok(v) => {
            let mut r = StatusCode::SEE_OTHER.into_response();
            r.headers_mut().insert(header::LOCATION, v);
            super::error::no_store(r.headers_mut());
            r
        }
        Err(_) => page("the address to return to cannot be used"),
    }
}

/// The same as an address; `None` for what is none.
pub(super) fn address<'a>(
    uri: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    let mut u = url::Url::parse(uri).ok()?;
    let mut fields = fields.into_iter().peekable();
    if fields.peek().is_some() {
        u.query_pairs_mut().extend_pairs(fields);
    }
    Some(u.into())
}

/// A page of our own, with the reference under which the log has it.
fn refused(app: &App, id: RequestId, e: Error) -> Response {
    web::Refusal::new(app, id, e).into_response()
}

fn page(text: &str) -> Response {
    web::Refusal::from(Error::invalid(text)).into_response()
}
