//! The style sheet and the one script, under names that change with what is in them: browsers may keep them for ever.

use crate::{app::App, crypto};
use axum::{Router, http::header, response::IntoResponse, routing::get};
use std::sync::LazyLock;

const STYLE: &str = include_str!("../../templates/muster.css");
const SCRIPT: &str = include_str!("../../templates/passkey.js");

static PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = crypto::sha256_hex(STYLE);
    format!("/assets/muster-{}.css", hash.get(..16).unwrap_or(&hash))
});

static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = crypto::sha256_hex(SCRIPT);
    format!("/assets/passkey-{}.js", hash.get(..16).unwrap_or(&hash))
});

/// The script's path: for pages with passkeys, which nothing else can ask a browser for.
pub fn script() -> &'static str {
    &SCRIPT_PATH
}

/// The style sheet's path.
pub fn stylesheet() -> &'static str {
    &PATH
}

/// What pages load.
pub fn routes() -> Router<App> {
    Router::new().route(stylesheet(), get(style)).route(script(), get(the_script))
}

async fn style() -> impl IntoResponse {
    kept("text/css; charset=utf-8", STYLE)
}

async fn the_script() -> impl IntoResponse {
    kept("text/javascript; charset=utf-8", SCRIPT)
}

fn kept(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}
