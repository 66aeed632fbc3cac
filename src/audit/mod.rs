//! The audit trail: append, list. Every mutation records its event in its own transaction; personal data stands
//! apart from what is hashed.
