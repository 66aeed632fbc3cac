//! Who may speak here: the owner, through the socket in the data directory (the listener says so), or whoever has a
//! session or an access token of ours.

use crate::{
    actor::Actor,
    app::App,
    error::{Error, Result},
};
use axum::http::request::Parts;

/// The proved caller of a request.
pub(super) async fn actor(_app: &App, parts: &mut Parts) -> Result<Actor> {
    if let Some(actor) = parts.extensions.get::<Actor>() {
        return Ok(actor.clone());
    }
    Err(Error::unauthenticated("a session or an access token is needed"))
}
