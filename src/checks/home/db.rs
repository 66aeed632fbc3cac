//! What a tenant's checklist reads of everybody's tables; nothing is written. Whatever there may be many of is counted up to
//! a thousand.

use crate::{
    clock::Timestamp,
    error::Result,
    id::TenantId,
    row, sql,
    store::{Conn, J},
};
use serde_json::Value;

row! {
    /// How a tenant's setting up stands, and what waits for a decision.
    pub(super) struct Facts {
        pub provider: bool,
        pub directories: i64,
        /// Offered to people.
        pub ways_in: i64,
        /// With a sign-in half that is not offered yet.
        pub untested: i64,
        pub domains: i64,
        /// The last request of a directory that was done.
        pub provisioned_at: Option<Timestamp>,
        /// Directories with an alarm.
        pub unwell: i64,
        pub groups: i64,
        /// Groups that give nothing.
        pub unmapped: i64,
        pub mappings: i64,
        /// Accounts for emergencies that are sealed.
        pub sealed: i64,
        pub parked: i64,
        pub adoptions: i64,
        pub elevations: i64,
        pub holds: i64,
        pub reviews: i64,
        pub secrets: i64,
        pub bounced: i64,
        pub unsent: i64,
        pub suspended: i64,
        pub users: i64,
        pub apps: i64,
        pub integrations: i64,
    }
}

/// All of it in one statement. Secrets that end between `over` and `soon` are told.
pub(super) async fn facts(
    c: &mut Conn,
    t: TenantId,
    now: Timestamp,
    (over, soon): (Timestamp, Timestamp),
) -> Result<Facts> {
    sql!(
        c,
        one<Facts>,
        "/* platform: the provider's people ask for roles and hold some in other tenants, scan: of open requests, which are few */
         SELECT h.provider,
           (SELECT count(*) FROM directories d WHERE d.tenant_id = $1),
           (SELECT count(*) FROM directories d WHERE d.tenant_id = $1 AND d.status = 'active'
              AND d.issuer IS NOT NULL AND d.stage IN ('active', 'enforced')),
           (SELECT count(*) FROM directories d WHERE d.tenant_id = $1 AND d.status = 'active'
              AND d.issuer IS NOT NULL AND d.stage IN ('draft', 'testing')),
           (SELECT count(*) FROM domains n WHERE n.tenant_id = $1 AND NOT n.lapsed),
           (SELECT max(p.last_success_at) FROM provisioning_health p WHERE p.tenant_id = $1),
           (SELECT count(*) FROM directories d
            JOIN provisioning_health p ON p.tenant_id = d.tenant_id AND p.directory_id = d.id
            WHERE d.tenant_id = $1 AND d.status = 'active' AND p.alarms <> $5),
           (SELECT count(*) FROM (SELECT 1 AS one FROM groups g WHERE g.tenant_id = $1 ORDER BY g.id LIMIT 1000) x),
           (SELECT count(*) FROM (SELECT 1 AS one FROM groups g WHERE g.tenant_id = $1 AND NOT EXISTS (
              SELECT 1 FROM mappings m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id)
              ORDER BY g.id LIMIT 1000) x),
           (SELECT count(*) FROM (SELECT 1 AS one FROM mappings m WHERE m.tenant_id = $1 ORDER BY m.id LIMIT 1000) x),
           (SELECT count(*) FROM break_glass b WHERE b.tenant_id = $1
              AND (b.armed_until IS NULL OR b.armed_until <= $2)),
           (SELECT count(*) FROM parked_changes k WHERE k.tenant_id = $1 AND k.closed_at IS NULL),
           (SELECT count(*) FROM adoptions a WHERE a.tenant_id = $1 AND a.state = 'pending'),
           (SELECT count(*) FROM elevations e WHERE e.decided_at IS NULL AND e.expires_at > $2 AND e.state = 'open'
              AND (e.scope_tenant = $1 OR (e.tenant_id = $1 AND e.scope_tenant IS NULL))),
           (SELECT count(*) FROM grants g WHERE g.scope_tenant = $1 AND g.source = 'hold'),
           (SELECT count(*) FROM reviews r WHERE r.tenant_id = $1 AND r.state = 'open' AND EXISTS (
              SELECT 1 FROM review_items i
              WHERE i.tenant_id = r.tenant_id AND i.review_id = r.id AND i.decision IS NULL)),
           (SELECT count(*) FROM scim_tokens s WHERE s.tenant_id = $1 AND s.expires_at > $3 AND s.expires_at < $4)
             + (SELECT count(*) FROM app_secrets s WHERE s.tenant_id = $1 AND s.expires_at > $3 AND s.expires_at < $4)
             + (SELECT count(*) FROM directories d WHERE d.tenant_id = $1 AND d.status = 'active'
                  AND d.issuer IS NOT NULL AND d.secret_expires_at < $4),
           (SELECT count(*) FROM invitations i WHERE i.tenant_id = $1 AND i.failed_at IS NOT NULL
              AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2),
           (SELECT count(*) FROM outbox o WHERE o.tenant_id = $1 AND o.done_at IS NULL
              AND (o.topic LIKE '%.mail' OR o.topic = 'provisioning.health')
              AND (o.dead_at IS NOT NULL OR o.attempts > 0)),
           (SELECT count(*) FROM mappings m WHERE m.tenant_id = $1 AND m.suspended_at IS NOT NULL)
             + (SELECT count(*) FROM default_roles e WHERE e.tenant_id = $1 AND e.suspended_at IS NOT NULL)
             + (SELECT count(*) FROM app_authors w WHERE w.tenant_id = $1 AND w.suspended_at IS NOT NULL),
           (SELECT count(*) FROM (SELECT 1 AS one FROM users u WHERE u.tenant_id = $1 ORDER BY u.id LIMIT 1000) x),
           (SELECT count(*) FROM apps a WHERE a.tenant_id = $1 AND a.kind = 'app'),
           (SELECT count(*) FROM apps a WHERE a.tenant_id = $1 AND a.kind = 'integration')
         FROM tenants h WHERE h.id = $1",
        t,
        now,
        over,
        soon,
        J(Value::Array(Vec::new()))
    )
}
