//! Roles and mappings.

use super::{
    answer::{Done, Made, Page, Shown, Time, With},
    call::{Call, cut, sift},
    find,
    scope::{self, Names, ScopeShown, ScopeWanted},
};
use crate::{
    access::{
        Over, Permit, Reach, Standing,
        mappings::{self, Mapping, Target},
        perm::{Global, UsersManageRoles},
        roles::{self, Counts, NewRole, Role, RoleEdit, called},
    },
    error::{Error, Result},
    id::{DirectoryId, GroupId, MappingId, RoleId, TenantId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

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
    /// How often it is used, where the list was asked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<CountsShown>,
}
/// How often a role is used in a tenant, by the way in which it is; of each way, 1000 at most are counted.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RoleUseCounts")]
pub(super) struct CountsShown {
    /// Given by hand; holds too.
    grants: i64,
    /// Given by groups.
    mappings: i64,
    /// Promised by invitations that can still be accepted.
    invitations: i64,
    /// Taken away by a directory, and nobody has decided yet.
    parked: i64,
    /// May be asked for, for a while.
    eligible: i64,
    /// 1 where it is the tenant's default role.
    by_default: i64,
    /// Uses beyond the tenant: for the role's owner and for Global Administrators.
    elsewhere: i64,
}
impl From<Counts> for CountsShown {
    fn from(n: Counts) -> Self {
        Self {
            grants: n.grants,
            mappings: n.mappings,
            invitations: n.invitations,
            parked: n.parked,
            eligible: n.eligible,
            by_default: n.by_default,
            elsewhere: n.elsewhere,
        }
    }
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
            uses: None,
        }
    }
}

pub(super) async fn roles(c: Call) -> Result<Shown<Page<RoleShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (limit, named, access, p) = (c.limit()?, c.named(), &c.app.access, &p);
    let fetch = |after, n| roles::page(access, p, after, n);
    let (items, next) =
        sift(limit, c.cursor()?, fetch, |r: &Role| r.id, |r| named(&[&r.name])).await?;
    let mut used = match c.read("uses")? {
        Some(true) => Some(roles::counts(access, p, &items).await?),
        _ => None,
    };
    let shown = items.iter().map(|r| RoleShown {
        uses: used.as_mut().map(|used| used.remove(&r.id).unwrap_or_default().into()),
        ..r.into()
    });
    Ok(Shown::page(shown, next.map(|id| id.to_string())))
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
    /// Ids of the catalogue; at most what you hold yourself. Wanted where there is no `like`.
    permissions: Option<BTreeSet<String>>,
    /// The id or name of a role, or of a template, whose permissions (and description, if none is given) it gets.
    like: Option<String>,
    /// Offer it to all tenants; the provider's right.
    #[serde(default)]
    offered: bool,
}

pub(super) async fn role_create(c: With<CreateRole>) -> Result<Made<RoleShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let CreateRole { name, description, permissions, like, offered } = c.json()?;
    let mut new = NewRole { name, description, offered, ..NewRole::default() };
    let r = match (permissions, like) {
        (Some(permissions), None) => {
            new.permissions = permissions;
            roles::create(&c.app.access, &p, new).await?
        }
        (None, Some(like)) => roles::create_like(&c.app.access, &p, &like, new).await?,
        (Some(_), Some(_)) => {
            let text =
                "either 'permissions' or 'like': a role made like another is edited afterwards";
            return Err(Error::invalid(text).attr("permissions"));
        }
        (None, None) => {
            return Err(Error::invalid("'permissions' is missing").attr("permissions"));
        }
    };
    Ok(Made::of(RoleShown::from(&r)).version(r.version))
}

/// A change of a role; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "permissions": ["computers.view", "computers.run_maintenance"] }))]
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
    roles::delete(&c.app.access, &p, c.id("role")?, c.if_match).await?;
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
    /// What the role is called; null where it is gone.
    role_name: Option<String>,
    /// The tenant in which it gives the role, where it is one.
    in_tenant: Option<TenantId>,
    /// Whether it is the whole instance.
    everywhere: bool,
    scope: ScopeShown,
    /// Who made it, as in the audit trail.
    created_by: String,
    created_at: Time,
    /// Whether it counts, and whether whoever answers for it is still there.
    standing: Standing,
    /// Since when it is suspended, as far as that was noticed.
    suspended_at: Option<Time>,
    /// Who answers for it since, if not who made it.
    adopted_by: Option<String>,
    adopted_at: Option<Time>,
}
impl MappingShown {
    fn of(m: &Mapping, names: &Names, roles: &HashMap<RoleId, String>, standing: Standing) -> Self {
        let reach = m.reach();
        Self {
            id: m.id,
            tenant: m.tenant_id,
            directory: m.directory_id,
            group: m.group_id,
            group_name: m.group_name.clone(),
            role: m.role_id,
            role_name: roles.get(&m.role_id).cloned(),
            in_tenant: m.scope_tenant,
            everywhere: reach == Reach::All,
            scope: names.shown(&reach),
            created_by: m.created_by.clone(),
            created_at: m.created_at.into(),
            standing,
            suspended_at: m.suspended_at.map(Into::into),
            adopted_by: m.adopted_by.clone(),
            adopted_at: m.adopted_at.map(Into::into),
        }
    }
}

pub(super) async fn mappings(c: Call) -> Result<Shown<Page<MappingShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let q = mappings::Query {
        role: match c.word("role") {
            Some(name) => Some(find::role(&c, &p, name).await?),
            None => None,
        },
        group: match c.word("group") {
            Some(name) => Some(find::group(&c, name).await?),
            None => None,
        },
        after: c.cursor::<MappingId>()?,
        limit: limit + 1,
    };
    let all = mappings::list(&c.app.access, &p, q).await?;
    let (items, next) = cut(all, limit, |m| m.id.to_string());
    let reaches: Vec<Reach> = items.iter().map(Mapping::reach).collect();
    let names = Names::of(&c, p.tenant(), &reaches).await?;
    let standings = mappings::standings(&c.app.access, &items).await?;
    let standing = |m: &Mapping| standings.get(&m.id).copied().unwrap_or_default();
    let roles = called(&c.app.access, items.iter().map(|m| m.role_id)).await?;
    let show = |m| MappingShown::of(m, &names, &roles, standing(m));
    Ok(Shown::page(items.iter().map(show), next))
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
    /// In many tenants at once.
    scope: Option<ScopeWanted>,
}

/// A mapping that is wanted, with the right to it.
pub(super) struct Wanted {
    pub(super) group: GroupId,
    pub(super) role: RoleId,
    place: Place,
}
enum Place {
    Own,
    There(Permit<UsersManageRoles>),
    Over(Over),
    All(Permit<Global>),
}
impl Wanted {
    pub(super) fn target(&self) -> Target<'_> {
        match &self.place {
            Place::Own => Target::Own,
            Place::There(p) => Target::Tenant(p),
            Place::Over(o) => Target::Over(o),
            Place::All(p) => Target::All(p),
        }
    }
}

/// What a body wants, and whether the caller has the right to it.
pub(super) async fn wanted(
    c: &Call,
    p: &Permit<UsersManageRoles>,
    body: CreateMapping,
) -> Result<Wanted> {
    let group = find::group(c, &body.group).await?;
    let (role, place) = match (&body.in_tenant, body.everywhere, &body.scope) {
        (None, false, Some(scope)) => {
            let over = scope.over(c, p).await?;
            (find::role(c, p, &body.role).await?, Place::Over(over))
        }
        (_, _, Some(_)) => {
            let text = "say one of 'in_tenant', 'everywhere' and 'scope'";
            return Err(Error::invalid(text).attr("scope"));
        }
        (_, true, None) => {
            let global = c.global().await?;
            (find::role(c, p, &body.role).await?, Place::All(global))
        }
        (Some(t), false, None) => {
            let there = c.other::<UsersManageRoles>(t).await.map_err(|e| e.attr("in_tenant"))?;
            (find::role(c, &there, &body.role).await?, Place::There(there))
        }
        (None, false, None) => (find::role(c, p, &body.role).await?, Place::Own),
    };
    Ok(Wanted { group, role, place })
}

pub(super) async fn mapping_create(c: With<CreateMapping>) -> Result<Made<MappingShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let wanted = wanted(&c, &p, c.json()?).await?;
    let (access, target) = (&c.app.access, wanted.target());
    let m = mappings::create(access, &p, target, wanted.group, wanted.role).await?;
    let names = Names::of(&c, p.tenant(), [&m.reach()]).await?;
    let roles = called(&c.app.access, [m.role_id]).await?;
    Ok(Made::of(MappingShown::of(&m, &names, &roles, Standing::InForce)))
}

pub(super) async fn mapping_adopt(c: Call) -> Result<Shown<MappingShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (access, id) = (&c.app.access, c.id("mapping")?);
    let reach = mappings::get(access, &p, id).await?.reach();
    let m = match &reach {
        Reach::Tenant(t) => {
            let there = c.require::<UsersManageRoles>(*t).await?;
            mappings::adopt(access, &p, Target::Tenant(&there), id).await?
        }
        Reach::All => {
            let global = c.global().await?;
            mappings::adopt(access, &p, Target::All(&global), id).await?
        }
        _ => {
            let over = scope::over(&c, &p, reach.clone()).await?;
            mappings::adopt(access, &p, Target::Over(&over), id).await?
        }
    };
    let names = Names::of(&c, p.tenant(), [&reach]).await?;
    let roles = called(&c.app.access, [m.role_id]).await?;
    Ok(Shown::of(MappingShown::of(&m, &names, &roles, Standing::InForce)))
}

pub(super) async fn mapping_delete(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    mappings::delete(&c.app.access, &p, c.id("mapping")?).await?;
    Ok(Done)
}
