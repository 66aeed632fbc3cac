//! Pure protocol words, no I/O.

pub mod oidc;
pub mod scim;
pub mod signal;
