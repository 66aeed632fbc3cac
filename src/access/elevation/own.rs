//! What somebody does about their own elevations: asks for a role, takes that back, gives the role back early.

use super::{
    Elevation, Eligibility, State, Stored, about, approve::lapse, db, gone, minutes, tell, told,
};
use crate::{
    access::{Access, Reach, catalogue::SELF_SERVICE, grants::end_now},
    actor::{Actor, Principal, UserKind},
    error::{Error, Kind as ErrorKind, Result},
    id::{ElevationId, EligibilityId, SessionId, TenantId, UserId},
    store::{Cx, Lock, Scope},
    text, tx,
};
use serde_json::json;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// So often may one ask within a day by one eligibility, and take it back or be refused.
const IN_VAIN: i64 = 5;

/// The right to one's own affairs: a person's by their session, or a token's that has `self_service` among its scopes,
/// in the tenant that it is bound to. Only [`Access::own`] makes one.
#[derive(Debug, Clone)]
pub struct Own {
    actor: Actor,
    home: TenantId,
    user: UserId,
    bound: Option<TenantId>,
}

impl Own {
    /// Whose.
    pub fn who(&self) -> (TenantId, UserId) {
        (self.home, self.user)
    }
    /// For what is theirs in their own tenant, such as their sessions.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] for a token that is bound to another tenant.
    pub fn at_home(&self) -> Result<Cx> {
        if self.bound.is_some_and(|t| t != self.home) {
            let text = "this takes a token for the person's own tenant";
            return Err(Error::forbidden(text));
        }
        Ok(Cx::new(self.actor.clone(), Scope::Tenant(self.home)))
    }
    /// The session that asks, if one does.
    pub fn session(&self) -> Option<SessionId> {
        match self.actor.principal() {
            Principal::User { session, .. } => *session,
            _ => None,
        }
    }
    fn within(&self, reach: &Reach) -> bool {
        self.bound.is_none_or(|t| *reach == Reach::Tenant(t))
    }
}

impl Access {
    /// The caller's right to their own affairs.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`] for who is no person, and for a token without the scope.
    pub fn own(&self, actor: &Actor) -> Result<Own> {
        let Principal::User { home, user, kind, scopes, bound, .. } = actor.principal() else {
            return Err(Error::forbidden("only a person has roles to ask for, and sessions"));
        };
        if *kind == UserKind::Integration {
            return Err(Error::forbidden(
                "integration users ask for no roles, and have no sessions",
            ));
        }
        if scopes.as_ref().is_some_and(|s| !s.iter().any(|s| s == SELF_SERVICE)) {
            return Err(Error::forbidden(format!("the scope '{SELF_SERVICE}' is needed here")));
        }
        Ok(Own { actor: actor.clone(), home: *home, user: *user, bound: *bound })
    }
}

/// What one may ask for.
///
/// # Errors
/// The database's.
pub async fn mine(access: &Access, own: &Own) -> Result<Vec<Eligibility>> {
    let now = access.0.store.clock().now();
    // platform: the roles may be the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let mut all = db::of_user(&mut c, own.home, own.user).await?;
    all.retain(|e| e.stands(now) && own.within(&e.reach()));
    Ok(all)
}

/// What one asked for, newest first.
///
/// # Errors
/// The database's.
pub async fn my_requests(
    access: &Access,
    own: &Own,
    before: Option<ElevationId>,
    limit: u32,
) -> Result<Vec<Elevation>> {
    // platform: the roles may be the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::requests_of(&mut c, own.who(), own.bound, before, i64::from(limit)).await
}

/// Asks for a role by an eligibility, for so many minutes; nobody needs to decide after `wait`.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] for an eligibility that is not one's own; [`crate::error::Kind::Invalid`] for more
/// minutes than it permits, or no reason; [`ErrorKind::Conflict`] when it is asked for already, or runs;
/// [`ErrorKind::RateLimited`] after five times within a day that nobody approved.
pub async fn ask(
    access: &Access,
    own: &Own,
    id: EligibilityId,
    wanted: i64,
    reason: &str,
    wait: Duration,
) -> Result<Elevation> {
    let reason = text::checked("reason", reason.trim(), 2000)?.to_owned();
    if reason.is_empty() {
        return Err(Error::invalid("'reason' is empty: whoever decides reads it").attr("reason"));
    }
    // platform: the role may be the provider's, and its tenant is told.
    let cx = Cx::new(own.actor.clone(), Scope::Platform);
    let (own, request) = (own.clone(), ElevationId::new());
    tx!(access.0.store, &cx, [own, reason], |tx| {
        tx.lock(Lock::User(own.user)).await?;
        let all = db::of_user(tx, own.home, own.user).await?;
        let now = tx.now();
        let e = all.into_iter().find(|e| e.id == id && e.stands(now) && own.within(&e.reach()));
        let e = e.ok_or_else(|| gone().attr("eligibility"))?;
        minutes("minutes", wanted, e.max_minutes, "what the eligibility permits")?;
        if db::busy(tx, own.home, id).await? {
            return Err(Error::conflict("the role is asked for already, or held"));
        }
        // One that nobody decided in time, and that was not noticed yet.
        for late in db::open_of(tx, own.home, id).await? {
            lapse(tx, own.home, late).await?;
        }
        // Whoever could decide is written to each time.
        if db::in_vain(tx, own.home, id, now.minus(DAY)).await? >= IN_VAIN {
            let text = format!("the role was asked for {IN_VAIN} times in vain within a day");
            return Err(Error::new(ErrorKind::RateLimited, text));
        }
        db::ask(tx, request, &e, wanted, &reason, now.plus(wait)).await?;
        let made = db::request(tx, request).await?;
        let made = made.ok_or_else(|| Error::not_found("elevation"))?;
        tell(tx, &made, false).await?;
        let event = |t| about(("elevation.ask", t), &made, &json!({}), Some(&made.reason));
        told(tx, (&e.reach(), own.home), event).await?;
        Ok(made)
    })
}

/// Takes back what one asked for, or gives the role back before its time.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Conflict`] when it is over already.
pub async fn give_back(access: &Access, own: &Own, id: ElevationId) -> Result<()> {
    // platform: what relied on the role may be anywhere.
    let cx = Cx::new(own.actor.clone(), Scope::Platform).urgent();
    let (own, catalogue) = (own.clone(), access.catalogue().clone());
    tx!(access.0.store, &cx, [own, catalogue], |tx| {
        tx.lock(Lock::User(own.user)).await?;
        let who = own.who();
        let found = db::request(tx, id).await?;
        let found = found.filter(|e| (e.tenant_id, e.user_id) == who && own.within(&e.reach()));
        let e = found.ok_or_else(|| Error::not_found("elevation"))?;
        let action = match (e.state(tx.now()), e.grant_id) {
            (State::Open, _) => {
                db::decide(tx, own.home, id, Stored::Cancelled, None, None).await?;
                "elevation.cancel"
            }
            (State::Running, Some(grant)) => {
                end_now(tx, &catalogue, who, &[grant]).await?;
                "elevation.return"
            }
            _ => return Err(Error::conflict("it is over already")),
        };
        let event = |t| about((action, t), &e, &json!({}), None);
        told(tx, (&e.reach(), own.home), event).await
    })
}
