//! The streams of security events that applications asked for, as administrators see them.

use super::{
    answer::{Done, Shown, Time, With},
    call::Call,
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    error::Result,
    events::{self, Delivery, Status, Stream},
    id::{AppId, StreamId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How events reach an application.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum EventDelivery {
    /// They are pushed to it.
    Push,
    /// It fetches them.
    Poll,
}

/// An application's stream of security events, and how it does.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EventStream")]
pub(super) struct StreamShown {
    id: StreamId,
    app: AppId,
    description: Option<String>,
    /// What it is told.
    events: Vec<&'static str>,
    delivery: EventDelivery,
    /// Where events are pushed to.
    endpoint_url: Option<String>,
    /// Whether what is pushed is sent with a header that the application gave.
    authorization: bool,
    status: Status,
    /// Why it is so.
    reason: Option<String>,
    /// How many events wait.
    queued: i64,
    /// How many were not kept, because too many waited or for too long.
    dropped: i64,
    /// When it last took something.
    delivered_at: Option<Time>,
    /// When something was last not taken, and why.
    failed_at: Option<Time>,
    failure: Option<String>,
    created_at: Time,
    /// When the application last changed it.
    updated_at: Time,
}

fn show(s: Stream) -> StreamShown {
    let events = s.settings.0.delivered(s.app.0.scopes.as_deref());
    let (delivery, endpoint_url) = match s.settings.0.delivery {
        Delivery::Push { endpoint_url } => (EventDelivery::Push, Some(endpoint_url)),
        Delivery::Poll => (EventDelivery::Poll, None),
    };
    StreamShown {
        id: s.id,
        app: s.app_id,
        description: s.settings.0.description,
        events,
        delivery,
        endpoint_url,
        authorization: s.authorization_header.is_some(),
        status: s.status,
        reason: s.reason,
        queued: s.queued,
        dropped: s.dropped,
        delivered_at: s.delivered_at.map(Into::into),
        failed_at: s.failed_at.map(Into::into),
        failure: s.failure,
        created_at: s.created_at.into(),
        updated_at: s.updated_at.into(),
    }
}

/// What a stream is to do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SetEventStream", example = json!({ "status": "paused", "reason": "maintenance" }))]
pub(super) struct Set {
    status: Status,
    /// Why, for the application and whoever reads the trail.
    reason: String,
}

pub(super) async fn get(c: Call) -> Result<Shown<StreamShown>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    Ok(Shown::of(show(events::of_app(&c.app.store, &p, c.id("app")?).await?)))
}

pub(super) async fn set(c: With<Set>) -> Result<Shown<StreamShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let (b, id) = (c.json()?, c.id("app")?);
    events::stop(&c.app.store, &p, id, Some((b.status, b.reason))).await?;
    let sees = c.tenant::<SystemViewSettings>().await?;
    Ok(Shown::of(show(events::of_app(&c.app.store, &sees, id).await?)))
}

pub(super) async fn delete(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    events::stop(&c.app.store, &p, c.id("app")?, None).await?;
    Ok(Done)
}
