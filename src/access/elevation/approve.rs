//! What becomes of a request: somebody else approves or refuses, or nobody does in time.

use super::{Elevation, State, Stored, about, db, tell, told};
use crate::{
    access::{
        Access, Permit, Right,
        db::subjects,
        grants::{Elevated, elevate},
        perm::{Global, UsersManageRoles},
    },
    actor::Actor,
    error::{Error, Kind, Result},
    id::{ElevationId, TenantId},
    store::{Cx, Lock, Scope, Tx},
    text, tx,
};
use serde_json::json;
use std::time::Duration;

/// So many are looked after in one round.
const ROUND: i64 = 100;
/// So many open requests of the whole instance are looked at for somebody.
const OPEN: i64 = 500;

/// What somebody decides.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Give the role; else not.
    pub approve: bool,
    /// Why, for who asked and whoever looks later.
    pub reason: Option<String>,
}

fn gone() -> Error {
    Error::not_found("elevation")
}

/// The requests in the permit's tenant, newest first.
///
/// # Errors
/// The database's.
pub async fn list_requests(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    before: Option<ElevationId>,
    limit: u32,
) -> Result<Vec<Elevation>> {
    // platform: who asks may be at home in the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::requests(&mut c, Some(p.tenant()), before, i64::from(limit)).await
}

/// The requests on the whole instance, newest first.
///
/// # Errors
/// The database's.
pub async fn list_requests_everywhere(
    access: &Access,
    _: &Permit<Global>,
    before: Option<ElevationId>,
    limit: u32,
) -> Result<Vec<Elevation>> {
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::requests(&mut c, None, before, i64::from(limit)).await
}

/// A request in a tenant (`None`: on the whole instance); the caller holds the permit.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn get(access: &Access, t: Option<TenantId>, id: ElevationId) -> Result<Elevation> {
    // platform: who asks may be at home in the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    db::request_in(&mut c, t, id).await?.ok_or_else(gone)
}

/// Decides about a request, by a right where it is to hold. What is approved is held from now on, for as long as was asked
/// and not beyond the eligibility's own end.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Conflict`] when it is not open any more, or what it is by was
/// withdrawn; [`crate::error::Kind::Forbidden`] to who asked (`self_approval`), and to whoever could not give the role.
pub async fn decide(
    access: &Access,
    right: &Right,
    id: ElevationId,
    decision: Decision,
) -> Result<Elevation> {
    let reason = decision.reason.as_deref().map(str::trim).unwrap_or_default();
    let reason = text::checked("reason", reason, 2000)?.to_owned();
    if reason.is_empty() && !decision.approve {
        return Err(Error::invalid("'reason' is empty: who asked reads it").attr("reason"));
    }
    // platform: whose it is, is what we look for.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let found = db::request(&mut c, id).await?.filter(|e| e.reach() == right.reach());
    let e = found.ok_or_else(gone)?;
    drop(c);
    let who = (e.tenant_id, e.user_id);
    if right.actor().user() == Some(who) {
        let text = "nobody decides about what they asked for themselves";
        return Err(Error::forbidden(text).code("self_approval"));
    }
    let cx = right.cx(e.tenant_id)?.urgent();
    let (right, catalogue) = (right.clone(), access.catalogue().clone());
    let approve = decision.approve;
    tx!(access.0.store, &cx, [right, catalogue, reason, e], |tx| {
        tx.lock(crate::access::roles::lock(e.role_id)).await?;
        tx.lock(Lock::User(who.1)).await?;
        let (now, home) = (tx.now(), who.0);
        // Two at once, or one and its withdrawal: the second finds that it is decided.
        let found = db::request(tx, id).await?.ok_or_else(gone)?;
        if found.state(now) != State::Open {
            return Err(Error::conflict("the request is not open any more").code("decided"));
        }
        let (stored, given) = if approve {
            let all = db::of_user(tx, home, who.1).await?;
            let by = all.into_iter().find(|a| a.id == e.eligibility_id && a.stands(now));
            let Some(by) = by else {
                let text = "what it was asked by does not stand any more";
                return Err(Error::conflict(text).code("withdrawn"));
            };
            let live = subjects(tx, home, &[who.1]).await?.pop();
            if !live.is_some_and(|(_, s, _)| s.live) {
                return Err(Error::conflict("who asked is switched off"));
            }
            let span = found.minutes.min(by.max_minutes).unsigned_abs() * 60;
            let until = now.plus(Duration::from_secs(span));
            let until = by.valid_to.map_or(until, |to| to.min(until));
            let reference = id.to_string();
            let (reason, reference) = (found.reason.as_str(), reference.as_str());
            let e = Elevated { who, role: e.role_id, until, reason, reference };
            let grant = elevate(tx, &catalogue, &right, &e).await?;
            (Stored::Approved, Some((grant.id, until)))
        } else {
            (Stored::Refused, None)
        };
        let said = Some(reason.as_str()).filter(|r| !r.is_empty());
        if !db::decide(tx, home, id, stored, said, given).await? {
            return Err(Error::conflict("the request is not open any more").code("decided"));
        }
        tell(tx, &e, true).await?;
        let action = if approve { "elevation.approve" } else { "elevation.refuse" };
        let more = json!({
            "grant": given.map(|(g, _)| g), "until": given.map(|(_, until)| until.rfc3339()),
        });
        told(tx, (&e.reach(), home), |t| about((action, t), &e, &more, said)).await?;
        db::request(tx, id).await?.ok_or_else(gone)
    })
}

/// The requests that wait for a decision by somebody: open, not their own, where they manage roles; those that are over
/// first, first. Whether they may give the role, [`decide`] says.
///
/// # Errors
/// The database's.
pub async fn waiting_for(access: &Access, actor: &Actor, most: usize) -> Result<Vec<Elevation>> {
    let now = access.0.store.clock().now();
    // platform: they may decide in several tenants.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let open = db::open(&mut c, now, OPEN).await?;
    drop(c);
    let mut out = Vec::new();
    for e in open {
        let at = e.reach().tenant().unwrap_or(e.tenant_id);
        let own = actor.user() == Some((e.tenant_id, e.user_id));
        if own || out.len() >= most {
            continue;
        }
        match access.require::<UsersManageRoles>(actor, at).await {
            Ok(_) => out.push(e),
            Err(e) if matches!(e.kind(), Kind::Forbidden | Kind::NotFound) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(out)
}

/// Closes requests that nobody decided in time; says how many. `cx` is of the server, over [`Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn expire(access: &Access, cx: &Cx) -> Result<usize> {
    let now = access.0.store.clock().now();
    let mut c = access.0.store.read(cx.scope).await?;
    let late = db::late(&mut c, now, ROUND).await?;
    drop(c);
    let mut closed = 0;
    for l in late {
        closed += tx!(access.0.store, cx, [], |tx| {
            if !lapse(tx, l.tenant_id, l.id).await? {
                tx.unaudited("somebody was quicker");
                return Ok(0);
            }
            Ok(1)
        })?;
    }
    Ok(closed)
}

/// Closes a request that nobody decided in time; says whether it was open.
pub(super) async fn lapse(tx: &mut Tx, home: TenantId, id: ElevationId) -> Result<bool> {
    if !db::decide(tx, home, id, Stored::Expired, None, None).await? {
        return Ok(false);
    }
    let e = db::request(tx, id).await?.ok_or_else(gone)?;
    tell(tx, &e, true).await?;
    let event = |t| about(("elevation.expire", t), &e, &json!({}), None);
    told(tx, (&e.reach(), home), event).await?;
    Ok(true)
}
