//! Whether somebody may do something, and why.

use super::{
    answer::{Page, Shown, Time},
    call::{Call, cut},
    find,
    scope::{Names, ScopeShown},
};
use crate::{
    access::{
        Able, Needed, Path, Permit, Reach, RoleRef, Source, Standing, Via,
        perm::{UsersManageRoles, UsersView},
    },
    error::{Kind, Result},
    id::{
        DirectoryId, EligibilityId, GrantId, GroupId, MappingId, ParkedId, RoleId, TenantId, UserId,
    },
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
    /// By the default role of their own tenant, without a mapped group.
    Default {
        /// The default role's own id.
        default_role: MappingId,
        /// The same, in words.
        explanation: &'static str,
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
            Via::Default { id, .. } => Self::Default {
                default_role: id,
                explanation: "the tenant's default role: for its own people whom no mapped group gives a role",
            },
        }
    }
}

/// One way in which somebody has a role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Path")]
pub(super) struct PathShown {
    role: RefShown,
    via: ViaShown,
    /// The tenant, where it is one.
    in_tenant: Option<TenantId>,
    /// Whether it is the whole instance.
    everywhere: bool,
    scope: ScopeShown,
    since: Time,
    until: Option<Time>,
    /// Who granted it, or made (or adopted) the mapping.
    by: String,
    /// How whoever answers for the mapping or the default role stands; null for what is neither.
    standing: Option<Standing>,
    /// Why it does not count, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    does_not_count: Option<String>,
}
impl PathShown {
    /// With the names that its scope's words need.
    pub(super) fn of(p: &Path, names: &Names) -> Self {
        Self {
            role: (&p.role).into(),
            via: (&p.via).into(),
            in_tenant: p.reach.tenant(),
            everywhere: p.reach == Reach::All,
            scope: names.shown(&p.reach),
            since: p.since.into(),
            until: p.until.map(Into::into),
            by: p.by.clone(),
            standing: match p.via {
                Via::Mapping { .. } | Via::Default { .. } => {
                    Some(p.author.as_ref().map_or_else(Standing::default, |a| a.standing))
                }
                _ => p.author.as_ref().map(|a| a.standing),
            },
            does_not_count: None,
        }
    }
}

impl PathShown {
    /// With the reason why it does not count, where it does not.
    pub(super) fn why_not(p: &Path, names: &Names, why: Option<String>) -> Self {
        Self { does_not_count: why, ..Self::of(p, names) }
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
    /// What must be done before anything counts, where the user or a tenant is switched off.
    first: Option<String>,
    /// Why nothing counts at all, where that is so.
    nothing_counts: Option<String>,
    /// Every way in which they have it.
    paths: Vec<PathShown>,
    /// Ways that would give it and do not count.
    void: Vec<PathShown>,
    /// Where they do not have it: roles of which any one would be enough.
    needed: Vec<NeededShown>,
}

/// A role that would be enough.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NeededRole")]
struct NeededShown {
    id: RoleId,
    name: String,
    /// Whether it demands a second factor where no policy says otherwise.
    demands_mfa: bool,
    /// Why the user cannot be given it there, where their kind or their company forbids it.
    cannot_be_given: Option<String>,
    /// Groups of the user's company that give it there: to be in one would be enough.
    groups: Vec<GroupName>,
    /// By what the user may ask for it there, for a while; null where they may not.
    eligible: Option<EligibilityId>,
    /// The same, in words, after what must be done first.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
}

/// A group by name.
#[derive(Serialize, JsonSchema)]
struct GroupName {
    id: GroupId,
    name: String,
}
impl NeededShown {
    fn of(n: &Needed, first: Option<&str>) -> Self {
        let eligible = n.eligible.map(|_| "eligible: request elevation");
        let words: Vec<&str> = first.into_iter().chain(eligible).collect();
        Self {
            id: n.role.id,
            name: n.role.name.clone(),
            demands_mfa: n.role.mfa,
            cannot_be_given: n.cannot.map(str::to_owned),
            groups: n
                .groups
                .iter()
                .map(|(id, name)| GroupName { id: *id, name: name.clone() })
                .collect(),
            eligible: n.eligible,
            explanation: (!words.is_empty()).then(|| words.join("; ")),
        }
    }
}

/// Somebody who can, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WhoCan")]
pub(super) struct AbleShown {
    id: UserId,
    /// Their own tenant.
    home: TenantId,
    user_name: String,
    /// Every way in which they can.
    paths: Vec<PathShown>,
}

pub(super) async fn who_can(c: Call) -> Result<Shown<Page<AbleShown>>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let limit = c.limit()?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let permission = c.needed("permission")?;
    let found = c.app.access.who_can(&p, permission, c.cursor()?, most).await?;
    let (found, next) = cut(found, limit, |a| a.user.to_string());
    let reaches: Vec<Reach> =
        found.iter().flat_map(|a| &a.paths).map(|p| p.reach.clone()).collect();
    let names = Names::of(&c, p.tenant(), &reaches).await?;
    let shown = |a: &Able| AbleShown {
        id: a.user,
        home: a.home,
        user_name: a.label.clone(),
        paths: a.paths.iter().map(|p| PathShown::of(p, &names)).collect(),
    };
    Ok(Shown::page(found.iter().map(shown), next))
}

pub(super) async fn explain(c: Call) -> Result<Shown<Explanation>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let who = find::user(&c, c.needed("user")?, c.word("home"), p.tenant()).await?;
    let permission = c.needed("permission")?;
    // Somebody of another tenant who has nothing here is told of to whoever sees that tenant's people.
    let seen: Option<Permit<UsersView>> = if who.0 == p.tenant() {
        None
    } else {
        match c.require(who.0).await {
            Ok(seen) => Some(seen),
            Err(e) if matches!(e.kind(), Kind::NotFound | Kind::Forbidden | Kind::NeedsStepUp) => {
                None
            }
            Err(e) => return Err(e),
        }
    };
    let e = match &seen {
        Some(seen) => c.app.access.explain_seen(&p, seen, who.1, permission).await?,
        None => c.app.access.explain(&p, who, permission).await?,
    };
    let all = e.paths.iter().chain(e.void.iter().map(|(p, _)| p));
    let names = Names::of(&c, p.tenant(), all.map(|p| &p.reach)).await?;
    let void = |(p, why): &(Path, String)| PathShown::why_not(p, &names, Some(why.clone()));
    Ok(Shown::of(Explanation {
        allowed: e.allowed,
        tenant: e.tenant,
        user: Asked { id: who.1, tenant: who.0, user_name: e.user_label },
        nothing_counts: e.nothing_counts,
        paths: e.paths.iter().map(|p| PathShown::of(p, &names)).collect(),
        void: e.void.iter().map(void).collect(),
        needed: e.needed.iter().map(|n| NeededShown::of(n, e.first.as_deref())).collect(),
        first: e.first,
        permission: e.permission,
    }))
}
