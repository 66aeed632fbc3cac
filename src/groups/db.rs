//! All SQL of the groups room.

use super::{GroupDraft, GroupRow, Member};
use crate::{
    error::Result,
    id::{DirectoryId, GroupId, TenantId, UserId},
    row, some_rows, sql,
    store::{Conn, J, List, Tx},
    text::fold,
    users::{Page, Query, query},
};
use serde_json::{Value, json};
use std::collections::HashMap;

fn list(users: &[UserId]) -> List {
    List::Ids(users.iter().map(|u| u.0).collect())
}

/// The document that filters read, and its folded twin.
fn documents(name: &str, external_id: Option<&str>) -> (Value, Value) {
    let mut doc = json!({ "displayName": name });
    let mut folded = json!({ "displayname": fold(name) });
    if let Some(x) = external_id {
        doc["externalId"] = json!(x);
        folded["externalid"] = json!(fold(x));
    }
    (doc, folded)
}

pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    id: GroupId,
    g: &GroupDraft,
    unique: bool,
) -> Result<GroupRow> {
    let (now, key) = (tx.now(), fold(&g.display_name));
    let unique_key = unique.then(|| key.clone());
    let (doc, folded) = documents(&g.display_name, g.external_id.as_deref());
    sql!(
        tx,
        one<GroupRow>,
        "INSERT INTO groups (tenant_id, id, directory_id, display_name, display_key, unique_key, external_id, doc,
                             folded, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10)
         RETURNING tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at",
        t,
        id,
        d,
        g.display_name,
        key,
        unique_key,
        g.external_id,
        J(doc),
        J(folded),
        now
    )
}

pub(super) async fn update(
    tx: &mut Tx,
    t: TenantId,
    id: GroupId,
    name: &str,
    external_id: Option<&str>,
    unique: bool,
) -> Result<GroupRow> {
    let (now, key) = (tx.now(), fold(name));
    let unique_key = unique.then(|| key.clone());
    let (doc, folded) = documents(name, external_id);
    sql!(
        tx,
        one<GroupRow>,
        "UPDATE groups SET display_name = $3, display_key = $4, unique_key = $5, external_id = $6, doc = $7,
                folded = $8, version = version + 1, updated_at = $9
         WHERE tenant_id = $1 AND id = $2
         RETURNING tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at",
        t,
        id,
        name,
        key,
        unique_key,
        external_id,
        J(doc),
        J(folded),
        now
    )
}

pub(super) async fn get(c: &mut Conn, t: TenantId, id: GroupId) -> Result<Option<GroupRow>> {
    sql!(
        c,
        opt<GroupRow>,
        "SELECT tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at
         FROM groups WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

pub(super) async fn of_directory(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    id: GroupId,
) -> Result<Option<GroupRow>> {
    sql!(
        c,
        opt<GroupRow>,
        "SELECT tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at
         FROM groups WHERE tenant_id = $1 AND directory_id = $2 AND id = $3",
        t,
        d,
        id
    )
}

/// A page of a directory's groups; the filter's own values begin at `$3`.
pub(super) async fn page(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    q: &Query,
) -> Result<Page<GroupRow>> {
    let select = "SELECT g.tenant_id, g.id, g.directory_id, g.display_name, g.external_id, g.version, g.created_at,
                g.updated_at
         FROM groups g WHERE g.tenant_id = $1 AND g.directory_id = $2";
    let count = "SELECT count(*) FROM groups g WHERE g.tenant_id = $1 AND g.directory_id = $2";
    query::page(c, q, &query::Select::both(select), count, "g", &[&t, &d]).await
}

pub(super) async fn search(
    c: &mut Conn,
    t: TenantId,
    text: &str,
    after: Option<GroupId>,
    limit: i64,
) -> Result<Vec<GroupRow>> {
    let text = fold(text.trim());
    let after = after.unwrap_or(GroupId(uuid::Uuid::nil()));
    sql!(
        c,
        all<GroupRow>,
        {lite: "SELECT tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at
         FROM groups WHERE tenant_id = $1 AND id > $4 AND ($2 = '' OR instr(display_key, $2) > 0)
         ORDER BY id LIMIT $3",
         pg: "SELECT tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at
         FROM groups WHERE tenant_id = $1 AND id > $4 AND ($2 = '' OR strpos(display_key, $2) > 0)
         ORDER BY id LIMIT $3"},
        t,
        text,
        limit,
        after
    )
}

/// The tenant's groups of this name, in any case.
pub(super) async fn named(c: &mut Conn, t: TenantId, name: &str) -> Result<Vec<GroupRow>> {
    let key = fold(name);
    sql!(
        c,
        all<GroupRow>,
        "SELECT tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at
         FROM groups WHERE tenant_id = $1
           AND directory_id IN (SELECT d.id FROM directories d WHERE d.tenant_id = $1) AND display_key = $2",
        t,
        key
    )
}

/// Some of a directory's groups.
pub(super) async fn some(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    limit: i64,
) -> Result<Vec<GroupRow>> {
    sql!(
        c,
        all<GroupRow>,
        "SELECT tenant_id, id, directory_id, display_name, external_id, version, created_at, updated_at
         FROM groups WHERE tenant_id = $1 AND directory_id = $2 ORDER BY created_at, id LIMIT $3",
        t,
        d,
        limit
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, id: GroupId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM groups WHERE tenant_id = $1 AND id = $2", t, id)
}

pub(super) async fn set_unique(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    unique: bool,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE groups SET unique_key = CASE WHEN $3 THEN display_key END
         WHERE tenant_id = $1 AND directory_id = $2",
        t,
        d,
        unique
    )
}

/// Whether any role hangs on the group.
pub(super) async fn mapped(c: &mut Conn, t: TenantId, id: GroupId) -> Result<bool> {
    let n = sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM mappings WHERE tenant_id = $1 AND group_id = $2",
        t,
        id
    )?;
    Ok(n > 0)
}

// members

/// Adds those of `users` who are of the directory; gives back who was not in the group before. The rows of the users
/// are held, so that nobody is deleted in between. They are looked up one by one, here and below: left to choose, SQLite reads
/// all of the directory and looks who is among them.
pub(super) async fn add(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    g: GroupId,
    users: &[UserId],
) -> Result<Vec<UserId>> {
    let (now, users) = (tx.now(), list(users));
    sql!(
        tx,
        all<UserId>,
        {lite: "INSERT INTO members (tenant_id, group_id, user_id, added_at)
         SELECT u.tenant_id, $3, u.id, $5 FROM rarray($4) AS w CROSS JOIN users u
         WHERE u.tenant_id = $1 AND u.directory_id = $2 AND u.id = w.value
         ON CONFLICT DO NOTHING RETURNING user_id",
         pg: "INSERT INTO members (tenant_id, group_id, user_id, added_at)
         SELECT u.tenant_id, $3, u.id, $5 FROM rarray($4) AS w CROSS JOIN users u
         WHERE u.tenant_id = $1 AND u.directory_id = $2 AND u.id = w.value
         FOR KEY SHARE OF u
         ON CONFLICT DO NOTHING RETURNING user_id"},
        t,
        d,
        g,
        users,
        now
    )
}

pub(super) async fn remove(
    tx: &mut Tx,
    t: TenantId,
    g: GroupId,
    users: &[UserId],
) -> Result<Vec<UserId>> {
    let users = list(users);
    sql!(
        tx,
        all<UserId>,
        "DELETE FROM members WHERE tenant_id = $1 AND group_id = $2 AND user_id IN (SELECT value FROM rarray($3))
         RETURNING user_id",
        t,
        g,
        users
    )
}

pub(super) async fn keep_only(
    tx: &mut Tx,
    t: TenantId,
    g: GroupId,
    users: &[UserId],
) -> Result<Vec<UserId>> {
    let users = list(users);
    sql!(
        tx,
        all<UserId>,
        "DELETE FROM members
         WHERE tenant_id = $1 AND group_id = $2 AND user_id NOT IN (SELECT value FROM rarray($3))
         RETURNING user_id",
        t,
        g,
        users
    )
}

pub(super) async fn clear(tx: &mut Tx, t: TenantId, g: GroupId) -> Result<Vec<UserId>> {
    sql!(
        tx,
        all<UserId>,
        "DELETE FROM members WHERE tenant_id = $1 AND group_id = $2 RETURNING user_id",
        t,
        g
    )
}

/// Those of `users` whom the directory does not have.
pub(super) async fn strangers(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    users: &[UserId],
) -> Result<Vec<UserId>> {
    let users = list(users);
    sql!(
        c,
        all<UserId>,
        "SELECT value FROM rarray($3) AS wanted WHERE value NOT IN
           (SELECT u.id FROM rarray($3) AS w CROSS JOIN users u
            WHERE u.tenant_id = $1 AND u.directory_id = $2 AND u.id = w.value)",
        t,
        d,
        users
    )
}

pub(super) async fn member_ids(c: &mut Conn, t: TenantId, g: GroupId) -> Result<Vec<UserId>> {
    sql!(c, all<UserId>, "SELECT user_id FROM members WHERE tenant_id = $1 AND group_id = $2", t, g)
}

/// The next members with their names, by id.
pub(super) async fn members(
    c: &mut Conn,
    t: TenantId,
    g: GroupId,
    after: UserId,
    limit: i64,
) -> Result<Vec<Member>> {
    sql!(
        c,
        all<Member>,
        "SELECT u.id, u.user_name FROM members m JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
         WHERE m.tenant_id = $1 AND m.group_id = $2 AND m.user_id > $3 ORDER BY m.user_id LIMIT $4",
        t,
        g,
        after,
        limit
    )
}

/// The next members of a directory's group, by id.
pub(super) async fn members_after(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    g: GroupId,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>> {
    sql!(
        c,
        all<UserId>,
        "SELECT m.user_id FROM groups g JOIN members m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
         WHERE g.tenant_id = $1 AND g.directory_id = $2 AND g.id = $3 AND m.tenant_id = $1 AND m.group_id = $3
           AND m.user_id > $4
         ORDER BY m.user_id LIMIT $5",
        t,
        d,
        g,
        after,
        limit
    )
}

row! {
    /// A group, and how many members it has, counted no further than was wanted.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Size {
        /// Which.
        pub group: GroupId,
        /// How many.
        pub members: i64,
    }
}

pub(super) async fn sizes(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    groups: &[GroupId],
    most: i64,
) -> Result<Vec<Size>> {
    let groups = List::Ids(groups.iter().map(|g| g.0).collect());
    sql!(
        c,
        all<Size>,
        "SELECT g.id, (SELECT count(*) FROM
           (SELECT 1 FROM members m WHERE m.tenant_id = $1 AND m.group_id = g.id
            ORDER BY m.user_id LIMIT $4) AS counted)
         FROM (SELECT DISTINCT value FROM rarray($3)) AS w CROSS JOIN groups g
         WHERE g.tenant_id = $1 AND g.directory_id = $2 AND g.id = w.value",
        t,
        d,
        groups,
        most
    )
}

row! {
    struct Row { group_id: GroupId, id: UserId }
}

pub(super) async fn members_of(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    groups: &[GroupId],
) -> Result<HashMap<GroupId, Vec<UserId>>> {
    let groups = List::Ids(groups.iter().map(|g| g.0).collect());
    let rows = sql!(
        c,
        all<Row>,
        "SELECT m.group_id, m.user_id
         FROM (SELECT DISTINCT value FROM rarray($3)) AS w CROSS JOIN groups g CROSS JOIN members m
         WHERE g.tenant_id = $1 AND g.directory_id = $2 AND g.id = w.value
           AND m.tenant_id = g.tenant_id AND m.group_id = g.id
         ORDER BY m.user_id",
        t,
        d,
        groups
    )?;
    let mut out: HashMap<GroupId, Vec<UserId>> = HashMap::new();
    for r in rows {
        out.entry(r.group_id).or_default().push(r.id);
    }
    Ok(out)
}

/// How many members a group has, counted up to `most`. In the order of an index, here and wherever else is counted to a
/// limit: PostgreSQL might read the table for that, in the hope that the first rows are of the kind.
pub(super) async fn count_to(c: &mut Conn, t: TenantId, id: GroupId, most: i64) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM
         (SELECT 1 FROM members WHERE tenant_id = $1 AND group_id = $2 ORDER BY user_id LIMIT $3) AS counted",
        t,
        id,
        most
    )
}

/// Some of the groups of a tenant that leaves; its people are gone, and their memberships with them.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    sql!(tx, exec, some_rows!("groups", "id"), t, n)
}

/// Every group that somebody is in is another from now on.
pub(super) async fn left(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE groups SET version = version + 1, updated_at = $3
         WHERE tenant_id = $1 AND id IN (SELECT group_id FROM members WHERE tenant_id = $1 AND user_id = $2)",
        t,
        user,
        now
    )
}
