//! What changed: delivered to this node's caches before the writer is answered, and on PostgreSQL through a table
//! to the other nodes.

mod follow;

use super::{Conn, J, Stmt, Store};
use crate::{
    error::{Error, Result},
    id::{AppId, ChangeId, DirectoryId, TenantId, UserId},
};
pub(super) use follow::start;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;

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
    /// Anything at all: this node could not follow the others for a while. Forget what is cached.
    Everything,
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

pub(super) struct Feed {
    /// This node's name in the table: its own changes it has heard already.
    node: ChangeId,
    listeners: RwLock<Vec<Listener>>,
    wake: Notify,
    urgent: AtomicBool,
}
impl Feed {
    pub(super) fn new() -> Self {
        Self {
            node: ChangeId::new(),
            listeners: RwLock::default(),
            wake: Notify::new(),
            urgent: AtomicBool::new(false),
        }
    }
    pub(super) fn listen(&self, l: Listener) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(l);
    }
    pub(super) fn deliver(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let ls = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        for c in changes {
            for l in ls.iter() {
                // A listener's panic must not end the writer, nor keep the others from hearing.
                if catch_unwind(AssertUnwindSafe(|| l(c))).is_err() {
                    tracing::error!(topic = ?c.topic, "a listener for changes panicked");
                }
            }
        }
    }
    /// Tells the other nodes that there is something to read, soon or at once.
    pub(super) fn announce(&self, some: bool, urgent: bool) {
        if some {
            if urgent {
                self.urgent.store(true, Ordering::SeqCst);
            }
            self.wake.notify_one();
        }
    }
}

/// What changed, each once.
fn topics(changes: &[Change]) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::with_capacity(changes.len());
    for c in changes {
        if !topics.contains(&c.topic) {
            topics.push(c.topic);
        }
    }
    topics
}

/// As [`insert`], beside what waits to be written.
pub(super) fn beside(feed: &Feed, changes: &[Change], conn: &mut Conn) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let s = Stmt {
        lite: "".into(),
        pg: "INSERT INTO changes(id, tx, node, topics) VALUES ($1, pg_current_xact_id()::text::bigint, $2, $3)"
            .into(),
    };
    conn.beside(&s, &[&ChangeId::new(), &feed.node, &J(topics(changes))])
}

/// The statement that puts changes into the feed's table, to go in one message with COMMIT; nothing if there are
/// none. One row a transaction. The text is made of our own ids and words.
pub(super) fn insert(feed: &Feed, changes: &[Change]) -> Result<String> {
    if changes.is_empty() {
        return Ok(String::new());
    }
    let topics = serde_json::to_string(&topics(changes)).map_err(Error::internal)?;
    let topics = topics.replace('\'', "''");
    Ok(format!(
        "INSERT INTO changes(id, tx, node, topics)
         VALUES ('{}', pg_current_xact_id()::text::bigint, '{}', '{topics}'); ",
        ChangeId::new(),
        feed.node
    ))
}
