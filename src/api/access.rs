//! Roles, mappings, explain.

use super::{
    call::{Call, Reply, cut},
    find,
};
use crate::{
    access::{
        Path, Reach, RoleRef, Via,
        mappings::{self, Mapping, Target},
        perm::UsersManageRoles,
        roles::{self, NewRole, Role, RoleEdit},
    },
    clock::Timestamp,
    error::Result,
    id::MappingId,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn show_role(r: &Role) -> Value {
    json!({
        "id": r.id, "tenant": r.tenant, "built_in": r.tenant.is_none(), "name": r.name,
        "description": r.description, "permissions": r.permissions, "offered": r.offered,
        "demands_mfa": r.to_ref().mfa, "version": r.version,
        "created_at": r.created_at.map(Timestamp::rfc3339),
        "updated_at": r.updated_at.map(Timestamp::rfc3339),
    })
}

pub(super) async fn roles(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let all = roles::list(&c.app.access, &p).await?;
    Reply::page(all.iter().map(show_role).collect(), None)
}

pub(super) async fn role(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let r = roles::get(&c.app.access, &p, c.id("role")?).await?;
    Ok(Reply::ok(show_role(&r))?.version(r.version))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRole {
    name: String,
    #[serde(default)]
    description: String,
    permissions: BTreeSet<String>,
    #[serde(default)]
    offered: bool,
}

pub(super) async fn role_create(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let CreateRole { name, description, permissions, offered } = c.json()?;
    let new = NewRole { name, description, permissions, offered };
    let r = roles::create(&c.app.access, &p, new).await?;
    Ok(Reply::created(show_role(&r))?.version(r.version))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeRole {
    name: Option<String>,
    description: Option<String>,
    permissions: Option<BTreeSet<String>>,
    offered: Option<bool>,
}

pub(super) async fn role_edit(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let ChangeRole { name, description, permissions, offered } = c.json()?;
    let edit = RoleEdit { name, description, permissions, offered };
    let r = roles::edit(&c.app.access, &p, c.id("role")?, c.if_match, edit).await?;
    Ok(Reply::ok(show_role(&r))?.version(r.version))
}

pub(super) async fn role_delete(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    roles::delete(&c.app.access, &p, c.id("role")?).await?;
    Ok(Reply::done())
}

fn show_mapping(m: &Mapping) -> Value {
    json!({
        "id": m.id, "tenant": m.tenant_id, "directory": m.directory_id, "group": m.group_id,
        "group_name": m.group_name, "role": m.role_id, "in_tenant": m.scope_tenant,
        "everywhere": m.scope_tenant.is_none(), "created_by": m.created_by,
        "created_at": m.created_at.rfc3339(),
    })
}

pub(super) async fn mappings(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let all = mappings::list(&c.app.access, &p, c.cursor::<MappingId>()?, limit + 1).await?;
    let (items, next) = cut(all, limit, |m| m.id.to_string());
    Reply::page(items.iter().map(show_mapping).collect(), next)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateMapping {
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

pub(super) async fn mapping_create(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let body: CreateMapping = c.json()?;
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
    Reply::created(show_mapping(&m))
}

pub(super) async fn mapping_delete(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    mappings::delete(&c.app.access, &p, c.id("mapping")?).await?;
    Ok(Reply::done())
}

fn show_ref(r: &RoleRef) -> Value {
    json!({"id": r.id, "name": r.name, "demands_mfa": r.mfa})
}

/// A path, as explain and `/me` show it.
pub(super) fn show_path(p: &Path) -> Value {
    let via = match &p.via {
        Via::Assignment { grant, source, reason } => {
            json!({"kind": "assignment", "grant": grant, "source": source, "reason": reason})
        }
        Via::Mapping { mapping, group, group_name, directory, directory_name } => json!({
            "kind": "mapping", "mapping": mapping, "group": group, "group_name": group_name,
            "directory": directory, "directory_name": directory_name,
        }),
    };
    let (tenant, everywhere) = match p.reach {
        Reach::Tenant(t) => (Some(t), false),
        Reach::All => (None, true),
    };
    json!({
        "role": show_ref(&p.role), "via": via, "in_tenant": tenant, "everywhere": everywhere,
        "since": p.since.rfc3339(), "until": p.until.map(Timestamp::rfc3339), "by": p.by,
    })
}

pub(super) async fn explain(c: Call) -> Result<Reply> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let who = find::user(&c, c.needed("user")?, c.word("home"), p.tenant()).await?;
    let e = c.app.access.explain(&p, who, c.needed("permission")?).await?;
    let void = e.void.iter().map(|(p, why)| {
        let mut shown = show_path(p);
        shown["does_not_count"] = why.as_str().into();
        shown
    });
    Reply::ok(json!({
        "allowed": e.allowed, "permission": e.permission, "tenant": e.tenant,
        "user": {"id": who.1, "tenant": who.0, "user_name": e.user_label},
        "nothing_counts": e.nothing_counts,
        "paths": e.paths.iter().map(show_path).collect::<Vec<_>>(),
        "void": void.collect::<Vec<_>>(),
        "needed": e.needed.iter().map(show_ref).collect::<Vec<_>>(),
    }))
}
