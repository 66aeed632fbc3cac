//! The desk: the pages at which administrators, and the IT staff of a company, work.
//!
//! It is a client of the admin API, in the same process: a page asks the API for what it shows and tells it what was
//! typed, with the cookie of whoever sits there. So it can do nothing that a script could not, every check and every
//! line of the audit trail is the API's, and a right that is missing shows as the API's own refusal. It is a crate of
//! its own, so that the compiler holds it to that: no store, no service and no key can be reached from here.
//!
//! Pages are made on the server and work without a script; the one script is for comfort ([`assets`]).

mod api;
mod ask;
mod assets;
mod form;
mod nav;
mod problem;
mod rooms;
mod shell;
mod text;

pub use api::Backend;
pub use ask::Passed;

use axum::{Router, middleware};
use std::sync::Arc;

/// Where the pages are.
pub const PREFIX: &str = "/admin";

/// What the pages know of the server around them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The platform's name.
    pub brand: String,
    /// The path of the style sheet that all pages share; ours comes after it.
    pub stylesheet: String,
}

/// The shared part of all pages. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Parts>);

struct Parts {
    settings: Settings,
    api: Backend,
}

impl Desk {
    /// Pages over an API: what answers `/api/v1`.
    pub fn new(settings: Settings, api: Backend) -> Self {
        Self(Arc::new(Parts { settings, api }))
    }
    fn settings(&self) -> &Settings {
        &self.0.settings
    }
    fn api(&self) -> Backend {
        self.0.api.clone()
    }
}

/// The pages, at [`PREFIX`], and what they load.
pub fn routes(desk: Desk) -> Router {
    let dressed = middleware::from_fn_with_state(desk.clone(), ask::dressed);
    rooms::routes().layer(dressed).merge(assets::routes()).with_state(desk)
}
