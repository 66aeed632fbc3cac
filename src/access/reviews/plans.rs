//! Reviews that begin by themselves, every so many days.

use super::{
    Filter, Reviewer, Undecided, db,
    open::{self, Draft},
};
use crate::{
    access::{Access, Permit, perm::UsersManageRoles},
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::{ReviewPlanId, TenantId, UserId},
    row,
    store::{Cx, J, Scope},
    tx,
};
use serde_json::json;
use std::time::Duration;

row! {
    /// What begins a review every so many days.
    #[derive(Debug, Clone)]
    pub struct Plan {
        /// In which tenant.
        pub tenant_id: TenantId,
        /// Its own.
        pub id: ReviewPlanId,
        /// The reviews' name.
        pub name: String,
        /// What they are about.
        pub filter: J<Filter>,
        /// Who decides.
        pub reviewers: J<Vec<Reviewer>>,
        /// What becomes of what nobody decides about.
        pub undecided: Undecided,
        /// How many days after one the next begins.
        pub every_days: i64,
        /// How long there is to decide.
        pub decide_seconds: i64,
        /// When the next begins.
        pub next_at: Timestamp,
        /// Who made it ([`crate::actor::Actor::label`]).
        pub created_by: String,
        /// Their tenant, if they are a user.
        pub created_by_tenant: Option<TenantId>,
        /// The user.
        pub created_by_user: Option<UserId>,
        /// When.
        pub created_at: Timestamp,
    }
}

/// So many days.
pub(super) fn days(n: i64) -> Duration {
    Duration::from_secs(n.unsigned_abs() * 24 * 3600)
}

/// What begins reviews in the permit's tenant, oldest first.
///
/// # Errors
/// The database's.
pub async fn plans(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    after: Option<ReviewPlanId>,
    limit: u32,
) -> Result<Vec<Plan>> {
    let mut c = access.0.store.read(Scope::Tenant(p.tenant())).await?;
    db::plans(&mut c, p.tenant(), after, i64::from(limit)).await
}

/// Begins no further review; those that have begun go on.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn stop(access: &Access, p: &Permit<UsersManageRoles>, id: ReviewPlanId) -> Result<()> {
    let t = p.tenant();
    tx!(access.0.store, &p.cx(), [], |tx| {
        if !db::delete_plan(tx, t, id).await? {
            return Err(Error::not_found("plan"));
        }
        audit::record(tx, t, Event::new("review.stop").target("review_plan", id)).await
    })
}

/// Begins the reviews whose time has come; says how many. What cannot begin for what it is about (too large a review) is
/// left out this time, which is told in the trail; what cannot for the moment is tried again. `cx` is of the server, over
/// [`Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn begin_due(access: &Access, cx: &Cx) -> Result<usize> {
    let now = access.0.store.clock().now();
    let mut c = access.0.store.read(cx.scope).await?;
    let due = db::plans_due(&mut c, now, 20).await?;
    drop(c);
    let mut begun = 0;
    for plan in due {
        // After a long rest one begins, not one for each time that was missed.
        let mut to = plan.next_at;
        while to <= now {
            to = to.plus(days(plan.every_days));
        }
        match begin(access, cx, &plan, to).await {
            Ok(()) => begun += 1,
            Err(e) if e.code_str() == Some(open::BEGUN) => {}
            Err(e) if e.kind() == Kind::Unavailable => {
                let error = e.operator_text().unwrap_or(e.detail());
                tracing::warn!(plan = %plan.id, error, "a review does not begin yet");
            }
            Err(e) => miss(access, cx, plan, to, &e).await?,
        }
    }
    Ok(begun)
}

/// Begins one, and moves its plan on.
async fn begin(access: &Access, cx: &Cx, plan: &Plan, to: Timestamp) -> Result<()> {
    let (t, now) = (plan.tenant_id, access.0.store.clock().now());
    let p = access.require::<UsersManageRoles>(&cx.actor, t).await?;
    // Who gives no roles there any more decides about none.
    let mut reviewers = plan.reviewers.0.clone();
    let still = open::standing(access, t, &reviewers).await?;
    reviewers.retain(|r| still.contains(&(r.tenant, r.user)));
    let draft = Draft {
        plan: Some(plan.id),
        name: plan.name.clone(),
        filter: plan.filter.0.clone(),
        reviewers,
        undecided: plan.undecided,
        due_at: now.plus(Duration::from_secs(plan.decide_seconds.unsigned_abs())),
        maker: (plan.created_by.clone(), plan.created_by_tenant.zip(plan.created_by_user)),
        moves: Some((plan.next_at, to)),
    };
    open::begin(access, &p, draft).await.map(|_| ())
}

/// Leaves one out, and says so.
async fn miss(access: &Access, cx: &Cx, plan: Plan, to: Timestamp, e: &Error) -> Result<()> {
    let error = e.operator_text().unwrap_or(e.detail());
    tracing::warn!(plan = %plan.id, error, "a review does not begin");
    let why = e.detail().to_owned();
    tx!(access.0.store, cx, [plan, why], |tx| {
        let (t, id) = (plan.tenant_id, plan.id);
        if !db::move_on(tx, t, id, (plan.next_at, to)).await? {
            tx.unaudited("another node was quicker");
            return Ok(());
        }
        let event = Event::new("review.miss").target("review_plan", id);
        let event = event.detail(json!({ "why": why, "next_at": to.rfc3339() }));
        audit::record(tx, t, event.personal(json!({ "name": plan.name }))).await
    })
}
