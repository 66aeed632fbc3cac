//! SQL of a tenant that is deleted: what it has itself, piece by piece, and where others' scopes name it.

use crate::{
    error::Result,
    id::{GrantId, RoleId, TenantId, UserId},
    row, some_rows, sql,
    store::{Conn, Tx},
};
use uuid::Uuid;

/// Some of what hangs on other things, and would go with one of them in one large piece.
pub(super) async fn pieces(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    let mut gone = sql!(tx, exec, some_rows!("parked_roles", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("role_losses", "directory_id, user_id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("review_items", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("elevations", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("eligibilities", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("grants", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("mappings", "id"), t, n)?;
    Ok(gone)
}

/// Some of the rest, when nothing hangs on it any more.
pub(super) async fn rest(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    let mut gone = sql!(tx, exec, some_rows!("parked_changes", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("loss_windows", "directory_id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("reviews", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("review_plans", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("roles", "id"), t, n)?;
    Ok(gone)
}

row! {
    /// A role that somebody of another tenant had there.
    #[derive(Debug, Clone)]
    pub(super) struct Theirs {
        pub tenant_id: TenantId,
        pub id: GrantId,
        pub user_id: UserId,
        pub role_id: RoleId,
    }
}

/// Takes away what others were given there.
pub(super) async fn theirs(tx: &mut Tx, t: TenantId) -> Result<Vec<Theirs>> {
    sql!(
        tx,
        all<Theirs>,
        "DELETE FROM grants /* platform: people of the provider's, who work there */ WHERE scope_tenant = $1
         RETURNING tenant_id, id, user_id, role_id",
        t
    )
}

row! {
    /// A row with a scope that names the tenant.
    #[derive(Debug, Clone)]
    pub(super) struct Named {
        pub tenant_id: TenantId,
        pub id: Uuid,
        pub scope: String,
    }
}

/// Where scopes are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Grants,
    Mappings,
    Eligibilities,
    Elevations,
    Parked,
}

impl Place {
    pub(super) const ALL: [Self; 5] =
        [Self::Grants, Self::Mappings, Self::Eligibilities, Self::Elevations, Self::Parked];
    /// What the audit trail calls a row of it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Grants => "grant",
            Self::Mappings => "mapping",
            Self::Eligibilities => "eligibility",
            Self::Elevations => "elevation",
            Self::Parked => "parked",
        }
    }
}

macro_rules! named {
    ($table:literal) => {
        concat!(
            "SELECT tenant_id, id, scope FROM ",
            $table,
            " WHERE scope_tenant IS NULL AND scope LIKE $1
              /* platform: whoever names it, scan: once for a tenant that is deleted */"
        )
    };
}
/// The rows whose scope names a tenant, by the pattern of [`super::super::grants::db::reaching`].
pub(super) async fn named(c: &mut Conn, place: Place, pattern: &str) -> Result<Vec<Named>> {
    match place {
        Place::Grants => sql!(c, all<Named>, named!("grants"), pattern),
        Place::Mappings => sql!(c, all<Named>, named!("mappings"), pattern),
        Place::Eligibilities => sql!(c, all<Named>, named!("eligibilities"), pattern),
        Place::Elevations => sql!(c, all<Named>, named!("elevations"), pattern),
        Place::Parked => sql!(c, all<Named>, named!("parked_roles"), pattern),
    }
}

macro_rules! single {
    ($table:literal) => {
        concat!(
            "SELECT tenant_id, id, scope FROM ",
            $table,
            " WHERE scope_tenant = $1 AND tenant_id <> $1
              /* platform: of the provider's people, who work there, scan: once for a tenant that is deleted */"
        )
    };
}
/// Others' rows that reach this tenant and no other.
pub(super) async fn single(c: &mut Conn, place: Place, t: TenantId) -> Result<Vec<Named>> {
    match place {
        Place::Grants => sql!(c, all<Named>, single!("grants"), t),
        Place::Mappings => sql!(c, all<Named>, single!("mappings"), t),
        Place::Eligibilities => sql!(c, all<Named>, single!("eligibilities"), t),
        Place::Elevations => sql!(c, all<Named>, single!("elevations"), t),
        Place::Parked => sql!(c, all<Named>, single!("parked_roles"), t),
    }
}

macro_rules! narrowed {
    ($table:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET scope = $3, scope_tenant = $4 WHERE tenant_id = $1 AND id = $2"
        )
    };
}
/// Another scope for a row.
pub(super) async fn set(
    tx: &mut Tx,
    place: Place,
    (home, id): (TenantId, Uuid),
    scope: &str,
    there: Option<TenantId>,
) -> Result<u64> {
    match place {
        Place::Grants => sql!(tx, exec, narrowed!("grants"), home, id, scope, there),
        Place::Mappings => sql!(tx, exec, narrowed!("mappings"), home, id, scope, there),
        Place::Eligibilities => sql!(tx, exec, narrowed!("eligibilities"), home, id, scope, there),
        Place::Elevations => sql!(tx, exec, narrowed!("elevations"), home, id, scope, there),
        Place::Parked => sql!(tx, exec, narrowed!("parked_roles"), home, id, scope, there),
    }
}

macro_rules! one {
    ($table:literal) => {
        concat!("DELETE FROM ", $table, " WHERE tenant_id = $1 AND id = $2")
    };
}
/// Takes a row away.
pub(super) async fn delete(tx: &mut Tx, place: Place, home: TenantId, id: Uuid) -> Result<u64> {
    match place {
        Place::Grants => sql!(tx, exec, one!("grants"), home, id),
        Place::Mappings => sql!(tx, exec, one!("mappings"), home, id),
        Place::Eligibilities => sql!(tx, exec, one!("eligibilities"), home, id),
        Place::Elevations => sql!(tx, exec, one!("elevations"), home, id),
        Place::Parked => sql!(tx, exec, one!("parked_roles"), home, id),
    }
}

/// Whether the group of a mapping gives the same role in one tenant by another mapping already.
pub(super) async fn mapped(
    c: &mut Conn,
    (home, id): (TenantId, Uuid),
    there: TenantId,
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM mappings m JOIN mappings o ON o.tenant_id = m.tenant_id
           AND o.group_id = m.group_id AND o.role_id = m.role_id AND o.id <> m.id
         WHERE m.tenant_id = $1 AND m.id = $2 AND o.scope = 'tenant' AND o.scope_tenant = $3)",
        home,
        id,
        there
    )
}
