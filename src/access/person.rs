//! Effective permissions, kept: what one person has anywhere is loaded once, and computed per tenant when asked.

use super::{Catalogue, Effective, Path, Reach, Subject, db};
use crate::{
    error::Result,
    id::{TenantId, UserId},
    store::{Cache, Scope, Store, Topic},
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// How many people are kept, and for how long at most.
pub(super) const PEOPLE: u64 = 20_000;
pub(super) const KEEP: Duration = Duration::from_mins(10);

/// One person, with every path in every tenant.
pub(super) struct Person {
    pub(super) subject: Subject,
    pub(super) label: String,
    pub(super) paths: Vec<Path>,
    done: RwLock<HashMap<TenantId, Arc<Effective>>>,
}

/// The people and tenants that were asked about lately.
pub(super) struct People {
    store: Store,
    catalogue: Catalogue,
    kept: Cache<(TenantId, UserId), Arc<Person>>,
    tenants: Cache<TenantId, Arc<db::TenantRow>>,
}

impl People {
    pub(super) fn new(store: &Store, catalogue: Catalogue) -> Arc<Self> {
        let this = Arc::new(Self {
            kept: Cache::new(PEOPLE, KEEP),
            tenants: Cache::new(PEOPLE, KEEP),
            store: store.clone(),
            catalogue,
        });
        let weak = Arc::downgrade(&this);
        store.on_change(move |change| {
            if let Some(this) = weak.upgrade() {
                this.forget(change.topic);
            }
        });
        this
    }
    fn forget(&self, topic: Topic) {
        match topic {
            Topic::User(home, user) => self.kept.drop_one(&(home, user)),
            Topic::Access(TenantId::PLATFORM) => self.kept.drop_all(),
            Topic::Everything => {
                self.kept.drop_all();
                self.tenants.drop_all();
            }
            Topic::Access(t) => self.kept.drop_if(|(home, _), p| {
                *home == t || p.paths.iter().any(|p| p.reach == Reach::Tenant(t))
            }),
            Topic::Tenant(t) => {
                self.tenants.drop_one(&t);
                self.kept.drop_all();
            }
            Topic::App(_) | Topic::Directory(_) | Topic::Keys => {}
        }
    }
    /// The person, if there is one.
    pub(super) async fn person(&self, home: TenantId, user: UserId) -> Result<Option<Arc<Person>>> {
        if let Some(p) = self.kept.get(&(home, user)) {
            return Ok(Some(p));
        }
        let ticket = self.kept.ticket();
        // platform: what somebody has may come from the provider's roles.
        let mut c = self.store.read(Scope::Platform).await?;
        let Some((subject, label)) = db::subject(&mut c, home, user).await? else {
            return Ok(None);
        };
        let now = self.store.clock().now();
        let paths = db::paths(&mut c, &self.catalogue, home, user, now).await?;
        let p = Arc::new(Person { subject, label, paths, done: RwLock::default() });
        self.kept.fill(ticket, (home, user), Arc::clone(&p));
        Ok(Some(p))
    }
    /// The tenant's row, if there is one.
    pub(super) async fn tenant(&self, t: TenantId) -> Result<Option<Arc<db::TenantRow>>> {
        if let Some(row) = self.tenants.get(&t) {
            return Ok(Some(row));
        }
        let ticket = self.tenants.ticket();
        let mut c = self.store.read(Scope::Tenant(t)).await?;
        let Some(row) = db::tenant(&mut c, t).await?.map(Arc::new) else { return Ok(None) };
        self.tenants.fill(ticket, t, Arc::clone(&row));
        Ok(Some(row))
    }
    /// Whether anything can be done in the tenant.
    pub(super) async fn live(&self, t: TenantId) -> Result<bool> {
        Ok(t == TenantId::PLATFORM
            || self.tenant(t).await?.is_some_and(|row| row.status == "active"))
    }
    /// What the person has in the tenant now.
    pub(super) async fn effective(&self, p: &Person, tenant: TenantId) -> Result<Arc<Effective>> {
        let now = self.store.clock().now();
        let kept = p.done.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
        if let Some(e) = kept.filter(|e| e.until.is_none_or(|u| u > now)) {
            return Ok(e);
        }
        if !self.live(tenant).await? {
            return Ok(Arc::default());
        }
        let e = Arc::new(Effective::compute(&p.subject, &p.paths, tenant, now));
        let mut done = p.done.write().unwrap_or_else(PoisonError::into_inner);
        done.insert(tenant, Arc::clone(&e));
        Ok(e)
    }
    /// Every active tenant.
    pub(super) async fn all_tenants(&self) -> Result<Vec<TenantId>> {
        db::tenants(&mut self.store.read(Scope::Platform).await?).await
    }
}
