//! What a decision does: a grant is taken away or given an end, by the same services that people use, with the
//! last-administrator guard; what is not ours is listed with what is to be done where.

use super::{Item, Outcome, Review, Undecided, Verdict, Way, close::Closer, db};
use crate::{
    access::{
        Access, Effective, Reach,
        grants::{self, Grant},
        perm::{Permission as _, UsersManageRoles},
    },
    clock::Timestamp,
    error::{Kind, Result},
    id::{GrantId, TenantId, UserId},
    store::{Cx, Lock},
    tx,
};
use std::{collections::BTreeMap, sync::Arc};

/// How many items ended how.
pub(super) fn summary(items: &[Item]) -> BTreeMap<&'static str, usize> {
    let mut out = BTreeMap::new();
    for i in items {
        *out.entry(i.outcome.map_or("none", Outcome::as_str)).or_default() += 1;
    }
    out
}

/// What is to be done with an item: as decided, or as the review says of what nobody decided about.
fn wanted(r: &Review, i: &Item) -> Verdict {
    match (i.decision, r.undecided) {
        (Some(v), _) => v,
        (None, Undecided::Keep) => Verdict::Keep,
        (None, Undecided::Remove) => Verdict::Remove,
    }
}

/// Does what was decided about one item, and writes down what became of it.
pub(super) async fn item(
    access: &Access,
    cx: &Cx,
    (r, i): (&Review, Item),
    closer: &Closer,
) -> Result<()> {
    let verdict = wanted(r, &i);
    let refused = match (verdict, i.via) {
        (Verdict::Remove | Verdict::Shorten, Way::Grant) => {
            let allowed = may(access, r, &i, closer).await?;
            (!allowed).then(|| "whoever decided may not take it away there".to_owned())
        }
        _ => None,
    };
    let (t, review) = (r.tenant_id, r.id);
    let undecided = i.decision.is_none();
    let i = Arc::new(i);
    tx!(access.0.store, &cx.clone().urgent(), [i, refused], |tx| {
        let (outcome, text) = match (verdict, i.via) {
            (Verdict::Keep, _) if undecided => (Outcome::Undecided, None),
            (Verdict::Keep, _) => (Outcome::Kept, None),
            (_, Way::Grant) if refused.is_some() => (Outcome::Refused, refused),
            (_, Way::Grant) => {
                tx.lock(Lock::User(i.user_id)).await?;
                taken(tx, &i, verdict).await?
            }
            (_, Way::Mapping | Way::Parked | Way::Default) => {
                (Outcome::Listed, Some(work(&i, verdict)))
            }
        };
        if !matches!(outcome, Outcome::Removed | Outcome::Shortened) {
            tx.unaudited("what became of each stands in the review, and in its end in the trail");
        }
        db::outcome(tx, (t, review), i.id, outcome, text.as_deref()).await?;
        Ok(())
    })
}

/// Whether who closes it, or who decided, may take a grant away where it holds.
async fn may(access: &Access, r: &Review, i: &Item, closer: &Closer) -> Result<bool> {
    let reach = i.reach();
    let by = match (closer, i.decision) {
        (Closer::Hand(actor), _) => {
            // In many tenants it is the home's to give and to take.
            if reach.is_wide() && i.home == r.tenant_id {
                return Ok(true);
            }
            return Ok(enough(&*access.held_over(actor, &reach).await?, &reach));
        }
        (Closer::Time, Some(_)) => {
            (i.decided_by.as_deref(), i.decided_by_tenant, i.decided_by_user)
        }
        (Closer::Time, None) => {
            (Some(r.created_by.as_str()), r.created_by_tenant, r.created_by_user)
        }
    };
    let who: Option<(TenantId, UserId)> = by.1.zip(by.2);
    match who {
        None => Ok(by.0 == Some("owner")),
        Some(who) if reach.is_wide() && i.home == r.tenant_id => {
            let there = Reach::Tenant(r.tenant_id);
            Ok(enough(&*access.holds_over(who, &there).await?, &there))
        }
        Some(who) => Ok(enough(&*access.holds_over(who, &reach).await?, &reach)),
    }
}

fn enough(held: &Effective, reach: &Reach) -> bool {
    held.global || (*reach != Reach::All && held.allows(UsersManageRoles::ID))
}

/// Takes a grant away or gives it an end, unless the last administrator stays.
async fn taken(
    tx: &mut crate::store::Tx,
    i: &Item,
    verdict: Verdict,
) -> Result<(Outcome, Option<String>)> {
    let now = tx.now();
    let found = grants::one(tx, (i.home, i.user_id), GrantId(i.via_id)).await?;
    let there = |g: &Grant| g.role_id == i.role_id && g.valid_to.is_none_or(|to| to > now);
    let Some(grant) = found.filter(there) else { return Ok((Outcome::Gone, None)) };
    let to = i.shorten_to.filter(|_| verdict == Verdict::Shorten);
    if to.is_some_and(|to| grant.valid_to.is_some_and(|end| end <= to)) {
        return Ok((Outcome::Gone, Some("it ends before that by itself".to_owned())));
    }
    // What was to end by now is taken away.
    let passed = to.filter(|to| *to <= now);
    let to = to.filter(|_| passed.is_none());
    let done = tx
        .savepoint(|tx| {
            Box::pin(async move {
                match to {
                    Some(to) => grants::shorten_in(tx, &grant, to).await,
                    None => grants::take_in(tx, &grant).await,
                }
            })
        })
        .await;
    match done {
        Ok(()) if to.is_some() => Ok((Outcome::Shortened, None)),
        Ok(()) => {
            let text = passed.map(|to| format!("it was to end by {}", to.rfc3339()));
            Ok((Outcome::Removed, text))
        }
        Err(e) if e.kind() == Kind::Forbidden => Ok((Outcome::Held, Some(e.detail().to_owned()))),
        Err(e) => Err(e),
    }
}

/// What is to be done elsewhere.
fn work(i: &Item, verdict: Verdict) -> String {
    let by = match i.shorten_to.filter(|_| verdict == Verdict::Shorten) {
        Some(to) => format!(" by {}", to.rfc3339()),
        None => String::new(),
    };
    let (who, directory) = (&i.user_label, i.directory_name.as_deref().unwrap_or_default());
    match (i.via, &i.group_name) {
        (Way::Mapping, Some(group)) => {
            format!("take '{who}' out of the group '{group}' in the directory '{directory}'{by}")
        }
        (Way::Default, _) => format!(
            "'{who}' has the tenant's default role like everybody without a mapped group: give them another by a mapped \
             group, or change the default role{by}"
        ),
        _ => format!("decide about the parked change {} of '{directory}'{by}", i.via_id),
    }
}

/// A moment as documents have it.
pub(super) fn time(t: Option<Timestamp>) -> Option<String> {
    t.map(Timestamp::rfc3339)
}
