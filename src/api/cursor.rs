//! Cursors say of which list they are. Lists have ids of the same form for their keys: a cursor of another list, of another
//! tenant's, or of the same one under other filters would be taken for a place in this one, and what is before it would be
//! hidden in silence. So each carries a tag of all that decides what is listed. The tag is no secret, as a cursor opens
//! nothing: who makes one up reads their own list from another place on.

use super::{Call, Route, param::CURSOR};
use crate::{
    crypto,
    error::{Error, Kind, Result},
    id::TenantId,
};
use std::collections::HashMap;

/// As much of the hash as makes a mix-up visible.
const TAG: usize = 8;
/// An answer that shows the beginning of a list which another method of its address reads.
const BEGINS: (&str, &str) = ("POST", "/tenants/{tenant}/parked/{change}");

/// The tag of the list that a call is about.
#[derive(Debug, Clone)]
pub(super) struct List(String);

impl List {
    /// The list of a route, where it is one.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn of(route: &Route, c: &Call) -> Result<Option<Self>> {
        let listed = route.params.iter().any(|p| p.name == CURSOR.name);
        if !listed && (route.method, route.path) != BEGINS {
            return Ok(None);
        }
        let mut path = c.path.clone();
        if path.get("tenant").is_some_and(|t| TenantId::parse(t).is_none()) {
            // A slug is as good as the id. What is no tenant's, the route refuses itself.
            match c.tenant_id().await {
                Ok(id) => drop(path.insert("tenant".to_owned(), id.to_string())),
                Err(e) if e.kind() == Kind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        let what = format!("{}\n{}\n{}", route.path, sorted(&path), sorted(&c.query));
        let mut tag = crypto::b64(crypto::sha256(what));
        tag.truncate(TAG);
        Ok(Some(Self(tag)))
    }
    /// The cursor after this key.
    pub(super) fn cursor(&self, key: &str) -> String {
        format!("{}.{key}", self.0)
    }
    /// The key of a cursor.
    ///
    /// # Errors
    /// `Invalid` for one of another list.
    pub(super) fn key<'a>(&self, cursor: &'a str) -> Result<&'a str> {
        let key = cursor.strip_prefix(&self.0).and_then(|rest| rest.strip_prefix('.'));
        key.ok_or_else(|| {
            let text =
                "'cursor' is of another list, or of this one with other filters; begin without it";
            Error::invalid(text).attr(CURSOR.name)
        })
    }
}

/// All but how much of the list, and from where.
fn sorted(words: &HashMap<String, String>) -> String {
    let mut all: Vec<_> =
        words.iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "cursor")).collect();
    all.sort();
    format!("{all:?}")
}
