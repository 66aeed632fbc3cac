//! PATCH of a group: the operations as steps over memberships, without the members.

use super::{
    Resource, bad,
    filter::{Element, Literal, Op},
    patch::{Given, Operation, Patch, Verb},
    quirks::{Rule, Rules},
    schema::Schemas,
};
use crate::{error::Result, text::excerpt};
use serde_json::Value;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupOp {
    /// Another name.
    Rename(String),
    /// Another id of the directory's own.
    ExternalId(Option<String>),
    /// These too.
    Add(Vec<String>),
    /// Not these.
    Remove(Vec<String>),
    /// Exactly these.
    Replace(Vec<String>),
    /// Nobody.
    Clear,
}

/// What one operation of a request comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupStep {
    /// What is done, in order.
    pub ops: Vec<GroupOp>,
    /// Why what is not done is not.
    pub ignored: Vec<String>,
}

/// The ids of members: objects with `value`; texts, one of either by itself where 1.9 says so.
///
/// # Errors
/// `invalidValue` for a member without one.
pub fn member_ids(rules: Rules, v: &Value) -> Result<Vec<String>> {
    let wrong = |v: &Value| {
        let v = excerpt(&v.to_string());
        bad("invalidValue", "members", format!("a member has a 'value'; {v} has not"))
    };
    let bare = rules.has(Rule::Bare);
    let one = |v: &Value| match v {
        Value::String(s) if bare && !s.is_empty() => Ok(s.clone()),
        Value::Object(o) if nested(o) => {
            let text = "groups in groups are not supported: a member is a user ('type' is 'User')";
            Err(bad("invalidValue", "members", text))
        }
        Value::Object(o) => match o.iter().find(|(k, _)| k.eq_ignore_ascii_case("value")) {
            Some((_, Value::String(s))) => Ok(s.clone()),
            _ => Err(wrong(v)),
        },
        v => Err(wrong(v)),
    };
    match v {
        Value::Null => Ok(Vec::new()),
        Value::String(s) if s.is_empty() && rules.has(Rule::Empty) => Ok(Vec::new()),
        Value::Array(l) => l.iter().map(one).collect(),
        v if bare => Ok(vec![one(v)?]),
        v => Err(wrong(v)),
    }
}

/// Whether a member says that it is a group.
fn nested(o: &serde_json::Map<String, Value>) -> bool {
    let text = |name: &str| {
        let found = o.iter().find(|(k, _)| k.eq_ignore_ascii_case(name));
        found.and_then(|(_, v)| v.as_str()).unwrap_or("")
    };
    let at = text("$ref").rsplit('/').nth(1).unwrap_or("");
    text("type").eq_ignore_ascii_case("Group") || at.eq_ignore_ascii_case("Groups")
}

/// The ids that a condition names: `value eq "a"`, or several of them with `or`.
fn named(e: &Element) -> Result<Vec<String>> {
    match e {
        Element::Compare(attr, Op::Eq, Literal::Text(t)) if attr.name == "value" => {
            Ok(vec![t.clone()])
        }
        Element::Or(a, b) => {
            let mut all = named(a)?;
            all.extend(named(b)?);
            Ok(all)
        }
        _ => {
            let text = "members are chosen by 'value eq \"id\"', several of them joined with 'or'";
            Err(bad("invalidFilter", "members", text))
        }
    }
}

/// Reads a PATCH body as steps, one for each operation that was sent.
///
/// # Errors
/// With the `scimType` of the first operation that cannot be done.
pub fn group_ops(schemas: &Schemas, rules: Rules, body: &Value) -> Result<Vec<GroupStep>> {
    let patch = Patch::read(schemas, rules, Resource::Group, body)?;
    let step = |s: super::patch::Step| {
        let ops = s.ops.into_iter().map(operation).collect::<Result<_>>()?;
        Ok(GroupStep { ops, ignored: s.ignored })
    };
    patch.steps.into_iter().map(step).collect()
}

fn operation(o: Operation) -> Result<GroupOp> {
    let text = match &o.value {
        Given::One(Some(Value::String(s))) => Some(s.clone()),
        _ => None,
    };
    match o.path.at.attr.name.as_str() {
        "displayName" => {
            let gone = || {
                let text = "'displayName' is required and cannot be removed";
                bad("mutability", "displayName", text)
            };
            text.map(GroupOp::Rename).ok_or_else(gone)
        }
        "externalId" => Ok(GroupOp::ExternalId(text)),
        _ => members(o),
    }
}

fn members(o: Operation) -> Result<GroupOp> {
    if o.path.sub.is_some_and(|s| s.name != "value") {
        let text = "what a member is cannot be changed: remove it and add it";
        return Err(bad("mutability", "members", text));
    }
    let chosen = o.path.filter.as_ref().map(named).transpose()?;
    Ok(match (o.verb, chosen, o.value) {
        (Verb::Remove, Some(ids), _) | (Verb::Remove, None, Given::Members(ids)) => {
            GroupOp::Remove(ids)
        }
        (Verb::Remove, None, _) => GroupOp::Clear,
        // Another id is another member.
        (_, Some(ids), Given::One(Some(Value::String(v)))) if !ids.contains(&v) => {
            let text = "a member's 'value' cannot be changed: remove it and add another";
            return Err(bad("mutability", "members", text));
        }
        // 1.3: who is chosen becomes a member.
        (_, Some(ids), _) if o.path.lenient => GroupOp::Add(ids),
        (Verb::Add, None, Given::Members(ids)) => GroupOp::Add(ids),
        (Verb::Replace, None, Given::Members(ids)) => GroupOp::Replace(ids),
        _ => {
            let text = "members are added and replaced as a list, by the path 'members'";
            return Err(bad("noTarget", "members", text));
        }
    })
}
