//! How often each of several roles is used: what a list of them says, without a name.

use super::db;
use crate::{
    access::{Access, Permit, perm::UsersManageRoles, roles::Role},
    error::Result,
    id::RoleId,
    store::Scope,
};
use std::collections::BTreeMap;

/// How often a role is used in a tenant, by the way in which it is; of each, 1000 at most are counted.
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

/// Each way is counted so far: a list says "1,000 or more".
const MOST: i64 = 1_000;

/// What [`super::uses`] counts of each of the roles, in the permit's tenant: as many questions for fifty roles as for one.
///
/// # Errors
/// The database's.
pub async fn counts(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    roles: &[Role],
) -> Result<BTreeMap<RoleId, Counts>> {
    let (t, global) = (permit.tenant(), permit.held().global);
    // platform: a role offered to all is used in tenants that its owner does not know.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let now = access.0.store.clock().now();
    let ids: Vec<RoleId> = roles.iter().map(|r| r.id).collect();
    let here = db::here(&mut c, &ids, t, now, MOST).await?;
    let mut all: BTreeMap<RoleId, Counts> = here.iter().map(of).collect();
    let beyond: Vec<&Role> = roles.iter().filter(|r| global || r.tenant == Some(t)).collect();
    let ids: Vec<RoleId> = beyond.iter().map(|r| r.id).collect();
    if !ids.is_empty() {
        for used in db::beyond(&mut c, &ids, t, now, MOST).await? {
            all.entry(used.role_id).or_default().elsewhere = used.n;
        }
    }
    // Elsewhere only these are promised, so that only for them everybody's invitations are read.
    let everybody = beyond.iter().any(|r| r.tenant.is_none() || r.offered);
    for planned in db::plans(&mut c, t, everybody, now).await?.iter().flat_map(|i| &i.plan.0) {
        let Some(n) = all.get_mut(&planned.role) else { continue };
        if planned.tenant == Some(t) {
            n.invitations += 1;
        } else if ids.contains(&planned.role) {
            n.elsewhere += 1;
        }
    }
    for n in all.values_mut() {
        n.invitations = n.invitations.min(MOST);
        n.elsewhere = n.elsewhere.min(MOST);
    }
    Ok(all)
}

fn of(h: &db::Here) -> (RoleId, Counts) {
    let counts = Counts {
        grants: h.grants,
        mappings: h.mappings,
        parked: h.parked,
        eligible: h.eligible,
        by_default: h.by_default,
        ..Counts::default()
    };
    (h.role_id, counts)
}
