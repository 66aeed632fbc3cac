//! PATCH of a group: the operations as steps over memberships, without the members.

use super::{
    Resource, bad,
    filter::{Element, Literal, Op},
    patch::{Verb, operations},
    path::{PatchPath, parse_path},
    quirks::Rules,
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

/// The ids of members, as they come: objects with `value`, texts, one of either by itself (1.8, 1.9).
///
/// # Errors
/// `invalidValue` for a member without one.
pub fn member_ids(v: &Value) -> Result<Vec<String>> {
    let wrong = |v: &Value| {
        bad(
            "invalidValue",
            "members",
            format!("a member has a 'value'; {} has not", excerpt(&v.to_string())),
        )
    };
    let one = |v: &Value| match v {
        Value::String(s) => Ok(s.clone()),
        Value::Object(o) => match o.iter().find(|(k, _)| k.eq_ignore_ascii_case("value")) {
            Some((_, Value::String(s))) => Ok(s.clone()),
            _ => Err(wrong(v)),
        },
        v => Err(wrong(v)),
    };
    match v {
        Value::Null => Ok(Vec::new()),
        Value::Array(l) => l.iter().map(one).collect(),
        v => Ok(vec![one(v)?]),
    }
}

/// The ids that a condition names: `value eq "a"`, or several of them with `or`.
fn named(e: &Element) -> Option<Vec<String>> {
    match e {
        Element::Compare(attr, Op::Eq, Literal::Text(t)) if attr.name == "value" => {
            Some(vec![t.clone()])
        }
        Element::Or(a, b) => {
            let mut all = named(a)?;
            all.extend(named(b)?);
            Some(all)
        }
        _ => None,
    }
}

fn text(name: &str, v: &Value) -> Result<Option<String>> {
    match v {
        Value::Null => Ok(None),
        Value::String(s) if s.contains('\0') => {
            Err(bad("invalidValue", name, format!("'{name}' contains a NUL character")))
        }
        Value::String(s) if s.is_empty() => Ok(None),
        Value::String(s) => Ok(Some(s.clone())),
        v => Err(bad(
            "invalidValue",
            name,
            format!("'{name}' is a text; {} is not", excerpt(&v.to_string())),
        )),
    }
}

/// Reads a PATCH body as steps, and why what was left out was.
///
/// # Errors
/// With the `scimType` of the first operation that cannot be done.
pub fn group_ops(
    schemas: &Schemas,
    rules: Rules,
    body: &Value,
) -> Result<(Vec<GroupOp>, Vec<String>)> {
    let parse = |text: &str| parse_path(schemas, rules, Resource::Group, text);
    let (mut steps, mut ignored) = (Vec::new(), Vec::new());
    for o in operations(body)? {
        match (o.path, o.value) {
            (Some(p), v) => step(&mut steps, &mut ignored, o.verb, p, parse(p), v, true)?,
            (None, Some(Value::Object(fields))) if o.verb != Verb::Remove => {
                for (name, v) in fields {
                    step(&mut steps, &mut ignored, o.verb, name, parse(name), Some(v), false)?;
                }
            }
            (None, _) if o.verb == Verb::Remove => {
                return Err(bad("noTarget", "path", "a remove without 'path' names nothing"));
            }
            (None, _) => {
                return Err(bad(
                    "invalidValue",
                    "value",
                    "'value' of an operation without 'path' is an object",
                ));
            }
        }
    }
    Ok((steps, ignored))
}

fn step(
    steps: &mut Vec<GroupOp>,
    ignored: &mut Vec<String>,
    verb: Verb,
    path: &str,
    parsed: Result<PatchPath>,
    v: Option<&Value>,
    strict: bool,
) -> Result<()> {
    let (at, filter, sub) = match parsed {
        Ok(PatchPath::At { at, filter, sub }) => (at, filter, sub),
        Ok(_) => {
            ignored.push(format!("'{}' is of a schema unknown here", excerpt(path)));
            return Ok(());
        }
        Err(_) if !strict => {
            ignored.push(format!("'{}' is no attribute of a Group", excerpt(path)));
            return Ok(());
        }
        Err(e) => return Err(e),
    };
    let null = Value::Null;
    match at.attr.name.as_str() {
        "displayName" => {
            match if verb == Verb::Remove { None } else { text("displayName", v.unwrap_or(&null))? }
            {
                Some(name) => steps.push(GroupOp::Rename(name)),
                None => {
                    return Err(bad(
                        "mutability",
                        "displayName",
                        "'displayName' is required and cannot be removed",
                    ));
                }
            }
        }
        "externalId" => {
            let new =
                if verb == Verb::Remove { None } else { text("externalId", v.unwrap_or(&null))? };
            steps.push(GroupOp::ExternalId(new));
        }
        "members" => {
            if sub.is_some_and(|s| s.name != "value") {
                return Err(bad(
                    "mutability",
                    "members",
                    "what a member is cannot be changed: remove it and add it",
                ));
            }
            steps.push(members(verb, filter.as_ref(), v)?);
        }
        name if strict => return Err(bad("mutability", name, format!("'{name}' is read-only"))),
        name => ignored.push(format!("'{name}' is read-only")),
    }
    Ok(())
}

fn members(verb: Verb, filter: Option<&Element>, v: Option<&Value>) -> Result<GroupOp> {
    let chosen = match filter {
        None => None,
        Some(f) => Some(named(f).ok_or_else(|| {
            bad(
                "invalidFilter",
                "members",
                "members are chosen by 'value eq \"id\"', several of them joined with 'or'",
            )
        })?),
    };
    Ok(match (verb, chosen, v) {
        (Verb::Remove, Some(ids), _) => GroupOp::Remove(ids),
        (Verb::Remove, None, None | Some(Value::Null)) => GroupOp::Clear,
        (Verb::Remove, None, Some(v)) => GroupOp::Remove(member_ids(v)?),
        (_, Some(ids), _) => GroupOp::Add(ids),
        (_, None, None) => {
            return Err(bad("invalidValue", "members", "'members': a 'value' is wanted"));
        }
        (Verb::Add, None, Some(v)) => GroupOp::Add(member_ids(v)?),
        (Verb::Replace, None, Some(v)) => GroupOp::Replace(member_ids(v)?),
    })
}
