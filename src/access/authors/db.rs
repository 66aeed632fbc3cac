//! SQL of what somebody answers for.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, DirectoryId, MappingId, TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
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
         SELECT id FROM apps WHERE made_by_tenant = $1 AND made_by_user = $2
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
                OR EXISTS (SELECT 1 FROM apps a WHERE a.made_by_tenant = $1 AND a.made_by_user = u.id)
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

/// The integration user with this id.
pub async fn integration(c: &mut Conn, t: TenantId, id: MappingId) -> Result<Option<Answered>> {
    sql!(
        c,
        opt<Answered>,
        "SELECT tenant_id, id, user_id, name, created_by, adopted_by, suspended_at FROM apps
         WHERE tenant_id = $1 AND id = $2 AND user_id IS NOT NULL",
        t,
        id
    )
}

/// Writes down whether it is suspended, while this author answers for it; `None` when that was written before.
pub async fn record_integration(
    tx: &mut Tx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<Option<Answered>> {
    let now = tx.now();
    let at = suspended.then_some(now);
    sql!(
        tx,
        opt<Answered>,
        "/* platform: whoever answers for it, the server writes it down */
         UPDATE apps SET suspended_at = $4, updated_at = $5
         WHERE id = $1 AND made_by_tenant = $2 AND made_by_user = $3 AND (suspended_at IS NULL) = $6
         RETURNING tenant_id, id, user_id, name, created_by, adopted_by, suspended_at",
        id,
        author.0,
        author.1,
        at,
        now,
        suspended
    )
}
