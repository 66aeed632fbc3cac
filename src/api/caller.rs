//! Who may speak here: the owner, through the socket in the data directory (the listener says so), or whoever has a
//! session or an access token of ours.

use crate::{actor::Actor, app::App, error::Result, web::Caller};
use axum::http::request::Parts;

/// The proved caller of a request.
pub(super) async fn actor(app: &App, parts: &mut Parts) -> Result<Actor> {
    Ok(Caller::of(app, parts).await?.0)
}
