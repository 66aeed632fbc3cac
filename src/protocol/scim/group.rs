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
use std::collections::BTreeSet;

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
    /// Of those there are, only these.
    Keep(Vec<String>),
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

/// Whom a condition on members chooses: every member is a user with an id, so that whatever it says of equality comes to
/// these, or to all but these.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Chosen {
    These(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

impl Chosen {
    fn all(yes: bool) -> Self {
        if yes { Self::AllBut(BTreeSet::new()) } else { Self::These(BTreeSet::new()) }
    }
    fn not(self) -> Self {
        match self {
            Self::These(s) => Self::AllBut(s),
            Self::AllBut(s) => Self::These(s),
        }
    }
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::These(a), Self::These(b)) => Self::These(&a & &b),
            (Self::These(a), Self::AllBut(b)) | (Self::AllBut(b), Self::These(a)) => {
                Self::These(&a - &b)
            }
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(&a | &b),
        }
    }
    /// Whom the condition means.
    fn read(e: &Element) -> Result<Self> {
        Ok(match e {
            Element::And(a, b) => Self::read(a)?.and(Self::read(b)?),
            Element::Or(a, b) => Self::read(a)?.not().and(Self::read(b)?.not()).not(),
            Element::Not(a) => Self::read(a)?.not(),
            Element::Compare(attr, Op::Ne, want) => {
                Self::read(&Element::Compare(attr.clone(), Op::Eq, want.clone()))?.not()
            }
            Element::Compare(attr, Op::Eq, Literal::Text(t)) => match attr.name.as_str() {
                "value" => Self::These(BTreeSet::from([t.to_ascii_lowercase()])),
                "$ref" => Self::These(
                    referred(Resource::User, t).map(str::to_ascii_lowercase).into_iter().collect(),
                ),
                _ => Self::all(t.eq_ignore_ascii_case("User")),
            },
            Element::Compare(_, Op::Eq, Literal::Null) => Self::all(false),
            Element::Present(_) => Self::all(true),
            Element::Compare(attr, op, _) => {
                let text = format!(
                    "members are chosen by 'value', 'type' and '$ref' with eq, ne, pr, and, or, not; '{} {op}' would \
                     look at each of them",
                    attr.name
                );
                return Err(bad("invalidFilter", "members", text));
            }
        })
    }
}

/// The id of the resource of a type whose address this is.
pub fn referred(resource: Resource, address: &str) -> Option<&str> {
    let (head, id) = address.rsplit_once('/')?;
    let kind = head.rsplit('/').next().unwrap_or(head);
    let word = kind.strip_suffix(['s', 'S']).unwrap_or("");
    (word.eq_ignore_ascii_case(resource.name()) && !id.is_empty()).then_some(id)
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

/// What a member is cannot be changed: another id is another member.
fn unchanged(chosen: &Chosen, value: &Given) -> Result<()> {
    let is_one = |v: &str| match chosen {
        Chosen::These(ids) => ids.contains(&v.to_ascii_lowercase()),
        Chosen::AllBut(_) => false,
    };
    let same = match value {
        Given::One(Some(Value::String(v))) => is_one(v),
        Given::Parts(parts) => parts.iter().all(|(name, v)| match (name.as_str(), v) {
            (_, Value::Null) => true,
            ("value", Value::String(v)) => is_one(v),
            ("$ref", Value::String(v)) => referred(Resource::User, v).is_some_and(is_one),
            (_, Value::String(v)) => v.eq_ignore_ascii_case("User"),
            _ => false,
        }),
        _ => true,
    };
    if same {
        return Ok(());
    }
    let text = "what a member is cannot be changed: remove it and add another";
    Err(bad("mutability", "members", text))
}

fn members(o: Operation) -> Result<GroupOp> {
    if o.path.sub.is_some_and(|s| s.name != "value") {
        let text = "what a member is cannot be changed: remove it and add it";
        return Err(bad("mutability", "members", text));
    }
    let chosen = o.path.filter.as_ref().map(Chosen::read).transpose()?;
    let list = |ids: BTreeSet<String>| ids.into_iter().collect::<Vec<_>>();
    Ok(match (o.verb, chosen, o.value) {
        // Those of them who are listed (1.8).
        (Verb::Remove, Some(chosen), Given::Members(ids)) => {
            let ids = ids.into_iter().map(|i| i.to_ascii_lowercase()).collect();
            match chosen.and(Chosen::These(ids)) {
                Chosen::These(ids) | Chosen::AllBut(ids) => GroupOp::Remove(list(ids)),
            }
        }
        (Verb::Remove, None, Given::Members(ids)) => GroupOp::Remove(ids),
        (Verb::Remove, Some(Chosen::These(ids)), _) => GroupOp::Remove(list(ids)),
        (Verb::Remove, Some(Chosen::AllBut(ids)), _) if !ids.is_empty() => GroupOp::Keep(list(ids)),
        (Verb::Remove, _, _) => GroupOp::Clear,
        // 1.3: who is chosen becomes a member.
        (_, Some(chosen), value) if o.path.lenient => {
            unchanged(&chosen, &value)?;
            match chosen {
                Chosen::These(ids) if !ids.is_empty() => GroupOp::Add(list(ids)),
                _ => {
                    let text = "who becomes a member is named: 'value eq \"id\"'";
                    return Err(bad("noTarget", "members", text));
                }
            }
        }
        (Verb::Add, None, Given::Members(ids)) => GroupOp::Add(ids),
        (Verb::Replace, None, Given::Members(ids)) => GroupOp::Replace(ids),
        _ => {
            let text = "members are added and replaced as a list, by the path 'members'";
            return Err(bad("noTarget", "members", text));
        }
    })
}
