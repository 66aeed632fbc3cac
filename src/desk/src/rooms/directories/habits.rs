//! The habits of directories that are understood besides the RFC, by the numbers of `docs/scim.md`.

/// A habit: its number, its name, who has it.
pub(super) type Habit = (&'static str, &'static str, &'static str);

/// Those that can be switched off.
pub(super) const HABITS: [Habit; 29] = [
    ("1.1", "values as texts", "Entra"),
    ("1.2", "spelling of operations", "Entra"),
    ("1.3", "missing elements", "Entra"),
    ("1.4", "role assignments", "Entra"),
    ("1.5", "a dot after the URN", "Entra"),
    ("1.6", "shapes of a manager", "Entra"),
    ("1.7", "paths as names", "Entra"),
    ("1.8", "removal by value", "Entra, JumpCloud"),
    ("1.9", "values without their object", "Entra, Ping"),
    ("1.11", "add that lists everything", "Entra"),
    ("1.12", "empty texts", "Entra"),
    ("1.13", "empty lists", "Entra"),
    ("1.14", "a path as a filter", "Entra"),
    ("1.15", "reference probes", "Entra"),
    ("1.17", "unique group names", "Entra"),
    ("1.20", "schemas that nobody has", "Entra"),
    ("1.21", "media types", "Entra, Okta"),
    ("1.22", "answers of large groups", "Entra"),
    ("1.23", "page numbers", "Entra"),
    ("1.24", "addresses", "Entra"),
    ("1.29", "what is not known here", "Entra"),
    ("2.1", "PUT without what is ours", "Okta"),
    ("2.3", "large pages", "Okta"),
    ("2.4", "what is read-only comes back", "Okta"),
    ("2.5", "members that are nobody", "Okta"),
    ("2.9", "a token without a scheme", "Okta"),
    ("2.10", "passwords", "Okta"),
    ("3.1", "the schema of SCIM 1", "OneLogin"),
    ("3.4", "values without quotes", "Ping, Entra"),
];
