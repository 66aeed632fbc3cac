//! An authorization request: the table of checks it passes, and what is kept of it.

use super::{authorize, error::OAuthError, params::Params};
use crate::{app::App, apps::Client, clock::Timestamp, id::TenantId, id::UserId, tenants};
use serde::{Deserialize, Serialize};
use std::time::Duration;

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
    /// `prompt=consent`: the person is asked, whatever they said before.
    pub ask: bool,
    /// `prompt=login`, `prompt=select_account` or `max_age`: the proof must not be older.
    pub min_auth_time: Option<Timestamp>,
    /// `id_token_hint`: nobody else.
    pub expected: Option<UserId>,
}

/// What the checks look at.
struct Asked<'a> {
    client: &'a Client,
    params: &'a Params,
}

type Check = fn(&Asked<'_>) -> Result<(), OAuthError>;

/// In this order; each error goes back to the application by redirect. What is not named here is ignored: `display`,
/// `ui_locales`, `claims_locales` and `acr_values` among it.
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
    ("prompt is of words we know, and none stands alone", |a| prompt(a.params).map(|_| ())),
    ("max_age is a number of seconds", |a| match a.params.get("max_age").map(seconds) {
        None | Some(Some(_)) => Ok(()),
        Some(None) => Err(OAuthError::invalid_request("'max_age' is not a number of seconds")),
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

/// Seconds, in digits; more than anything here lasts is as good as for ever.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse::<u32>().unwrap_or(u32::MAX).into())
}

/// `prompt` (OpenID Connect Core 3.1.2.1).
#[derive(Debug, Clone, Copy, Default)]
struct Prompt {
    none: bool,
    /// `select_account` as well: a browser has one session, so another account is another sign-in.
    login: bool,
    consent: bool,
}

fn prompt(p: &Params) -> Result<Prompt, OAuthError> {
    let mut out = Prompt::default();
    for word in p.get("prompt").unwrap_or_default().split(' ').filter(|w| !w.is_empty()) {
        match word {
            "none" => out.none = true,
            "login" | "select_account" => out.login = true,
            "consent" => out.consent = true,
            _ => {
                let text = "'prompt' is not of 'none', 'login', 'consent' and 'select_account'";
                return Err(OAuthError::invalid_request(text));
            }
        }
    }
    if out.none && (out.login || out.consent) {
        return Err(OAuthError::invalid_request("'prompt' has 'none' beside another word"));
    }
    Ok(out)
}

/// Checks a request of `client`, whose redirect URI is its own.
///
/// # Errors
/// What goes back to the application.
pub(super) async fn check(
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
    let expected = authorize::hinted(app, client, params)?;
    let prompt = prompt(params)?;
    let now = app.store.clock().now();
    let max_age = params.get("max_age").and_then(seconds);
    let max_age = max_age.map(|m| now.minus(Duration::from_secs(m)));
    Ok(AuthRequest {
        client_id: client.app.client_id.clone(),
        redirect_uri,
        state: params.get("state").map(str::to_owned),
        nonce: params.get("nonce").map(str::to_owned),
        scopes: params.scopes()?,
        code_challenge: params.need("code_challenge")?.to_owned(),
        tid,
        silent: prompt.none,
        ask: prompt.consent,
        min_auth_time: prompt.login.then_some(now).max(max_age),
        expected,
    })
}
