//! The default role of a tenant.

use super::{
    answer::{Done, Shown, Time, With},
    call::Call,
    explain::RefShown,
    find,
    preview::{PreviewShown, most},
};
use crate::{
    access::{
        Permit, Standing,
        defaults::{self, DefaultRole},
        perm::UsersManageRoles,
        preview, roles,
    },
    error::Result,
    id::{MappingId, RoleId, TenantId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a tenant's own people have there whom no mapped group gives a role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DefaultRole")]
pub(super) struct DefaultShown {
    tenant: TenantId,
    /// Null where there is none.
    role: Option<RefShown>,
    /// Its own, another one each time that a role is set; null where there is none.
    id: Option<MappingId>,
    /// Whether it counts, and whether whoever answers for it is still there; null where there is none.
    standing: Option<Standing>,
    /// Since when it is suspended, as far as that was noticed.
    suspended_at: Option<Time>,
    /// Who set it, as in the audit trail.
    set_by: Option<String>,
    set_at: Option<Time>,
    /// Who answers for it since, if not who set it.
    adopted_by: Option<String>,
    adopted_at: Option<Time>,
    /// Counts changes; 0 where nothing was ever set.
    version: i64,
}

async fn shown(
    c: &Call,
    p: &Permit<UsersManageRoles>,
    d: DefaultRole,
    standing: Standing,
) -> Result<Shown<DefaultShown>> {
    let role = match d.role_id {
        Some(id) => Some(roles::get(&c.app.access, p, id).await?),
        None => None,
    };
    let there = role.is_some();
    let body = DefaultShown {
        tenant: d.tenant_id,
        role: role.map(|r| (&r.to_ref()).into()),
        id: there.then_some(d.id),
        standing: there.then_some(standing),
        suspended_at: d.suspended_at.map(Into::into),
        set_by: there.then_some(d.created_by),
        set_at: there.then(|| d.created_at.into()),
        adopted_by: d.adopted_by,
        adopted_at: d.adopted_at.map(Into::into),
        version: d.version,
    };
    Ok(Shown::of(body).version(d.version))
}

pub(super) async fn get(c: Call) -> Result<Shown<DefaultShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (d, standing) = defaults::get(&c.app.access, &p).await?;
    shown(&c, &p, d, standing).await
}

/// A default role to be set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "role": "Read-Only" }))]
pub(super) struct SetDefaultRole {
    /// The role's id or name.
    role: String,
}

pub(super) async fn set(c: With<SetDefaultRole>) -> Result<Shown<DefaultShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let role = find::role(&c, &p, &c.json()?.role).await?;
    let d = defaults::set(&c.app.access, &p, c.if_match, Some(role)).await?;
    shown(&c, &p, d, Standing::InForce).await
}

pub(super) async fn unset(c: Call) -> Result<Done> {
    let p = c.tenant::<UsersManageRoles>().await?;
    defaults::set(&c.app.access, &p, c.if_match, None).await?;
    Ok(Done)
}

pub(super) async fn adopt(c: Call) -> Result<Shown<DefaultShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let d = defaults::adopt(&c.app.access, &p).await?;
    shown(&c, &p, d, Standing::InForce).await
}

/// A default role to be thought of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "role": "Read-Only" }))]
pub(super) struct ThinkOfDefaultRole {
    /// The role's id or name; left out: none.
    role: Option<String>,
}

pub(super) async fn think(c: With<ThinkOfDefaultRole>) -> Result<Shown<PreviewShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let role: Option<RoleId> = match c.json()?.role {
        Some(name) => Some(find::role(&c, &p, &name).await?),
        None => None,
    };
    let done = preview::default_role(&c.app.access, &p, role, most(&c)?).await?;
    Ok(Shown::of(done.into()))
}
