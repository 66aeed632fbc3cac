//! How long sessions and refresh families last: as the instance's settings say, or shorter by the policies of the person's
//! own tenant and of the one they act in, as they are now. All of it is remembered: nothing is asked of the database.

use super::{Gate, over};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    sessions::{self, Family, Limits, Listed, Live, Presented},
    tenants::Policy,
};
use std::time::Duration;

/// What a refresh family's life is measured by.
pub(super) struct Ran {
    home: TenantId,
    tid: TenantId,
    began: Timestamp,
    used: Option<Timestamp>,
}
impl From<&Family> for Ran {
    fn from(f: &Family) -> Self {
        Self { home: f.tenant_id, tid: f.tid, began: f.created_at, used: f.used_before }
    }
}
impl From<&Presented> for Ran {
    fn from(p: &Presented) -> Self {
        Self { home: p.home, tid: p.tid, began: p.created_at, used: p.used_at }
    }
}

impl Gate {
    /// How long sessions last of people of one tenant who act in others: the strictest counts.
    ///
    /// # Errors
    /// The database's.
    pub async fn limits(&self, tenants: &[TenantId]) -> Result<Limits> {
        self.strictest(tenants, self.0.limits, |p, l| p.sessions.within(l)).await
    }
    async fn strictest(
        &self,
        tenants: &[TenantId],
        all: Limits,
        with: fn(&Policy, Limits) -> Limits,
    ) -> Result<Limits> {
        let mut limits = all;
        for (i, t) in tenants.iter().enumerate() {
            if tenants[..i].contains(t) {
                continue;
            }
            if let Some(t) = self.0.facts.tenant(*t).await? {
                limits = with(&t.policy, limits);
            }
        }
        Ok(limits)
    }
    /// Whether a session may act now: the same for cookies, codes and tokens.
    pub(super) async fn live(&self, s: &Live) -> Result<()> {
        let limits = self.limits(&[s.home, s.acting]).await?;
        self.live_within(s, limits)
    }
    /// The same for what is for a tenant: it may want shorter sessions than the one that the session acts in.
    pub(super) async fn live_for(&self, s: &Live, tid: TenantId) -> Result<()> {
        let limits = self.limits(&[s.home, s.acting, tid]).await?;
        self.live_within(s, limits)
    }
    pub(super) fn live_within(&self, s: &Live, limits: Limits) -> Result<()> {
        let now = self.0.store.clock().now();
        if s.ended_at.is_some() {
            return Err(over("the session has ended"));
        }
        if ends(s, limits) <= now || s.last_seen_at.plus(limits.idle) <= now {
            return Err(over("the session has expired"));
        }
        if s.kind == UserKind::Integration {
            return Err(over("an integration user has no session"));
        }
        if !s.user_live {
            return Err(over("the user is disabled"));
        }
        if !s.home_live || !s.acting_live {
            return Err(over("the tenant is suspended"));
        }
        Ok(())
    }
    /// The sessions of somebody that have not ended and are not over, newest first; each with the end that it has now.
    ///
    /// # Errors
    /// The database's.
    pub async fn signed_in(&self, home: TenantId, user: UserId) -> Result<Vec<Listed>> {
        let now = self.0.store.clock().now();
        let mut live = Vec::new();
        for mut s in sessions::list(&self.0.store, home, user).await? {
            let limits = self.limits(&[home, s.acting_tenant]).await?;
            s.expires_at = s.expires_at.min(s.created_at.plus(limits.absolute));
            let unused = s.last_seen_at.plus(limits.idle) <= now;
            if s.ended_at.is_none() && !unused && s.expires_at > now {
                live.push(s);
            }
        }
        Ok(live)
    }
    /// Whether a refresh family may go on. What the instance's settings say of it is in its row; here is what tenants say.
    ///
    /// # Errors
    /// `Unauthenticated`, where it is over; the database's.
    pub async fn family_lasts(&self, family: &Family) -> Result<()> {
        self.lasts(Ran::from(family)).await
    }
    pub(super) async fn lasts(&self, ran: Ran) -> Result<()> {
        if self.ran_out(ran).await? <= self.0.store.clock().now() {
            return Err(over("the refresh token has expired"));
        }
        Ok(())
    }
    /// When tenants let a family end that is not used any more.
    async fn ran_out(&self, ran: Ran) -> Result<Timestamp> {
        let for_ever = Limits { absolute: CENTURY, idle: CENTURY };
        let tenants = [ran.home, ran.tid];
        let limits = self.strictest(&tenants, for_ever, |p, l| p.refresh.within(l)).await?;
        let at_last = ran.began.plus(limits.absolute);
        Ok(ran.used.map_or(at_last, |used| at_last.min(used.plus(limits.idle))))
    }
    /// When a refresh token ends that is not used until then.
    ///
    /// # Errors
    /// The database's.
    pub async fn refresh_ends(&self, t: &Presented) -> Result<Timestamp> {
        Ok(t.expires_at.min(self.ran_out(Ran::from(t)).await?))
    }
    /// Refuses a session that has lasted longer than a tenant lets those last that act there: for what is done there without
    /// choosing it.
    ///
    /// # Errors
    /// [`crate::error::Kind::NeedsStepUp`]; the database's.
    pub async fn lasts_in(&self, s: &Live, tid: TenantId) -> Result<()> {
        let limits = self.limits(&[tid]).await?;
        let now = self.0.store.clock().now();
        if s.created_at.plus(limits.absolute) <= now { Err(super::too_old(s)) } else { Ok(()) }
    }
}

/// Longer than anything lasts.
const CENTURY: Duration = Duration::from_secs(3_200_000_000);

/// When a session ends, however it is used.
pub(super) fn ends(s: &Live, limits: Limits) -> Timestamp {
    s.expires_at.min(s.created_at.plus(limits.absolute))
}
