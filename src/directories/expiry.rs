//! Client secrets end at the provider, and then nobody signs in any more. Whoever sets one says when; the administrators are
//! told by mail before.

use super::db;
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    error::Result,
    outbox,
    store::{Cx, Scope, Store},
    tx,
};
use serde_json::json;
use std::time::Duration;

/// The outbox's word for it.
pub const TOPIC: &str = "directory.secret_ends";

/// How many days before, the soonest last; 0: on the day.
const BEFORE: [u64; 4] = [30, 7, 1, 0];
const DAY: u64 = 24 * 3600;
/// Directories that are told about in one round.
const ROUND: i64 = 200;

/// Where the day of a moment begins (UTC).
fn morning(at: Timestamp) -> Timestamp {
    let into = at.secs().rem_euclid(i64::try_from(DAY).unwrap_or(i64::MAX));
    Timestamp::from_secs(at.secs() - into)
}

/// The reminder that is due, as the moment it was due: of several that were missed, the last. They go out in the morning, the
/// last one of the day itself.
fn due(ends: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let day = morning(ends);
    let all = BEFORE.iter().map(|n| day.minus(Duration::from_secs(n * DAY)));
    all.filter(|at| *at <= now).max()
}

fn when(ends: Timestamp, now: Timestamp) -> String {
    if ends <= now {
        return "has ended".to_owned();
    }
    match morning(ends).since(morning(now)).as_secs() / DAY {
        0 => "ends today".to_owned(),
        1 => "ends tomorrow".to_owned(),
        n => format!("ends in {n} days"),
    }
}

/// Has administrators told of client secrets that end: 30, 7 and 1 days before, and on the day. Says how many were; a worker
/// calls it.
///
/// # Errors
/// The database's.
pub async fn warn(store: &Store, cx: &Cx) -> Result<u64> {
    let now = store.clock().now();
    let mut c = store.read(Scope::Platform).await?;
    let soon = now.plus(Duration::from_secs((BEFORE[0] + 1) * DAY));
    let all = db::secrets_that_end(&mut c, soon, ROUND).await?;
    drop(c);
    let mut told = 0;
    for d in all {
        let Some(at) = due(d.secret_expires_at, now).filter(|at| d.secret_told < Some(*at)) else {
            continue;
        };
        let (t, id, ends) = (d.tenant_id, d.id, d.secret_expires_at);
        let name = d.name;
        told += tx!(store, cx, [name], |tx| {
            if db::secret_told(tx, t, id, ends, at).await? == 0 {
                tx.unaudited("it was changed, or another node told of it, meanwhile");
                return Ok(0);
            }
            let said = format!("The client secret of {name} {}", when(ends, now));
            let lines = [
                format!("{said}: {}.", ends.rfc3339()),
                "Make another one at the provider, and set it with its end before then: after that nobody signs in \
                 through this directory."
                    .to_owned(),
            ];
            outbox::push(tx, t, TOPIC, &json!({ "subject": said, "lines": lines })).await?;
            let event = Event::new("directory.secret_ends").target("directory", id);
            audit::record(tx, t, event.detail(json!({ "at": ends.rfc3339() }))).await?;
            Ok(1)
        })?;
    }
    Ok(told)
}
