//! Clients as requests meet them: remembered, authenticated in constant time, throttled when they guess.

use super::{App, db, keys::Published};
use crate::{
    clock::Timestamp,
    crypto::{
        ct_eq,
        jwt::Jwk,
        token::{self, Kind as TokenKind},
    },
    error::{Error, Kind, Result},
    id::{AppId, SecretId, TenantId},
    sessions,
    store::{Cache, Cx, Scope, Store, Topic},
    tx,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

pub use db::KeptRow as Kept;

/// A client with its secrets and its epoch.
#[derive(Debug)]
pub struct Client {
    /// The row.
    pub app: App,
    /// Its secrets.
    pub secrets: Vec<Kept>,
    /// Counted up when everything issued to it ended.
    pub epoch: i64,
}

impl Client {
    /// Whether people of a tenant can sign in to it.
    pub fn serves(&self, t: TenantId) -> bool {
        self.app.kind == super::Kind::App && (self.app.platform || self.app.tenant_id == t)
    }
}

/// How a client proves itself.
pub enum Proof<'a> {
    /// It keeps no secret: PKCE proves the exchange.
    Public,
    /// `client_secret_basic` or `client_secret_post`.
    Secret(&'a str),
}

/// The clients, remembered. Cheap to clone.
#[derive(Clone)]
pub struct Apps(Arc<Inner>);

struct Inner {
    store: Store,
    by_client_id: Cache<String, Arc<Client>>,
    wrong: DefaultKeyedRateLimiter<(String, Option<IpAddr>)>,
    since_swept: AtomicU32,
    used: Mutex<HashMap<(TenantId, SecretId), Timestamp>>,
    published: Published,
}

impl Apps {
    /// Over `store`, following its changes.
    pub fn new(store: &Store) -> Self {
        // Ten wrong secrets at once, then one every six seconds, for a client and an address.
        let ten = NonZeroU32::MIN.saturating_add(9);
        let apps = Self(Arc::new(Inner {
            store: store.clone(),
            by_client_id: Cache::new(50_000, Duration::from_secs(300)),
            wrong: RateLimiter::keyed(Quota::per_minute(ten).allow_burst(ten)),
            since_swept: AtomicU32::new(0),
            used: Mutex::default(),
            published: Published::default(),
        }));
        let weak = Arc::downgrade(&apps.0);
        store.on_change(move |change| {
            let Some(inner) = weak.upgrade() else { return };
            match change.topic {
                Topic::App(id) => inner.by_client_id.drop_if(|_, c| c.app.id == id),
                Topic::Everything => inner.by_client_id.drop_all(),
                _ => {}
            }
        });
        apps
    }
    /// The client of a `client_id`; `None` when there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, client_id: &str) -> Result<Option<Arc<Client>>> {
        let key = client_id.to_owned();
        if let Some(c) = self.0.by_client_id.get(&key) {
            return Ok(Some(c));
        }
        if client_id.len() > 100 || client_id.contains('\0') {
            return Ok(None);
        }
        let ticket = self.0.by_client_id.ticket();
        let mut c = self.0.store.read(Scope::Platform).await?;
        let Some(app) = db::by_client_id(&mut c, client_id).await? else { return Ok(None) };
        let secrets = db::kept(&mut c, app.tenant_id, app.id).await?;
        let epoch = sessions::epoch(&mut c, app.tenant_id, app.id.0).await?;
        let client = Arc::new(Client { app, secrets, epoch });
        self.0.by_client_id.fill(ticket, key, client.clone());
        Ok(Some(client))
    }
    /// Whether this is, to the letter, the home page of an application that people of a tenant sign in to.
    ///
    /// # Errors
    /// The database's.
    pub async fn begins_at(&self, t: TenantId, uri: &str) -> Result<bool> {
        let mut c = self.0.store.read(Scope::Platform).await?;
        db::begins_at(&mut c, t, uri).await
    }
    /// Authenticates a client (RFC 6749 2.3). A wrong secret and an unknown client look the same.
    ///
    /// # Errors
    /// `Unauthenticated` (`invalid_client`); `RateLimited` after too many wrong ones.
    pub async fn authenticate(
        &self,
        client_id: &str,
        proof: Proof<'_>,
        from: Option<IpAddr>,
    ) -> Result<Arc<Client>> {
        let client = self.find(client_id).await?;
        let now = self.0.store.clock().now();
        let ok = match (&client, proof) {
            (Some(c), Proof::Public) => c.app.public,
            (Some(c), Proof::Secret(text)) if !c.app.public => {
                let hash = token::hash(TokenKind::Secret, text);
                let live = |k: &&Kept| k.expires_at.is_none_or(|e| e > now);
                let hit =
                    hash.and_then(|h| c.secrets.iter().filter(live).find(|k| ct_eq(&k.hash, &h)));
                if let Some(kept) = hit {
                    let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
                    used.insert((c.app.tenant_id, kept.id), now);
                }
                hit.is_some()
            }
            _ => false,
        };
        match client {
            Some(c) if ok => Ok(c),
            _ => {
                let text = "client authentication failed: unknown client, or wrong credentials";
                let e = Error::unauthenticated(text).code("invalid_client");
                Err(self.wrong(client_id, from, e))
            }
        }
    }
    /// The answer to a wrong proof, `e`, unless there were too many.
    pub(super) fn wrong(&self, client_id: &str, from: Option<IpAddr>, e: Error) -> Error {
        // Who is back to full is forgotten now and then: anybody can name clients that do not exist.
        if self.0.since_swept.fetch_add(1, Ordering::Relaxed) >= 10_000 {
            self.0.since_swept.store(0, Ordering::Relaxed);
            self.0.wrong.retain_recent();
        }
        let key = (client_id.chars().take(100).collect(), from);
        if self.0.wrong.check_key(&key).is_ok() {
            return e;
        }
        Error::new(Kind::RateLimited, "too many failed attempts; wait a little")
            .code("invalid_client")
            .retry_after(6)
    }
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }
    /// The keys published at an address, remembered; `again` because a token names one that we do not know.
    ///
    /// # Errors
    /// `Unavailable`; the guarded client's.
    pub async fn keys_at(
        &self,
        net: &crate::net::Client,
        uri: &str,
        again: bool,
    ) -> Result<Arc<[Jwk]>> {
        self.0.published.get(net, uri, again).await
    }
    pub(super) fn published(&self) -> &Published {
        &self.0.published
    }
    /// Writes down when secrets were used: one transaction for many, by a worker.
    ///
    /// # Errors
    /// The database's; what could not be written is tried again with the next batch.
    pub async fn flush_used(&self, cx: &Cx) -> Result<()> {
        let batch =
            std::mem::take(&mut *self.0.used.lock().unwrap_or_else(PoisonError::into_inner));
        if batch.is_empty() {
            return Ok(());
        }
        let batch = Arc::new(batch);
        let r = tx!(self.0.store, cx, [batch], |tx| {
            tx.unaudited("last-used times");
            for ((t, id), at) in batch.iter() {
                db::used(tx, *t, *id, *at).await?;
            }
            Ok(())
        });
        if r.is_err() {
            let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
            for (k, at) in batch.iter() {
                used.entry(*k).or_insert(*at);
            }
        }
        r
    }
    /// Whether `id` is that of a client here (for tests of what is remembered).
    pub fn remembers(&self, client_id: &str) -> Option<AppId> {
        self.0.by_client_id.get(&client_id.to_owned()).map(|c| c.app.id)
    }
}
