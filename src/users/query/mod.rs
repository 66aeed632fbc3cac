//! What a list asks for: a condition and an order, already in both databases' spelling (`filter` makes them), and
//! which part of the result.

mod db;

pub(crate) use db::page;

use crate::{
    clock::Timestamp,
    error::Result,
    store::{Conn, Param, Scope, Store},
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
    /// An index leads to the few rows that can meet it: it is answered as quickly as one row is read.
    pub few: bool,
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
