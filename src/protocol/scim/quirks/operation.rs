//! Rewrites of an operation of PATCH: from what was sent to what the RFC would have. Each is pure and stands for one
//! rule.

use super::{Rule, Rules};
use crate::protocol::scim::schema::Attr;
use serde_json::{Map, Value};

/// The members of an operation in the RFC's spelling, where names are sent in another case (1.2).
pub fn member<'a>(rules: Rules, o: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let other = || o.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v);
    o.get(name).or_else(|| rules.has(Rule::Verbs).then(other).flatten())
}

/// `Add` is `add` (1.2).
pub fn verb(rules: Rules, op: &str) -> String {
    if rules.has(Rule::Verbs) { op.to_ascii_lowercase() } else { op.to_owned() }
}

/// An empty path is no path (1.12).
pub fn path(rules: Rules, path: &str) -> Option<&str> {
    Some(path).filter(|p| !(rules.has(Rule::Empty) && p.trim().is_empty()))
}

/// Whether the name of a value's member is read as a path: an attribute's name always, anything else by 1.7.
pub fn name(rules: Rules, name: &str) -> bool {
    rules.has(Rule::Keys) || !name.contains(['.', '['])
}

/// Whether an add to an attribute with several values replaces: a list of role assignments is whole (1.4), and one of an
/// attribute of which the administrator says so (1.11).
pub fn replaces(rules: Rules, attr: &Attr, value: &Value) -> bool {
    let whole = rules.has(Rule::Whole) && attr.whole;
    let assigned = |v: &Value| super::value::assignment(v).is_some();
    let roles = || match value {
        Value::Array(l) => l.iter().any(assigned),
        v => assigned(v),
    };
    attr.multi && (whole || (rules.has(Rule::Roles) && attr.name == "roles" && roles()))
}
