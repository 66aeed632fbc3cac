//! The paths of PATCH (RFC 7644 3.5.2): `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each with a URN before
//! it or not, and a URN alone.

use super::{
    Resource, bad,
    filter::{AttrPath, Element},
    parse::parse_element,
    quirks::{Rule, Rules},
    schema::{Attr, Found, Named, Schemas, Unresolved},
};
use crate::{error::Result, text::excerpt};
use std::sync::Arc;

/// The longest path (bytes).
const MAX: usize = 4096;

/// Where an operation applies.
#[derive(Debug, Clone, PartialEq)]
pub enum PatchPath {
    /// An extension as a whole.
    Extension(Arc<str>),
    /// An attribute, some of its elements, a sub-attribute.
    At {
        /// The attribute.
        at: Found,
        /// Which elements.
        filter: Option<Element>,
        /// Which sub-attribute.
        sub: Option<Arc<Attr>>,
    },
    /// Of a schema that we do not have: kept out, and said so (1.29).
    Foreign,
}

/// Reads a path.
///
/// # Errors
/// `invalidPath` (or `invalidFilter` for what stands in the brackets), naming it.
pub fn parse_path(
    schemas: &Schemas,
    rules: Rules,
    resource: Resource,
    text: &str,
) -> Result<PatchPath> {
    let text = text.trim();
    let wrong = |why: &str| bad("invalidPath", text, format!("path '{}' {why}", excerpt(text)));
    if text.len() > MAX {
        return Err(bad("invalidPath", "path", "the path is too long"));
    }
    if text.contains('\0') {
        return Err(wrong("contains a NUL character"));
    }
    let (head, brackets) = match text.find('[') {
        None => (text, None),
        Some(i) => {
            let end = text.rfind(']').filter(|e| *e > i).ok_or_else(|| wrong("has no ']'"))?;
            (&text[..i], Some((&text[i + 1..end], &text[end + 1..])))
        }
    };
    // 1.6: the manager comes without the extension's URN as well.
    let path = match schemas.resolve(rules, Rule::Manager, resource, head) {
        Ok(Named::Attr(path)) => path,
        Ok(Named::Extension(urn)) if brackets.is_none() => return Ok(PatchPath::Extension(urn)),
        Err(Unresolved::Schema) if rules.has(Rule::Foreign) && is_urn(head) => {
            return Ok(PatchPath::Foreign);
        }
        _ => return Err(wrong(&format!("names no attribute of a {}", resource.name()))),
    };
    let AttrPath { at, sub } = path;
    let Some((inside, after)) = brackets else {
        return Ok(PatchPath::At { at, filter: None, sub });
    };
    if sub.is_some() || !at.attr.multi || at.attr.subs.is_empty() {
        return Err(wrong("has brackets where there are no elements to choose from"));
    }
    let e = parse_element(schemas, rules, resource, &at.attr, inside)?;
    let sub = match after.strip_prefix('.') {
        Some(s) => {
            let none = || wrong(&format!("names no sub-attribute of '{}'", at.attr.name));
            Some(at.attr.sub(s).ok_or_else(none)?.clone())
        }
        None if after.is_empty() => None,
        None => return Err(wrong("goes on after ']'")),
    };
    Ok(PatchPath::At { at, filter: Some(e), sub })
}

fn is_urn(text: &str) -> bool {
    text.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("urn:"))
}
