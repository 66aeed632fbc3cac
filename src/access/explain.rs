//! "Can they do this there, and why": the same paths that enforcement adds up.

use super::{
    Access, Path, Permit, RoleRef, Subject, catalogue::SELF_SERVICE, effective,
    perm::UsersManageRoles, roles,
};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::{TenantId, UserId},
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
    pub needed: Vec<RoleRef>,
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
        _ if p.until.is_some_and(|u| u <= now) => Some("it has ended".to_owned()),
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
        Ok(Holdings {
            user_label: person.label.clone(),
            nothing_counts,
            paths: person.paths.iter().map(|p| (p.clone(), why(p))).collect(),
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
        if permission != SELF_SERVICE && !self.catalogue().all().contains(permission) {
            return Err(Error::invalid(format!(
                "'{}' is not a permission of the catalogue",
                crate::text::excerpt(permission)
            ))
            .attr("permission"));
        }
        let person = self.0.people.person(home, user).await?;
        let person = person
            .filter(|p| home == tenant || p.paths.iter().any(|p| p.reach.covers(tenant)))
            .ok_or_else(|| Error::not_found("user"))?;
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
        let void = person
            .paths
            .iter()
            .filter(|p| p.reach.covers(tenant))
            .filter(gives)
            .filter_map(|p| {
                why_void(&person.subject, p, nothing_counts, now).map(|why| (p.clone(), why))
            })
            .collect();
        let allowed = e.allows(permission);
        let needed = if allowed {
            Vec::new()
        } else {
            let roles = roles::list(self, permit).await?;
            roles
                .iter()
                .filter(|r| r.permissions.contains(permission))
                .map(roles::Role::to_ref)
                .collect()
        };
        Ok(Explanation {
            allowed,
            permission: permission.to_owned(),
            tenant,
            user_label: person.label.clone(),
            nothing_counts,
            paths: e.paths.iter().filter(gives).cloned().collect(),
            void,
            needed,
        })
    }
}
