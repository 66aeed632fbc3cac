//! The groups that directories brought.

use super::{
    answer::{Page, Shown, Time},
    call::{Call, cut},
};
use crate::{
    access::perm::UsersView,
    error::Result,
    groups::{self, GroupRow, Member},
    id::{DirectoryId, GroupId, TenantId, UserId},
};
use schemars::JsonSchema;
use serde::Serialize;

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
}
impl From<&Member> for MemberShown {
    fn from(m: &Member) -> Self {
        Self { id: m.id, user_name: m.display.clone() }
    }
}

/// A group with its members.
#[derive(Serialize, JsonSchema)]
pub(super) struct WholeGroup {
    #[serde(flatten)]
    group: GroupShown,
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
    let (g, members) = groups::view(&c.app.store, &p, c.id("group")?).await?;
    let members = members.iter().map(Into::into).collect();
    Ok(Shown::of(WholeGroup { group: (&g).into(), members }).version(g.version))
}
