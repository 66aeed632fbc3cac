//! Filters and paths as texts, in the form of the RFC: what is printed is read as the same tree again.

use super::{
    filter::{AttrPath, Element, Filter, Literal, Op},
    path::PatchPath,
    schema::Found,
};
use std::fmt::{self, Display, Formatter};

impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(t) => serde_json::Value::from(t.as_str()).fmt(f),
            Self::Bool(b) => b.fmt(f),
            Self::Number(n) => n.fmt(f),
            Self::Time(t) => write!(f, "\"{}\"", t.sortable()),
            Self::Null => f.write_str("null"),
        }
    }
}

impl Display for Found {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.extension {
            None => f.write_str(&self.attr.name),
            Some(urn) => write!(f, "{urn}:{}", self.attr.name),
        }
    }
}

impl Display for AttrPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.sub {
            None => self.at.fmt(f),
            Some(sub) => write!(f, "{}.{}", self.at, sub.name),
        }
    }
}

/// One side of `and` or `or`, in parentheses where it would be read as something else.
fn side(f: &mut Formatter<'_>, side: &impl Display, parentheses: bool) -> fmt::Result {
    if parentheses { write!(f, "({side})") } else { side.fmt(f) }
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(a, b) => {
                side(f, a, matches!(**a, Self::Or(..)))?;
                f.write_str(" and ")?;
                side(f, b, matches!(**b, Self::And(..) | Self::Or(..)))
            }
            Self::Or(a, b) => {
                write!(f, "{a} or ")?;
                side(f, b, matches!(**b, Self::Or(..)))
            }
            Self::Not(a) => write!(f, "not ({a})"),
            Self::Compare(path, op, value) => write!(f, "{path} {op} {value}"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Some(at, condition) => write!(f, "{at}[{condition}]"),
        }
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(a, b) => {
                side(f, a, matches!(**a, Self::Or(..)))?;
                f.write_str(" and ")?;
                side(f, b, matches!(**b, Self::And(..) | Self::Or(..)))
            }
            Self::Or(a, b) => {
                write!(f, "{a} or ")?;
                side(f, b, matches!(**b, Self::Or(..)))
            }
            Self::Not(a) => write!(f, "not ({a})"),
            Self::Compare(sub, op, value) => write!(f, "{} {op} {value}", sub.name),
            Self::Present(sub) => write!(f, "{} pr", sub.name),
        }
    }
}

impl Display for PatchPath {
    /// Of a schema that we do not have no name is kept: it is printed as `urn:unknown`, which no schema has either.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension(urn) => f.write_str(urn),
            Self::At { at, filter, sub } => {
                at.fmt(f)?;
                if let Some(condition) = filter {
                    write!(f, "[{condition}]")?;
                }
                sub.as_ref().map_or(Ok(()), |s| write!(f, ".{}", s.name))
            }
            Self::Foreign => f.write_str("urn:unknown"),
        }
    }
}
