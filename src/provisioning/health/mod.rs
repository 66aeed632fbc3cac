//! How a directory's provisioning is: when it last asked, how often it was refused, whether it is silent, what becomes of
//! its tokens. [`Tally`] counts, [`rules`] decide, [`watch`] looks at all directories now and then and writes one letter
//! when something changed.

mod db;
mod letter;
mod rules;
mod tally;
mod watch;

pub use letter::{Sender, TOPIC, deliver};
pub use rules::{Alarm, Level};
pub(super) use tally::Tally;
pub use watch::{Unwell, unwell, watch};

use crate::{
    access::{Permit, perm::SystemViewSettings},
    clock::Timestamp,
    directories::{self, Status, Token},
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    store::{Cx, Scope, Store, Tx},
    tx,
};
use std::{collections::HashMap, time::Duration};

/// The width of what is counted together.
const SLOT: Duration = Duration::from_secs(300);
/// How long counts are kept.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3600);

/// Numbers of some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "ProvisioningCounts")]
pub struct Counts {
    /// Requests that proved whose they are.
    pub requests: i64,
    /// Of these, answered with 400 and above; a read of what is not there is none.
    pub errors: i64,
    /// Of these, with something that was ignored.
    pub ignored: i64,
    /// Requests that proved nothing.
    pub denied: i64,
    /// Entries that the log had no room for.
    pub lost: i64,
}

/// The last refusal.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[schemars(rename = "LastError")]
pub struct LastError {
    /// The status.
    pub status: u16,
    /// SCIM's word for it.
    pub scim_type: Option<String>,
    /// The request: method and what it was about.
    pub request: String,
}

/// How it is.
#[derive(Debug, Clone)]
pub struct Health {
    /// When it last asked.
    pub last_request_at: Option<Timestamp>,
    /// When it was last answered well.
    pub last_success_at: Option<Timestamp>,
    /// When it was last refused, and what.
    pub last_error: Option<(Timestamp, LastError)>,
    /// When somebody last spoke for it and proved nothing, and why that was.
    pub last_denied: Option<(Timestamp, String)>,
    /// The last hour.
    pub hour: Counts,
    /// The last day.
    pub day: Counts,
    /// How long it may be silent.
    pub silence: Option<Duration>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// What is not as it should be.
    pub alarms: Vec<Alarm>,
}

/// How a directory's provisioning is now.
///
/// # Errors
/// `NotFound`.
pub async fn health(
    store: &Store,
    p: &Permit<SystemViewSettings>,
    d: DirectoryId,
) -> Result<Health> {
    let t = p.tenant();
    let now = store.clock().now();
    let mut c = store.read(Scope::Tenant(t)).await?;
    let found = directories::find(&mut c, t, d).await?;
    let found = found.ok_or_else(|| Error::not_found(format!("directory {d}")))?;
    let silence = directories::silence(&found.provisioning.0, found.preset);
    let tokens = directories::tokens_of(&mut c, t, d).await?;
    let seen = db::get(&mut c, t, d).await?.unwrap_or_default();
    let hour = db::counts(&mut c, t, d, slot(now.minus(Duration::from_secs(3600)))).await?;
    let day = db::counts(&mut c, t, d, slot(now.minus(Duration::from_secs(24 * 3600)))).await?;
    let was = seen.alarms.0.iter().map(|a| a.key.clone()).collect::<Vec<_>>();
    let facts = rules::Facts {
        now,
        last_request: seen.last_request_at,
        last_success: seen.last_success_at,
        last_error: seen.last_error_at,
        last_lost: seen.last_lost_at,
        silence,
        hour,
        tokens: &tokens,
    };
    let alarms =
        if found.status == Status::Active { rules::alarms(&facts, &was) } else { Vec::new() };
    Ok(Health {
        last_request_at: seen.last_request_at,
        last_success_at: seen.last_success_at,
        last_error: seen.last_error_at.zip(seen.last_error.map(|e| e.0)),
        last_denied: seen.last_denied_at.zip(seen.last_denied),
        hour,
        day,
        silence,
        tokens,
        alarms,
    })
}

/// The beginning of the slot of a moment.
fn slot(at: Timestamp) -> i64 {
    let width = i64::try_from(SLOT.as_micros()).unwrap_or(1);
    at.0.div_euclid(width) * width
}

/// The oldest slot whose counts are kept.
fn kept_from(now: Timestamp) -> i64 {
    slot(now.minus(KEPT))
}

/// Whether counts of this slot are kept no more.
pub(super) fn over(slot: i64, now: Timestamp) -> bool {
    slot < kept_from(now)
}

/// Adds what was counted.
///
/// # Errors
/// The database's.
pub(super) async fn add(
    tx: &mut Tx,
    tallies: &HashMap<(TenantId, DirectoryId), Tally>,
) -> Result<()> {
    // In one order, so that two nodes do not wait for each other.
    let mut all: Vec<_> = tallies.iter().collect();
    all.sort_by_key(|(k, _)| **k);
    for ((t, d), tally) in all {
        db::seen(tx, *t, *d, tally).await?;
        for (slot, counts) in &tally.slots {
            db::count(tx, *t, *d, *slot, counts).await?;
        }
    }
    Ok(())
}

/// Deletes counts that are over; `gone`: all there is.
///
/// # Errors
/// The database's.
pub(super) async fn sweep(
    store: &Store,
    cx: &Cx,
    (t, d): (TenantId, DirectoryId),
    gone: bool,
) -> Result<()> {
    let before = if gone { i64::MAX } else { kept_from(store.clock().now()) };
    tx!(store, cx, [], |tx| {
        tx.unaudited("counts expire");
        db::sweep_counts(tx, t, d, before).await?;
        if gone {
            db::forget(tx, t, d).await?;
        }
        Ok(())
    })
}

/// Removes some of what is known of the directories of a tenant that is deleted.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}
