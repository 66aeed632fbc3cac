//! `attributes` and `excludedAttributes` (RFC 7644 3.9).

use super::{
    Resource,
    filter::AttrPath,
    quirks::{Rule, Rules},
    schema::{Found, Named, Returned, Schemas},
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

impl Projection {
    /// Reads the two parameters; both given: `attributes` wins. Names that nobody knows name nothing.
    pub fn read(
        schemas: &Schemas,
        rules: Rules,
        resource: Resource,
        attributes: Option<&str>,
        excluded: Option<&str>,
    ) -> Self {
        let list = |text: &str| -> Vec<Named> {
            text.split(',')
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .filter_map(|t| schemas.resolve(rules, Rule::Probes, resource, t).ok())
                .collect()
        };
        // What is always shown, or on request only, is named here, so that nobody has to look at the schema again.
        let with = |mut l: Vec<Named>, when| {
            l.extend(schemas.shown(resource, when));
            l
        };
        match (attributes.filter(|t| !t.trim().is_empty()), excluded) {
            (Some(a), _) => Self::Only(with(list(a), Returned::Always)),
            (None, e) => {
                let always: Vec<Named> = schemas.shown(resource, Returned::Always).collect();
                let named = e.map(list).unwrap_or_default();
                let named = but(schemas, resource, named, &always);
                let named = with(named, Returned::Request);
                if named.is_empty() { Self::Default } else { Self::Without(named) }
            }
        }
    }
    /// Whether an attribute of the core is shown at all: what costs something to load asks first.
    pub fn shows(&self, name: &str) -> bool {
        let hit = |l: &[Named], whole: bool| {
            l.iter().any(|n| match n {
                Named::Attr(p) => {
                    p.at.extension.is_none()
                        && p.at.attr.name == name
                        && (!whole || p.sub.is_none())
                }
                Named::Extension(_) => false,
            })
        };
        match self {
            Self::Default => true,
            Self::Only(l) => hit(l, false),
            Self::Without(l) => !hit(l, true),
        }
    }
    /// Whether a part of an attribute of an extension was asked for by its own name.
    pub fn asks(&self, urn: &str, name: &str, sub: &str) -> bool {
        let Self::Only(l) = self else { return false };
        l.iter().any(|n| match n {
            Named::Attr(p) => {
                p.at.extension.as_deref() == Some(urn)
                    && p.at.attr.name == name
                    && p.sub.as_ref().is_some_and(|s| s.name == sub)
            }
            Named::Extension(_) => false,
        })
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
                    } else if is_extension(&k) {
                        if let Some(v) = only_extension(list, &k, v) {
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
                    } else if is_extension(&k) {
                        let Value::Object(inner) = v else { continue };
                        if list.contains(&Named::Extension((*k).into())) {
                            continue;
                        }
                        let inner: Map<String, Value> = inner
                            .into_iter()
                            .filter_map(|(n, v)| without(list, Some(&k), &n, v).map(|v| (n, v)))
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

/// What is left out, but for what is always shown (and its parts): of an extension with such attributes, all the others.
fn but(schemas: &Schemas, resource: Resource, named: Vec<Named>, always: &[Named]) -> Vec<Named> {
    let stays = |at: &Found| always.iter().any(|n| matches!(n, Named::Attr(p) if p.at == *at));
    let each = |n: Named| match n {
        Named::Attr(p) if stays(&p.at) => Vec::new(),
        Named::Extension(urn) => {
            let attrs = schemas.extension(Rules::NONE, resource, &urn).map(|s| &s.attrs);
            let found = attrs.into_iter().flatten();
            let found = found.map(|a| Found { extension: Some(urn.clone()), attr: a.clone() });
            let (stay, go): (Vec<Found>, Vec<Found>) = found.partition(&stays);
            if stay.is_empty() {
                return vec![Named::Extension(urn)];
            }
            go.into_iter().map(|at| Named::Attr(AttrPath { at, sub: None })).collect()
        }
        n @ Named::Attr(_) => vec![n],
    };
    named.into_iter().flat_map(each).collect()
}

/// Extensions stand in a document under their URN; no attribute's name has a colon.
fn is_extension(name: &str) -> bool {
    name.contains(':')
}

fn only_extension(list: &[Named], urn: &str, v: Value) -> Option<Value> {
    if list.contains(&Named::Extension(urn.into())) {
        return Some(v);
    }
    let Value::Object(inner) = v else { return None };
    let inner: Map<String, Value> = inner
        .into_iter()
        .filter_map(|(n, v)| only(list, Some(urn), &n, v).map(|v| (n, v)))
        .collect();
    (!inner.is_empty()).then_some(Value::Object(inner))
}

/// The sub-attributes by which an attribute is named; `None` when it is named itself.
fn subs<'a>(list: &'a [Named], extension: Option<&str>, name: &str) -> Option<Vec<&'a str>> {
    let mut subs = Vec::new();
    for n in list {
        if let Named::Attr(p) = n
            && p.at.extension.as_deref() == extension
            && p.at.attr.name == name
        {
            subs.push(p.sub.as_ref()?.name.as_str());
        }
    }
    Some(subs)
}

fn only(list: &[Named], extension: Option<&str>, name: &str, v: Value) -> Option<Value> {
    match subs(list, extension, name) {
        None => Some(v),
        Some(subs) if subs.is_empty() => None,
        Some(subs) => pick(v, &|k| subs.contains(&k)),
    }
}

fn without(list: &[Named], extension: Option<&str>, name: &str, v: Value) -> Option<Value> {
    match subs(list, extension, name)? {
        subs if subs.is_empty() => Some(v),
        subs => pick(v, &|k| !subs.contains(&k)),
    }
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
