//! PATCH of a user (RFC 7644 3.5.2): a document and operations in, a document out; all or nothing. Every operation
//! ends as applied, as nothing to do, or as ignored with a reason: never as a silent yes.

use super::{
    PATCH, Resource, bad,
    path::{PatchPath, parse_path},
    quirks::Rules,
    schema::{Attr, Mutability, Schemas, Type},
    value::{self, element, elements, get, one_primary, put, whole},
};
use crate::{error::Result, text::excerpt};
use serde_json::{Map, Value};

/// The most operations of one request.
const MAX_OPS: usize = 1000;

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It changed the document.
    Applied,
    /// It was so already.
    NoOp,
    /// It was left out, for this reason.
    Ignored(String),
}

/// What names are read by.
#[derive(Clone, Copy)]
struct Cx<'a> {
    schemas: &'a Schemas,
    rules: Rules,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
    Remove,
}

/// An operation, taken apart.
pub(super) struct Operation<'a> {
    pub verb: Verb,
    pub path: Option<&'a str>,
    pub value: Option<&'a Value>,
}

fn member<'a>(o: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    o.get(name).or_else(|| o.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

/// Reads the operations of a PATCH body; verbs in any case (1.2).
pub(super) fn operations(body: &Value) -> Result<Vec<Operation<'_>>> {
    let syntax = |attr: &str, text: String| bad("invalidSyntax", attr, text);
    let Value::Object(body) = body else {
        return Err(syntax("body", "a JSON object is wanted".to_owned()));
    };
    if let Some(Value::Array(s)) = member(body, "schemas")
        && !s.iter().any(|u| u.as_str().is_some_and(|u| u.eq_ignore_ascii_case(PATCH)))
    {
        return Err(syntax("schemas", format!("'schemas' of a PATCH holds '{PATCH}'")));
    }
    let Some(Value::Array(ops)) = member(body, "Operations") else {
        return Err(syntax("Operations", "'Operations' is a list of operations".to_owned()));
    };
    if ops.is_empty() || ops.len() > MAX_OPS {
        return Err(syntax(
            "Operations",
            format!("'Operations' has between 1 and {MAX_OPS} entries"),
        ));
    }
    let mut out = Vec::with_capacity(ops.len());
    for o in ops {
        let o = o
            .as_object()
            .ok_or_else(|| syntax("Operations", "an operation is an object".to_owned()))?;
        let op = member(o, "op").and_then(Value::as_str).unwrap_or("");
        let verb = match op.to_ascii_lowercase().as_str() {
            "add" => Verb::Add,
            "replace" => Verb::Replace,
            "remove" => Verb::Remove,
            _ => {
                let text = format!("'op' is add, replace or remove, not '{}'", excerpt(op));
                return Err(syntax("op", text));
            }
        };
        let path = match member(o, "path") {
            None | Some(Value::Null) => None,
            Some(Value::String(s)) if s.trim().is_empty() => None,
            Some(Value::String(s)) => Some(s.as_str()),
            Some(_) => return Err(bad("invalidPath", "path", "'path' is a text")),
        };
        out.push(Operation { verb, path, value: member(o, "value") });
    }
    Ok(out)
}

/// Applies a PATCH body to a user's document (names in the schema's spelling, as [`super::normalise`] makes it).
///
/// # Errors
/// With the `scimType` of the first operation that cannot be done; nothing is changed then.
pub fn patch(
    schemas: &Schemas,
    rules: Rules,
    doc: &Map<String, Value>,
    body: &Value,
) -> Result<(Map<String, Value>, Vec<Outcome>)> {
    let cx = Cx { schemas, rules };
    let mut doc = doc.clone();
    let mut outcomes = Vec::new();
    for o in operations(body)? {
        let before = doc.clone();
        let ignored = match o.path {
            None => pathless(cx, &mut doc, o.verb, o.value)?,
            Some(p) => at_path(
                cx,
                &mut doc,
                o.verb,
                p,
                o.value.unwrap_or(&Value::Null),
                o.value.is_some(),
                true,
            )?,
        };
        outcomes.push(match ignored {
            Some(why) => Outcome::Ignored(why),
            None if doc == before => Outcome::NoOp,
            None => Outcome::Applied,
        });
    }
    value::required(Resource::User, &doc)?;
    Ok((doc, outcomes))
}

/// No path: each name of the value's object is a path (1.7, 2.2).
fn pathless(
    cx: Cx<'_>,
    doc: &mut Map<String, Value>,
    verb: Verb,
    v: Option<&Value>,
) -> Result<Option<String>> {
    if verb == Verb::Remove {
        return Err(bad("noTarget", "path", "a remove without 'path' names nothing"));
    }
    let Some(Value::Object(o)) = v else {
        return Err(bad(
            "invalidValue",
            "value",
            "'value' of an operation without 'path' is an object",
        ));
    };
    let mut ignored = Vec::new();
    for (name, v) in o {
        if let Some(why) = at_path(cx, doc, verb, name, v, true, false)? {
            ignored.push(why);
        }
    }
    Ok((!ignored.is_empty()).then(|| ignored.join("; ")))
}

/// Applies one path; the answer is why it was ignored. `strict`: the path was given as such, so that an unknown one is
/// an error; names in a value's object are forgiven.
fn at_path(
    cx: Cx<'_>,
    doc: &mut Map<String, Value>,
    verb: Verb,
    text: &str,
    v: &Value,
    has_value: bool,
    strict: bool,
) -> Result<Option<String>> {
    let path = match parse_path(cx.schemas, cx.rules, Resource::User, text) {
        Ok(p) => p,
        Err(_) if !strict => {
            return Ok(Some(format!("'{}' is no attribute of a User", excerpt(text))));
        }
        Err(e) => return Err(e),
    };
    let (at, filter, sub) = match path {
        PatchPath::Foreign => {
            return Ok(Some(format!("'{}' is of a schema unknown here", excerpt(text))));
        }
        PatchPath::Extension(urn) => return extension(cx, doc, verb, &urn, v),
        PatchPath::At { at, filter, sub } => (at, filter, sub),
    };
    let name = at.attr.name.as_str();
    if at.attr.mutability == Mutability::ReadOnly
        || sub.as_ref().is_some_and(|s| s.mutability == Mutability::ReadOnly)
    {
        // 2.4: what is ours comes back in a value's object and means nothing by it.
        if !strict {
            return Ok(Some(format!("'{name}' is read-only")));
        }
        return Err(bad("mutability", name, format!("'{name}' is read-only")));
    }
    if name == "password" {
        return Ok(Some("passwords are not kept".to_owned()));
    }
    if !has_value && verb != Verb::Remove {
        return Err(bad("invalidValue", name, format!("'{name}': an {verb:?} wants a 'value'")));
    }
    if at.attr.multi {
        let mut list = match get(doc, &at) {
            Some(Value::Array(l)) => l.clone(),
            _ => Vec::new(),
        };
        let given = has_value.then_some(v);
        let primary = multi(&mut list, &at.attr, verb, filter.as_ref(), sub.as_deref(), given)?;
        one_primary(&mut list, primary);
        list.retain(|e| e.as_object().is_some_and(|o| !o.is_empty()));
        put(doc, &at, (!list.is_empty()).then(|| Value::from(list)));
        return Ok(None);
    }
    let new = single(get(doc, &at), &at.attr, verb, sub.as_deref(), v)?;
    if new.is_none() && at.attr.required {
        return Err(bad("mutability", name, format!("'{name}' is required and cannot be removed")));
    }
    put(doc, &at, new);
    Ok(None)
}

fn extension(
    cx: Cx<'_>,
    doc: &mut Map<String, Value>,
    verb: Verb,
    urn: &str,
    v: &Value,
) -> Result<Option<String>> {
    if verb != Verb::Add {
        doc.remove(urn);
    }
    if verb != Verb::Remove
        && let Some(s) = cx.schemas.extension(cx.rules, Resource::User, urn)
    {
        value::extension(cx.schemas, doc, s, v)?;
    }
    Ok(None)
}

/// What a single-valued attribute becomes.
fn single(
    was: Option<&Value>,
    attr: &Attr,
    verb: Verb,
    sub: Option<&Attr>,
    v: &Value,
) -> Result<Option<Value>> {
    let mut object = match was {
        Some(Value::Object(o)) => o.clone(),
        _ => Map::new(),
    };
    if let Some(sub) = sub {
        match if verb == Verb::Remove { None } else { whole(sub, v)? } {
            Some(v) => object.insert(sub.name.clone(), v),
            None => object.remove(&sub.name),
        };
        return Ok((!object.is_empty()).then_some(Value::Object(object)));
    }
    if verb == Verb::Remove {
        return Ok(None);
    }
    let new = whole(attr, v)?;
    match new {
        // A complex value is merged, sub-attribute by sub-attribute; a sub-attribute that is null is taken away.
        Some(Value::Object(new)) if attr.ty == Type::Complex && v.is_object() => {
            for (name, v) in v.as_object().into_iter().flatten() {
                if let Some(sub) = attr.sub(name)
                    && (v.is_null() || v.as_str() == Some(""))
                {
                    object.remove(&sub.name);
                }
            }
            object.extend(new);
            Ok(Some(Value::Object(object)))
        }
        None if v.as_object().is_some_and(|o| !o.is_empty()) => {
            for (name, _) in v.as_object().into_iter().flatten() {
                if let Some(sub) = attr.sub(name) {
                    object.remove(&sub.name);
                }
            }
            Ok((!object.is_empty()).then_some(Value::Object(object)))
        }
        new => Ok(new),
    }
}

/// Changes the elements of a multi-valued attribute; says which became primary.
fn multi(
    list: &mut Vec<Value>,
    attr: &Attr,
    verb: Verb,
    filter: Option<&super::filter::Element>,
    sub: Option<&Attr>,
    v: Option<&Value>,
) -> Result<Option<usize>> {
    let null = Value::Null;
    let given = v.unwrap_or(&null);
    let chosen: Vec<usize> = match filter {
        Some(f) => (0..list.len()).filter(|i| f.holds(&list[*i])).collect(),
        None => (0..list.len()).collect(),
    };
    match (verb, filter, sub) {
        // 1.8: with a value only those it names go; without one, all that the path names.
        (Verb::Remove, _, None) => {
            let named = match given {
                Value::Null => None,
                v => Some(elements(attr, v)?),
            };
            let empty = matches!(given, Value::Array(l) if l.is_empty());
            let mut at = 0;
            list.retain(|e| {
                let hit = chosen.contains(&at)
                    && !empty
                    && named.as_ref().is_none_or(|n| n.iter().any(|n| same(n, e)));
                at += 1;
                !hit
            });
            Ok(None)
        }
        (Verb::Remove, _, Some(sub)) => {
            for i in chosen {
                if let Some(o) = list[i].as_object_mut() {
                    o.remove(&sub.name);
                }
            }
            Ok(None)
        }
        (Verb::Add, None, None) => {
            let mut primary = None;
            for e in elements(attr, given)? {
                let at = match list.iter().position(|x| x == &e) {
                    Some(i) => i,
                    None => {
                        list.push(e);
                        list.len() - 1
                    }
                };
                if list[at].get("primary") == Some(&Value::Bool(true)) {
                    primary = Some(at);
                }
            }
            Ok(primary)
        }
        (Verb::Replace, None, None) => {
            *list = elements(attr, given)?;
            Ok(None)
        }
        (_, filter, sub) => {
            let mut chosen = chosen;
            if chosen.is_empty() {
                // 1.3: an element that the condition spells out is made, so that the value has a place.
                let made = match filter {
                    None => Some(Map::new()),
                    Some(f) => f.made_of(),
                };
                let Some(made) = made else {
                    let text = format!("no value of '{}' meets the path's condition", attr.name);
                    return Err(bad("noTarget", &attr.name, text));
                };
                list.push(Value::Object(made));
                chosen.push(list.len() - 1);
            }
            let mut primary = None;
            for i in chosen {
                let Some(o) = list[i].as_object_mut() else { continue };
                match sub {
                    Some(sub) => match whole(sub, given)? {
                        Some(v) => {
                            o.insert(sub.name.clone(), v);
                        }
                        None => {
                            o.remove(&sub.name);
                        }
                    },
                    None => match element(attr, given)? {
                        Some(new) => o.extend(new),
                        None => o.clear(),
                    },
                }
                let sets = sub.is_none_or(|s| s.name == "primary");
                if sets && o.get("primary") == Some(&Value::Bool(true)) {
                    primary = Some(i);
                }
                // An element that holds nothing but how it was chosen is no value.
                let bare = o.keys().all(|k| matches!(k.as_str(), "type" | "primary"));
                if bare && sub.is_some_and(|s| s.name == "value") {
                    o.clear();
                }
            }
            Ok(primary)
        }
    }
}

/// Whether a value names an element: all it says is so there.
fn same(named: &Value, element: &Value) -> bool {
    match (named.get("value"), element.get("value")) {
        (Some(a), Some(b)) => {
            a == b && named.get("type").is_none_or(|t| Some(t) == element.get("type"))
        }
        _ => named.as_object().is_some_and(|o| o.iter().all(|(k, v)| element.get(k) == Some(v))),
    }
}
