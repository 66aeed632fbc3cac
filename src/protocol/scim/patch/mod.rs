//! PATCH (RFC 7644 3.5.2), canonical: every operation has a verb, a typed path and a typed value. [`read`] brings what
//! was sent into this form, through the rules of [`super::quirks`]; [`apply`] changes a user's document by it, and
//! [`super::group`] makes steps over memberships of it. All or nothing, and every operation ends as applied, as nothing
//! to do, or as ignored with a reason: never as a silent yes.

mod apply;
mod read;

use super::{
    Resource,
    filter::Element,
    quirks::Rules,
    schema::{Attr, Found, Schemas},
};
use crate::error::Result;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What became of an operation, or of a part of one that names several attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It changed the document.
    Applied,
    /// It was so already.
    NoOp,
    /// It was left out, for this reason.
    Ignored(String),
    /// It was done as written, and what it would have cost people here waits for an administrator's decision.
    Parked(String),
}
impl Outcome {
    /// The word in the provisioning log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NoOp => "no-op",
            Self::Ignored(_) => "ignored",
            Self::Parked(_) => "parked",
        }
    }
    /// Why, where it was not simply done.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Applied | Self::NoOp => None,
            Self::Ignored(why) | Self::Parked(why) => Some(why),
        }
    }
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// This too.
    Add,
    /// This instead.
    Replace,
    /// Not this.
    Remove,
}
impl Verb {
    /// The RFC's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }
}

/// Where an operation applies.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The attribute.
    pub at: Found,
    /// Which of its values; all of them without.
    pub filter: Option<Element>,
    /// Which part of it, or of them.
    pub sub: Option<Arc<Attr>>,
    /// Where no value meets the condition one is made of it, and a remove has nothing to do (1.3).
    pub lenient: bool,
}

/// What an operation gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// Nothing: what a remove needs.
    Nothing,
    /// One simple value; `None` unassigns.
    One(Option<Value>),
    /// Parts of a complex value, in the schema's spelling; null unassigns one.
    Parts(Map<String, Value>),
    /// Values of an attribute that has several; of a remove: only these.
    List(Vec<Value>),
    /// Members of a group, by id; of a remove: only these.
    Members(Vec<String>),
}

/// One operation on one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What is done.
    pub verb: Verb,
    /// Where.
    pub path: Target,
    /// With what.
    pub value: Given,
}

/// What one operation of a request comes to: without a path, one for each attribute that its value names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// What is done, in order.
    pub ops: Vec<Operation>,
    /// Why what is not done is not.
    pub ignored: Vec<String>,
}

/// The operations of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// One for each operation that was sent.
    pub steps: Vec<Step>,
}

impl Patch {
    /// Reads a PATCH body.
    ///
    /// # Errors
    /// With the `scimType` of the first operation that is none: `invalidSyntax`, `invalidPath`, `invalidFilter`,
    /// `invalidValue`, `noTarget`, `mutability`.
    pub fn read(schemas: &Schemas, rules: Rules, resource: Resource, body: &Value) -> Result<Self> {
        read::steps(read::Cx { schemas, rules, resource }, body).map(|steps| Self { steps })
    }
    /// Applies it to a user's document (names in the schema's spelling, as [`super::normalise`] makes it). For each
    /// operation the answer has whether it changed anything, then what of it was ignored.
    ///
    /// # Errors
    /// `noTarget`, `mutability`, `invalidValue`; nothing is changed then.
    pub fn apply(&self, doc: &Map<String, Value>) -> Result<(Map<String, Value>, Vec<Outcome>)> {
        let mut after = doc.clone();
        let mut outcomes = Vec::new();
        for step in &self.steps {
            let mut changed = false;
            for o in &step.ops {
                changed |= apply::operation(&mut after, o)?;
            }
            // One whose value names nothing had nothing to do.
            if !step.ops.is_empty() || step.ignored.is_empty() {
                outcomes.push(if changed { Outcome::Applied } else { Outcome::NoOp });
            }
            outcomes.extend(step.ignored.iter().cloned().map(Outcome::Ignored));
        }
        super::value::required(Resource::User, &after)?;
        Ok((after, outcomes))
    }
}

/// Reads a PATCH body and applies it to a user's document.
///
/// # Errors
/// See [`Patch::read`] and [`Patch::apply`].
pub fn patch(
    schemas: &Schemas,
    rules: Rules,
    doc: &Map<String, Value>,
    body: &Value,
) -> Result<(Map<String, Value>, Vec<Outcome>)> {
    Patch::read(schemas, rules, Resource::User, body)?.apply(doc)
}
