//! SQL of the exported document: the names of what it tells, and what is parked.

use crate::{
    access::{Reach, grants},
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, GroupId, ParkedId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, List},
};
use std::collections::BTreeSet;

row! {
    /// A tenant's names.
    #[derive(Debug, Clone)]
    pub struct TenantName {
        pub id: TenantId,
        pub slug: String,
        pub name: String,
    }
}

/// The tenant and the provider's: nobody else's people and groups have anything in a tenant.
pub async fn tenants(c: &mut Conn, t: TenantId) -> Result<Vec<TenantName>> {
    sql!(
        c,
        all<TenantName>,
        "SELECT t.id, t.slug, t.name FROM tenants t
         WHERE t.id IN ($1, (SELECT p.id FROM tenants p WHERE p.provider))
         /* scan: the one row of the index tenants_one_provider */",
        t
    )
}

row! {
    /// A directory's name.
    #[derive(Debug, Clone)]
    pub struct DirectoryName {
        pub id: DirectoryId,
        pub name: String,
    }
}

/// Their directories.
pub async fn directories(c: &mut Conn, t: TenantId) -> Result<Vec<DirectoryName>> {
    sql!(
        c,
        all<DirectoryName>,
        "SELECT d.id, d.name FROM directories d
         WHERE d.tenant_id IN ($1, (SELECT t.id FROM tenants t WHERE t.provider))
         /* scan: the one row of the index tenants_one_provider */",
        t
    )
}

row! {
    /// A person's names.
    #[derive(Debug, Clone)]
    pub struct Person {
        pub id: UserId,
        pub user_name: String,
        pub display_name: Option<String>,
    }
}

/// Their people of these ids.
pub async fn people(c: &mut Conn, t: TenantId, ids: List) -> Result<Vec<Person>> {
    sql!(
        c,
        all<Person>,
        "SELECT u.id, u.user_name, u.display_name FROM users u
         WHERE u.tenant_id IN ($1, (SELECT t.id FROM tenants t WHERE t.provider))
           AND u.id IN (SELECT value FROM rarray($2))
         /* scan: the one row of the index tenants_one_provider */",
        t,
        ids
    )
}

row! {
    /// How many people a group has.
    #[derive(Debug, Clone)]
    pub struct Size {
        pub group: GroupId,
        pub members: i64,
    }
}

/// How many people their groups of these ids have.
pub async fn sizes(c: &mut Conn, t: TenantId, ids: List) -> Result<Vec<Size>> {
    sql!(
        c,
        all<Size>,
        "SELECT m.group_id, count(*) FROM members m
         WHERE m.tenant_id IN ($1, (SELECT t.id FROM tenants t WHERE t.provider))
           AND m.group_id IN (SELECT value FROM rarray($2))
         GROUP BY m.group_id
         /* scan: the one row of the index tenants_one_provider */",
        t,
        ids
    )
}

row! {
    /// A role that somebody has until it is decided whether they keep it.
    #[derive(Debug, Clone)]
    pub struct Parked {
        pub id: ParkedId,
        pub tenant_id: TenantId,
        pub user_id: UserId,
        pub user_label: String,
        pub role_id: RoleId,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
        pub directory_id: DirectoryId,
        pub group_name: Option<String>,
        pub granted_by: String,
        pub since: Timestamp,
    }
}

impl Parked {
    /// Where they have it.
    pub fn reach(&self) -> Reach {
        Reach::read(&self.scope, self.scope_tenant)
    }
}

/// What is parked and counts in the tenant meanwhile, alone or among others (and what its own people have in many tenants),
/// and on the whole instance if that is to be shown; oldest first, after `after`.
pub async fn parked(
    c: &mut Conn,
    (t, tags): (TenantId, &BTreeSet<String>),
    instance: bool,
    after: Option<ParkedId>,
    limit: i64,
) -> Result<Vec<Parked>> {
    let after = after.unwrap_or(ParkedId(uuid::Uuid::nil()));
    let (tags, named) = grants::db::reaching(t, tags);
    sql!(
        c,
        all<Parked>,
        "SELECT k.id, k.tenant_id, k.user_id, k.user_label, k.role_id, k.scope, k.scope_tenant, k.directory_id,
                k.group_name, k.granted_by, k.since
         FROM parked_roles k
         WHERE k.tenant_id IN ($1, (SELECT t.id FROM tenants t WHERE t.provider))
           AND (k.scope_tenant = $1 OR (k.scope = 'all' AND $4)
                OR (k.scope_tenant IS NULL AND k.scope <> 'all'
                    AND (k.tenant_id = $1 OR k.scope = 'every' OR k.scope IN (SELECT value FROM rarray($5))
                         OR (k.scope LIKE 'tenants:%' AND k.scope LIKE $6)
                         OR (k.scope LIKE 'except:%' AND k.scope NOT LIKE $6))))
           AND k.id > $2 AND NOT k.gone
         ORDER BY k.id LIMIT $3
         /* scan: the one row of the index tenants_one_provider */",
        t,
        after,
        limit,
        instance,
        tags,
        named
    )
}
