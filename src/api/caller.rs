//! Who may speak here: the owner, through the socket in the data directory (the listener says so), or whoever has a
//! session or an access token of ours.

use crate::{app::App, error::Result, web::Caller};
use axum::http::request::Parts;

/// The proved caller of a request.
pub(super) async fn caller(app: &App, parts: &mut Parts) -> Result<Caller> {
    Caller::of(app, parts).await
}
