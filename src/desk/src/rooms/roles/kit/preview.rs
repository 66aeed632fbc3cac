//! What a change would do, before it is made.

use crate::text;
use serde::Deserialize;

/// A tenant by name.
#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// What changes in some tenants.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct There {
    tenants: Vec<Named>,
    tenant_count: u64,
    /// What is held then and not now.
    pub(in crate::rooms) gains: Vec<String>,
    /// What is held now and not then.
    pub(in crate::rooms) loses: Vec<String>,
}

impl There {
    /// Where it is, in words.
    pub(in crate::rooms) fn place(&self) -> String {
        let named: Vec<&str> = self.tenants.iter().map(|t| t.name.as_str()).collect();
        let rest = self.tenant_count.saturating_sub(named.len() as u64);
        match (named.is_empty(), rest) {
            (false, 0) => named.join(", "),
            (false, n) => format!("{} and {n} more", named.join(", ")),
            (true, n) => text::count(n, "other company", "other companies"),
        }
    }
}

/// What changes for somebody.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Changes {
    /// Their id.
    pub(in crate::rooms) user: String,
    /// Their own tenant.
    pub(in crate::rooms) home: String,
    /// Their name.
    pub(in crate::rooms) user_name: String,
    /// Tenants in which the same changes.
    #[serde(rename = "changes")]
    pub(in crate::rooms) places: Vec<There>,
}

/// What a change would do.
#[derive(Debug, Default, Deserialize)]
pub(in crate::rooms) struct Preview {
    /// How many people it concerns.
    pub(in crate::rooms) people: u64,
    /// How many of them gain something.
    pub(in crate::rooms) gaining: u64,
    /// How many lose something.
    pub(in crate::rooms) losing: u64,
    /// How many of those are not named.
    pub(in crate::rooms) not_named: u64,
    /// The first, by name.
    pub(in crate::rooms) items: Vec<Changes>,
    /// Whether there are more.
    pub(in crate::rooms) more: bool,
}

impl Preview {
    /// In one sentence.
    pub(in crate::rooms) fn sentence(&self) -> String {
        let people = |n| text::count(n, "person", "people");
        let gains = |n| if n == 1 { "gains" } else { "gain" };
        let loses = |n| if n == 1 { "loses" } else { "lose" };
        match (self.gaining, self.losing) {
            (0, 0) => "Nobody gains or loses a permission.".to_owned(),
            (g, 0) => format!("{} {} permissions; nobody loses any.", people(g), gains(g)),
            (0, l) => format!("{} {} permissions; nobody gains any.", people(l), loses(l)),
            (g, l) => format!(
                "{} {} permissions, {} {}.",
                people(g),
                gains(g),
                text::thousands(l),
                loses(l)
            ),
        }
    }
}
