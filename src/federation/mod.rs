//! Upstream OpenID providers: a person is sent to their company's login and comes back with a code. It knows flow
//! rows (the state of a redirect is claimed from them, once), directories' sign-in halves and sessions; which way in
//! somebody chooses is `signin`'s, and they meet in the flow row.
//!
//! The road is forward only: [`start`] writes the state and redirects; [`callback`] claims it, asks the provider
//! ([`provider`], with no transaction open), verifies the id token ([`token`]), decides with
//! `protocol::oidc::assurance` what was proved, and then, in one transaction, links the identity and begins the
//! session ([`admit`]). A test login ([`trial`]) goes the same road and ends on a page; a provider may ask us to begin
//! ([`initiate`]). Who signs out may be sent to the provider's own logout ([`logout`]). Whatever fails on the way becomes a page with a reference and a record with the reason.

mod admit;
mod callback;
mod caller;
mod error;
mod graph;
mod groups;
mod initiate;
mod logout;
mod provider;
mod signals;
mod start;
mod token;
mod trial;

use crate::app::App;
use axum::{
    Extension, Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::Response,
    routing::get,
};
use provider::Providers;
pub use signals::Poller;

/// What is opened here is used up by it (a test login, the answer of a provider): who only looks whether there is something
/// at an address, as scanners of mail do, uses up nothing and learns nothing.
async fn looked_at(request: Request, next: Next) -> Response {
    if request.method() != Method::HEAD {
        return next.run(request).await;
    }
    let mut r = Response::new(Body::empty());
    r.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    r
}

/// The voice's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/federation/start", get(start::go).post(start::start))
        .route("/federation/step-up", get(start::step_up))
        .route("/federation/test/{token}", get(trial::open))
        .route("/federation/{directory}/initiate", get(initiate::asked).post(initiate::posted))
        .route("/federation/callback/{directory}", get(callback::callback))
        .route("/federation/logout", get(logout::leave))
        .route("/federation/signed-out/{directory}", get(logout::back))
        .merge(signals::routes())
        .route_layer(axum::middleware::from_fn(looked_at))
        .layer(Extension(Providers::default()))
}
