//! A page of a query, put together from texts of `db.rs` files and checked conditions.

use super::{Arg, Order, Page, Query, Where};
use crate::{
    error::Result,
    store::{Conn, FromRow, Param, Stmt},
};

/// Runs `query` over `FROM .. WHERE ..` texts that `db.rs` gives: `select` and `count` end in a condition to which
/// the filter is added, and `alias` is the table's. The count is asked only where the page does not tell it.
pub(crate) async fn page<T: FromRow>(
    c: &mut Conn,
    query: &Query,
    select: &str,
    count: &str,
    alias: &str,
    first: &[&(dyn Param + '_)],
) -> Result<Page<T>> {
    let none = Where::default();
    let filter = query.filter.as_ref().unwrap_or(&none);
    let and = |text: &str| if text.is_empty() { String::new() } else { format!(" AND ({text})") };
    let mut params: Vec<&(dyn Param + '_)> = first.to_vec();
    params.extend(filter.args.iter().map(Arg::param));
    let n = params.len();
    let order = |text: fn(&Order) -> &str| match &query.order {
        Some(o) => {
            let way = if o.descending { "DESC NULLS FIRST" } else { "ASC NULLS LAST" };
            format!("{} {way}, {alias}.id", text(o))
        }
        None => format!("{alias}.created_at, {alias}.id"),
    };
    let whole = |cond: &str, order: String| {
        let (l, o) = (n + 1, n + 2);
        format!("{select}{} ORDER BY {order} LIMIT ${l} OFFSET ${o}", and(cond))
    };
    let items = if query.limit > 0 {
        let lite = whole(&filter.lite, order(|o| &o.lite));
        let pg = whole(&filter.pg, order(|o| &o.pg));
        let mut params = params.clone();
        params.push(&query.limit);
        params.push(&query.offset);
        c.all::<T>(&Stmt::dynamic(&lite, pg), &params).await?
    } else {
        Vec::new()
    };
    let got = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let told = got < query.limit && (got > 0 || query.offset == 0);
    let total = if told {
        query.offset + got
    } else {
        let lite = format!("{count}{}", and(&filter.lite));
        let pg = format!("{count}{}", and(&filter.pg));
        c.one::<i64>(&Stmt::dynamic(&lite, pg), &params).await?
    };
    Ok(Page { items, total })
}
