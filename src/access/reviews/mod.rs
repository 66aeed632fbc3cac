//! Access reviews: who has what in a tenant is written down as it is now, people who are not its subject decide about each
//! way in which somebody has a role, and when the review is closed what was given by hand is taken away or given an end.
//! What follows from a group is not ours to cut: it is listed as work for the directory.
//!
//! A closed review does not change. Its document and its table are made from the rows again whenever they are asked for,
//! and their SHA-256, written down at the closing, says whether they are what they were.
//!
//! May use what `access` may. Who is told by mail that a review waits is found here ([`awaited`]).

mod apply;
mod close;
mod db;
mod decide;
mod document;
mod open;
mod plans;
mod telling;

pub use close::{close, due};
pub use decide::{Decision, decide};
pub use document::{Check, Form, check, export};
pub use open::{New, open};
pub use plans::{Plan, begin_due, plans, stop};
pub use telling::{TOPIC, Waiting, about, awaited, remind, waiting};

use super::{Access, Permit, Reach, perm::UsersManageRoles};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::{Error, Result},
    id::{DirectoryId, ReviewId, ReviewItemId, ReviewPlanId, RoleId, TenantId, UserId},
    row,
    store::{J, Lock, Scope},
};
use serde::{Deserialize, Serialize};

/// What a review is about: everything in the tenant, or of that what fits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Only who has this role.
    pub role: Option<RoleId>,
    /// Only this directory's people.
    pub directory: Option<DirectoryId>,
    /// Only people of this kind.
    pub kind: Option<UserKind>,
}

/// Somebody who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    /// Their tenant.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
}
impl Reviewer {
    fn is(&self, who: (TenantId, UserId)) -> bool {
        (self.tenant, self.user) == who
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        $(#[$meta])*
        pub enum $name { $($(#[$doc])* $variant),* }
        impl $name {
            /// The word in the database and on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
            /// Reads [`Self::as_str`]'s words.
            pub fn parse(s: &str) -> Option<Self> {
                Some(match s { $($word => Self::$variant,)* _ => return None })
            }
        }
        crate::store::enum_column!($name);
        impl crate::store::Column for Option<$name> {
            fn read(row: &crate::store::RowReader<'_>, i: usize) -> Result<Self> {
                let word = <Option<String> as crate::store::Column>::read(row, i)?;
                let known = |w: String| {
                    $name::parse(&w).ok_or_else(|| Error::internal(format!("unknown word '{w}'")))
                };
                word.map(known).transpose()
            }
        }
    };
}
words! {
    /// What becomes of what nobody decided about.
    #[schemars(rename = "ReviewUndecided")]
    Undecided {
        /// It stays, and is marked.
        Keep = "keep",
        /// It goes as if it had been decided so.
        Remove = "remove",
    }
}
words! {
    /// Where a review stands.
    #[schemars(rename = "ReviewState")]
    State {
        /// It is decided about.
        Open = "open",
        /// What was decided is being done.
        Closing = "closing",
        /// It is over, and does not change any more.
        Closed = "closed",
    }
}
words! {
    /// By what somebody has a role.
    #[schemars(rename = "ReviewVia")]
    Way {
        /// By a grant, by hand or the like.
        Grant = "grant",
        /// By a group and its mapping.
        Mapping = "mapping",
        /// Kept until somebody decides about a parked change.
        Parked = "parked",
        /// By the tenant's default role, without a mapped group.
        Default = "default",
    }
}
words! {
    /// What is decided about an item.
    #[schemars(rename = "ReviewVerdict")]
    Verdict {
        /// It stays.
        Keep = "keep",
        /// It goes.
        Remove = "remove",
        /// It gets an end.
        Shorten = "shorten",
    }
}
words! {
    /// What became of an item when its review was closed.
    #[schemars(rename = "ReviewOutcome")]
    Outcome {
        /// It stays, as decided.
        Kept = "kept",
        /// It stays, since nobody decided.
        Undecided = "undecided",
        /// It was taken away.
        Removed = "removed",
        /// It was given an end.
        Shortened = "shortened",
        /// It is not ours to take away; `outcome_text` says what is to be done where.
        Listed = "listed",
        /// It stays: who has it is the last administrator.
        Held = "held",
        /// It was not there any more, or ended before.
        Gone = "gone",
        /// It stays: who decided may not take it away.
        Refused = "refused",
    }
}

row! {
    /// A review.
    #[derive(Debug, Clone)]
    pub struct Review {
        /// In which tenant.
        pub tenant_id: TenantId,
        /// Its own.
        pub id: ReviewId,
        /// What began it, if it was no person.
        pub plan_id: Option<ReviewPlanId>,
        /// For people.
        pub name: String,
        /// What it is about.
        pub filter: J<Filter>,
        /// Who decides.
        pub reviewers: J<Vec<Reviewer>>,
        /// What becomes of what nobody decides about.
        pub undecided: Undecided,
        /// When it is closed by itself.
        pub due_at: Timestamp,
        /// Where it stands.
        pub state: State,
        /// Who began it ([`crate::actor::Actor::label`]).
        pub created_by: String,
        /// Their tenant, if they are a user.
        pub created_by_tenant: Option<TenantId>,
        /// The user.
        pub created_by_user: Option<UserId>,
        /// When it began.
        pub created_at: Timestamp,
        /// When it was closed.
        pub closed_at: Option<Timestamp>,
        /// By whom.
        pub closed_by: Option<String>,
        /// SHA-256 of its document.
        pub manifest: Option<String>,
        /// SHA-256 of its table.
        pub csv_manifest: Option<String>,
    }
}

row! {
    /// A way in which somebody had a role, and what was decided about it.
    #[derive(Debug, Clone)]
    pub struct Item {
        /// Its own.
        pub id: ReviewItemId,
        /// The person's tenant.
        pub home: TenantId,
        /// The person.
        pub user_id: UserId,
        /// Their name.
        pub user_label: String,
        /// Their kind.
        pub user_kind: UserKind,
        /// Whether they were switched on.
        pub user_live: bool,
        /// The role.
        pub role_id: RoleId,
        /// Its name.
        pub role_name: String,
        /// Where, in [`Reach::column`]'s words.
        pub scope: String,
        /// The tenant, where it is one.
        pub scope_tenant: Option<TenantId>,
        /// By what.
        pub via: Way,
        /// The grant, the mapping or the parked change.
        pub via_id: uuid::Uuid,
        /// Of a grant its source; else the same as `via`.
        pub source: String,
        /// The group that gave it.
        pub group_name: Option<String>,
        /// The group's directory.
        pub directory_name: Option<String>,
        /// Why it was given.
        pub reason: Option<String>,
        /// By whom.
        pub given_by: String,
        /// Since when.
        pub since: Timestamp,
        /// Until when.
        pub until: Option<Timestamp>,
        /// Why it did not count, if it did not.
        pub void: Option<String>,
        /// When the person was last seen; `None`: never.
        pub last_use: Option<Timestamp>,
        /// Whose it is to decide: their tenant.
        pub reviewer_tenant: Option<TenantId>,
        /// Who; `None`: any administrator of roles but the person.
        pub reviewer_user: Option<UserId>,
        /// Their name.
        pub reviewer_name: Option<String>,
        /// What was decided.
        pub decision: Option<Verdict>,
        /// Until when it is to last.
        pub shorten_to: Option<Timestamp>,
        /// Why.
        pub note: Option<String>,
        /// Who decided ([`crate::actor::Actor::label`]).
        pub decided_by: Option<String>,
        /// Their tenant, if they are a user.
        pub decided_by_tenant: Option<TenantId>,
        /// The user.
        pub decided_by_user: Option<UserId>,
        /// When.
        pub decided_at: Option<Timestamp>,
        /// What became of it.
        pub outcome: Option<Outcome>,
        /// The same in words, where there is more to say.
        pub outcome_text: Option<String>,
    }
}
impl Item {
    /// Where it holds.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
    fn subject(&self) -> (TenantId, UserId) {
        (self.home, self.user_id)
    }
}

row! {
    /// How far a review is.
    #[derive(Debug, Clone, Copy)]
    pub struct Count {
        /// All items.
        pub items: i64,
        /// Those that somebody decided about.
        pub decided: i64,
        /// Those whose outcome is work for a directory or somebody else.
        pub listed: i64,
    }
}

fn gone() -> Error {
    Error::not_found("review")
}

/// The lock of everything that changes a review.
fn lock(id: ReviewId) -> Lock {
    Lock::Named(format!("review:{id}"))
}

/// The permit's tenant's reviews, newest first, each with how far it is.
///
/// # Errors
/// The database's.
pub async fn list(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    before: Option<ReviewId>,
    limit: u32,
) -> Result<Vec<(Review, Count)>> {
    let t = p.tenant();
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    let mut out = Vec::new();
    for r in db::list(&mut c, t, before, i64::from(limit)).await? {
        let count = db::count(&mut c, t, r.id).await?;
        out.push((r, count));
    }
    Ok(out)
}

/// One of them.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn get(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ReviewId,
) -> Result<(Review, Count)> {
    let t = p.tenant();
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    let r = db::get(&mut c, t, id).await?.ok_or_else(gone)?;
    let count = db::count(&mut c, t, id).await?;
    Ok((r, count))
}

/// Which items are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Only those that nobody decided about.
    pub undecided: bool,
    /// Only those of this reviewer.
    pub reviewer: Option<(TenantId, UserId)>,
    /// Only those that ended so.
    pub outcome: Option<Outcome>,
}

/// A page of a review's items, by the names of who they are about.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn items(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ReviewId,
    wanted: Wanted,
    after: Option<ReviewItemId>,
    limit: u32,
) -> Result<Vec<Item>> {
    let t = p.tenant();
    let mut c = access.0.store.scan(Scope::Tenant(t)).await?;
    db::get(&mut c, t, id).await?.ok_or_else(gone)?;
    db::items(&mut c, (t, id), wanted, after, i64::from(limit)).await
}
