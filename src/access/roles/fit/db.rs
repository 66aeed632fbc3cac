//! SQL of what a catalogue must have. All of it is read at each start, and nothing later.

use crate::{
    error::Result,
    id::RoleId,
    row, sql,
    store::{Conn, J},
};
use serde::Deserialize;
use std::collections::BTreeSet;

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

/// The roles that somebody has, or gets by a group, and that were not made here.
pub async fn built_in(c: &mut Conn) -> Result<Vec<RoleId>> {
    sql!(
        c,
        all<RoleId>,
        "/* platform: the catalogue is all tenants', scan: once, at the start */
         SELECT u.role_id FROM (SELECT g.role_id FROM grants g UNION SELECT p.role_id FROM mappings p
                                UNION SELECT k.role_id FROM parked_roles k WHERE NOT k.kept
                                UNION SELECT e.role_id FROM default_roles e WHERE e.role_id IS NOT NULL) u
         WHERE NOT EXISTS (SELECT 1 FROM roles r WHERE r.id = u.role_id) ORDER BY u.role_id"
    )
}
