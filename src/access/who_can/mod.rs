//! Who can do something in a tenant: the question of [`super::explain`], asked the other way round, by the same
//! computation. Whoever has a role that could give it is looked at; who is answered with holds it now.

mod db;

pub(super) use db::candidates;

use super::{
    Access, Effective, Path, Permit, Site, catalogue::SELF_SERVICE, crowd::Somebody,
    perm::UsersManageRoles, roles,
};
use crate::{
    error::{Error, Result},
    id::{RoleId, TenantId, UserId},
    store::Scope,
    text,
};

/// Somebody who can, and why.
#[derive(Debug, Clone)]
pub struct Able {
    /// Their tenant.
    pub home: TenantId,
    /// Who.
    pub user: UserId,
    /// Their name.
    pub label: String,
    /// Every way in which they can; there is one.
    pub paths: Vec<Path>,
}

/// So many are looked at in one go, at most.
const LOOK: i64 = 1_000;

/// Refuses what is no permission of the catalogue.
pub(super) fn known(access: &Access, permission: &str) -> Result<()> {
    if permission == SELF_SERVICE || access.catalogue().all().contains(permission) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "'{}' is not a permission of the catalogue",
        text::excerpt(permission)
    ))
    .attr("permission"))
}

impl Access {
    /// Who can do `permission` in the permit's tenant now, in the order of their ids, after `after`; at most `limit`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] for a permission the catalogue does not have.
    pub async fn who_can(
        &self,
        permit: &Permit<UsersManageRoles>,
        permission: &str,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Able>> {
        known(self, permission)?;
        let t = permit.tenant();
        let mut out = Vec::new();
        let Some(row) = self.0.people.tenant(t).await?.filter(|r| r.status == "active") else {
            return Ok(out);
        };
        let site = Site { tenant: t, tags: &row.tags.0 };
        let all = roles::list(self, permit).await?;
        let giving: Vec<RoleId> =
            all.iter().filter(|r| r.permissions.contains(permission)).map(|r| r.id).collect();
        let (mut after, mut look) = (after, i64::try_from(limit).unwrap_or(LOOK).clamp(1, LOOK));
        loop {
            // platform: who can do something in a tenant may be at home in the provider's.
            let mut c = self.0.store.scan(Scope::Platform).await?;
            let found = db::candidates(&mut c, t, &giving, after, look).await?;
            drop(c);
            let who: Vec<_> = found.iter().map(|f| (f.home, f.user)).collect();
            let mut people = self.crowd(&who).await?;
            people.sort_by_key(|s| s.user);
            let now = self.0.store.clock().now();
            for s in people {
                let e = Effective::compute(&s.subject, &s.paths, site, now);
                if !e.allows(permission) {
                    continue;
                }
                let mut paths = e.paths;
                paths.retain(|p| p.permissions.contains(permission));
                out.push(Able { home: s.home, user: s.user, label: s.label, paths });
                if out.len() == limit {
                    return Ok(out);
                }
            }
            match found.last() {
                Some(last) if found.len() == usize::try_from(look).unwrap_or(0) => {
                    after = Some(last.user);
                    // Most of those who have a way can: where they cannot, more are looked at.
                    look = LOOK.min(look * 4);
                }
                _ => return Ok(out),
            }
        }
    }
    /// Those of the permit's tenant's own people who hold `role` there now, by whatever way, in the order of their ids, after
    /// `after`: at most `look` are looked at, and the second is after whom to look on, where there may be more.
    ///
    /// # Errors
    /// The database's.
    pub async fn holders(
        &self,
        permit: &Permit<UsersManageRoles>,
        role: RoleId,
        after: Option<UserId>,
        look: u32,
    ) -> Result<(Vec<UserId>, Option<UserId>)> {
        let t = permit.tenant();
        let Some(row) = self.0.people.tenant(t).await?.filter(|r| r.status == "active") else {
            return Ok((Vec::new(), None));
        };
        let site = Site { tenant: t, tags: &row.tags.0 };
        let mut c = self.0.store.scan(Scope::Tenant(t)).await?;
        let found = db::holders(&mut c, t, role, after, i64::from(look)).await?;
        drop(c);
        let more = found.last().copied().filter(|_| found.len() >= look as usize);
        let who: Vec<_> = found.iter().map(|u| (t, *u)).collect();
        let (people, now) = (self.crowd(&who).await?, self.0.store.clock().now());
        let has = |s: &Somebody| {
            let e = Effective::compute(&s.subject, &s.paths, site, now);
            e.roles.iter().any(|r| r.id == role)
        };
        let mut out: Vec<UserId> = people.iter().filter(|s| has(s)).map(|s| s.user).collect();
        out.sort();
        Ok((out, more))
    }
}
