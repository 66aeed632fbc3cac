//! What the provisioning log is told of a request: taken down while it is done, and handed over when it is over, also
//! when the client has gone away meanwhile.

use super::{
    error,
    note::{Noted, Refused},
};
use crate::{
    access::{Permit, perm::Provision},
    app::App,
    directories::Reading,
    error::Error,
    id::{LogId, RequestId},
    provisioning::log::{Entry, MOST, Recorder, Refusal},
};
use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderName, header, request::Parts},
    response::Response,
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The headers that mean something to a request.
pub(super) const HEADERS: [HeaderName; 3] =
    [header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH];

/// A request under way.
pub(super) struct Watch {
    entry: Option<Entry>,
    began: Instant,
    log: Recorder,
}

impl Watch {
    /// Of a directory that proved itself.
    pub(super) fn new(
        app: &App,
        id: RequestId,
        (permit, reading): &(Permit<Provision>, Reading),
        rest: &str,
        parts: &Parts,
    ) -> Self {
        let text = |name: &HeaderName| {
            // What is no text, or too long, is still told of: without it this would be another request.
            let value = parts.headers.get(name)?.to_str().unwrap_or("…");
            Some(value.chars().take(1000).collect())
        };
        let entry = Entry {
            tenant: permit.tenant(),
            directory: permit.directory(),
            at: app.store.clock().now(),
            request: id,
            method: parts.method.to_string(),
            path: rest.chars().take(1000).collect(),
            query: parts.uri.query().map(str::to_owned),
            headers: ["content-type", "if-match", "if-none-match"]
                .into_iter()
                .zip(&HEADERS)
                .filter_map(|(word, name)| Some((word, text(name)?)))
                .collect(),
            agent: text(&header::USER_AGENT),
            body: Bytes::new(),
            status: None,
            answer: None,
            refused: None,
            outcomes: Vec::new(),
            changed: Vec::new(),
            resource: about(rest),
            took: Duration::ZERO,
            log: reading.log,
            replay_of: None,
        };
        Self { entry: Some(entry), began: Instant::now(), log: app.log.clone() }
    }
    /// It is a replay of another.
    #[must_use]
    pub(super) fn replay_of(mut self, entry: LogId) -> Self {
        if let Some(e) = &mut self.entry {
            e.replay_of = Some(entry);
        }
        self
    }
    /// Its body, as it was sent.
    pub(super) fn body(&mut self, body: &Bytes) {
        if let Some(e) = &mut self.entry {
            e.body = body.clone();
        }
    }
    /// How it ended; gives the answer back.
    pub(super) async fn end(mut self, noted: Noted, response: Response) -> Response {
        let (response, text) = opened(response).await;
        let Some(mut e) = self.entry.take() else { return response };
        e.took = self.began.elapsed();
        e.status = Some(response.status().as_u16());
        e.answer = text;
        e.refused = refusal(&response);
        e.resource = made(e.resource, &response);
        e.outcomes = noted.outcomes;
        e.changed = noted.changed;
        self.log.push(e);
        response
    }
}

/// The document of an answer that is all there and not too large to be kept: what is sent in pieces is let through.
async fn opened(response: Response) -> (Response, Option<Bytes>) {
    let small = response.body().size_hint().exact().is_some_and(|n| n > 0 && n <= MOST as u64);
    if !small {
        return (response, None);
    }
    let (head, body) = response.into_parts();
    match body.collect().await {
        Ok(whole) => {
            let text = whole.to_bytes();
            (Response::from_parts(head, Body::from(text.clone())), Some(text))
        }
        Err(e) => (error::response(&Error::internal(e)), None),
    }
}

/// Whoever waits no longer leaves an entry without a status.
impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(mut e) = self.entry.take() {
            e.took = self.began.elapsed();
            self.log.push(e);
        }
    }
}

/// Why it was refused, if it was.
pub(super) fn refusal(response: &Response) -> Option<Refusal> {
    let r = response.extensions().get::<Refused>()?;
    Some(Refusal { scim_type: r.scim_type, detail: r.detail.clone() })
}

/// What an address is about.
pub(super) fn about(rest: &str) -> Option<(&'static str, Option<Uuid>)> {
    let mut parts = rest.split('/').filter(|s| !s.is_empty() && !s.eq_ignore_ascii_case("v2"));
    let kind = match parts.next()?.to_ascii_lowercase().as_str() {
        "users" => "User",
        "groups" => "Group",
        "bulk" => "Bulk",
        "me" => "Me",
        "serviceproviderconfig" | "resourcetypes" | "schemas" => "Discovery",
        _ => return None,
    };
    Some((kind, parts.next().and_then(|id| Uuid::try_parse(id).ok())))
}

/// The same, with the id of what was made.
pub(super) fn made(
    about: Option<(&'static str, Option<Uuid>)>,
    response: &Response,
) -> Option<(&'static str, Option<Uuid>)> {
    match about {
        Some((kind, None)) => {
            let at = response.headers().get(header::LOCATION).and_then(|l| l.to_str().ok());
            let id = at.and_then(|l| l.rsplit('/').next()).and_then(|id| Uuid::try_parse(id).ok());
            Some((kind, id))
        }
        other => other,
    }
}
