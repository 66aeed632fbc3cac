//! Of whom an application wants to hear (Shared Signals Framework 1.0, 8.1.3).

use super::{
    caller,
    error::{Refusal, empty},
    stream::id,
};
use crate::{
    app::App,
    events::{MANAGE, subjects},
    web::{RequestId, strict},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
struct Sent {
    stream_id: String,
    subject: Value,
}

async fn done(
    app: &App,
    request: crate::id::RequestId,
    headers: &HeaderMap,
    body: Body,
    wanted: bool,
) -> Result<(), Refusal> {
    let r = caller::receiver(app, headers, request, &[MANAGE]).await?;
    let sent: Sent = strict::json(&strict::body(body).await?)?;
    let (id, what) = (id(&sent.stream_id)?, (&sent.subject, wanted));
    Ok(subjects::set(&app.store, app.config.issuer(), &r, id, what).await?)
}

/// Puts somebody back into a stream.
pub(super) async fn add(
    State(app): State<App>,
    RequestId(request): RequestId,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    done(&app, request, &headers, body, true).await?;
    Ok(empty(StatusCode::OK))
}

/// Takes somebody out.
pub(super) async fn remove(
    State(app): State<App>,
    RequestId(request): RequestId,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    done(&app, request, &headers, body, false).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
