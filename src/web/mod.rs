//! The porch: extractors, session cookie to actor, CSRF, headers, limits, strict JSON and forms, the pages'
//! frame.
