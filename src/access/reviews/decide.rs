//! What reviewers decide about items: one, or many in the same way.

use super::{Item, Review, State, Verdict, db, gone, lock, open::standing};
use crate::{
    access::{Access, Permit, perm::UsersManageRoles},
    actor::{Actor, Principal},
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::{ReviewId, ReviewItemId},
    store::Scope,
    text, tx,
};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};

/// So many are decided about in one go, and so many are told apart in an audit event.
const MOST: usize = 500;
const FEW: usize = 50;

/// What somebody decides.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// Until when it is to last; of [`Verdict::Shorten`] alone.
    pub until: Option<Timestamp>,
    /// Why.
    pub note: Option<String>,
}

/// Why an actor may not decide about an item, if they may not: it is their own, or it is another's. Where no reviewer is
/// left (`deserted`) it is for anybody else.
fn may_not(actor: &Actor, r: &Review, i: &Item, deserted: bool) -> Option<&'static str> {
    let Some(who) = actor.user() else {
        return match actor.principal() {
            Principal::Owner | Principal::System(_) => None,
            _ => Some("only a person decides about access"),
        };
    };
    if who == i.subject() {
        return Some("nobody decides about their own access");
    }
    if deserted || i.reviewer_user.is_none() || r.reviewers.0.iter().any(|r| r.is(who)) {
        return None;
    }
    Some("it is for the review's reviewers to decide")
}

/// Decides about items of a review of the permit's tenant, all of them in the same way or none. What was decided may be
/// decided anew until the review is closed.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Conflict`] (`review_over`) when the review is not open any
/// more; [`crate::error::Kind::Forbidden`] about one's own access (`own_access`), and to who is none of its reviewers,
/// unless none of these gives roles there any more.
pub async fn decide(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ReviewId,
    items: &[ReviewItemId],
    decision: Decision,
) -> Result<usize> {
    let t = p.tenant();
    if let Some(note) = &decision.note {
        text::checked("note", note, 2000)?;
    }
    let items: BTreeSet<ReviewItemId> = items.iter().copied().collect();
    if items.is_empty() || items.len() > MOST {
        let text = format!("'items' names from one to {MOST}");
        return Err(Error::invalid(text).attr("items"));
    }
    match (decision.verdict, decision.until) {
        (Verdict::Shorten, None) => {
            return Err(Error::invalid("'until' is missing").attr("until"));
        }
        (Verdict::Keep | Verdict::Remove, Some(_)) => {
            return Err(Error::invalid("'until' goes with 'shorten' alone").attr("until"));
        }
        _ => {}
    }
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    let review = db::get(&mut c, t, id).await?.ok_or_else(gone)?;
    drop(c);
    let ours = p.actor().user().is_some_and(|who| review.reviewers.0.iter().any(|r| r.is(who)));
    let deserted = !ours && standing(access, t, &review.reviewers.0).await?.is_empty();
    let items: Arc<Vec<ReviewItemId>> = Arc::new(items.into_iter().collect());
    let decision = Arc::new(decision);
    tx!(access.0.store, &p.cx(), [items, decision], |tx| {
        tx.lock(lock(id)).await?;
        let review = db::get(tx, t, id).await?.ok_or_else(gone)?;
        let now = tx.now();
        if review.state != State::Open || review.due_at <= now {
            let text = "the review is over, and does not change any more";
            return Err(Error::conflict(text).code("review_over"));
        }
        if decision.until.is_some_and(|to| to <= review.due_at) {
            let due = review.due_at.for_people();
            let text = format!("'until' is not after {due}, when the review is due");
            return Err(Error::invalid(text).attr("until"));
        }
        let found = db::some(tx, (t, id), &items).await?;
        if found.len() != items.len() {
            return Err(Error::not_found("item").attr("items"));
        }
        for i in &found {
            if let Some(why) = may_not(tx.actor(), &review, i, deserted) {
                let own = tx.actor().user() == Some(i.subject());
                let e = Error::forbidden(format!("{why} ('{}')", i.user_label)).attr("items");
                return Err(if own { e.code("own_access") } else { e });
            }
            let what = (decision.verdict, decision.until);
            db::decide(tx, (t, id), i.id, what, decision.note.as_deref()).await?;
        }
        let detail = json!({
            "decision": decision.verdict, "until": decision.until.map(Timestamp::rfc3339),
            "count": found.len(), "items": items.iter().take(FEW).collect::<Vec<_>>(),
        });
        let event = Event::new("review.decide").target("review", id).detail(detail);
        audit::record(tx, t, event.personal(json!({ "note": decision.note }))).await?;
        Ok(found.len())
    })
}
