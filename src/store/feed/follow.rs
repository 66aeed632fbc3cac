//! Following the other nodes (PostgreSQL). Their rows are read as far as everybody can see them: the cursor is the
//! oldest transaction still running, never "the last id", for a transaction that began early may commit late. What
//! is visible beyond the cursor is delivered at once and remembered, so that a long transaction delays nobody.

use super::{Change, Feed, Store, Topic};
use crate::{
    error::{Error, Result},
    store::{Backend, pg::Pool},
};
use sqlx::{
    Row as _,
    postgres::{PgListener, PgPoolOptions},
};
use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio_util::sync::CancellationToken;

const CHANNEL: &str = "muster_changes";
/// One empty NOTIFY per node in this time at most: NOTIFY serialises commits.
const GAP: Duration = Duration::from_millis(20);
/// A notification may be lost; a change is read after this long at the latest.
const POLL: Duration = Duration::from_secs(1);
/// A node that could not read for so long no longer trusts what it has cached.
const BLIND: Duration = Duration::from_secs(3);
/// Rows are kept for so long.
const KEEP: Duration = Duration::from_mins(10);

/// Starts following, if there can be other nodes.
///
/// # Errors
/// When the feed cannot be read.
pub(in crate::store) async fn start(store: &Store, stop: CancellationToken) -> Result<()> {
    let Backend::Pg(p) = &store.0.backend else { return Ok(()) };
    let pool = Pool::new(p.options().clone(), 1);
    let feed = store.0.feed.clone();
    let mut follower = Follower {
        feed: feed.clone(),
        pool: pool.clone(),
        cursor: i64::MAX,
        seen: HashSet::new(),
        last: Instant::now(),
    };
    // Before anything is cached.
    follower.read().await?;
    warn_of_a_superuser(&pool).await?;
    let listening = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(p.options().clone());
    tokio::spawn(stop.clone().run_until_cancelled_owned(notify(feed, pool)));
    tokio::spawn(stop.run_until_cancelled_owned(follower.run(listening)));
    Ok(())
}

/// Sends what [`Feed::announce`] asks for.
async fn notify(feed: Arc<Feed>, pool: Arc<Pool>) {
    let mut last: Option<Instant> = None;
    loop {
        feed.wake.notified().await;
        while !feed.urgent.swap(false, Ordering::SeqCst) {
            let Some(rest) = last.and_then(|l| GAP.checked_sub(l.elapsed())) else { break };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = feed.wake.notified() => {}
            }
        }
        last = Some(Instant::now());
        let sent = async { pool.take(None).await?.batch(format!("NOTIFY {CHANNEL}")).await };
        if let Err(e) = sent.await {
            tracing::warn!(error = ?e, "other nodes were not told of a change; they find it by themselves");
        }
    }
}

struct Follower {
    feed: Arc<Feed>,
    pool: Arc<Pool>,
    /// Everything below was read.
    cursor: i64,
    /// What was read at or above the cursor.
    seen: HashSet<String>,
    /// When the feed could last be read.
    last: Instant,
}

impl Follower {
    async fn run(mut self, pool: sqlx::PgPool) {
        let mut listener: Option<PgListener> = None;
        let mut swept = Instant::now();
        loop {
            if let Some(l) = &mut listener {
                // An error or a lost connection is a reason to look, too.
                let woken = tokio::time::timeout(POLL, l.try_recv()).await;
                while l.next_buffered().is_some() {}
                if matches!(woken, Ok(Err(_))) {
                    listener = None;
                }
            } else {
                // What was said before is read at once, below.
                listener = subscribe(&pool).await.ok();
                if listener.is_none() {
                    tokio::time::sleep(POLL).await;
                }
            }
            let forget = match self.read().await {
                // Rows may have been swept while this node slept.
                Ok(()) => std::mem::replace(&mut self.last, Instant::now()).elapsed() > KEEP / 2,
                Err(e) => {
                    tracing::warn!(error = ?e, "the changes of other nodes cannot be read");
                    self.last.elapsed() > BLIND
                }
            };
            if forget {
                self.feed.deliver(&[Change::new(Topic::Everything)]);
            }
            if swept.elapsed() > KEEP / 10 {
                swept = Instant::now();
                if let Err(e) = self.sweep().await {
                    tracing::warn!(error = ?e, "old changes were not swept");
                }
            }
        }
    }
    /// Reads what is new and delivers it.
    async fn read(&mut self) -> Result<()> {
        let text = format!(
            "SELECT h.x, c.id::text, c.topics::text
             FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS x) h
             LEFT JOIN changes c ON c.tx >= {} AND c.node <> '{}'",
            self.cursor, self.feed.node
        );
        let rows = self.pool.take(None).await?.batch(text).await?;
        let mut changes = Vec::new();
        let mut seen = HashSet::new();
        for r in &rows {
            self.cursor = r.try_get(0).map_err(Error::internal)?;
            let id: Option<String> = r.try_get(1).map_err(Error::internal)?;
            let topics: Option<String> = r.try_get(2).map_err(Error::internal)?;
            let (Some(id), Some(topics)) = (id, topics) else { continue };
            if !self.seen.contains(&id) {
                // A newer program's word that this one does not know: it may concern anything.
                let topics: Vec<Topic> =
                    serde_json::from_str(&topics).unwrap_or_else(|_| vec![Topic::Everything]);
                changes.extend(topics.into_iter().map(Change::new));
            }
            seen.insert(id);
        }
        self.seen = seen;
        self.feed.deliver(&changes);
        Ok(())
    }
    /// Removes rows older than [`KEEP`]; their ids begin with the time.
    async fn sweep(&self) -> Result<()> {
        let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = uuid::Uuid::from_u128(age.saturating_sub(KEEP).as_millis() << 80);
        let text = format!("DELETE FROM changes WHERE id < '{before}'");
        self.pool.take(None).await?.batch(text).await.map(|_| ())
    }
}

/// Row-level security, the second line behind the statements, binds neither superusers nor BYPASSRLS.
async fn warn_of_a_superuser(pool: &Arc<Pool>) -> Result<()> {
    let text = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    let rows = pool.take(None).await?.batch(text.to_owned()).await?;
    if rows.first().and_then(|r| r.try_get(0).ok()) == Some(true) {
        tracing::warn!(
            "the database role is a superuser or has BYPASSRLS: row-level security does not bind it"
        );
    }
    Ok(())
}

async fn subscribe(pool: &sqlx::PgPool) -> Result<PgListener, sqlx::Error> {
    let mut l = PgListener::connect_with(pool).await?;
    l.listen(CHANNEL).await?;
    Ok(l)
}
