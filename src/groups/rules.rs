//! Pure decisions about groups.

use super::GroupChange;
use crate::{
    error::{Error, Result},
    id::UserId,
    text::{self, MAX_KEY},
};

/// Up to so many people are told apart, in audit events and in what caches hear; more are a crowd.
pub(super) const FEW: usize = 50;

/// Whether name and id fit their columns.
///
/// # Errors
/// `Invalid` (code `invalidValue`), naming the attribute.
pub(super) fn checked(name: &str, external_id: Option<&str>) -> Result<()> {
    if name.trim().is_empty() {
        let detail = "'displayName' is empty; a group has a name";
        return Err(Error::invalid(detail).attr("displayName").code("invalidValue"));
    }
    let fits =
        |attr, value| text::checked(attr, value, MAX_KEY).map_err(|e| e.code("invalidValue"));
    fits("displayName", name)?;
    fits("externalId", external_id.unwrap_or(""))?;
    Ok(())
}

/// Whether a step can take somebody out.
pub(super) fn takes_away(c: &GroupChange) -> bool {
    use GroupChange::{Clear, Keep, Remove, Replace};
    matches!(c, Remove(_) | Keep(_) | Replace(_) | Clear)
}

/// Who is put into the group.
pub(super) fn coming(changes: &[GroupChange]) -> Vec<UserId> {
    let lists = changes.iter().filter_map(|c| match c {
        GroupChange::Add(users) | GroupChange::Replace(users) => Some(users),
        _ => None,
    });
    lists.flatten().copied().collect()
}

/// The last name that the steps give.
pub(super) fn new_name(changes: &[GroupChange]) -> Option<&str> {
    changes.iter().rev().find_map(|c| match c {
        GroupChange::Rename(n) => Some(n.as_str()),
        _ => None,
    })
}
