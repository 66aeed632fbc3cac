//! The porch: extractors, session cookie to actor, CSRF, headers, strict JSON and forms, how a page is sent. It
//! knows who asks and in which form; what they may do is `access`'s, whether they may act now is the gate's.

mod assets;
mod caller;
mod cookies;
mod goodbye;
mod path;
mod qr;
mod refusal;
mod sought;
pub mod strict;

pub use assets::{routes, script, stylesheet};
pub use caller::{Caller, ClientAddr, Device, LiveSession, Once, RequestId};
pub use cookies::{Browser, clear_session_cookie, portal_cookie, session_cookie};
pub use goodbye::upstream;
pub use path::plain;
pub use qr::{grouped, picture};
pub use refusal::{Refusal, notice, sentence};
pub use sought::{Found, Sought};
pub use strict::{StrictForm, StrictPath, StrictQuery};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};

/// Pages load our style sheet and nothing else ([`html_that_loads`] says what some do), and are shown in no frame. `form-action` is left out on purpose: some
/// browsers apply it to where a form's answer redirects, and a sign-in ends at other origins.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The headers of everything that a browser is shown. The referrer policy keeps `Origin` on our own forms.
fn guard(h: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        h.insert(name, HeaderValue::from_static(value));
    }
}

/// A page.
pub fn html(status: StatusCode, text: String) -> Response<Body> {
    let mut r = Response::new(Body::from(text));
    *r.status_mut() = status;
    guard(r.headers_mut());
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    r.headers_mut().insert(header::CONTENT_TYPE, kind);
    r
}

/// What a page may load beside the style sheet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loads<'a> {
    /// A picture of somebody else's, from that origin (`https://host`, as `apps::About` gives it) and from no other.
    pub picture: Option<&'a str>,
    /// Our script, which asks us for what it asks the browser.
    pub script: bool,
}

/// A page that loads more than the style sheet.
pub fn html_that_loads(status: StatusCode, text: String, loads: Loads<'_>) -> Response<Body> {
    let mut r = html(status, text);
    let mut wider = POLICY.to_owned();
    if let Some(origin) = loads.picture {
        wider = wider.replace("img-src 'self' data:", &format!("img-src 'self' data: {origin}"));
    }
    if loads.script {
        wider.push_str("; script-src 'self'; connect-src 'self'");
    }
    if let Ok(policy) = HeaderValue::try_from(wider) {
        r.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    r
}

/// A page that another crate made, with the headers of ours: it loads our style sheets and our script. What is no page, and
/// what browsers may keep, stays as it is.
pub fn guarded(mut r: Response<Body>) -> Response<Body> {
    let is = |name: HeaderName, what: &str| {
        r.headers().get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| v.starts_with(what))
    };
    if is(header::CACHE_CONTROL, "public") {
        return r;
    }
    let page = is(header::CONTENT_TYPE, "text/html");
    guard(r.headers_mut());
    if let (true, Ok(policy)) =
        (page, HeaderValue::try_from(format!("{POLICY}; script-src 'self'")))
    {
        r.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    r
}

/// A document for our own script.
pub fn document(value: &impl serde::Serialize) -> Response<Body> {
    let mut r = Response::new(Body::empty());
    match serde_json::to_vec(value) {
        Ok(text) => *r.body_mut() = Body::from(text),
        Err(_) => *r.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    guard(r.headers_mut());
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    r
}

/// "See other": the answer to a form, and each step of a sign-in.
#[derive(Debug, Clone)]
pub struct Redirect(String);
impl Redirect {
    /// To a path of ours, or to an address that was checked.
    pub fn to(location: &str) -> Self {
        Self(location.to_owned())
    }
}
impl IntoResponse for Redirect {
    fn into_response(self) -> Response<Body> {
        let mut r = Response::new(Body::empty());
        match HeaderValue::try_from(self.0) {
            Ok(location) => {
                *r.status_mut() = StatusCode::SEE_OTHER;
                guard(r.headers_mut());
                r.headers_mut().insert(header::LOCATION, location);
            }
            Err(_) => *r.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        }
        r
    }
}
