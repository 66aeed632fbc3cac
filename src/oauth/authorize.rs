//! `GET /oauth/authorize` (RFC 6749 4.1.1, OpenID Connect Core 3.1.2): a table of checks. Until client and redirect URI
//! are known to belong together nothing is sent anywhere: the browser gets a page of ours.

use super::{
    error::OAuthError,
    params::Params,
    resume::{self, Finished},
};
use crate::{
    app::App,
    apps::{Client, Kind},
    clock::Timestamp,
    error::{Error, Result},
    flows::{self, After},
    id::TenantId,
    sessions::Live,
    tenants,
    web::{self, Browser, LiveSession},
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// A checked authorization request, as the flow row and the code keep it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthRequest {
    /// The client.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Given back as it came.
    pub state: Option<String>,
    /// For the id token.
    pub nonce: Option<String>,
    /// What was asked for.
    pub scopes: Vec<String>,
    /// The S256 challenge.
    pub code_challenge: String,
    /// The tenant the tokens are for, where the request or the client says so.
    pub tid: Option<TenantId>,
    /// `prompt=none`: no page may be shown.
    pub silent: bool,
    /// `prompt=login` or `max_age`: the proof must not be older.
    pub min_auth_time: Option<Timestamp>,
}

/// What the checks look at.
struct Asked<'a> {
    client: &'a Client,
    params: &'a Params,
}

type Check = fn(&Asked<'_>) -> Result<(), OAuthError>;

/// In this order; each error goes back to the application by redirect.
const CHECKS: &[(&str, Check)] = &[
    ("no request objects", |a| match (a.params.get("request"), a.params.get("request_uri")) {
        (Some(_), _) => Err(OAuthError::new("request_not_supported", "'request' is not supported")),
        (_, Some(_)) => {
            Err(OAuthError::new("request_uri_not_supported", "'request_uri' is not supported"))
        }
        _ => Ok(()),
    }),
    ("response_type is code", |a| match a.params.get("response_type") {
        Some("code") => Ok(()),
        Some(_) => {
            Err(OAuthError::new("unsupported_response_type", "'response_type' is not 'code'"))
        }
        None => Err(OAuthError::invalid_request("'response_type' is missing")),
    }),
    ("response_mode is query", |a| match a.params.get("response_mode") {
        None | Some("query") => Ok(()),
        Some(_) => Err(OAuthError::invalid_request("'response_mode' is not 'query'")),
    }),
    ("PKCE with S256", |a| {
        if a.params.get("code_challenge_method") != Some("S256") {
            return Err(OAuthError::invalid_request(
                "PKCE is required: 'code_challenge_method' is not 'S256'",
            ));
        }
        let c = a.params.need("code_challenge")?;
        let fits =
            c.len() == 43 && c.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            Ok(())
        } else {
            Err(OAuthError::invalid_request("'code_challenge' is not an S256 challenge"))
        }
    }),
    ("scopes are words", |a| a.params.scopes().map(|_| ())),
    ("prompt is none or login", |a| match a.params.get("prompt") {
        None | Some("none" | "login") => Ok(()),
        Some(_) => Err(OAuthError::invalid_request("'prompt' is neither 'none' nor 'login'")),
    }),
    ("max_age is a number of seconds", |a| match a.params.get("max_age").map(str::parse::<u32>) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(_)) => Err(OAuthError::invalid_request("'max_age' is not a number of seconds")),
    }),
    ("state and nonce are of a length we keep", |a| {
        let long = |n| a.params.get(n).is_some_and(|v| v.len() > 2048);
        if long("state") || long("nonce") {
            return Err(OAuthError::invalid_request(
                "'state' or 'nonce' is longer than 2048 bytes",
            ));
        }
        Ok(())
    }),
    ("the client is enabled", |a| {
        if a.client.app.enabled {
            return Ok(());
        }
        Err(OAuthError::new("unauthorized_client", "the application is disabled"))
    }),
];

/// Answers an authorization request.
pub async fn get(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    browser: Browser,
    session: Option<LiveSession>,
) -> Response {
    let params = match Params::read(query.as_deref().unwrap_or_default()) {
        Ok(p) => p,
        Err(e) => return page(&e.description),
    };
    let (client, redirect_uri) = match addressed(&app, &params).await {
        Ok(x) => x,
        Err(e) => return page(e.detail()),
    };
    let state = params.get("state").map(str::to_owned);
    let request = match check(&app, &client, &params, redirect_uri.clone()).await {
        Ok(r) => r,
        Err(e) => {
            return back(
                &app,
                &redirect_uri,
                state.as_deref(),
                &[("error", e.error), ("error_description", &e.description)],
            );
        }
    };
    let fresh = session.filter(|s| request.min_auth_time.is_none_or(|m| s.proved_since(m)));
    let answer = match fresh {
        Some(s) => with_session(&app, &client, &request, &s.0, &browser).await,
        None if request.silent => {
            let text = "nobody is signed in, and no page may be shown";
            Ok(back(
                &app,
                &redirect_uri,
                state.as_deref(),
                &[("error", "login_required"), ("error_description", text)],
            ))
        }
        None => to_sign_in(&app, &client, &request, params.get("login_hint"), &browser).await,
    };
    let answer = answer.unwrap_or_else(|e| {
        let e = OAuthError::from(e);
        back(
            &app,
            &redirect_uri,
            state.as_deref(),
            &[("error", e.error), ("error_description", &e.description)],
        )
    });
    browser.keep(answer)
}

async fn with_session(
    app: &App,
    client: &Arc<Client>,
    request: &AuthRequest,
    session: &Live,
    browser: &Browser,
) -> Result<Response> {
    match resume::finish(app, client, request, session, true).await? {
        Finished::Answer(answer) => Ok(answer),
        Finished::StepUp(required) => {
            resume::step_up(app, client, request, session, required, browser).await
        }
    }
}

/// The client and its redirect URI, compared to the letter.
async fn addressed(app: &App, params: &Params) -> Result<(Arc<Client>, String)> {
    let missing = |what: &str| Error::invalid(format!("the application's request lacks '{what}'"));
    let id = params.get("client_id").ok_or_else(|| missing("client_id"))?;
    let client = app.apps.find(id).await?.filter(|c| c.app.kind == Kind::App);
    let client = client.ok_or_else(|| Error::invalid("no such application is registered here"))?;
    let uri = params.get("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    if !client.app.settings.0.redirect_uris.iter().any(|r| r == uri) {
        return Err(Error::invalid(
            "the address to return to is not registered for this application",
        ));
    }
    Ok((client, uri.to_owned()))
}

async fn check(
    app: &App,
    client: &Client,
    params: &Params,
    redirect_uri: String,
) -> Result<AuthRequest, OAuthError> {
    let asked = Asked { client, params };
    for (_, check) in CHECKS {
        check(&asked)?;
    }
    let tid = match params.get("tenant") {
        Some(t) => {
            let id = match TenantId::parse(t) {
                Some(id) => Some(id),
                None => tenants::by_slug(&app.store, t).await?.map(|t| t.id),
            };
            let id = id.filter(|i| client.app.platform || *i == client.app.tenant_id);
            Some(id.ok_or_else(|| {
                OAuthError::invalid_request("'tenant' is not one this application serves")
            })?)
        }
        None if client.app.platform => None,
        None => Some(client.app.tenant_id),
    };
    let now = app.store.clock().now();
    let login = (params.get("prompt") == Some("login")).then_some(now);
    let max_age = params.get("max_age").and_then(|m| m.parse().ok());
    let max_age = max_age.map(|m| now.minus(Duration::from_secs(m)));
    Ok(AuthRequest {
        client_id: client.app.client_id.clone(),
        redirect_uri,
        state: params.get("state").map(str::to_owned),
        nonce: params.get("nonce").map(str::to_owned),
        scopes: params.scopes()?,
        code_challenge: params.need("code_challenge")?.to_owned(),
        tid,
        silent: params.get("prompt") == Some("none"),
        min_auth_time: login.max(max_age),
    })
}

async fn to_sign_in(
    app: &App,
    client: &Client,
    request: &AuthRequest,
    login_hint: Option<&str>,
    browser: &Browser,
) -> Result<Response> {
    let kept = serde_json::to_value(request).map_err(Error::internal)?;
    let after = After::Authorize { app: client.app.id, request: kept };
    let mut state = flows::State::new(after, request.tid);
    state.login_hint = login_hint.filter(|h| h.len() <= 320).map(str::to_owned);
    state.min_auth_time = request.min_auth_time;
    let flow = flows::begin(&app.store, &app.system(), state, browser.hash()).await?;
    Ok(web::Redirect::to(&format!("/signin/{flow}")).into_response())
}

/// Sends the browser back to the application, with `iss` (RFC 9207) and `state`.
pub(super) fn back(app: &App, uri: &str, state: Option<&str>, fields: &[(&str, &str)]) -> Response {
    let Ok(mut u) = url::Url::parse(uri) else {
        return page("the address to return to cannot be used");
    };
    {
        let mut q = u.query_pairs_mut();
        for (name, value) in fields {
            q.append_pair(name, value);
        }
        if let Some(s) = state {
            q.append_pair("state", s);
        }
        q.append_pair("iss", app.config.issuer());
    }
    match HeaderValue::from_str(u.as_str()) {
        Ok(v) => {
            let mut r = StatusCode::SEE_OTHER.into_response();
            r.headers_mut().insert(header::LOCATION, v);
            super::error::no_store(r.headers_mut());
            r
        }
        Err(_) => page("the address to return to cannot be used"),
    }
}

fn page(text: &str) -> Response {
    web::Refusal::from(Error::invalid(text)).into_response()
}
