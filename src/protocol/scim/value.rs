//! Values as they are kept: names in the schema's spelling, types checked, nothing empty, nothing unknown.

use super::{
    Resource, bad,
    quirks::{Rule, Rules},
    schema::{Attr, Found, Mutability, Named, Schema, Schemas, Type},
};
use crate::{error::Result, text::excerpt};
use serde_json::{Map, Value};

/// The longest text (bytes).
const MAX_TEXT: usize = 64 * 1024;
/// The most elements of a multi-valued attribute of a user.
const MAX_ELEMENTS: usize = 1000;

fn wrong(attr: &str, what: &str) -> crate::error::Error {
    bad("invalidValue", attr, format!("'{attr}' {what}"))
}

/// "True" and "False" in any case, as some directories send booleans (1.1).
pub(super) fn boolean(name: &str, v: &Value) -> Result<bool> {
    match v {
        Value::Bool(b) => Ok(*b),
        Value::String(s) if s.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(s) if s.eq_ignore_ascii_case("false") => Ok(false),
        v => Err(wrong(name, &format!("is a boolean; {} is not", excerpt(&v.to_string())))),
    }
}

/// A value of a simple attribute; `None` for null and empty (1.12), which is "unassigned".
fn simple(attr: &Attr, v: &Value) -> Result<Option<Value>> {
    match (attr.ty, v) {
        (_, Value::Null) => Ok(None),
        (Type::Boolean, Value::String(s)) if s.is_empty() => Ok(None),
        (Type::Boolean, v) => boolean(&attr.name, v).map(|b| Some(Value::from(b))),
        (_, Value::String(s)) if s.contains('\0') => {
            Err(wrong(&attr.name, "contains a NUL character"))
        }
        (_, Value::String(s)) if s.len() > MAX_TEXT => Err(wrong(&attr.name, "is too long")),
        (_, Value::String(s)) if s.is_empty() => Ok(None),
        (_, Value::String(s)) => Ok(Some(Value::from(s.as_str()))),
        (_, Value::Number(n)) => Ok(Some(Value::from(n.to_string()))),
        (_, v) => Err(wrong(&attr.name, &format!("is a text; {} is not", excerpt(&v.to_string())))),
    }
}

/// One complex value: its known sub-attributes. A bare text is its `value` (1.6, 1.9).
pub(super) fn element(attr: &Attr, v: &Value) -> Result<Option<Map<String, Value>>> {
    let mut out = Map::new();
    match v {
        Value::Null => return Ok(None),
        Value::String(s) if s.is_empty() => return Ok(None),
        Value::String(_) => {
            let Some(sub) = attr.sub("value") else {
                return Err(wrong(&attr.name, "is an object"));
            };
            if let Some(v) = simple(sub, v)? {
                out.insert(sub.name.clone(), v);
            }
        }
        Value::Object(o) => {
            for (name, v) in o {
                let Some(sub) = attr.sub(name) else { continue };
                if sub.mutability == Mutability::ReadOnly {
                    continue;
                }
                if let Some(v) = simple(sub, v)? {
                    out.insert(sub.name.clone(), v);
                }
            }
        }
        v => {
            return Err(wrong(
                &attr.name,
                &format!("is an object; {} is not", excerpt(&v.to_string())),
            ));
        }
    }
    Ok((!out.is_empty()).then_some(out))
}

/// The elements of a multi-valued attribute: an array, or one element by itself; duplicates fall together.
pub(super) fn elements(attr: &Attr, v: &Value) -> Result<Vec<Value>> {
    let one = std::slice::from_ref(v);
    let list: &[Value] = match v {
        Value::Array(l) => l,
        Value::Null => &[],
        _ => one,
    };
    if list.len() > MAX_ELEMENTS {
        return Err(wrong(&attr.name, &format!("has more than {MAX_ELEMENTS} values")));
    }
    let mut out: Vec<Value> = Vec::new();
    for v in list {
        if let Some(e) = element(attr, v)?.map(Value::Object)
            && !out.contains(&e)
        {
            out.push(e);
        }
    }
    one_primary(&mut out, None);
    Ok(out)
}

/// At most one element is primary: `keep`, or else the last that says so.
pub(super) fn one_primary(list: &mut [Value], keep: Option<usize>) {
    let is = |v: &Value| v.get("primary") == Some(&Value::Bool(true));
    let Some(keep) = keep.or_else(|| list.iter().rposition(is)) else { return };
    for (i, v) in list.iter_mut().enumerate() {
        if i != keep && is(v) {
            v["primary"] = Value::Bool(false);
        }
    }
}

/// A whole value of an attribute; `None`: unassigned.
pub(super) fn whole(attr: &Attr, v: &Value) -> Result<Option<Value>> {
    if attr.multi {
        let list = elements(attr, v)?;
        return Ok((!list.is_empty()).then(|| Value::from(list)));
    }
    if attr.ty != Type::Complex {
        // A one-element array where one value is wanted: seen with managers and role assignments.
        return match v {
            Value::Array(l) if l.len() == 1 => simple(attr, &l[0]),
            v => simple(attr, v),
        };
    }
    let v = match v {
        Value::Array(l) if l.len() == 1 => &l[0],
        v => v,
    };
    Ok(element(attr, v)?.map(Value::Object))
}

/// Puts a value where an attribute stands, or takes it away.
pub(super) fn put(doc: &mut Map<String, Value>, at: &Found, v: Option<Value>) {
    let name = at.attr.name.as_str();
    match (&at.extension, v) {
        (None, Some(v)) => {
            doc.insert(name.to_owned(), v);
        }
        (None, None) => {
            doc.remove(name);
        }
        (Some(urn), v) => {
            let mut ext = match doc.remove(&**urn) {
                Some(Value::Object(o)) => o,
                _ => Map::new(),
            };
            match v {
                Some(v) => ext.insert(name.to_owned(), v),
                None => ext.remove(name),
            };
            if !ext.is_empty() {
                doc.insert((**urn).to_owned(), Value::Object(ext));
            }
        }
    }
}

/// The value where an attribute stands.
pub(super) fn get<'a>(doc: &'a Map<String, Value>, at: &Found) -> Option<&'a Value> {
    match &at.extension {
        None => doc.get(&at.attr.name),
        Some(urn) => doc.get(&**urn)?.get(&at.attr.name),
    }
}

/// A body of POST or PUT as it is kept: what is read-only, unknown, null or empty is left out (1.12, 1.20), types are
/// checked, and what is required is there.
///
/// # Errors
/// `invalidValue`, naming the attribute; `invalidSyntax` when it is no object.
pub fn normalise(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    body: &Value,
) -> Result<Map<String, Value>> {
    let Value::Object(body) = body else {
        return Err(bad("invalidSyntax", "body", "a JSON object is wanted"));
    };
    let mut doc = Map::new();
    for (name, v) in body {
        // The sub-attribute of a name with a dot is no attribute of a body.
        let at = match schemas.resolve(rules, Rule::Schemas, resource, name) {
            Ok(Named::Extension(urn)) => {
                if let Some(s) = schemas.extension(rules, resource, &urn) {
                    extension(schemas, &mut doc, s, v)?;
                }
                continue;
            }
            Ok(Named::Attr(p)) if p.sub.is_none() && p.at.extension.is_none() => p.at,
            _ => continue,
        };
        if at.attr.mutability == Mutability::ReadOnly || at.attr.name == "password" {
            continue;
        }
        if let Some(v) = whole(&at.attr, v)? {
            put(&mut doc, &at, Some(v));
        }
    }
    required(resource, &doc)?;
    Ok(doc)
}

/// An extension's object, attribute by attribute, into the document.
pub(super) fn extension(
    schemas: &Schemas,
    doc: &mut Map<String, Value>,
    schema: &Schema,
    v: &Value,
) -> Result<()> {
    let inner = match v {
        Value::Null => return Ok(()),
        Value::Object(o) => o,
        _ => return Err(bad("invalidValue", &schema.urn, "the extension is an object")),
    };
    for (name, v) in inner {
        let Some(at) = schemas.find(schema.resource, Some(schema), name) else { continue };
        let v = whole(&at.attr, v)?;
        put(doc, &at, v);
    }
    Ok(())
}

/// What a resource cannot be without.
pub(super) fn required(resource: Resource, doc: &Map<String, Value>) -> Result<()> {
    let name = match resource {
        Resource::User => "userName",
        Resource::Group => "displayName",
    };
    match doc.get(name) {
        Some(Value::String(s)) if !s.trim().is_empty() => Ok(()),
        _ => Err(wrong(name, "is required and may not be empty")),
    }
}
