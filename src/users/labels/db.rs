//! SQL of names.

use crate::{
    error::Result,
    id::{DirectoryId, TenantId, UserId},
    row, sql,
    store::{Conn, List},
};

row! {
    /// How somebody is named.
    pub(super) struct Label { pub id: UserId, pub user_name: String, pub display_name: Option<String> }
}

pub(super) async fn labels(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    ids: &[UserId],
) -> Result<Vec<Label>> {
    let ids = List::Ids(ids.iter().map(|u| u.0).collect());
    sql!(
        c,
        all<Label>,
        "SELECT id, user_name, display_name FROM users
         WHERE tenant_id = $1 AND directory_id = $2 AND id IN (SELECT value FROM rarray($3))",
        t,
        d,
        ids
    )
}
