//! Lists (RFC 7644 3.4.2), of one type or of all: filter, order, and which part of it, by number or (RFC 9865) by cursor.

use super::{
    Call,
    cursor::Cursor,
    discovery::{MAX_PAGE, PAGE},
    sent,
    stream::Writer,
    users::{self, documents},
};
use crate::{
    error::Result,
    groups::{self, GroupRow, shown::Shown},
    protocol::scim::{LIST, Resource, Rule, bad, parse_filter, parse_filter_among},
    users::{
        Page, Query, filter,
        query::{Order, Placed, Seek},
    },
};
use axum::{http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

/// People, then groups: the list at the base address.
pub(super) const ALL: &[Resource] = &[Resource::User, Resource::Group];

/// Which part of a list is wanted.
enum Part {
    /// From this number on (from 1).
    Index(i64),
    /// From this cursor on; `None`: from the beginning.
    Cursor(Option<Box<Cursor>>),
}

/// What a list finds: people, then groups, and how many there are in all.
#[derive(Default)]
struct Found {
    users: Vec<Shown>,
    groups: Vec<GroupRow>,
    total: i64,
}

/// A list of these types, one after the other. What only one of them has, another has no value of (RFC 7644 3.4.2.1).
///
/// # Errors
/// `invalidFilter`, `invalidValue`, `tooMany`, `invalidCursor`, `expiredCursor`, `invalidCount`.
pub(super) async fn answer(call: &Call, types: &[Resource]) -> Result<Response> {
    let (part, count) = part(call, types)?;
    let mut orders = Vec::new();
    for resource in types {
        orders.push(order(call, *resource));
    }
    if let (true, Some(Err(e))) = (orders.iter().all(Result::is_err), orders.first()) {
        return Err(e.clone());
    }
    let mut queries = Vec::new();
    for (resource, order) in types.iter().zip(orders) {
        // What one of several types cannot be sorted by it has no value of.
        queries.push((*resource, query(call, *resource, order.unwrap_or(None), types.len() > 1)?));
    }
    match part {
        Part::Index(start) => {
            let found = by_index(call, queries, start - 1, count).await?;
            let shown = found.users.len() + found.groups.len();
            let mut list = head(found.total);
            if call.rules.has(Rule::Paging) || i64::try_from(shown) != Ok(found.total) {
                list.insert("startIndex".to_owned(), start.into());
                list.insert("itemsPerPage".to_owned(), shown.into());
            }
            response(call, list, found).await
        }
        Part::Cursor(cursor) => {
            let walk = Walk { call, queries, count };
            let (found, previous, next) = walk.from(cursor.map(|c| *c)).await?;
            let mut list = head(found.total);
            list.insert("itemsPerPage".to_owned(), (found.users.len() + found.groups.len()).into());
            for (name, cursor) in [("previousCursor", previous), ("nextCursor", next)] {
                if let Some(c) = cursor {
                    list.insert(name.to_owned(), c.sealed(call, name_of(types))?.into());
                }
            }
            response(call, list, found).await
        }
    }
}

fn name_of(types: &[Resource]) -> &'static str {
    match types {
        [one] => one.name(),
        _ => "all",
    }
}

fn head(total: i64) -> Map<String, Value> {
    Map::from_iter([
        ("schemas".to_owned(), json!([LIST])),
        ("totalResults".to_owned(), total.into()),
    ])
}

/// What an empty list may leave out by the RFC is there (1.13).
async fn response(call: &Call, list: Map<String, Value>, found: Found) -> Result<Response> {
    let docs = documents(call, &found.users).await?;
    let always = call.rules.has(Rule::EmptyList);
    let body = Writer::list(call, list, &docs, found.groups, always).await?.body().await?;
    Ok(sent(StatusCode::OK, Some(body), None, None))
}

fn given<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.params.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
}

/// A whole number; one that is too large is as large as there are.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let most = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    whole.then(|| text.parse().unwrap_or(most))
}

/// Which part is wanted, and how many of it at most.
fn part(call: &Call, types: &[Resource]) -> Result<(Part, i64)> {
    let whole = |n: &str, scim_type: &'static str| match given(call, n) {
        None => Ok(None),
        Some(v) => number(v).map(Some).ok_or_else(|| {
            let v = crate::text::excerpt(v);
            bad(scim_type, n, format!("'{n}' is a whole number, not '{v}'"))
        }),
    };
    if let Some(cursor) = call.params.get("cursor") {
        if call.params.contains_key("startindex") {
            let text = "a page begins at 'startIndex' or at 'cursor', not at both";
            return Err(bad("invalidValue", "cursor", text));
        }
        let count = whole("count", "invalidCount")?.unwrap_or(PAGE);
        if !(0..=MAX_PAGE).contains(&count) {
            let text = format!("'count' is between 0 and {MAX_PAGE} with a cursor, not {count}");
            return Err(bad("invalidCount", "count", text));
        }
        let cursor = match cursor.trim() {
            "" => None,
            text => Some(Box::new(Cursor::open(call, name_of(types), text)?)),
        };
        return Ok((Part::Cursor(cursor), count));
    }
    let start = whole("startindex", "invalidValue")?.unwrap_or(1).max(1);
    let count = whole("count", "invalidValue")?.unwrap_or(PAGE);
    if count > MAX_PAGE && !call.rules.has(Rule::LargePages) {
        return Err(bad("tooMany", "count", format!("'count' is at most {MAX_PAGE}")));
    }
    Ok((Part::Index(start), count.clamp(0, MAX_PAGE)))
}

/// The filter of a list of one type, by itself or among others.
fn query(call: &Call, resource: Resource, order: Option<Order>, among: bool) -> Result<Query> {
    let filter = match call.params.get("filter").filter(|f| !f.trim().is_empty()) {
        None => None,
        Some(text) => {
            let parse = if among { parse_filter_among } else { parse_filter };
            let tree = parse(&call.schemas, call.rules, resource, text).map_err(|e| {
                // It came where sensitive filters belong (RFC 7644 7.5.2), and compares nothing there either.
                if call.searched && e.code_str() == Some("sensitive") {
                    return bad("invalidFilter", "filter", "a password is never compared");
                }
                e
            })?;
            Some(match resource {
                Resource::User => filter::where_user(&tree)?,
                Resource::Group => filter::where_group(&tree)?,
            })
        }
    };
    Ok(Query { filter, order, ..Query::default() })
}

fn order(call: &Call, resource: Resource) -> Result<Option<Order>> {
    let Some(by) = given(call, "sortby") else { return Ok(None) };
    let descending = match given(call, "sortorder").map(str::to_ascii_lowercase).as_deref() {
        None | Some("ascending") => false,
        Some("descending") => true,
        Some(_) => {
            let text = "'sortOrder' is ascending or descending";
            return Err(bad("invalidValue", "sortOrder", text));
        }
    };
    let order = filter::order(&call.schemas, call.rules, resource, by, descending);
    let none = || {
        let by = crate::text::excerpt(by);
        bad("invalidValue", "sortBy", format!("'{by}' is not sorted by"))
    };
    order.map(Some).ok_or_else(none)
}

async fn sets(call: &Call, query: &Query) -> Result<Page<GroupRow>> {
    groups::list(&call.app.store, &call.permit, query).await
}

/// By number: what is left out is left out of the first types first.
async fn by_index(
    call: &Call,
    queries: Vec<(Resource, Query)>,
    mut skip: i64,
    mut want: i64,
) -> Result<Found> {
    let mut found = Found::default();
    for (resource, query) in queries {
        let query = Query { offset: skip, limit: want, ..query };
        let (got, total) = match resource {
            Resource::User => {
                let page = users::page(call, &query).await?;
                let got = page.items.len();
                found.users = page.items;
                (got, page.total)
            }
            Resource::Group => {
                let page = sets(call, &query).await?;
                let got = page.items.len();
                found.groups = page.items;
                (got, page.total)
            }
        };
        want -= i64::try_from(got).unwrap_or(want);
        skip = (skip - total).max(0);
        found.total += total;
    }
    Ok(found)
}

/// A walk along a list by cursors.
struct Walk<'a> {
    call: &'a Call,
    queries: Vec<(Resource, Query)>,
    count: i64,
}

impl Walk<'_> {
    /// The page at a cursor, and the cursors before and after it.
    async fn from(
        &self,
        cursor: Option<Cursor>,
    ) -> Result<(Found, Option<Cursor>, Option<Cursor>)> {
        let back = cursor.as_ref().is_some_and(|c| c.back);
        let mut found = self.read(cursor.as_ref()).await?;
        if back && found.users.is_empty() && found.groups.is_empty() && self.count > 0 {
            // All that came before is gone: the list begins here now.
            let total = found.total;
            found = self.read(None).await?;
            found.total = total;
            let more = self.cut(&mut found, false);
            return Ok(self.ends(found, false, more));
        }
        let more = self.cut(&mut found, back);
        let (before, after) = if back { (more, true) } else { (cursor.is_some(), more) };
        Ok(self.ends(found, before, after))
    }
    /// A page and one row more, which tells whether there is another.
    async fn read(&self, cursor: Option<&Cursor>) -> Result<Found> {
        let mut found = Found::default();
        let mut want = if self.count == 0 { 0 } else { self.count + 1 };
        let back = cursor.is_some_and(|c| c.back);
        let mut queries: Vec<&(Resource, Query)> = self.queries.iter().collect();
        if back {
            queries.reverse();
        }
        let mut begun = cursor.is_none();
        for (resource, query) in queries {
            let here = cursor.filter(|c| c.resource() == *resource);
            begun |= here.is_some();
            if !begun || (want == 0 && cursor.is_some()) {
                continue;
            }
            let seek = cursor.map(|_| Seek { from: here.map(|c| c.at.clone()), back });
            let query = Query { seek, limit: want, counted: cursor.is_none(), ..query.clone() };
            let got = match resource {
                Resource::User => {
                    let page = users::page(self.call, &query).await?;
                    found.total += page.total;
                    found.users = page.items;
                    found.users.len()
                }
                Resource::Group => {
                    let page = sets(self.call, &query).await?;
                    found.total += page.total;
                    found.groups = page.items;
                    found.groups.len()
                }
            };
            want -= i64::try_from(got).unwrap_or(want);
        }
        if let Some(c) = cursor {
            found.total = c.total;
        }
        Ok(found)
    }
    /// Takes away the row too many; says whether there was one.
    fn cut(&self, found: &mut Found, back: bool) -> bool {
        let n = found.users.len() + found.groups.len();
        let more = i64::try_from(n).unwrap_or(i64::MAX) > self.count;
        if more && back {
            // The furthest away is the first.
            if found.users.is_empty() {
                found.groups.remove(0);
            } else {
                found.users.remove(0);
            }
        } else if more {
            let groups = found.groups.pop();
            if groups.is_none() {
                found.users.pop();
            }
        }
        more
    }
    fn ends(
        &self,
        found: Found,
        before: bool,
        after: bool,
    ) -> (Found, Option<Cursor>, Option<Cursor>) {
        let order = |resource: Resource| {
            let query = self.queries.iter().find(|(r, _)| *r == resource);
            query.and_then(|(_, q)| q.order.as_ref())
        };
        let user = |u: &Shown| (Resource::User, u.position(order(Resource::User)));
        let group = |g: &GroupRow| (Resource::Group, g.position(order(Resource::Group)));
        let first = found.users.first().map(user).or_else(|| found.groups.first().map(group));
        let last = found.groups.last().map(group).or_else(|| found.users.last().map(user));
        let beside = |at, back| {
            let (resource, position) = at;
            Cursor::beside(self.call, resource, position, back, found.total)
        };
        let previous = first.filter(|_| before).map(|at| beside(at, true));
        let next = last.filter(|_| after).map(|at| beside(at, false));
        (found, previous, next)
    }
}
