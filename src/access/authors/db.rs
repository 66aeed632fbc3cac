//! SQL of what somebody answers for.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, DirectoryId, MappingId, TenantId, UserId},
    row, sql,
    store::{Conn, List, Tx},
};

/// What somebody answers for, in any tenant: mappings, what is kept of such as are gone, integration users, and
/// default roles.
pub async fn authored(c: &mut Conn, (home, user): (TenantId, UserId)) -> Result<Vec<MappingId>> {
    sql!(
        c,
        all<MappingId>,
        "/* platform: somebody of the provider's answers for mappings anywhere */
         SELECT id FROM mappings WHERE created_by_tenant = $1 AND created_by_user = $2
         UNION
         SELECT mapping_id FROM parked_roles
         WHERE created_by_tenant = $1 AND created_by_user = $2 AND mapping_id IS NOT NULL
         UNION
         SELECT app_id FROM app_authors WHERE made_by_tenant = $1 AND made_by_user = $2
         UNION
         SELECT id FROM default_roles
         WHERE created_by_tenant = $1 AND created_by_user = $2 AND role_id IS NOT NULL
         ORDER BY 1",
        home,
        user
    )
}

/// The people of a directory who answer for anything.
pub async fn authors(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Vec<UserId>> {
    sql!(
        c,
        all<UserId>,
        "/* platform: somebody of the provider's answers for mappings anywhere */
         SELECT u.id FROM users u
         WHERE u.tenant_id = $1 AND u.directory_id = $2
           AND (EXISTS (SELECT 1 FROM mappings p WHERE p.created_by_tenant = $1 AND p.created_by_user = u.id)
                OR EXISTS (SELECT 1 FROM parked_roles k
                           WHERE k.created_by_tenant = $1 AND k.created_by_user = u.id)
                OR EXISTS (SELECT 1 FROM app_authors a WHERE a.made_by_tenant = $1 AND a.made_by_user = u.id)
                OR EXISTS (SELECT 1 FROM default_roles e
                           WHERE e.created_by_tenant = $1 AND e.created_by_user = u.id))",
        t,
        d
    )
}

row! {
    /// An integration user, as far as somebody answers for it.
    #[derive(Debug, Clone)]
    pub struct Answered {
        /// Whose.
        pub tenant_id: TenantId,
        /// Which.
        pub id: AppId,
        /// The user itself.
        pub user_id: Option<UserId>,
        /// Its name.
        pub name: String,
        /// Who made it ([`crate::actor::Actor::label`]).
        pub created_by: String,
        /// Who has answered for it since, the last of them.
        pub adopted_by: Option<String>,
        /// Since when it is suspended, as far as that was noticed.
        pub suspended_at: Option<Timestamp>,
    }
}

/// These of the tenant's integration users for which somebody answers.
pub async fn integrations(c: &mut Conn, t: TenantId, these: &[MappingId]) -> Result<Vec<Answered>> {
    let these = List::Ids(these.iter().map(|m| m.0).collect());
    sql!(
        c,
        all<Answered>,
        "SELECT a.tenant_id, a.id, a.user_id, a.name, a.created_by, w.adopted_by, w.suspended_at
         FROM rarray($2) AS i CROSS JOIN app_authors w JOIN apps a ON a.tenant_id = w.tenant_id AND a.id = w.app_id
         WHERE w.tenant_id = $1 AND w.app_id = i.value",
        t,
        these
    )
}

/// Whoever acts answers for it from now on: its maker (`first`), or somebody later.
pub async fn answer(tx: &mut Tx, t: TenantId, app: AppId, first: bool) -> Result<()> {
    let (now, label, maker) = (tx.now(), tx.actor().label(), tx.actor().user());
    let (by_tenant, by_user) = maker.unzip();
    let (by, at) = if first { (None, None) } else { (Some(label), Some(now)) };
    sql!(
        tx,
        exec,
        "INSERT INTO app_authors (tenant_id, app_id, made_by_tenant, made_by_user, adopted_by, adopted_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, app_id) DO UPDATE SET made_by_tenant = $3, made_by_user = $4, adopted_by = $5,
           adopted_at = $6, suspended_at = NULL",
        t,
        app,
        by_tenant,
        by_user,
        by,
        at
    )?;
    Ok(())
}

row! {
    /// An integration user of which something was written down.
    struct Written { tenant_id: TenantId }
}

/// Writes down whether it is suspended, while this author answers for it; `None` when that was written before.
pub async fn record_integration(
    tx: &mut Tx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<Option<Answered>> {
    let at = suspended.then_some(tx.now());
    let written = sql!(
        tx,
        opt<Written>,
        "/* platform: whoever answers for it, the server writes it down */
         UPDATE app_authors SET suspended_at = $4
         WHERE app_id = $1 AND made_by_tenant = $2 AND made_by_user = $3 AND (suspended_at IS NULL) = $5
         RETURNING tenant_id",
        id,
        author.0,
        author.1,
        at,
        suspended
    )?;
    match written {
        Some(w) => Ok(integrations(tx, w.tenant_id, &[id]).await?.pop()),
        None => Ok(None),
    }
}
