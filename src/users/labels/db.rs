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
        "SELECT u.id, u.user_name, u.display_name
         FROM (SELECT DISTINCT value FROM rarray($3)) AS w CROSS JOIN users u
         WHERE u.tenant_id = $1 AND u.directory_id = $2 AND u.id = w.value",
        t,
        d,
        ids
    )
}
