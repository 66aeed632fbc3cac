//! The paths of PATCH (RFC 7644 3.5.2): `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each with a URN before
//! it or not, and a URN alone.

use super::{
    ENTERPRISE, Resource, bad,
    filter::Element,
    parse::parse_element,
    schema::{self, Attr, Found},
};
use crate::{error::Result, text::excerpt};

/// The longest path (bytes).
const MAX: usize = 4096;

/// Where an operation applies.
#[derive(Debug, Clone, PartialEq)]
pub enum PatchPath {
    /// The enterprise extension as a whole.
    Extension,
    /// An attribute, some of its elements, a sub-attribute.
    At {
        /// The attribute.
        at: Found,
        /// Which elements.
        filter: Option<Element>,
        /// Which sub-attribute.
        sub: Option<&'static Attr>,
    },
    /// Of a schema that we do not have: kept out, and said so (1.29).
    Foreign,
}

/// Reads a path.
///
/// # Errors
/// `invalidPath` (or `invalidFilter` for what stands in the brackets), naming it.
pub fn parse_path(resource: Resource, text: &str) -> Result<PatchPath> {
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
    let Some((urn, name)) = schema::split_urn(resource, head) else {
        if head.to_ascii_lowercase().starts_with("urn:") {
            return Ok(PatchPath::Foreign);
        }
        return Err(wrong("names no attribute"));
    };
    if name.is_empty() {
        return match urn {
            Some(u) if u == ENTERPRISE && brackets.is_none() => Ok(PatchPath::Extension),
            _ => Err(wrong("names no attribute")),
        };
    }
    let (attr, dotted) = match name.split_once('.') {
        Some((a, s)) => (a, Some(s)),
        None => (name, None),
    };
    // 1.6: the manager comes without the extension's URN as well.
    let at = schema::find(resource, urn, attr)
        .or_else(|| schema::find(resource, Some(ENTERPRISE), attr).filter(|_| urn.is_none()))
        .ok_or_else(|| wrong(&format!("names no attribute of a {}", resource.name())))?;
    let named = |s: &str| {
        at.attr
            .sub(s)
            .ok_or_else(|| wrong(&format!("names no sub-attribute of '{}'", at.attr.name)))
    };
    let (filter, sub) = match brackets {
        None => (None, dotted.map(named).transpose()?),
        Some((inside, after)) => {
            if dotted.is_some() || !at.attr.multi || at.attr.subs.is_empty() {
                return Err(wrong("has brackets where there are no elements to choose from"));
            }
            let e = parse_element(resource, at.attr, inside)?;
            let sub = match after.strip_prefix('.') {
                Some(s) => Some(named(s)?),
                None if after.is_empty() => None,
                None => return Err(wrong("goes on after ']'")),
            };
            (Some(e), sub)
        }
    };
    Ok(PatchPath::At { at, filter, sub })
}
