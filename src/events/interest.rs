//! Whether any stream wants to hear of something. Asked for every event of the audit trail, in its transaction, so it is
//! answered from memory: a directory that brings a hundred thousand people costs no question where nobody listens. What is
//! remembered is forgotten when a stream or an application changes; until it is read again the answer is yes, and
//! [`super::told`] finds nobody.

use super::{
    PROVISIONING, SECURITY, db,
    kinds::{ASSURANCE_CHANGE, FEED},
    rules,
};
use crate::{
    error::Result,
    id::{StreamId, TenantId},
    store::{Scope, Store, Telling, Topic, Wanted},
};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What is remembered of streams. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    store: Store,
    issuer: String,
    /// `None`: it is to be read again.
    wanted: RwLock<Option<Interests>>,
    changes: AtomicU64,
    changed: Notify,
    waiting: Mutex<HashSet<StreamId>>,
}

#[derive(Debug, Default)]
struct Interests {
    /// Some stream wants to hear what becomes of people.
    security: bool,
    /// Some stream wants to hear that a session proves more, or less.
    assurance: bool,
    /// One that serves every tenant wants to hear who comes and goes.
    everywhere: bool,
    /// The tenants of those that want to hear it of their own.
    tenants: HashSet<TenantId>,
}

impl Interests {
    fn telling(&self, t: TenantId, action: &str) -> Telling {
        let of = rules::interest(action);
        if of.security && self.security || of.assurance && self.assurance {
            Telling::AtOnce
        } else if of.provisioning && (self.everywhere || self.tenants.contains(&t)) {
            Telling::Later
        } else {
            Telling::No
        }
    }
}

impl Events {
    /// Over `store`, following its changes; `issuer` is who speaks.
    ///
    /// # Errors
    /// The database's.
    pub async fn load(store: &Store, issuer: &str) -> Result<Self> {
        let events = Self(Arc::new(Inner {
            store: store.clone(),
            issuer: issuer.to_owned(),
            wanted: RwLock::default(),
            changes: AtomicU64::new(0),
            changed: Notify::new(),
            waiting: Mutex::default(),
        }));
        let weak = Arc::downgrade(&events.0);
        store.on_change(move |change| {
            let Some(inner) = weak.upgrade() else { return };
            if matches!(change.topic, Topic::App(_) | Topic::Everything) {
                inner.changes.fetch_add(1, Ordering::SeqCst);
                *inner.wanted.write().unwrap_or_else(PoisonError::into_inner) = None;
                inner.changed.notify_one();
            }
        });
        let weak = Arc::downgrade(&events.0);
        store.asks_for(Wanted::by(move |t, action| {
            weak.upgrade().map_or(Telling::No, |inner| inner.telling(t, action))
        }));
        events.read().await?;
        Ok(events)
    }
    /// Whether some stream hears who comes and goes in this tenant, as far as is remembered.
    pub fn provisions(&self, t: TenantId) -> bool {
        let wanted = self.0.wanted.read().unwrap_or_else(PoisonError::into_inner);
        wanted.as_ref().is_some_and(|w| w.everywhere || w.tenants.contains(&t))
    }
    /// Who speaks.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }
    /// The database.
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }
    /// Reads again what was forgotten, until `stop`.
    pub async fn follow(self, stop: CancellationToken) {
        while stop.run_until_cancelled(self.0.changed.notified()).await.is_some() {
            if let Err(e) = self.read().await {
                tracing::warn!(error = ?e, "cannot read which streams want to hear what");
            }
        }
    }
    async fn read(&self) -> Result<()> {
        let before = self.0.changes.load(Ordering::SeqCst);
        let mut c = self.0.store.read(Scope::Platform).await?;
        let mut all = Interests::default();
        for s in db::interested(&mut c).await? {
            let delivered = s.settings.0.delivered(s.app.0.scopes.as_deref());
            let assurance = |e: &&str| *e == ASSURANCE_CHANGE;
            all.assurance |= delivered.iter().any(assurance);
            all.security |= delivered.iter().any(|e| SECURITY.contains(e) && !assurance(e));
            if delivered.iter().any(|e| PROVISIONING.contains(e) && !FEED.contains(e)) {
                all.everywhere |= s.platform;
                all.tenants.insert(s.tenant_id);
            }
        }
        let mut wanted = self.0.wanted.write().unwrap_or_else(PoisonError::into_inner);
        // Changed meanwhile: whoever said so has asked for another look.
        if self.0.changes.load(Ordering::SeqCst) == before {
            *wanted = Some(all);
        }
        Ok(())
    }
    /// The one place in which somebody waits for a stream's events; `None` when it is taken.
    pub(super) fn waits(&self, id: StreamId) -> Option<Waits> {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(id).then(|| Waits(self.0.clone(), id))
    }
}

impl Inner {
    fn telling(&self, t: TenantId, action: &str) -> Telling {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        match wanted.as_ref() {
            Some(wanted) => wanted.telling(t, action),
            None => {
                let of = rules::interest(action);
                match (of.security || of.assurance, of.provisioning) {
                    (true, _) => Telling::AtOnce,
                    (false, true) => Telling::Later,
                    (false, false) => Telling::No,
                }
            }
        }
    }
}

/// A place that is held.
pub(super) struct Waits(Arc<Inner>, StreamId);
impl Drop for Waits {
    fn drop(&mut self) {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}
