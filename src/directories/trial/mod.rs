//! Test logins: a link, good once and for ten minutes, that leads to the provider like a sign-in and ends on a page. It is
//! bound to the settings as they were when it was asked for, and to whoever asked. What is kept of it are the names of the
//! claims and what follows from them; who it was that signed in is not.

mod db;

use super::{gone, stage};
use crate::{
    access::{
        Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto::token::{self, Kind},
    error::Result,
    id::{DirectoryId, TenantId, TrialId},
    secret::Secret,
    store::{Conn, Cx, J, Scope, Store, Tx},
    tx,
};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a link is good.
const LIFE: Duration = Duration::from_secs(600);

crate::row! {
    /// A test login, as it is shown.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TrialRow {
        /// Its id.
        pub id: TrialId,
        /// Of which directory.
        pub directory_id: DirectoryId,
        /// Who asked, as in the audit trail.
        pub asked_by: String,
        /// Of which settings.
        pub generation: i64,
        /// When it was asked for.
        pub created_at: Timestamp,
        /// Until when the link is good.
        pub expires_at: Timestamp,
        /// When it was opened.
        pub opened_at: Option<Timestamp>,
        /// When it ended.
        pub ended_at: Option<Timestamp>,
        /// Whether somebody could sign in by these settings.
        pub passed: bool,
        /// What was found.
        pub result: J<Value>,
    }
}

crate::row! {
    /// A test login under way.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    pub struct Trial {
        /// Whose directory.
        pub tenant: TenantId,
        /// The directory.
        pub directory: DirectoryId,
        /// Which.
        pub id: TrialId,
        /// Of which settings.
        pub generation: i64,
    }
}

/// Asks for a test login; gives the link's token, this once. The one that this person asked for before is gone.
///
/// # Errors
/// `NotFound`; `Conflict` without a sign-in half, or when the directory is switched off.
pub async fn ask(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    directory: DirectoryId,
) -> Result<(TrialRow, Secret)> {
    let (t, id) = (p.tenant(), TrialId::new());
    let (plain, hash) = token::generate(Kind::Trial);
    let row = tx!(store, &p.cx(), [hash], |tx| {
        let d = stage::tested(tx, t, directory).await?;
        let (by, until) = (tx.actor().label(), tx.now().plus(LIFE));
        db::replace(tx, t, directory, &by).await?;
        let row = db::insert(tx, t, (id, directory), &hash, &by, d.generation, until).await?;
        let event = Event::new("directory.signin_test").target("directory", directory);
        let detail = json!({ "test": id, "generation": d.generation, "expires_at": until });
        audit::record(tx, t, event.detail(detail)).await?;
        Ok(row)
    })?;
    Ok((row, plain))
}

/// The last test login of each who asked for one, newest first.
///
/// # Errors
/// `NotFound`.
pub async fn list(
    store: &Store,
    p: &Permit<SystemViewSettings>,
    directory: DirectoryId,
) -> Result<Vec<TrialRow>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    let there = super::db::get(&mut c, p.tenant(), directory).await?;
    there.ok_or_else(|| gone(directory))?;
    of(&mut c, p.tenant(), directory).await
}

/// The same for a reader that has a connection.
pub(super) async fn of(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Vec<TrialRow>> {
    db::of_directory(c, t, d).await
}

/// Opens a link, once; `None` for one that is unknown, was opened, or is over.
///
/// # Errors
/// The database's.
pub async fn open(store: &Store, cx: &Cx, text: &str) -> Result<Option<Trial>> {
    let Some(hash) = token::hash(Kind::Trial, text) else { return Ok(None) };
    tx!(store, cx, [hash], |tx| {
        tx.unaudited("the trail has who asked for it, and how it ended");
        db::open(tx, &hash).await
    })
}

/// Notes how a test login ended; says whether it was still wanted.
///
/// # Errors
/// The database's.
pub async fn end(
    store: &Store,
    cx: &Cx,
    trial: &Trial,
    passed: bool,
    result: &Value,
) -> Result<bool> {
    let (trial, result) = (*trial, result.clone());
    tx!(store, cx, [result], |tx| { ended(tx, &trial, passed, &result).await })
}

async fn ended(tx: &mut Tx, trial: &Trial, passed: bool, result: &Value) -> Result<bool> {
    let t = trial.tenant;
    if db::end(tx, t, trial.id, passed, J(result)).await? == 0 {
        tx.unaudited("another was asked for meanwhile");
        return Ok(false);
    }
    let event = Event::new("directory.signin_tested").target("directory", trial.directory);
    let detail = json!({
        "test": trial.id, "generation": trial.generation, "passed": passed, "reason": result["reason"],
    });
    audit::record(tx, t, event.detail(detail)).await?;
    Ok(true)
}
