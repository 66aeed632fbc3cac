//! What an application does with its stream: it has at most one.

use super::{
    BETWEEN_TESTS, Receiver, Stream, VERIFICATION, db, kinds,
    put::{self, hold},
    supported,
};
use crate::{
    access::{
        Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    crypto::seal::MasterKey,
    error::{Error, Kind, Result},
    id::{AppId, StreamId, TenantId},
    secret::{ExposeSecret, Secret},
    store::{Conn, J, Scope, Store, Topic, Tx},
    text, tx,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// The longest `authorization_header`.
const HEADER: usize = 4096;
/// The most event types that are asked for: there are fewer.
const TYPES: usize = 100;

/// Whether a stream sends anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "EventStreamStatus")]
pub enum Status {
    /// It does.
    Enabled,
    /// It keeps what there is to send.
    Paused,
    /// It does not, and keeps nothing.
    Disabled,
}
impl Status {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "enabled" => Some(Self::Enabled),
            "paused" => Some(Self::Paused),
            "disabled" => Some(Self::Disabled),
            _ => None,
        }
    }
}
crate::enum_column!(Status);

/// How events reach the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// They are pushed (RFC 8935).
    Push {
        /// There.
        endpoint_url: String,
    },
    /// They are fetched (RFC 8936).
    Poll,
}

/// What an application asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Its words for people.
    pub description: Option<String>,
    /// The types it wants; not said: those that tell of the people it serves.
    pub events_requested: Option<Vec<String>>,
    /// How it wants them.
    pub delivery: Delivery,
}

impl Settings {
    /// The types that are delivered: asked for, and allowed to an application with these scopes.
    pub fn delivered(&self, scopes: Option<&[String]>) -> Vec<&'static str> {
        let all = supported(scopes).into_iter();
        match &self.events_requested {
            Some(asked) => all.filter(|e| asked.iter().any(|a| a == e)).collect(),
            None => all.filter(|e| kinds::SECURITY.contains(e)).collect(),
        }
    }
}

/// A stream as it is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What is asked for.
    pub settings: Settings,
    /// What is pushed is to be sent with this, as `Authorization`.
    pub authorization: Option<Secret>,
}

/// What is to change. An outer `None` leaves it as it is, an inner one takes it away.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its words for people.
    pub description: Option<Option<String>>,
    /// The types it wants.
    pub events_requested: Option<Option<Vec<String>>>,
    /// How it wants them, and with what; without a new header the old one stays, where the address does.
    pub delivery: Option<(Delivery, Option<Secret>)>,
}

fn none() -> Error {
    Error::not_found("stream")
}

fn aad(id: StreamId) -> String {
    format!("event_stream:{id}:authorization_header")
}

impl Stream {
    /// What is pushed is sent with this.
    ///
    /// # Errors
    /// `Internal` when it was sealed with another master key.
    pub fn authorization(&self, master: &MasterKey) -> Result<Option<Secret>> {
        let open = |sealed: &String| {
            let plain = master.open(&aad(self.id), sealed)?;
            Ok(Secret::from(String::from_utf8(plain).map_err(Error::internal)?))
        };
        self.authorization_header.as_ref().map(open).transpose()
    }
}

fn checked(wish: &Wish) -> Result<()> {
    let s = &wish.settings;
    if let Some(d) = &s.description {
        text::checked("description", d, 500)?;
    }
    let asked = s.events_requested.iter().flatten();
    if asked.clone().count() > TYPES || asked.clone().any(|e| e.len() > 500) {
        let detail = format!("'events_requested' has more than {TYPES} entries, or a long one");
        return Err(Error::invalid(detail).attr("events_requested"));
    }
    match (&s.delivery, &wish.authorization) {
        (Delivery::Push { endpoint_url }, _) => text::checked("endpoint_url", endpoint_url, 2000)?,
        (Delivery::Poll, Some(_)) => {
            let detail = "'authorization_header' is for events that are pushed";
            return Err(Error::invalid(detail).attr("authorization_header"));
        }
        (Delivery::Poll, None) => "",
    };
    let header = wish.authorization.as_ref().map(ExposeSecret::expose_secret);
    if header.is_some_and(|h| {
        h.is_empty() || h.len() > HEADER || !h.bytes().all(|b| matches!(b, 0x20..=0x7e))
    }) {
        let detail = "'authorization_header' is not the value of a header";
        return Err(Error::invalid(detail).attr("authorization_header"));
    }
    Ok(())
}

fn sealed(master: &MasterKey, id: StreamId, header: Option<&Secret>) -> Result<Option<String>> {
    header.map(|h| master.seal(&aad(id), h.expose_secret().as_bytes())).transpose()
}

/// What the trail keeps of it: no secret.
fn detail(id: StreamId, s: &Settings) -> serde_json::Value {
    let (method, url) = match &s.delivery {
        Delivery::Push { endpoint_url } => ("push", Some(endpoint_url)),
        Delivery::Poll => ("poll", None),
    };
    json!({ "stream": id, "delivery": method, "endpoint_url": url, "events": s.events_requested })
}

async fn record(
    tx: &mut Tx,
    r: &Receiver,
    what: &'static str,
    id: StreamId,
    s: &Settings,
) -> Result<()> {
    tx.changed(Topic::App(r.app));
    audit::record(tx, r.tenant, Event::new(what).target("app", r.app).detail(detail(id, s))).await
}

/// Begins the application's stream.
///
/// # Errors
/// `Conflict` when it has one; `Invalid`, naming the field.
pub async fn create(store: &Store, master: &MasterKey, r: &Receiver, wish: Wish) -> Result<Stream> {
    checked(&wish)?;
    let id = StreamId::new();
    let header = sealed(master, id, wish.authorization.as_ref())?;
    let (t, app, settings) = (r.tenant, r.app, wish.settings);
    tx!(store, &r.cx(), [r, settings, header], |tx| {
        if db::of_app(tx, t, app).await?.is_some() {
            return Err(Error::conflict("this application has a stream; there is one for each"));
        }
        db::insert(tx, (t, id, app), J(&settings), header.as_deref()).await?;
        record(tx, &r, "event_stream.create", id, &settings).await?;
        db::get(tx, t, id).await?.ok_or_else(none)
    })
}

/// The application's stream, if it has one.
///
/// # Errors
/// The database's.
pub async fn list(store: &Store, r: &Receiver) -> Result<Option<Stream>> {
    let mut c = store.read(Scope::Tenant(r.tenant)).await?;
    db::of_app(&mut c, r.tenant, r.app).await
}

/// The application's stream of this id.
///
/// # Errors
/// `NotFound`: also for another application's.
pub async fn find(store: &Store, r: &Receiver, id: StreamId) -> Result<Stream> {
    let mut c = store.read(Scope::Tenant(r.tenant)).await?;
    theirs(&mut c, r, id).await
}

async fn theirs(c: &mut Conn, r: &Receiver, id: StreamId) -> Result<Stream> {
    db::get(c, r.tenant, id).await?.filter(|s| s.app_id == r.app).ok_or_else(none)
}

/// The same, held to the end of the transaction.
pub(super) async fn held(tx: &mut Tx, r: &Receiver, id: StreamId) -> Result<Stream> {
    hold(tx, r.tenant, id).await?.filter(|s| s.app_id == r.app).ok_or_else(none)
}

/// Puts another in its place; what is not named is not asked for any more.
///
/// # Errors
/// `NotFound`; `Invalid`, naming the field.
pub async fn replace(
    store: &Store,
    master: &MasterKey,
    r: &Receiver,
    id: StreamId,
    wish: Wish,
) -> Result<Stream> {
    checked(&wish)?;
    let header = sealed(master, id, wish.authorization.as_ref())?;
    let settings = wish.settings;
    tx!(store, &r.cx(), [r, settings, header], |tx| {
        let was = held(tx, &r, id).await?;
        written(tx, &r, &was, &settings, header.as_deref()).await
    })
}

async fn written(
    tx: &mut Tx,
    r: &Receiver,
    was: &Stream,
    settings: &Settings,
    header: Option<&str>,
) -> Result<Stream> {
    let (t, id) = (r.tenant, was.id);
    if was.settings.0 != *settings || was.authorization_header.as_deref() != header {
        db::update(tx, (t, id), J(settings), header).await?;
        record(tx, r, "event_stream.edit", id, settings).await?;
    } else {
        tx.unaudited("nothing is another");
    }
    let now = db::get(tx, t, id).await?.ok_or_else(none)?;
    // What waited to be fetched is pushed from now on.
    if now.status == Status::Enabled && now.queued > 0 {
        put::wake(tx, &now).await?;
    }
    Ok(now)
}

/// Changes it.
///
/// # Errors
/// As [`replace`].
pub async fn edit(
    store: &Store,
    master: &MasterKey,
    r: &Receiver,
    id: StreamId,
    change: Change,
) -> Result<Stream> {
    let was = find(store, r, id).await?;
    let mut settings = was.settings.0.clone();
    if let Some(d) = change.description {
        settings.description = d;
    }
    if let Some(e) = change.events_requested {
        settings.events_requested = e;
    }
    let mut header = was.authorization_header.clone();
    let mut given = None;
    if let Some((delivery, secret)) = change.delivery {
        // What was given for one address is not sent to another.
        if settings.delivery != delivery {
            header = None;
        }
        settings.delivery = delivery;
        given = secret;
    }
    checked(&Wish { settings: settings.clone(), authorization: given.clone() })?;
    let header = sealed(master, id, given.as_ref())?.or(header);
    tx!(store, &r.cx(), [r, settings, header, was], |tx| {
        let now = held(tx, &r, id).await?;
        if now.settings.0 != was.settings.0 || now.authorization_header != was.authorization_header
        {
            return Err(Error::conflict("the stream was changed meanwhile; read it again"));
        }
        written(tx, &r, &now, &settings, header.as_deref()).await
    })
}

/// Ends it, with what waits for it.
///
/// # Errors
/// `NotFound`.
pub async fn remove(store: &Store, r: &Receiver, id: StreamId) -> Result<()> {
    tx!(store, &r.cx(), [r], |tx| {
        let was = held(tx, &r, id).await?;
        db::delete(tx, r.tenant, id).await?;
        record(tx, &r, "event_stream.delete", id, &was.settings.0).await
    })
}

/// Lets it flow, stops it, or ends the keeping of what happens.
///
/// # Errors
/// `NotFound`; `Invalid`.
pub async fn set_status(
    store: &Store,
    r: &Receiver,
    id: StreamId,
    status: Status,
    reason: Option<String>,
) -> Result<Stream> {
    if let Some(reason) = &reason {
        text::checked("reason", reason, 500)?;
    }
    tx!(store, &r.cx(), [r, reason], |tx| {
        let was = held(tx, &r, id).await?;
        let (t, key) = (r.tenant, (r.tenant, id));
        if was.status == status && was.reason == reason {
            tx.unaudited("nothing is another");
            return Ok(was);
        }
        db::set_status(tx, key, status, reason.as_deref()).await?;
        // Who stopped it here says so no more; and of a stream that is disabled nothing is kept.
        let gone = db::forget_notices(tx, key, status == Status::Disabled).await?;
        db::gone(tx, key, i64::try_from(gone).unwrap_or(0)).await?;
        tx.changed(Topic::App(r.app));
        let event = Event::new("event_stream.status").target("app", r.app);
        let said = json!({ "stream": id, "from": was.status.as_str(), "to": status.as_str() });
        audit::record(tx, t, event.detail(said)).await?;
        let now = db::get(tx, t, id).await?.ok_or_else(none)?;
        if status == Status::Enabled && now.queued > 0 {
            put::wake(tx, &now).await?;
        }
        Ok(now)
    })
}

/// Puts a test into the stream, which says `state` again.
///
/// # Errors
/// `NotFound`; `RateLimited` sooner than [`BETWEEN_TESTS`] after the last.
pub async fn verify(
    store: &Store,
    r: &Receiver,
    id: StreamId,
    state: Option<String>,
) -> Result<()> {
    if let Some(state) = &state {
        text::checked("state", state, 1000)?;
    }
    tx!(store, &r.cx(), [r, state], |tx| {
        let s = held(tx, &r, id).await?;
        let wait = Duration::from_secs(u64::from(BETWEEN_TESTS));
        if s.verification_at.is_some_and(|at| at.plus(wait) > tx.now()) {
            let detail = format!("a stream is tested once in {BETWEEN_TESTS} seconds");
            return Err(Error::new(Kind::RateLimited, detail).retry_after(BETWEEN_TESTS));
        }
        tx.unaudited("a test of a stream");
        db::tested(tx, r.tenant, id).await?;
        let sub_id = json!({ "format": "opaque", "id": id });
        let body = state.map_or_else(|| json!({}), |s| json!({ "state": s }));
        put::put(tx, &s, &sub_id, (VERIFICATION, &body), "").await
    })
}

/// The stream of an application, for whoever administers it.
///
/// # Errors
/// `NotFound`, also for an application that has none.
pub async fn of_app(store: &Store, p: &Permit<SystemViewSettings>, app: AppId) -> Result<Stream> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::of_app(&mut c, p.tenant(), app).await?.ok_or_else(none)
}

/// Stops the stream of an application, which is told, or removes it (`None`), for whoever administers it.
///
/// # Errors
/// As [`of_app`].
pub async fn stop(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    app: AppId,
    status: Option<(Status, String)>,
) -> Result<()> {
    if let Some((_, why)) = &status {
        text::checked("reason", why, 500)?;
    }
    let t: TenantId = p.tenant();
    tx!(store, &p.cx(), [status], |tx| {
        let found = db::of_app(tx, t, app).await?.ok_or_else(none)?;
        let s = hold(tx, t, found.id).await?.ok_or_else(none)?;
        tx.changed(Topic::App(app));
        match &status {
            Some((status, why)) => {
                put::stop(tx, &s, *status, why).await?;
                put::wake(tx, &s).await
            }
            None => {
                db::delete(tx, t, s.id).await?;
                let event = Event::new("event_stream.delete").target("app", app);
                audit::record(tx, t, event.detail(detail(s.id, &s.settings.0))).await
            }
        }
    })
}
