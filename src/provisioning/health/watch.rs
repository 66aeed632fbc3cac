//! The watch over all directories: who is unwell, and the letter to their administrators when that changes.

use super::{Counts, TOPIC, db, rules, slot};
use crate::{
    access::guard,
    audit::{self, Event},
    clock::Timestamp,
    directories::{self, Token},
    error::Result,
    id::{DirectoryId, TenantId},
    outbox,
    store::{Cx, J, List, Lock, Scope, Store},
    tx,
};
use rules::{Alarm, Level};
use serde_json::json;
use std::{collections::HashMap, time::Duration};

/// After a start a directory gets this long to ask again: while nobody listened it could not.
const GRACE: Duration = Duration::from_secs(3600);

/// An alarm that stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Standing {
    pub key: String,
    pub detail: String,
    pub since: Timestamp,
    /// Whether administrators are told of it.
    pub told: bool,
}

/// A directory that is not well.
#[derive(Debug, Clone)]
pub struct Unwell {
    /// Whose, by its slug.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// What is not as it should be.
    pub alarms: Vec<Alarm>,
}

/// Directories that are looked at together.
const PAGE: i64 = 200;

/// Some directories, and what is known of each: a look over all of them takes three questions for each page.
struct Page {
    all: Vec<db::Watched>,
    hours: HashMap<DirectoryId, Counts>,
    tokens: HashMap<DirectoryId, Vec<Token>>,
}

/// The page after a directory; `None`: there is none.
async fn page(store: &Store, after: &mut (TenantId, DirectoryId)) -> Result<Option<Page>> {
    let mut c = store.scan(Scope::Platform).await?;
    let all = db::watched(&mut c, *after, PAGE).await?;
    let Some(last) = all.last() else { return Ok(None) };
    *after = (last.tenant_id, last.directory_id);
    let ids: Vec<DirectoryId> = all.iter().map(|w| w.directory_id).collect();
    let list = List::Ids(ids.iter().map(|d| d.0).collect());
    let hour = slot(store.clock().now().minus(Duration::from_secs(3600)));
    let hours = db::counts_of(&mut c, &list, hour).await?;
    let tokens = directories::tokens_of_many(&mut c, &ids).await?;
    Ok(Some(Page { all, hours, tokens }))
}

/// Before all directories.
const FIRST: (TenantId, DirectoryId) =
    (TenantId(uuid::Uuid::nil()), DirectoryId(uuid::Uuid::nil()));

/// The directories that are not well, few at most.
///
/// # Errors
/// The database's.
pub async fn unwell(store: &Store, most: usize) -> Result<Vec<Unwell>> {
    let (mut out, mut after) = (Vec::new(), FIRST);
    while let Some(page) = page(store, &mut after).await? {
        for w in &page.all {
            let alarms = page.alarms(w, store.clock().now(), None);
            if !alarms.is_empty() {
                out.push(Unwell { tenant: w.tenant.clone(), name: w.name.clone(), alarms });
            }
            if out.len() >= most {
                return Ok(out);
            }
        }
    }
    Ok(out)
}

/// Looks at every directory; where something changed since the last look, that is written down and the tenant's
/// administrators get a letter. `up`: for how long the server has listened. Says of how many it wrote.
///
/// # Errors
/// The database's.
pub async fn watch(store: &Store, cx: &Cx, up: Duration) -> Result<usize> {
    let (mut changed, mut after) = (0, FIRST);
    while let Some(page) = page(store, &mut after).await? {
        for w in &page.all {
            let alarms = page.alarms(w, store.clock().now(), Some(up));
            changed += usize::from(settle(store, cx, w, alarms).await?);
        }
    }
    Ok(changed)
}

impl Page {
    fn alarms(&self, w: &db::Watched, now: Timestamp, up: Option<Duration>) -> Vec<Alarm> {
        let was: Vec<String> = w.alarms.0.iter().map(|a| a.key.clone()).collect();
        let facts = rules::Facts {
            now,
            last_request: w.last_request_at,
            last_success: w.last_success_at,
            last_error: w.last_error_at,
            last_lost: w.last_lost_at,
            silence: directories::silence(&w.provisioning.0, w.preset),
            hour: self.hours.get(&w.directory_id).copied().unwrap_or_default(),
            tokens: self.tokens.get(&w.directory_id).map_or(&[], Vec::as_slice),
        };
        let mut alarms = rules::alarms(&facts, &was);
        if up.is_some_and(|up| up < GRACE) {
            alarms.retain(|a| a.code != "silent" || was.contains(&a.key));
        }
        alarms
    }
}

/// The code of a key: `token_expires:7` is a `token_expires`.
fn code(key: &str) -> &str {
    key.split(':').next().unwrap_or(key)
}

/// Writes down what changed, if anything did.
async fn settle(store: &Store, cx: &Cx, w: &db::Watched, alarms: Vec<Alarm>) -> Result<bool> {
    let (t, d) = (w.tenant_id, w.directory_id);
    let same = |was: &[Standing]| {
        was.len() == alarms.len() && alarms.iter().all(|a| was.iter().any(|s| s.key == a.key))
    };
    if same(&w.alarms.0) {
        return Ok(false);
    }
    let name = w.name.clone();
    tx!(store, cx, [alarms, name], |tx| {
        tx.lock(Lock::Named(format!("provisioning health {d}"))).await?;
        let Some(J(was)) = db::standing(tx, t, d).await? else { return Ok(false) };
        let now = tx.now();
        let next: Vec<Standing> = alarms
            .iter()
            .map(|a| Standing {
                key: a.key.clone(),
                detail: a.detail.clone(),
                since: was.iter().find(|s| s.key == a.key).map_or(now, |s| s.since),
                told: a.level == Level::Alarm,
            })
            .collect();
        let new = |s: &&Standing| !was.iter().any(|w| w.key == s.key);
        let raised: Vec<&Standing> = next.iter().filter(|s| s.told).filter(new).collect();
        let over = |s: &&Standing| !next.iter().any(|n| code(&n.key) == code(&s.key));
        let cleared: Vec<&Standing> = was.iter().filter(|s| s.told).filter(over).collect();
        db::set_alarms(tx, t, d, &J(next.clone())).await?;
        if raised.is_empty() && cleared.is_empty() {
            tx.unaudited("notes that nobody is written to about");
            return Ok(false);
        }
        let keys = |l: &[&Standing]| l.iter().map(|s| s.key.clone()).collect::<Vec<_>>();
        let (up, down) = (keys(&raised), keys(&cleared));
        tracing::warn!(directory = %d, name, raised = up.join(","), over = down.join(","), "provisioning: a change of health");
        let event = Event::new("provisioning.health").target("directory", d);
        audit::record(tx, t, event.detail(json!({ "raised": up, "over": down }))).await?;
        let details = |l: &[&Standing]| l.iter().map(|s| s.detail.clone()).collect::<Vec<_>>();
        let codes: Vec<&str> = cleared.iter().map(|s| code(&s.key)).collect();
        for (home, user) in guard::to_be_told(tx, t).await? {
            let letter = json!({
                "directory": d, "home": home, "user": user,
                "raised": details(&raised), "over": codes,
            });
            outbox::push(tx, t, TOPIC, &letter).await?;
        }
        Ok(true)
    })
}
