//! What a list asks for: a condition and an order, already in both databases' spelling (`filter` makes them), and
//! which part of the result.

mod db;

pub(crate) use db::page;
pub use db::{Select, statement};

use crate::{
    clock::Timestamp,
    error::Result,
    store::{Conn, Param, Scope, Store},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// An index leads to the few rows that can meet it: it is answered as quickly as one row is read.
    pub few: bool,
    /// Whether an index finds those that it names, few or many.
    pub indexed: bool,
    /// Whether it names them by ids that another table's index gives.
    pub keyed: bool,
}

/// An order: an expression over the same alias, in both spellings. Among rows of one value the id decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// For SQLite.
    pub lite: String,
    /// For PostgreSQL.
    pub pg: String,
    /// From the greatest down.
    pub descending: bool,
    /// What the expression looks at.
    pub by: By,
}

/// What an order looks at, by which a row in hand tells where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A column of the table, which is never null.
    Column(&'static str),
    /// A column that may be null.
    Nullable(&'static str),
    /// A place in the document, by names in the schema's spelling.
    Document {
        /// The names on the way.
        names: Vec<String>,
        /// Compared with case.
        exact: bool,
        /// Compared as a number; what is none counts as no value.
        number: bool,
    },
    /// One of several values in the document: of the primary element, or else of the first.
    Chosen {
        /// The names on the way to the list.
        names: Vec<String>,
        /// The part that counts, where elements have parts.
        sub: Option<String>,
        /// Compared with case.
        exact: bool,
        /// Compared as a number.
        number: bool,
    },
}
impl By {
    /// Whether a column of the table holds it.
    fn column(&self) -> bool {
        matches!(self, Self::Column(_) | Self::Nullable(_))
    }
}

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Key {
    /// No value, which is greater than any.
    #[serde(rename = "-")]
    Nothing,
    /// A text, folded unless case counts.
    #[serde(rename = "s")]
    Text(String),
    /// A number, in digits that mean exactly it.
    #[serde(rename = "n")]
    Number(String),
    /// True or false.
    #[serde(rename = "b")]
    Bool(bool),
    /// A moment.
    #[serde(rename = "t")]
    Time(i64),
    /// An id.
    #[serde(rename = "i")]
    Id(Uuid),
}
impl Key {
    /// What stands in a document; of what columns hold, nothing.
    pub fn in_document(doc: &Value, by: &By) -> Self {
        let at = |names: &[String]| {
            let mut at = Some(doc);
            for name in names {
                at = at.and_then(|v| v.get(name));
            }
            at
        };
        match by {
            By::Column(_) | By::Nullable(_) => Self::Nothing,
            By::Document { names, exact, number } => Self::of(at(names), *exact, *number),
            By::Chosen { names, sub, exact, number } => {
                let list = at(names).and_then(Value::as_array).map(Vec::as_slice);
                let list = list.unwrap_or_default();
                let primary = |v: &&Value| v.get("primary") == Some(&Value::Bool(true));
                let one = list.iter().find(primary).or_else(|| list.first());
                let value = match sub {
                    Some(sub) => one.and_then(|v| v.get(sub)),
                    None => one,
                };
                Self::of(value, *exact, *number)
            }
        }
    }
    fn of(value: Option<&Value>, exact: bool, number: bool) -> Self {
        match value {
            Some(Value::Number(n)) if number => {
                n.as_f64().map_or(Self::Nothing, |n| Self::Number(n.to_string()))
            }
            _ if number => Self::Nothing,
            Some(Value::String(s)) if exact => Self::Text(s.clone()),
            Some(Value::String(s)) => Self::Text(crate::text::fold(s)),
            Some(Value::Bool(b)) => Self::Bool(*b),
            _ => Self::Nothing,
        }
    }
    /// A text, folded, or none.
    pub fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, |t| Self::Text(t.to_owned()))
    }
}

/// Where a row stands in an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// What it is sorted by.
    #[serde(rename = "k")]
    pub key: Key,
    /// Its id.
    #[serde(rename = "i")]
    pub id: Uuid,
}

/// A row that can tell where it stands.
pub trait Placed {
    /// Its id, when it was made, its document, and what a column of its table holds.
    fn key(&self, by: &By) -> Key;
    /// Its id.
    fn id(&self) -> Uuid;
    /// Its place; without an order rows stand by age.
    fn position(&self, order: Option<&Order>) -> Position {
        let age = By::Column("created_at");
        Position { key: self.key(order.map_or(&age, |o| &o.by)), id: self.id() }
    }
}

/// A part of a list that begins at a row and not at a number: nothing is skipped or shown twice when others come and go.
#[derive(Debug, Clone, PartialEq)]
pub struct Seek {
    /// The row beside which it begins; `None`: at the list's beginning (or end, backwards).
    pub from: Option<Position>,
    /// What comes before it instead of after it. The rows are in the list's order all the same.
    pub back: bool,
}

/// What a list asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which rows; all without.
    pub filter: Option<Where>,
    /// In which order; by age without. Rows without a value come last when ascending, first when descending.
    pub order: Option<Order>,
    /// Where it begins, if not at a number.
    pub seek: Option<Seek>,
    /// How many to leave out at the beginning.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
    /// Whether the size of the whole is wanted; 0 is told without.
    pub counted: bool,
}
impl Query {
    /// A connection to ask it on: what may go through all rows takes its turn with others that do.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn reader(&self, store: &Store, scope: Scope) -> Result<Conn> {
        if self.filter.as_ref().is_some_and(|f| f.few) {
            return store.read(scope).await;
        }
        store.scan(scope).await
    }
}
impl Default for Query {
    fn default() -> Self {
        Self { filter: None, order: None, seek: None, offset: 0, limit: 100, counted: true }
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
