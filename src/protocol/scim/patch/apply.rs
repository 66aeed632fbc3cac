//! The canonical form over a user's document.

use super::{Given, Operation, Target, Verb};
use crate::{
    error::{Error, Result},
    protocol::scim::{
        bad,
        filter::Element,
        quirks::Rules,
        schema::{Attr, Mutability},
        value::{self, Extra, compared, get, one_primary, put},
    },
};
use serde_json::{Map, Value};

/// The most values of one attribute.
const MAX_VALUES: usize = 1000;

/// Applies one operation; says whether it changed anything.
pub(super) fn operation(doc: &mut Map<String, Value>, o: &Operation) -> Result<bool> {
    let (at, attr) = (&o.path.at, &*o.path.at.attr);
    let was = get(doc, at).cloned();
    let now = if attr.multi {
        let mut list = match was.clone() {
            Some(Value::Array(l)) => l,
            _ => Vec::new(),
        };
        let primary = many(&mut list, o)?;
        one_primary(attr, &mut list, primary);
        list.retain(|e| !e.is_null() && e.as_object().is_none_or(|o| !o.is_empty()));
        if list.len() > MAX_VALUES {
            let text = format!("'{}' would have more than {MAX_VALUES} values", attr.name);
            return Err(bad("invalidValue", &attr.name, text));
        }
        (!list.is_empty()).then(|| Value::from(list))
    } else {
        one(was.as_ref(), o)
    };
    if now == was {
        return Ok(false);
    }
    if now.is_none() && attr.required {
        let text = format!("'{}' is required and cannot be removed", attr.name);
        return Err(bad("mutability", &attr.name, text));
    }
    if was.is_some() && attr.mutability == Mutability::Immutable {
        return Err(set_once(attr));
    }
    put(doc, at, now);
    Ok(true)
}

fn set_once(attr: &Attr) -> Error {
    let text = format!("'{}' is immutable and has a value already", attr.name);
    bad("mutability", &attr.name, text)
}

/// What an attribute with one value becomes.
fn one(was: Option<&Value>, o: &Operation) -> Option<Value> {
    let mut object = match was {
        Some(Value::Object(o)) => o.clone(),
        _ => Map::new(),
    };
    match (&o.path.sub, &o.value) {
        (Some(sub), Given::One(Some(v))) if o.verb != Verb::Remove => {
            set(&mut object, Map::from_iter([(sub.name.clone(), v.clone())]));
        }
        (Some(sub), _) => set(&mut object, Map::from_iter([(sub.name.clone(), Value::Null)])),
        (None, Given::Parts(parts)) => set(&mut object, parts.clone()),
        (None, Given::One(v)) => return v.clone(),
        (None, _) => return None,
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

/// Merges parts into a complex value; null takes one away. Another `value` makes a `$ref` that came with the old one
/// wrong.
fn set(object: &mut Map<String, Value>, parts: Map<String, Value>) {
    let moved = parts.get("value").is_some_and(|v| Some(v) != object.get("value"));
    if moved && !parts.contains_key("$ref") {
        object.remove("$ref");
    }
    for (name, v) in parts {
        if v.is_null() {
            object.remove(&name);
        } else {
            object.insert(name, v);
        }
    }
}

/// Changes the values of an attribute that has several; says which became primary.
fn many(list: &mut Vec<Value>, o: &Operation) -> Result<Option<usize>> {
    let Target { filter, sub, .. } = &o.path;
    match (o.verb, &o.value, filter, sub) {
        (Verb::Remove, given, _, None) => {
            removed(list, o, given)?;
            Ok(None)
        }
        (Verb::Add, Given::List(new), None, None) => {
            let (mut primary, attr) = (None, &o.path.at.attr);
            let mut there: Vec<Value> = list.iter().map(|x| compared(attr, x)).collect();
            for e in new {
                let same = compared(attr, e);
                let at = there.iter().position(|x| *x == same).unwrap_or_else(|| {
                    list.push(e.clone());
                    there.push(same);
                    list.len() - 1
                });
                if is_primary(&list[at]) {
                    primary = Some(at);
                }
            }
            Ok(primary)
        }
        (Verb::Replace, Given::List(new), None, None) => {
            list.clone_from(new);
            Ok(None)
        }
        _ => changed(list, o),
    }
}

fn is_primary(e: &Value) -> bool {
    e.get("primary") == Some(&Value::Bool(true))
}

/// The values that the path means, by position.
fn chosen(list: &[Value], filter: Option<&Element>) -> Vec<usize> {
    (0..list.len()).filter(|i| filter.is_none_or(|f| f.holds(&list[*i]))).collect()
}

fn none(o: &Operation) -> Error {
    let name = &o.path.at.attr.name;
    bad("noTarget", name, format!("no value of '{name}' meets the path's condition"))
}

/// Takes values away: those that the path means, and if a value is given (1.8) of them only those it names.
fn removed(list: &mut Vec<Value>, o: &Operation, given: &Given) -> Result<()> {
    let chosen = chosen(list, o.path.filter.as_ref());
    if chosen.is_empty() && o.path.filter.is_some() && !o.path.lenient {
        return Err(none(o));
    }
    let attr = &o.path.at.attr;
    let only: Option<Vec<Value>> = match given {
        Given::List(only) => Some(only.iter().map(|n| compared(attr, n)).collect()),
        _ => None,
    };
    let mut at = 0;
    list.retain(|e| {
        let named = only.as_ref().is_none_or(|only| {
            let e = compared(attr, e);
            only.iter().any(|n| same(n, &e))
        });
        let hit = named && chosen.contains(&at);
        at += 1;
        !hit
    });
    Ok(())
}

/// Whether a value names an element, both as they are compared: by its `value`, and its `type` if it has one; else all it
/// says is so there.
fn same(named: &Value, element: &Value) -> bool {
    match (named.get("value"), element.get("value")) {
        (Some(a), Some(b)) => {
            a == b && named.get("type").is_none_or(|t| Some(t) == element.get("type"))
        }
        _ => match named.as_object() {
            Some(o) => o.iter().all(|(k, v)| element.get(k) == Some(v)),
            None => named == element,
        },
    }
}

/// Changes values in their place, or parts of them.
fn changed(list: &mut Vec<Value>, o: &Operation) -> Result<Option<usize>> {
    let Target { at, filter, sub, lenient } = &o.path;
    let mut chosen = chosen(list, filter.as_ref());
    if chosen.is_empty() {
        if o.verb == Verb::Remove {
            return if *lenient || filter.is_none() { Ok(None) } else { Err(none(o)) };
        }
        // 1.3: an element that the condition spells out is made, so that the value has a place.
        let made = match filter {
            None => Some(Map::new()),
            Some(f) => f.made_of(),
        };
        let made = made.filter(|_| *lenient).ok_or_else(|| none(o))?;
        // It is checked as what is sent is.
        list.push(if at.attr.complex() {
            let mut extra = Extra::of_patch(Rules::NONE);
            Value::Object(value::parts(&at.attr, Value::Object(made), &mut extra)?)
        } else {
            Value::Null
        });
        chosen.push(list.len() - 1);
    }
    let mut primary = None;
    for i in chosen {
        let e = &mut list[i];
        match (sub, &o.value) {
            (Some(sub), Given::One(Some(v))) if o.verb != Verb::Remove => {
                if let Some(e) = e.as_object_mut() {
                    e.insert(sub.name.clone(), v.clone());
                } else {
                    *e = v.clone();
                }
            }
            (Some(sub), _) => {
                if let Some(e) = e.as_object_mut() {
                    e.remove(&sub.name);
                    bare(e, sub);
                } else {
                    *e = Value::Null;
                }
            }
            (None, Given::Parts(parts)) => {
                if let Some(e) = e.as_object_mut() {
                    set(e, parts.clone());
                }
            }
            (None, Given::One(Some(v))) => *e = v.clone(),
            (None, _) => *e = Value::Null,
        }
        let sets = sub.as_ref().is_none_or(|s| s.name == "primary");
        if sets && is_primary(&list[i]) {
            primary = Some(i);
        }
    }
    Ok(primary)
}

/// An element that holds nothing but how it was chosen is no value.
fn bare(e: &mut Map<String, Value>, sub: &Attr) {
    if sub.name == "value" && e.keys().all(|k| matches!(k.as_str(), "type" | "primary")) {
        e.clear();
    }
}
