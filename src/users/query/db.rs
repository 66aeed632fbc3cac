//! A page of a query, put together from texts of `db.rs` files and checked conditions.

use super::{Arg, By, Key, Order, Page, Query, Seek, Where};
use crate::{
    clock::Timestamp,
    error::Result,
    store::{Conn, FromRow, Param, Stmt},
};
use std::borrow::Cow;

/// Runs `query` over `FROM .. WHERE ..` texts that `db.rs` gives: `select` and `count` end in a condition to which
/// the filter is added, and `alias` is the table's. The count is asked only where the page does not tell it.
pub(crate) async fn page<T: FromRow>(
    c: &mut Conn,
    query: &Query,
    select: &Select<'_>,
    count: &str,
    alias: &str,
    first: &[&(dyn Param + '_)],
) -> Result<Page<T>> {
    let none = Where::default();
    let filter = query.filter.as_ref().unwrap_or(&none);
    let mut params: Vec<&(dyn Param + '_)> = first.to_vec();
    params.extend(filter.args.iter().map(Arg::param));
    let items = if query.limit > 0 {
        let st = statement(query, select, alias, params.len());
        let mut params = params.clone();
        params.extend(st.args.iter().map(Arg::param));
        let mut items = c.all::<T>(&Stmt::dynamic(&st.lite, st.pg), &params).await?;
        if query.seek.as_ref().is_some_and(|s| s.back) {
            items.reverse();
        }
        items
    } else {
        Vec::new()
    };
    if !query.counted {
        return Ok(Page { items, total: 0 });
    }
    let got = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let told = query.seek.is_none() && got < query.limit && (got > 0 || query.offset == 0);
    let total = if told {
        query.offset + got
    } else {
        let lite = format!("{}{}", by_key(count, filter, alias), and(&filter.lite));
        let pg = format!("{count}{}", and(&filter.pg));
        c.one::<i64>(&Stmt::dynamic(&lite, pg), &params).await?
    };
    Ok(Page { items, total })
}

/// The beginning of a page's statement, in both spellings.
#[derive(Debug, Clone, Copy)]
pub struct Select<'a> {
    /// For SQLite.
    pub lite: &'a str,
    /// For PostgreSQL.
    pub pg: &'a str,
}
impl<'a> Select<'a> {
    /// Where they are the same.
    pub fn both(text: &'a str) -> Self {
        Self { lite: text, pg: text }
    }
}

/// The statement of a page, of which `n` values are bound already; where a row is sought its own come next, then limit
/// and offset where they are bound.
pub fn statement(query: &Query, select: &Select<'_>, alias: &str, n: usize) -> Where {
    let none = Where::default();
    let filter = query.filter.as_ref().unwrap_or(&none);
    let back = query.seek.as_ref().is_some_and(|s| s.back);
    let order = Sorted::of(query.order.as_ref(), alias);
    let sought = query.seek.as_ref().map(|s| order.sought(s, alias, n + 1)).unwrap_or_default();
    let n = n + sought.args.len();
    // PostgreSQL keeps no plan where it does not know how many rows are wanted: it would plan the quickest questions
    // anew each time, which takes longer than to answer them. How many are wanted is nearly always the same.
    let mut args = sought.args;
    let part = if filter.few && query.offset == 0 {
        format!("LIMIT {}", query.limit)
    } else {
        args.extend([Arg::Int(query.limit), Arg::Int(query.offset)]);
        format!("LIMIT ${} OFFSET ${}", n + 1, n + 2)
    };
    let whole = |select: &str, cond: &str, sought: &str, order: String| {
        let (cond, sought) = (and(cond), and(sought));
        format!("{select}{cond}{sought} ORDER BY {order} {part}")
    };
    // SQLite would rather read all in order than few to be sorted: it does not know how few they are. With a sign before
    // it a column is an expression there, which no index has in order.
    let plus = if filter.indexed && query.order.is_none() { "+" } else { "" };
    let lite = order.text(&format!("{plus}{}", order.lite), back, alias);
    Where {
        lite: whole(&by_key(select.lite, filter, alias), &filter.lite, &sought.lite, lite),
        pg: whole(select.pg, &filter.pg, &sought.pg, order.text(&order.pg, back, alias)),
        args,
        ..Where::default()
    }
}

/// SQLite takes a directory for a few people and reads them all, where their ids are known: here it is told the index.
fn by_key<'a>(text: &'a str, filter: &Where, alias: &str) -> Cow<'a, str> {
    let index = match alias {
        _ if !filter.keyed => return text.into(),
        "u" => "sqlite_autoindex_users_1",
        _ => "sqlite_autoindex_groups_1",
    };
    let (from, to) = (format!(" {alias} WHERE "), format!(" {alias} INDEXED BY {index} WHERE "));
    text.replacen(&from, &to, 1).into()
}

fn and(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" AND ({text})") }
}

/// An order, spelt out: by age where none is wanted.
struct Sorted {
    lite: String,
    pg: String,
    descending: bool,
    nullable: bool,
    column: bool,
}

impl Sorted {
    fn of(order: Option<&Order>, alias: &str) -> Self {
        match order {
            Some(o) => Self {
                lite: o.lite.clone(),
                pg: o.pg.clone(),
                descending: o.descending,
                nullable: !matches!(o.by, By::Column(_)),
                column: o.by.column(),
            },
            None => Self {
                lite: format!("{alias}.created_at"),
                pg: format!("{alias}.created_at"),
                descending: false,
                nullable: false,
                column: true,
            },
        }
    }
    /// The order of the rows, `x` being what they are sorted by.
    fn text(&self, x: &str, back: bool, alias: &str) -> String {
        let up = self.descending == back;
        let (way, nulls) = if up { ("ASC", " NULLS LAST") } else { ("DESC", " NULLS FIRST") };
        let nulls = if self.nullable { nulls } else { "" };
        format!("{x} {way}{nulls}, {alias}.id {way}")
    }
    /// The condition that a row stands beyond another; its values begin at `$n`.
    fn sought(&self, seek: &Seek, alias: &str, n: usize) -> Where {
        let Some(from) = &seek.from else { return Where::default() };
        let up = self.descending == seek.back;
        let way = if up { '>' } else { '<' };
        let value = self.value(&from.key, n);
        let at = n + value.args.len();
        let id = format!("{alias}.id {way} ${at}");
        let text = |x: &str, v: &str| match (&from.key, up) {
            (Key::Nothing, true) => format!("{x} IS NULL AND {id}"),
            (Key::Nothing, false) => format!("{x} IS NOT NULL OR {id}"),
            _ if !self.nullable => format!("({x}, {alias}.id) {way} ({v}, ${at})"),
            (_, true) => format!("{x} > {v} OR ({x} = {v} AND {id}) OR {x} IS NULL"),
            (_, false) => format!("{x} < {v} OR ({x} = {v} AND {id})"),
        };
        let (lite, pg) = (text(&self.lite, &value.lite), text(&self.pg, &value.pg));
        let mut args = value.args;
        args.push(Arg::Id(from.id));
        Where { lite, pg, args, ..Where::default() }
    }
    /// A value as it is compared with.
    fn value(&self, key: &Key, n: usize) -> Where {
        let same = |text: String, arg| Where {
            lite: text.clone(),
            pg: text,
            args: vec![arg],
            ..Where::default()
        };
        match key {
            Key::Nothing => Where::default(),
            Key::Text(t) => same(format!("${n}"), Arg::Text(t.clone())),
            Key::Number(d) => Where {
                lite: format!("CAST(${n} AS REAL)"),
                pg: format!("${n}::text::float8"),
                args: vec![Arg::Text(d.clone())],
                ..Where::default()
            },
            Key::Bool(b) if self.column => same(format!("${n}"), Arg::Bool(*b)),
            // In documents: SQLite gives 1 and 0, PostgreSQL the words.
            Key::Bool(b) => {
                Where { lite: i32::from(*b).to_string(), pg: format!("'{b}'"), ..Where::default() }
            }
            Key::Time(t) => same(format!("${n}"), Arg::Time(Timestamp(*t))),
            Key::Id(i) => same(format!("${n}"), Arg::Id(*i)),
        }
    }
}
