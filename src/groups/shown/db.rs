//! SQL of a person with their groups.

use super::Shown;
use crate::{
    error::Result,
    id::{DirectoryId, TenantId, UserId},
    sql,
    store::Conn,
    users::{Page, Query, query},
};

/// The beginning of a statement: a user's columns, and its groups of the same directory as a list of pairs.
macro_rules! with_groups {
    ($pairs:literal) => {
        concat!(
            "SELECT u.tenant_id, u.id, u.directory_id, u.kind, u.user_name, u.external_id, u.display_name, u.email,
                u.active, u.enabled, u.doc, u.version, u.created_at, u.updated_at,
                (SELECT ",
            $pairs,
            " FROM members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
                 WHERE m.tenant_id = $1 AND m.user_id = u.id AND g.directory_id = $2)
             FROM users u WHERE u.tenant_id = $1 AND u.directory_id = $2"
        )
    };
}
macro_rules! lite {
    () => {
        with_groups!("json_group_array(json_array(hex(g.id), g.display_name))")
    };
}
macro_rules! pg {
    () => {
        with_groups!("coalesce(jsonb_agg(jsonb_build_array(g.id, g.display_name)), '[]'::jsonb)")
    };
}

pub(super) async fn user(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    id: UserId,
) -> Result<Option<Shown>> {
    sql!(
        c,
        opt<Shown>,
        {lite: concat!(lite!(), " AND u.id = $3"),
         pg: concat!(pg!(), " AND u.id = $3")},
        t,
        d,
        id
    )
}

/// A page of a directory's users; the filter's own values begin at `$3`.
pub(super) async fn page(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    q: &Query,
) -> Result<Page<Shown>> {
    let select = query::Select { lite: lite!(), pg: pg!() };
    let count = "SELECT count(*) FROM users u WHERE u.tenant_id = $1 AND u.directory_id = $2";
    query::page(c, q, &select, count, "u", &[&t, &d]).await
}
