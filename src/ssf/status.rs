//! The status endpoint and the verification endpoint (Shared Signals Framework 1.0, 8.1.2 and 8.1.4).

use super::{
    caller,
    error::{Refusal, document, empty},
    stream::{Which, id},
};
use crate::{
    app::App,
    events::{self, MANAGE, READ, Status, Stream},
    web::{RequestId, strict},
};
use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

type Answer = Result<Response, Refusal>;

fn shown(s: &Stream) -> Value {
    let mut out = json!({ "stream_id": s.id, "status": s.status.as_str() });
    if let Some(reason) = &s.reason {
        out["reason"] = json!(reason);
    }
    out
}

/// Says whether a stream flows.
pub(super) async fn get(
    State(app): State<App>,
    RequestId(request): RequestId,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[READ, MANAGE]).await?;
    let found = events::find(&app.store, &r, which.one()?).await?;
    Ok(document(StatusCode::OK, &shown(&found)))
}

#[derive(Debug, Deserialize)]
struct Set {
    stream_id: String,
    status: Status,
    reason: Option<String>,
}

/// Lets it flow, or stops it.
pub(super) async fn set(
    State(app): State<App>,
    RequestId(request): RequestId,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[MANAGE]).await?;
    let sent: Set = strict::json(&strict::body(body).await?)?;
    let id = id(&sent.stream_id)?;
    let now = events::set_status(&app.store, &r, id, sent.status, sent.reason).await?;
    Ok(document(StatusCode::OK, &shown(&now)))
}

#[derive(Debug, Deserialize)]
struct Test {
    stream_id: String,
    state: Option<String>,
}

/// Tests a stream: an event comes that says `state` again.
pub(super) async fn verify(
    State(app): State<App>,
    RequestId(request): RequestId,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[MANAGE]).await?;
    let sent: Test = strict::json(&strict::body(body).await?)?;
    events::verify(&app.store, &r, id(&sent.stream_id)?, sent.state).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
