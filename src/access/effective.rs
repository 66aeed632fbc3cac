//! What somebody may do in a tenant, and why: one computation for enforcing and explaining.

use super::{
    authors::{Author, Standing},
    catalogue::{Catalogue, GLOBAL_ADMINISTRATOR, SELF_SERVICE},
    reach::{Reach, Site},
    rules,
};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    id::{DirectoryId, GrantId, GroupId, MappingId, ParkedId, RoleId, TenantId},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Where a grant comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[schemars(rename = "GrantSource")]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// By hand.
    Manual,
    /// With an invitation.
    Invitation,
    /// For a while, on request.
    Elevation,
    /// The first administrator.
    Bootstrap,
    /// For the day the directory is down.
    BreakGlass,
    /// What is left of a role whose last holder a directory took away.
    Hold,
}
impl Source {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Invitation => "invitation",
            Self::Elevation => "elevation",
            Self::Bootstrap => "bootstrap",
            Self::BreakGlass => "break_glass",
            Self::Hold => "hold",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "manual" => Self::Manual,
            "invitation" => Self::Invitation,
            "elevation" => Self::Elevation,
            "bootstrap" => Self::Bootstrap,
            "break_glass" => Self::BreakGlass,
            "hold" => Self::Hold,
            _ => return None,
        })
    }
}
crate::store::enum_column!(Source);

/// A role, as tokens, policies and pages need it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleRef {
    /// The role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// Whether it demands MFA where no policy says otherwise.
    pub mfa: bool,
}

/// How a role came to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A grant, by hand or the like.
    Assignment {
        /// The grant.
        grant: GrantId,
        /// Where it comes from.
        source: Source,
        /// The reason that was given.
        reason: Option<String>,
    },
    /// A membership and a mapping of the group.
    Mapping {
        /// The mapping.
        mapping: MappingId,
        /// The group.
        group: GroupId,
        /// The group's name.
        group_name: String,
        /// The group's directory.
        directory: DirectoryId,
        /// The directory's name.
        directory_name: String,
    },
    /// Taken away by a directory in a change that is too large, and kept until somebody decides.
    Parked {
        /// The change.
        change: ParkedId,
        /// The group that gave it.
        group_name: Option<String>,
        /// The directory.
        directory: DirectoryId,
        /// The directory's name.
        directory_name: String,
        /// When it was taken away.
        at: Timestamp,
    },
    /// The default role of their own tenant, for whom no mapped group gives anything.
    Default {
        /// Its own id, one of those of mappings.
        id: MappingId,
        /// Whether a mapped group gives them something, so that it does not count; known once it is known which mappings
        /// do ([`stand_back`]).
        behind: bool,
    },
}

/// One way in which somebody has a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The role.
    pub role: RoleRef,
    /// What the role permits.
    pub permissions: Arc<BTreeSet<String>>,
    /// Where.
    pub reach: Reach,
    /// How.
    pub via: Via,
    /// Since when: the grant's beginning, or the membership's or mapping's (whichever is later).
    pub since: Timestamp,
    /// Until when, if it ends.
    pub until: Option<Timestamp>,
    /// Who granted, or who made (or adopted) the mapping.
    pub by: String,
    /// Of a mapping, of what is kept of one, and of a default role: the user who answers for it, if it is one.
    pub author: Option<Author>,
}
impl Path {
    /// Whether it comes of a group's mapping, what is kept of one too.
    pub(super) fn of_group(&self) -> bool {
        match &self.via {
            Via::Mapping { .. } => true,
            Via::Parked { group_name, .. } => group_name.is_some(),
            Via::Assignment { .. } | Via::Default { .. } => false,
        }
    }
    /// When it ends by itself, if that is known: its own end, or that of what its author answers with.
    pub fn end(&self) -> Option<Timestamp> {
        let of_author = self.author.as_ref().and_then(|a| a.until);
        self.until.into_iter().chain(of_author).min()
    }
}

/// The union of what somebody has in one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Effective {
    /// Of the catalogue (without `self_service`).
    pub permissions: BTreeSet<String>,
    /// The roles, each once.
    pub roles: Vec<RoleRef>,
    /// Whether the scope `self_service` is held.
    pub self_service: bool,
    /// Seen through a token's scopes: its person may hold more.
    pub by_scopes: bool,
    /// Whether they are a Global Administrator.
    pub global: bool,
    /// When something of it ends or begins; compute again then.
    pub until: Option<Timestamp>,
    /// Whether some role demands MFA where no policy says otherwise.
    pub mfa: bool,
    /// Every way in which they have it.
    pub paths: Vec<Path>,
    /// What of the permissions is held for a while only, and until when.
    ends: BTreeMap<String, Timestamp>,
    /// The same of being a Global Administrator.
    global_end: Option<Timestamp>,
}

/// Who it is computed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The user's tenant.
    pub home: TenantId,
    /// Whether that is the provider.
    pub provider: bool,
    /// The kind of user.
    pub kind: UserKind,
    /// Active, enabled, and the home tenant not suspended.
    pub live: bool,
    /// Of an integration user: the permissions chosen for it; it holds no others, whatever its roles permit.
    pub chosen: Option<Arc<BTreeSet<String>>>,
}

impl Subject {
    /// Whether a role can give them the permission (or `self_service`) at all.
    pub fn can_hold(&self, permission: &str) -> bool {
        match &self.chosen {
            _ if permission == SELF_SERVICE => self.kind != UserKind::Integration,
            Some(chosen) => chosen.contains(permission),
            None => true,
        }
    }
}

impl Effective {
    /// What the owner of the data directory and the server itself hold.
    pub fn everything(catalogue: &Catalogue) -> Self {
        Self {
            permissions: (**catalogue.all()).clone(),
            self_service: true,
            global: true,
            ..Self::default()
        }
    }
    /// The computation: of `paths` (any tenant's), what counts for `subject` in a tenant now. Only added up: no
    /// path takes away what another gives.
    pub fn compute(subject: &Subject, paths: &[Path], site: Site<'_>, now: Timestamp) -> Self {
        Self::sum(subject, paths.iter().filter(|p| p.reach.covers(site)), now)
    }
    /// What counts wherever `reach` reaches, now and later: of the paths whose own scope includes it.
    pub fn throughout(subject: &Subject, paths: &[Path], reach: &Reach, now: Timestamp) -> Self {
        Self::sum(subject, paths.iter().filter(|p| p.reach.includes(reach)), now)
    }
    fn sum<'a>(subject: &Subject, paths: impl Iterator<Item = &'a Path>, now: Timestamp) -> Self {
        let mut e = Self::default();
        let end = |t: Timestamp, e: &mut Self| {
            e.until = Some(e.until.map_or(t, |u| u.min(t)));
        };
        if !subject.live {
            return e;
        }
        for p in paths {
            if p.until.is_some_and(|u| u <= now) || void(subject, p).is_some() {
                continue;
            }
            if p.since > now {
                end(p.since, &mut e);
                continue;
            }
            if let Some(u) = p.until {
                end(u, &mut e);
            }
            let theirs = p.permissions.iter().filter(|p| subject.can_hold(p));
            e.permissions.extend(theirs.filter(|p| *p != SELF_SERVICE).cloned());
            e.self_service |=
                p.permissions.contains(SELF_SERVICE) && subject.can_hold(SELF_SERVICE);
            e.global |= p.role.id == GLOBAL_ADMINISTRATOR;
            e.mfa |= p.role.mfa;
            if !e.roles.contains(&p.role) {
                e.roles.push(p.role.clone());
            }
            e.paths.push(p.clone());
        }
        e.roles.sort();
        e.look_for_ends();
        e
    }
    /// Finds what all paths give for a while only.
    fn look_for_ends(&mut self) {
        let ending = self.paths.iter().filter_map(|p| Some((p, p.end()?)));
        for (path, end) in ending {
            let lasting = || self.paths.iter().filter(|p| p.end().is_none());
            if path.role.id == GLOBAL_ADMINISTRATOR && !lasting().any(|p| p.role.id == path.role.id)
            {
                self.global_end = self.global_end.into_iter().chain([end]).max();
            }
            for word in path.permissions.iter().filter(|w| *w != SELF_SERVICE) {
                if !lasting().any(|p| p.permissions.contains(word)) {
                    let latest = self.ends.entry(word.clone()).or_insert(end);
                    *latest = end.max(*latest);
                }
            }
        }
    }
    /// The same, seen through a token's scopes.
    #[must_use]
    pub fn limited(&self, scopes: &[String]) -> Self {
        let mut e = self.clone();
        e.permissions.retain(|p| scopes.contains(p));
        e.self_service &= scopes.iter().any(|s| s == SELF_SERVICE);
        e.global = false;
        e.by_scopes = true;
        e
    }
    /// What is in both: what holds in one place and in the other.
    #[must_use]
    pub fn shared(&self, other: &Self) -> Self {
        Self {
            permissions: self.permissions.intersection(&other.permissions).cloned().collect(),
            self_service: self.self_service && other.self_service,
            global: self.global && other.global,
            until: self.until.into_iter().chain(other.until).min(),
            ends: self.ends.iter().chain(&other.ends).fold(BTreeMap::new(), |mut all, (w, end)| {
                let first = all.entry(w.clone()).or_insert(*end);
                *first = (*first).min(*end);
                all
            }),
            global_end: self.global_end.into_iter().chain(other.global_end).min(),
            ..Self::default()
        }
    }
    /// Whether it includes the permission until then, or without an end.
    pub fn lasts(&self, permission: &str, until: Option<Timestamp>) -> bool {
        let ends = self.ends.get(permission);
        self.allows(permission) && ends.is_none_or(|end| until.is_some_and(|to| to <= *end))
    }
    /// Whether they are a Global Administrator until then, or without an end.
    pub fn global_lasts(&self, until: Option<Timestamp>) -> bool {
        self.global && self.global_end.is_none_or(|end| until.is_some_and(|to| to <= end))
    }
    /// When a permission that is held ends by itself, if it does.
    pub(super) fn end_of(&self, permission: &str) -> Option<Timestamp> {
        self.ends.get(permission).copied()
    }
    /// When being a Global Administrator ends by itself, if it does.
    pub(super) fn end_of_global(&self) -> Option<Timestamp> {
        self.global_end
    }
    /// Whether it includes the permission (or `self_service`).
    pub fn allows(&self, permission: &str) -> bool {
        self.permissions.contains(permission) || (self.self_service && permission == SELF_SERVICE)
    }
    /// Whether there is nothing in it: the tenant is not to be seen.
    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty() && !self.self_service && !self.global
    }
}

/// Why a path does not count for its holder, whatever the time; `None` if it counts.
pub fn void(subject: &Subject, path: &Path) -> Option<&'static str> {
    let suspended = path.author.as_ref().is_some_and(|a| a.standing == Standing::Suspended);
    if let Via::Default { behind, .. } = path.via {
        if behind {
            return Some(
                "the tenant's default role is for people without a mapped group, and one of theirs gives a role",
            );
        }
        if suspended {
            return Some(
                "the tenant's default role is suspended: who answers for it does not hold all that it gives any more; \
                 somebody who does can adopt it",
            );
        }
    }
    if suspended && matches!(path.via, Via::Assignment { .. }) {
        return Some(
            "the integration user is suspended: who chose its permissions does not hold all of them any more; somebody \
             who does can answer for it",
        );
    }
    if suspended {
        return Some(
            "the mapping is suspended: who answers for it does not hold all that it gives any more; \
             somebody who does can adopt it",
        );
    }
    rules::out_of_bounds(subject.kind, subject.home, subject.provider, path.role.id, &path.reach)
}

/// Lets the default role stand back for whoever has something by a mapped group, wherever that gives it: asked of paths
/// that say how the authors of mappings stand. What a suspended mapping gives, and what somebody of their kind cannot hold,
/// is nothing; what is kept of a mapping until somebody decides is something.
pub(super) fn stand_back(subject: &Subject, paths: &mut [Path]) {
    let mapped = paths.iter().any(|p| p.of_group() && void(subject, p).is_none());
    for p in paths {
        if let Via::Default { behind, .. } = &mut p.via {
            *behind = mapped;
        }
    }
}
