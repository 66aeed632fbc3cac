//! Events that are pushed (RFC 8935): one by one in the order of their stream, so that what became of somebody is heard in
//! the order in which it happened. An application that is down or busy, or that we cannot prove ourselves to, hears the rest
//! later; an event that it refuses as such is not sent again.

use crate::{
    app::App,
    error::{Error, Result},
    events::{self, Delivery, Next, Queued, Stream},
    id::StreamId,
    outbox::Message,
    secret::ExposeSecret as _,
    text,
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long one message delivers: well within the time it has.
const TURN: Duration = Duration::from_secs(15);

/// The handler of [`events::PUSH`].
///
/// # Errors
/// What delays the rest of the stream.
pub async fn push(app: &App, m: &Message) -> Result<()> {
    let Some(id) = m.payload["stream"].as_str().and_then(StreamId::parse) else {
        return Err(Error::internal("a message of no stream"));
    };
    let (t, cx, began) = (m.tenant, app.system(), Instant::now());
    loop {
        match events::next(&app.store, t, id).await? {
            Next::Event(stream, event) => {
                if let Err(e) = one(app, &stream, &event).await {
                    events::troubled(&app.store, &cx, &stream, &said(&e)).await?;
                    return Err(e);
                }
            }
            Next::Nothing | Next::Gone => {
                if events::rest(&app.store, &cx, t, id).await? {
                    return Ok(());
                }
            }
        }
        if began.elapsed() > TURN {
            return events::go_on(&app.store, &cx, t, id).await;
        }
    }
}

fn said(e: &Error) -> String {
    match e.operator_text() {
        Some(why) => format!("{}: {why}", e.detail()),
        None => e.detail().to_owned(),
    }
}

async fn one(app: &App, s: &Stream, q: &Queued) -> Result<()> {
    let Delivery::Push { endpoint_url } = &s.settings.0.delivery else { return Ok(()) };
    let cx = app.system();
    let token = app.gate.security_event(&s.client_id, &q.claims.0)?;
    let mut request = http::Request::post(endpoint_url)
        .header("content-type", "application/secevent+jwt")
        .header("accept", "application/json");
    if let Some(header) = s.authorization(&app.master)? {
        let mut value = http::HeaderValue::from_str(header.expose_secret())
            .map_err(|_| Error::internal("a header that was checked when it was given"))?;
        value.set_sensitive(true);
        request = request.header("authorization", value);
    }
    let request = request
        .body(token.into_bytes())
        .map_err(|e| Error::unavailable("the application's address cannot be used").operator(e))?;
    let answer = app.net.send(request).await?;
    let status = answer.status();
    if status.is_success() {
        return events::taken(&app.store, &cx, s, q.jti).await;
    }
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    let about = format!("{status} {}", text::excerpt(&body));
    if !refusal(status.as_u16(), &body) {
        let text = "the application did not take its event";
        return Err(Error::unavailable(text).operator(about));
    }
    tracing::warn!(client = s.client_id, about, "an application refuses a security event");
    events::refused(&app.store, &cx, s, q.jti, &format!("refused: {about}")).await
}

/// Whether an answer refuses the event for good: the application has read it. That it does not know us may be mended.
fn refusal(status: u16, body: &str) -> bool {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let ours = matches!(body["err"].as_str(), Some("authentication_failed" | "access_denied"));
    status == 400 && !ours
}
