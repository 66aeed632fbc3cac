//! SQL of counted tokens.

use super::KEPT;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, TenantId},
    row, sql,
    store::{Conn, Cx, Store, Tx},
    tx,
};

/// Adds to a day's count, where the tenant is there yet.
pub(super) async fn add(
    tx: &mut Tx,
    t: TenantId,
    day: i64,
    client: AppId,
    (integration, issued, refused): (bool, i64, i64),
) -> Result<()> {
    sql!(
        tx,
        exec,
        "INSERT INTO token_counts (tenant_id, day, app_id, integration, issued, refused)
         SELECT id, $2, $3, $4, $5, $6 FROM tenants WHERE id = $1
         ON CONFLICT (tenant_id, day, app_id) DO UPDATE
         SET issued = token_counts.issued + excluded.issued, refused = token_counts.refused + excluded.refused",
        t,
        day,
        client,
        integration,
        issued,
        refused
    )?;
    Ok(())
}

row! {
    /// The tokens of a day.
    #[derive(Debug)]
    pub struct OfADay {
        /// The day, of UTC, since 1970.
        pub day: i64,
        /// Whether they are integration users'.
        pub integration: bool,
        /// So many were given.
        pub issued: i64,
        /// So many were refused.
        pub refused: i64,
    }
}

pub(super) async fn by_day(c: &mut Conn, t: TenantId, first: i64) -> Result<Vec<OfADay>> {
    sql!(
        c,
        all<OfADay>,
        "SELECT day, integration, CAST(sum(issued) AS bigint), CAST(sum(refused) AS bigint) FROM token_counts
         WHERE tenant_id = $1 AND day >= $2 GROUP BY day, integration ORDER BY day, integration",
        t,
        first
    )
}

/// Removes what is older than [`KEPT`].
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx) -> Result<u64> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("old counts");
        let before = tx.now().minus(KEPT).0.div_euclid(Timestamp::DAY);
        sql!(tx, exec, "DELETE FROM token_counts /* platform: worker */ WHERE day < $1", before)
    })
}

pub(super) async fn leave(tx: &mut Tx, t: TenantId, piece: i64) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM token_counts WHERE tenant_id = $1 AND (day, app_id) IN
           (SELECT day, app_id FROM token_counts WHERE tenant_id = $1 LIMIT $2)",
        t,
        piece
    )
}
