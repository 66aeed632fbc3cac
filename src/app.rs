//! What is shared: store, clock, keys, caches. Between porch and truth.
