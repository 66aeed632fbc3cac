//! The admin API: what it answers, whom, and how it refuses.

mod actors;
mod beginnings;
mod called;
mod cursors;
mod errors;
mod figures;
mod keyed;
mod lists;
mod lists_shell;
mod members;
mod names;
mod once;
mod openapi;
mod over;
mod person;
mod portal;
mod rare;
mod routes;
mod setup;
mod trail;
mod user_bulk;
mod uses;
mod walk;

use crate::support::server::{Answer, TestServer};
use axum::http::{Method, Request};
use muster::actor::Actor;
use serde_json::Value;
use tower::ServiceExt as _;

/// A request by an actor whom the server has proved already; its answer is held against the description.
pub async fn call(
    server: &TestServer,
    actor: Option<&Actor>,
    method: &str,
    path: &str,
    body: &str,
) -> Answer {
    let verb: Method = method.parse().unwrap();
    let request = Request::builder().method(verb).uri(format!("/api/v1{path}"));
    let mut request = request.body(axum::body::Body::from(body.to_owned())).unwrap();
    if let Some(actor) = actor {
        request.extensions_mut().insert(actor.clone());
    }
    let response = server.router().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
    let answer = Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() };
    openapi::check(method, path, &answer);
    answer
}

/// The same by the owner of the data directory.
pub async fn own(server: &TestServer, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    call(server, Some(&server.owner()), method, path, &body).await
}
