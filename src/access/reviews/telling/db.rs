//! SQL of which reviews wait for whom.

use super::super::db::Due;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{ReviewId, TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
};

/// The open reviews that are due before `soon` and half over, whose reviewers were told once only.
pub(super) async fn due_soon(
    c: &mut Conn,
    now: Timestamp,
    soon: Timestamp,
    limit: i64,
) -> Result<Vec<Due>> {
    sql!(
        c,
        all<Due>,
        "/* platform: of every tenant, scan: the few that are open, by the index reviews_due */
         SELECT tenant_id, id FROM reviews
         WHERE state <> 'closed' AND state = 'open' AND reminded_at IS NULL AND due_at > $1 AND due_at <= $2
           AND $1 - created_at >= due_at - $1
         ORDER BY due_at LIMIT $3",
        now,
        soon,
        limit
    )
}

/// Writes down that they were told again; says whether nobody had.
pub(super) async fn reminded(tx: &mut Tx, t: TenantId, id: ReviewId) -> Result<bool> {
    let now = tx.now();
    let n = sql!(
        tx,
        exec,
        "UPDATE reviews SET reminded_at = $3
         WHERE tenant_id = $1 AND id = $2 AND state = 'open' AND reminded_at IS NULL",
        t,
        id,
        now
    )?;
    Ok(n > 0)
}

row! {
    /// Whose it is to decide about what nobody has decided about.
    pub(super) struct Left {
        pub tenant: Option<TenantId>,
        pub user: Option<UserId>,
    }
}

/// Whose it is to decide about what is undecided, each once.
pub(super) async fn left_to(c: &mut Conn, t: TenantId, review: ReviewId) -> Result<Vec<Left>> {
    sql!(
        c,
        all<Left>,
        "SELECT DISTINCT reviewer_tenant, reviewer_user FROM review_items
         WHERE tenant_id = $1 AND review_id = $2 AND decision IS NULL",
        t,
        review
    )
}
