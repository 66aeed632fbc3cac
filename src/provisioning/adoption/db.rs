//! SQL of requests for adoption.

use super::{Adoption, Reason, State};
use crate::{
    access::Extent,
    error::Result,
    id::{AdoptionId, DirectoryId, TenantId, UserId},
    sql,
    store::{Conn, J, Tx},
    users::Draft,
};

/// Writes a request, in the place of any there was.
pub(super) async fn ask(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
    draft: &Draft,
    reasons: &Vec<Reason>,
) -> Result<AdoptionId> {
    let (id, now) = (AdoptionId::new(), tx.now());
    sql!(
        tx,
        one<AdoptionId>,
        "INSERT INTO adoptions (tenant_id, id, directory_id, user_id, user_name, external_id, reasons, state,
                                created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8)
         ON CONFLICT (tenant_id, directory_id, user_id) DO UPDATE SET id = $2, user_name = $5, external_id = $6,
           reasons = $7, state = 'pending', decided_by = NULL, decided_at = NULL, holds = NULL, created_at = $8
         RETURNING id",
        t,
        id,
        d,
        user,
        draft.user_name,
        draft.external_id,
        J(reasons),
        now
    )
}

pub(super) async fn of(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
) -> Result<Option<Adoption>> {
    sql!(
        c,
        opt<Adoption>,
        "SELECT a.tenant_id, a.id, a.directory_id, d.name, a.user_id, u.user_name, u.display_name, a.user_name,
                a.external_id, a.reasons, a.state, a.decided_by, a.decided_at, a.created_at, a.holds
         FROM adoptions a JOIN directories d ON d.tenant_id = a.tenant_id AND d.id = a.directory_id
         JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.user_id
         WHERE a.tenant_id = $1 AND a.directory_id = $2 AND a.user_id = $3",
        t,
        d,
        user
    )
}

pub(super) async fn get(c: &mut Conn, t: TenantId, id: AdoptionId) -> Result<Option<Adoption>> {
    sql!(
        c,
        opt<Adoption>,
        "SELECT a.tenant_id, a.id, a.directory_id, d.name, a.user_id, u.user_name, u.display_name, a.user_name,
                a.external_id, a.reasons, a.state, a.decided_by, a.decided_at, a.created_at, a.holds
         FROM adoptions a JOIN directories d ON d.tenant_id = a.tenant_id AND d.id = a.directory_id
         JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.user_id
         WHERE a.tenant_id = $1 AND a.id = $2",
        t,
        id
    )
}

pub(super) async fn list(
    c: &mut Conn,
    t: TenantId,
    after: Option<AdoptionId>,
    limit: i64,
) -> Result<Vec<Adoption>> {
    let after = after.unwrap_or(AdoptionId(uuid::Uuid::max()));
    sql!(
        c,
        all<Adoption>,
        "SELECT a.tenant_id, a.id, a.directory_id, d.name, a.user_id, u.user_name, u.display_name, a.user_name,
                a.external_id, a.reasons, a.state, a.decided_by, a.decided_at, a.created_at, a.holds
         FROM adoptions a JOIN directories d ON d.tenant_id = a.tenant_id AND d.id = a.directory_id
         JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.user_id
         WHERE a.tenant_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3",
        t,
        after,
        limit
    )
}

pub(super) async fn decide(
    tx: &mut Tx,
    t: TenantId,
    id: AdoptionId,
    state: State,
    by: &str,
    holds: Option<&Extent>,
) -> Result<u64> {
    let (now, holds) = (tx.now(), holds.map(J));
    sql!(
        tx,
        exec,
        "UPDATE adoptions SET state = $3, decided_by = $4, decided_at = $5, holds = $6
         WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        state,
        by,
        now,
        holds
    )
}

/// Whatever was asked about a person is over.
pub(super) async fn forget(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM adoptions WHERE tenant_id = $1 AND user_id = $2", t, user)
}
