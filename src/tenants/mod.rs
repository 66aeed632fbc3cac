//! Tenants: create, suspend, policy.
