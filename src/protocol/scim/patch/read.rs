//! From a PATCH body to the canonical form: the rules first, then the RFC's letter.

use super::{Given, Operation, Step, Target, Verb};
use crate::{
    error::{Error, Result},
    protocol::scim::{
        Resource, bad,
        body::once,
        group::member_ids,
        path::{PatchPath, parse_path},
        quirks::{self, Rule, Rules},
        schema::{Attr, Mutability, Schemas},
        value::{self, Extra},
    },
    text::excerpt,
};
use serde_json::{Map, Value};

/// The most operations of one request.
const MAX_OPS: usize = 1000;

/// What operations are read by.
#[derive(Clone, Copy)]
pub(super) struct Cx<'a> {
    pub schemas: &'a Schemas,
    pub rules: Rules,
    pub resource: Resource,
}

/// How a target was named: by a path, or as a member of a value without one, where more is forgiven.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Path,
    Name,
}

fn syntax(attr: &str, text: impl Into<String>) -> Error {
    bad("invalidSyntax", attr, text)
}

pub(super) fn steps(cx: Cx<'_>, body: &Value) -> Result<Vec<Step>> {
    let Value::Object(body) = body else {
        return Err(syntax("body", "a JSON object is wanted"));
    };
    quirks::body::patch(cx.rules, quirks::operation::member(cx.rules, body, "schemas"))?;
    let ops = quirks::operation::member(cx.rules, body, "Operations");
    let Some(Value::Array(ops)) = ops else {
        return Err(syntax("Operations", "'Operations' is a list of operations"));
    };
    if ops.is_empty() || ops.len() > MAX_OPS {
        let text = format!("'Operations' has between 1 and {MAX_OPS} entries");
        return Err(syntax("Operations", text));
    }
    let object = |o: &Value| match o {
        Value::Object(o) => step(cx, o),
        _ => Err(syntax("Operations", "an operation is an object")),
    };
    ops.iter().map(object).collect()
}

fn step(cx: Cx<'_>, o: &Map<String, Value>) -> Result<Step> {
    let member = |name| quirks::operation::member(cx.rules, o, name);
    let op = member("op").and_then(Value::as_str).unwrap_or("");
    let verb = match quirks::operation::verb(cx.rules, op).as_str() {
        "add" => Verb::Add,
        "replace" => Verb::Replace,
        "remove" => Verb::Remove,
        _ => {
            let text = format!("'op' is add, replace or remove, not '{}'", excerpt(op));
            return Err(syntax("op", text));
        }
    };
    let path = match member("path") {
        None | Some(Value::Null) => None,
        Some(Value::String(s)) => quirks::operation::path(cx.rules, s),
        Some(_) => return Err(bad("invalidPath", "path", "'path' is a text")),
    };
    let mut step = Step::default();
    match (path, member("value")) {
        (Some(path), value) => at_path(cx, &mut step, verb, path, value, By::Path)?,
        (None, _) if verb == Verb::Remove => {
            return Err(bad("noTarget", "path", "a remove without 'path' names nothing"));
        }
        (None, Some(Value::Object(fields))) => {
            once(fields)?;
            for (name, v) in fields {
                at_path(cx, &mut step, verb, name, Some(v), By::Name)?;
            }
        }
        (None, _) => {
            let text = "'value' of an operation without 'path' is an object";
            return Err(bad("invalidValue", "value", text));
        }
    }
    Ok(step)
}

fn at_path(
    cx: Cx<'_>,
    step: &mut Step,
    verb: Verb,
    text: &str,
    v: Option<&Value>,
    by: By,
) -> Result<()> {
    // The URN of the core is the resource itself.
    if text.trim().eq_ignore_ascii_case(cx.resource.urn())
        && let (Verb::Add | Verb::Replace, Some(Value::Object(fields))) = (verb, v)
    {
        once(fields)?;
        for (name, v) in fields {
            at_path(cx, step, verb, name, Some(v), By::Name)?;
        }
        return Ok(());
    }
    let named = by == By::Path || quirks::operation::name(cx.rules, text);
    let path = match parse_path(cx.schemas, cx.rules, cx.resource, text) {
        Ok(path) if named => path,
        Err(e) if by == By::Path => return Err(e),
        // 1.29
        _ if cx.rules.has(Rule::Foreign) => {
            let what = cx.resource.name();
            step.ignored.push(format!("'{}' is no attribute of a {what}", excerpt(text)));
            return Ok(());
        }
        Err(e) => return Err(e),
        Ok(_) => {
            let text = format!("'{}' is a path, not the name of an attribute", excerpt(text));
            return Err(bad("invalidPath", "value", text));
        }
    };
    match path {
        PatchPath::Foreign => {
            step.ignored.push(format!("'{}' is of a schema unknown here", excerpt(text)));
            Ok(())
        }
        PatchPath::Extension(urn) => extension(cx, step, verb, &urn, v),
        PatchPath::At { at, filter, sub } => {
            let lenient = cx.rules.has(Rule::Elements);
            target(cx, step, verb, Target { at, filter, sub, lenient }, v, by)
        }
    }
}

/// An extension as a whole: each attribute that the value names; a remove takes all there are.
fn extension(cx: Cx<'_>, step: &mut Step, verb: Verb, urn: &str, v: Option<&Value>) -> Result<()> {
    let Some(schema) = cx.schemas.extension(Rules::NONE, cx.resource, urn) else { return Ok(()) };
    let found = |name: &str| cx.schemas.find(cx.resource, Some(schema), name);
    let whole = |at| Target { at, filter: None, sub: None, lenient: false };
    match (verb, v) {
        (Verb::Remove, _) | (Verb::Replace, Some(Value::Null)) => {
            for at in schema.attrs.iter().filter_map(|a| found(&a.name)) {
                let path = whole(at);
                step.ops.push(Operation { verb: Verb::Remove, path, value: Given::Nothing });
            }
            Ok(())
        }
        (_, Some(Value::Object(o))) => {
            once(o)?;
            for (name, v) in o {
                match found(name) {
                    Some(at) => target(cx, step, verb, whole(at), Some(v), By::Name)?,
                    None if cx.rules.has(Rule::Foreign) => {
                        let text = format!("'{}' is no attribute of '{urn}'", excerpt(name));
                        step.ignored.push(text);
                    }
                    None => {
                        let text = format!("'{}' is no attribute of '{urn}'", excerpt(name));
                        return Err(bad("invalidPath", "value", text));
                    }
                }
            }
            Ok(())
        }
        _ => Err(bad("invalidValue", urn, "the value of an extension is an object")),
    }
}

/// What stands at a target and may be written becomes an operation.
fn target(
    cx: Cx<'_>,
    step: &mut Step,
    verb: Verb,
    path: Target,
    v: Option<&Value>,
    by: By,
) -> Result<()> {
    let attr = path.at.attr.clone();
    let ours = |a: &Attr| a.mutability == Mutability::ReadOnly;
    let read_only = || match &path.sub {
        Some(sub) => format!("'{}.{}' is read-only", attr.name, sub.name),
        None => format!("'{}' is read-only", attr.name),
    };
    if ours(&attr) || path.sub.as_deref().is_some_and(ours) {
        // 2.4: what is ours comes back in a value and means nothing by it.
        if by == By::Name && cx.rules.has(Rule::Echo) {
            step.ignored.push(read_only());
            return Ok(());
        }
        return Err(bad("mutability", &attr.name, read_only()));
    }
    if attr.mutability == Mutability::WriteOnly {
        step.ignored.push(value::dropped(cx.rules, &attr)?);
        return Ok(());
    }
    if v.is_none() && verb != Verb::Remove {
        let text = format!("'{}': an {} wants a 'value'", attr.name, verb.as_str());
        return Err(bad("invalidValue", &attr.name, text));
    }
    if attr.required && path.sub.is_none() && (verb == Verb::Remove) {
        let text = format!("'{}' is required and cannot be removed", attr.name);
        return Err(bad("mutability", &attr.name, text));
    }
    let mut extra = Extra::of_patch(cx.rules);
    let (verb, value) = given(cx, verb, &path, v, &mut extra)?;
    // A value of which nothing is left has nothing to say: least of all that there should be none.
    let nothing = match &value {
        Given::Parts(parts) => parts.is_empty(),
        Given::List(list) => list.is_empty(),
        _ => false,
    };
    // Who becomes a member of a group is said by the path.
    if !nothing || extra.ignored.is_empty() || cx.resource == Resource::Group {
        step.ops.push(Operation { verb, path, value });
    }
    step.ignored.append(&mut extra.ignored);
    Ok(())
}

/// The value as its target wants it, and the verb, where the value says that another is meant.
fn given(
    cx: Cx<'_>,
    verb: Verb,
    path: &Target,
    v: Option<&Value>,
    extra: &mut Extra,
) -> Result<(Verb, Given)> {
    let (rules, attr) = (cx.rules, &*path.at.attr);
    let v = v.filter(|v| !(verb == Verb::Remove && v.is_null()));
    let Some(v) = v else { return Ok((verb, Given::Nothing)) };
    if verb == Verb::Remove && !(attr.multi && path.sub.is_none()) {
        // The path says what goes; a value beside it means nothing by the RFC.
        return Ok((verb, Given::Nothing));
    }
    if verb == Verb::Remove && !rules.has(Rule::RemoveValues) {
        let text = "a remove has no 'value': a condition in 'path' says which values go";
        return Err(bad("invalidValue", &attr.name, text));
    }
    let ids = path.filter.is_none() || verb == Verb::Remove;
    if cx.resource == Resource::Group && attr.name == "members" && ids {
        return Ok((verb, Given::Members(member_ids(rules, v)?)));
    }
    if let Some(sub) = &path.sub {
        let v = quirks::value::simple(rules, sub, v.clone());
        return Ok((verb, Given::One(value::single(Some(attr), sub, v)?)));
    }
    if attr.multi && (path.filter.is_none() || verb == Verb::Remove) {
        let replaces = verb == Verb::Add && quirks::operation::replaces(rules, attr, v);
        let verb = if replaces { Verb::Replace } else { verb };
        // RFC 7644 3.5.2.1: one value may be added by itself.
        let v = match v {
            v @ Value::Object(_) if verb == Verb::Add => Value::Array(vec![v.clone()]),
            v => v.clone(),
        };
        let list = value::elements(attr, quirks::value::whole(rules, attr, v), extra)?;
        return Ok((verb, Given::List(list)));
    }
    let rewrite = if attr.multi { quirks::value::item } else { quirks::value::whole };
    let v = rewrite(rules, attr, v.clone());
    if v.is_null() || !attr.complex() {
        return Ok((verb, Given::One(value::single(None, attr, v)?)));
    }
    Ok((verb, Given::Parts(value::parts(attr, v, extra)?)))
}
