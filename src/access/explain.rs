//! "Can they do this there, and why": the same paths that enforcement adds up.

use super::{
    Access, Path, Permit, Reach, RoleRef, Subject,
    catalogue::GLOBAL_ADMINISTRATOR,
    db, effective, elevation, mappings,
    perm::{UsersManageRoles, UsersView},
    roles, rules,
};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::{EligibilityId, GroupId, TenantId, UserId},
    store::Scope,
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
    pub nothing_counts: Option<String>,
    /// What must be done before anything counts, if that is so.
    pub first: Option<String>,
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
    pub nothing_counts: Option<String>,
    /// Every way in which they have a role, with the reason where it does not count.
    pub paths: Vec<(Path, Option<String>)>,
}

/// What keeps everything that somebody has from counting, and what is to be done about it.
#[derive(Debug, Default)]
struct Off {
    why: Vec<&'static str>,
    first: Vec<&'static str>,
}
impl Off {
    fn say(&mut self, why: &'static str, first: &'static str) {
        self.why.push(why);
        self.first.push(first);
    }
    fn why(&self) -> Option<String> {
        (!self.why.is_empty()).then(|| self.why.join(", and "))
    }
    fn first(&self) -> Option<String> {
        (!self.first.is_empty()).then(|| format!("first: {}", self.first.join(", and ")))
    }
}

const NOT_CHOSEN: &str = "the permissions chosen for the integration user do not include it";

/// Why a way does not count, if it does not.
fn why_void(
    subject: &Subject,
    p: &Path,
    nothing_counts: Option<&String>,
    now: Timestamp,
) -> Option<String> {
    match (nothing_counts, effective::void(subject, p)) {
        (Some(why), _) => Some(why.clone()),
        (None, Some(why)) => Some(why.to_owned()),
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
        let nothing_counts = self.off((permit.tenant(), user), &person.subject).await?.why();
        let why = |p: &Path| why_void(&person.subject, p, nothing_counts.as_ref(), now);
        let settled = self.0.people.settle(&person).await?;
        Ok(Holdings {
            user_label: person.label.clone(),
            paths: settled.paths.iter().map(|p| (p.clone(), why(p))).collect(),
            nothing_counts,
        })
    }
    /// Which switches of a user's own are off.
    async fn off(&self, (home, user): (TenantId, UserId), subject: &Subject) -> Result<Off> {
        let mut off = Off::default();
        if subject.live {
            return Ok(off);
        }
        // platform: of somebody who may be of another tenant.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let Some(s) = db::switches(&mut c, home, user).await? else { return Ok(off) };
        if !s.enabled {
            off.say("the user is switched off by hand", "switch the user on");
        }
        if !s.active {
            let first = "have the user's directory activate them again";
            off.say("the user is deactivated by their directory", first);
        }
        if s.home_status != "active" {
            off.say("the user's own tenant is suspended", "resume the user's own tenant");
        }
        Ok(off)
    }
    /// Whether a user has a permission in the permit's tenant, and why or why not.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] for a user who is neither of the tenant nor has anything in it,
    /// [`crate::error::Kind::Invalid`] for a permission the catalogue does not have.
    pub async fn explain(
        &self,
        permit: &Permit<UsersManageRoles>,
        who: (TenantId, UserId),
        permission: &str,
    ) -> Result<Explanation> {
        self.explained(permit, who, who.0 == permit.tenant(), permission).await
    }
    /// The same of a user of a tenant whose people the caller sees, tied to the permit's tenant or not.
    ///
    /// # Errors
    /// As [`Self::explain`]; [`crate::error::Kind::NotFound`] only for a user who is not there.
    pub async fn explain_seen(
        &self,
        permit: &Permit<UsersManageRoles>,
        seen: &Permit<UsersView>,
        user: UserId,
        permission: &str,
    ) -> Result<Explanation> {
        self.explained(permit, (seen.tenant(), user), true, permission).await
    }
    async fn explained(
        &self,
        permit: &Permit<UsersManageRoles>,
        (home, user): (TenantId, UserId),
        seen: bool,
        permission: &str,
    ) -> Result<Explanation> {
        let tenant = permit.tenant();
        super::who_can::known(self, permission)?;
        let person = self.0.people.person(home, user).await?;
        let missing = || Error::not_found("user").attr("user");
        let person = person.ok_or_else(missing)?;
        let reaching = self.0.people.reaching(&person, tenant).await?;
        if !seen && reaching.is_empty() {
            return Err(missing());
        }
        let now = self.0.store.clock().now();
        let e = self.0.people.effective(&person, tenant).await?;
        let mut off = self.off((home, user), &person.subject).await?;
        if (home != tenant || off.why.is_empty()) && !self.0.people.live(tenant).await? {
            off.say("the tenant is suspended", "resume the tenant");
        }
        let (nothing_counts, first) = (off.why(), off.first());
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
                let why = why_void(&person.subject, &p, nothing_counts.as_ref(), now);
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
            first,
            paths: e.paths.iter().filter(|p| gives(p) && !unchosen).cloned().collect(),
            void,
            needed,
        })
    }
}
