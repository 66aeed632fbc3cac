//! Who is told that a review waits for them: when it begins, and once more before it is due. The letters are another's.

mod db;

use super::{
    Review, State, db as rows,
    open::{managing, standing},
};
use crate::{
    access::Access,
    error::{Error, Result},
    id::{ReviewId, TenantId, UserId},
    outbox,
    store::{Conn, Cx, Scope, Tx},
    tx,
};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

/// The outbox's word for a review whose reviewers are to be told.
pub const TOPIC: &str = "review.tell";

/// So long before it is due they are told again; of a short one, after half of its time.
const AHEAD: Duration = Duration::from_secs(3 * 24 * 3600);
/// So many are looked after in one round.
const ROUND: i64 = 100;

/// Has its reviewers told.
pub(super) async fn tell(tx: &mut Tx, t: TenantId, id: ReviewId, again: bool) -> Result<()> {
    outbox::push(tx, t, TOPIC, &json!({ "review": id, "again": again })).await?;
    Ok(())
}

/// Has reviewers told again of reviews that are due soon and not decided; says of how many. `cx` is of the server, over
/// [`Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn remind(access: &Access, cx: &Cx) -> Result<usize> {
    let now = access.0.store.clock().now();
    let mut c = access.0.store.read(cx.scope).await?;
    let due = db::due_soon(&mut c, now, now.plus(AHEAD), ROUND).await?;
    drop(c);
    let mut told = 0;
    for d in due {
        told += tx!(access.0.store, cx, [], |tx| {
            tx.unaudited("a letter about what is in the audit trail");
            // Another node may have been quicker.
            if !db::reminded(tx, d.tenant_id, d.id).await? {
                return Ok(0);
            }
            tell(tx, d.tenant_id, d.id, true).await?;
            Ok(1)
        })?;
    }
    Ok(told)
}

/// A review that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The review.
    pub review: Review,
    /// About how many items nobody has decided.
    pub undecided: i64,
}

/// A review, if it still waits for somebody; for a reader that tells of it.
///
/// # Errors
/// The database's.
pub async fn waiting(c: &mut Conn, t: TenantId, id: ReviewId) -> Result<Option<Waiting>> {
    let Some(review) = rows::get(c, t, id).await? else { return Ok(None) };
    let count = rows::count(c, t, id).await?;
    let undecided = count.items - count.decided;
    let waits = review.state == State::Open && undecided > 0;
    Ok(waits.then_some(Waiting { review, undecided }))
}

/// For whom it waits: the reviewers who have something left to decide about, all of them where one of these gives no
/// roles any more, and where none of them does, `most` of those who do. `cx` is the server's.
///
/// # Errors
/// The database's.
pub async fn awaited(
    access: &Access,
    cx: &Cx,
    r: &Review,
    most: usize,
) -> Result<Vec<(TenantId, UserId)>> {
    let t = r.tenant_id;
    let all: BTreeSet<_> = standing(access, t, &r.reviewers.0).await?;
    let mut c = access.0.store.read(Scope::Tenant(t)).await?;
    let left = db::left_to(&mut c, t, r.id).await?;
    drop(c);
    let left: BTreeSet<_> = left.into_iter().map(|l| l.tenant.zip(l.user)).collect();
    if left.iter().all(|l| l.is_some_and(|who| all.contains(&who))) {
        return Ok(left.into_iter().flatten().collect());
    }
    if !all.is_empty() {
        return Ok(all.into_iter().collect());
    }
    let p = access.require(&cx.actor, t).await?;
    let able = access.who_can(&p, managing(), None, most).await?;
    Ok(able.into_iter().map(|a| (a.home, a.user)).collect())
}

/// What a message of [`TOPIC`] is about, and whether they are told again.
///
/// # Errors
/// [`crate::error::Kind::Internal`] for one that is not of it.
pub fn about(payload: &serde_json::Value) -> Result<(ReviewId, bool)> {
    let id = payload["review"].as_str().and_then(ReviewId::parse);
    let id = id.ok_or_else(|| Error::internal("a message of this topic without a review"))?;
    Ok((id, payload["again"] == true))
}
