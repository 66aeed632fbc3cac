//! What the gate remembers of tenants, people and directories.

use super::db;
use crate::{
    actor::UserKind,
    apps::consents,
    error::Result,
    id::{AppId, DirectoryId, FamilyId, SessionId, TenantId, UserId},
    sessions::{self, Live},
    store::{Cache, Scope, Store, Topic},
    tenants::Policy,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

/// A tenant, as far as tokens depend on it.
#[derive(Debug)]
pub struct TenantState {
    /// Not suspended.
    pub live: bool,
    /// What it demands of a sign-in.
    pub policy: Policy,
    /// Of which version of its settings that is.
    pub version: i64,
    /// Counted up when everything of it ended.
    pub epoch: i64,
}

/// A user, as far as tokens depend on them.
#[derive(Debug)]
pub struct Person {
    /// Directory and hand both let them in.
    pub live: bool,
    /// The kind of user.
    pub kind: UserKind,
    /// The name they sign in with.
    pub user_name: String,
    /// The name that is shown.
    pub display_name: Option<String>,
    /// The primary address.
    pub email: Option<String>,
    /// Counted up when everything of them ended.
    pub epoch: i64,
}

/// An upper bound on what a lost message could cost; the feed drops entries long before.
const TTL: Duration = Duration::from_secs(60);

/// How many sessions, tokens and agreements are remembered of one user.
const OF_ONE: usize = 128;

/// What is remembered of a user's sessions, access tokens and agreements.
#[derive(Clone)]
struct Kept {
    /// The epoch of the user's tenant before any of it was read: all sessions of a tenant end by counting it up.
    epoch: i64,
    since: Instant,
    sessions: HashMap<SessionId, Arc<Live>>,
    /// Ids of access tokens that nobody revoked.
    good: HashSet<String>,
    /// What they agreed to, by application.
    agreed: HashMap<AppId, Option<Arc<[String]>>>,
}

pub(super) struct Facts {
    store: Store,
    kept: Arc<Cache<(TenantId, UserId), Arc<Kept>>>,
    tenants: Arc<Cache<TenantId, Arc<TenantState>>>,
    people: Arc<Cache<(TenantId, UserId), Arc<Person>>>,
    directories: Arc<Cache<DirectoryId, bool>>,
}

impl Facts {
    pub(super) fn new(store: &Store) -> Self {
        let facts = Self {
            store: store.clone(),
            tenants: Arc::new(Cache::new(20_000, TTL)),
            people: Arc::new(Cache::new(50_000, TTL)),
            kept: Arc::new(Cache::new(20_000, TTL)),
            directories: Arc::new(Cache::new(20_000, TTL)),
        };
        let (t, p, d) = (facts.tenants.clone(), facts.people.clone(), facts.directories.clone());
        let kept = facts.kept.clone();
        store.on_change(move |change| match change.topic {
            Topic::Tenant(id) => t.drop_one(&id),
            Topic::User(home, user) => {
                p.drop_one(&(home, user));
                kept.drop_one(&(home, user));
            }
            Topic::Directory(id) => d.drop_one(&id),
            Topic::Everything => {
                t.drop_all();
                p.drop_all();
                kept.drop_all();
                d.drop_all();
            }
            Topic::Access(_) | Topic::App(_) | Topic::Keys => {}
        });
        facts
    }
    pub(super) async fn tenant(&self, id: TenantId) -> Result<Option<Arc<TenantState>>> {
        if let Some(t) = self.tenants.get(&id) {
            return Ok(Some(t));
        }
        let ticket = self.tenants.ticket();
        let mut c = self.store.read(Scope::Tenant(id)).await?;
        let Some(row) = db::tenant(&mut c, id).await? else { return Ok(None) };
        let epoch = sessions::epoch(&mut c, id, id.0).await?;
        let (live, policy, version) = (row.live, row.policy.0, row.version);
        let state = Arc::new(TenantState { live, policy, version, epoch });
        self.tenants.fill(ticket, id, state.clone());
        Ok(Some(state))
    }
    pub(super) async fn person(&self, home: TenantId, user: UserId) -> Result<Option<Arc<Person>>> {
        if let Some(p) = self.people.get(&(home, user)) {
            return Ok(Some(p));
        }
        let ticket = self.people.ticket();
        let mut c = self.store.read(Scope::Tenant(home)).await?;
        let Some(r) = db::person(&mut c, home, user).await? else { return Ok(None) };
        let epoch = sessions::epoch(&mut c, home, user.0).await?;
        let person = Arc::new(Person {
            live: r.live,
            kind: r.kind,
            user_name: r.user_name,
            display_name: r.display_name,
            email: r.email,
            epoch,
        });
        self.people.fill(ticket, (home, user), person.clone());
        Ok(Some(person))
    }
    pub(super) async fn directory(
        &self,
        tenant: TenantId,
        id: DirectoryId,
    ) -> Result<Option<bool>> {
        if let Some(d) = self.directories.get(&id) {
            return Ok(Some(d));
        }
        let ticket = self.directories.ticket();
        let mut c = self.store.read(Scope::Tenant(tenant)).await?;
        let live = db::directory(&mut c, tenant, id).await?;
        if let Some(live) = live {
            self.directories.fill(ticket, id, live);
        }
        Ok(live)
    }
    fn kept(&self, home: TenantId, user: UserId, epoch: i64) -> Option<Arc<Kept>> {
        let kept = self.kept.get(&(home, user));
        kept.filter(|k| k.epoch == epoch && k.since.elapsed() < TTL)
    }
    fn keep(
        &self,
        ticket: u64,
        (home, user): (TenantId, UserId),
        epoch: i64,
        add: impl FnOnce(&mut Kept),
    ) {
        let mut kept = self.kept(home, user, epoch).map_or_else(
            || Kept {
                epoch,
                since: Instant::now(),
                sessions: HashMap::new(),
                good: HashSet::new(),
                agreed: HashMap::new(),
            },
            |k| Kept::clone(&k),
        );
        let most = kept.sessions.len().max(kept.good.len()).max(kept.agreed.len());
        if most >= OF_ONE {
            kept.sessions.clear();
            kept.good.clear();
            kept.agreed.clear();
        }
        add(&mut kept);
        self.kept.fill(ticket, (home, user), Arc::new(kept));
    }
    /// A user's session as it is remembered; `epoch` is that of their tenant.
    pub(super) fn session(
        &self,
        home: TenantId,
        user: UserId,
        id: SessionId,
        epoch: i64,
    ) -> Option<Arc<Live>> {
        self.kept(home, user, epoch)?.sessions.get(&id).cloned()
    }
    /// The session as it is; it is remembered if it is the user's. `epoch` was read before.
    pub(super) async fn read_session(
        &self,
        home: TenantId,
        user: UserId,
        id: SessionId,
        epoch: i64,
    ) -> Result<Option<Arc<Live>>> {
        let ticket = self.kept.ticket();
        let Some(live) = sessions::by_id(&self.store, home, id).await? else { return Ok(None) };
        let live = Arc::new(live);
        if live.user == user {
            self.keep(ticket, (home, user), epoch, |k| {
                k.sessions.insert(id, live.clone());
            });
        }
        Ok(Some(live))
    }
    /// The scopes that the user agreed to give an application; `None`: they were never asked, or took it back.
    pub(super) async fn agreed(
        &self,
        home: TenantId,
        user: UserId,
        app: AppId,
        epoch: i64,
    ) -> Result<Option<Arc<[String]>>> {
        let kept = self.kept(home, user, epoch);
        if let Some(agreed) = kept.and_then(|k| k.agreed.get(&app).cloned()) {
            return Ok(agreed);
        }
        let ticket = self.kept.ticket();
        let agreed = consents::of(&self.store, home, user, app).await?.map(Arc::from);
        self.keep(ticket, (home, user), epoch, |k| {
            k.agreed.insert(app, agreed.clone());
        });
        Ok(agreed)
    }
    /// Whether a token that names no user was revoked alone: asked anew each time, there are few.
    pub(super) async fn revoked_alone(&self, jti: &str) -> Result<bool> {
        let mut c = self.store.read(Scope::Platform).await?;
        db::revoked(&mut c, jti, None).await
    }
    /// Whether an access token of the user's was revoked, alone or with its refresh family.
    pub(super) async fn revoked(
        &self,
        (home, user): (TenantId, UserId),
        jti: &str,
        family: Option<FamilyId>,
        epoch: i64,
    ) -> Result<bool> {
        if self.kept(home, user, epoch).is_some_and(|k| k.good.contains(jti)) {
            return Ok(false);
        }
        let ticket = self.kept.ticket();
        let mut c = self.store.read(Scope::Platform).await?;
        if db::revoked(&mut c, jti, family).await? {
            return Ok(true);
        }
        self.keep(ticket, (home, user), epoch, |k| {
            k.good.insert(jti.to_owned());
        });
        Ok(false)
    }
}
