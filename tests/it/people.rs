//! Tenants, directories, users, groups.
