//! Our transmitter of security events (Shared Signals Framework 1.0): an application asks for its stream, sets it, tests it,
//! takes people out of it, and gets its events pushed (RFC 8935) or fetches them (RFC 8936).
//!
//! May use the rooms of truth and the porch. Decides nothing of what is told to whom: that is `events`'s.

mod caller;
mod discovery;
mod error;
mod poll;
mod push;
mod status;
mod stream;
mod subjects;

pub use push::push;

use crate::app::App;
use axum::{
    Router,
    routing::{get, post},
};

/// The routes of the transmitter.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/ssf-configuration", get(discovery::document))
        .route(
            "/ssf/stream",
            get(stream::get)
                .post(stream::create)
                .patch(stream::edit)
                .put(stream::replace)
                .delete(stream::remove),
        )
        .route("/ssf/status", get(status::get).post(status::set))
        .route("/ssf/verify", post(status::verify))
        .route("/ssf/subjects/add", post(subjects::add))
        .route("/ssf/subjects/remove", post(subjects::remove))
        .route("/ssf/poll/{stream}", post(poll::poll))
}
