//! /Schemas, made from the tables.

use super::{
    GROUP,
    schema::{Attr, Mutability, Returned, Schema, Schemas, Type},
};
use serde_json::{Value, json};

fn attribute(a: &Attr) -> Value {
    let mut v = json!({
        "name": a.name,
        "type": match a.ty {
            Type::String => "string",
            Type::Boolean => "boolean",
            Type::Decimal => "decimal",
            Type::Integer => "integer",
            Type::DateTime => "dateTime",
            Type::Binary => "binary",
            Type::Reference => "reference",
            Type::Complex => "complex",
        },
        "multiValued": a.multi,
        "description": a.about,
        "required": a.required,
        "caseExact": a.case_exact,
        "mutability": match a.mutability {
            Mutability::ReadOnly => "readOnly",
            Mutability::ReadWrite => "readWrite",
            Mutability::Immutable => "immutable",
            Mutability::WriteOnly => "writeOnly",
        },
        "returned": match a.returned {
            Returned::Always => "always",
            Returned::Default => "default",
            Returned::Request => "request",
            Returned::Never => "never",
        },
        "uniqueness": if a.unique { "server" } else { "none" },
    });
    if a.complex() {
        v["subAttributes"] = a.subs.iter().map(|s| attribute(s)).collect();
    }
    if !a.canonical.is_empty() {
        v["canonicalValues"] = json!(a.canonical);
    }
    if !a.refers.is_empty() {
        v["referenceTypes"] = json!(a.refers);
    }
    v
}

fn schema(base: &str, s: &Schema) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": &*s.urn,
        "name": s.name,
        "description": s.about,
        "attributes": s.attrs.iter().map(|a| attribute(a)).collect::<Vec<_>>(),
        "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{}", s.urn)},
    })
}

impl Schemas {
    /// The schemas, as they are served below `base`; whether groups' names are unique is the directory's choice.
    pub fn served(&self, base: &str, unique_groups: bool) -> Vec<Value> {
        let mut all: Vec<Value> = self.all().map(|s| schema(base, s)).collect();
        let group = all.iter_mut().find(|s| s["id"] == GROUP);
        let attrs = group.and_then(|s| s["attributes"].as_array_mut());
        let name = attrs.and_then(|a| a.iter_mut().find(|a| a["name"] == "displayName"));
        if let Some(name) = name.filter(|_| unique_groups) {
            name["uniqueness"] = "server".into();
        }
        all
    }
}
