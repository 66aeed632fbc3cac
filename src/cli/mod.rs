//! The commands of the binary.

pub mod scim_check;
