//! Two cookies: the session's, and one that says "the same browser" while somebody is signing in.

use super::Refusal;
use crate::{
    app::App,
    crypto,
    secret::{ExposeSecret as _, Secret},
};
use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Response, header, request::Parts},
};

const SESSION: &str = "muster_session";
const BROWSER: &str = "muster_browser";
const PORTAL: &str = "muster_portal";

/// The name as it is sent: on https with the prefix that keeps other hosts of the domain from setting it.
fn name(app: &App, plain: &str) -> String {
    if app.config.https() { format!("__Host-{plain}") } else { plain.to_owned() }
}

fn set(app: &App, plain: &str, value: &str, more: &str) -> HeaderValue {
    let secure = if app.config.https() { "; Secure" } else { "" };
    let name = name(app, plain);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
    let mut v = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    v.set_sensitive(true);
    v
}

/// A cookie's value; one that is sent twice is none.
fn get(app: &App, headers: &HeaderMap, plain: &str) -> Option<String> {
    let name = name(app, plain);
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut found = texts
        .flat_map(|t| t.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(n, _)| *n == name)
        .map(|(_, v)| v.to_owned());
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// The session's cookie, to be set.
pub fn session_cookie(app: &App, value: &Secret) -> HeaderValue {
    set(app, SESSION, value.expose_secret(), "")
}
/// The session's cookie, to be taken away.
pub fn clear_session_cookie(app: &App) -> HeaderValue {
    set(app, SESSION, "", "; Max-Age=0")
}
/// The session's cookie, as it was sent.
pub(super) fn session(app: &App, headers: &HeaderMap) -> Option<String> {
    get(app, headers, SESSION)
}

/// The cookie of an opened setup link, to be set; over after so many seconds.
pub fn portal_cookie(app: &App, value: &str, seconds: u64) -> HeaderValue {
    set(app, PORTAL, value, &format!("; Max-Age={seconds}"))
}
/// The cookie of an opened setup link, as it was sent.
pub(super) fn portal(app: &App, headers: &HeaderMap) -> Option<String> {
    get(app, headers, PORTAL)
}

/// The browser, by a random cookie: what is begun in one is not finished in another.
#[derive(Debug, Clone)]
pub struct Browser {
    hash: String,
    new: Option<HeaderValue>,
}
impl Browser {
    /// What is stored of it.
    pub fn hash(&self) -> &str {
        &self.hash
    }
    /// Adds the cookie to the answer if the browser has none yet.
    pub fn keep(&self, mut response: Response<Body>) -> Response<Body> {
        if let Some(cookie) = &self.new {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        response
    }
}
impl FromRequestParts<App> for Browser {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let sent = get(app, &parts.headers, BROWSER).filter(|v| v.len() == 43);
        Ok(match sent {
            Some(value) => Self { hash: crypto::sha256_hex(value), new: None },
            None => {
                let value = crypto::random_b64(32);
                let new = Some(set(app, BROWSER, &value, ""));
                Self { hash: crypto::sha256_hex(value), new }
            }
        })
    }
}
