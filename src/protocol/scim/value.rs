//! Values as they are kept: names in the schema's spelling, types checked, nothing empty, nothing unknown. The reading
//! is strict; what directories send otherwise has been through [`super::quirks::value`] before.

use super::{
    Resource, bad,
    quirks::{self, Rule, Rules},
    schema::{Attr, Found, Mutability, Named, Schema, Schemas, Type},
};
use crate::{clock::Timestamp, error::Result, text::excerpt};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

/// The longest text (bytes).
const MAX_TEXT: usize = 64 * 1024;
/// The most elements of a multi-valued attribute of a user.
const MAX_ELEMENTS: usize = 1000;
/// The largest whole number that every JSON reader keeps exact (RFC 8259 6).
const MAX_INTEGER: i64 = (1 << 53) - 1;

fn wrong(attr: &str, what: &str) -> crate::error::Error {
    bad("invalidValue", attr, format!("'{attr}' {what}"))
}

/// Base64 as RFC 7643 2.3.6 has it: the plain alphabet, the padding may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A value of a simple attribute, or of one that is a part of another; `None` for null, which is "unassigned".
fn simple(of: Option<&Attr>, attr: &Attr, v: Value) -> Result<Option<Value>> {
    let kind = match attr.ty {
        Type::Boolean => "a boolean",
        Type::Integer => "a whole number",
        Type::Decimal => "a number",
        Type::DateTime => "a date and time as in RFC 3339",
        Type::String | Type::Binary | Type::Reference | Type::Complex => "a text",
    };
    Ok(match (attr.ty, v) {
        (_, Value::Null) => None,
        (Type::Boolean, v @ Value::Bool(_)) | (Type::Decimal, v @ Value::Number(_)) => Some(v),
        (Type::Integer, Value::Number(n)) => match n.as_i64() {
            Some(i) if i.abs() <= MAX_INTEGER => Some(i.into()),
            _ => {
                return Err(wrong(
                    &attr.name,
                    &format!("is a whole number; {n} is not, or too large"),
                ));
            }
        },
        (Type::DateTime, Value::String(s)) => match Timestamp::parse_rfc3339(&s) {
            Some(t) => Some(t.sortable().into()),
            None => return Err(wrong(&attr.name, &format!("is {kind}; '{}' is not", excerpt(&s)))),
        },
        (Type::String | Type::Binary | Type::Reference, Value::String(s)) => {
            if s.contains('\0') {
                return Err(wrong(&attr.name, "contains a NUL character"));
            }
            if s.len() > MAX_TEXT {
                return Err(wrong(&attr.name, "is too long"));
            }
            if s.is_empty() {
                return Err(wrong(&attr.name, "is empty; null is what has no value"));
            }
            if attr.ty == Type::Binary && BASE64.decode(&s).is_err() {
                let whole = of.map(|of| format!("{}.{}", of.name, attr.name));
                let text = format!("is base64; '{}' is not", excerpt(&s));
                return Err(wrong(whole.as_deref().unwrap_or(&attr.name), &text));
            }
            Some(s.into())
        }
        (_, v) => {
            let text = format!("is {kind}; {} is not", excerpt(&v.to_string()));
            return Err(wrong(&attr.name, &text));
        }
    })
}

/// The sub-attributes that an object gives: those that are ours and not read-only. Null stays, for what is unassigned.
pub(super) fn parts(attr: &Attr, v: Value) -> Result<Map<String, Value>> {
    let Value::Object(o) = v else {
        return Err(wrong(
            &attr.name,
            &format!("is an object; {} is not", excerpt(&v.to_string())),
        ));
    };
    let mut out = Map::new();
    for (name, v) in o {
        let Some(sub) = attr.sub(&name) else { continue };
        if sub.mutability != Mutability::ReadOnly {
            out.insert(sub.name.clone(), simple(Some(attr), sub, v)?.unwrap_or_default());
        }
    }
    Ok(out)
}

/// One value of a multi-valued attribute; `None` for one that says nothing.
pub(super) fn element(attr: &Attr, v: Value) -> Result<Option<Value>> {
    if v.is_null() || !attr.complex() {
        return simple(None, attr, v);
    }
    let mut o = parts(attr, v)?;
    o.retain(|_, v| !v.is_null());
    Ok((!o.is_empty()).then_some(Value::Object(o)))
}

/// The elements of a multi-valued attribute; duplicates fall together.
pub(super) fn elements(attr: &Attr, v: Value) -> Result<Vec<Value>> {
    let list = match v {
        Value::Array(l) => l,
        Value::Null => Vec::new(),
        v => {
            return Err(wrong(
                &attr.name,
                &format!("is a list; {} is not", excerpt(&v.to_string())),
            ));
        }
    };
    if list.len() > MAX_ELEMENTS {
        return Err(wrong(&attr.name, &format!("has more than {MAX_ELEMENTS} values")));
    }
    let mut out: Vec<Value> = Vec::new();
    for v in list {
        out.extend(element(attr, v)?);
    }
    one_primary(&mut out, None);
    Ok(out)
}

/// At most one element is primary: `keep`, or else the last that says so. Then duplicates fall together.
pub(super) fn one_primary(list: &mut Vec<Value>, keep: Option<usize>) {
    let is = |v: &Value| v.get("primary") == Some(&Value::Bool(true));
    if let Some(keep) = keep.or_else(|| list.iter().rposition(is)) {
        for (i, v) in list.iter_mut().enumerate() {
            if i != keep && is(v) {
                v["primary"] = Value::Bool(false);
            }
        }
    }
    let mut i = 0;
    while i < list.len() {
        if list[..i].contains(&list[i]) {
            list.remove(i);
        } else {
            i += 1;
        }
    }
}

/// A simple value, of an attribute or of a part of one; `None`: unassigned.
pub(super) fn single(of: Option<&Attr>, attr: &Attr, v: Value) -> Result<Option<Value>> {
    simple(of, attr, v)
}

/// A whole value of an attribute; `None`: unassigned.
fn whole(attr: &Attr, v: Value) -> Result<Option<Value>> {
    if attr.multi {
        let list = elements(attr, v)?;
        return Ok((!list.is_empty()).then(|| Value::from(list)));
    }
    element(attr, v)
}

/// Puts a value where an attribute stands, or takes it away.
pub(super) fn put(doc: &mut Map<String, Value>, at: &Found, v: Option<Value>) {
    let name = at.attr.name.as_str();
    let Some(urn) = at.extension.as_deref() else {
        match v {
            Some(v) => doc.insert(name.to_owned(), v),
            None => doc.remove(name),
        };
        return;
    };
    let mut ext = match doc.remove(urn) {
        Some(Value::Object(o)) => o,
        _ => Map::new(),
    };
    match v {
        Some(v) => ext.insert(name.to_owned(), v),
        None => ext.remove(name),
    };
    if !ext.is_empty() {
        doc.insert(urn.to_owned(), Value::Object(ext));
    }
}

/// The value where an attribute stands.
pub(super) fn get<'a>(doc: &'a Map<String, Value>, at: &Found) -> Option<&'a Value> {
    match &at.extension {
        None => doc.get(&at.attr.name),
        Some(urn) => doc.get(&**urn)?.get(&at.attr.name),
    }
}

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
    let (mut out, mut given) = (Body { doc: Map::new(), ignored: Vec::new() }, None);
    for (name, v) in body {
        if name.eq_ignore_ascii_case("schemas") {
            given = Some(v);
            continue;
        }
        match schemas.resolve(rules, Rule::Schemas, resource, name) {
            Ok(Named::Extension(urn)) => {
                if let Some(s) = schemas.extension(Rules::NONE, resource, &urn) {
                    extension(schemas, rules, &mut out, s, v)?;
                }
            }
            // An extension's attribute has its place inside the extension's object.
            Ok(Named::Attr(p)) if p.sub.is_none() && p.at.extension.is_none() => {
                take(rules, &mut out, &p.at, v)?;
            }
            _ => unknown(rules, &mut out, resource, name, v)?,
        }
    }
    quirks::body::resource(schemas, rules, resource, given)?;
    required(resource, &out.doc)?;
    Ok(out)
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
    let v = whole(attr, quirks::value::whole(rules, attr, v.clone()))?;
    if v.is_some() {
        put(&mut out.doc, at, v);
    }
    Ok(())
}

/// Passwords are not kept (2.10): why, or that they are refused.
pub(super) fn dropped(rules: Rules, attr: &Attr) -> Result<String> {
    if rules.has(Rule::Password) {
        return Ok(format!("'{}' is not kept: people sign in through their directory", attr.name));
    }
    Err(wrong(&attr.name, "is not taken: people sign in through their directory"))
}

/// What is in no schema here is left out (1.29); null says nothing.
fn unknown(rules: Rules, out: &mut Body, resource: Resource, name: &str, v: &Value) -> Result<()> {
    if v.is_null() {
        return Ok(());
    }
    let name = excerpt(name);
    if !rules.has(Rule::Foreign) {
        return Err(wrong(&name, &format!("is no attribute of a {}", resource.name())));
    }
    out.ignored.push(format!("'{name}' is no attribute of a {}", resource.name()));
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
