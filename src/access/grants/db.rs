//! SQL of grants.

use super::Query;
use crate::{
    access::{Reach, effective::Source},
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{GrantId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, List, Tx},
};
use std::collections::BTreeSet;

row! {
    /// A grant; the fields of the table.
    #[derive(Debug, Clone)]
    pub struct GrantRow {
        /// The user's tenant.
        pub tenant_id: TenantId,
        /// Its own.
        pub id: GrantId,
        /// The user; of a hold, perhaps gone.
        pub user_id: UserId,
        /// The role.
        pub role_id: RoleId,
        /// Where, in [`crate::access::Reach::column`]'s words.
        pub scope: String,
        /// The tenant, where it is one.
        pub scope_tenant: Option<TenantId>,
        /// Where it comes from.
        pub source: Source,
        /// The user's name when it was given.
        pub user_label: String,
        /// Who gave it ([`crate::actor::Actor::label`]).
        pub granted_by: String,
        /// Why.
        pub reason: Option<String>,
        /// From when.
        pub valid_from: Timestamp,
        /// Until when.
        pub valid_to: Option<Timestamp>,
        /// When it was given.
        pub created_at: Timestamp,
    }
}

row! {
    /// The user a grant is to be made for.
    #[derive(Debug, Clone)]
    pub struct Holder {
        pub kind: UserKind,
        pub label: String,
        pub provider: bool,
    }
}

/// The user.
pub async fn holder(c: &mut Conn, home: TenantId, user: UserId) -> Result<Option<Holder>> {
    sql!(
        c,
        opt<Holder>,
        "SELECT u.kind, u.user_name, h.provider FROM users u JOIN tenants h ON h.id = u.tenant_id
         WHERE u.tenant_id = $1 AND u.id = $2",
        home,
        user
    )
}

/// Writes a grant; `source_ref` is what gave it, where that has an id.
pub async fn insert(tx: &mut Tx, g: &GrantRow, source_ref: Option<&str>) -> Result<()> {
    sql!(
        tx,
        exec,
        "INSERT INTO grants (tenant_id, id, user_id, role_id, scope, scope_tenant, source, source_ref, user_label,
                             granted_by, reason, valid_from, valid_to, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $14, $8, $9, $10, $11, $12, $13)",
        g.tenant_id,
        g.id,
        g.user_id,
        g.role_id,
        g.scope,
        g.scope_tenant,
        g.source,
        g.user_label,
        g.granted_by,
        g.reason,
        g.valid_from,
        g.valid_to,
        g.created_at,
        source_ref
    )?;
    Ok(())
}

/// The grants that give a role in `t`, alone or among others (and what its own people have in many tenants), or those
/// on the whole instance for `None`; of one user, or of all. Oldest first, after `after`.
pub async fn list(
    c: &mut Conn,
    t: Option<(TenantId, &BTreeSet<String>)>,
    q: Query,
) -> Result<Vec<GrantRow>> {
    let (every, after) = (q.user.is_none(), q.after.unwrap_or(GrantId(uuid::Uuid::nil())));
    let (every_role, limit) = (q.role.is_none(), i64::from(q.limit.clamp(1, 1000)));
    match t {
        Some((t, tags)) => {
            let (tags, named) = reaching(t, tags);
            sql!(
            c,
            all<GrantRow>,
            "SELECT tenant_id, id, user_id, role_id, scope, scope_tenant, source, user_label, granted_by, reason,
                    valid_from, valid_to, created_at /* platform: their holders may be at home in the provider's tenant */
             FROM grants
             WHERE (scope_tenant = $1
                    OR (scope_tenant IS NULL AND scope <> 'all'
                        AND (tenant_id = $1 OR scope = 'every' OR scope IN (SELECT value FROM rarray($7))
                             OR (scope LIKE 'tenants:%' AND scope LIKE $8)
                             OR (scope LIKE 'except:%' AND scope NOT LIKE $8))))
               AND id > $2 AND ($3 OR user_id = $4) AND (source = 'hold' OR NOT $5)
               AND ($9 OR role_id = $10)
             ORDER BY id LIMIT $6",
            t,
            after,
            every,
            q.user,
            q.holds,
            limit,
            tags,
            named,
            every_role,
            q.role
        )
        }
        None => sql!(
            c,
            all<GrantRow>,
            "SELECT tenant_id, id, user_id, role_id, scope, scope_tenant, source, user_label, granted_by, reason,
                    valid_from, valid_to, created_at /* platform: their holders may be at home in the provider's tenant */
             FROM grants WHERE scope = 'all' AND id > $1 AND ($2 OR user_id = $3) AND (source = 'hold' OR NOT $4)
               AND ($6 OR role_id = $7)
             ORDER BY id LIMIT $5",
            after,
            every,
            q.user,
            q.holds,
            limit,
            every_role,
            q.role
        ),
    }
}

/// What a user was granted anywhere, oldest first.
pub async fn of_user(c: &mut Conn, home: TenantId, user: UserId) -> Result<Vec<GrantRow>> {
    sql!(
        c,
        all<GrantRow>,
        "SELECT tenant_id, id, user_id, role_id, scope, scope_tenant, source, user_label, granted_by, reason, valid_from,
                valid_to, created_at
         FROM grants WHERE tenant_id = $1 AND user_id = $2 ORDER BY id",
        home,
        user
    )
}

/// What finds scopes of many tenants that reach `t`: the columns of its tags, and a pattern for where it is named.
pub fn reaching(t: TenantId, tags: &BTreeSet<String>) -> (List, String) {
    let tags = tags.iter().map(|w| Reach::Tag(w.as_str().into()).column()).collect();
    (List::Texts(tags), format!("%{}%", t.0.simple()))
}

/// A grant that gives a role in `t` or, in many tenants, to somebody of `t`; on the whole instance for `None`.
pub async fn get(c: &mut Conn, t: Option<TenantId>, id: GrantId) -> Result<Option<GrantRow>> {
    let row = sql!(
        c,
        opt<GrantRow>,
        "SELECT tenant_id, id, user_id, role_id, scope, scope_tenant, source, user_label, granted_by, reason, valid_from,
                valid_to, created_at /* platform: its holder may be at home in the provider's tenant */
         FROM grants WHERE id = $1",
        id
    )?;
    Ok(row.filter(|r| match (r.reach(), t) {
        (Reach::All, t) => t.is_none(),
        (Reach::Tenant(there), t) => t == Some(there),
        (_, t) => t == Some(r.tenant_id),
    }))
}

/// Whether the user has the role there already, from this source and without an end.
pub async fn has(tx: &mut Tx, g: &GrantRow) -> Result<bool> {
    sql!(
        tx,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM grants
         WHERE tenant_id = $1 AND user_id = $2 AND role_id = $3 AND source = $4 AND valid_to IS NULL
           AND scope = $5 AND (scope_tenant = $6 OR scope_tenant IS NULL))",
        g.tenant_id,
        g.user_id,
        g.role_id,
        g.source,
        g.scope,
        g.scope_tenant
    )
}

/// Whether anybody has this role on the whole instance, or a hold of it.
pub async fn any_everywhere(c: &mut Conn, role: RoleId) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM grants WHERE role_id = $1 AND scope = 'all')
                /* platform: whether the instance has an administrator */",
        role
    )
}

/// Deletes a grant and says whether it was there.
pub async fn delete(tx: &mut Tx, home: TenantId, id: GrantId) -> Result<bool> {
    let n = sql!(tx, exec, "DELETE FROM grants WHERE tenant_id = $1 AND id = $2", home, id)?;
    Ok(n > 0)
}

/// Makes a hold a grant like any other, given by who decided so.
pub async fn keep(tx: &mut Tx, home: TenantId, id: GrantId, by: &str) -> Result<()> {
    sql!(
        tx,
        exec,
        "UPDATE grants SET source = 'manual', granted_by = $3
         WHERE tenant_id = $1 AND id = $2 AND source = 'hold'",
        home,
        id,
        by
    )?;
    Ok(())
}

row! {
    /// Somebody with a grant that is over.
    #[derive(Debug, Clone, Copy)]
    pub struct Due {
        pub tenant_id: TenantId,
        pub user_id: UserId,
    }
}

/// Whose grants are over and were not noticed yet.
pub async fn due(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Due>> {
    sql!(
        c,
        all<Due>,
        "/* platform: whoever it concerns */
         SELECT DISTINCT tenant_id, user_id FROM grants
         WHERE valid_to IS NOT NULL AND ended_at IS NULL AND valid_to <= $1 LIMIT $2",
        now,
        limit
    )
}

/// Marks those of a user's grants that are over as noticed, and says which.
pub async fn end(tx: &mut Tx, home: TenantId, user: UserId) -> Result<Vec<GrantRow>> {
    let now = tx.now();
    sql!(
        tx,
        all<GrantRow>,
        "UPDATE grants SET ended_at = $3
         WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL AND valid_to <= $3
         RETURNING tenant_id, id, user_id, role_id, scope, scope_tenant, source, user_label, granted_by, reason,
                   valid_from, valid_to, created_at",
        home,
        user,
        now
    )
}

/// Has a grant end at `to`, if it would last longer; says whether it would have.
pub async fn shorten(tx: &mut Tx, home: TenantId, id: GrantId, to: Timestamp) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "UPDATE grants SET valid_to = $3
         WHERE tenant_id = $1 AND id = $2 AND (valid_to IS NULL OR valid_to > $3)",
        home,
        id,
        to
    )?;
    Ok(n > 0)
}

/// Removes the grants of a role that ended before `now`, in every tenant.
pub(super) async fn ended_go(tx: &mut Tx, role: RoleId, now: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM grants WHERE role_id = $1 AND valid_to <= $2
         /* platform: a role offered to all was given in tenants that its owner does not know */",
        role,
        now
    )
}
