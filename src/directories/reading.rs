//! How the requests of a directory's SCIM client are read: which rules are on, and which attributes its tenant has.
//! Remembered, so that a request costs no query for it.

use super::{Logging, db};
use crate::{
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    protocol::scim::{Rules, Schemas},
    store::{Cache, Scope, Store, Topic},
};
use std::{sync::Arc, time::Duration};

/// An upper bound on what a lost message could cost; the feed drops entries long before.
const TTL: Duration = Duration::from_secs(60);

/// What requests are read by.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Which habits of directories are understood.
    pub rules: Rules,
    /// Whether no two groups have one name.
    pub unique_groups: bool,
    /// The attributes of the tenant.
    pub schemas: Arc<Schemas>,
    /// What is kept of them.
    pub log: Logging,
}

/// [`Reading`]s by directory, until it or its tenant changes.
#[derive(Clone)]
pub struct Readings {
    store: Store,
    known: Arc<Cache<DirectoryId, (TenantId, Reading)>>,
}

impl Readings {
    /// Over this store.
    pub fn new(store: &Store) -> Self {
        let known = Arc::new(Cache::new(20_000, TTL));
        let dropped: Arc<Cache<DirectoryId, (TenantId, Reading)>> = known.clone();
        store.on_change(move |change| match change.topic {
            Topic::Directory(d) => dropped.drop_one(&d),
            Topic::Tenant(t) => dropped.drop_if(|_, (home, _)| *home == t),
            Topic::Everything => dropped.drop_all(),
            _ => {}
        });
        Self { store: store.clone(), known }
    }
    /// How this directory's requests are read.
    ///
    /// # Errors
    /// `NotFound`; the database's.
    pub async fn of(&self, t: TenantId, d: DirectoryId) -> Result<Reading> {
        if let Some((_, known)) = self.known.get(&d) {
            return Ok(known);
        }
        let ticket = self.known.ticket();
        let mut c = self.store.read(Scope::Tenant(t)).await?;
        let found = db::get(&mut c, t, d).await?;
        let found = found.ok_or_else(|| Error::not_found(format!("directory {d}")))?;
        let schemas = super::schemas(&mut c, t).await?;
        let provisioning = found.provisioning.0;
        let (rules, unique_groups) = (provisioning.rules()?, provisioning.names_unique());
        let reading = Reading { rules, unique_groups, schemas, log: provisioning.log };
        self.known.fill(ticket, d, (t, reading.clone()));
        Ok(reading)
    }
}
