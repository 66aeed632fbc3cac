//! The conversations that the program carries; a test compares this list with the folder.

macro_rules! conversations {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"), "/scim-tests/", $name, ".toml"
        )))),*]
    };
}

/// Name and text of each, in the order in which they are held.
pub(super) const CONVERSATIONS: &[(&str, &str)] = conversations![
    "entra/connection",
    "entra/person",
    "entra/person-flag",
    "entra/manager",
    "entra/odds",
    "entra/group",
    "entra/group-flag",
    "entra/group-parallel",
    "entra/group-large",
    "entra/custom",
    "entra/paging",
    "entra/validator",
    "entra/retry",
    "okta/spec",
    "okta/wizard",
    "okta/catalogue",
    "okta/group-push",
    "okta/import",
    "okta/odds",
    "onelogin/person",
    "onelogin/group",
    "google/person",
    "jumpcloud/activation",
    "jumpcloud/person",
    "ping/person",
    "ping/group",
    "rippling/person",
    "rfc/discovery",
    "rfc/errors",
    "rfc/attributes",
    "rfc/filter",
    "rfc/patch",
    "rfc/put",
    "rfc/groups",
    "rfc/sort",
    "rfc/search",
    "rfc/field",
    "rfc/etag",
    "rfc/cursor",
    "rfc/bulk",
];
