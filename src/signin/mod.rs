//! The dispatcher of one sign-in: who are you, which way in, what is still missing. It knows flow rows, sessions and
//! local credentials; how a directory proves somebody is `federation`'s, what comes afterwards is `oauth`'s: they
//! meet in the flow row, never by calling each other. A person may reload, go back, open two tabs.
//!
//! * `/signin` begins a sign-in for its own sake, `/signin/{flow}` shows what is missing and, when nothing is, leads on.
//! * `/signin/{flow}/{tenant,password,code}` take what a person typed.
//! * `/refused/{reference}` says why it did not work, as far as the person at the browser may know.

mod caller;
mod error;
mod flow;
mod local;
mod pages;
mod refused;

use crate::app::App;
use axum::{
    Router,
    routing::{get, post},
};

/// The voice's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/signin", get(flow::begin))
        .route("/signin/{flow}", get(flow::show))
        .route("/signin/{flow}/tenant", post(flow::tenant))
        .route("/signin/{flow}/password", post(local::password))
        .route("/signin/{flow}/code", post(local::code))
        .route("/refused/{reference}", get(refused::show))
}
