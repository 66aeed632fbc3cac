//! What applications are told of the people they serve, by streams of security events that they asked for (Shared Signals
//! Framework 1.0): that a session ended or proves less, that a credential changed, that somebody was switched off; and,
//! where an administrator allows it, who came and went (RFC 9967).
//!
//! What happened comes from the outbox: ends of sessions from the revoke path, everything else from the audit trail, which
//! puts beside an event what some stream wants to hear of. It becomes one row for each stream that may hear it ([`put`]);
//! these rows are pushed one by one in their order, or wait to be fetched.
//!
//! May use the floors below and the rooms of sessions and applications. Must not know how a token is signed nor how it is
//! sent: that is `gate`'s and the voice's, `ssf`.

mod db;
mod interest;
mod kinds;
mod put;
mod queue;
mod rules;
mod stream;
pub mod subjects;
mod told;

pub use db::EventStream as Stream;
pub use interest::Events;
pub use kinds::{PROVISIONING, SECURITY, UPDATED, VERIFICATION};
pub use put::{Ending, session_ended};
pub use queue::{
    Fetch, Next, Page, Queued, fetch, given_up, go_on, next, refused, rest, settle, sweep, taken,
    troubled,
};
pub use stream::{
    Change, Delivery, Settings, Status, Wish, create, edit, find, list, of_app, remove, replace,
    set_status, stop, verify,
};
pub use told::told;

use crate::{
    actor::Actor,
    apps::Client,
    error::Result,
    id::{AppId, TenantId},
    store::{Cx, Scope, Tx},
};
use std::{sync::Arc, time::Duration};

/// The scope with which an application reads how its stream is set.
pub const READ: &str = "ssf.read";
/// The scope with which it sets it, and fetches events.
pub const MANAGE: &str = "ssf.manage";
pub use crate::apps::ALL_PEOPLE;

/// The topic of the message that delivers what waits for a stream.
pub const PUSH: &str = "event.push";

/// How many events wait for a stream at most,
pub const MOST: i64 = 10_000;
/// and how long.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// Seconds between two tests of a stream.
pub const BETWEEN_TESTS: u32 = 5;
/// Of how many people an application may not want to hear.
pub const REMOVED: i64 = 10_000;

/// An application that has proved itself: what it may do to its own stream.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Its tenant.
    pub(crate) tenant: TenantId,
    /// The application.
    pub(crate) app: AppId,
    client: Arc<Client>,
    actor: Actor,
}

impl Receiver {
    /// For a voice's `caller.rs`: `actor` is the application.
    pub fn new(client: Arc<Client>, actor: Actor) -> Self {
        Self { tenant: client.app.tenant_id, app: client.app.id, client, actor }
    }
    /// The application.
    pub fn client(&self) -> &Client {
        &self.client
    }
    fn cx(&self) -> Cx {
        Cx::new(self.actor.clone(), Scope::Tenant(self.tenant))
    }
}

/// The events an application may ask for.
pub fn supported(scopes: Option<&[String]>) -> Vec<&'static str> {
    let mut all = SECURITY.to_vec();
    if scopes.is_some_and(|s| s.iter().any(|s| s == ALL_PEOPLE)) {
        all.extend(PROVISIONING);
    }
    all
}

/// Removes some rows of a tenant that is deleted.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    let gone = subjects::leave(tx, t, n).await?;
    Ok(gone + db::leave_queue(tx, t, n).await? + db::leave_streams(tx, t, n).await?)
}
