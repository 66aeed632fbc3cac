//! SQL of how letters look.

use super::Looks;
use crate::{
    error::Result,
    id::TenantId,
    sql,
    store::{Conn, Tx},
};

pub(super) async fn get(c: &mut Conn, t: TenantId) -> Result<Option<Looks>> {
    sql!(
        c,
        opt<Looks>,
        "SELECT display_name, reply_to, colour, locale FROM letter_settings WHERE tenant_id = $1",
        t
    )
}

pub(super) async fn put(tx: &mut Tx, t: TenantId, l: &Looks) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO letter_settings (tenant_id, display_name, reply_to, colour, locale, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id)
         DO UPDATE SET display_name = $2, reply_to = $3, colour = $4, locale = $5, updated_at = $6",
        t,
        l.display_name,
        l.reply_to,
        l.colour,
        l.locale,
        now
    )
}
