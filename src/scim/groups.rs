//! Groups: create, read, list, replace, patch, delete. Members are never loaded to be changed, and read in pages to be
//! shown ([`super::stream`]).

use super::{Call, answer, document::projection, sent, stream::Writer};
use crate::{
    error::{Error, Result},
    groups::{self, Group, GroupChange, GroupDraft, GroupRow},
    id::{GroupId, UserId},
    protocol::scim::{GroupOp, Outcome, Resource, Rule, bad, group_ops, member_ids, read_body},
};
use axum::{http::StatusCode, response::Response};
use serde_json::Value;

/// A group of at most so many members is shown whole in the answer to a PATCH; of a larger one nothing is.
const SMALL: i64 = 100;

fn parse(id: &str) -> Result<GroupId> {
    GroupId::parse(id)
        .filter(|g| g.to_string() == id)
        .ok_or_else(|| Error::not_found(format!("group {}", crate::text::excerpt(id))))
}

/// Ids of members. One that is no id of ours names nobody, which the directory's setting for strangers decides about.
fn users(ids: Vec<String>) -> Vec<UserId> {
    ids.into_iter().map(|i| UserId::parse(&i).unwrap_or(UserId(uuid::Uuid::nil()))).collect()
}

async fn demanded(call: &Call, id: GroupId) -> Result<Option<i64>> {
    match call.if_match.as_deref() {
        None => Ok(None),
        Some([one]) => Ok(Some(*one)),
        Some(many) => {
            let g = groups::get(&call.app.store, &call.permit, id).await?;
            Ok(Some(if many.contains(&g.version) { g.version } else { -1 }))
        }
    }
}

/// The name, the directory's id, and the members of a body; `None` where it has no `members`.
fn body(call: &Call) -> Result<(String, Option<String>, Option<Vec<UserId>>)> {
    let Value::Object(fields) = &call.body else {
        return Err(bad("invalidSyntax", "body", "a JSON object is wanted"));
    };
    let members = fields.iter().find(|(k, _)| k.eq_ignore_ascii_case("members"));
    let members = members.map(|(_, v)| member_ids(call.rules, v).map(users)).transpose()?;
    let rest = fields.iter().filter(|(k, _)| !k.eq_ignore_ascii_case("members"));
    let rest: serde_json::Map<String, Value> = rest.map(|(k, v)| (k.clone(), v.clone())).collect();
    let read = read_body(&call.schemas, call.rules, Resource::Group, &Value::Object(rest))?;
    call.note_ignored(read.ignored);
    let doc = read.doc;
    let text = |n: &str| doc.get(n).and_then(Value::as_str).map(str::to_owned);
    Ok((text("displayName").unwrap_or_default(), text("externalId"), members))
}

/// `POST /Groups`
pub(super) async fn create(call: &Call) -> Result<Response> {
    let (display_name, external_id, members) = body(call)?;
    let some = members.as_ref().is_some_and(|m| !m.is_empty());
    let draft = GroupDraft { display_name, external_id, members: members.unwrap_or_default() };
    let g = groups::create(&call.app.store, &call.permit, draft).await?;
    call.note(Outcome::Applied);
    let sent = [("displayName", true), ("externalId", g.external_id.is_some()), ("members", some)];
    call.changed(sent.into_iter().filter(|(_, on)| *on).map(|(n, _)| n.to_owned()));
    strangers(call, &g);
    shown(call, StatusCode::CREATED, g.row, true).await
}

/// An answer that shows a group, with all its members if they are wanted.
async fn shown(call: &Call, status: StatusCode, row: GroupRow, located: bool) -> Result<Response> {
    let at = located.then(|| format!("{}/Groups/{}", call.base, row.id));
    let version = row.version;
    let body = Writer::group(call, row).body().await?;
    Ok(sent(status, Some(body), at.as_deref(), Some(version)))
}

/// Who was left out because they are nobody here.
fn strangers(call: &Call, g: &Group) {
    if g.skipped.is_empty() {
        return;
    }
    let some: Vec<String> = g.skipped.iter().take(5).map(ToString::to_string).collect();
    let more = if g.skipped.len() > some.len() { ", ..." } else { "" };
    let why = format!(
        "{} of the members are no users of this directory: {}{more}",
        g.skipped.len(),
        some.join(", ")
    );
    call.note(Outcome::Ignored(why));
}

/// The group that a path names, without its members.
pub(super) async fn read(call: &Call, id: &str) -> Result<GroupRow> {
    groups::get(&call.app.store, &call.permit, parse(id)?).await
}

/// `GET /Groups/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response> {
    let g = read(call, id).await?;
    if call.if_none_match.as_ref().is_some_and(|v| v.names(g.version)) {
        return Ok(answer(StatusCode::NOT_MODIFIED, None, None, Some(g.version)));
    }
    shown(call, StatusCode::OK, g, false).await
}

/// `PUT /Groups/{id}`; a body without `members` leaves them as they are, an empty list takes them all out.
pub(super) async fn replace(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let (name, external_id, members) = body(call)?;
    let mut steps = vec![GroupChange::Rename(name)];
    if external_id.is_some() || !call.rules.has(Rule::PutKeeps) {
        steps.push(GroupChange::ExternalId(external_id));
    }
    steps.extend(members.map(GroupChange::Replace));
    let expected = demanded(call, id).await?;
    let names: Vec<&str> = steps.iter().map(attribute).collect();
    let (g, did) = groups::replace(&call.app.store, &call.permit, id, expected, steps).await?;
    call.note(if did { Outcome::Applied } else { Outcome::NoOp });
    changed(call, &names, &g);
    call.note_parked(g.parked);
    strangers(call, &g);
    whole(call, id).await
}

/// `PATCH /Groups/{id}`
pub(super) async fn patch(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let steps = group_ops(&call.schemas, call.rules, &call.body)?;
    let changes: Vec<GroupChange> =
        steps.iter().flat_map(|s| s.ops.iter().cloned()).map(change).collect();
    let names: Vec<&str> = changes.iter().map(attribute).collect();
    let expected = demanded(call, id).await?;
    let (g, _) = groups::apply(&call.app.store, &call.permit, id, expected, changes).await?;
    changed(call, &names, &g);
    let mut each = g.steps.iter();
    for step in steps {
        let did: Vec<bool> = each.by_ref().take(step.ops.len()).copied().collect();
        if !did.is_empty() || step.ignored.is_empty() {
            call.note(if did.contains(&true) { Outcome::Applied } else { Outcome::NoOp });
        }
        call.note_ignored(step.ignored);
    }
    call.note_parked(g.parked);
    strangers(call, &g);
    let p = projection(call, Resource::Group);
    let brief = call.rules.has(Rule::LargeGroups) && !p.asked();
    if brief && groups::at_least(&call.app.store, &call.permit, id, SMALL + 1).await? {
        return Ok(answer(StatusCode::NO_CONTENT, None, None, Some(g.version)));
    }
    whole(call, id).await
}

/// The attribute that a step is about.
fn attribute(c: &GroupChange) -> &'static str {
    match c {
        GroupChange::Rename(_) => "displayName",
        GroupChange::ExternalId(_) => "externalId",
        GroupChange::Add(_)
        | GroupChange::Remove(_)
        | GroupChange::Replace(_)
        | GroupChange::Clear => "members",
    }
}

/// Notes the attributes of the steps that changed something.
fn changed(call: &Call, names: &[&str], g: &Group) {
    let did = names.iter().zip(&g.steps).filter(|(_, did)| **did);
    call.changed(did.map(|(name, _)| (*name).to_owned()));
}

fn change(o: GroupOp) -> GroupChange {
    match o {
        GroupOp::Rename(n) => GroupChange::Rename(n),
        GroupOp::ExternalId(x) => GroupChange::ExternalId(x),
        GroupOp::Add(l) => GroupChange::Add(users(l)),
        GroupOp::Remove(l) => GroupChange::Remove(users(l)),
        GroupOp::Replace(l) => GroupChange::Replace(users(l)),
        GroupOp::Clear => GroupChange::Clear,
    }
}

async fn whole(call: &Call, id: GroupId) -> Result<Response> {
    let g = groups::get(&call.app.store, &call.permit, id).await?;
    shown(call, StatusCode::OK, g, true).await
}

/// `DELETE /Groups/{id}`
pub(super) async fn delete(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let expected = demanded(call, id).await?;
    let parked = groups::delete(&call.app.store, &call.permit, id, expected).await?;
    call.note(Outcome::Applied);
    call.note_parked(parked);
    Ok(answer(StatusCode::NO_CONTENT, None, None, None))
}
