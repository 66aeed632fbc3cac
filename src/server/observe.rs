//! Around every request: its id, its span, one log line, its figures. The line says the route's pattern, never the
//! path or query as sent, so that no code, token or flow handle can be in it; headers are not logged at all. What went
//! well is told at the level debug: the audit trail has what was done, and a line for each token would cost as much as
//! the token.

use super::metrics::Metrics;
use crate::id::RequestId;
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use std::{sync::Arc, time::Instant};
use tracing::Instrument as _;

/// The middleware.
pub(super) async fn observe(
    State(figures): State<Arc<Metrics>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = *request.extensions_mut().get_or_insert_with(RequestId::new);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |m| m.as_str().to_owned());
    let method = known(request.method());
    let span = tracing::info_span!("request", %id, method, route);
    figures.under_way.inc();
    let under_way = Leaving(&figures);
    let mut response = next.run(request).instrument(span.clone()).await;
    drop(under_way);
    let took = began.elapsed();
    let status = response.status().as_u16();
    figures.count(method, &route, status, took);
    let quiet = matches!(route.as_str(), "/healthz" | "/readyz" | "/metrics");
    let ms = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let _in = span.enter();
    if response.status().is_server_error() {
        tracing::warn!(status, took_us = ms, "answered");
    } else if response.status().is_client_error() {
        tracing::info!(status, took_us = ms, "answered");
    } else if quiet {
        tracing::trace!(status, took_us = ms, "answered");
    } else {
        tracing::debug!(status, took_us = ms, "answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        // An answer that has one has the client's own (OpenID AuthZEN).
        response.headers_mut().entry("x-request-id").or_insert(value);
    }
    response
}

/// A request that is dropped (the client went away) leaves as well.
struct Leaving<'a>(&'a Metrics);
impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.under_way.dec();
    }
}

/// Methods outside of this list share a label: clients may invent as many as they like.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
