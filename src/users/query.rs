//! What a list asks for: a condition and an order, already in both databases' spelling (`filter` makes them), and
//! which part of the result.

use crate::{
    clock::Timestamp,
    error::Result,
    store::{Conn, FromRow, Param, Stmt},
};
use uuid::Uuid;

/// A value that a condition binds.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// Text.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An id.
    Id(Uuid),
    /// A moment.
    Time(Timestamp),
}
impl Arg {
    fn param(&self) -> &(dyn Param + '_) {
        match self {
            Self::Text(s) => s,
            Self::Bool(b) => b,
            Self::Int(i) => i,
            Self::Id(u) => u,
            Self::Time(t) => t,
        }
    }
}

/// A condition over the alias `u` (users) or `g` (groups). `$1` is the tenant and `$2` the directory; its own values
/// begin at `$3`. All text in it comes from our own tables of columns and checked names; values are bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Where {
    /// For SQLite.
    pub lite: String,
    /// For PostgreSQL.
    pub pg: String,
    /// The values of `$3`, `$4`, ...
    pub args: Vec<Arg>,
}

/// An order: an expression over the same alias, in both spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// For SQLite.
    pub lite: String,
    /// For PostgreSQL.
    pub pg: String,
    /// From the greatest down.
    pub descending: bool,
}

/// What a list asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which rows; all without.
    pub filter: Option<Where>,
    /// In which order; by age without. Rows without a value come last when ascending, first when descending.
    pub order: Option<Order>,
    /// How many to leave out at the beginning.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}
impl Default for Query {
    fn default() -> Self {
        Self { filter: None, order: None, offset: 0, limit: 100 }
    }
}

/// A part of a result, and the size of the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: i64,
}

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
