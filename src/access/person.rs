//! Effective permissions, kept: what one person has anywhere is loaded once, and computed per tenant when asked.

use super::{Catalogue, Effective, Path, Site, Subject, db, effective};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    store::{Cache, Scope, Store, Topic},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How many people are kept, and for how long at most.
pub(super) const PEOPLE: u64 = 20_000;
pub(super) const KEEP: Duration = Duration::from_mins(10);

/// One person, with every path in every tenant.
pub(super) struct Person {
    pub(super) subject: Subject,
    pub(super) label: String,
    /// As the rows say; how the authors of mappings stand is not asked yet.
    pub(super) paths: Arc<[Path]>,
    settled: RwLock<Option<Arc<Settled>>>,
}

/// The same, with how the authors of the mappings stand now.
pub(super) struct Settled {
    pub(super) paths: Vec<Path>,
    /// When that may change by itself.
    until: Option<Timestamp>,
    /// The reading of [`People::moved`] under which it holds; `None` where no author is asked about.
    under: Option<u64>,
    done: RwLock<HashMap<TenantId, Arc<Effective>>>,
}

/// The people and tenants that were asked about lately.
pub(super) struct People {
    store: Store,
    catalogue: Catalogue,
    kept: Cache<(TenantId, UserId), Arc<Person>>,
    tenants: Cache<TenantId, Arc<db::TenantRow>>,
    /// Who answers for some mapping that was asked about.
    authors: RwLock<HashSet<(TenantId, UserId)>>,
    /// Counts changes that may concern what an author holds.
    moved: AtomicU64,
}

impl People {
    pub(super) fn new(store: &Store, catalogue: Catalogue) -> Arc<Self> {
        let this = Arc::new(Self {
            kept: Cache::new(PEOPLE, KEEP),
            tenants: Cache::new(PEOPLE, KEEP),
            store: store.clone(),
            catalogue,
            authors: RwLock::default(),
            moved: AtomicU64::new(0),
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
                self.tenants.drop_all();
                self.kept.drop_all();
            }
            Topic::Access(t) => self.kept.drop_if(|(home, _), p| {
                *home == t || p.paths.iter().any(|p| p.reach.tenant() == Some(t))
            }),
            Topic::Tenant(t) => {
                self.tenants.drop_one(&t);
                self.kept.drop_all();
            }
            Topic::App(_) | Topic::Directory(_) | Topic::Keys => {}
        }
        // After the drops: whoever reads the new count reads nothing that is old.
        let concerns = match topic {
            Topic::User(home, user) => {
                let authors = self.authors.read().unwrap_or_else(PoisonError::into_inner);
                authors.contains(&(home, user))
            }
            Topic::Access(_) | Topic::Tenant(_) | Topic::Everything => true,
            Topic::App(_) | Topic::Directory(_) | Topic::Keys => false,
        };
        if concerns {
            self.moved.fetch_add(1, Ordering::SeqCst);
        }
    }
    /// Counts changes that may concern what an author holds.
    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::SeqCst)
    }
    /// From now on a change of this person counts in [`Self::moved`].
    pub(super) fn watch(&self, who: (TenantId, UserId)) {
        let known = self.authors.read().unwrap_or_else(PoisonError::into_inner).contains(&who);
        if !known {
            self.authors.write().unwrap_or_else(PoisonError::into_inner).insert(who);
        }
    }
    pub(super) fn now(&self) -> Timestamp {
        self.store.clock().now()
    }
    /// The person, if there is one.
    pub(super) async fn person(&self, home: TenantId, user: UserId) -> Result<Option<Arc<Person>>> {
        if let Some(p) = self.kept.get(&(home, user)) {
            return Ok(Some(p));
        }
        let ticket = self.kept.ticket();
        // platform: what somebody has may come from the provider's roles.
        let mut c = self.store.read_steadily(Scope::Platform).await?;
        let who = [user];
        let Some((_, subject, label)) = db::subjects(&mut c, home, &who).await?.pop() else {
            return Ok(None);
        };
        let paths = db::paths(&mut c, &self.catalogue, home, &who, self.now()).await?;
        let paths = paths.into_iter().map(|(_, p)| p).collect();
        let p = Arc::new(Person { subject, label, paths, settled: RwLock::default() });
        self.kept.fill(ticket, (home, user), Arc::clone(&p));
        Ok(Some(p))
    }
    /// The person's paths, with how the authors of their mappings stand now.
    pub(super) async fn settle(&self, p: &Person) -> Result<Arc<Settled>> {
        let (now, moved) = (self.now(), self.moved());
        let kept = p.settled.read().unwrap_or_else(PoisonError::into_inner).clone();
        let holds = |s: &Arc<Settled>| {
            s.under.is_none_or(|u| u == moved) && s.until.is_none_or(|u| u > now)
        };
        if let Some(s) = kept.filter(holds) {
            return Ok(s);
        }
        let authored = p.paths.iter().any(|p| p.author.is_some());
        let (mut paths, until) =
            if authored { self.settled(&p.paths).await? } else { (p.paths.to_vec(), None) };
        effective::stand_back(&p.subject, &mut paths);
        let under = authored.then_some(moved);
        let s = Arc::new(Settled { paths, until, under, done: RwLock::default() });
        *p.settled.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&s));
        Ok(s)
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
        let (now, s) = (self.now(), self.settle(p).await?);
        let kept = s.done.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
        if let Some(e) = kept.filter(|e| e.until.is_none_or(|u| u > now)) {
            return Ok(e);
        }
        let row = match tenant {
            TenantId::PLATFORM => None,
            t => match self.tenant(t).await?.filter(|row| row.status == "active") {
                None => return Ok(Arc::default()),
                row => row,
            },
        };
        let e = Arc::new(self.computed(p, &s, tenant, row.as_ref().map(|r| &r.tags.0)));
        let mut done = s.done.write().unwrap_or_else(PoisonError::into_inner);
        done.insert(tenant, Arc::clone(&e));
        Ok(e)
    }
    /// What the person has there now, whatever is kept, and whether or not the tenant may act.
    fn computed(
        &self,
        p: &Person,
        s: &Settled,
        tenant: TenantId,
        tags: Option<&BTreeSet<String>>,
    ) -> Effective {
        let none = BTreeSet::new();
        let site = Site { tenant, tags: tags.unwrap_or(&none) };
        let mut e = Effective::compute(&p.subject, &s.paths, site, self.now());
        e.until = e.until.into_iter().chain(s.until).min();
        e
    }
    /// Whether the person would have anything in the tenant, were it not suspended.
    pub(super) async fn would_have(&self, p: &Person, tenant: TenantId) -> Result<bool> {
        let row = self.tenant(tenant).await?;
        let s = self.settle(p).await?;
        Ok(!self.computed(p, &s, tenant, row.as_ref().map(|r| &r.tags.0)).is_empty())
    }
    /// The active tenants in which the person has anything, by name.
    pub(super) async fn places(&self, p: &Person) -> Result<Vec<TenantId>> {
        let s = self.settle(p).await?;
        let all = db::tenants(&mut self.store.read(Scope::Platform).await?).await?;
        let has = |l: &&db::Listed| !self.computed(p, &s, l.id, Some(&l.tags.0)).is_empty();
        Ok(all.iter().filter(has).map(|l| l.id).collect())
    }
    /// The ways in which the person had a role in the tenant that are over.
    pub(super) async fn ended(
        &self,
        p: &Person,
        (home, user): (TenantId, UserId),
        tenant: TenantId,
    ) -> Result<Vec<Path>> {
        let row = self.tenant(tenant).await?;
        let none = BTreeSet::new();
        let site = Site { tenant, tags: row.as_ref().map_or(&none, |r| &r.tags.0) };
        let now = self.now();
        // platform: what somebody had may come from the provider's roles.
        let mut c = self.store.read(Scope::Platform).await?;
        let all = db::paths(&mut c, &self.catalogue, home, &[user], Timestamp(0)).await?;
        let over = |path: &Path| {
            path.until.is_some_and(|u| u <= now)
                && path.reach.covers(site)
                && !p.paths.contains(path)
        };
        Ok(all.into_iter().map(|(_, path)| path).filter(over).collect())
    }
    /// The person's paths that reach the tenant, whether or not they count.
    pub(super) async fn reaching(&self, p: &Person, tenant: TenantId) -> Result<Vec<Path>> {
        let row = self.tenant(tenant).await?;
        let none = BTreeSet::new();
        let site = Site { tenant, tags: row.as_ref().map_or(&none, |r| &r.tags.0) };
        let s = self.settle(p).await?;
        Ok(s.paths.iter().filter(|p| p.reach.covers(site)).cloned().collect())
    }
}
