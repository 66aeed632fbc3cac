//! SQL of what uses a role. A role of the provider's may be used in any tenant, so it is looked up by its id alone.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{RoleId, TenantId},
    row, sql,
    store::{Conn, J, List},
};
use serde::Deserialize;
use uuid::Uuid;

row! {
    /// Somebody or something that gives a role.
    #[derive(Debug, Clone)]
    pub struct Holder {
        /// The grant, mapping, invitation, parked role, eligibility or default role.
        pub id: Uuid,
        /// Whose it is: the person's or the group's own tenant.
        pub tenant_id: TenantId,
        /// The person's or group's name, or the address.
        pub name: String,
        /// How many of the kind there are.
        pub total: i64,
    }
}

/// Grants of the role in the tenant that have not ended by `now`.
pub async fn grants(
    c: &mut Conn,
    id: RoleId,
    t: TenantId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Holder>> {
    sql!(
        c,
        all<Holder>,
        "SELECT g.id, g.tenant_id, g.user_label, count(*) OVER ()
         FROM grants g WHERE g.role_id = $1 AND g.scope_tenant = $2 AND (g.valid_to IS NULL OR g.valid_to > $4)
         ORDER BY g.id LIMIT $3
         /* platform: who has a role in the tenant may be at home in the provider's */",
        id,
        t,
        limit,
        now
    )
}

/// Mappings that give the role in the tenant.
pub async fn mappings(c: &mut Conn, id: RoleId, t: TenantId, limit: i64) -> Result<Vec<Holder>> {
    sql!(
        c,
        all<Holder>,
        "SELECT p.id, p.tenant_id, t.display_name, count(*) OVER ()
         FROM mappings p JOIN groups t ON t.tenant_id = p.tenant_id AND t.id = p.group_id
         WHERE p.role_id = $1 AND p.scope_tenant = $2 ORDER BY p.id LIMIT $3",
        id,
        t,
        limit
    )
}

/// What is parked of the role in the tenant and waits for a decision.
pub async fn parked(c: &mut Conn, id: RoleId, t: TenantId, limit: i64) -> Result<Vec<Holder>> {
    sql!(
        c,
        all<Holder>,
        "SELECT k.id, k.tenant_id, k.user_label, count(*) OVER ()
         FROM parked_roles k WHERE k.role_id = $1 AND k.scope_tenant = $2 AND NOT k.kept ORDER BY k.id LIMIT $3
         /* platform: who has a role in the tenant may be at home in the provider's */",
        id,
        t,
        limit
    )
}

/// Who may ask for the role in the tenant, for a while.
pub async fn eligible(c: &mut Conn, id: RoleId, t: TenantId, limit: i64) -> Result<Vec<Holder>> {
    sql!(
        c,
        all<Holder>,
        "SELECT e.id, e.tenant_id, e.user_label, count(*) OVER ()
         FROM eligibilities e WHERE e.role_id = $1 AND e.scope_tenant = $2 ORDER BY e.id LIMIT $3
         /* platform: who may ask for a role in the tenant may be at home in the provider's */",
        id,
        t,
        limit
    )
}

/// The tenant, where the role is its default.
pub async fn by_default(c: &mut Conn, id: RoleId, t: TenantId) -> Result<Vec<Holder>> {
    sql!(
        c,
        all<Holder>,
        "SELECT e.id, e.tenant_id, t.name, CAST(1 AS bigint)
         FROM default_roles e JOIN tenants t ON t.id = e.tenant_id
         WHERE e.role_id = $1 AND e.tenant_id = $2",
        id,
        t
    )
}

/// How many grants, mappings, parked roles, people who may ask for it and default roles there are beyond the tenant.
pub async fn elsewhere(c: &mut Conn, id: RoleId, t: TenantId, now: Timestamp) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT (SELECT count(*) FROM grants g
                 WHERE g.role_id = $1 AND (g.scope_tenant IS NULL OR g.scope_tenant <> $2)
                   AND (g.valid_to IS NULL OR g.valid_to > $3))
              + (SELECT count(*) FROM mappings p
                 WHERE p.role_id = $1 AND (p.scope_tenant IS NULL OR p.scope_tenant <> $2))
              + (SELECT count(*) FROM parked_roles k
                 WHERE k.role_id = $1 AND NOT k.kept AND (k.scope_tenant IS NULL OR k.scope_tenant <> $2))
              + (SELECT count(*) FROM eligibilities e
                 WHERE e.role_id = $1 AND (e.scope_tenant IS NULL OR e.scope_tenant <> $2))
              + (SELECT count(*) FROM default_roles e WHERE e.role_id = $1 AND e.tenant_id <> $2)
         /* platform: a role offered to all is used in tenants that its owner does not know */",
        id,
        t,
        now
    )
}

/// A role that an invitation promises.
#[derive(Debug, Clone, Deserialize)]
pub struct Planned {
    pub tenant: Option<TenantId>,
    pub role: RoleId,
}

row! {
    /// An invitation that may promise the role.
    #[derive(Debug, Clone)]
    pub struct Invited {
        pub id: Uuid,
        pub tenant_id: TenantId,
        pub email: String,
        pub plan: J<Vec<Planned>>,
    }
}

/// The invitations that can still be accepted and whose plan holds the text, oldest first.
pub async fn invitations(c: &mut Conn, text: &str, now: Timestamp) -> Result<Vec<Invited>> {
    sql!(
        c,
        all<Invited>,
        "/* platform: a role may be promised to people of any tenant, scan: of those that are open; plans have no index, and this is asked when a role is looked into or deleted */
         SELECT i.id, i.tenant_id, i.email, i.plan FROM invitations i
         WHERE i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2
           AND CAST(i.plan AS text) LIKE $1
         ORDER BY i.id",
        text,
        now
    )
}

row! {
    /// How often a role is used in a tenant, but for what invitations promise.
    #[derive(Debug, Clone)]
    pub struct Here {
        pub role_id: RoleId,
        pub grants: i64,
        pub mappings: i64,
        pub parked: i64,
        pub eligible: i64,
        pub by_default: i64,
    }
}

/// How often each of these is used in the tenant, each way counted to `most`.
pub async fn here(
    c: &mut Conn,
    ids: &[RoleId],
    t: TenantId,
    now: Timestamp,
    most: i64,
) -> Result<Vec<Here>> {
    let ids = List::Ids(ids.iter().map(|r| r.0).collect());
    sql!(
        c,
        all<Here>,
        "SELECT w.value,
           (SELECT count(*) FROM (SELECT 1 AS one FROM grants g WHERE g.role_id = w.value AND g.scope_tenant = $2
              AND (g.valid_to IS NULL OR g.valid_to > $3) LIMIT $4) x),
           (SELECT count(*) FROM (SELECT 1 AS one FROM mappings p
              WHERE p.role_id = w.value AND p.scope_tenant = $2 LIMIT $4) x),
           (SELECT count(*) FROM (SELECT 1 AS one FROM parked_roles k
              WHERE k.role_id = w.value AND k.scope_tenant = $2 AND NOT k.kept LIMIT $4) x),
           (SELECT count(*) FROM (SELECT 1 AS one FROM eligibilities e
              WHERE e.role_id = w.value AND e.scope_tenant = $2 LIMIT $4) x),
           (SELECT count(*) FROM default_roles d WHERE d.role_id = w.value AND d.tenant_id = $2)
         FROM rarray($1) AS w
         /* platform: who has a role in the tenant may be at home in the provider's */",
        ids,
        t,
        now,
        most
    )
}

row! {
    /// How often a role is used beyond a tenant, but for what invitations promise.
    #[derive(Debug, Clone)]
    pub struct Beyond {
        pub role_id: RoleId,
        pub n: i64,
    }
}

/// What [`elsewhere`] counts, of each of these, each way to `most`.
pub async fn beyond(
    c: &mut Conn,
    ids: &[RoleId],
    t: TenantId,
    now: Timestamp,
    most: i64,
) -> Result<Vec<Beyond>> {
    let ids = List::Ids(ids.iter().map(|r| r.0).collect());
    sql!(
        c,
        all<Beyond>,
        "SELECT w.value,
           (SELECT count(*) FROM (SELECT 1 AS one FROM grants g WHERE g.role_id = w.value
              AND (g.scope_tenant IS NULL OR g.scope_tenant <> $2) AND (g.valid_to IS NULL OR g.valid_to > $3)
              LIMIT $4) x)
         + (SELECT count(*) FROM (SELECT 1 AS one FROM mappings p WHERE p.role_id = w.value
              AND (p.scope_tenant IS NULL OR p.scope_tenant <> $2) LIMIT $4) x)
         + (SELECT count(*) FROM (SELECT 1 AS one FROM parked_roles k WHERE k.role_id = w.value AND NOT k.kept
              AND (k.scope_tenant IS NULL OR k.scope_tenant <> $2) LIMIT $4) x)
         + (SELECT count(*) FROM (SELECT 1 AS one FROM eligibilities e WHERE e.role_id = w.value
              AND (e.scope_tenant IS NULL OR e.scope_tenant <> $2) LIMIT $4) x)
         + (SELECT count(*) FROM (SELECT 1 AS one FROM default_roles d WHERE d.role_id = w.value
              AND d.tenant_id <> $2 LIMIT $4) x)
         FROM rarray($1) AS w
         /* platform: a role offered to all is used in tenants that its owner does not know */",
        ids,
        t,
        now,
        most
    )
}

row! {
    /// What an invitation promises.
    #[derive(Debug, Clone)]
    pub struct Plan {
        pub plan: J<Vec<Planned>>,
    }
}

/// The plans of invitations that can still be accepted: those of the tenant's own people and of the provider's, or
/// everybody's.
pub async fn plans(
    c: &mut Conn,
    t: TenantId,
    everybody: bool,
    now: Timestamp,
) -> Result<Vec<Plan>> {
    if everybody {
        return sql!(
            c,
            all<Plan>,
            "SELECT i.plan FROM invitations i
             WHERE i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $1
             /* platform: a role may be promised to people of any tenant, scan: of those that are open */",
            now
        );
    }
    sql!(
        c,
        all<Plan>,
        "SELECT i.plan FROM invitations i
         WHERE i.tenant_id = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2
         UNION ALL
         SELECT i.plan FROM tenants h CROSS JOIN invitations i
         WHERE h.provider AND h.id <> $1 AND i.tenant_id = h.id
           AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2
         /* platform: the provider's people are invited to work in other tenants, scan: the one row of the index tenants_one_provider */",
        t,
        now
    )
}
