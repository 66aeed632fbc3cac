//! Users: create, read, list, replace, patch, delete.

use super::{
    Call, answer,
    document::{self, projection},
};
use crate::{
    error::{Error, Result},
    groups::{self, shown::Shown},
    id::UserId,
    protocol::scim::{Outcome, Patch, Projection, Resource},
    provisioning::adoption,
    users::{self, Page, Query, User},
};
use axum::{http::StatusCode, response::Response};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// An id of the path; one that is no UUID is simply nobody's (2.11).
fn parse(id: &str) -> Result<UserId> {
    UserId::parse(id)
        .filter(|u| u.to_string() == id)
        .ok_or_else(|| Error::not_found(format!("user {}", crate::text::excerpt(id))))
}

/// The version that `If-Match` demands; of several, the current one if it is among them.
async fn demanded(call: &Call, id: UserId) -> Result<Option<i64>> {
    match call.if_match.as_deref() {
        None => Ok(None),
        Some([one]) => Ok(Some(*one)),
        Some(many) => {
            let u = users::get(&call.app.store, &call.permit, id).await?;
            Ok(Some(if many.contains(&u.version) { u.version } else { -1 }))
        }
    }
}

/// `POST /Users`
pub(super) async fn create(call: &Call) -> Result<Response> {
    let (draft, ignored) = document::draft(&call.schemas, call.rules, &call.body, None)?;
    let (u, _) = adoption::create(&call.app.store, &call.app.access, &call.permit, draft).await?;
    call.note(Outcome::Applied);
    call.note_ignored(ignored);
    call.changed(document::whole(&u).into_iter().map(|(name, _)| name));
    let p = projection(call, Resource::User);
    let names = document::managers(call, &p, [&u]).await?;
    let doc = document::user(call, &u, &[], &names, &p);
    let at = format!("{}/Users/{}", call.base, u.id);
    Ok(answer(StatusCode::CREATED, Some(doc), Some(&at), Some(&document::tag_of(&u, &[], &names))))
}

/// The user that a path names.
pub(super) async fn read(call: &Call, id: &str) -> Result<User> {
    users::get(&call.app.store, &call.permit, parse(id)?).await
}

/// The user that a path names, with its groups where they are shown.
async fn shown(call: &Call, id: UserId, p: &Projection) -> Result<Shown> {
    let (store, permit) = (&call.app.store, &call.permit);
    if p.shows("groups") {
        return groups::shown::user(store, permit, id).await;
    }
    users::get(store, permit, id).await.map(Shown::from)
}

/// `GET /Users/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response> {
    let p = projection(call, Resource::User);
    let Shown { user, groups } = shown(call, parse(id)?, &p).await?;
    call.still(user.version)?;
    let names = document::managers(call, &p, [&user]).await?;
    let tag = document::tag_of(&user, &groups, &names);
    if call.if_none_match.as_ref().is_some_and(|v| v.names(&tag)) {
        return Ok(answer(StatusCode::NOT_MODIFIED, None, None, Some(&tag)));
    }
    let doc = document::user(call, &user, &groups, &names, &p);
    Ok(answer(StatusCode::OK, Some(doc), None, Some(&tag)))
}

/// A page of users, with their groups where those are shown.
pub(super) async fn page(call: &Call, query: &Query) -> Result<Page<Shown>> {
    let (store, permit) = (&call.app.store, &call.permit);
    if projection(call, Resource::User).shows("groups") {
        return groups::shown::list(store, permit, query).await;
    }
    let page = users::list(store, permit, query).await?;
    Ok(Page { items: page.items.into_iter().map(Shown::from).collect(), total: page.total })
}

/// Users as they are sent in a list.
pub(super) async fn documents(call: &Call, users: &[Shown]) -> Result<Vec<Value>> {
    let p = projection(call, Resource::User);
    let names = document::managers(call, &p, users.iter().map(|s| &s.user)).await?;
    let shown = |s: &Shown| document::user(call, &s.user, &s.groups, &names, &p);
    Ok(users.iter().map(shown).collect())
}

/// Changes a user and answers with it. Its groups are those it had when the request came in: a change of a user changes
/// none.
async fn modify(
    call: &Call,
    id: UserId,
    (change, whole): (users::Change, bool),
    told: Ended,
) -> Result<Response> {
    let p = projection(call, Resource::User);
    let expected = demanded(call, id).await?;
    let Shown { user, groups } = shown(call, id, &p).await?;
    let (store, permit) = (&call.app.store, &call.permit);
    let (u, _) = if whole {
        users::replace_seen(store, permit, user, expected, change).await?
    } else {
        users::modify_seen(store, permit, user, expected, change).await?
    };
    told.tell(call);
    let names = document::managers(call, &p, [&u]).await?;
    let doc = document::user(call, &u, &groups, &names, &p);
    let at = format!("{}/Users/{}", call.base, u.id);
    Ok(answer(StatusCode::OK, Some(doc), Some(&at), Some(&document::tag_of(&u, &groups, &names))))
}

/// What a change came to when it was decided, and the attributes it is about: it may be decided more than once, the last
/// time counts.
struct Ended(Arc<Mutex<(Vec<Outcome>, Vec<String>)>>);
impl Ended {
    fn new() -> (Self, Self) {
        let shared = Arc::<Mutex<_>>::default();
        (Self(shared.clone()), Self(shared))
    }
    fn set(&self, outcomes: Vec<Outcome>, changed: Vec<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (outcomes, changed);
    }
    /// Notes it on the call.
    fn tell(self, call: &Call) {
        let (outcomes, changed) =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for o in outcomes {
            call.note(o);
        }
        call.changed(changed);
    }
}

/// `PUT /Users/{id}`
pub(super) async fn replace(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let body = Arc::new(call.body.clone());
    let (schemas, rules) = (call.schemas.clone(), call.rules);
    let (ended, told) = Ended::new();
    let change: users::Change = Arc::new(move |was| {
        let (draft, ignored) = document::draft(&schemas, rules, &body, Some(was))?;
        let changed = users::changed(was, &draft);
        let done = if changed.is_empty() { Outcome::NoOp } else { Outcome::Applied };
        let outcomes = std::iter::once(done).chain(ignored.into_iter().map(Outcome::Ignored));
        ended.set(outcomes.collect(), changed);
        Ok(Some(draft))
    });
    modify(call, id, (change, true), told).await
}

/// `PATCH /Users/{id}`
pub(super) async fn patch(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let patch = Patch::read(&call.schemas, call.rules, Resource::User, &call.body)?;
    let (ended, told) = Ended::new();
    let change: users::Change = Arc::new(move |was| {
        let before = document::whole(was);
        let (after, outcomes) = patch.apply(&before)?;
        let changed = document::differing(&before, &after);
        let draft = (after != before).then(|| document::columns(after));
        ended.set(outcomes, changed);
        Ok(draft)
    });
    modify(call, id, (change, false), told).await
}

/// `DELETE /Users/{id}`
pub(super) async fn delete(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let expected = demanded(call, id).await?;
    let parked = groups::delete_person(&call.app.store, &call.permit, id, expected).await?;
    call.note(Outcome::Applied);
    call.note_parked(parked);
    Ok(answer(StatusCode::NO_CONTENT, None, None, None))
}
