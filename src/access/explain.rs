//! "Can they do this there, and why": the same paths that enforcement adds up.

use super::{
    Access, Path, Permit, Reach, RoleRef, Subject, catalogue::GLOBAL_ADMINISTRATOR, effective,
    elevation, mappings, perm::UsersManageRoles, roles, rules,
};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::{EligibilityId, GroupId, TenantId, UserId},
};

/// The answer.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Whether they can, now.
    pub allowed: bool,
    /// What was asked for.
    pub permission: String,
    /// Where.
    pub tenant: TenantId,
    /// The user's name.
    pub user_label: String,
    /// Why nothing counts at all (the user or the tenant is switched off), if that is so.
    pub nothing_counts: Option<&'static str>,
    /// Every way in which they have it.
    pub paths: Vec<Path>,
    /// Ways that would give it but do not count, each with the reason.
    pub void: Vec<(Path, String)>,
    /// If they cannot: the roles of which any one would be enough.
    pub needed: Vec<Needed>,
}

/// A role that would be enough.
#[derive(Debug, Clone)]
pub struct Needed {
    /// The role.
    pub role: RoleRef,
    /// Why the user cannot be given it in this tenant, if their kind or their home forbids it.
    pub cannot: Option<&'static str>,
    /// Groups of the user's own company that give it there already: to be in one of them would be enough.
    pub groups: Vec<(GroupId, String)>,
    /// By what the user may ask for it there, for a while.
    pub eligible: Option<EligibilityId>,
}

/// Everything somebody has anywhere, and why.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// The user's name.
    pub user_label: String,
    /// Why nothing counts at all (the user is switched off), if that is so.
    pub nothing_counts: Option<&'static str>,
    /// Every way in which they have a role, with the reason where it does not count.
    pub paths: Vec<(Path, Option<String>)>,
}

const NOT_LIVE: &str =
    "the user is switched off, deactivated by the directory, or of a suspended tenant";

const NOT_CHOSEN: &str = "the permissions chosen for the integration user do not include it";

/// Why a way does not count, if it does not.
fn why_void(
    subject: &Subject,
    p: &Path,
    nothing_counts: Option<&'static str>,
    now: Timestamp,
) -> Option<String> {
    match (nothing_counts, effective::void(subject, p)) {
        (Some(why), _) | (None, Some(why)) => Some(why.to_owned()),
        _ if p.since > now => Some(format!("it begins at {}", p.since.rfc3339())),
        _ if let Some(end) = p.until.filter(|u| *u <= now) => {
            Some(format!("it ended at {}", end.rfc3339()))
        }
        _ => None,
    }
}

impl Access {
    /// What a user of the permit's tenant has, in any tenant.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`].
    pub async fn holdings(
        &self,
        permit: &Permit<UsersManageRoles>,
        user: UserId,
    ) -> Result<Holdings> {
        let person = self.0.people.person(permit.tenant(), user).await?;
        let person = person.ok_or_else(|| Error::not_found("user"))?;
        let now = self.0.store.clock().now();
        let nothing_counts = (!person.subject.live).then_some(NOT_LIVE);
        let why = |p: &Path| why_void(&person.subject, p, nothing_counts, now);
        let settled = self.0.people.settle(&person).await?;
        Ok(Holdings {
            user_label: person.label.clone(),
            nothing_counts,
            paths: settled.paths.iter().map(|p| (p.clone(), why(p))).collect(),
        })
    }
    /// Whether a user has a permission in the permit's tenant, and why or why not.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] for a user who is neither of the tenant nor has anything in it,
    /// [`crate::error::Kind::Invalid`] for a permission the catalogue does not have.
    pub async fn explain(
        &self,
        permit: &Permit<UsersManageRoles>,
        (home, user): (TenantId, UserId),
        permission: &str,
    ) -> Result<Explanation> {
        let tenant = permit.tenant();
        super::who_can::known(self, permission)?;
        let person = self.0.people.person(home, user).await?;
        let missing = || Error::not_found("user").attr("user");
        let person = person.ok_or_else(missing)?;
        let reaching = self.0.people.reaching(&person, tenant).await?;
        if home != tenant && reaching.is_empty() {
            return Err(missing());
        }
        let now = self.0.store.clock().now();
        let e = self.0.people.effective(&person, tenant).await?;
        let nothing_counts = if !person.subject.live {
            Some(NOT_LIVE)
        } else if !self.0.people.live(tenant).await? {
            Some("the tenant is suspended")
        } else {
            None
        };
        let gives = |p: &&Path| p.permissions.contains(permission);
        let unchosen = !person.subject.can_hold(permission);
        let mut reaching = reaching;
        if !e.allows(permission) {
            // What has ended is not kept with the person; who asks why, wants to know of it.
            reaching.extend(self.0.people.ended(&person, (home, user), tenant).await?);
        }
        let void = reaching
            .into_iter()
            .filter(|p| gives(&p))
            .filter_map(|p| {
                let why = why_void(&person.subject, &p, nothing_counts, now);
                let why = why.or_else(|| unchosen.then(|| NOT_CHOSEN.to_owned()))?;
                Some((p, why))
            })
            .collect();
        let allowed = e.allows(permission);
        let needed = if allowed {
            Vec::new()
        } else {
            let all = roles::list(self, permit).await?;
            let mut groups = mappings::reaching(self, home, tenant).await?;
            let open = elevation::open_to(self, (home, user), tenant).await?;
            let mut needed = Vec::new();
            for r in all.iter().filter(|r| r.permissions.contains(permission)) {
                let reach = match r.id {
                    GLOBAL_ADMINISTRATOR => Reach::All,
                    _ => Reach::Tenant(tenant),
                };
                let s = &person.subject;
                let cannot = rules::out_of_bounds(s.kind, home, s.provider, r.id, &reach);
                let cannot = cannot.or_else(|| unchosen.then_some(NOT_CHOSEN));
                let (these, rest) = groups.into_iter().partition(|(role, _, _)| *role == r.id);
                groups = rest;
                let groups = if cannot.is_some() { Vec::new() } else { these };
                let groups = groups.into_iter().map(|(_, id, name)| (id, name)).collect();
                let eligible = open.iter().find(|e| e.role_id == r.id).map(|e| e.id);
                needed.push(Needed { role: r.to_ref(), cannot, groups, eligible });
            }
            needed
        };
        Ok(Explanation {
            allowed,
            permission: permission.to_owned(),
            tenant,
            user_label: person.label.clone(),
            nothing_counts,
            paths: e.paths.iter().filter(|p| gives(p) && !unchosen).cloned().collect(),
            void,
            needed,
        })
    }
}
