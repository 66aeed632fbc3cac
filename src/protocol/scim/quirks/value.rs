//! Rewrites of values: from what was sent to what the schema wants. Pure; what no rule names stays as it is, for the
//! strict reading to refuse.

use super::{Rule, Rules};
use crate::protocol::scim::schema::{Attr, Type};
use serde_json::{Number, Value, json};

/// The value of an attribute as a whole.
pub fn whole(rules: Rules, attr: &Attr, v: Value) -> Value {
    if !attr.multi {
        return one(rules, attr, v);
    }
    match v {
        Value::Array(list) => list.into_iter().map(|v| item(rules, attr, v)).collect(),
        Value::Null => Value::Null,
        Value::String(s) if s.is_empty() && rules.has(Rule::Empty) => Value::Null,
        // 1.9: one by itself.
        v if rules.has(Rule::Bare) => Value::Array(vec![item(rules, attr, v)]),
        v => v,
    }
}

/// The value of an attribute that has one.
fn one(rules: Rules, attr: &Attr, v: Value) -> Value {
    // 1.6: a list of one.
    let v = match v {
        Value::Array(mut l) if l.len() == 1 && rules.has(Rule::Manager) => l.remove(0),
        v => v,
    };
    if !attr.complex() {
        return simple(rules, attr, v);
    }
    match v {
        Value::String(s) if s.is_empty() && rules.has(Rule::Empty) => Value::Null,
        // 1.6: the manager's id by itself.
        Value::String(s) if attr.sub("value").is_some() && rules.has(Rule::Manager) => {
            json!({ "value": s })
        }
        v => object(rules, attr, v),
    }
}

/// One of the values of an attribute that has several.
pub fn item(rules: Rules, attr: &Attr, v: Value) -> Value {
    if !attr.complex() {
        return simple(rules, attr, v);
    }
    let bare = rules.has(Rule::Bare) && attr.sub("value").is_some();
    match v {
        Value::String(s) if s.is_empty() && rules.has(Rule::Empty) => Value::Null,
        Value::String(s) if bare => object(rules, attr, json!({ "value": s })),
        v if attr.name == "roles" && rules.has(Rule::Roles) => {
            object(rules, attr, assignment(&v).unwrap_or(v))
        }
        v => object(rules, attr, v),
    }
}

/// Each sub-attribute.
fn object(rules: Rules, attr: &Attr, v: Value) -> Value {
    let Value::Object(o) = v else { return v };
    let each = o.into_iter().map(|(name, v)| match attr.sub(&name) {
        Some(sub) => (name, simple(rules, sub, v)),
        None => (name, v),
    });
    Value::Object(each.collect())
}

/// A value without parts.
pub fn simple(rules: Rules, attr: &Attr, v: Value) -> Value {
    let texts = rules.has(Rule::Texts);
    match (attr.ty, v) {
        // 1.12
        (_, Value::String(s)) if s.is_empty() && rules.has(Rule::Empty) => Value::Null,
        // 1.1
        (Type::Boolean, Value::String(s)) if texts && s.eq_ignore_ascii_case("true") => true.into(),
        (Type::Boolean, Value::String(s)) if texts && s.eq_ignore_ascii_case("false") => {
            false.into()
        }
        (Type::Integer | Type::Decimal, Value::String(s)) if texts => {
            s.trim().parse::<Number>().map_or(Value::String(s), Value::Number)
        }
        (Type::String | Type::Reference, Value::Number(n)) if texts && exact(&n) => {
            n.to_string().into()
        }
        (_, v) => v,
    }
}

/// Whether a number is written as it was sent: beyond the digits that a reader of JSON keeps it would become another text.
fn exact(n: &Number) -> bool {
    let text = n.to_string();
    n.is_i64()
        || n.is_u64()
        || (!text.contains(['e', 'E']) && text.bytes().filter(u8::is_ascii_digit).count() <= 15)
}

/// A role assignment of Entra: an object whose `value` is JSON in a text (1.4). What else it says stays.
pub fn assignment(v: &Value) -> Option<Value> {
    let outer = v.as_object()?;
    // The names of attributes are the same in any case.
    let is = |name: &str, what: &str| name.eq_ignore_ascii_case(what);
    let (_, text) = outer.iter().find(|(name, _)| is(name, "value"))?;
    let text = text.as_str().filter(|t| t.starts_with('{'))?;
    let inner: Value = serde_json::from_str(text).ok()?;
    let value = inner.get("value")?.as_str()?;
    let display = inner.get("displayName").and_then(Value::as_str);
    let replaced = |name: &str| is(name, "value") || (display.is_some() && is(name, "display"));
    let mut role = outer.clone();
    role.retain(|name, _| !replaced(name));
    role.insert("value".to_owned(), value.into());
    if let Some(name) = display {
        role.insert("display".to_owned(), name.into());
    }
    Some(Value::Object(role))
}
