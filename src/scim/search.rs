//! `POST /.search`, of one type and of all (RFC 7644 3.4.3): a list's parameters in a body, for clients that keep them
//! out of addresses.

use super::{Call, list, users};
use crate::{
    error::{Error, Result},
    groups,
    protocol::scim::{Resource, bad},
    users::Query,
};
use axum::{http::Method, response::Response};
use serde_json::Value;
use std::collections::HashMap;

/// Whether the last part of a place asks for a search.
pub(super) fn is_search(place: &[&str]) -> bool {
    place.last().is_some_and(|s| s.eq_ignore_ascii_case(".search"))
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
    Ok(())
}

/// Of all types: people, then groups. A filter or an order that means nothing for one of them finds none of it.
///
/// # Errors
/// When it means nothing for either.
pub(super) async fn all(call: &Call) -> Result<Response> {
    let (people, sets) = (list::query(call, Resource::User), list::query(call, Resource::Group));
    let (start, size) = match (&people, &sets) {
        (Ok((q, start)), _) | (_, Ok((q, start))) => (*start, q.limit),
        (Err(e), Err(_)) => return Err(Error::clone(e)),
    };
    let (mut total, mut resources, mut rows) = (0, Vec::new(), Vec::new());
    if let Ok((query, _)) = people {
        (total, resources) = users::page(call, &query).await?;
    }
    if let Ok((query, _)) = sets {
        let taken = i64::try_from(resources.len()).unwrap_or(size);
        let offset = (start - 1 - total).max(0);
        let query = Query { offset, limit: size - taken, ..query };
        let page = groups::list(&call.app.store, &call.permit, &query).await?;
        (total, rows) = (total + page.total, page.items);
    }
    list::response(call, total, start, &resources, rows).await
}
