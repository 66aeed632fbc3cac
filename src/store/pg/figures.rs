//! What PostgreSQL knows of how large tables are: it plans by that, keeps the plan, and counts by itself once a minute at
//! best. While a table grows from nothing, a plan for an empty one would serve hundred thousands of rows; so a table that
//! has doubled is counted here, a moment after.

use super::Pool;
use crate::{
    error::Result,
    store::{Backend, Store},
};
use sqlx::Row as _;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether a table has grown.
const EVERY: Duration = Duration::from_secs(3);
/// So few rows make no difference; a thousand do: who is looked for among them by a plan for none, is looked for in all.
const FEW: i64 = 50;

/// Counts what has doubled, as long as the store is open, on a connection of its own: nobody waits behind it.
pub(in crate::store) fn start(store: &Store, stop: CancellationToken) {
    if let Backend::Pg(p) = &store.0.backend {
        let pool = Pool::new(p.options().clone(), 1);
        tokio::spawn(stop.run_until_cancelled_owned(keep(pool)));
    }
}

async fn keep(pool: Arc<Pool>) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(e) = count(&pool).await {
            tracing::warn!(error = ?e, "PostgreSQL's tables were not counted; it does so by itself, later");
        }
    }
}

/// Counts the tables of ours that have more than twice the rows they were last counted with; one that somebody else counts
/// just now is left out. How often rows are written again does not matter: each count has plans made anew.
///
/// # Errors
/// The database's.
async fn count(pool: &Arc<Pool>) -> Result<()> {
    let mut c = pool.take(None).await?;
    let grown = format!(
        "SELECT c.oid::regclass::text FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
         WHERE s.schemaname = current_schema() AND pg_has_role(c.relowner, 'USAGE')
           AND s.n_live_tup > {FEW} + 2 * greatest(c.reltuples, 0)"
    );
    for row in c.batch(grown).await? {
        // As the database quotes it.
        let table: String = row.try_get(0).map_err(|e| super::error(&e))?;
        c.batch(format!("ANALYZE (SKIP_LOCKED) {table}")).await?;
    }
    Ok(())
}
