//! What a change would do, before it is made.

use super::{
    access::CreateMapping,
    answer::{Shown, With},
    call::Call,
};
use crate::{
    access::{
        perm::UsersManageRoles,
        preview::{self, Changes, Preview, There},
    },
    error::{Error, Result},
    id::{TenantId, UserId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A tenant by name.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TenantName")]
struct Named {
    id: TenantId,
    name: String,
}

/// What changes in some tenants.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PreviewThere")]
struct ThereShown {
    /// The first of the tenants, by name, of those that you see.
    tenants: Vec<Named>,
    /// How many they are, those that you do not see among them.
    tenant_count: usize,
    /// What is held there then and not now.
    gains: Vec<String>,
    /// What is held there now and not then.
    loses: Vec<String>,
}
impl From<There> for ThereShown {
    fn from(t: There) -> Self {
        Self {
            tenants: t.tenants.into_iter().map(|(id, name)| Named { id, name }).collect(),
            tenant_count: t.count,
            gains: t.gains,
            loses: t.loses,
        }
    }
}

/// What changes for somebody.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PreviewChange")]
struct ChangesShown {
    user: UserId,
    /// The user's own tenant.
    home: TenantId,
    user_name: String,
    /// Tenants in which the same changes stand together.
    changes: Vec<ThereShown>,
}
impl From<Changes> for ChangesShown {
    fn from(c: Changes) -> Self {
        Self {
            user: c.user,
            home: c.home,
            user_name: c.label,
            changes: c.there.into_iter().map(Into::into).collect(),
        }
    }
}

/// What a change would do; nothing of it was done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Preview")]
pub(super) struct PreviewShown {
    /// How many people it concerns.
    people: usize,
    /// How many of them gain something.
    gaining: usize,
    /// How many lose something.
    losing: usize,
    /// How many of those are of other companies, and not named.
    not_named: usize,
    /// Who gains or loses, by name: the first `limit` of them.
    items: Vec<ChangesShown>,
    /// Whether there are more.
    more: bool,
}
impl From<Preview> for PreviewShown {
    fn from(p: Preview) -> Self {
        Self {
            people: p.people,
            gaining: p.gaining,
            losing: p.losing,
            not_named: p.not_named,
            items: p.changes.into_iter().map(Into::into).collect(),
            more: p.more,
        }
    }
}

pub(super) fn most(c: &Call) -> Result<usize> {
    Ok(usize::try_from(c.limit()?).unwrap_or(usize::MAX))
}

pub(super) async fn mapping(c: With<CreateMapping>) -> Result<Shown<PreviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let wanted = super::access::wanted(&c, &p, c.json()?).await?;
    let (access, limit) = (&c.app.access, most(&c)?);
    let done = preview::map(access, &p, wanted.target(), wanted.group, wanted.role, limit).await?;
    Ok(Shown::of(done.into()))
}

pub(super) async fn unmapping(c: Call) -> Result<Shown<PreviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let done = preview::unmap(&c.app.access, &p, c.id("mapping")?, most(&c)?).await?;
    Ok(Shown::of(done.into()))
}

pub(super) async fn group(c: Call) -> Result<Shown<PreviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let done = preview::disband(&c.app.access, &p, c.id("group")?, most(&c)?).await?;
    Ok(Shown::of(done.into()))
}

/// A change of a role to be looked at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "permissions": ["users.view"] }))]
pub(super) struct ThinkOfRole {
    /// What it permits from then on.
    permissions: Option<BTreeSet<String>>,
    /// Or that it is gone, with all that gives it.
    #[serde(default)]
    delete: bool,
}

pub(super) async fn role(c: With<ThinkOfRole>) -> Result<Shown<PreviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let ThinkOfRole { permissions, delete } = c.json()?;
    if permissions.is_some() == delete {
        let text = "say one of 'permissions' and 'delete'";
        return Err(Error::invalid(text).attr("permissions"));
    }
    let done = preview::role(&c.app.access, &p, c.id("role")?, permissions, most(&c)?).await?;
    Ok(Shown::of(done.into()))
}
