//! Filters (RFC 7644 3.4.2.2): the tree, and its meaning over a document in memory. The database's answer to the same
//! tree is `users::filter`'s; a test holds the two together.

use super::schema::{Attr, Found, Type};
use crate::clock::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Text (also of dates, references, binaries).
    Text(String),
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A moment.
    Time(Timestamp),
    /// Unassigned.
    Null,
}

/// An attribute of a resource, or one of its sub-attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct AttrPath {
    /// The attribute and where it stands.
    pub at: Found,
    /// The sub-attribute.
    pub sub: Option<Arc<Attr>>,
}
impl AttrPath {
    /// What a comparison looks at: the sub-attribute; of a complex attribute without one, its `value`.
    pub fn leaf(&self) -> &Arc<Attr> {
        self.sub.as_ref().or_else(|| self.at.attr.sub("value")).unwrap_or(&self.at.attr)
    }
}

/// A filter over a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// One at least.
    Or(Box<Filter>, Box<Filter>),
    /// Not.
    Not(Box<Filter>),
    /// An attribute compared.
    Compare(AttrPath, Op, Literal),
    /// An attribute has a value.
    Present(AttrPath),
    /// Some element of a multi-valued attribute meets the condition.
    Some(Found, Box<Element>),
}

/// A condition on one element of a multi-valued attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// Both.
    And(Box<Element>, Box<Element>),
    /// One at least.
    Or(Box<Element>, Box<Element>),
    /// Not.
    Not(Box<Element>),
    /// A sub-attribute compared.
    Compare(Arc<Attr>, Op, Literal),
    /// A sub-attribute has a value.
    Present(Arc<Attr>),
}

/// Text as it is compared: folded unless the attribute is case-exact.
pub fn folded(attr: &Attr, text: &str) -> String {
    if attr.case_exact { text.to_owned() } else { crate::text::fold(text) }
}

fn compare(attr: &Attr, found: Option<&Value>, op: Op, want: &Literal) -> bool {
    if op == Op::Ne {
        return !compare(attr, found, Op::Eq, want);
    }
    let found = found.filter(|v| !v.is_null());
    match (found, want) {
        (None, Literal::Null) => op == Op::Eq,
        (Some(Value::Bool(a)), Literal::Bool(b)) => op == Op::Eq && a == b,
        (Some(Value::Number(a)), Literal::Number(b)) => {
            a.as_f64().is_some_and(|a| ordered(&a, b, op))
        }
        (Some(Value::String(a)), Literal::Time(b)) => match Timestamp::parse_rfc3339(a) {
            Some(a) => ordered(&a, b, op),
            None => false,
        },
        (Some(Value::String(a)), Literal::Text(b)) => {
            let (a, b) = (folded(attr, a), folded(attr, b));
            match op {
                Op::Co => a.contains(&b),
                Op::Sw => a.starts_with(&b),
                Op::Ew => a.ends_with(&b),
                _ => ordered(&a, &b, op),
            }
        }
        _ => false,
    }
}

fn ordered<T: PartialOrd>(a: &T, b: &T, op: Op) -> bool {
    match op {
        Op::Eq => a == b,
        Op::Gt => a > b,
        Op::Ge => a >= b,
        Op::Lt => a < b,
        Op::Le => a <= b,
        Op::Ne | Op::Co | Op::Sw | Op::Ew => false,
    }
}

/// The value of an attribute in a document of ours (names in the schema's spelling).
fn at<'a>(doc: &'a Map<String, Value>, f: &Found) -> Option<&'a Value> {
    match &f.extension {
        None => doc.get(&f.attr.name),
        Some(urn) => doc.get(&**urn)?.get(&f.attr.name),
    }
}

/// A number as it is kept: a whole one without a fraction.
fn number(attr: &Attr, n: f64) -> Option<Value> {
    if attr.ty == Type::Integer {
        return format!("{n}").parse::<i64>().ok().map(Value::from);
    }
    serde_json::Number::from_f64(n).map(Value::Number)
}

/// A part of an element; of one without parts its `value` is itself.
fn part<'a>(element: &'a Value, sub: &Attr) -> Option<&'a Value> {
    match element {
        Value::Object(o) => o.get(&sub.name),
        v => (sub.name == "value").then_some(v),
    }
}

impl Element {
    /// Whether an element meets the condition.
    pub fn holds(&self, element: &Value) -> bool {
        match self {
            Self::And(a, b) => a.holds(element) && b.holds(element),
            Self::Or(a, b) => a.holds(element) || b.holds(element),
            Self::Not(a) => !a.holds(element),
            Self::Compare(attr, op, want) => compare(attr, part(element, attr), *op, want),
            Self::Present(attr) => part(element, attr).is_some_and(|v| !v.is_null()),
        }
    }
    /// The values a conjunction of `eq`s names: what an element must be made of to meet it (1.3).
    pub fn made_of(&self) -> Option<Map<String, Value>> {
        match self {
            Self::And(a, b) => {
                let mut all = a.made_of()?;
                all.extend(b.made_of()?);
                Some(all)
            }
            Self::Compare(attr, Op::Eq, want) => {
                let value = match want {
                    Literal::Text(t) => Value::from(t.as_str()),
                    Literal::Bool(b) => Value::from(*b),
                    Literal::Time(t) => Value::from(t.sortable()),
                    Literal::Number(n) => number(attr, *n)?,
                    Literal::Null => return None,
                };
                Some(Map::from_iter([(attr.name.clone(), value)]))
            }
            _ => None,
        }
    }
}

impl Filter {
    /// Whether a document (names in the schema's spelling, `id` and `meta` included) meets the filter.
    pub fn holds(&self, doc: &Map<String, Value>) -> bool {
        match self {
            Self::And(a, b) => a.holds(doc) && b.holds(doc),
            Self::Or(a, b) => a.holds(doc) || b.holds(doc),
            Self::Not(a) => !a.holds(doc),
            Self::Some(f, e) => {
                at(doc, f).and_then(Value::as_array).is_some_and(|l| l.iter().any(|x| e.holds(x)))
            }
            Self::Present(p) => self::present(doc, p),
            Self::Compare(p, Op::Ne, want) => {
                !Self::Compare(p.clone(), Op::Eq, want.clone()).holds(doc)
            }
            Self::Compare(p, op, want) => {
                let leaf = p.leaf();
                let inside = |v: &Value| match v {
                    Value::Object(o) => compare(leaf, o.get(&leaf.name), *op, want),
                    v => compare(leaf, Some(v), *op, want),
                };
                match at(doc, &p.at) {
                    Some(Value::Array(l)) if l.is_empty() => compare(leaf, None, *op, want),
                    Some(Value::Array(l)) => l.iter().any(inside),
                    Some(v) => inside(v),
                    None => compare(leaf, None, *op, want),
                }
            }
        }
    }
}

fn present(doc: &Map<String, Value>, p: &AttrPath) -> bool {
    let has = |v: &Value| match (&p.sub, v) {
        (Some(sub), v) => v.get(&sub.name).is_some_and(|x| !x.is_null()),
        (None, Value::Array(l)) => !l.is_empty(),
        (None, Value::Object(o)) => !o.is_empty(),
        (None, v) => !v.is_null(),
    };
    match at(doc, &p.at) {
        Some(Value::Array(l)) if p.sub.is_some() => l.iter().any(has),
        Some(v) => has(v),
        None => false,
    }
}

/// Whether a leaf is a text in documents.
pub fn is_text(attr: &Attr) -> bool {
    !matches!(attr.ty, Type::Boolean | Type::Complex | Type::Integer | Type::Decimal)
}
