//! A sign-out that goes on at the provider by which somebody had come: where the browser is on its way to, and where it
//! goes afterwards. Our own session has ended before this begins; nothing of it depends on what the provider does.

mod db;

use crate::{
    error::Result,
    id::{DirectoryId, FlowId, TenantId, UserId},
    store::{Cx, J, Scope, Store},
    tx,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long the browser may be away.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// A sign-out on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// The directory's tenant.
    pub tenant: TenantId,
    /// Where the person had come from.
    pub directory: DirectoryId,
    /// What the provider calls its own session.
    #[serde(default)]
    pub sid: Option<String>,
    /// Who signs out; a sign-out that an earlier version began does not say it.
    #[serde(default)]
    pub user: Option<UserId>,
    /// What the provider wants to see again, sealed for them.
    #[serde(default)]
    pub hint: Option<String>,
    /// Where the browser goes in the end: a page of ours, or an address that is registered for the application that asked.
    pub to: String,
}

/// Begins one, in the browser whose cookie hashes to `browser`.
///
/// # Errors
/// The database's.
pub async fn begin(store: &Store, cx: &Cx, to: &Goodbye, browser: &str) -> Result<FlowId> {
    let (id, to, browser) = (FlowId::new(), to.clone(), browser.to_owned());
    tx!(store, cx, [to, browser], |tx| {
        tx.unaudited("the sign-out was recorded");
        let expires = tx.now().plus(LIFE);
        db::insert(tx, id, &browser, &J(&to), expires).await?;
        Ok(id)
    })
}

/// One that is on its way in this browser.
///
/// # Errors
/// The database's.
pub async fn get(store: &Store, id: FlowId, browser: &str) -> Result<Option<Goodbye>> {
    let mut c = store.read(Scope::Platform).await?;
    let found = db::get(&mut c, id, browser, store.clock().now()).await?;
    Ok(found.map(|g| g.state.0))
}

/// Ends one that is on its way in this browser; of two that end it, one has it.
///
/// # Errors
/// The database's.
pub async fn end(store: &Store, cx: &Cx, id: FlowId, browser: &str) -> Result<Option<Goodbye>> {
    let browser = browser.to_owned();
    let found = tx!(store, cx, [browser], |tx| {
        tx.unaudited("the sign-out was recorded");
        let now = tx.now();
        db::take(tx, id, &browser, now).await
    })?;
    Ok(found.map(|g| g.state.0))
}
