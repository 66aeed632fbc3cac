//! Who could approve a request: by the same computation that their approval is measured with.

use super::Elevation;
use crate::{
    access::{
        Access, Effective, Permit, Reach,
        catalogue::GLOBAL_ADMINISTRATOR,
        perm::{Permission as _, UsersManageRoles},
        roles, rules,
    },
    error::Result,
    id::{TenantId, UserId},
    store::Scope,
};
use std::sync::Arc;

/// So many are looked at together.
const LOOK: usize = 100;

/// At most `most` people who could approve a request; `p` is the server's own right where it is to hold, or in the home
/// of who asked, if that is beyond one tenant.
///
/// # Errors
/// The database's.
pub async fn approvers(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    e: &Elevation,
    most: usize,
) -> Result<Vec<(TenantId, UserId)>> {
    let (reach, who) = (e.reach(), (e.tenant_id, e.user_id));
    // platform: the role may be the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let role = roles::named(&mut c, access, reach.tenant().unwrap_or(who.0), e.role_id).await?;
    drop(c);
    let Some(role) = role else { return Ok(Vec::new()) };
    let (mut out, mut after) = (Vec::new(), None);
    loop {
        let able = access.who_can(p, UsersManageRoles::ID, after, LOOK).await?;
        for a in &able {
            let held = access.holds_over((a.home, a.user), &reach).await?;
            let enough = held.allows(UsersManageRoles::ID)
                && (role.id != GLOBAL_ADMINISTRATOR && reach != Reach::All || held.global)
                && rules::beyond(&role.permissions, &held.permissions).is_empty();
            if enough && (a.home, a.user) != who {
                out.push((a.home, a.user));
            }
            if out.len() == most {
                return Ok(out);
            }
        }
        match able.last() {
            Some(last) if able.len() == LOOK => after = Some(last.user),
            _ => return Ok(out),
        }
    }
}

impl Access {
    /// What somebody holds wherever `reach` reaches, now.
    pub(in crate::access) async fn holds_over(
        &self,
        (home, user): (TenantId, UserId),
        reach: &Reach,
    ) -> Result<Arc<Effective>> {
        match reach {
            Reach::Tenant(t) => self.effective(home, user, *t).await,
            Reach::All => self.effective(home, user, TenantId::PLATFORM).await,
            Reach::Tenants(some) => {
                let mut all: Option<Effective> = None;
                for t in some.iter() {
                    let there = self.effective(home, user, *t).await?;
                    all = Some(all.map_or_else(|| (*there).clone(), |a| a.shared(&there)));
                }
                Ok(Arc::new(all.unwrap_or_default()))
            }
            _ => {
                let Some(p) = self.0.people.person(home, user).await? else {
                    return Ok(Arc::default());
                };
                let (now, settled) = (self.0.people.now(), self.0.people.settle(&p).await?);
                Ok(Arc::new(Effective::throughout(&p.subject, &settled.paths, reach, now)))
            }
        }
    }
}
