//! SQL of groups by the directory's own ids.

use crate::{
    error::Result,
    id::{DirectoryId, GroupId, TenantId, UserId},
    row, sql,
    store::{Conn, List},
};

row! {
    pub(super) struct Known { pub external_id: String, pub id: GroupId }
}

pub(super) async fn by_external_id(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    ids: &List,
) -> Result<Vec<Known>> {
    sql!(
        c,
        all<Known>,
        "SELECT g.external_id, g.id FROM (SELECT DISTINCT value FROM rarray($3)) AS w CROSS JOIN groups g
         WHERE g.tenant_id = $1 AND g.directory_id = $2 AND g.external_id = w.value
         ORDER BY g.created_at DESC, g.id DESC",
        t,
        d,
        ids
    )
}

/// The group that the directory calls so; the oldest, where it is several.
pub(super) async fn of_external_id(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    external_id: &str,
) -> Result<Option<GroupId>> {
    sql!(
        c,
        opt<GroupId>,
        "SELECT id FROM groups WHERE tenant_id = $1 AND directory_id = $2 AND external_id = $3
         ORDER BY created_at, id LIMIT 1",
        t,
        d,
        external_id
    )
}

/// Whether a group of the directory is called so, in any case.
pub(super) async fn called(c: &mut Conn, t: TenantId, d: DirectoryId, key: &str) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM groups WHERE tenant_id = $1 AND directory_id = $2 AND display_key = $3)",
        t,
        d,
        key
    )
}

/// The directory's groups that a person is in.
pub(super) async fn of_user(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
) -> Result<Vec<GroupId>> {
    sql!(
        c,
        all<GroupId>,
        "SELECT g.id FROM members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
         WHERE m.tenant_id = $1 AND m.user_id = $2 AND g.directory_id = $3",
        t,
        user,
        d
    )
}
