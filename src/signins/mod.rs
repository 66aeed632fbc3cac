//! The flight recorder: one row per attempt to sign in, with the reason an administrator reads.
