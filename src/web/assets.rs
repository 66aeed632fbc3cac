//! The style sheet, under a name that changes with what is in it: browsers may keep it for ever.

use crate::{app::App, crypto};
use axum::{Router, http::header, response::IntoResponse, routing::get};
use std::sync::LazyLock;

const STYLE: &str = include_str!("../../templates/muster.css");

static PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = crypto::sha256_hex(STYLE);
    format!("/assets/muster-{}.css", hash.get(..16).unwrap_or(&hash))
});

/// The style sheet's path.
pub fn stylesheet() -> &'static str {
    &PATH
}

/// What pages load.
pub fn routes() -> Router<App> {
    Router::new().route(stylesheet(), get(style))
}

async fn style() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, STYLE)
}
