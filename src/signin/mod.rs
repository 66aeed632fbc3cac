//! The dispatcher of one sign-in: who are you, which way in, what is still missing. It knows flow rows, sessions and
//! local credentials; how a directory proves somebody is `federation`'s, what comes afterwards is `oauth`'s: they
//! meet in the flow row, never by calling each other. A person may reload, go back, open two tabs.
//!
//! * `/signin` begins a sign-in for its own sake, `/signin/{flow}` shows what is missing and, when nothing is, leads on.
//! * `/signin/{flow}/{email,tenant,password,code,recovery,passkey}` take what a person typed or their device shows, `/signin/{flow}/acting` where they want to
//!   act.
//! * `/invite/{token}`, `/setup/{token}` open the links that were sent or printed; `/enrol/{flow}` takes the credentials
//!   of who comes in by one.
//! * `/portal/open/{token}` lets a company's IT staff in to set one directory up.
//! * `/forgot` has a link sent to who forgot their password, `/reset/{token}` is that link.
//! * `/refused/{reference}` says why it did not work, as far as the person at the browser may know.

mod caller;
mod chooser;
mod discover;
mod enrol;
mod enrol_passkey;
mod error;
mod flow;
mod forgot;
mod invite;
mod local;
mod pages;
mod passkey;
mod portal;
mod refused;
mod setup;

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
        .route("/signin/{flow}/email", post(discover::email))
        .route("/signin/{flow}/tenant", post(discover::tenant))
        .route("/signin/{flow}/acting", post(chooser::choose))
        .route("/signin/{flow}/password", post(local::password))
        .route("/signin/{flow}/code", post(local::code))
        .route("/signin/{flow}/recovery", post(local::recovery_code))
        .route("/signin/{flow}/passkey", post(passkey::show))
        .route("/signin/{flow}/passkey/begin", post(passkey::begin))
        .route("/forgot", get(forgot::show).post(forgot::ask))
        .route("/reset/{token}", get(forgot::open).post(forgot::set))
        .route("/reset/{token}/enrol", post(forgot::begin))
        .route("/refused/{reference}", get(refused::show))
        .route("/invite/{token}", get(invite::show).post(invite::begin))
        .route("/invite/{token}/again", post(invite::ask))
        .route("/setup/{token}", get(setup::show).post(setup::begin))
        .route("/portal/open/{token}", get(portal::show).post(portal::enter))
        .route("/enrol/{flow}", get(enrol::show).post(enrol::choose))
        .route("/enrol/{flow}/code", get(enrol::show_code).post(enrol::prove_code))
        .route("/enrol/{flow}/passkey", post(enrol_passkey::show))
        .route("/enrol/{flow}/passkey/begin", post(enrol_passkey::begin))
}
