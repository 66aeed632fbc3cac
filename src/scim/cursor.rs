//! The cursors of RFC 9865: where a list goes on, sealed with the master key. The server keeps nothing of them. Whose
//! list it is and what was asked is what the seal is bound to, so that a cursor of another directory, of another
//! question or of somebody's own making does not open.

use super::Call;
use crate::{
    crypto::sha256_hex,
    error::{Error, Result},
    protocol::scim::{Resource, bad},
    users::query::{Key, Position},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// How long a cursor is good for.
pub(super) const TIMEOUT: Duration = Duration::from_secs(3600);
/// The longest text that a cursor carries: it has its place in an address.
const LONGEST: usize = 2048;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Until when it is good, in seconds.
    #[serde(rename = "u")]
    pub until: i64,
    /// Of which type the row is.
    #[serde(rename = "g")]
    pub group: bool,
    /// The row beside which the list goes on.
    #[serde(flatten)]
    pub at: Position,
    /// Before it instead of after it.
    #[serde(rename = "b")]
    pub back: bool,
    /// How many there were in all when the list began.
    #[serde(rename = "n")]
    pub total: i64,
}

impl Cursor {
    /// One beside a row, good from now on.
    pub(super) fn beside(
        call: &Call,
        resource: Resource,
        at: Position,
        back: bool,
        total: i64,
    ) -> Self {
        let until = call.app.store.clock().now().plus(TIMEOUT).secs();
        Self { until, group: resource == Resource::Group, at, back, total }
    }
    /// Of which type the row is.
    pub(super) fn resource(&self) -> Resource {
        if self.group { Resource::Group } else { Resource::User }
    }
    /// As it is sent.
    ///
    /// # Errors
    /// `invalidValue` where the list is sorted by texts that no address has room for.
    pub(super) fn sealed(&self, call: &Call, list: &str) -> Result<String> {
        if matches!(&self.at.key, Key::Text(t) if t.len() > LONGEST) {
            let text = format!(
                "the list is sorted by values of more than {LONGEST} bytes, which no cursor holds; sort by another \
                 attribute, or page by startIndex"
            );
            return Err(bad("invalidValue", "sortBy", text));
        }
        let plain = serde_json::to_vec(self).map_err(Error::internal)?;
        call.app.master.seal(&bound(call, list)?, &plain)
    }
    /// Opens one that a client sent back.
    ///
    /// # Errors
    /// `invalidCursor`, `expiredCursor`.
    pub(super) fn open(call: &Call, list: &str, text: &str) -> Result<Self> {
        let invalid = || {
            let text = "this cursor is none of this list: a cursor belongs to the address it came from, with all other \
                        parameters as they were; leave its value empty to begin anew";
            bad("invalidCursor", "cursor", text)
        };
        let plain = call.app.master.open(&bound(call, list)?, text).map_err(|_| invalid())?;
        let cursor: Self = serde_json::from_slice(&plain).map_err(|_| invalid())?;
        if cursor.until < call.app.store.clock().now().secs() {
            let text = format!(
                "this cursor is older than {} seconds; leave its value empty to begin anew",
                TIMEOUT.as_secs()
            );
            return Err(bad("expiredCursor", "cursor", text));
        }
        Ok(cursor)
    }
}

/// What a cursor is bound to: directory, list, and every parameter but the cursor itself.
fn bound(call: &Call, list: &str) -> Result<String> {
    let asked: BTreeMap<&str, &str> = call
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| *name != "cursor")
        .collect();
    let asked = serde_json::to_vec(&asked).map_err(Error::internal)?;
    Ok(format!("scim cursor, {}, {list}, {}", call.permit.directory(), sha256_hex(asked)))
}
