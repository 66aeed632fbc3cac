//! The events there are, by their names on the wire.

/// A session ended (CAEP 1.0).
pub const SESSION_REVOKED: &str =
    "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
/// Something somebody signs in with changed (CAEP 1.0).
pub const CREDENTIAL_CHANGE: &str =
    "https://schemas.openid.net/secevent/caep/event-type/credential-change";
/// A session proves more than before, or less (CAEP 1.0).
pub const ASSURANCE_CHANGE: &str =
    "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change";
/// Somebody was switched off (RISC 1.0).
pub const ACCOUNT_DISABLED: &str =
    "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
/// Somebody was switched on again (RISC 1.0).
pub const ACCOUNT_ENABLED: &str =
    "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
/// Somebody was deleted (RISC 1.0).
pub const ACCOUNT_PURGED: &str =
    "https://schemas.openid.net/secevent/risc/event-type/account-purged";
/// A person or group came (RFC 9967).
pub const CREATE: &str = "urn:ietf:params:scim:event:prov:create:notice";
/// A person or group changed (RFC 9967).
pub const PATCH: &str = "urn:ietf:params:scim:event:prov:patch:notice";
/// A person or group was replaced (RFC 9967): what changed by it is named either way.
pub const PUT: &str = "urn:ietf:params:scim:event:prov:put:notice";
/// A person or group went (RFC 9967).
pub const DELETE: &str = "urn:ietf:params:scim:event:prov:delete";
/// A person may sign in again (RFC 9967).
pub const ACTIVATE: &str = "urn:ietf:params:scim:event:prov:activate";
/// A person may not sign in any more (RFC 9967).
pub const DEACTIVATE: &str = "urn:ietf:params:scim:event:prov:deactivate";
/// A person or group that was there comes into the stream (RFC 9967).
pub const FEED_ADD: &str = "urn:ietf:params:scim:event:feed:add";
/// A person or group goes out of the stream, and is there (RFC 9967).
pub const FEED_REMOVE: &str = "urn:ietf:params:scim:event:feed:remove";

/// A stream is tested (SSF 1.0); whoever has a stream gets it, asked for or not.
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
/// A stream was stopped by us (SSF 1.0); likewise.
pub const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

/// What is said of people to applications that they signed in to.
pub const SECURITY: [&str; 6] = [
    SESSION_REVOKED,
    CREDENTIAL_CHANGE,
    ASSURANCE_CHANGE,
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    ACCOUNT_PURGED,
];
/// What is said of all people and groups, to applications that an administrator lets hear it.
pub const PROVISIONING: [&str; 8] =
    [CREATE, PATCH, PUT, DELETE, ACTIVATE, DEACTIVATE, FEED_ADD, FEED_REMOVE];
/// Which of these are about a stream itself, and come from nothing that the trail says of people and groups.
pub const FEED: [&str; 2] = [FEED_ADD, FEED_REMOVE];
