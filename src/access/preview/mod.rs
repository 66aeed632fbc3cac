//! What a change would do, before it is made: who gains and who loses what, in which tenants. The rows as they are and
//! as they would be go through the one computation; nothing is written, and nothing is refused here that saving would
//! not refuse as well.

mod authors;
mod db;

use super::{
    Access, Author, Effective, Path, Permit, Reach, RoleRef, Via,
    catalogue::SELF_SERVICE,
    crowd::{self, Alike, Permissions, Somebody},
    defaults, effective,
    mappings::{self, Target},
    perm::UsersManageRoles,
    roles, rules,
};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{GroupId, MappingId, RoleId, TenantId, UserId},
    store::Scope,
};
use authors::Then;
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

/// A change that somebody thinks of.
#[derive(Debug, Clone)]
pub(super) enum Thought {
    /// Everybody in the group has this, too.
    Map(GroupId, Box<Path>),
    /// The mapping is gone.
    Unmap(GroupId, MappingId, Reach),
    /// The group is gone, and its mappings with it.
    Disband(GroupId, Vec<Reach>),
    /// The role permits this from now on; `None`: it is gone, with all that gives it.
    Permit(RoleId, Option<Permissions>, Vec<Reach>),
    /// This is the tenant's default role, or it has none.
    Default(TenantId, Option<Box<Path>>),
}

/// What a change would do.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// How many people it concerns at all.
    pub people: usize,
    /// How many of them gain something.
    pub gaining: usize,
    /// How many lose something.
    pub losing: usize,
    /// How many of these are not in `changes`, as they are of other companies.
    pub not_named: usize,
    /// Who gains or loses, by name; the first of them.
    pub changes: Vec<Changes>,
    /// Whether there are more than that.
    pub more: bool,
}

/// What changes for one person.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Their tenant.
    pub home: TenantId,
    /// Who.
    pub user: UserId,
    /// Their name.
    pub label: String,
    /// What changes, for tenants in which the same changes together.
    pub there: Vec<There>,
}

/// What changes in some tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// The first of the tenants, by name, of those that are seen by whoever asks.
    pub tenants: Vec<(TenantId, String)>,
    /// How many they are, seen or not.
    pub count: usize,
    /// What is held there then and not now.
    pub gains: Vec<String>,
    /// What is held there now and not then.
    pub loses: Vec<String>,
}

/// So many tenants are named.
const NAMED: usize = 20;

impl Thought {
    fn reaches(&self) -> Vec<&Reach> {
        match self {
            Self::Map(_, path) => vec![&path.reach],
            Self::Unmap(_, _, reach) => vec![reach],
            Self::Disband(_, all) | Self::Permit(_, _, all) => all.iter().collect(),
            Self::Default(_, path) => path.iter().map(|p| &p.reach).collect(),
        }
    }
    /// Somebody's paths as they would be.
    fn applied(&self, paths: &[Path]) -> Vec<Path> {
        let of = |p: &Path, g: GroupId| matches!(p.via, Via::Mapping { group, .. } if group == g);
        let by = |p: &Path, m: MappingId| {
            matches!(p.via, Via::Mapping { mapping, .. } if mapping == m)
                || p.author.as_ref().is_some_and(|a| a.mapping == m)
        };
        match self {
            Self::Map(_, path) => paths.iter().chain([&**path]).cloned().collect(),
            Self::Unmap(_, m, _) => paths.iter().filter(|p| !by(p, *m)).cloned().collect(),
            Self::Disband(g, _) => paths.iter().filter(|p| !of(p, *g)).cloned().collect(),
            Self::Default(t, path) => {
                let mut paths = without_default(paths, *t);
                paths.extend(path.as_deref().cloned());
                paths
            }
            Self::Permit(role, None, _) => {
                paths.iter().filter(|p| p.role.id != *role).cloned().collect()
            }
            Self::Permit(role, Some(permissions), _) => {
                // Its author answers for what it gave, as far as the role still permits that.
                let less = |a: &Author| Author {
                    gave: Arc::new(a.gave.intersection(permissions).cloned().collect()),
                    ..a.clone()
                };
                let then = |p: &Path| Path {
                    role: RoleRef {
                        mfa: rules::role_demands_mfa(permissions.iter()),
                        ..p.role.clone()
                    },
                    permissions: Arc::clone(permissions),
                    author: p.author.as_ref().map(less),
                    ..p.clone()
                };
                let change = |p: &Path| if p.role.id == *role { then(p) } else { p.clone() };
                paths.iter().map(change).collect()
            }
        }
    }
}

impl Thought {
    /// Of paths as they would be for whoever is not in the group: all that a mapping of theirs is about.
    fn elsewhere(&self, paths: &[Path]) -> Vec<Path> {
        match self {
            Self::Map(..) => paths.to_vec(),
            Self::Unmap(..) | Self::Disband(..) | Self::Permit(..) => self.applied(paths),
            Self::Default(t, _) => without_default(paths, *t),
        }
    }
}

fn without_default(paths: &[Path], t: TenantId) -> Vec<Path> {
    let is = |p: &Path| matches!(p.via, Via::Default { .. }) && p.reach == Reach::Tenant(t);
    paths.iter().filter(|p| !is(p)).cloned().collect()
}

/// What is held, in words.
fn words(e: &Effective) -> BTreeSet<&str> {
    let mut out: BTreeSet<&str> = e.permissions.iter().map(String::as_str).collect();
    if e.self_service {
        out.insert(SELF_SERVICE);
    }
    if e.global {
        out.insert("global_administrator");
    }
    out
}

fn differing(
    who: &Somebody,
    then: &[Path],
    classes: &[Alike],
    seen: Option<&BTreeSet<TenantId>>,
    now: Timestamp,
) -> Vec<There> {
    let mut out: Vec<There> = Vec::new();
    let named = |class: &Alike| -> Vec<(TenantId, String)> {
        let known = class.tenants.iter().filter(|(t, _)| seen.is_none_or(|s| s.contains(t)));
        known.take(NAMED).cloned().collect()
    };
    for class in classes {
        let (before, after) =
            (class.effective(who, &who.paths, now), class.effective(who, then, now));
        let (before, after) = (words(&before), words(&after));
        let list = |a: &BTreeSet<&str>, b: &BTreeSet<&str>| -> Vec<String> {
            a.difference(b).map(|s| (*s).to_owned()).collect()
        };
        let (gains, loses) = (list(&after, &before), list(&before, &after));
        if gains.is_empty() && loses.is_empty() {
            continue;
        }
        match out.iter_mut().find(|t| t.gains == gains && t.loses == loses) {
            Some(t) => {
                t.count += class.tenants.len();
                t.tenants.extend(named(class));
            }
            None => {
                out.push(There { tenants: named(class), count: class.tenants.len(), gains, loses });
            }
        }
    }
    for t in &mut out {
        t.tenants.sort_by(|a, b| a.1.cmp(&b.1));
        t.tenants.truncate(NAMED);
    }
    out
}

/// What a change would do; the first `limit` people are named.
///
/// # Errors
/// The database's.
pub(super) async fn of(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    thought: &Thought,
    limit: usize,
) -> Result<Preview> {
    let t = permit.tenant();
    // platform: a role of the provider's is used in tenants that its owner does not know.
    let mut c = access.0.store.scan(Scope::Platform).await?;
    let concerned = match thought {
        Thought::Map(g, _) | Thought::Unmap(g, ..) | Thought::Disband(g, _) => {
            db::members(&mut c, t, *g).await?
        }
        Thought::Permit(role, ..) => db::holders(&mut c, *role).await?,
        Thought::Default(t, _) => db::everybody(&mut c, *t).await?,
    };
    drop(c);
    let concerned: HashSet<_> = concerned.iter().map(|w| (w.home, w.user)).collect();
    let after = Then::of(access, thought, &concerned).await?;
    let who: HashSet<_> = concerned.iter().chain(&after.people).copied().collect();
    let who: Vec<_> = who.into_iter().collect();
    let people = access.crowd(&who).await?;
    // Where a default role is had or lost, whatever the change itself is about.
    let by_default = people.iter().flat_map(|s| &s.paths);
    let by_default = by_default.filter(|p| matches!(p.via, Via::Default { .. })).map(|p| &p.reach);
    let reaches: BTreeSet<&Reach> =
        thought.reaches().into_iter().chain(&after.reaches).chain(by_default).collect();
    let reaches: Vec<&Reach> = reaches.into_iter().collect();
    let all = crowd::reaches(&people).chain(reaches.iter().copied());
    let classes = access.alike(&reaches, all).await?;
    let now = access.0.store.clock().now();
    let seen = access.seen(permit).await?;
    let mut out = Preview { people: people.len(), ..Preview::default() };
    for s in &people {
        let then = if concerned.contains(&(s.home, s.user)) {
            thought.applied(&s.paths)
        } else {
            thought.elsewhere(&s.paths)
        };
        let mut then = after.settled(&then);
        effective::stand_back(&s.subject, &mut then);
        let there = differing(s, &then, &classes, seen.as_ref(), now);
        if there.is_empty() {
            continue;
        }
        out.gaining += usize::from(there.iter().any(|t| !t.gains.is_empty()));
        out.losing += usize::from(there.iter().any(|t| !t.loses.is_empty()));
        if s.home != t && !permit.held().global {
            out.not_named += 1;
        } else if out.changes.len() < limit {
            let label = s.label.clone();
            out.changes.push(Changes { home: s.home, user: s.user, label, there });
        } else {
            out.more = true;
        }
    }
    Ok(out)
}

/// What mapping a group of the permit's tenant to a role would do.
///
/// # Errors
/// As [`mappings::create`].
pub async fn map(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    target: Target<'_>,
    group: GroupId,
    role: RoleId,
    limit: usize,
) -> Result<Preview> {
    let path = mappings::thought(access, permit, target, group, role).await?;
    of(access, permit, &Thought::Map(group, Box::new(path)), limit).await
}

/// What deleting a mapping of the permit's tenant would do.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn unmap(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: MappingId,
    limit: usize,
) -> Result<Preview> {
    let m = mappings::get(access, permit, id).await?;
    of(access, permit, &Thought::Unmap(m.group_id, id, m.reach()), limit).await
}

/// What it would do if a directory deleted a group of the permit's tenant, and with it the group's mappings.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn disband(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    group: GroupId,
    limit: usize,
) -> Result<Preview> {
    let reaches = mappings::of_group(access, permit, group).await?;
    of(access, permit, &Thought::Disband(group, reaches), limit).await
}

/// What it would do if a role of the permit's tenant permitted this from now on; `None`: if it were gone, with all that
/// gives it.
///
/// # Errors
/// As [`roles::edit`].
pub async fn role(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: RoleId,
    permissions: Option<BTreeSet<String>>,
    limit: usize,
) -> Result<Preview> {
    let reaches = roles::thought(access, permit, id, permissions.as_ref()).await?;
    of(access, permit, &Thought::Permit(id, permissions.map(Arc::new), reaches), limit).await
}

/// What it would do if a role were the default of the permit's tenant, or none were.
///
/// # Errors
/// As [`defaults::set`].
pub async fn default_role(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    role: Option<RoleId>,
    limit: usize,
) -> Result<Preview> {
    let path = defaults::thought(access, permit, role).await?;
    of(access, permit, &Thought::Default(permit.tenant(), path.map(Box::new)), limit).await
}
