//! Our issuer: OAuth 2.1 and OpenID Connect. The authorization endpoint is a table of checks; every token comes from
//! `gate::issue`.
//!
//! May use the rooms of truth and the porch. Does not know how a person signs in: it writes a flow row, sends the
//! browser to the sign-in dispatcher, and goes on in [`resume`] when the browser comes back. Sessions end at
//! [`logout`]; who else is to know of it is [`backchannel`]'s.

mod authorize;
pub mod backchannel;
mod caller;
mod consent;
mod discovery;
mod error;
mod evaluate;
mod grants;
mod introspect;
mod logout;
mod pages;
pub mod params;
mod request;
mod resume;
mod revoke;
mod token;
mod userinfo;

use crate::app::App;
use axum::{
    Router,
    routing::{get, post},
};

/// The routes of the issuer.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::document))
        .route("/.well-known/oauth-authorization-server", get(discovery::document))
        .route("/oauth/jwks", get(discovery::keys))
        .route("/oauth/authorize", get(authorize::get).post(authorize::post))
        .route("/oauth/resume", get(resume::get))
        .route("/oauth/consent", post(consent::post))
        .route("/oauth/logout", get(logout::get).post(logout::post))
        .route("/oauth/logout/answer", post(logout::answer))
        .route("/oauth/token", post(token::post))
        .route("/oauth/userinfo", get(userinfo::get).post(userinfo::post))
        .route("/oauth/introspect", post(introspect::post))
        .route("/oauth/revoke", post(revoke::post))
        .route("/.well-known/authzen-configuration", get(evaluate::document))
        .route("/access/v1/evaluation", post(evaluate::one))
        .route("/access/v1/evaluations", post(evaluate::many))
}
