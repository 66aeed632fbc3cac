//! Setup links: by one of them a company's IT staff set a directory of theirs up, step by step, without an account. It is
//! good for that directory only, until it expires or is taken back, and for no more than whoever made it may do.

mod db;

use super::gone;
use crate::{
    access::{
        Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto::token::{self, Kind},
    error::{Error, Result},
    id::{DirectoryId, PortalId, TenantId, UserId},
    secret::Secret,
    store::{Cx, Lock, Scope, Store},
    text, tx,
};
use serde_json::json;
use std::time::Duration;

/// The longest life of a link, in hours.
pub const LONGEST_HOURS: u32 = 14 * 24;
/// So many live links has a directory at most.
const MOST: usize = 10;
/// How long a note may be, in bytes.
const NOTE: usize = 200;

crate::row! {
    /// A link, as it is shown: without its text.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PortalRow {
        /// Its id.
        pub id: PortalId,
        /// Of which directory.
        pub directory_id: DirectoryId,
        /// For whom it is, in the words of who made it.
        pub note: String,
        /// Who made it, as in the audit trail.
        pub made_by: String,
        /// When.
        pub created_at: Timestamp,
        /// Until when it is good.
        pub expires_at: Timestamp,
        /// When it was first opened.
        pub used_at: Option<Timestamp>,
    }
}

crate::row! {
    /// A link that is good now, as [`open`] found it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Portal {
        /// Whose directory.
        pub tenant_id: TenantId,
        /// The link.
        pub id: PortalId,
        /// The directory.
        pub directory_id: DirectoryId,
        /// The tenant of whoever made it; `None` for the owner of the data directory.
        pub author_tenant: Option<TenantId>,
        /// Whoever made it.
        pub author: Option<UserId>,
        /// Until when it is good.
        pub expires_at: Timestamp,
    }
}

impl Portal {
    /// Whose rights it has part in; `None` for the owner of the data directory.
    pub fn by(&self) -> Option<(TenantId, UserId)> {
        self.author_tenant.zip(self.author)
    }
}

/// Makes a link; gives its token, this once.
///
/// # Errors
/// `NotFound`; `Invalid` for a life or a note that does not fit; `Conflict` when there are as many as there may be, and for
/// what is no person: a link has the rights of one.
pub async fn make(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    directory: DirectoryId,
    (hours, note): (u32, &str),
) -> Result<(PortalRow, Secret)> {
    if !(1..=LONGEST_HOURS).contains(&hours) {
        let text = format!("'hours' is {hours}, and may be 1 to {LONGEST_HOURS}");
        return Err(Error::invalid(text).attr("hours"));
    }
    let note = text::line("note", note, NOTE)?.to_owned();
    if p.actor().portal().is_some() || p.held().by_scopes {
        return Err(Error::forbidden("a setup link is made by a person who is signed in"));
    }
    let (t, id) = (p.tenant(), PortalId::new());
    let life = Duration::from_secs(u64::from(hours) * 3600);
    let (plain, hash) = token::generate(Kind::Portal);
    let author = p.actor().user();
    let row = tx!(store, &p.cx(), [hash, note], |tx| {
        tx.lock(Lock::Named(format!("portals {directory}"))).await?;
        let there = super::db::get(tx, t, directory).await?;
        there.ok_or_else(|| gone(directory))?;
        db::forget(tx, t, directory).await?;
        if db::of_directory(tx, t, directory).await?.len() >= MOST {
            let text = format!("a directory has at most {MOST} setup links; take one back first");
            return Err(Error::conflict(text));
        }
        let (by, until) = (tx.actor().label(), tx.now().plus(life));
        let new = db::New { id, directory, hash: &hash, note: &note, by: &by, author, until };
        let row = db::insert(tx, t, &new).await?;
        let event = Event::new("directory.setup_link").target("directory", directory);
        let detail = json!({ "link": id, "note": note, "expires_at": until.rfc3339() });
        audit::record(tx, t, event.detail(detail)).await?;
        Ok(row)
    })?;
    Ok((row, plain))
}

/// The links of a directory that are good, newest first.
///
/// # Errors
/// `NotFound`.
pub async fn list(
    store: &Store,
    p: &Permit<SystemViewSettings>,
    directory: DirectoryId,
) -> Result<Vec<PortalRow>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    let there = super::db::get(&mut c, p.tenant(), directory).await?;
    there.ok_or_else(|| gone(directory))?;
    let now = store.clock().now();
    let mut all = db::of_directory(&mut c, p.tenant(), directory).await?;
    all.retain(|l| l.expires_at > now);
    Ok(all)
}

/// Takes a link back: whoever has it open is out at once.
///
/// # Errors
/// `NotFound`.
pub async fn revoke(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    directory: DirectoryId,
    id: PortalId,
) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx(), [], |tx| {
        if db::delete(tx, t, directory, id).await? == 0 {
            return Err(Error::not_found(format!("setup link {id}")));
        }
        let event = Event::new("directory.setup_link.revoke").target("directory", directory);
        audit::record(tx, t, event.detail(json!({ "link": id }))).await
    })
}

/// The link of this text, if it is good now; looking changes nothing.
///
/// # Errors
/// The database's.
pub async fn open(store: &Store, text: &str) -> Result<Option<Portal>> {
    let Some(hash) = token::hash(Kind::Portal, text) else { return Ok(None) };
    // platform: whose it is, is what we look for.
    let mut c = store.read(Scope::Platform).await?;
    let found = db::by_hash(&mut c, &hash).await?;
    let now = store.clock().now();
    Ok(found.filter(|p| p.expires_at > now))
}

/// Notes that a link is in use, the first time.
///
/// # Errors
/// The database's.
pub async fn used(store: &Store, cx: &Cx, portal: &Portal) -> Result<()> {
    let (t, id, directory) = (portal.tenant_id, portal.id, portal.directory_id);
    tx!(store, cx, [], |tx| {
        if db::used(tx, t, id).await? == 0 {
            tx.unaudited("it was in use before, and the trail has when");
            return Ok(());
        }
        let event = Event::new("directory.setup_link.use").target("directory", directory);
        audit::record(tx, t, event.detail(json!({ "link": id }))).await
    })
}
