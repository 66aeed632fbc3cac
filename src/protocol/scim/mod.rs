//! SCIM without a server (RFC 7643, 7644): schema, filter, path, patch. Documents and operations in, changes out;
//! no I/O. What directories do differently from the text is a rule of [`quirks`], in front of a strict reading: the numbers
//! in comments (1.1, 2.4 ...) are those of its table and of `docs/scim.md`.

mod body;
pub mod bulk;
mod core;
pub mod extension;
pub mod filter;
mod group;
mod parse;
pub mod patch;
mod path;
mod print;
mod project;
pub mod quirks;
pub mod schema;
mod schema_json;
mod value;

pub use body::{Body, keep_immutable, normalise, read_body, unwrapped};
pub use group::{GroupOp, GroupStep, group_ops, member_ids, referred};
pub use parse::{parse_filter, parse_filter_among};
pub use patch::{Outcome, Patch, patch};
pub use path::{PatchPath, parse_path};
pub use project::Projection;
pub use quirks::{Rule, Rules};
pub use schema::Schemas;
pub use value::twice;

use crate::error::{Error, Kind};

/// The core user schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise user extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The message that lists.
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The message that refuses.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The message that patches.
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The message of many operations.
pub const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The answer to it.
pub const BULK_ANSWER: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The two kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// A person.
    User,
    /// A group.
    Group,
}
impl Resource {
    /// `User` or `Group`.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
    /// The URN of the core schema.
    pub fn urn(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }
}

/// A refusal with a `scimType` (RFC 7644 3.12), naming the attribute.
pub fn bad(scim_type: &'static str, attr: &str, detail: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, detail).code(scim_type).attr(crate::text::excerpt(attr))
}
