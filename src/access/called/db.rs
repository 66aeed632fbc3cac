//! SQL of what people and things are called.

use crate::{
    error::Result,
    id::TenantId,
    row, sql,
    store::{Conn, List},
};
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

/// What these are called: people of the tenant and of the provider's, and what else the trail names. An id is one thing's
/// only, whatever its kind.
pub(super) async fn names(c: &mut Conn, here: TenantId, ids: Vec<Uuid>) -> Result<Vec<Called>> {
    let ids = List::Ids(ids);
    sql!(
        c,
        all<Called>,
        "/* platform: the provider's people act in other tenants, and its roles are offered to all */
         SELECT 'user', u.id, u.tenant_id, coalesce(u.display_name, u.user_name)
         FROM rarray($2) AS w CROSS JOIN users u
         WHERE u.tenant_id IN ($1, (SELECT t.id FROM tenants t WHERE t.provider)) AND u.id = w.value
         UNION ALL
         SELECT 'tenant', t.id, t.id, t.name FROM rarray($2) AS w CROSS JOIN tenants t WHERE t.id = w.value
         UNION ALL
         SELECT 'directory', d.id, d.tenant_id, d.name FROM rarray($2) AS w CROSS JOIN directories d
         WHERE d.tenant_id = $1 AND d.id = w.value
         UNION ALL
         SELECT 'group', g.id, g.tenant_id, g.display_name FROM rarray($2) AS w CROSS JOIN groups g
         WHERE g.tenant_id = $1 AND g.id = w.value
         UNION ALL
         SELECT 'app', a.id, a.tenant_id, a.name FROM rarray($2) AS w CROSS JOIN apps a
         WHERE a.tenant_id = $1 AND a.id = w.value
         UNION ALL
         SELECT 'portal', p.id, p.tenant_id, p.note FROM rarray($2) AS w CROSS JOIN portals p
         WHERE p.tenant_id = $1 AND p.id = w.value
         UNION ALL
         SELECT 'role', r.id, $1, r.name FROM rarray($2) AS w CROSS JOIN roles r
         WHERE r.id = w.value AND (r.tenant_id = $1 OR r.offered)
         /* scan: the one row of the index tenants_one_provider */",
        here,
        ids
    )
}
