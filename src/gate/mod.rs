//! The gate: may this principal act now (`standing`), and the only place where access, refresh and id tokens
//! are made (`issue`).
