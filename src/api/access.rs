//! Roles and mappings.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, cut},
    find,
};
use crate::{
    access::{
        mappings::{self, Mapping, Target},
        perm::UsersManageRoles,
        roles::{self, NewRole, Role, RoleEdit},
    },
    error::Result,
    id::{DirectoryId, GroupId, MappingId, RoleId, TenantId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// A role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Role")]
pub(super) struct RoleShown {
    id: RoleId,
    /// Whose it is; null for a built-in one.
    tenant: Option<TenantId>,
    built_in: bool,
    name: String,
    description: String,
    permissions: BTreeSet<String>,
    /// Whether the provider offers it to all tenants.
    offered: bool,
    /// Whether it demands a second factor where no policy says otherwise.
    demands_mfa: bool,
    version: i64,
    created_at: Option<Time>,
    updated_at: Option<Time>,
}
impl From<&Role> for RoleShown {
    fn from(r: &Role) -> Self {
        Self {
            id: r.id,
            tenant: r.tenant,
            built_in: r.tenant.is_none(),
            name: r.name.clone(),
            description: r.description.clone(),
            permissions: r.permissions.clone(),
            offered: r.offered,
            demands_mfa: r.to_ref().mfa,
            version: r.version,
            created_at: r.created_at.map(Into::into),
            updated_at: r.updated_at.map(Into::into),
        }
    }
}

pub(super) async fn roles(c: Call) -> Result<Shown<Page<RoleShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let all = roles::list(&c.app.access, &p).await?;
    Ok(Shown::page(all.iter().map(Into::into), None))
}

pub(super) async fn role(c: Call) -> Result<Shown<RoleShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let r = roles::get(&c.app.access, &p, c.id("role")?).await?;
    Ok(Shown::of(RoleShown::from(&r)).version(r.version))
}

/// A role to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "name": "Help desk", "permissions": ["users.view", "users.edit"] }))]
pub(super) struct CreateRole {
    /// Unique in the tenant.
    name: String,
    /// For people.
    #[serde(default)]
    description: String,
    /// Ids of the catalogue; at most what you hold yourself.
    permissions: BTreeSet<String>,
    /// Offer it to all tenants; the provider's right.
    #[serde(default)]
    offered: bool,
}

pub(super) async fn role_create(c: With<CreateRole>) -> Result<Made<RoleShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let CreateRole { name, description, permissions, offered } = c.json()?;
    let new = NewRole { name, description, permissions, offered };
    let r = roles::create(&c.app.access, &p, new).await?;
    Ok(Made::of(RoleShown::from(&r)).version(r.version))
}

/// A change of a role; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeRole {
    name: Option<String>,
    description: Option<String>,
    permissions: Option<BTreeSet<String>>,
    offered: Option<bool>,
}

pub(super) async fn role_edit(c: With<ChangeRole>) -> Result<Shown<RoleShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let ChangeRole { name, description, permissions, offered } = c.json()?;
    let edit = RoleEdit { name, description, permissions, offered };
    let r = roles::edit(&c.app.access, &p, c.id("role")?, c.if_match, edit).await?;
    Ok(Shown::of(RoleShown::from(&r)).version(r.version))
}

pub(super) async fn role_delete(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    roles::delete(&c.app.access, &p, c.id("role")?).await?;
    Ok(Done)
}

/// Which group gives which role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Mapping")]
pub(super) struct MappingShown {
    id: MappingId,
    tenant: TenantId,
    directory: DirectoryId,
    group: GroupId,
    group_name: String,
    role: RoleId,
    /// Where it gives the role; null for everywhere.
    in_tenant: Option<TenantId>,
    everywhere: bool,
    /// Who made it, as in the audit trail.
    created_by: String,
    created_at: Time,
}
impl From<&Mapping> for MappingShown {
    fn from(m: &Mapping) -> Self {
        Self {
            id: m.id,
            tenant: m.tenant_id,
            directory: m.directory_id,
            group: m.group_id,
            group_name: m.group_name.clone(),
            role: m.role_id,
            in_tenant: m.scope_tenant,
            everywhere: m.scope_tenant.is_none(),
            created_by: m.created_by.clone(),
            created_at: m.created_at.into(),
        }
    }
}

pub(super) async fn mappings(c: Call) -> Result<Shown<Page<MappingShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let all = mappings::list(&c.app.access, &p, c.cursor::<MappingId>()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |m| m.id.to_string());
    Ok(Shown::page(items.iter().map(Into::into), next))
}

/// A mapping to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "group": "Support", "role": "Help desk" }))]
pub(super) struct CreateMapping {
    /// The group's id, or its name where only one group of the tenant has it.
    group: String,
    /// The role's id or name.
    role: String,
    /// Another tenant than the directory's own (id or slug).
    in_tenant: Option<String>,
    /// On the whole instance.
    #[serde(default)]
    everywhere: bool,
}

pub(super) async fn mapping_create(c: With<CreateMapping>) -> Result<Made<MappingShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let body = c.json()?;
    let group = find::group(&c, &body.group).await?;
    let access = &c.app.access;
    let m = match (&body.in_tenant, body.everywhere) {
        (_, true) => {
            let (global, role) = (c.global().await?, find::role(&c, &p, &body.role).await?);
            mappings::create(access, &p, Target::All(&global), group, role).await?
        }
        (Some(t), false) => {
            let there = c.other::<UsersManageRoles>(t).await?;
            let role = find::role(&c, &there, &body.role).await?;
            mappings::create(access, &p, Target::Tenant(&there), group, role).await?
        }
        (None, false) => {
            let role = find::role(&c, &p, &body.role).await?;
            mappings::create(access, &p, Target::Own, group, role).await?
        }
    };
    Ok(Made::of((&m).into()))
}

pub(super) async fn mapping_delete(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    mappings::delete(&c.app.access, &p, c.id("mapping")?).await?;
    Ok(Done)
}
