//! SQL of what people and things are called: one statement for each kind, so that what a page does not name is not
//! planned either (all of them in one took PostgreSQL a millisecond of planning on every page).

use crate::{
    error::Result,
    id::TenantId,
    row, sql,
    store::{Conn, List},
};
use std::collections::BTreeSet;
use uuid::Uuid;

row! {
    /// What something is called.
    pub(super) struct Called {
        pub kind: String,
        pub id: Uuid,
        pub home: TenantId,
        pub name: String,
    }
}

/// What these of a kind are called: people of the tenant and of the provider's, and what else the trail names. Of another
/// kind there is nothing.
pub(super) async fn names(
    c: &mut Conn,
    here: TenantId,
    kind: &str,
    ids: BTreeSet<Uuid>,
) -> Result<Vec<Called>> {
    let ids = List::Ids(ids.into_iter().collect());
    match kind {
        "user" => sql!(
            c,
            all<Called>,
            "/* platform: the provider's people act in other tenants */
             SELECT 'user', u.id, u.tenant_id, coalesce(nullif(u.display_name, ''), u.user_name)
             FROM rarray($2) AS w CROSS JOIN users u
             WHERE u.tenant_id IN ($1, (SELECT t.id FROM tenants t WHERE t.provider)) AND u.id = w.value
             /* scan: the one row of the index tenants_one_provider */",
            here,
            ids
        ),
        "tenant" => sql!(
            c,
            all<Called>,
            "/* platform: what is called so is a tenant */
             SELECT 'tenant', t.id, t.id, t.name FROM rarray($1) AS w CROSS JOIN tenants t WHERE t.id = w.value",
            ids
        ),
        "directory" => sql!(
            c,
            all<Called>,
            "SELECT 'directory', d.id, d.tenant_id, d.name FROM rarray($2) AS w CROSS JOIN directories d
             WHERE d.tenant_id = $1 AND d.id = w.value",
            here,
            ids
        ),
        "group" => sql!(
            c,
            all<Called>,
            "SELECT 'group', g.id, g.tenant_id, g.display_name FROM rarray($2) AS w CROSS JOIN groups g
             WHERE g.tenant_id = $1 AND g.id = w.value",
            here,
            ids
        ),
        "app" => sql!(
            c,
            all<Called>,
            "SELECT 'app', a.id, a.tenant_id, a.name FROM rarray($2) AS w CROSS JOIN apps a
             WHERE a.tenant_id = $1 AND a.id = w.value",
            here,
            ids
        ),
        "portal" => sql!(
            c,
            all<Called>,
            "SELECT 'portal', p.id, p.tenant_id, p.note FROM rarray($2) AS w CROSS JOIN portals p
             WHERE p.tenant_id = $1 AND p.id = w.value",
            here,
            ids
        ),
        "role" => sql!(
            c,
            all<Called>,
            "/* platform: the provider's roles are offered to all */
             SELECT 'role', r.id, r.tenant_id, r.name FROM rarray($2) AS w CROSS JOIN roles r
             WHERE r.id = w.value AND (r.tenant_id = $1 OR r.offered)",
            here,
            ids
        ),
        _ => Ok(Vec::new()),
    }
}
