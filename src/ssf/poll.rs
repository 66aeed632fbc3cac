//! Events that are fetched (RFC 8936).

use super::{
    caller,
    error::{Refusal, document},
    stream::id,
};
use crate::{
    app::App,
    error::Error,
    events::{self, Fetch, MANAGE},
    id::MessageId,
    web::{RequestId, strict},
};
use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The most events that are confirmed at once: more than are given at once.
const CONFIRMED: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    max_events: Option<i64>,
    #[serde(default)]
    return_immediately: bool,
    #[serde(default)]
    ack: Vec<String>,
    #[serde(default)]
    set_errs: BTreeMap<String, Fault>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    err: String,
    description: Option<String>,
}

/// `POST /ssf/poll/{stream}`
pub(super) async fn poll(
    State(app): State<App>,
    RequestId(request): RequestId,
    Path(stream): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let r = caller::receiver(&app, &headers, request, &[MANAGE]).await?;
    let sent: Sent = strict::json(&strict::body(body).await?)?;
    if sent.ack.len() + sent.set_errs.len() > CONFIRMED {
        let text = format!("more than {CONFIRMED} events are confirmed at once");
        return Err(Error::invalid(text).attr("ack").into());
    }
    if sent.max_events.is_some_and(|n| n < 0) {
        return Err(Error::invalid("'maxEvents' is negative").attr("maxEvents").into());
    }
    // What is no id of ours was not given out, or long ago.
    let ack = sent.ack.iter().filter_map(|j| MessageId::parse(j)).collect();
    let errs = sent.set_errs.iter().filter_map(|(jti, fault)| {
        let why = format!("{} {}", fault.err, fault.description.as_deref().unwrap_or_default());
        Some((MessageId::parse(jti)?, why.trim().to_owned()))
    });
    let errs = errs.collect();
    let asked = Fetch { ack, errs, most: sent.max_events, at_once: sent.return_immediately };
    let page = events::fetch(&app.events, &r, id(&stream)?, asked).await?;
    let mut sets = Map::new();
    for q in &page.events {
        let token = app.gate.security_event(&page.stream.client_id, &q.claims.0)?;
        sets.insert(q.jti.to_string(), Value::String(token));
    }
    let mut out = json!({ "sets": sets });
    if page.more {
        out["moreAvailable"] = json!(true);
    }
    Ok(document(StatusCode::OK, &out))
}
