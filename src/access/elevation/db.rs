//! SQL of who may ask for which role, and of what was asked.

use super::{Elevation, Eligibility, Stored};
use crate::{
    access::Reach,
    clock::Timestamp,
    error::Result,
    id::{ElevationId, EligibilityId, GrantId, TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
};
use uuid::Uuid;

/// Whether what holds in `reach` for somebody of `home` is shown in `t` (`None`: on the whole instance).
fn shown(reach: &Reach, home: TenantId, t: Option<TenantId>) -> bool {
    match reach {
        Reach::All => t.is_none(),
        Reach::Tenant(there) => t == Some(*there),
        _ => t == Some(home),
    }
}

pub(super) async fn insert(tx: &mut Tx, e: &Eligibility) -> Result<u64> {
    sql!(
        tx,
        exec,
        "INSERT INTO eligibilities (tenant_id, id, user_id, user_label, role_id, scope, scope_tenant, max_minutes,
                                    granted_by, reason, valid_to, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        e.tenant_id,
        e.id,
        e.user_id,
        e.user_label,
        e.role_id,
        e.scope,
        e.scope_tenant,
        e.max_minutes,
        e.granted_by,
        e.reason,
        e.valid_to,
        e.created_at
    )
}

/// One that is shown in `t`.
pub(super) async fn get(
    c: &mut Conn,
    t: Option<TenantId>,
    id: EligibilityId,
) -> Result<Option<Eligibility>> {
    let row = sql!(
        c,
        opt<Eligibility>,
        "SELECT e.tenant_id, e.id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.max_minutes,
                e.granted_by, e.reason, e.valid_to, e.created_at /* platform: its holder may be at home in the provider's tenant */
         FROM eligibilities e LEFT JOIN roles r ON r.id = e.role_id WHERE e.id = $1",
        id
    )?;
    Ok(row.filter(|e| shown(&e.reach(), e.tenant_id, t)))
}

/// Those that hold in `t` (and what its own people may ask for in many tenants), or on the whole instance for `None`;
/// oldest first, after `after`.
pub(super) async fn list(
    c: &mut Conn,
    t: Option<TenantId>,
    after: Option<EligibilityId>,
    limit: i64,
) -> Result<Vec<Eligibility>> {
    let after = after.unwrap_or(EligibilityId(Uuid::nil()));
    match t {
        Some(t) => sql!(
            c,
            all<Eligibility>,
            "SELECT e.tenant_id, e.id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.max_minutes,
                e.granted_by, e.reason, e.valid_to, e.created_at /* platform: their holders may be at home in the provider's tenant */
             FROM eligibilities e LEFT JOIN roles r ON r.id = e.role_id
             WHERE (e.scope_tenant = $1 OR (e.scope_tenant IS NULL AND e.scope <> 'all' AND e.tenant_id = $1))
               AND e.id > $2
             ORDER BY e.id LIMIT $3",
            t,
            after,
            limit
        ),
        None => sql!(
            c,
            all<Eligibility>,
            "SELECT e.tenant_id, e.id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.max_minutes,
                e.granted_by, e.reason, e.valid_to, e.created_at /* platform: their holders may be at home in the provider's tenant */
             FROM eligibilities e LEFT JOIN roles r ON r.id = e.role_id
             WHERE e.scope = 'all' AND e.id > $1
             ORDER BY e.id LIMIT $2",
            after,
            limit
        ),
    }
}

/// What somebody may ask for, oldest first.
pub(super) async fn of_user(
    c: &mut Conn,
    home: TenantId,
    user: UserId,
) -> Result<Vec<Eligibility>> {
    sql!(
        c,
        all<Eligibility>,
        "SELECT e.tenant_id, e.id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.max_minutes,
                e.granted_by, e.reason, e.valid_to, e.created_at
         FROM eligibilities e LEFT JOIN roles r ON r.id = e.role_id
         WHERE e.tenant_id = $1 AND e.user_id = $2 ORDER BY e.id",
        home,
        user
    )
}

pub(super) async fn delete(tx: &mut Tx, home: TenantId, id: EligibilityId) -> Result<bool> {
    let n = sql!(tx, exec, "DELETE FROM eligibilities WHERE tenant_id = $1 AND id = $2", home, id)?;
    Ok(n > 0)
}

/// Whether somebody may ask for the role there already, without an end.
pub(super) async fn has(tx: &mut Tx, e: &Eligibility) -> Result<bool> {
    sql!(
        tx,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM eligibilities
         WHERE tenant_id = $1 AND user_id = $2 AND role_id = $3 AND valid_to IS NULL
           AND scope = $4 AND (scope_tenant = $5 OR scope_tenant IS NULL))",
        e.tenant_id,
        e.user_id,
        e.role_id,
        e.scope,
        e.scope_tenant
    )
}

// what was asked

pub(super) async fn ask(
    tx: &mut Tx,
    id: ElevationId,
    e: &Eligibility,
    minutes: i64,
    reason: &str,
    expires: Timestamp,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO elevations (tenant_id, id, eligibility_id, user_id, user_label, role_id, scope, scope_tenant,
                                 minutes, reason, state, asked_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $12)",
        e.tenant_id,
        id,
        e.id,
        e.user_id,
        e.user_label,
        e.role_id,
        e.scope,
        e.scope_tenant,
        minutes,
        reason,
        now,
        expires
    )
}

/// A request, whoever's.
pub(super) async fn request(c: &mut Conn, id: ElevationId) -> Result<Option<Elevation>> {
    sql!(
        c,
        opt<Elevation>,
        "SELECT e.tenant_id, e.id, e.eligibility_id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.minutes,
                e.reason, e.state, e.asked_at, e.expires_at, e.decided_at, e.decided_by, e.decided_reason, e.grant_id,
                e.until, g.valid_to /* platform: who asks may be at home in the provider's tenant */
         FROM elevations e LEFT JOIN roles r ON r.id = e.role_id
         LEFT JOIN grants g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id
         WHERE e.id = $1",
        id
    )
}

/// One that is shown in `t`.
pub(super) async fn request_in(
    c: &mut Conn,
    t: Option<TenantId>,
    id: ElevationId,
) -> Result<Option<Elevation>> {
    let row = request(c, id).await?;
    Ok(row.filter(|e| shown(&e.reach(), e.tenant_id, t)))
}

/// The open requests of all tenants, those first that are over first.
pub(super) async fn open(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Elevation>> {
    sql!(
        c,
        all<Elevation>,
        "SELECT e.tenant_id, e.id, e.eligibility_id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.minutes,
                e.reason, e.state, e.asked_at, e.expires_at, e.decided_at, e.decided_by, e.decided_reason, e.grant_id,
                e.until, g.valid_to /* platform: whoever decides may do so in several tenants */
         FROM elevations e LEFT JOIN roles r ON r.id = e.role_id
         LEFT JOIN grants g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id
         WHERE e.decided_at IS NULL AND e.expires_at > $1
         ORDER BY e.expires_at LIMIT $2",
        now,
        limit
    )
}

/// The requests in `t`, or on the whole instance for `None`, newest first, before `before`.
pub(super) async fn requests(
    c: &mut Conn,
    t: Option<TenantId>,
    before: Option<ElevationId>,
    limit: i64,
) -> Result<Vec<Elevation>> {
    let before = before.unwrap_or(ElevationId(Uuid::max()));
    match t {
        Some(t) => sql!(
            c,
            all<Elevation>,
            "SELECT e.tenant_id, e.id, e.eligibility_id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.minutes,
                e.reason, e.state, e.asked_at, e.expires_at, e.decided_at, e.decided_by, e.decided_reason, e.grant_id,
                e.until, g.valid_to /* platform: who asks may be at home in the provider's tenant */
             FROM elevations e LEFT JOIN roles r ON r.id = e.role_id
         LEFT JOIN grants g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id
             WHERE (e.scope_tenant = $1 OR (e.scope_tenant IS NULL AND e.scope <> 'all' AND e.tenant_id = $1))
               AND e.id < $2
             ORDER BY e.id DESC LIMIT $3",
            t,
            before,
            limit
        ),
        None => sql!(
            c,
            all<Elevation>,
            "SELECT e.tenant_id, e.id, e.eligibility_id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.minutes,
                e.reason, e.state, e.asked_at, e.expires_at, e.decided_at, e.decided_by, e.decided_reason, e.grant_id,
                e.until, g.valid_to /* platform: who asks may be at home in the provider's tenant */
             FROM elevations e LEFT JOIN roles r ON r.id = e.role_id
         LEFT JOIN grants g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id
             WHERE e.scope = 'all' AND e.id < $1
             ORDER BY e.id DESC LIMIT $2",
            before,
            limit
        ),
    }
}

/// What somebody asked for, newest first; of one tenant alone, if it is named.
pub(super) async fn requests_of(
    c: &mut Conn,
    (home, user): (TenantId, UserId),
    there: Option<TenantId>,
    before: Option<ElevationId>,
    limit: i64,
) -> Result<Vec<Elevation>> {
    let before = before.unwrap_or(ElevationId(Uuid::max()));
    let anywhere = there.is_none();
    sql!(
        c,
        all<Elevation>,
        "SELECT e.tenant_id, e.id, e.eligibility_id, e.user_id, e.user_label, e.role_id, r.name, e.scope, e.scope_tenant, e.minutes,
                e.reason, e.state, e.asked_at, e.expires_at, e.decided_at, e.decided_by, e.decided_reason, e.grant_id,
                e.until, g.valid_to
         FROM elevations e LEFT JOIN roles r ON r.id = e.role_id
         LEFT JOIN grants g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id
         WHERE e.tenant_id = $1 AND e.user_id = $2 AND e.id < $3 AND ($4 OR e.scope_tenant = $5)
         ORDER BY e.id DESC LIMIT $6",
        home,
        user,
        before,
        anywhere,
        there,
        limit
    )
}

/// Whether something of an eligibility waits or runs.
pub(super) async fn busy(tx: &mut Tx, home: TenantId, id: EligibilityId) -> Result<bool> {
    let now = tx.now();
    sql!(
        tx,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM elevations
                        WHERE tenant_id = $1 AND eligibility_id = $2 AND state = 'open' AND expires_at > $3)
             OR EXISTS (SELECT 1 FROM elevations e
                        JOIN grants g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id
                        WHERE e.tenant_id = $1 AND e.eligibility_id = $2 AND g.valid_to > $3)",
        home,
        id,
        now
    )
}

row! {
    /// A grant that runs.
    pub(super) struct Running { pub id: GrantId }
}

/// The grants that run on an eligibility.
pub(super) async fn running(
    tx: &mut Tx,
    home: TenantId,
    id: EligibilityId,
) -> Result<Vec<Running>> {
    let now = tx.now();
    sql!(
        tx,
        all<Running>,
        "SELECT g.id FROM elevations e JOIN grants g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id
         WHERE e.tenant_id = $1 AND e.eligibility_id = $2 AND g.valid_to > $3",
        home,
        id,
        now
    )
}

/// What became of a request; says whether it was open.
pub(super) async fn decide(
    tx: &mut Tx,
    home: TenantId,
    id: ElevationId,
    state: Stored,
    reason: Option<&str>,
    given: Option<(GrantId, Timestamp)>,
) -> Result<bool> {
    let (now, by) = (tx.now(), tx.actor().label());
    let (grant, until) = given.unzip();
    let n = sql!(
        tx,
        exec,
        "UPDATE elevations SET state = $3, decided_at = $4, decided_by = $5, decided_reason = $6, grant_id = $7,
                until = $8
         WHERE tenant_id = $1 AND id = $2 AND state = 'open'",
        home,
        id,
        state,
        now,
        by,
        reason,
        grant,
        until
    )?;
    Ok(n > 0)
}

/// Takes back what is open of an eligibility.
pub(super) async fn withdraw(
    tx: &mut Tx,
    home: TenantId,
    id: EligibilityId,
) -> Result<Vec<ElevationId>> {
    let (now, by) = (tx.now(), tx.actor().label());
    sql!(
        tx,
        all<ElevationId>,
        "UPDATE elevations SET state = 'withdrawn', decided_at = $3, decided_by = $4
         WHERE tenant_id = $1 AND eligibility_id = $2 AND state = 'open' RETURNING id",
        home,
        id,
        now,
        by
    )
}

row! {
    /// A request that nobody decided in time.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Late {
        pub tenant_id: TenantId,
        pub id: ElevationId,
    }
}

/// The requests that nobody decided in time.
pub(super) async fn late(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Late>> {
    sql!(
        c,
        all<Late>,
        "/* platform: whoever asked */
         SELECT tenant_id, id FROM elevations WHERE decided_at IS NULL AND expires_at <= $1 LIMIT $2",
        now,
        limit
    )
}

/// How often somebody asked by an eligibility since then, and nobody approved.
pub(super) async fn in_vain(
    tx: &mut Tx,
    home: TenantId,
    id: EligibilityId,
    since: Timestamp,
) -> Result<i64> {
    sql!(
        tx,
        one<i64>,
        "SELECT count(*) FROM elevations
         WHERE tenant_id = $1 AND eligibility_id = $2 AND asked_at > $3 AND grant_id IS NULL",
        home,
        id,
        since
    )
}

/// What is still written as open of an eligibility.
pub(super) async fn open_of(
    tx: &mut Tx,
    home: TenantId,
    id: EligibilityId,
) -> Result<Vec<ElevationId>> {
    sql!(
        tx,
        all<ElevationId>,
        "SELECT id FROM elevations WHERE tenant_id = $1 AND eligibility_id = $2 AND state = 'open'",
        home,
        id
    )
}
