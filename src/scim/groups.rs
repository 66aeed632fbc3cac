//! Groups: create, read, list, replace, patch, delete. Members are never loaded to be changed, and read in pages to be
//! shown ([`super::stream`]).

use super::{
    Call, answer,
    document::{projection, tag},
    sent,
    stream::Writer,
};
use crate::{
    error::{Error, Result},
    groups::{self, Group, GroupChange, GroupDraft, GroupRow},
    id::{GroupId, UserId},
    protocol::scim::{
        GroupOp, Outcome, Resource, Rule, bad, group_ops, member_ids, read_body, unwrapped,
    },
    text::excerpt,
};
use axum::{http::StatusCode, response::Response};
use serde_json::Value;
use std::collections::HashMap;

/// A group of at most so many members is shown whole in the answer to a PATCH; of a larger one nothing is.
const SMALL: i64 = 100;

fn parse(id: &str) -> Result<GroupId> {
    GroupId::parse(id)
        .filter(|g| g.to_string() == id)
        .ok_or_else(|| Error::not_found(format!("group {}", excerpt(id))))
}

/// What was sent as ids of members and is none of ours: it names nobody, which the directory's setting for strangers
/// decides about. Each stands for an id that nobody has, by which it is told of as it was sent.
#[derive(Default)]
struct Strange(HashMap<String, UserId>);

impl Strange {
    /// Beyond every id that is given here, in the order in which they were sent.
    const FIRST: u128 = u128::MAX - (1 << 64);

    fn users(&mut self, ids: Vec<String>) -> Vec<UserId> {
        let id = |i: String| {
            UserId::parse(&i).unwrap_or_else(|| {
                let n = u128::try_from(self.0.len()).unwrap_or_default();
                *self.0.entry(i).or_insert(UserId(uuid::Uuid::from_u128(Self::FIRST + n)))
            })
        };
        ids.into_iter().map(id).collect()
    }
    fn text(&self, id: UserId) -> String {
        let sent = self.0.iter().find(|(_, stand_in)| **stand_in == id);
        sent.map_or_else(|| id.to_string(), |(text, _)| excerpt(text))
    }
    /// A refusal with what was sent in it.
    fn told(&self, e: Error) -> Error {
        let hit = self.0.values().find(|id| e.detail().contains(&id.to_string()));
        match (hit, e.code_str()) {
            (Some(id), Some(code)) => {
                let detail = e.detail().replace(&id.to_string(), &self.text(*id));
                Error::new(e.kind(), detail).code(code).attr("members")
            }
            _ => e,
        }
    }
    /// Who was left out because they are nobody here: the first of them, and how many.
    fn skipped(&self, call: &Call, g: &Group) {
        if g.skipped.is_empty() {
            return;
        }
        let mut all = g.skipped.clone();
        all.sort_unstable();
        let some: Vec<String> = all.iter().take(3).map(|id| self.text(*id)).collect();
        let more = if g.skipped.len() > some.len() { ", ..." } else { "" };
        let why = format!(
            "{} of the members are no users of this directory: {}{more}",
            g.skipped.len(),
            some.join(", ")
        );
        call.note(Outcome::Ignored(why));
    }
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
fn body(
    call: &Call,
    strange: &mut Strange,
) -> Result<(String, Option<String>, Option<Vec<UserId>>)> {
    let Value::Object(fields) = &call.body else {
        return Err(bad("invalidSyntax", "body", "a JSON object is wanted"));
    };
    let fields = unwrapped(Resource::Group, fields)?;
    let members = fields.iter().find(|(k, _)| k.eq_ignore_ascii_case("members"));
    let members = members.map(|(_, v)| member_ids(call.rules, v)).transpose()?;
    let members = members.map(|ids| strange.users(ids));
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
    let mut strange = Strange::default();
    let (display_name, external_id, members) = body(call, &mut strange)?;
    let some = members.as_ref().is_some_and(|m| !m.is_empty());
    let draft = GroupDraft { display_name, external_id, members: members.unwrap_or_default() };
    let made = groups::create(&call.app.store, &call.permit, draft).await;
    let g = made.map_err(|e| strange.told(e))?;
    call.note(Outcome::Applied);
    let sent = [("displayName", true), ("externalId", g.external_id.is_some()), ("members", some)];
    call.changed(sent.into_iter().filter(|(_, on)| *on).map(|(n, _)| n.to_owned()));
    strange.skipped(call, &g);
    shown(call, StatusCode::CREATED, g.row, true).await
}

/// An answer that shows a group, with all its members if they are wanted.
async fn shown(call: &Call, status: StatusCode, row: GroupRow, located: bool) -> Result<Response> {
    let at = located.then(|| format!("{}/Groups/{}", call.base, row.id));
    let tag = tag(row.version);
    let body = Writer::group(call, row).body().await?;
    Ok(sent(status, Some(body), at.as_deref(), Some(&tag)))
}

/// The group that a path names, without its members.
pub(super) async fn read(call: &Call, id: &str) -> Result<GroupRow> {
    groups::get(&call.app.store, &call.permit, parse(id)?).await
}

/// `GET /Groups/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response> {
    let g = read(call, id).await?;
    call.still(g.version)?;
    let tag = tag(g.version);
    if call.if_none_match.as_ref().is_some_and(|v| v.names(&tag)) {
        return Ok(answer(StatusCode::NOT_MODIFIED, None, None, Some(&tag)));
    }
    shown(call, StatusCode::OK, g, false).await
}

/// `PUT /Groups/{id}`; a body without `members` leaves them as they are, an empty list takes them all out.
pub(super) async fn replace(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let mut strange = Strange::default();
    let (name, external_id, members) = body(call, &mut strange)?;
    let mut steps = vec![GroupChange::Rename(name)];
    if external_id.is_some() || !call.rules.has(Rule::PutKeeps) {
        steps.push(GroupChange::ExternalId(external_id));
    }
    steps.extend(members.map(GroupChange::Replace));
    let expected = demanded(call, id).await?;
    let names: Vec<&str> = steps.iter().map(attribute).collect();
    let done = groups::replace(&call.app.store, &call.permit, id, expected, steps).await;
    let (g, did) = done.map_err(|e| strange.told(e))?;
    call.note(if did { Outcome::Applied } else { Outcome::NoOp });
    changed(call, &names, &g);
    call.note_parked(g.parked);
    strange.skipped(call, &g);
    whole(call, id).await
}

/// `PATCH /Groups/{id}`
pub(super) async fn patch(call: &Call, id: &str) -> Result<Response> {
    let id = parse(id)?;
    let steps = group_ops(&call.schemas, call.rules, &call.body)?;
    let mut strange = Strange::default();
    let ops = steps.iter().flat_map(|s| s.ops.iter().cloned());
    let changes: Vec<GroupChange> = ops.map(|o| change(&mut strange, o)).collect();
    let names: Vec<&str> = changes.iter().map(attribute).collect();
    let expected = demanded(call, id).await?;
    let done = groups::apply(&call.app.store, &call.permit, id, expected, changes).await;
    let (g, _) = done.map_err(|e| strange.told(e))?;
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
    strange.skipped(call, &g);
    let p = projection(call, Resource::Group);
    let brief = call.rules.has(Rule::LargeGroups) && !p.asked();
    if brief && groups::at_least(&call.app.store, &call.permit, id, SMALL + 1).await? {
        return Ok(answer(StatusCode::NO_CONTENT, None, None, Some(&tag(g.version))));
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
        | GroupChange::Keep(_)
        | GroupChange::Replace(_)
        | GroupChange::Clear => "members",
    }
}

/// Notes the attributes of the steps that changed something.
fn changed(call: &Call, names: &[&str], g: &Group) {
    let did = names.iter().zip(&g.steps).filter(|(_, did)| **did);
    call.changed(did.map(|(name, _)| (*name).to_owned()));
}

fn change(strange: &mut Strange, o: GroupOp) -> GroupChange {
    let mut users = |ids| strange.users(ids);
    match o {
        GroupOp::Rename(n) => GroupChange::Rename(n),
        GroupOp::ExternalId(x) => GroupChange::ExternalId(x),
        GroupOp::Add(l) => GroupChange::Add(users(l)),
        GroupOp::Remove(l) => GroupChange::Remove(users(l)),
        GroupOp::Keep(l) => GroupChange::Keep(users(l)),
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
