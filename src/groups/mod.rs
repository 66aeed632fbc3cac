//! Groups and memberships. Members are rows; the cost of a change is that of the change, never that of the group.
//! A group belongs to a directory and has members of that directory alone; whoever else is named is skipped and
//! reported (or the request refused, where the directory is set so).

mod apply;
pub mod claimed;
mod db;
mod left;
mod rules;
pub mod shown;

pub use apply::{apply, replace};
pub use left::{delete_person, left};

use crate::{
    access::{
        Permit,
        guard::{self, By},
        parked::{self, Limits, Parked},
        perm::{Provision, UsersView},
    },
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::{DirectoryId, GroupId, TenantId, UserId},
    row,
    store::{Conn, Lock, Scope, Store, Topic, Tx},
    tx,
    users::{
        Page, Query,
        query::{self, Key},
    },
};
use std::collections::HashMap;

row! {
    /// A directory's group, without its members.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct GroupRow {
        /// Whose.
        pub tenant_id: TenantId,
        /// Its id.
        pub id: GroupId,
        /// The directory it came from.
        pub directory_id: DirectoryId,
        /// Its name, as it was sent.
        pub display_name: String,
        /// The directory's own id for it.
        pub external_id: Option<String>,
        /// Bumped with each change, of members as well; its ETag.
        pub version: i64,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
    }
}

impl query::Placed for GroupRow {
    fn key(&self, by: &query::By) -> Key {
        use query::By;
        match by {
            // What groups carry stands in columns.
            By::Document { .. } | By::Chosen { .. } => Key::Nothing,
            By::Column(name) | By::Nullable(name) => match *name {
                "display_key" => Key::Text(crate::text::fold(&self.display_name)),
                "external_id" => Key::text(self.external_id.as_deref()),
                "updated_at" => Key::Time(self.updated_at.0),
                "id" => Key::Id(self.id.0),
                _ => Key::Time(self.created_at.0),
            },
        }
    }
    fn id(&self) -> uuid::Uuid {
        self.id.0
    }
}

/// A group after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The row.
    pub row: GroupRow,
    /// Ids that named nobody of this directory.
    pub skipped: Vec<UserId>,
    /// Which of its steps changed anything.
    pub steps: Vec<bool>,
    /// Of a change: what of it waits for an administrator's decision.
    pub parked: Option<Parked>,
}
impl std::ops::Deref for Group {
    type Target = GroupRow;
    fn deref(&self) -> &GroupRow {
        &self.row
    }
}

row! {
    /// A member.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Member {
        /// Who.
        pub id: UserId,
        /// How they are shown: the user name.
        pub display: String,
    }
}

row! {
    /// A membership, seen from the user.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Membership {
        /// Who.
        pub user: UserId,
        /// In what.
        pub group: GroupId,
        /// Its name.
        pub display: String,
    }
}

/// A group as a directory wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDraft {
    /// Its name.
    pub display_name: String,
    /// The directory's own id.
    pub external_id: Option<String>,
    /// Who is in it.
    pub members: Vec<UserId>,
}

/// One step of a change; steps are applied in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    /// Another name.
    Rename(String),
    /// Another id of the directory's own.
    ExternalId(Option<String>),
    /// These too.
    Add(Vec<UserId>),
    /// Not these.
    Remove(Vec<UserId>),
    /// Of those there are, only these.
    Keep(Vec<UserId>),
    /// Exactly these.
    Replace(Vec<UserId>),
    /// Nobody.
    Clear,
}

fn gone(id: GroupId) -> Error {
    Error::not_found(format!("group {id}"))
}

fn fresh(g: &GroupRow, if_match: Option<i64>) -> Result<()> {
    match if_match {
        Some(v) if v != g.version => {
            // Several were named, or what is no version.
            let not = if v < 0 { "none of those named".to_owned() } else { format!("not {v}") };
            let detail = format!("group {} is at version {}, {not}", g.id, g.version);
            Err(Error::new(Kind::Precondition, detail))
        }
        _ => Ok(()),
    }
}

fn name_taken(e: Error, name: &str) -> Error {
    if e.violates("groups_name") {
        let name = crate::text::excerpt(name);
        let detail = format!("displayName '{name}' belongs to another group of this directory");
        return Error::conflict(detail).code("uniqueness").attr("displayName");
    }
    e
}

/// Makes a group.
///
/// # Errors
/// `Invalid`; `Conflict` (code `uniqueness`) for a name in use, where the directory keeps names unique.
pub async fn create(store: &Store, p: &Permit<Provision>, draft: GroupDraft) -> Result<Group> {
    rules::checked(&draft.display_name, draft.external_id.as_deref())?;
    let (t, d, id) = (p.tenant(), p.directory(), GroupId::new());
    let name = draft.display_name.clone();
    let draft = std::sync::Arc::new(draft);
    tx!(store, &p.cx(), [draft], |tx| {
        let settings = apply::settings(tx, t, d).await?;
        let row = db::insert(tx, t, d, id, &draft, settings.names_unique()).await?;
        let (added, skipped) = apply::add(tx, &row, &draft.members, &settings).await?;
        let detail = serde_json::json!({
            "display_name": row.display_name, "members": added.len(), "skipped": skipped.len(),
        });
        audit::record(tx, t, Event::new("group.create").target("group", id).detail(detail)).await?;
        Ok(Group { row, skipped, steps: Vec::new(), parked: None })
    })
    .map_err(|e| name_taken(e, &name))
}

/// One of the directory's groups.
///
/// # Errors
/// `NotFound`, also for a group of another directory.
pub async fn get(store: &Store, p: &Permit<Provision>, id: GroupId) -> Result<GroupRow> {
    let (t, d) = (p.tenant(), p.directory());
    let mut c = store.read(Scope::Tenant(t)).await?;
    db::of_directory(&mut c, t, d, id).await?.ok_or_else(|| gone(id))
}

/// The next `limit` members of one of the directory's groups, by id, after one of them or from the first: a group may
/// be of any size, and is read in such pages. Whoever is in it all the while is in one of them, once.
///
/// # Errors
/// `NotFound` when the end is reached and the group is gone: what was read of it is then no group.
pub async fn members(
    store: &Store,
    p: &Permit<Provision>,
    id: GroupId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<UserId>> {
    let (t, d) = (p.tenant(), p.directory());
    let after = after.unwrap_or(UserId(uuid::Uuid::nil()));
    let mut c = store.scan(Scope::Tenant(t)).await?;
    let page = db::members_after(&mut c, t, d, id, after, limit).await?;
    if i64::try_from(page.len()).unwrap_or(limit) < limit {
        db::of_directory(&mut c, t, d, id).await?.ok_or_else(|| gone(id))?;
    }
    Ok(page)
}

/// How many members some of the directory's groups have, each counted up to `most`.
pub async fn sizes(
    store: &Store,
    p: &Permit<Provision>,
    ids: &[GroupId],
    most: i64,
) -> Result<HashMap<GroupId, i64>> {
    let mut c = store.scan(Scope::Tenant(p.tenant())).await?;
    let sizes = db::sizes(&mut c, p.tenant(), p.directory(), ids, most).await?;
    Ok(sizes.into_iter().map(|s| (s.group, s.members)).collect())
}

/// All members of some of the directory's groups, which the caller knows to be small.
pub async fn members_of(
    store: &Store,
    p: &Permit<Provision>,
    ids: &[GroupId],
) -> Result<HashMap<GroupId, Vec<UserId>>> {
    let mut c = store.scan(Scope::Tenant(p.tenant())).await?;
    db::members_of(&mut c, p.tenant(), p.directory(), ids).await
}

/// Whether a group has so many members: counted no further.
pub async fn at_least(store: &Store, p: &Permit<Provision>, id: GroupId, n: i64) -> Result<bool> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    Ok(db::count_to(&mut c, p.tenant(), id, n).await? >= n)
}

/// The directory's groups that a filter names, a page of them.
pub async fn list(store: &Store, p: &Permit<Provision>, query: &Query) -> Result<Page<GroupRow>> {
    let mut c = query.reader(store, Scope::Tenant(p.tenant())).await?;
    db::page(&mut c, p.tenant(), p.directory(), query).await
}

/// A tenant's groups for people to look through, by name: what mappings are made of.
pub async fn search(
    store: &Store,
    p: &Permit<UsersView>,
    text: &str,
    after: Option<GroupId>,
    limit: i64,
) -> Result<Vec<GroupRow>> {
    let mut c = store.scan(Scope::Tenant(p.tenant())).await?;
    db::search(&mut c, p.tenant(), text, after, limit.clamp(1, 1000)).await
}

/// A tenant's groups of this name, in any case.
///
/// # Errors
/// The database's.
pub async fn named(store: &Store, p: &Permit<UsersView>, name: &str) -> Result<Vec<GroupRow>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::named(&mut c, p.tenant(), name).await
}

/// So far the members of a group are counted: to look at one does not cost what it is large.
pub const COUNTED: i64 = 1_000;

/// A group for people: a group may be of any size, so its members are counted, and only the first of them named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewed {
    /// The row.
    pub row: GroupRow,
    /// How many are in it, counted to [`COUNTED`].
    pub count: i64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// The first of them, by id.
    pub first: Vec<Member>,
}

/// One of a tenant's groups with so many of its members, for people.
///
/// # Errors
/// `NotFound`.
pub async fn view(store: &Store, p: &Permit<UsersView>, id: GroupId, limit: i64) -> Result<Viewed> {
    let (t, begin) = (p.tenant(), UserId(uuid::Uuid::nil()));
    let mut c = store.scan(Scope::Tenant(t)).await?;
    let row = db::get(&mut c, t, id).await?.ok_or_else(|| gone(id))?;
    let first = match limit {
        0 => Vec::new(),
        _ => db::members(&mut c, t, id, begin, limit).await?,
    };
    let count = match i64::try_from(first.len()) {
        Ok(n) if n < limit => n,
        _ => db::count_to(&mut c, t, id, COUNTED + 1).await?,
    };
    let more = count > COUNTED;
    Ok(Viewed { row, count: count.min(COUNTED), more, first })
}

/// The next `limit` members of one of a tenant's groups, by id, for people.
///
/// # Errors
/// `NotFound`.
pub async fn view_members(
    store: &Store,
    p: &Permit<UsersView>,
    id: GroupId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Member>> {
    let after = after.unwrap_or(UserId(uuid::Uuid::nil()));
    let mut c = store.scan(Scope::Tenant(p.tenant())).await?;
    db::get(&mut c, p.tenant(), id).await?.ok_or_else(|| gone(id))?;
    db::members(&mut c, p.tenant(), id, after, limit.clamp(1, 1000)).await
}

/// The group, for a reader that has a connection over its tenant.
pub async fn find(c: &mut Conn, t: TenantId, id: GroupId) -> Result<Option<GroupRow>> {
    db::get(c, t, id).await
}

/// Deletes a group; what its mappings gave goes with it, what the last administrator had by it stays as a hold. What is
/// too much at once stays until an administrator decides.
///
/// # Errors
/// `NotFound`; `Precondition`.
pub async fn delete(
    store: &Store,
    p: &Permit<Provision>,
    id: GroupId,
    if_match: Option<i64>,
) -> Result<Option<Parked>> {
    let (t, d) = (p.tenant(), p.directory());
    tx!(store, &p.cx(), [], |tx| {
        tx.lock(Lock::Group(id)).await?;
        let row = db::of_directory(tx, t, d, id).await?.ok_or_else(|| gone(id))?;
        fresh(&row, if_match)?;
        let limits = apply::settings(tx, t, d).await?.mass_change;
        remove(tx, &row, Some(&limits)).await
    })
}

/// The deletion inside a transaction that holds the group's lock; with limits where the directory does it by itself.
async fn remove(tx: &mut Tx, row: &GroupRow, limits: Option<&Limits>) -> Result<Option<Parked>> {
    let (t, id) = (row.tenant_id, row.id);
    let mapped = db::mapped(tx, t, id).await?;
    let guard = if mapped && guard::group_change(tx, t, id, true, &[]).await? {
        Some(guard::before(tx, t).await?)
    } else {
        None
    };
    let parked = match limits.filter(|_| mapped) {
        Some(limits) => {
            let users = db::member_ids(tx, t, id).await?;
            parked::members(tx, (t, row.directory_id), id, &users, limits).await?
        }
        None => None,
    };
    db::delete(tx, t, id).await?;
    let held = match guard {
        Some(g) => g.after(tx, By::Group).await?,
        None => false,
    };
    if mapped {
        tx.changed(Topic::Access(t));
    }
    let detail = serde_json::json!({
        "display_name": row.display_name, "mapped": mapped, "held": held,
        "parked": parked.map(|p| p.change),
    });
    audit::record(tx, t, Event::new("group.delete").target("group", id).detail(detail)).await?;
    Ok(parked)
}

/// Deletes up to `limit` groups of a directory that is going away; says how many.
pub(crate) async fn remove_some(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    limit: i64,
) -> Result<usize> {
    let rows = db::some(tx, t, d, limit).await?;
    for row in &rows {
        tx.lock(Lock::Group(row.id)).await?;
        remove(tx, row, None).await?;
    }
    Ok(rows.len())
}

/// Brings the groups in line with whether their directory keeps names unique.
///
/// # Errors
/// `Conflict` (code `uniqueness`) when two share a name.
pub(crate) async fn keep_names_unique(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    unique: bool,
) -> Result<()> {
    db::set_unique(tx, t, d, unique).await.map(|_| ()).map_err(|e| {
        if e.violates("groups_name") {
            let detail = "two groups of this directory share a name; rename one first";
            return Error::conflict(detail).code("uniqueness");
        }
        e
    })
}

/// Removes some groups of a tenant that is deleted, whose people are gone.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}
