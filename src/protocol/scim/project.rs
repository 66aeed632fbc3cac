//! `attributes` and `excludedAttributes` (RFC 7644 3.9).

use super::{
    ENTERPRISE, Resource,
    schema::{self, Attr},
};
use serde_json::{Map, Value};

/// What an answer shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Projection {
    /// What is returned by default.
    #[default]
    Default,
    /// These, and what is always returned.
    Only(Vec<Named>),
    /// All but these; what is always returned stays.
    Without(Vec<Named>),
}

/// An attribute that was named.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    /// The whole extension.
    Extension,
    /// An attribute or a sub-attribute.
    Attr(Option<&'static str>, &'static Attr, Option<&'static Attr>),
}

impl Projection {
    /// Reads the two parameters; both given: `attributes` wins. Names that nobody knows name nothing.
    pub fn read(resource: Resource, attributes: Option<&str>, excluded: Option<&str>) -> Self {
        let list = |text: &str| -> Vec<Named> {
            text.split(',')
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .filter_map(|t| named(resource, t))
                .collect()
        };
        match (attributes.filter(|t| !t.trim().is_empty()), excluded) {
            (Some(a), _) => Self::Only(list(a)),
            (None, Some(e)) => Self::Without(list(e)),
            (None, None) => Self::Default,
        }
    }
    /// Whether an attribute of the core is shown at all: what costs something to load asks first.
    pub fn shows(&self, name: &str) -> bool {
        let hit = |l: &[Named], whole: bool| {
            l.iter().any(|n| matches!(n, Named::Attr(None, a, sub) if a.name == name && (!whole || sub.is_none())))
        };
        match self {
            Self::Default => true,
            Self::Only(l) => hit(l, false),
            Self::Without(l) => !hit(l, true),
        }
    }
    /// Whether anything was asked for by name: the answer then has a body whatever its size.
    pub fn asked(&self) -> bool {
        matches!(self, Self::Only(_))
    }
    /// Leaves out of a whole resource what is not to be shown.
    pub fn apply(&self, doc: Map<String, Value>) -> Map<String, Value> {
        let always = |name: &str| name == "id" || name == "schemas";
        match self {
            Self::Default => doc,
            Self::Only(list) => {
                let mut out = Map::new();
                for (k, v) in doc {
                    if always(&k) {
                        out.insert(k, v);
                    } else if k == ENTERPRISE {
                        if let Some(v) = only_extension(list, v) {
                            out.insert(k, v);
                        }
                    } else if let Some(v) = only(list, None, &k, v) {
                        out.insert(k, v);
                    }
                }
                out
            }
            Self::Without(list) => {
                let mut out = Map::new();
                for (k, v) in doc {
                    if always(&k) {
                        out.insert(k, v);
                    } else if k == ENTERPRISE {
                        let Value::Object(inner) = v else { continue };
                        if list.contains(&Named::Extension) {
                            continue;
                        }
                        let inner: Map<String, Value> = inner
                            .into_iter()
                            .filter_map(|(n, v)| {
                                without(list, Some(ENTERPRISE), &n, v).map(|v| (n, v))
                            })
                            .collect();
                        if !inner.is_empty() {
                            out.insert(k, Value::Object(inner));
                        }
                    } else if let Some(v) = without(list, None, &k, v) {
                        out.insert(k, v);
                    }
                }
                out
            }
        }
    }
}

fn named(resource: Resource, text: &str) -> Option<Named> {
    let (urn, rest) = schema::split_urn(resource, text)?;
    if rest.is_empty() {
        return (urn == Some(ENTERPRISE)).then_some(Named::Extension);
    }
    let (attr, sub) = match rest.split_once('.') {
        Some((a, s)) => (a, Some(s)),
        None => (rest, None),
    };
    let at = schema::find(resource, urn, attr)
        .or_else(|| schema::find(resource, Some(ENTERPRISE), attr).filter(|_| urn.is_none()))?;
    let sub = match sub {
        None => None,
        Some(s) => Some(at.attr.sub(s)?),
    };
    Some(Named::Attr(at.extension, at.attr, sub))
}

fn only_extension(list: &[Named], v: Value) -> Option<Value> {
    if list.contains(&Named::Extension) {
        return Some(v);
    }
    let Value::Object(inner) = v else { return None };
    let inner: Map<String, Value> = inner
        .into_iter()
        .filter_map(|(n, v)| only(list, Some(ENTERPRISE), &n, v).map(|v| (n, v)))
        .collect();
    (!inner.is_empty()).then_some(Value::Object(inner))
}

fn only(list: &[Named], ext: Option<&'static str>, name: &str, v: Value) -> Option<Value> {
    let mut subs = Vec::new();
    for n in list {
        if let Named::Attr(e, a, sub) = n
            && *e == ext
            && a.name == name
        {
            match sub {
                None => return Some(v),
                Some(s) => subs.push(s.name),
            }
        }
    }
    if subs.is_empty() { None } else { pick(v, &|k| subs.contains(&k)) }
}

fn without(list: &[Named], ext: Option<&'static str>, name: &str, v: Value) -> Option<Value> {
    let mut subs = Vec::new();
    for n in list {
        if let Named::Attr(e, a, sub) = n
            && *e == ext
            && a.name == name
        {
            match sub {
                None => return None,
                Some(s) => subs.push(s.name),
            }
        }
    }
    if subs.is_empty() { Some(v) } else { pick(v, &|k| !subs.contains(&k)) }
}

fn pick(v: Value, keep: &dyn Fn(&str) -> bool) -> Option<Value> {
    match v {
        Value::Object(o) => {
            let o: Map<String, Value> = o.into_iter().filter(|(k, _)| keep(k)).collect();
            (!o.is_empty()).then_some(Value::Object(o))
        }
        Value::Array(l) => {
            let l: Vec<Value> = l.into_iter().filter_map(|x| pick(x, keep)).collect();
            (!l.is_empty()).then(|| Value::from(l))
        }
        v => Some(v),
    }
}
