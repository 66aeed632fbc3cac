//! People as one looks through them: each with who manages them, when and how they signed in last, and whether an
//! invitation of theirs is open. A page is one statement.

mod db;

use super::Search;
use crate::{
    access::{Permit, perm::UsersView},
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, TenantId, UserId},
    row,
    store::{Conn, Scope, Store},
};

row! {
    /// One of a tenant's people.
    #[derive(Debug, Clone)]
    pub struct ListedUser {
        /// Whose.
        pub tenant_id: TenantId,
        /// Who.
        pub id: UserId,
        /// The directory that manages them.
        pub directory_id: Option<DirectoryId>,
        /// Their kind.
        pub kind: UserKind,
        /// The name to sign in with.
        pub user_name: String,
        /// The directory's id of them.
        pub external_id: Option<String>,
        /// For people to read.
        pub display_name: Option<String>,
        /// Their address.
        pub email: Option<String>,
        /// The directory's switch.
        pub active: bool,
        /// The switch by hand.
        pub enabled: bool,
        /// Counts changes.
        pub version: i64,
        /// When they were made.
        pub created_at: Timestamp,
        /// When they were changed last.
        pub updated_at: Timestamp,
        /// What the directory that manages them is called.
        pub managed_by: Option<String>,
        /// When they signed in last, as far as that is kept.
        pub last_signin_at: Option<Timestamp>,
        /// What that sign-in proved; not known where its session is no longer kept.
        pub last_class: Option<String>,
        /// Whether an invitation of theirs can still be accepted by its dates.
        pub pending_invitation: bool,
    }
}

/// Of a beginning that so many names have, the people are looked through in their order: the next page is near.
const MANY: i64 = 2_000;

/// The tenant's people, in the order in which they came.
///
/// # Errors
/// The database's.
pub async fn search(store: &Store, p: &Permit<UsersView>, s: &Search) -> Result<Vec<ListedUser>> {
    let (t, now) = (p.tenant(), store.clock().now());
    let starts = db::folded(s.starts.as_deref());
    if !starts.is_empty() {
        let mut c = store.read(Scope::Tenant(t)).await?;
        if let Some(mut found) = db::beginning(&mut c, t, &starts, MANY).await? {
            found.retain(|u| s.after.is_none_or(|a| *u > a));
            found.sort_unstable();
            found.dedup();
            return some(&mut c, t, s, &found, now).await;
        }
    }
    let mut c = store.scan(Scope::Tenant(t)).await?;
    db::page(&mut c, t, s, None, now).await
}

/// The first of `found` of whom the rest is asked as well.
async fn some(
    c: &mut Conn,
    t: TenantId,
    s: &Search,
    found: &[UserId],
    now: Timestamp,
) -> Result<Vec<ListedUser>> {
    let limit = usize::try_from(s.limit.unwrap_or(100).clamp(1, 1000)).unwrap_or(100);
    let (mut all, mut rest, mut look) = (Vec::new(), found, limit);
    while !rest.is_empty() && all.len() < limit {
        let (these, others) = rest.split_at(look.min(rest.len()));
        all.extend(db::page(c, t, s, Some(these), now).await?);
        (rest, look) = (others, look * 4);
    }
    all.truncate(limit);
    Ok(all)
}

/// One of the tenant's people.
///
/// # Errors
/// `NotFound`.
pub async fn one(store: &Store, p: &Permit<UsersView>, id: UserId) -> Result<ListedUser> {
    let found = among(store, p, &Search::default(), &[id]).await?;
    found.into_iter().next().ok_or_else(|| super::gone(id))
}

/// Those of `these` of whom the same is asked.
///
/// # Errors
/// The database's.
pub async fn among(
    store: &Store,
    p: &Permit<UsersView>,
    s: &Search,
    these: &[UserId],
) -> Result<Vec<ListedUser>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::page(&mut c, p.tenant(), s, Some(these), store.clock().now()).await
}
