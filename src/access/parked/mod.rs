//! The guard of mass changes: what a directory takes away beyond its limits (members of groups, and with them roles;
//! groups; people who held something) takes effect for the directory, and the roles stay until an administrator decides.
//!
//! Only losses count that cost somebody a role. Each person counts once within the window, whatever number of requests
//! they are spread over; once the sum is beyond the limits, what that request and those after it take away is kept as
//! rows, which [`super::effective`] adds up like any other way to a role. Deactivation is no loss: it ends access at
//! once, always, and kept roles of somebody who is switched off count for nothing.

mod db;
mod decide;
mod rules;
mod taken;

pub use db::Waiting;
pub use decide::{Decision, decide, remind, restore, sweep};
pub use rules::{Limits, Pieces};
pub use taken::{members, person};

use super::{Access, Permit, Reach, catalogue::Catalogue, perm::UsersManageRoles};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{DirectoryId, GroupId, MappingId, ParkedId, RoleId, TenantId, UserId},
    outbox, row,
    store::{Conn, J, Lock, Scope, Topic, Tx},
};
use serde_json::json;
use std::collections::BTreeSet;

/// The outbox's word for a change that somebody must be told of.
pub const TOPIC: &str = "parked.tell";

row! {
    /// What a directory took away beyond its limits, until somebody decides.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Change {
        /// Whose.
        pub tenant_id: TenantId,
        /// Its id.
        pub id: ParkedId,
        /// The directory.
        pub directory_id: DirectoryId,
        /// Its name.
        pub directory_name: String,
        /// The limits that were passed.
        pub limits: J<Limits>,
        /// When they were passed.
        pub opened_at: Timestamp,
        /// When the last was added.
        pub last_at: Timestamp,
        /// When it was told of once more.
        pub reminded_at: Option<Timestamp>,
        /// When all of it was decided.
        pub closed_at: Option<Timestamp>,
    }
}

row! {
    /// A role that somebody would lose.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Lost {
        /// The row's own, for the next page.
        pub id: uuid::Uuid,
        /// Who.
        pub user_id: UserId,
        /// Their name.
        pub user_label: String,
        /// Whether the directory deleted them: nothing counts until they come again.
        pub gone: bool,
        /// Whether it was decided that they have it again then.
        pub kept: bool,
        /// The role.
        pub role_id: RoleId,
        /// Its name, of one that is not built in.
        pub role_name: Option<String>,
        /// Where, in [`crate::access::Reach::column`]'s words.
        pub scope: String,
        /// The tenant, where it is one.
        pub scope_tenant: Option<TenantId>,
        /// The group that gave it; `None`: it was given by hand.
        pub group_name: Option<String>,
        /// When it was taken away.
        pub created_at: Timestamp,
    }
}
impl Lost {
    /// Where they have it.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
    /// The role's name.
    pub fn role(&self, catalogue: &Catalogue) -> String {
        match (catalogue.role(self.role_id), &self.role_name) {
            (Some(built_in), _) => built_in.name.clone(),
            (None, Some(name)) => name.clone(),
            (None, None) => self.role_id.to_string(),
        }
    }
}

/// What became of a loss that was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parked {
    /// The change that waits.
    pub change: ParkedId,
    /// How many people keep something by it.
    pub people: usize,
}
impl Parked {
    /// For the directory's own log.
    pub fn text(&self) -> String {
        format!(
            "done as written; the roles of {} people stay until an administrator decides (parked change {})",
            self.people, self.change
        )
    }
}

/// Adds losses up; gives the change that they belong to, if they are too many.
async fn weigh(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    losing: &[UserId],
    limits: &Limits,
) -> Result<Option<Change>> {
    tx.lock(lock(d)).await?;
    let (now, window) = (tx.now(), limits.window());
    let new = db::note(tx, t, d, losing, now.minus(window)).await?;
    let mut w = db::window(tx, t, d).await?.unwrap_or(db::Window {
        pieces: J(Pieces::default()),
        people: 0,
        counted_at: now,
    });
    let sum = w.pieces.0.add(now, window, i64::try_from(new).unwrap_or(i64::MAX));
    let over = match limits.needed(sum) {
        None => false,
        // Counted a while ago, there were enough: nothing is counted again before the losses have doubled.
        Some(needed) if w.people >= needed && w.counted_at > now.minus(window) => false,
        // Too much was taken away, and still is: this belongs to it.
        Some(needed)
            if w.people < needed
                && w.counted_at > now.minus(window)
                && db::open(tx, t, d).await?.is_some() =>
        {
            true
        }
        Some(needed) => {
            w.people = db::people(tx, t, needed.saturating_mul(2)).await?;
            w.counted_at = now;
            w.people < needed
        }
    };
    db::set_window(tx, t, d, &w).await?;
    if !over {
        return Ok(None);
    }
    if let Some(open) = db::open(tx, t, d).await? {
        db::grew(tx, t, open.id).await?;
        return Ok(Some(open));
    }
    let id = ParkedId::new();
    db::insert(tx, t, id, d, limits).await?;
    let detail = json!({ "directory": d, "limits": limits, "people": sum });
    audit::record(tx, t, Event::new("parked.open").target("parked", id).detail(detail)).await?;
    outbox::push(tx, t, TOPIC, &json!({ "parked": id })).await?;
    let made = db::get(tx, t, id).await?;
    made.map(Some).ok_or_else(|| Error::not_found("parked change"))
}

/// Whoever adds to a directory's losses, or decides about them, holds this.
fn lock(d: DirectoryId) -> Lock {
    Lock::Named(format!("losses {d}"))
}

/// Whoever brings a directory's people shares this; whoever decides what is kept for their return has it alone. Take it
/// before [`lock`].
pub fn returns(d: DirectoryId) -> Lock {
    Lock::Named(format!("returns {d}"))
}

/// The directory put people into a group: what was kept of what the group gives goes by itself.
///
/// # Errors
/// The database's.
pub async fn back(
    tx: &mut Tx,
    (t, d): (TenantId, DirectoryId),
    g: GroupId,
    users: &[UserId],
) -> Result<()> {
    if users.is_empty() || !db::concerned(tx, t, d, g).await? {
        return Ok(());
    }
    tx.lock(lock(d)).await?;
    if db::back(tx, t, g, users).await? == 0 {
        return Ok(());
    }
    if let Some(open) = db::open(tx, t, d).await? {
        decide::close(tx, &open).await?;
    }
    Ok(())
}

/// A mapping is gone: what was kept of what it gave goes with it. Call it before the mapping's row goes.
///
/// # Errors
/// The database's.
pub(super) async fn unmapped(
    tx: &mut Tx,
    (t, d): (TenantId, DirectoryId),
    mapping: MappingId,
) -> Result<()> {
    tx.lock(lock(d)).await?;
    if db::unmapped(tx, t, mapping).await? > 0 {
        decide::close_empty(tx, t).await?;
    }
    Ok(())
}

/// Somebody else answers for a mapping: for what is kept of it as well.
pub(super) async fn adopted(
    tx: &mut Tx,
    mapping: (TenantId, MappingId),
    author: Option<(TenantId, UserId)>,
    granted: &BTreeSet<String>,
) -> Result<()> {
    db::adopted(tx, mapping, author, granted).await?;
    Ok(())
}

/// Writes down that what is kept of a mapping is suspended, or is not any more; says whether that was news. Call it over
/// every tenant's rows.
pub(super) async fn noted(
    tx: &mut Tx,
    mapping: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<bool> {
    let noted: BTreeSet<_> = db::noted(tx, mapping, author, suspended).await?.into_iter().collect();
    for n in &noted {
        let action = if suspended { "parked.suspend" } else { "parked.resume" };
        let event = Event::new(action).target("parked", n.change_id);
        audit::record(tx, n.tenant_id, event.detail(json!({ "mapping": mapping }))).await?;
        tx.changed(Topic::Access(n.tenant_id));
    }
    Ok(!noted.is_empty())
}

/// A role is gone: nobody who comes again gets it. Call it over every tenant's rows, once nothing waits for a decision.
pub(super) async fn role_gone(tx: &mut Tx, role: RoleId) -> Result<()> {
    db::role_gone(tx, role).await?;
    Ok(())
}

/// Nothing is kept of somebody any more who is deleted by hand.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, user: UserId) -> Result<()> {
    if db::forget(tx, t, user).await? > 0 {
        decide::close_empty(tx, t).await?;
    }
    Ok(())
}

/// The changes of the permit's tenant, newest first, after `after`, each with how much of it waits.
///
/// # Errors
/// The database's.
pub async fn list(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    after: Option<ParkedId>,
    limit: u32,
) -> Result<Vec<(Change, Waiting)>> {
    let t = p.tenant();
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    let mut out = Vec::new();
    for change in db::changes(&mut c, t, after, i64::from(limit)).await? {
        let waiting = db::waiting(&mut c, t, change.id).await?;
        out.push((change, waiting));
    }
    Ok(out)
}

/// A change of the permit's tenant, how much of it waits, and who would lose what: a page of that, after `after`.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn get(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ParkedId,
    after: Option<uuid::Uuid>,
    limit: u32,
) -> Result<(Change, Waiting, Vec<Lost>)> {
    let t = p.tenant();
    // platform: roles of the provider's may be among them.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let change = find(&mut c, t, id).await?.ok_or_else(|| Error::not_found("parked change"))?;
    let waiting = db::waiting(&mut c, t, id).await?;
    let lost = db::lost(&mut c, t, id, after, i64::from(limit)).await?;
    Ok((change, waiting, lost))
}

/// The change, for a reader that has a connection over its tenant.
///
/// # Errors
/// The database's.
pub async fn find(c: &mut Conn, t: TenantId, id: ParkedId) -> Result<Option<Change>> {
    db::get(c, t, id).await
}

/// How much of a change waits.
///
/// # Errors
/// The database's.
pub async fn waiting(c: &mut Conn, t: TenantId, id: ParkedId) -> Result<Waiting> {
    db::waiting(c, t, id).await
}
