//! The end of a review: by hand, or by itself when it is due. Its decisions are done one by one, each with its outcome in
//! the same transaction; whoever is interrupted leaves the rest to the server, which goes on where it was left. Then the
//! document's hash is written down, and nothing changes any more.

use super::{
    Review, State, apply, db,
    document::{self, Form},
    gone, lock,
};
use crate::{
    access::{Access, Permit, perm::UsersManageRoles},
    actor::Actor,
    audit::{self, Event},
    crypto,
    error::{Error, Result},
    id::{ReviewId, TenantId, UserId},
    store::{Cx, Scope, Tx},
    tx,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// After so long somebody who was closing a review is taken for gone.
const STALE: Duration = Duration::from_secs(600);
/// So many items are done in one go.
const PIECE: i64 = 200;

/// By whose right what was decided is done.
#[derive(Debug, Clone)]
pub enum Closer {
    /// Whoever closes it by hand: what they hold is the ceiling.
    Hand(Actor),
    /// The server, at its time: what each who decided holds now is.
    Time,
}

/// Closes a review of the permit's tenant now. `anyway`: also when something of it is undecided, which is for whoever began
/// it, its reviewers and those who hold everything; and for nobody about whom it is.
///
/// # Errors
/// [`crate::error::Kind::NotFound`]; [`crate::error::Kind::Conflict`] when it is closed or being closed
/// (`review_over`), or something is undecided (`undecided`); [`crate::error::Kind::Forbidden`] to who may not leave it
/// so, and over one's own access (`own_access`).
pub async fn close(
    access: &Access,
    p: &Permit<UsersManageRoles>,
    id: ReviewId,
    anyway: bool,
) -> Result<Review> {
    let (t, everything) = (p.tenant(), p.everything());
    let ours = tx!(access.0.store, &p.cx(), [], |tx| {
        tx.lock(lock(id)).await?;
        tx.unaudited("its end is in the audit trail");
        let review = db::get(tx, t, id).await?.ok_or_else(gone)?;
        let count = db::count(tx, t, id).await?;
        if review.state == State::Open && count.decided < count.items {
            if !anyway {
                let n = count.items - count.decided;
                let text = format!("{n} of {} items are undecided", count.items);
                return Err(Error::conflict(text).code("undecided"));
            }
            if let Some(who) = tx.actor().user() {
                leaves(tx, &review, who, everything).await?;
            }
        }
        let stale = tx.now().minus(STALE);
        db::claim(tx, t, id, stale).await
    })?;
    if !ours {
        let text = "the review is over, and does not change any more";
        return Err(Error::conflict(text).code("review_over"));
    }
    let closer = Closer::Hand(p.actor().clone());
    finish(access, &Cx::new(p.actor().clone(), Scope::Platform), (t, id), &closer).await
}

/// Refuses who may not leave undecided what is undecided of a review.
async fn leaves(tx: &mut Tx, r: &Review, who: (TenantId, UserId), everything: bool) -> Result<()> {
    if db::waits_for(tx, (r.tenant_id, r.id), who).await? {
        let text =
            "nobody leaves their own access undecided: somebody else decides, or its time does";
        return Err(Error::forbidden(text).code("own_access"));
    }
    let began = r.created_by_tenant.zip(r.created_by_user) == Some(who);
    if everything || began || r.reviewers.0.iter().any(|r| r.is(who)) {
        return Ok(());
    }
    Err(Error::forbidden(
        "something of it is undecided: to close it so is for who began it, its reviewers and Global Administrators",
    ))
}

/// Closes the reviews that are due, and goes on with what was left behind half closed; says how many. `cx` is of the
/// server, over [`Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn due(access: &Access, cx: &Cx) -> Result<usize> {
    let now = access.0.store.clock().now();
    let mut c = access.0.store.read(cx.scope).await?;
    let due = db::due(&mut c, now, now.minus(STALE), 20).await?;
    drop(c);
    let mut closed = 0;
    for d in due {
        let (t, id) = (d.tenant_id, d.id);
        let ours = tx!(access.0.store, cx, [], |tx| {
            tx.lock(lock(id)).await?;
            tx.unaudited("its end is in the audit trail");
            let stale = tx.now().minus(STALE);
            db::claim(tx, t, id, stale).await
        })?;
        if ours {
            finish(access, cx, (t, id), &Closer::Time).await?;
            closed += 1;
        }
    }
    Ok(closed)
}

/// Does what is left to do of a review that is ours to close, and seals it.
async fn finish(
    access: &Access,
    cx: &Cx,
    (t, id): (TenantId, ReviewId),
    closer: &Closer,
) -> Result<Review> {
    // platform: what was given in a tenant may be of somebody at home in the provider's.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let review = db::get(&mut c, t, id).await?.ok_or_else(gone)?;
    drop(c);
    loop {
        let mut c = access.0.store.read(Scope::Platform).await?;
        let left = db::left(&mut c, t, id, PIECE).await?;
        drop(c);
        if left.is_empty() {
            break;
        }
        for item in left {
            apply::item(access, cx, (&review, item), closer).await?;
        }
    }
    let mut closed = review;
    closed.state = State::Closed;
    closed.closed_at = Some(access.0.store.clock().now());
    closed.closed_by = Some(cx.actor.label());
    let mut c = access.0.store.scan(Scope::Platform).await?;
    let items = document::all(&mut c, (t, id)).await?;
    drop(c);
    let json = document::text(&closed, &items, Form::Json);
    let csv = document::text(&closed, &items, Form::Csv);
    closed.manifest = Some(crypto::sha256_hex(json));
    closed.csv_manifest = Some(crypto::sha256_hex(csv));
    let outcomes = apply::summary(&items);
    let (closed, outcomes) = (Arc::new(closed), Arc::new(outcomes));
    tx!(access.0.store, cx, [closed, outcomes], |tx| {
        tx.lock(lock(id)).await?;
        if !db::close(tx, &closed).await? {
            return Err(Error::conflict("the review is over").code("review_over"));
        }
        let detail = json!({ "outcomes": *outcomes, "manifest": closed.manifest });
        let event = Event::new("review.close").target("review", id).detail(detail);
        audit::record(tx, t, event.personal(json!({ "name": closed.name }))).await?;
        Ok((*closed).clone())
    })
}
