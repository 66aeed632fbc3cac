//! The groups that directories brought.

use super::{
    answer::{Page, Shown, Time},
    call::{Call, cut, sift},
};
use crate::{
    access::{Permit, perm::UsersView},
    error::Result,
    groups::{self, GroupRow, Member},
    id::{DirectoryId, GroupId, TenantId, UserId},
    store::Store,
    users::{self, Search},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

/// A group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Group")]
pub(super) struct GroupShown {
    id: GroupId,
    tenant: TenantId,
    directory: DirectoryId,
    display_name: String,
    external_id: Option<String>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}
impl From<&GroupRow> for GroupShown {
    fn from(g: &GroupRow) -> Self {
        Self {
            id: g.id,
            tenant: g.tenant_id,
            directory: g.directory_id,
            display_name: g.display_name.clone(),
            external_id: g.external_id.clone(),
            version: g.version,
            created_at: g.created_at.into(),
            updated_at: g.updated_at.into(),
        }
    }
}

/// Somebody in a group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Member")]
pub(super) struct MemberShown {
    id: UserId,
    user_name: String,
    display_name: Option<String>,
}

/// Members with what else they are called.
async fn called(
    store: &Store,
    p: &Permit<UsersView>,
    members: &[Member],
) -> Result<Vec<MemberShown>> {
    let mut shown = Vec::with_capacity(members.len());
    for some in members.chunks(MOST) {
        let ids: Vec<UserId> = some.iter().map(|m| m.id).collect();
        let whole = Search { limit: i64::try_from(MOST).ok(), ..Search::default() };
        let found = users::among(store, p, &whole, &ids).await?;
        let names: HashMap<_, _> = found.into_iter().map(|u| (u.id, u.display_name)).collect();
        shown.extend(some.iter().map(|m| MemberShown {
            id: m.id,
            user_name: m.display.clone(),
            display_name: names.get(&m.id).cloned().flatten(),
        }));
    }
    Ok(shown)
}

/// So many are asked for their names at once.
const MOST: usize = 1000;

/// So many members stand beside a group.
const BESIDE: i64 = 200;

/// A group with its members.
#[derive(Serialize, JsonSchema)]
pub(super) struct WholeGroup {
    #[serde(flatten)]
    group: GroupShown,
    /// How many are in it, counted to 1,000.
    member_count: i64,
    /// Whether there are more than that.
    more_members: bool,
    /// The first 200 of them; `.../members` lists them all.
    members: Vec<MemberShown>,
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<GroupShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let text = c.word("text").unwrap_or_default();
    let limit = c.limit()?;
    let all = groups::search(&c.app.store, &p, text, c.cursor()?, i64::from(limit) + 1).await?;
    let (items, next) = cut(all, limit, |g| g.id.to_string());
    Ok(Shown::page(items.iter().map(Into::into), next))
}

pub(super) async fn get(c: Call) -> Result<Shown<WholeGroup>> {
    let p = c.tenant::<UsersView>().await?;
    let beside = if c.read("members")?.unwrap_or(true) { BESIDE } else { 0 };
    let g = groups::view(&c.app.store, &p, c.id("group")?, beside).await?;
    let members = called(&c.app.store, &p, &g.first).await?;
    let shown =
        WholeGroup { group: (&g.row).into(), member_count: g.count, more_members: g.more, members };
    Ok(Shown::of(shown).version(g.row.version))
}

pub(super) async fn members(c: Call) -> Result<Shown<Page<MemberShown>>> {
    let p = c.tenant::<UsersView>().await?;
    let (limit, id, named, store) = (c.limit()?, c.id("group")?, c.named(), &c.app.store);
    let fetch = async |after, n: u32| {
        let some = groups::view_members(store, &p, id, after, i64::from(n)).await?;
        called(store, &p, &some).await
    };
    let wanted = |m: &MemberShown| {
        named(&[m.user_name.as_str(), m.display_name.as_deref().unwrap_or_default()])
    };
    let (items, next) = sift(limit, c.cursor()?, fetch, |m: &MemberShown| m.id, wanted).await?;
    Ok(Shown::page(items, next.map(|id| id.to_string())))
}
