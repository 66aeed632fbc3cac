//! The `schemas` of bodies: which of them are taken (1.20, 3.1).

use super::{Rule, Rules};
use crate::{
    error::Result,
    protocol::scim::{PATCH, Resource, bad, schema::Schemas},
    text::excerpt,
};
use serde_json::Value;

/// The schema of SCIM 1.
const SCIM1: &str = "urn:scim:schemas:core:1.0";

/// Whether the `schemas` of a resource are right; unknown ones are let through by 1.20, SCIM 1's by 3.1.
///
/// # Errors
/// `invalidVers`, `invalidValue`.
pub fn resource(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    given: Option<&Value>,
) -> Result<()> {
    let old = |v: &Value| v.as_str().is_some_and(|u| u.eq_ignore_ascii_case(SCIM1));
    let list = given.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !rules.has(Rule::Scim1) && list.iter().any(old) {
        return Err(bad("invalidVers", "schemas", format!("'{SCIM1}' is SCIM 1; this is SCIM 2")));
    }
    if rules.has(Rule::Schemas) {
        return Ok(());
    }
    let core = schemas.of(resource).urn.clone();
    let mut named = false;
    for v in list.iter().filter(|v| !old(v)) {
        let urn = v.as_str().unwrap_or_default();
        let is_core = urn.eq_ignore_ascii_case(&core);
        if !is_core && schemas.extension(Rules::NONE, resource, urn).is_none() {
            let text =
                format!("'schemas': '{}' is no schema of a {}", excerpt(urn), resource.name());
            return Err(bad("invalidValue", "schemas", text));
        }
        named |= is_core;
    }
    if named || list.iter().any(old) {
        return Ok(());
    }
    Err(bad("invalidValue", "schemas", format!("'schemas' holds '{core}'")))
}

/// Whether the `schemas` of a PATCH are right; none at all are by 1.20.
///
/// # Errors
/// `invalidSyntax`.
pub fn patch(rules: Rules, given: Option<&Value>) -> Result<()> {
    let is_it = |v: &Value| v.as_str().is_some_and(|u| u.eq_ignore_ascii_case(PATCH));
    match given {
        Some(Value::Array(l)) if l.iter().any(is_it) => Ok(()),
        None | Some(Value::Null) if rules.has(Rule::Schemas) => Ok(()),
        _ => Err(bad("invalidSyntax", "schemas", format!("'schemas' of a PATCH holds '{PATCH}'"))),
    }
}
