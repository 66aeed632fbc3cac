//! Whether somebody may do something, and why.

use super::{
    answer::{Shown, Time},
    call::Call,
    find,
};
use crate::{
    access::{Path, Reach, RoleRef, Source, Via, perm::UsersManageRoles},
    error::Result,
    id::{DirectoryId, GrantId, GroupId, MappingId, ParkedId, RoleId, TenantId, UserId},
};
use schemars::JsonSchema;
use serde::Serialize;

/// A role by name.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RoleName")]
pub(super) struct RefShown {
    pub(super) id: RoleId,
    pub(super) name: String,
    /// Whether it demands a second factor where no policy says otherwise.
    demands_mfa: bool,
}
impl From<&RoleRef> for RefShown {
    fn from(r: &RoleRef) -> Self {
        Self { id: r.id, name: r.name.clone(), demands_mfa: r.mfa }
    }
}

/// How a role came to somebody.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(rename = "Via")]
pub(super) enum ViaShown {
    /// By a grant.
    Assignment { grant: GrantId, source: Source, reason: Option<String> },
    /// By a group and its mapping.
    Mapping {
        mapping: MappingId,
        group: GroupId,
        group_name: String,
        directory: DirectoryId,
        directory_name: String,
    },
    /// Taken away by a directory in a change that is too large, and kept until somebody decides.
    Parked {
        parked: ParkedId,
        group_name: Option<String>,
        directory: DirectoryId,
        directory_name: String,
        at: Time,
        /// The same, in words.
        explanation: String,
    },
}
impl From<&Via> for ViaShown {
    fn from(v: &Via) -> Self {
        match v.clone() {
            Via::Assignment { grant, source, reason } => Self::Assignment { grant, source, reason },
            Via::Mapping { mapping, group, group_name, directory, directory_name } => {
                Self::Mapping { mapping, group, group_name, directory, directory_name }
            }
            Via::Parked { change, group_name, directory, directory_name, at } => {
                let explanation = format!(
                    "kept until decided: parked change {change} of {} by the directory '{directory_name}'",
                    at.rfc3339()
                );
                let (parked, at) = (change, at.into());
                Self::Parked { parked, group_name, directory, directory_name, at, explanation }
            }
        }
    }
}

/// One way in which somebody has a role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Path")]
pub(super) struct PathShown {
    role: RefShown,
    via: ViaShown,
    /// Where; null for everywhere.
    in_tenant: Option<TenantId>,
    everywhere: bool,
    since: Time,
    until: Option<Time>,
    /// Who granted it, or made the mapping.
    by: String,
    /// Why it does not count, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    does_not_count: Option<String>,
}
impl From<&Path> for PathShown {
    fn from(p: &Path) -> Self {
        let (in_tenant, everywhere) = match p.reach {
            Reach::Tenant(t) => (Some(t), false),
            Reach::All => (None, true),
        };
        Self {
            role: (&p.role).into(),
            via: (&p.via).into(),
            in_tenant,
            everywhere,
            since: p.since.into(),
            until: p.until.map(Into::into),
            by: p.by.clone(),
            does_not_count: None,
        }
    }
}

impl PathShown {
    /// With the reason why it does not count, where it does not.
    pub(super) fn why_not(p: &Path, why: Option<String>) -> Self {
        Self { does_not_count: why, ..Self::from(p) }
    }
}

/// Who was asked about.
#[derive(Serialize, JsonSchema)]
pub(super) struct Asked {
    id: UserId,
    tenant: TenantId,
    user_name: String,
}

/// The answer.
#[derive(Serialize, JsonSchema)]
pub(super) struct Explanation {
    allowed: bool,
    permission: String,
    tenant: TenantId,
    user: Asked,
    /// Why nothing counts at all, where that is so.
    nothing_counts: Option<String>,
    /// Every way in which they have it.
    paths: Vec<PathShown>,
    /// Ways that would give it and do not count.
    void: Vec<PathShown>,
    /// Where they do not have it: roles of which any one would be enough.
    needed: Vec<RefShown>,
}

pub(super) async fn explain(c: Call) -> Result<Shown<Explanation>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let who = find::user(&c, c.needed("user")?, c.word("home"), p.tenant()).await?;
    let e = c.app.access.explain(&p, who, c.needed("permission")?).await?;
    let void = |(p, why): &(Path, String)| PathShown::why_not(p, Some(why.clone()));
    Ok(Shown::of(Explanation {
        allowed: e.allowed,
        tenant: e.tenant,
        user: Asked { id: who.1, tenant: who.0, user_name: e.user_label },
        nothing_counts: e.nothing_counts.map(str::to_owned),
        paths: e.paths.iter().map(Into::into).collect(),
        void: e.void.iter().map(void).collect(),
        needed: e.needed.iter().map(Into::into).collect(),
        permission: e.permission,
    }))
}
