//! What uses a role: who has it by hand, which groups give it, who is invited to it, for whom it is parked.

mod counts;
mod db;

use super::{Role, find};
use crate::{
    access::{Access, Permit, perm::UsersManageRoles},
    clock::Timestamp,
    error::Result,
    id::{RoleId, TenantId},
    store::{Conn, Scope},
};
pub use counts::{Counts, counts};
pub use db::Holder;

/// Some of those who have a role, and how many there are.
#[derive(Debug, Clone, Default)]
pub struct Holders {
    /// All of them.
    pub total: i64,
    /// The first.
    pub first: Vec<Holder>,
}
impl From<Vec<Holder>> for Holders {
    fn from(first: Vec<Holder>) -> Self {
        Self { total: first.first().map_or(0, |h| h.total), first }
    }
}

/// What uses a role in a tenant.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    /// Grants that have not ended, holds among them: people.
    pub grants: Holders,
    /// Mappings: groups.
    pub mappings: Holders,
    /// Invitations that can still be accepted: addresses.
    pub invitations: Holders,
    /// What a directory took away and nobody has decided about: people.
    pub parked: Holders,
    /// Who may ask for it, for a while: people.
    pub eligible: Holders,
    /// Whether it is the tenant's default role: the tenant.
    pub by_default: Holders,
    /// How many uses there are beyond the tenant, of any of these kinds; they are counted and not named.
    pub elsewhere: i64,
}

impl Uses {
    /// How many there are in the tenant.
    pub fn total(&self) -> i64 {
        let kinds = [
            &self.grants,
            &self.mappings,
            &self.invitations,
            &self.parked,
            &self.eligible,
            &self.by_default,
        ];
        kinds.iter().map(|h| h.total).sum()
    }
    /// Whether nobody has the role anywhere, nor is to have it.
    pub(super) fn none(&self) -> bool {
        self.total() == 0 && self.elsewhere == 0
    }
    /// Who has it, in words.
    pub(super) fn words(&self) -> String {
        let kinds = [
            ("held by", &self.grants),
            ("mapped from the group", &self.mappings),
            ("promised in the invitation of", &self.invitations),
            ("kept until somebody decides for", &self.parked),
            ("to be asked for by", &self.eligible),
            ("the default role of", &self.by_default),
        ];
        let mut parts = Vec::new();
        for (words, holders) in kinds.iter().filter(|(_, h)| h.total > 0) {
            let named: Vec<String> =
                holders.first.iter().map(|h| format!("'{}'", h.name)).collect();
            let rest = holders.total - i64::try_from(named.len()).unwrap_or(0);
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            parts.push(format!("{words} {}{more}", named.join(", ")));
        }
        if self.elsewhere > 0 {
            let times = match self.elsewhere {
                1 => "once".to_owned(),
                n => format!("{n} times"),
            };
            parts.push(format!("given {times} beyond this tenant"));
        }
        parts.join("; ")
    }
}

/// What uses the role in the tenant `t` at `now`, and how often it is used elsewhere; at most `limit` of each kind are
/// named. The reader sees all tenants.
pub(super) async fn gather(
    c: &mut Conn,
    id: RoleId,
    t: TenantId,
    now: Timestamp,
    limit: u32,
) -> Result<Uses> {
    let at_most = i64::from(limit.max(1));
    let (mut here, mut elsewhere) = (Vec::new(), db::elsewhere(c, id, t, now).await?);
    for i in db::invitations(c, &format!("%{}%", id.0), now).await? {
        for planned in i.plan.0.iter().filter(|p| p.role == id) {
            if planned.tenant == Some(t) {
                here.push(Holder {
                    id: i.id,
                    tenant_id: i.tenant_id,
                    name: i.email.clone(),
                    total: 0,
                });
            } else {
                elsewhere += 1;
            }
        }
    }
    let total = i64::try_from(here.len()).unwrap_or(i64::MAX);
    here.truncate(limit.max(1) as usize);
    Ok(Uses {
        grants: db::grants(c, id, t, now, at_most).await?.into(),
        mappings: db::mappings(c, id, t, at_most).await?.into(),
        invitations: Holders { total, first: here },
        parked: db::parked(c, id, t, at_most).await?.into(),
        eligible: db::eligible(c, id, t, at_most).await?.into(),
        by_default: db::by_default(c, id, t).await?.into(),
        elsewhere,
    })
}

/// What uses a role in the permit's tenant; at most `limit` of each kind are named. Beyond the tenant uses are counted for
/// the role's owner and for who holds everything; for others that is 0.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn uses(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: RoleId,
    limit: u32,
) -> Result<(Role, Uses)> {
    // platform: a role offered to all is used in tenants that its owner does not know.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let role = find(&mut c, access.catalogue(), permit.tenant(), id).await?;
    let now = access.0.store.clock().now();
    let mut uses = gather(&mut c, id, permit.tenant(), now, limit).await?;
    if role.tenant != Some(permit.tenant()) && !permit.held().global {
        uses.elsewhere = 0;
    }
    Ok((role, uses))
}
