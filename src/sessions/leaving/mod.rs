//! A tenant leaves: its rows go in pieces, and who acted there from elsewhere does so no more.

mod db;

use super::{Who, revoke};
use crate::{
    audit::{self, Event},
    error::Result,
    id::TenantId,
    store::{Cx, Scope, Store, Tx},
    tx,
};
use serde_json::json;

const WHY: &str = "tenant deleted";

/// How many end in one transaction.
const PIECE: usize = 100;

/// Removes some of what the tenant's people had; says how many rows.
///
/// # Errors
/// The database's.
pub async fn some(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::some(tx, t, n).await
}

/// Ends the sessions of others that act there, and what applications were given for it. `cx` is over
/// [`Scope::Platform`].
///
/// # Errors
/// The database's.
pub async fn end_guests(store: &Store, cx: &Cx, t: TenantId) -> Result<()> {
    let mut c = store.scan(Scope::Platform).await?;
    let (sessions, families) = (db::guests(&mut c, t).await?, db::families(&mut c, t).await?);
    drop(c);
    let sessions = sessions.into_iter().map(|s| (s.tenant_id, Who::Session(s.tenant_id, s.id)));
    let families = families.into_iter().map(|f| (f.tenant_id, Who::Family(f.tenant_id, f.id)));
    let all: Vec<(TenantId, Who)> = sessions.chain(families).collect();
    for piece in all.chunks(PIECE) {
        let piece = piece.to_vec();
        tx!(store, &cx.clone().urgent(), [piece], |tx| {
            for (_, who) in &piece {
                revoke(tx, *who, WHY).await?;
            }
            if let Some((home, _)) = piece.first() {
                let detail = json!({ "ended": piece.len(), "tenant": t, "why": WHY });
                audit::record(tx, *home, Event::new("session.guests_ended").detail(detail)).await?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
