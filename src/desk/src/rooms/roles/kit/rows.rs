//! Where things are that have no page of their own: rows of a list, which is narrowed to what is near them.

use crate::text;

/// A role that was given; `base` is the tenant's address, or the instance's.
pub(in crate::rooms) fn grant(base: &str, user: &str, (id, held): (&str, bool)) -> String {
    let who = text::query([("user", user)]);
    let id = text::escape(id);
    if held {
        format!("{base}/assignments/holds{who}#hold-{id}")
    } else {
        format!("{base}/assignments{who}#grant-{id}")
    }
}

/// A group's mapping to a role.
pub(in crate::rooms) fn mapping(base: &str, group: &str, id: &str) -> String {
    format!("{base}/mappings{}#mapping-{}", text::query([("group", group)]), text::escape(id))
}
