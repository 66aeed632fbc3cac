//! Bulk (RFC 7644 3.7) without a server: the operations of a request, what in them stands for resources that the same
//! request makes (`bulkId:NAME`), and what can wait where two of them stand for each other.

use super::{
    BULK, ENTERPRISE, PATCH, Resource, bad,
    quirks::{Rule, Rules, operation::member},
};
use crate::{
    error::{Error, Result},
    text::excerpt,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a reference begins with.
const MARK: &str = "bulkId:";

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Makes one.
    Post,
    /// Replaces one.
    Put,
    /// Changes one.
    Patch,
    /// Takes one away.
    Delete,
}

/// One operation of a request, in order and able to be tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation<'a> {
    /// What is done.
    pub method: Method,
    /// To which type.
    pub resource: Resource,
    /// To which one; none is made. May be a reference.
    pub id: Option<&'a str>,
    /// What others in the request name it by.
    pub bulk_id: Option<&'a str>,
    /// The version that it must have.
    pub version: Option<&'a str>,
    /// With what.
    pub data: &'a Value,
    /// The names that it refers to.
    pub refers: BTreeSet<String>,
}

/// An operation as it was sent, and what it comes to.
#[derive(Debug)]
pub struct Sent<'a> {
    /// The method's word.
    pub method: &'a str,
    /// Its name.
    pub bulk_id: Option<&'a str>,
    /// The operation, or why it is none.
    pub operation: Result<Operation<'a>>,
}

/// A request.
#[derive(Debug)]
pub struct Bulk<'a> {
    /// After so many errors the rest is left undone.
    pub fail_on_errors: Option<u64>,
    /// Its operations.
    pub operations: Vec<Sent<'a>>,
}

impl<'a> Bulk<'a> {
    /// Reads a request of at most `most` operations.
    ///
    /// # Errors
    /// `invalidSyntax`, `invalidValue`; `TooLarge` for more of them.
    pub fn read(rules: Rules, body: &'a Value, most: usize) -> Result<Self> {
        let Value::Object(body) = body else {
            return Err(bad("invalidSyntax", "body", "a JSON object is wanted"));
        };
        let is_it = |v: &Value| v.as_str().is_some_and(|u| u.eq_ignore_ascii_case(BULK));
        match member(rules, body, "schemas") {
            Some(Value::Array(l)) if l.iter().any(is_it) => {}
            None | Some(Value::Null) if rules.has(Rule::Schemas) => {}
            _ => {
                let text = format!("'schemas' of a bulk request holds '{BULK}'");
                return Err(bad("invalidSyntax", "schemas", text));
            }
        }
        let fail_on_errors = match member(rules, body, "failOnErrors") {
            None | Some(Value::Null) => None,
            Some(n) => Some(n.as_u64().filter(|n| *n > 0).ok_or_else(|| {
                bad("invalidValue", "failOnErrors", "'failOnErrors' is a whole number above 0")
            })?),
        };
        let Some(Value::Array(list)) = member(rules, body, "Operations") else {
            return Err(bad("invalidSyntax", "Operations", "'Operations' is a list of operations"));
        };
        if list.len() > most {
            let text = format!("a bulk request has at most {most} operations, not {}", list.len());
            return Err(Error::new(crate::error::Kind::TooLarge, text));
        }
        let operations: Vec<Sent<'a>> = list.iter().map(|o| sent(rules, o)).collect();
        let mut names = BTreeSet::new();
        for name in operations.iter().filter_map(|o| o.bulk_id) {
            if !names.insert(name) {
                let text = format!("the bulkId '{}' is given to two operations", excerpt(name));
                return Err(bad("invalidValue", "bulkId", text));
            }
        }
        Ok(Self { fail_on_errors, operations })
    }
}

fn sent(rules: Rules, o: &Value) -> Sent<'_> {
    let Value::Object(fields) = o else {
        let operation = Err(bad("invalidSyntax", "Operations", "an operation is an object"));
        return Sent { method: "", bulk_id: None, operation };
    };
    let text = |name| member(rules, fields, name).and_then(Value::as_str);
    let method = text("method").unwrap_or("");
    let bulk_id = text("bulkId").filter(|b| !b.is_empty());
    Sent { method, bulk_id, operation: operation(rules, fields, method, bulk_id) }
}

fn operation<'a>(
    rules: Rules,
    fields: &'a Map<String, Value>,
    method: &str,
    bulk_id: Option<&'a str>,
) -> Result<Operation<'a>> {
    let text = |name| member(rules, fields, name).and_then(Value::as_str);
    let method = match method.to_ascii_uppercase().as_str() {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => {
            let method = excerpt(method);
            let text = format!("'method' is POST, PUT, PATCH or DELETE, not '{method}'");
            return Err(bad("invalidValue", "method", text));
        }
    };
    let path = text("path").unwrap_or("");
    let wrong = |why: &str| bad("invalidPath", "path", format!("path '{}' {why}", excerpt(path)));
    let mut parts = path.trim_start_matches('/').trim_end_matches('/').split('/');
    let resource = match parts.next().map(str::to_ascii_lowercase).as_deref() {
        Some("users") => Resource::User,
        Some("groups") => Resource::Group,
        _ => return Err(wrong("is none of /Users, /Groups and what stands below them")),
    };
    let id = parts.next();
    if parts.next().is_some() || id.is_some_and(|i| i.is_empty() || i.contains(['?', '#'])) {
        return Err(wrong("names no resource"));
    }
    match (method, id, bulk_id) {
        (Method::Post, Some(_), _) => return Err(wrong("is POSTed to without an id")),
        (Method::Post, None, None) => {
            return Err(bad("invalidValue", "bulkId", "a POST has a 'bulkId'"));
        }
        (Method::Post, ..) | (_, Some(_), _) => {}
        (_, None, _) => return Err(wrong("lacks the id of a resource")),
    }
    let data = member(rules, fields, "data").unwrap_or(&Value::Null);
    if method != Method::Delete && !data.is_object() {
        return Err(bad("invalidSyntax", "data", "'data' is an object"));
    }
    let version = match member(rules, fields, "version") {
        None | Some(Value::Null) => None,
        Some(Value::String(s)) => Some(s.as_str()),
        // Left out, it would let a write through that was to be held back.
        Some(v) => {
            let text =
                format!("'version' is a text such as W/\"3\", not {}", excerpt(&v.to_string()));
            return Err(bad("invalidValue", "version", text));
        }
    };
    let mut refers = BTreeSet::new();
    if let Some(name) = id.and_then(|i| i.strip_prefix(MARK)) {
        refers.insert(name.to_owned());
    }
    each(data, &mut |text| refers.extend(names(text).map(str::to_owned)));
    Ok(Operation { method, resource, id, bulk_id, version, data, refers })
}

/// Every text of a document.
fn each(v: &Value, f: &mut impl FnMut(&str)) {
    match v {
        Value::String(s) => f(s),
        Value::Array(l) => l.iter().for_each(|v| each(v, f)),
        Value::Object(o) => o.values().for_each(|v| each(v, f)),
        _ => {}
    }
}

/// The names in a text: a reference by itself, at the end of an address, and between quotes (in the condition of a
/// path).
fn names(text: &str) -> impl Iterator<Item = &str> {
    let whole = text.strip_prefix(MARK);
    let address = || text.rsplit_once("/bulkId:").map(|(_, n)| n).filter(|n| !n.contains('/'));
    let alone = whole.or_else(address);
    let quoted = text.split("\"bulkId:").skip(1).filter_map(|rest| rest.split_once('"'));
    alone.into_iter().chain(quoted.map(|(name, _)| name))
}

/// A text with what its references stand for.
fn told(text: &str, ids: &BTreeMap<String, String>) -> String {
    let mut out = text.to_owned();
    for name in names(text) {
        let Some(id) = ids.get(name) else { continue };
        let mark = format!("{MARK}{name}");
        if text == mark {
            return id.clone();
        }
        out = match out.strip_suffix(&format!("/{mark}")) {
            Some(head) => format!("{head}/{id}"),
            None => out.replace(&format!("\"{mark}\""), &format!("\"{id}\"")),
        };
    }
    out
}

/// A document with what its references stand for.
pub fn resolved(v: &Value, ids: &BTreeMap<String, String>) -> Value {
    match v {
        Value::String(s) => Value::String(told(s, ids)),
        Value::Array(l) => l.iter().map(|v| resolved(v, ids)).collect(),
        Value::Object(o) => o.iter().map(|(k, v)| (k.clone(), resolved(v, ids))).collect(),
        v => v.clone(),
    }
}

/// Whether a document refers to one of these.
fn refers(v: &Value, open: &BTreeSet<String>) -> bool {
    let mut hit = false;
    each(v, &mut |text| hit |= names(text).any(|n| open.contains(n)));
    hit
}

/// What of a resource waits until others are made.
#[derive(Debug, Clone, PartialEq)]
pub struct Later {
    /// The attribute.
    path: String,
    /// What it gets.
    value: Value,
    /// Whom it waits for.
    pub waits: BTreeSet<String>,
}
impl Later {
    /// The PATCH that adds it, when all are known.
    pub fn patch(&self, ids: &BTreeMap<String, String>) -> Value {
        json!({ "schemas": [PATCH], "Operations": [{
            "op": "add", "path": self.path, "value": resolved(&self.value, ids),
        }] })
    }
}

/// What a resource can be made with while `open` names nobody yet, and what comes later: a group's members, a person's
/// manager. `None` where it refers to them elsewhere.
pub fn begun(
    resource: Resource,
    data: &Value,
    open: &BTreeSet<String>,
) -> Option<(Value, Vec<Later>)> {
    let mut now = data.as_object()?.clone();
    let mut later = Vec::new();
    let mut put_off = |path: String, value: Value| {
        let mut waits = BTreeSet::new();
        each(&value, &mut |text| waits.extend(names(text).map(str::to_owned)));
        waits.retain(|n| open.contains(n));
        later.push(Later { path, value, waits });
    };
    match resource {
        Resource::Group => {
            let members = now.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case("members"));
            if let Some((_, Value::Array(list))) = members {
                let (wait, stay) = std::mem::take(list).into_iter().partition(|m| refers(m, open));
                *list = stay;
                put_off("members".to_owned(), Value::Array(wait));
            }
        }
        Resource::User => {
            // What the server says of a person is not read anyway.
            now.retain(|k, v| !(k.eq_ignore_ascii_case("groups") && refers(v, open)));
            let extension = now.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(ENTERPRISE));
            if let Some((_, Value::Object(inner))) = extension {
                let name = inner.keys().find(|k| k.eq_ignore_ascii_case("manager")).cloned();
                if let Some(value) = name.and_then(|n| inner.remove(&n)) {
                    put_off(format!("{ENTERPRISE}:manager"), value);
                }
            }
        }
    }
    let now = Value::Object(now);
    (!refers(&now, open)).then_some((now, later))
}
