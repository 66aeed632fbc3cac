//! The style sheet and the script of the pages, under names that change with what is in them: browsers may keep them for
//! ever. The script is for comfort: what it does, the page does without it, in one step more.

use crate::Desk;
use axum::{Router, http::header, response::IntoResponse, routing::get};
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::LazyLock,
};

const STYLE: &str = include_str!("../assets/desk.css");
const SCRIPT: &str = include_str!("../assets/desk.js");

fn named(text: &str, kind: &str) -> String {
    // Which text it is, and no more: nobody gains by two texts of one name.
    let mut hash = DefaultHasher::new();
    text.hash(&mut hash);
    format!("/assets/desk-{:016x}.{kind}", hash.finish())
}

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| named(STYLE, "css"));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| named(SCRIPT, "js"));

/// The style sheet's path.
pub fn stylesheet() -> &'static str {
    &STYLE_PATH
}
/// The script's path.
pub fn script() -> &'static str {
    &SCRIPT_PATH
}

/// What pages load.
pub fn routes() -> Router<Desk> {
    Router::new()
        .route(stylesheet(), get(|| async { kept("text/css; charset=utf-8", STYLE) }))
        .route(script(), get(|| async { kept("text/javascript; charset=utf-8", SCRIPT) }))
}

fn kept(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}
