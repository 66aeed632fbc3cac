//! Users: the row, the SCIM document, identities, the switch. A directory's writes and a person's go through
//! the same service functions.
