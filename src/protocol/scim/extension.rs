//! Extensions that a tenant's administrator declares, in the words of RFC 7643 7: read, checked, made into a
//! [`Schema`]. Whatever passes here may stand in a filter's path and, quoted, in a statement's.

use super::{
    ENTERPRISE, Resource,
    schema::{Attr, MISSPELT, Mutability, Returned, Schema, Type},
};
use crate::{
    error::{Error, Result},
    text::excerpt,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, sync::Arc};

/// The most attributes of an extension, and parts of an attribute.
const MAX_ATTRS: usize = 100;
/// The longest name of an attribute.
const MAX_NAME: usize = 64;
/// The longest URN.
const MAX_URN: usize = 200;
/// The longest text for people.
const MAX_ABOUT: usize = 1000;

/// An extension of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SchemaExtension")]
#[schemars(example = serde_json::json!({
    "id": "urn:contoso:params:scim:schemas:extension:badge:2.0:User", "name": "Badge",
    "attributes": [{ "name": "number", "type": "string" }],
}))]
pub struct Declaration {
    /// Its URN: `urn:contoso:params:scim:schemas:extension:badge:2.0:User`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SchemaType")]
#[expect(missing_docs, reason = "RFC 7643 2.3")]
pub enum Kind {
    #[default]
    String,
    Boolean,
    Integer,
    Decimal,
    DateTime,
    Reference,
    Complex,
}

/// Who may write an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SchemaMutability")]
pub enum Writing {
    /// The directory, at any time.
    #[default]
    ReadWrite,
    /// The directory, once.
    Immutable,
}

/// When an attribute is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SchemaReturned")]
pub enum Showing {
    /// Unless it is left out.
    #[default]
    Default,
    /// In every answer.
    Always,
    /// Where it is asked for by name.
    Request,
}

/// An attribute of an extension (RFC 7643 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "SchemaAttribute")]
pub struct Attribute {
    /// A letter, then letters, digits, `-` and `_`.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type", default)]
    pub kind: Kind,
    /// Whether it has several values.
    #[serde(default)]
    pub multi_valued: bool,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether texts are compared with case.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may write it.
    #[serde(default)]
    pub mutability: Writing,
    /// When it is shown.
    #[serde(default)]
    pub returned: Showing,
    /// Values that are suggested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Of a reference: to what (`external`, `uri`, `User`, `Group`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<Attribute>,
    /// The directory's `add` lists all values, so that it replaces those there were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub add_replaces: bool,
}

fn wrong(attr: &str, text: impl Into<String>) -> Error {
    Error::invalid(text).attr(attr)
}

impl Declaration {
    /// The schema, if everything about it is right.
    ///
    /// # Errors
    /// `Invalid`, naming what is not.
    pub fn schema(&self) -> Result<Schema> {
        for a in self.attributes.iter().flat_map(|a| &a.sub_attributes) {
            // What was declared so before is read: it never was held.
            if a.mutability != Writing::ReadWrite {
                let text = format!(
                    "the attribute '{}' is part of a complex one: 'mutability' is said of the whole",
                    excerpt(&a.name)
                );
                return Err(wrong("attributes", text));
            }
        }
        if self.id.eq_ignore_ascii_case(MISSPELT) {
            let text = format!(
                "'{}' is how the enterprise extension of the standard is misspelt in the field, and read as that",
                excerpt(&self.id)
            );
            return Err(wrong("id", text));
        }
        self.kept()
    }
    /// The schema of one that was declared already, as it is read: what came to be refused since is not.
    ///
    /// # Errors
    /// As [`Self::schema`].
    pub fn kept(&self) -> Result<Schema> {
        self.check_urn()?;
        crate::text::key("name", &self.name)?;
        about("description", &self.description)?;
        Ok(Schema {
            urn: self.id.as_str().into(),
            name: self.name.clone(),
            about: self.description.clone(),
            resource: Resource::User,
            attrs: attributes(&self.attributes, false)?,
        })
    }
    /// A URN of letters, digits and `:._-`, which is nobody else's.
    fn check_urn(&self) -> Result<()> {
        let urn = &self.id;
        let low = urn.to_ascii_lowercase();
        let good = |c: char| c.is_ascii_alphanumeric() || ":._-".contains(c);
        let parts: Vec<&str> = low.split(':').collect();
        if urn.len() > MAX_URN
            || !urn.chars().all(good)
            || parts.len() < 3
            || parts[0] != "urn"
            || parts.iter().any(|p| p.is_empty())
            || low.ends_with('.')
        {
            let text = format!(
                "'id' is a URN such as urn:contoso:params:scim:schemas:extension:badge:2.0:User, of letters, digits and \
                 ':._-'; '{}' is not",
                excerpt(urn)
            );
            return Err(wrong("id", text));
        }
        let taken = ["urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:"];
        let enterprise = ENTERPRISE.to_ascii_lowercase();
        if taken.iter().any(|t| low.starts_with(t)) || enters(&low, &enterprise) {
            return Err(wrong("id", format!("'{}' belongs to the standard", excerpt(urn))));
        }
        Ok(())
    }
    /// Whether a name could mean an attribute of the one or of the other.
    pub fn clashes(&self, other: &str) -> bool {
        enters(&self.id.to_ascii_lowercase(), &other.to_ascii_lowercase())
    }
}

/// Whether one URN is the other, or goes on where the other ends.
fn enters(a: &str, b: &str) -> bool {
    let goes_on = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.']))
    };
    goes_on(a, b) || goes_on(b, a)
}

fn about(attr: &str, text: &str) -> Result<()> {
    crate::text::checked(attr, text, MAX_ABOUT).map(|_| ())
}

fn attributes(list: &[Attribute], inside: bool) -> Result<Vec<Arc<Attr>>> {
    let what = if inside { "subAttributes" } else { "attributes" };
    if list.is_empty() || list.len() > MAX_ATTRS {
        return Err(wrong(what, format!("'{what}' has between 1 and {MAX_ATTRS} entries")));
    }
    let mut names = HashSet::new();
    let mut out = Vec::with_capacity(list.len());
    for a in list {
        if !names.insert(a.name.to_ascii_lowercase()) {
            let text = format!("the attribute '{}' is there twice", excerpt(&a.name));
            return Err(wrong(what, text));
        }
        out.push(Arc::new(attribute(a, inside)?));
    }
    Ok(out)
}

fn attribute(a: &Attribute, inside: bool) -> Result<Attr> {
    let name = excerpt(&a.name);
    let bad = |text: &str| wrong("attributes", format!("the attribute '{name}' {text}"));
    let mut letters = a.name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let rest = letters.all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !first || !rest || a.name.len() > MAX_NAME {
        return Err(bad("is named by a letter, then letters, digits, '-' and '_' (RFC 7643 2.1)"));
    }
    about("description", &a.description)?;
    for v in a.canonical_values.iter().chain(&a.reference_types) {
        about("attributes", v)?;
    }
    let ty = match a.kind {
        Kind::String => Type::String,
        Kind::Boolean => Type::Boolean,
        Kind::Integer => Type::Integer,
        Kind::Decimal => Type::Decimal,
        Kind::DateTime => Type::DateTime,
        Kind::Reference => Type::Reference,
        Kind::Complex => Type::Complex,
    };
    if inside && (ty == Type::Complex || a.multi_valued) {
        return Err(bad("is part of a complex one: it is simple and has one value"));
    }
    if inside && a.returned != Showing::Default {
        return Err(bad("is part of a complex one: it is shown with the whole"));
    }
    if ty != Type::Complex && !a.sub_attributes.is_empty() {
        return Err(bad("has parts and is not complex"));
    }
    if ty != Type::Reference && !a.reference_types.is_empty() {
        return Err(bad("has 'referenceTypes' and is no reference"));
    }
    if a.add_replaces && !a.multi_valued {
        return Err(bad("has 'addReplaces' and one value only"));
    }
    let mut attr = Attr {
        name: a.name.clone(),
        ty,
        multi: a.multi_valued,
        required: false,
        case_exact: a.case_exact || ty == Type::Reference,
        mutability: match a.mutability {
            Writing::Immutable if !inside => Mutability::Immutable,
            Writing::Immutable | Writing::ReadWrite => Mutability::ReadWrite,
        },
        returned: match a.returned {
            Showing::Default => Returned::Default,
            Showing::Always => Returned::Always,
            Showing::Request => Returned::Request,
        },
        unique: false,
        subs: Vec::new(),
        canonical: a.canonical_values.clone(),
        refers: a.reference_types.clone(),
        about: a.description.clone(),
        whole: a.add_replaces,
    };
    if ty == Type::Complex {
        attr.subs = attributes(&a.sub_attributes, true)?;
    } else if a.multi_valued {
        let value = Attr { name: "value".to_owned(), multi: false, ..attr.clone() };
        attr.subs = vec![Arc::new(value)];
    }
    Ok(attr)
}
