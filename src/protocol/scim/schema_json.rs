//! /Schemas, made from the tables.

use super::{
    ENTERPRISE, GROUP, USER,
    schema::{Attr, ENTERPRISE_ATTRS, GROUP_ATTRS, Mutability, Returned, Type, USER_ATTRS},
};
use serde_json::{Value, json};

fn attribute(a: &Attr) -> Value {
    let mut v = json!({
        "name": a.name,
        "type": match a.ty {
            Type::String => "string",
            Type::Boolean => "boolean",
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
            Returned::Never => "never",
        },
        "uniqueness": if a.unique { "server" } else { "none" },
    });
    if !a.subs.is_empty() {
        v["subAttributes"] = a.subs.iter().map(attribute).collect();
    }
    if !a.canonical.is_empty() {
        v["canonicalValues"] = json!(a.canonical);
    }
    if !a.refers.is_empty() {
        v["referenceTypes"] = json!(a.refers);
    }
    v
}

fn schema(base: &str, id: &str, name: &str, about: &str, attrs: &[Attr]) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id,
        "name": name,
        "description": about,
        "attributes": attrs.iter().map(attribute).collect::<Vec<_>>(),
        "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{id}")},
    })
}

/// The schemas, as they are served below `base`.
pub fn schemas(base: &str) -> Vec<Value> {
    vec![
        schema(base, USER, "User", "A person", USER_ATTRS),
        schema(base, ENTERPRISE, "EnterpriseUser", "A person in an organisation", ENTERPRISE_ATTRS),
        schema(base, GROUP, "Group", "A group", GROUP_ATTRS),
    ]
}
