//! Roles as a whole: templates, differences, what uses one, all of them as a document.

use super::{
    access::RoleShown,
    answer::{Page, Shown, Written},
    call::Call,
    find,
};
use crate::{
    access::{
        catalogue::Template,
        perm::UsersManageRoles,
        roles::{
            self, Holders, Role, Uses,
            export::{Export, Format},
        },
    },
    error::{Error, Kind, Result},
    id::{RoleId, TenantId},
};
use axum::body::Body;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

pub(super) async fn templates(c: Call) -> Result<Shown<Page<Template>>> {
    Ok(Shown::page(c.app.access.catalogue().templates().iter().cloned(), None))
}

/// How a role differs from another.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RoleDifference")]
pub(super) struct DifferenceShown {
    role: RoleShown,
    with: RoleShown,
    /// What `role` permits and `with` does not.
    more: BTreeSet<String>,
    /// What `with` permits and `role` does not.
    less: BTreeSet<String>,
}

pub(super) async fn difference(c: Call) -> Result<Shown<DifferenceShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let role = c.id("role")?;
    let with = find::role(&c, &p, c.needed("with")?).await.map_err(|e| e.attr("with"))?;
    let d = roles::difference(&c.app.access, &p, role, with).await?;
    Ok(Shown::of(DifferenceShown {
        role: (&d.role).into(),
        with: (&d.with).into(),
        more: d.more(),
        less: d.less(),
    }))
}

/// Some of those who have a role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RoleHolders")]
pub(super) struct HoldersShown {
    /// How many there are.
    total: i64,
    /// The first of them.
    items: Vec<HolderShown>,
}
/// Somebody or something that gives a role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RoleHolder")]
pub(super) struct HolderShown {
    /// Of the grant, mapping, invitation, parked role, eligibility or default role.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// The person's or the group's own tenant.
    tenant: TenantId,
    /// The person's, the group's or the tenant's name, or the address.
    name: String,
}
impl From<Holders> for HoldersShown {
    fn from(h: Holders) -> Self {
        let items = h.first.into_iter().map(|h| HolderShown {
            id: h.id.hyphenated().to_string(),
            tenant: h.tenant_id,
            name: h.name,
        });
        Self { total: h.total, items: items.collect() }
    }
}

/// What uses a role in a tenant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RoleUses")]
pub(super) struct UsesShown {
    role: RoleId,
    name: String,
    /// How many uses there are in the tenant.
    total: i64,
    /// People who have it by hand; holds too.
    grants: HoldersShown,
    /// Groups that give it.
    mappings: HoldersShown,
    /// Addresses it is promised to, by invitations that can still be accepted.
    invitations: HoldersShown,
    /// People from whom a directory took it away, and nobody has decided yet.
    parked: HoldersShown,
    /// People who may ask for it, for a while.
    eligible: HoldersShown,
    /// The tenant, where it is its default role.
    by_default: HoldersShown,
    /// How many uses there are beyond the tenant: for the role's owner and for Global Administrators.
    elsewhere: i64,
}
impl UsesShown {
    fn of(role: Role, u: Uses) -> Self {
        Self {
            role: role.id,
            name: role.name,
            total: u.total(),
            grants: u.grants.into(),
            mappings: u.mappings.into(),
            invitations: u.invitations.into(),
            parked: u.parked.into(),
            eligible: u.eligible.into(),
            by_default: u.by_default.into(),
            elsewhere: u.elsewhere,
        }
    }
}

pub(super) async fn uses(c: Call) -> Result<Shown<UsesShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (role, uses) = roles::uses(&c.app.access, &p, c.id("role")?, c.limit()?).await?;
    Ok(Shown::of(UsesShown::of(role, uses)))
}

/// What is collected before the answer begins: most documents are one piece, and an error before it is a refusal.
const WHOLE: usize = 1 << 16;

pub(super) async fn export(c: Call) -> Result<Written> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let (format, kind) = match c.word("format") {
        None | Some("markdown") => (Format::Markdown, "text/markdown; charset=utf-8"),
        Some("csv") => (Format::Csv, "text/csv; charset=utf-8; header=present"),
        Some(_) => return Err(Error::invalid("'format' is markdown or csv").attr("format")),
    };
    let global = match c.global().await {
        Ok(global) => Some(global),
        Err(e) if e.kind() == Kind::Forbidden => None,
        Err(e) => return Err(e),
    };
    let mut export = Export::begin(&c.app.access, p, global, format).await?;
    let mut first = String::new();
    while first.len() < WHOLE {
        match export.next().await? {
            Some(more) => first.push_str(&more),
            None => return Ok(Written::of(kind, Body::from(first))),
        }
    }
    let rest = stream::try_unfold(export, |mut export| async move {
        Ok::<_, Error>(export.next().await?.map(|text| (text, export)))
    });
    let all = stream::iter([Ok(first)]).chain(rest).inspect_err(|e| {
        let why = e.operator_text().unwrap_or(e.detail());
        tracing::warn!(why, "a document broke off");
    });
    Ok(Written::of(kind, Body::from_stream(all)))
}
