//! The gate. `standing`: may this principal act now? `issue`: the only place where access, refresh and id tokens are
//! made, by one table of checks that every grant passes. Introspection, userinfo, pages, SCIM and the API ask the
//! same standing. In steady state nothing here asks the database about what did not change: tenants, people, clients
//! and their epochs are remembered and dropped by the change feed before the writer is answered.

pub mod arrival;
mod bearer;
mod closed;
mod db;
mod demand;
mod event;
mod facts;
mod issue;
mod lasting;
mod logout;
mod own;
mod simulate;
mod write;

pub use bearer::{Bearer, TOKEN_TYPE};
pub use closed::only_by_directory;
pub use demand::{By, Demands, FOR_THE_INSTANCE, owed, satisfies, too_old, too_weak};
pub use facts::{Person, TenantState};
pub use issue::{Actual, Grant, INSTANCE, Issued, Request, granted_scopes};
pub use logout::Hint;
pub use own::{OWN, Own};
pub use simulate::{Simulated, Simulation, What};

use crate::{
    access::Access,
    actor::Principal,
    apps::{Apps, Client},
    clock::Timestamp,
    directories::portal,
    error::{Error, Result},
    id::{DirectoryId, SessionId, TenantId, UserId},
    keys::Keys,
    sessions::{self, Live},
    store::{Cx, Store},
    tenants::Required,
    usage::Tally,
};
use facts::Facts;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The gate. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    store: Store,
    access: Access,
    keys: Keys,
    apps: Apps,
    facts: Facts,
    issuer: String,
    limits: sessions::Limits,
    seen: Mutex<HashMap<(TenantId, SessionId), Timestamp>>,
    tally: Tally,
}

fn over(what: &str) -> Error {
    Error::unauthenticated(what.to_owned()).code("invalid_token")
}

impl Gate {
    /// Over the rooms it asks; `issuer` is the public URL.
    pub fn new(
        store: &Store,
        access: &Access,
        keys: &Keys,
        apps: &Apps,
        issuer: &str,
        limits: sessions::Limits,
    ) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            access: access.clone(),
            keys: keys.clone(),
            apps: apps.clone(),
            facts: Facts::new(store),
            issuer: issuer.to_owned(),
            limits,
            seen: Mutex::default(),
            tally: Tally::default(),
        }))
    }
    /// The issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }
    /// A session by its cookie, if it may act now.
    ///
    /// # Errors
    /// `Unauthenticated`, saying what is over.
    pub async fn session(&self, cookie: &str) -> Result<Live> {
        let live = sessions::by_cookie(&self.0.store, cookie).await?;
        let live = live.ok_or_else(|| over("there is no such session"))?;
        self.live(&live).await?;
        let now = self.0.store.clock().now();
        self.seen().insert((live.home, live.id), now);
        Ok(live)
    }
    fn seen(&self) -> MutexGuard<'_, HashMap<(TenantId, SessionId), Timestamp>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Writes down when sessions were last used: one transaction for many, by a worker.
    ///
    /// # Errors
    /// The database's.
    pub async fn flush_seen(&self, cx: &Cx) -> Result<()> {
        let batch = std::mem::take(&mut *self.seen());
        if batch.is_empty() {
            return Ok(());
        }
        let batch = batch.into_iter().map(|((t, id), at)| (t, id, at)).collect();
        sessions::touch(&self.0.store, cx, batch).await
    }
    /// Writes down how many tokens were given and refused.
    ///
    /// # Errors
    /// The database's.
    pub async fn flush_counts(&self, cx: &Cx) -> Result<()> {
        self.0.tally.flush(&self.0.store, cx).await
    }
    /// The session that a token or a code names. What is remembered of it may only say yes: before a no it is read
    /// again.
    ///
    /// # Errors
    /// The database's.
    async fn session_of(
        &self,
        home: TenantId,
        user: UserId,
        id: SessionId,
    ) -> Result<Option<Arc<Live>>> {
        let facts = &self.0.facts;
        let epoch = self.epoch(home).await?;
        if let Some(s) = facts.session(home, user, id, epoch)
            && self.live(&s).await.is_ok()
            && self.tenant(s.home).await.is_ok()
            && self.tenant(s.acting).await.is_ok()
        {
            return Ok(Some(s));
        }
        facts.read_session(home, user, id, epoch).await
    }
    /// The epoch of a tenant, under which its people's sessions are remembered.
    async fn epoch(&self, home: TenantId) -> Result<i64> {
        Ok(self.0.facts.tenant(home).await?.map_or(0, |t| t.epoch))
    }
    /// A user of `home` who may act in `tid` now, with what is remembered of both.
    ///
    /// # Errors
    /// `Unauthenticated`, saying what is over.
    async fn person(
        &self,
        home: TenantId,
        user: UserId,
        tid: TenantId,
    ) -> Result<(Arc<Person>, Arc<TenantState>)> {
        let tenant = self.tenant(tid).await?;
        if home != tid {
            self.tenant(home).await?;
        }
        let person = self.0.facts.person(home, user).await?;
        let person = person.ok_or_else(|| over("the user is gone"))?;
        if !person.live {
            return Err(over("the user is disabled"));
        }
        Ok((person, tenant))
    }
    async fn tenant(&self, id: TenantId) -> Result<Arc<TenantState>> {
        let t = self.0.facts.tenant(id).await?;
        let t = t.ok_or_else(|| over("the tenant is gone"))?;
        if t.live { Ok(t) } else { Err(over("the tenant is suspended")) }
    }
    async fn client(&self, client_id: &str) -> Result<Arc<Client>> {
        let c = self.0.apps.find(client_id).await?;
        let c = c.ok_or_else(|| over("the client is gone"))?;
        if c.app.enabled { Ok(c) } else { Err(over("the client is disabled")) }
    }
    /// What a person agreed to give an application; `None` for one that does not ask.
    ///
    /// # Errors
    /// `Unauthenticated` where it asks and they have not agreed, or not any more.
    async fn agreement(
        &self,
        client: &Client,
        home: TenantId,
        user: UserId,
    ) -> Result<Option<Arc<[String]>>> {
        if !client.asks() {
            return Ok(None);
        }
        let epoch = self.epoch(home).await?;
        let agreed = self.0.facts.agreed(home, user, client.app.id, epoch).await?;
        agreed.map(Some).ok_or_else(|| over("the person does not agree to this application"))
    }
    /// Of the scopes that a token of `client` has or may have, those that could be given now.
    async fn still_given(
        &self,
        client: &Client,
        (home, user): (TenantId, UserId),
        tid: TenantId,
        person: bool,
        scopes: &[String],
    ) -> Result<Vec<String>> {
        let held = self.0.access.effective(home, user, tid).await?;
        if home != tid && held.is_empty() {
            return Err(over("the user has no role in that tenant any more"));
        }
        let agreed = if person { self.agreement(client, home, user).await? } else { None };
        if scopes.is_empty() {
            return Ok(Vec::new());
        }
        let mut given = granted_scopes(client, person, &held, scopes);
        given.retain(|s| agreed.as_ref().is_none_or(|a| a.contains(s)));
        Ok(given)
    }
    /// Whether a directory's bearer may act now.
    ///
    /// # Errors
    /// `Unauthenticated`, saying what is over.
    pub async fn directory(&self, tenant: TenantId, directory: DirectoryId) -> Result<()> {
        self.tenant(tenant).await?;
        match self.0.facts.directory(tenant, directory).await? {
            Some(true) => Ok(()),
            Some(false) => Err(over("the directory is disabled")),
            None => Err(over("the directory is gone")),
        }
    }
    /// Whoever comes by a setup link, if it is good now.
    ///
    /// # Errors
    /// `Unauthenticated`, saying what is over.
    pub async fn portal(&self, text: &str) -> Result<Principal> {
        let found = portal::open(&self.0.store, text).await?;
        let p = found.ok_or_else(|| over("the setup link is over, or was taken back"))?;
        self.directory(p.tenant_id, p.directory_id).await?;
        let (tenant, directory, link, by) = (p.tenant_id, p.directory_id, p.id, p.by());
        // It has part in its author's rights, and is nothing without them.
        if !self.0.access.opens(by, tenant).await? {
            return Err(over("whoever made the setup link may not set this up any more"));
        }
        Ok(Principal::Portal { tenant, directory, link, by })
    }
    /// What proof of a second factor somebody owes who acts in `tid`: the tenant's policy over the roles they have
    /// there.
    ///
    /// # Errors
    /// The database's.
    pub async fn demanded(&self, home: TenantId, user: UserId, tid: TenantId) -> Result<Required> {
        Ok(self.demands((home, user), tid, None, &|_| false).await?.total.class)
    }
}
