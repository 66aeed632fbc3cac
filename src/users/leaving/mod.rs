//! A tenant leaves, and its people with it: in pieces, by the schema, as nobody of a suspended tenant has anything that
//! would have to end first.

mod db;

use crate::{error::Result, id::TenantId, store::Tx};

/// Removes some; says how many people and tombstones.
///
/// # Errors
/// The database's.
pub async fn some(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    Ok(db::people(tx, t, n).await? + db::remembered(tx, t, n).await?)
}
