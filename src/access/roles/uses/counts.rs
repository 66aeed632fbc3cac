//! How often each of several roles is used: what a list of them says, without a name.

use super::db;
use crate::{
    access::{Access, Permit, perm::UsersManageRoles, roles::Role},
    error::Result,
    id::RoleId,
    store::Scope,
};
use std::collections::BTreeMap;

/// How often a role is used in a tenant, by the way in which it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Grants that have not ended, holds among them.
    pub grants: i64,
    /// Mappings.
    pub mappings: i64,
    /// Invitations that can still be accepted.
    pub invitations: i64,
    /// What a directory took away and nobody has decided about.
    pub parked: i64,
    /// People who may ask for it, for a while.
    pub eligible: i64,
    /// 1 where it is the tenant's default role.
    pub by_default: i64,
    /// Uses beyond the tenant, of any of these kinds.
    pub elsewhere: i64,
}

impl Counts {
    fn add(&mut self, way: i64, n: i64) {
        let of = match way {
            db::GRANT => &mut self.grants,
            db::MAPPING => &mut self.mappings,
            db::PARKED => &mut self.parked,
            db::ELIGIBLE => &mut self.eligible,
            _ => &mut self.by_default,
        };
        *of += n;
    }
}

/// What [`super::uses`] counts of each of the roles, in the permit's tenant: as many questions for fifty roles as for one.
/// A role that is not used is not in it.
///
/// # Errors
/// The database's.
pub async fn counts(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    roles: &[Role],
) -> Result<BTreeMap<RoleId, Counts>> {
    let t = permit.tenant();
    // platform: a role offered to all is used in tenants that its owner does not know.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let now = access.0.store.clock().now();
    let mut all: BTreeMap<RoleId, Counts> = BTreeMap::new();
    let ids: Vec<RoleId> = roles.iter().map(|r| r.id).collect();
    for used in db::here(&mut c, &ids, t, now).await? {
        all.entry(used.role_id).or_default().add(used.way, used.n);
    }
    let global = permit.held().global;
    let beyond: Vec<&Role> = roles.iter().filter(|r| global || r.tenant == Some(t)).collect();
    let ids: Vec<RoleId> = beyond.iter().map(|r| r.id).collect();
    if !ids.is_empty() {
        for used in db::beyond(&mut c, &ids, t, now).await? {
            all.entry(used.role_id).or_default().elsewhere += used.n;
        }
    }
    // Elsewhere only these are promised, so that only for them everybody's invitations are read.
    let promised = beyond.iter().any(|r| r.tenant.is_none() || r.offered);
    let holds = if promised { "%".to_owned() } else { format!("%{}%", t.0) };
    for planned in db::invitations(&mut c, &holds, now).await?.iter().flat_map(|i| &i.plan.0) {
        if planned.tenant == Some(t) {
            all.entry(planned.role).or_default().invitations += 1;
        } else if ids.contains(&planned.role) {
            all.entry(planned.role).or_default().elsewhere += 1;
        }
    }
    Ok(all)
}
