//! What waits for a stream, from the side of who delivers it: pushed one by one in its order, or fetched and confirmed.

use super::{
    Events, LONGEST, PUSH, Receiver, Stream, db,
    put::{self, hold},
    stream::{self, Delivery, Status},
};
use crate::{
    error::{Error, Result},
    id::{MessageId, StreamId, TenantId},
    outbox::{self, GivenUp, Message},
    store::{Cx, Scope, Store, Tx},
    tx,
};
use serde_json::json;
use std::time::{Duration, Instant};

pub use super::db::Queued;

/// How long somebody may wait for something to fetch: well within the time of a request.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked meanwhile.
const LOOK: Duration = Duration::from_millis(250);
/// The most that is fetched at once.
const AT_ONCE: i64 = 100;

/// What is next in a stream.
#[derive(Debug)]
pub enum Next {
    /// This event.
    Event(Box<Stream>, Queued),
    /// Nothing, at the moment.
    Nothing,
    /// There is no such stream any more, or it is not pushed to.
    Gone,
}

fn flows(s: &Stream) -> bool {
    s.status == Status::Enabled
}

/// What is to be pushed next.
///
/// # Errors
/// The database's.
pub async fn next(store: &Store, t: TenantId, id: StreamId) -> Result<Next> {
    let mut c = store.read(Scope::Tenant(t)).await?;
    let Some(s) = db::get(&mut c, t, id).await? else { return Ok(Next::Gone) };
    if !matches!(s.settings.0.delivery, Delivery::Push { .. }) || !s.enabled {
        return Ok(Next::Gone);
    }
    let first = db::first(&mut c, (t, id), flows(&s), 1).await?.into_iter().next();
    Ok(first.map_or(Next::Nothing, |q| Next::Event(Box::new(s), q)))
}

/// Nothing is next: the message that delivered the stream is done, unless something came meanwhile. Says whether it is done.
///
/// # Errors
/// The database's.
pub async fn rest(store: &Store, cx: &Cx, t: TenantId, id: StreamId) -> Result<bool> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("how a stream is delivered");
        let Some(s) = hold(tx, t, id).await? else { return Ok(true) };
        let pushed = matches!(s.settings.0.delivery, Delivery::Push { .. }) && s.enabled;
        if pushed && !db::first(tx, (t, id), flows(&s), 1).await?.is_empty() {
            return Ok(false);
        }
        db::under_way(tx, t, id, false).await?;
        Ok(true)
    })
}

/// The same goes on with a new message: one has its time.
///
/// # Errors
/// The database's.
pub async fn go_on(store: &Store, cx: &Cx, t: TenantId, id: StreamId) -> Result<()> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("how a stream is delivered");
        outbox::push(tx, t, PUSH, &json!({ "stream": id })).await.map(drop)
    })
}

async fn remove(tx: &mut Tx, key: (TenantId, StreamId), jtis: &[MessageId]) -> Result<i64> {
    let mut n = 0;
    for jti in jtis {
        n += db::take(tx, key, *jti).await?;
    }
    let n = i64::try_from(n).unwrap_or(0);
    if n > 0 {
        db::gone(tx, key, n).await?;
    }
    Ok(n)
}

/// The application has taken an event.
///
/// # Errors
/// The database's.
pub async fn taken(store: &Store, cx: &Cx, s: &Stream, jti: MessageId) -> Result<()> {
    settle(store, cx, (s.tenant_id, s.id), vec![jti], None).await
}

/// The application refuses an event for good.
///
/// # Errors
/// The database's.
pub async fn refused(store: &Store, cx: &Cx, s: &Stream, jti: MessageId, why: &str) -> Result<()> {
    settle(store, cx, (s.tenant_id, s.id), vec![jti], Some(why.to_owned())).await
}

/// Events have reached the application; `why` it does not want them, if it does not.
///
/// # Errors
/// The database's.
pub async fn settle(
    store: &Store,
    cx: &Cx,
    key: (TenantId, StreamId),
    jtis: Vec<MessageId>,
    why: Option<String>,
) -> Result<()> {
    tx!(store, cx, [jtis, why], |tx| {
        tx.unaudited("how a stream is delivered");
        if hold(tx, key.0, key.1).await?.is_none() || remove(tx, key, &jtis).await? == 0 {
            return Ok(());
        }
        match &why {
            None => db::delivered(tx, key.0, key.1).await?,
            Some(why) => db::failed(tx, key.0, key.1, why).await?,
        };
        Ok(())
    })
}

/// An event could not be delivered, for now.
///
/// # Errors
/// The database's.
pub async fn troubled(store: &Store, cx: &Cx, s: &Stream, why: &str) -> Result<()> {
    let (t, id) = (s.tenant_id, s.id);
    let why: String = why.chars().take(500).collect();
    tx!(store, cx, [why], |tx| {
        tx.unaudited("how a stream is delivered");
        db::failed(tx, t, id, &why).await.map(drop)
    })
}

/// What is written when the message that delivers a stream is given up: the stream stops, and says why. What waits is kept
/// until its application comes back.
///
/// # Errors
/// The database's.
pub async fn given_up(tx: &mut Tx, m: &Message, _: GivenUp) -> Result<()> {
    let Some(id) = m.payload["stream"].as_str().and_then(StreamId::parse) else { return Ok(()) };
    let Some(s) = hold(tx, m.tenant, id).await? else { return Ok(()) };
    db::under_way(tx, m.tenant, id, false).await?;
    if s.status == Status::Enabled {
        let last = s.failure.as_deref().unwrap_or("no answer");
        let why = format!("nothing could be delivered for half a day: {last}");
        put::stop(tx, &s, Status::Paused, &why).await?;
    }
    Ok(())
}

/// What was fetched.
#[derive(Debug)]
pub struct Page {
    /// The stream.
    pub stream: Stream,
    /// What waits, from the beginning.
    pub events: Vec<Queued>,
    /// There is more.
    pub more: bool,
}

/// What an application that fetches says and wants (RFC 8936).
#[derive(Debug, Clone, Default)]
pub struct Fetch {
    /// The events it has.
    pub ack: Vec<MessageId>,
    /// Those that it refuses, with why.
    pub errs: Vec<(MessageId, String)>,
    /// How many more it wants.
    pub most: Option<i64>,
    /// It does not wait for any.
    pub at_once: bool,
}

/// Takes what the application confirms, and gives what waits; where nothing does, after a while, if it likes to wait.
///
/// # Errors
/// `NotFound`, also of a stream that is pushed to.
pub async fn fetch(events: &Events, r: &Receiver, id: StreamId, asked: Fetch) -> Result<Page> {
    let store = events.store();
    let found = stream::find(store, r, id).await?;
    if found.settings.0.delivery != Delivery::Poll {
        return Err(Error::not_found("stream that is fetched"));
    }
    let (t, key) = (r.tenant, (r.tenant, id));
    if !asked.ack.is_empty() {
        settle(store, &r.cx(), key, asked.ack.clone(), None).await?;
    }
    for (jti, why) in asked.errs {
        let why: String = format!("refused: {why}").chars().take(500).collect();
        settle(store, &r.cx(), key, vec![jti], Some(why)).await?;
    }
    let most = asked.most.unwrap_or(AT_ONCE).clamp(0, AT_ONCE);
    // One at a time waits; whoever comes meanwhile is answered at once.
    let place = if asked.at_once || most == 0 { None } else { events.waits(id) };
    let began = Instant::now();
    loop {
        let mut c = store.read(Scope::Tenant(t)).await?;
        let stream = db::get(&mut c, t, id).await?.ok_or_else(|| Error::not_found("stream"))?;
        let mut waits = db::first(&mut c, key, flows(&stream), most + 1).await?;
        drop(c);
        let more = i64::try_from(waits.len()).is_ok_and(|n| n > most);
        waits.truncate(usize::try_from(most).unwrap_or(0));
        if !waits.is_empty() || place.is_none() || began.elapsed() > PATIENCE {
            return Ok(Page { stream, events: waits, more });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Removes what waits for too long; its stream is stopped and says so.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx) -> Result<u64> {
    let before = store.clock().now().minus(LONGEST);
    let mut c = store.read(Scope::Platform).await?;
    let mut late = db::late(&mut c, before).await?;
    drop(c);
    late.sort_unstable();
    late.dedup();
    let mut all = 0;
    for l in late {
        let (t, key) = (l.tenant_id, (l.tenant_id, l.stream_id));
        all += tx!(store, cx, [], |tx| {
            tx.unaudited("where something is lost, the trail says so");
            let Some(s) = hold(tx, t, key.1).await? else { return Ok(0) };
            let gone = db::delete_late(tx, key, before).await?;
            let n = i64::try_from(gone).unwrap_or(0);
            db::gone(tx, key, n).await?;
            db::dropped(tx, t, key.1, n).await?;
            if gone > 0 && s.status == Status::Enabled {
                let days = LONGEST.as_secs() / (24 * 3600);
                let why = format!("{n} events waited for {days} days and are not kept any longer");
                put::stop(tx, &s, Status::Paused, &why).await?;
            }
            Ok(gone)
        })?;
    }
    Ok(all)
}
