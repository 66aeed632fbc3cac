//! Bodies of POST and PUT as they are kept: every attribute in its place, what is read-only, unknown or null left out.

use super::{
    ENTERPRISE, Resource, bad,
    quirks::{self, Rule, Rules},
    schema::{Found, Mutability, Named, Schema, Schemas},
    value::{Extra, dropped, get, put, required, twice, whole, wrong},
};
use crate::{error::Result, text::excerpt};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::HashSet};

/// A body of POST or PUT, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// What is kept.
    pub doc: Map<String, Value>,
    /// Why what was left out was.
    pub ignored: Vec<String>,
}

/// A body of POST or PUT as it is kept; see [`read_body`].
///
/// # Errors
/// See there.
pub fn normalise(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    body: &Value,
) -> Result<Map<String, Value>> {
    read_body(schemas, rules, resource, body).map(|b| b.doc)
}

/// Reads a body of POST or PUT: what is read-only, unknown or null is left out, types are checked, and what is required
/// is there.
///
/// # Errors
/// `invalidValue`, naming the attribute; `invalidSyntax` when it is no object; `invalidVers`.
pub fn read_body(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    body: &Value,
) -> Result<Body> {
    let Value::Object(body) = body else {
        return Err(bad("invalidSyntax", "body", "a JSON object is wanted"));
    };
    let mut out = Body { doc: Map::new(), ignored: Vec::new() };
    let body = &*unwrapped(resource, body)?;
    let given = body.iter().find(|(k, _)| k.eq_ignore_ascii_case("schemas")).map(|(_, v)| v);
    let cx = Cx { schemas, rules, resource };
    let bare = attributes(cx, &mut out, body)?;
    for (at, name, v) in bare {
        // What its own object says counts more.
        if get(&out.doc, &at).is_some() {
            let urn = at.extension.as_deref().unwrap_or_default();
            out.ignored.push(format!("'{name}' is given in the object of '{urn}' as well"));
            continue;
        }
        // Without the rule it would be left out, whatever it is.
        match take(rules, &mut out, &at, v) {
            Err(e) if rules.has(Rule::Foreign) => out.ignored.push(e.detail().to_owned()),
            r => r?,
        }
    }
    quirks::body::resource(schemas, rules, resource, given)?;
    required(resource, &out.doc)?;
    Ok(out)
}

/// What a body is read by.
#[derive(Clone, Copy)]
struct Cx<'a> {
    schemas: &'a Schemas,
    rules: Rules,
    resource: Resource,
}

/// The attributes of a body. What belongs to the enterprise extension and came without its URN (1.6) is handed back.
fn attributes<'a>(
    cx: Cx<'_>,
    out: &mut Body,
    body: &'a Map<String, Value>,
) -> Result<Vec<(Found, &'a str, &'a Value)>> {
    let Cx { schemas, rules, resource } = cx;
    let mut bare = Vec::new();
    for (name, v) in body {
        if name.eq_ignore_ascii_case("schemas") {
            continue;
        }
        match schemas.resolve(rules, Rule::Manager, resource, name) {
            Ok(Named::Extension(urn)) => {
                if let Some(s) = schemas.extension(Rules::NONE, resource, &urn) {
                    extension(schemas, rules, out, s, v)?;
                }
            }
            Ok(Named::Attr(p)) if p.sub.is_none() && p.at.extension.is_none() => {
                take(rules, out, &p.at, v)?;
            }
            Ok(Named::Attr(p)) if p.sub.is_none() && !name.contains(':') => {
                bare.push((p.at, name.as_str(), v));
            }
            // An extension's attribute has its place inside the extension's object.
            Ok(Named::Attr(p)) if p.at.extension.is_some() => {
                let urn = p.at.extension.as_deref().unwrap_or(ENTERPRISE);
                let why = format!("has its place inside the object of '{urn}'");
                misplaced(rules, out, name, v, &why)?;
            }
            Ok(Named::Attr(_)) => {
                misplaced(rules, out, name, v, "is a path, not the name of an attribute")?;
            }
            _ => unknown(rules, out, resource, name, v)?,
        }
    }
    Ok(bare)
}

/// A body with what stands in the object of the core schema's URN in its place: that URN is the resource itself.
///
/// # Errors
/// `invalidSyntax` for an attribute that is there twice.
pub fn unwrapped(
    resource: Resource,
    body: &Map<String, Value>,
) -> Result<Cow<'_, Map<String, Value>>> {
    once(body)?;
    let core = body.iter().find(|(k, _)| k.eq_ignore_ascii_case(resource.urn()));
    let Some((name, Value::Object(inner))) = core else { return Ok(Cow::Borrowed(body)) };
    let mut whole = body.clone();
    whole.remove(name);
    whole.extend(inner.clone());
    if whole.len() + 1 < body.len() + inner.len() {
        let both = inner.keys().find(|k| body.contains_key(*k));
        return Err(twice(both.unwrap_or(name)));
    }
    once(&whole)?;
    Ok(Cow::Owned(whole))
}

/// Refuses an object that has a name in two spellings. What comes over the wire has none ([`crate::json::read`]); what was
/// put together, or came to these functions by another way, may.
pub(super) fn once(o: &Map<String, Value>) -> Result<()> {
    let mut seen = HashSet::with_capacity(o.len());
    match o.keys().find(|k| !seen.insert(k.to_ascii_lowercase())) {
        Some(name) => Err(twice(name)),
        None => Ok(()),
    }
}

/// One attribute of a body.
fn take(rules: Rules, out: &mut Body, at: &Found, v: &Value) -> Result<()> {
    let attr = &at.attr;
    if attr.mutability == Mutability::ReadOnly {
        return Ok(());
    }
    if attr.mutability == Mutability::WriteOnly {
        if !v.is_null() {
            out.ignored.push(dropped(rules, attr)?);
        }
        return Ok(());
    }
    let mut extra = Extra::of_body(rules);
    let v = whole(attr, quirks::value::whole(rules, attr, v.clone()), &mut extra)?;
    out.ignored.append(&mut extra.ignored);
    if v.is_some() {
        put(&mut out.doc, at, v);
    }
    Ok(())
}

/// What is in no schema here is left out (1.29); null says nothing.
fn unknown(rules: Rules, out: &mut Body, resource: Resource, name: &str, v: &Value) -> Result<()> {
    misplaced(rules, out, name, v, &format!("is no attribute of a {}", resource.name()))
}

/// The same, for a reason of its own.
fn misplaced(rules: Rules, out: &mut Body, name: &str, v: &Value, why: &str) -> Result<()> {
    if v.is_null() {
        return Ok(());
    }
    let name = excerpt(name);
    if !rules.has(Rule::Foreign) {
        return Err(wrong(&name, why));
    }
    out.ignored.push(format!("'{name}' {why}"));
    Ok(())
}

/// An extension's object, attribute by attribute.
fn extension(
    schemas: &Schemas,
    rules: Rules,
    out: &mut Body,
    schema: &Schema,
    v: &Value,
) -> Result<()> {
    let inner = match v {
        Value::Null => return Ok(()),
        Value::Object(o) => o,
        _ => return Err(wrong(&schema.urn, "is an object")),
    };
    once(inner)?;
    for (name, v) in inner {
        match schemas.find(schema.resource, Some(schema), name) {
            Some(at) => take(rules, out, &at, v)?,
            None => unknown(rules, out, schema.resource, &format!("{}:{name}", schema.urn), v)?,
        }
    }
    Ok(())
}

/// A PUT over what is immutable (RFC 7644 3.5.1): what is left out stays, another value is refused.
///
/// # Errors
/// `mutability`.
pub fn keep_immutable(
    schemas: &Schemas,
    was: &Map<String, Value>,
    now: &mut Map<String, Value>,
) -> Result<()> {
    for schema in schemas.extensions(Resource::User) {
        for attr in schema.attrs.iter().filter(|a| a.mutability == Mutability::Immutable) {
            let at = Found { extension: Some(schema.urn.clone()), attr: attr.clone() };
            let Some(old) = get(was, &at) else { continue };
            match get(now, &at) {
                None => put(now, &at, Some(old.clone())),
                Some(new) if new == old => {}
                Some(_) => {
                    let text = format!("'{}' is immutable and has a value already", attr.name);
                    return Err(bad("mutability", &attr.name, text));
                }
            }
        }
    }
    Ok(())
}
