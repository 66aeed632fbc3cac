//! SQL of what a catalogue must have. It is read at a start, and nothing later.

use crate::{
    clock::Timestamp,
    error::Result,
    id::RoleId,
    row, sql,
    store::{Conn, J, Tx},
    text,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the catalogues had that served here.
pub async fn names(c: &mut Conn) -> Result<Vec<String>> {
    sql!(c, all<String>, "/* scan: a catalogue is small */ SELECT name FROM catalogue_names")
}

/// Remembers what a catalogue has.
pub async fn remember(tx: &mut Tx, names: &[String]) -> Result<()> {
    for name in names {
        sql!(
            tx,
            later,
            "INSERT INTO catalogue_names (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
            name
        )?;
    }
    Ok(())
}

row! {
    /// A role, and the slug of its tenant.
    #[derive(Debug, Clone)]
    pub struct RoleOf {
        pub tenant: String,
        pub name: String,
        pub permissions: J<BTreeSet<String>>,
    }
}

/// Every role that was made here.
pub async fn roles(c: &mut Conn) -> Result<Vec<RoleOf>> {
    sql!(
        c,
        all<RoleOf>,
        "/* platform: the catalogue is all tenants', scan: once, at the start */
         SELECT t.slug, r.name, r.permissions FROM roles r JOIN tenants t ON t.id = r.tenant_id
         ORDER BY t.slug, r.name_key"
    )
}

/// What matters here of a client's settings.
#[derive(Debug, Clone, Deserialize)]
pub struct Scopes {
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
}

row! {
    /// A client, and the slug of its tenant.
    #[derive(Debug, Clone)]
    pub struct AppOf {
        pub tenant: String,
        pub name: String,
        pub kind: String,
        pub settings: J<Scopes>,
    }
}

/// Every application and integration user.
pub async fn apps(c: &mut Conn) -> Result<Vec<AppOf>> {
    sql!(
        c,
        all<AppOf>,
        "/* platform: the catalogue is all tenants', scan: once, at the start */
         SELECT t.slug, a.name, a.kind, a.settings FROM apps a JOIN tenants t ON t.id = a.tenant_id
         ORDER BY t.slug, a.name"
    )
}

row! {
    /// A use of a role that was not made here.
    #[derive(Debug, Clone)]
    pub struct Use {
        pub role: RoleId,
        pub tenant: String,
        way: String,
        who: String,
    }
}
impl Use {
    /// What the role is there, for people.
    pub fn way(&self) -> String {
        let who = text::excerpt(&self.who);
        match self.way.as_str() {
            "grant" => format!("given to '{who}'"),
            "mapping" => "given by a mapped group".to_owned(),
            "parked" => format!("kept for '{who}' until somebody decides"),
            "eligibility" => format!("what '{who}' may ask for"),
            _ => "the default".to_owned(),
        }
    }
}

/// The roles that somebody has, gets by a group, or may ask for, and that were not made here.
pub async fn built_in(c: &mut Conn) -> Result<Vec<Use>> {
    sql!(
        c,
        all<Use>,
        "/* platform: the catalogue is all tenants', scan: once, at the start */
         SELECT u.role_id, t.slug, u.way, u.who
         FROM (SELECT g.role_id, g.tenant_id, 'grant' AS way, g.user_label AS who FROM grants g
               UNION SELECT p.role_id, p.tenant_id, 'mapping', '' FROM mappings p
               UNION SELECT k.role_id, k.tenant_id, 'parked', k.user_label FROM parked_roles k WHERE NOT k.kept
               UNION SELECT a.role_id, a.tenant_id, 'eligibility', a.user_label FROM eligibilities a
               UNION SELECT e.role_id, e.tenant_id, 'default', '' FROM default_roles e WHERE e.role_id IS NOT NULL) u
         JOIN tenants t ON t.id = u.tenant_id
         WHERE NOT EXISTS (SELECT 1 FROM roles r WHERE r.id = u.role_id)
         ORDER BY t.slug, u.role_id, u.way, u.who"
    )
}

row! {
    /// What a tenant's sign-in policy names.
    #[derive(Debug, Clone)]
    pub struct PolicyOf {
        pub tenant: String,
        pub policy: J<Named>,
    }
}

/// What matters here of a policy.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Named {
    #[serde(default)]
    pub permissions: BTreeMap<String, Value>,
    #[serde(default)]
    pub mfa: NamedRoles,
}
/// The roles it names.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct NamedRoles {
    #[serde(default)]
    pub roles: BTreeMap<RoleId, Value>,
}

row! {
    /// What an invitation that is not accepted yet promises.
    #[derive(Debug, Clone)]
    pub struct Promise {
        pub tenant: String,
        pub email: String,
        pub plan: J<Vec<Planned>>,
    }
}

/// What matters here of a planned role.
#[derive(Debug, Clone, Deserialize)]
pub struct Planned {
    pub role: RoleId,
}

/// Every invitation that can still be accepted.
pub async fn promises(c: &mut Conn, now: Timestamp) -> Result<Vec<Promise>> {
    sql!(
        c,
        all<Promise>,
        "/* platform: the catalogue is all tenants', scan: once, at the start */
         SELECT t.slug, i.email, i.plan FROM invitations i JOIN tenants t ON t.id = i.tenant_id
         WHERE i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $1 ORDER BY t.slug, i.email",
        now
    )
}

/// Every tenant's policy.
pub async fn policies(c: &mut Conn) -> Result<Vec<PolicyOf>> {
    sql!(
        c,
        all<PolicyOf>,
        "/* platform: the catalogue is all tenants', scan: once, at the start */
         SELECT slug, policy FROM tenants ORDER BY slug"
    )
}
