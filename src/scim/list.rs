//! Lists (RFC 7644 3.4.2): filter, order, page.

use super::{
    Call,
    discovery::{MAX_PAGE, PAGE},
    sent,
    stream::Writer,
};
use crate::{
    error::Result,
    groups::GroupRow,
    protocol::scim::{LIST, Resource, Rule, bad, parse_filter},
    users::{Query, filter},
};
use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

/// A list's question, and where it starts (from 1).
pub(super) fn query(call: &Call, resource: Resource) -> Result<(Query, i64)> {
    let get = |n: &str| call.params.get(n).map(|v| v.trim()).filter(|v| !v.is_empty());
    let number = |n: &'static str, default: i64| match get(n) {
        None => Ok(default),
        Some(v) => v.parse::<i64>().map_err(|_| {
            let v = crate::text::excerpt(v);
            bad("invalidValue", n, format!("'{n}' is a whole number, not '{v}'"))
        }),
    };
    let start = number("startindex", 1)?.max(1);
    let count = number("count", PAGE)?;
    if count > MAX_PAGE && !call.rules.has(Rule::LargePages) {
        let text = format!("'count' is at most {MAX_PAGE}");
        return Err(bad("tooMany", "count", text));
    }
    let count = count.clamp(0, MAX_PAGE);
    let filter = match call.params.get("filter").filter(|f| !f.trim().is_empty()) {
        None => None,
        Some(text) => {
            let tree = parse_filter(&call.schemas, call.rules, resource, text)?;
            Some(match resource {
                Resource::User => filter::where_user(&tree)?,
                Resource::Group => filter::where_group(&tree)?,
            })
        }
    };
    let order = match get("sortby") {
        None => None,
        Some(by) => {
            let descending = match get("sortorder").map(str::to_ascii_lowercase).as_deref() {
                None | Some("ascending") => false,
                Some("descending") => true,
                Some(_) => {
                    return Err(bad(
                        "invalidValue",
                        "sortOrder",
                        "'sortOrder' is ascending or descending",
                    ));
                }
            };
            let o = filter::order(&call.schemas, call.rules, resource, by, descending).ok_or_else(
                || {
                    let by = crate::text::excerpt(by);
                    bad("invalidValue", "sortBy", format!("'{by}' is not sorted by"))
                },
            )?;
            Some(o)
        }
    };
    Ok((Query { filter, order, offset: start - 1, limit: count }, start))
}

/// The answer: documents, then groups. What a whole list and an empty one may leave out by the RFC (1.13, 1.23) is
/// there.
///
/// # Errors
/// The database's.
pub(super) async fn response(
    call: &Call,
    total: i64,
    start: i64,
    docs: &[Value],
    rows: Vec<GroupRow>,
) -> Result<Response> {
    let shown = docs.len() + rows.len();
    let mut list = Map::from_iter([
        ("schemas".to_owned(), json!([LIST])),
        ("totalResults".to_owned(), total.into()),
    ]);
    if call.rules.has(Rule::Paging) || i64::try_from(shown) != Ok(total) {
        list.insert("startIndex".to_owned(), start.into());
        list.insert("itemsPerPage".to_owned(), shown.into());
    }
    let always = call.rules.has(Rule::EmptyList);
    let body = Writer::list(call, list, docs, rows, always).await?.body().await?;
    Ok(sent(StatusCode::OK, Some(body), None, None))
}
