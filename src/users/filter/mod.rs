//! SCIM filters in the database: the tree of `protocol::scim` compiled to conditions of both dialects. Names reach the
//! text only from the tables of the schema; every value is bound. What clients really ask for (userName, externalId,
//! id, e-mail, displayName, members, times) goes by index, the rest over the document.

mod db;
mod related;
mod values;

pub use db::{order, where_group, where_user};
