//! The configuration endpoint (Shared Signals Framework 1.0, 8.1.1): an application's one stream.

use super::{
    caller,
    discovery::{POLL, PUSH},
    error::{Refusal, document, empty},
};
use crate::{
    app::App,
    error::{Error, Result},
    events::{
        self, BETWEEN_TESTS, Change, Delivery, MANAGE, READ, Receiver, Settings, Stream, Wish,
    },
    id::StreamId,
    secret::Secret,
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
use url::Url;

/// What may stand in a query.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    stream_id: Option<String>,
}
impl Which {
    /// The stream that is named. What is no id of ours is nobody's stream.
    pub(super) fn id(&self) -> Result<Option<StreamId>> {
        self.stream_id.as_deref().map(id).transpose()
    }
    /// The same, where one must be.
    pub(super) fn one(&self) -> Result<StreamId> {
        let missing = || Error::invalid("'stream_id' is missing").attr("stream_id");
        self.id()?.ok_or_else(missing)
    }
}

/// A stream's id.
pub(super) fn id(text: &str) -> Result<StreamId> {
    StreamId::parse(text).ok_or_else(|| Error::not_found("stream"))
}

/// Where an application fetches its events.
fn poll_url(app: &App, id: StreamId) -> String {
    format!("{}/ssf/poll/{id}", app.config.issuer())
}

/// A stream as its application sees it: without what it gave us to authorize ourselves with.
fn shown(app: &App, s: &Stream) -> Value {
    let settings = &s.settings.0;
    let scopes = s.app.0.scopes.as_deref();
    let delivery = match &settings.delivery {
        Delivery::Push { endpoint_url } => json!({ "method": PUSH, "endpoint_url": endpoint_url }),
        Delivery::Poll => json!({ "method": POLL, "endpoint_url": poll_url(app, s.id) }),
    };
    let mut out = json!({
        "stream_id": s.id,
        "iss": app.config.issuer(),
        "aud": s.client_id,
        "events_supported": events::supported(scopes),
        "events_delivered": settings.delivered(scopes),
        "delivery": delivery,
        "min_verification_interval": BETWEEN_TESTS,
    });
    if let Some(asked) = &settings.events_requested {
        out["events_requested"] = json!(asked);
    }
    if let Some(d) = &settings.description {
        out["description"] = json!(d);
    }
    out
}

/// A stream as an application sends it: its own properties; and ours, which must be what they are.
#[derive(Debug, Deserialize)]
#[expect(clippy::option_option, reason = "not there, null and a value are three")]
struct Sent {
    stream_id: Option<String>,
    #[serde(default, deserialize_with = "there")]
    events_requested: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "there")]
    description: Option<Option<String>>,
    delivery: Option<Wanted>,
    iss: Option<Value>,
    aud: Option<Value>,
    events_supported: Option<Value>,
    events_delivered: Option<Value>,
    min_verification_interval: Option<Value>,
}

#[expect(clippy::option_option, reason = "not there, null and a value are three")]
fn there<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    d: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}

#[derive(Debug, Deserialize)]
struct Wanted {
    method: String,
    endpoint_url: Option<String>,
    authorization_header: Option<Secret>,
}

impl Wanted {
    /// How events are to reach the application; `own`: where it fetches them, unless that is to be said yet.
    fn read(self, app: &App, own: Option<&str>) -> Result<(Delivery, Option<Secret>)> {
        let bad = |text: &str| Error::invalid(text.to_owned()).attr("delivery");
        match self.method.as_str() {
            PUSH => {
                let url = self.endpoint_url.ok_or_else(|| {
                    bad("'delivery' has no 'endpoint_url' that events are pushed to")
                })?;
                let parsed = Url::parse(&url)
                    .map_err(|_| bad("'endpoint_url' is not an absolute address"))?;
                if parsed.fragment().is_some() {
                    return Err(bad("'endpoint_url' has a fragment"));
                }
                app.net.check(&parsed).map_err(|e| {
                    let why = e.operator_text().unwrap_or_default().to_owned();
                    bad("'endpoint_url' may not be reached from here").operator(why)
                })?;
                Ok((Delivery::Push { endpoint_url: url }, self.authorization_header))
            }
            POLL => {
                if own.is_some_and(|own| self.endpoint_url.is_some_and(|u| u != own)) {
                    return Err(bad("'endpoint_url' is ours where events are fetched"));
                }
                Ok((Delivery::Poll, self.authorization_header))
            }
            _ => Err(bad("'method' is neither push (RFC 8935) nor poll (RFC 8936)")),
        }
    }
}

impl Sent {
    fn id(&self) -> Result<StreamId> {
        let missing = || Error::invalid("'stream_id' is missing").attr("stream_id");
        id(self.stream_id.as_deref().ok_or_else(missing)?)
    }
    /// Refuses another value of what is ours than it has.
    fn fits(&self, now: &Value) -> Result<()> {
        for (name, sent) in [
            ("iss", &self.iss),
            ("aud", &self.aud),
            ("events_supported", &self.events_supported),
            ("events_delivered", &self.events_delivered),
            ("min_verification_interval", &self.min_verification_interval),
        ] {
            if sent.as_ref().is_some_and(|v| *v != now[name]) {
                let text = format!("'{name}' is the transmitter's, and is another");
                return Err(Error::invalid(text).attr(name));
            }
        }
        Ok(())
    }
}

type Answer = std::result::Result<Response, Refusal>;

/// Reads the configuration: all of it, a list of one or none; or the one that is named.
pub(super) async fn get(
    State(app): State<App>,
    RequestId(request): RequestId,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[READ, MANAGE]).await?;
    let body = match which.id()? {
        Some(id) => shown(&app, &events::find(&app.store, &r, id).await?),
        None => {
            let all = events::list(&app.store, &r).await?;
            Value::Array(all.iter().map(|s| shown(&app, s)).collect())
        }
    };
    Ok(document(StatusCode::OK, &body))
}

async fn sent(body: Body) -> Result<Sent> {
    strict::json(&strict::body(body).await?)
}

/// The whole of what is asked for; where nothing says how, it is fetched.
fn wish(app: &App, sent: Sent, own: Option<&str>) -> Result<Wish> {
    let (delivery, authorization) = match sent.delivery {
        Some(d) => d.read(app, own)?,
        None => (Delivery::Poll, None),
    };
    let (description, events_requested) =
        (sent.description.flatten(), sent.events_requested.flatten());
    Ok(Wish { settings: Settings { description, events_requested, delivery }, authorization })
}

/// Begins a stream.
pub(super) async fn create(
    State(app): State<App>,
    RequestId(request): RequestId,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[MANAGE]).await?;
    let wish = wish(&app, sent(body).await?, None)?;
    let made = events::create(&app.store, &app.master, &r, wish).await?;
    Ok(document(StatusCode::CREATED, &shown(&app, &made)))
}

async fn was(app: &App, r: &Receiver, sent: &Sent) -> Result<Stream> {
    let was = events::find(&app.store, r, sent.id()?).await?;
    sent.fits(&shown(app, &was))?;
    Ok(was)
}

/// Changes what is named.
pub(super) async fn edit(
    State(app): State<App>,
    RequestId(request): RequestId,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[MANAGE]).await?;
    let sent = sent(body).await?;
    let id = was(&app, &r, &sent).await?.id;
    let own = poll_url(&app, id);
    let delivery = sent.delivery.map(|d| d.read(&app, Some(&own))).transpose()?;
    let (description, events_requested) = (sent.description, sent.events_requested);
    let change = Change { description, events_requested, delivery };
    let now = events::edit(&app.store, &app.master, &r, id, change).await?;
    Ok(document(StatusCode::OK, &shown(&app, &now)))
}

/// Puts another in its place.
pub(super) async fn replace(
    State(app): State<App>,
    RequestId(request): RequestId,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[MANAGE]).await?;
    let sent = sent(body).await?;
    let id = was(&app, &r, &sent).await?.id;
    let wish = wish(&app, sent, Some(&poll_url(&app, id)))?;
    let now = events::replace(&app.store, &app.master, &r, id, wish).await?;
    Ok(document(StatusCode::OK, &shown(&app, &now)))
}

/// Ends it.
pub(super) async fn remove(
    State(app): State<App>,
    RequestId(request): RequestId,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Answer {
    let r = caller::receiver(&app, &headers, request, &[MANAGE]).await?;
    events::remove(&app.store, &r, which.one()?).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
