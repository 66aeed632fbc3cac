//! Signing keys: pending, active, retired; published ahead; sealed at rest.
