//! `POST /.search`, of one type and of all (RFC 7644 3.4.3): a list's parameters in a body, for clients that keep them
//! out of addresses.

use super::Call;
use crate::{error::Result, protocol::scim::bad};
use axum::http::Method;
use serde_json::Value;
use std::collections::HashMap;

/// Whether a place is that of a search: below the base address or a type of resources, and nowhere else.
pub(super) fn is_search(place: &[&str]) -> bool {
    match place {
        [last] => is_word(last),
        [kind, last] => {
            is_word(last) && ["users", "groups"].iter().any(|k| k.eq_ignore_ascii_case(kind))
        }
        _ => false,
    }
}

/// Whether this is what a search is asked by, so that it is no id either.
pub(super) fn is_word(part: &str) -> bool {
    part.eq_ignore_ascii_case(".search")
}

/// A search instead of a list: the body's parameters become the request's.
///
/// # Errors
/// `invalidSyntax`, `invalidValue`; the method's, if it is not POST.
pub(super) fn read(call: &mut Call, method: &Method) -> Result<()> {
    if *method != Method::POST {
        return Err(super::not_done(method));
    }
    let Value::Object(body) = &call.body else {
        return Err(bad("invalidSyntax", "body", "a JSON object is wanted"));
    };
    let mut params = HashMap::new();
    for (name, value) in body {
        let text = match value {
            Value::Null => continue,
            Value::String(s) => s.clone(),
            Value::Number(n) => n.to_string(),
            Value::Array(l) => l.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            _ => {
                let name = crate::text::excerpt(name);
                return Err(bad("invalidValue", &name, format!("'{name}' is a text or a list")));
            }
        };
        params.insert(name.to_ascii_lowercase(), text);
    }
    call.params = params;
    call.searched = true;
    Ok(())
}
