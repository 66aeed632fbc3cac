//! What happened becomes rows of streams: who may hear it, and that too much is said and not lost in silence.

use super::{
    Events, MOST, PUSH, Stream, UPDATED, db,
    kinds::SESSION_REVOKED,
    rules::{self, About, Happened},
    stream::{Delivery, Status},
    subjects, told,
};
use crate::{
    audit::{self, Event},
    error::Result,
    id::{AppId, MessageId, RequestId, SessionId, StreamId, TenantId, UserId},
    outbox,
    store::{J, Lock, Tx},
};
use serde_json::{Value, json};

/// Holds a stream to the end of the transaction: what is put into it, what is taken from it and whether a message delivers it
/// fit together.
pub(super) async fn hold(tx: &mut Tx, t: TenantId, id: StreamId) -> Result<Option<Stream>> {
    tx.lock(Lock::Named(format!("event stream {id}"))).await?;
    db::get(tx, t, id).await
}

/// Sees to it that what waits for a stream that is pushed to is on its way.
pub(super) async fn wake(tx: &mut Tx, s: &Stream) -> Result<()> {
    if s.under_way || !s.enabled || !matches!(s.settings.0.delivery, Delivery::Push { .. }) {
        return Ok(());
    }
    db::under_way(tx, s.tenant_id, s.id, true).await?;
    outbox::push(tx, s.tenant_id, PUSH, &json!({ "stream": s.id })).await?;
    Ok(())
}

/// What an event says, but for who says it to whom, which is written when it is sent.
fn claims(
    tx: &Tx,
    jti: MessageId,
    sub_id: &Value,
    (kind, body): (&str, &Value),
    txn: &str,
) -> Value {
    let mut out = json!({
        "jti": jti, "iat": tx.now().secs(), "sub_id": sub_id, "events": { kind: body },
    });
    if !txn.is_empty() {
        out["txn"] = json!(txn);
    }
    out
}

/// Puts something behind what waits for a stream that is held, as far as there is room: where there is none, the stream is
/// stopped, and its application and the trail are told. A stream that is disabled keeps nothing.
pub(super) async fn put(
    tx: &mut Tx,
    s: &Stream,
    sub_id: &Value,
    (kind, body): (&str, &Value),
    txn: &str,
) -> Result<()> {
    let key = (s.tenant_id, s.id);
    if s.status == Status::Disabled || !s.enabled {
        return Ok(());
    }
    if s.queued >= MOST {
        if s.status == Status::Enabled {
            let why = format!("{MOST} events wait, and no more are kept");
            stop(tx, s, Status::Paused, &why).await?;
        }
        db::dropped(tx, key.0, key.1, 1).await?;
        return Ok(());
    }
    let jti = MessageId::new();
    let claims = claims(tx, jti, sub_id, (kind, body), txn);
    db::push(tx, key, jti, J(&claims), false).await?;
    if s.status == Status::Enabled { wake(tx, s).await } else { Ok(()) }
}

/// Stops a stream of our own accord, or lets it flow again: the trail says why, and so does an event of the stream.
pub(super) async fn stop(tx: &mut Tx, s: &Stream, status: Status, why: &str) -> Result<()> {
    let (t, id) = (s.tenant_id, s.id);
    tracing::warn!(stream = %id, client = s.client_id, why, "a stream of security events is stopped");
    db::set_status(tx, (t, id), status, Some(why)).await?;
    let gone = db::forget_notices(tx, (t, id), status == Status::Disabled).await?;
    db::gone(tx, (t, id), i64::try_from(gone).unwrap_or(0)).await?;
    let jti = MessageId::new();
    let sub_id = json!({ "format": "opaque", "id": id });
    let body = json!({ "status": status.as_str(), "reason": why });
    let claims = claims(tx, jti, &sub_id, (UPDATED, &body), "");
    db::push(tx, (t, id), jti, J(&claims), true).await?;
    let event = Event::new("event_stream.stop").target("app", s.app_id);
    let detail = json!({ "stream": id, "status": status.as_str(), "reason": why });
    audit::record(tx, t, event.detail(detail)).await
}

/// One thing that happened, for each of these streams that asked for it and may hear of whom it is about. Two things that
/// happened to somebody may be handed over in any order: what is not so any more is not said, which is looked at while the
/// stream is held, so that the last that is said is so.
pub(super) async fn each(
    tx: &mut Tx,
    events: &Events,
    (t, streams): (TenantId, &[Stream]),
    h: &Happened,
    txn: &str,
) -> Result<()> {
    let whom = match h.about {
        About::Person(u) | About::Session(_, u) => u.0,
        About::Group(g) => g.0,
    };
    for s in streams {
        let delivered = s.settings.0.delivered(s.app.0.scopes.as_deref());
        let Some(kind) = rules::told_as(h.kind, &delivered) else { continue };
        let Some(held) = hold(tx, s.tenant_id, s.id).await? else { continue };
        // What was before the stream was is not its business; and whoever is taken out of it while it is held by another is
        // not told of behind that.
        if h.at < held.created_at || subjects::removed(tx, s.tenant_id, s.id, whom).await? {
            continue;
        }
        if let Some(body) = told::as_it_is(tx, t, h).await? {
            let sub_id = rules::subject(events.issuer(), h.kind, h.about);
            put(tx, &held, &sub_id, (kind, &Value::Object(body)), txn).await?;
        }
    }
    Ok(())
}

/// Why a session ended, for whoever is told.
#[derive(Debug, Clone)]
pub struct Ending {
    /// In words.
    pub why: String,
    /// By whom, as in the trail.
    pub by: String,
    /// When.
    pub at: crate::clock::Timestamp,
    /// In which request, unless nobody asked for it.
    pub request: Option<RequestId>,
}

/// An application that got tokens in a session hears that it is over for it: once, as whoever calls this has claimed the two.
///
/// # Errors
/// The database's.
pub async fn session_ended(
    tx: &mut Tx,
    events: &Events,
    app: AppId,
    (session, user): (SessionId, UserId),
    ending: &Ending,
) -> Result<()> {
    let found = db::wherever(tx, app).await?;
    // What was before the stream was is not its business.
    let Some(stream) = found.filter(|s| ending.at >= s.created_at) else { return Ok(()) };
    let delivered = stream.settings.0.delivered(stream.app.0.scopes.as_deref());
    if !delivered.contains(&SESSION_REVOKED)
        || subjects::removed(tx, stream.tenant_id, stream.id, user.0).await?
    {
        return Ok(());
    }
    // Time runs out by what the platform is set to.
    let by = match ending.why.as_str() {
        "expired" => "policy",
        _ => rules::initiator(&ending.by, Some(user)),
    };
    let text = "Your session has ended; please sign in again.";
    let body = rules::body(ending.at, by, &ending.why, text);
    let sub_id = rules::session(events.issuer(), session, user);
    let txn = ending.request.map_or_else(|| format!("{session}"), |r| r.to_string());
    let Some(held) = hold(tx, stream.tenant_id, stream.id).await? else { return Ok(()) };
    put(tx, &held, &sub_id, (SESSION_REVOKED, &Value::Object(body)), &txn).await
}
