//! Values as they are kept: names in the schema's spelling, types checked, nothing empty, nothing unknown. The reading
//! is strict; what directories send otherwise has been through [`super::quirks::value`] before.

use super::{
    Resource, bad,
    filter::folded,
    quirks::{Rule, Rules},
    schema::{Attr, Found, Mutability, Type},
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

pub(super) fn wrong(attr: &str, what: &str) -> crate::error::Error {
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

/// How parts of a value are read that it should not have: by rules, and with what is told of them.
#[derive(Debug)]
pub(super) struct Extra {
    rules: Rules,
    /// A change by PATCH, in which what is read-only is refused; in a body of POST and PUT it means nothing (RFC 7644 3.3).
    patch: bool,
    /// Why what was left out was.
    pub ignored: Vec<String>,
}

impl Extra {
    /// Of a body of POST or PUT.
    pub fn of_body(rules: Rules) -> Self {
        Self { rules, patch: false, ignored: Vec::new() }
    }
    /// Of an operation of PATCH.
    pub fn of_patch(rules: Rules) -> Self {
        Self { rules, patch: true, ignored: Vec::new() }
    }
    /// Many values say the same.
    fn tell(&mut self, why: String) {
        if !self.ignored.contains(&why) {
            self.ignored.push(why);
        }
    }
    /// A part that the attribute has not (1.29); null says nothing.
    fn unknown(&mut self, attr: &Attr, name: &str, v: &Value) -> Result<()> {
        if v.is_null() {
            return Ok(());
        }
        let text = format!("has no part '{}'", excerpt(name));
        if !self.rules.has(Rule::Foreign) {
            return Err(wrong(&attr.name, &text));
        }
        self.tell(format!("'{}' {text}", attr.name));
        Ok(())
    }
    /// A part that is the server's (2.4).
    fn read_only(&mut self, attr: &Attr, part: &Attr) -> Result<()> {
        if !self.patch {
            return Ok(());
        }
        let text = format!("'{}.{}' is read-only", attr.name, part.name);
        if !self.rules.has(Rule::Echo) {
            return Err(bad("mutability", &attr.name, text));
        }
        self.tell(text);
        Ok(())
    }
}

/// The sub-attributes that an object gives: those that are ours and not read-only. Null stays, for what is unassigned.
pub(super) fn parts(attr: &Attr, v: Value, extra: &mut Extra) -> Result<Map<String, Value>> {
    let Value::Object(o) = v else {
        return Err(wrong(
            &attr.name,
            &format!("is an object; {} is not", excerpt(&v.to_string())),
        ));
    };
    let mut out = Map::new();
    for (name, v) in o {
        let Some(sub) = attr.sub(&name) else {
            extra.unknown(attr, &name, &v)?;
            continue;
        };
        if sub.mutability == Mutability::ReadOnly {
            extra.read_only(attr, sub)?;
            continue;
        }
        let v = simple(Some(attr), sub, v)?.unwrap_or_default();
        if out.insert(sub.name.clone(), v).is_some() {
            return Err(twice(&format!("{}.{}", attr.name, sub.name)));
        }
    }
    Ok(out)
}

/// Names are compared without case, so that one in two spellings is there twice: which is meant nobody can say.
pub fn twice(name: &str) -> crate::error::Error {
    let name = excerpt(name);
    bad("invalidSyntax", &name, format!("'{name}' is given twice; names are compared without case"))
}

/// One value of a multi-valued attribute; `None` for one that says nothing.
pub(super) fn element(attr: &Attr, v: Value, extra: &mut Extra) -> Result<Option<Value>> {
    if v.is_null() || !attr.complex() {
        return simple(None, attr, v);
    }
    let mut o = parts(attr, v, extra)?;
    o.retain(|_, v| !v.is_null());
    Ok((!o.is_empty()).then_some(Value::Object(o)))
}

/// The elements of a multi-valued attribute; duplicates fall together.
pub(super) fn elements(attr: &Attr, v: Value, extra: &mut Extra) -> Result<Vec<Value>> {
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
        out.extend(element(attr, v, extra)?);
    }
    one_primary(attr, &mut out, None);
    Ok(out)
}

/// A value as it is compared with others: texts folded unless case counts.
pub(super) fn compared(attr: &Attr, v: &Value) -> Value {
    match v {
        Value::String(s) => folded(attr, s).into(),
        Value::Object(o) => {
            let part = |(name, v): (&String, &Value)| {
                let v = attr.sub(name).map_or_else(|| v.clone(), |sub| compared(sub, v));
                (name.clone(), v)
            };
            Value::Object(o.iter().map(part).collect())
        }
        v => v.clone(),
    }
}

/// At most one element is primary: `keep`, or else the last that says so. Then duplicates fall together, into the first.
pub(super) fn one_primary(attr: &Attr, list: &mut Vec<Value>, keep: Option<usize>) {
    let is = |v: &Value| v.get("primary") == Some(&Value::Bool(true));
    if let Some(keep) = keep.or_else(|| list.iter().rposition(is)) {
        for (i, v) in list.iter_mut().enumerate() {
            if i != keep && is(v) {
                v["primary"] = Value::Bool(false);
            }
        }
    }
    if list.len() < 2 {
        return;
    }
    let mut seen: Vec<Value> = Vec::with_capacity(list.len());
    list.retain(|v| {
        let v = compared(attr, v);
        let new = !seen.contains(&v);
        if new {
            seen.push(v);
        }
        new
    });
}

/// A simple value, of an attribute or of a part of one; `None`: unassigned.
pub(super) fn single(of: Option<&Attr>, attr: &Attr, v: Value) -> Result<Option<Value>> {
    simple(of, attr, v)
}

/// A whole value of an attribute; `None`: unassigned.
pub(super) fn whole(attr: &Attr, v: Value, extra: &mut Extra) -> Result<Option<Value>> {
    if attr.multi {
        let list = elements(attr, v, extra)?;
        return Ok((!list.is_empty()).then(|| Value::from(list)));
    }
    element(attr, v, extra)
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

/// Passwords are not kept (2.10): why, or that they are refused.
pub(super) fn dropped(rules: Rules, attr: &Attr) -> Result<String> {
    if rules.has(Rule::Password) {
        return Ok(format!("'{}' is not kept: people sign in through their directory", attr.name));
    }
    Err(wrong(&attr.name, "is not taken: people sign in through their directory"))
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
