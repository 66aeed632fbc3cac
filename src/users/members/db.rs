//! SQL of a page of people as one looks through them.

use super::{ListedUser, Search};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    row, sql,
    store::{Conn, List},
    text::fold,
};

/// So many attempts of somebody are looked at for the last that succeeded, whoever tries their name without end.
macro_rules! page {
    ($from:literal, $which:literal, $at:literal) => {
        concat!(
            "SELECT u.tenant_id, u.id, u.directory_id, u.kind, u.user_name, u.external_id, u.display_name, u.email,
                    u.active, u.enabled, u.version, u.created_at, u.updated_at,
                    (SELECT d.name FROM directories d WHERE d.tenant_id = u.tenant_id AND d.id = u.directory_id),
                    coalesce(
                      (SELECT s.created_at FROM sessions s WHERE s.tenant_id = u.tenant_id AND s.user_id = u.id
                       ORDER BY s.id DESC LIMIT 1),
                      (SELECT max(a.at) FROM (SELECT i.at, i.outcome FROM signins i
                         WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id
                         ORDER BY i.at DESC, i.id DESC LIMIT 20) a
                       WHERE a.outcome = 'success')),
                    (SELECT s.class FROM sessions s WHERE s.tenant_id = u.tenant_id AND s.user_id = u.id
                     ORDER BY s.id DESC LIMIT 1),
                    EXISTS (SELECT 1 FROM invitations n WHERE n.tenant_id = u.tenant_id AND n.user_id = u.id
                            AND n.accepted_at IS NULL AND n.revoked_at IS NULL AND n.expires_at > $14)
             FROM ",
            $from,
            " WHERE u.tenant_id = $1 AND u.id > $2 ",
            $which,
            " AND ($3 OR ",
            $at,
            "(u.user_name_key, $4) > 0 OR ",
            $at,
            "(coalesce(u.email_key, ''), $4) > 0 OR ",
            $at,
            "(coalesce(u.display_key, ''), $4) > 0)
              AND ($5 OR u.kind = $6) AND ($7 OR u.directory_id = $8) AND ($9 OR u.enabled = $10)
              AND ($11 OR u.active = $12)
              AND ($15 OR ",
            $at,
            "(u.user_name_key, $16) = 1 OR ",
            $at,
            "(coalesce(u.email_key, ''), $16) = 1 OR ",
            $at,
            "(coalesce(u.display_key, ''), $16) = 1 OR ",
            $at,
            "(coalesce(u.last_key, ''), $16) = 1)
             ORDER BY u.id LIMIT $13"
        )
    };
}

/// A page, in the order of their ids; only of `these`, where somebody says whom.
pub(super) async fn page(
    c: &mut Conn,
    t: TenantId,
    s: &Search,
    these: Option<&[UserId]>,
    now: Timestamp,
) -> Result<Vec<ListedUser>> {
    let text = folded(s.text.as_deref());
    let starts = folded(s.starts.as_deref());
    let kind = s.kind.map(UserKind::as_str);
    let (any_text, any_start, any_kind) = (text.is_empty(), starts.is_empty(), kind.is_none());
    let (any_directory, any_enabled) = (s.directory.is_none(), s.enabled.is_none());
    let any_active = s.active.is_none();
    let limit = s.limit.unwrap_or(100).clamp(1, 1000);
    let after = s.after.unwrap_or(UserId(uuid::Uuid::nil()));
    if let Some(these) = these {
        let these = List::Ids(these.iter().map(|u| u.0).collect());
        return sql!(c, all<ListedUser>, {lite: page!("rarray($17) AS w CROSS JOIN users u", "AND u.id = w.value", "instr"), pg: page!("rarray($17) AS w CROSS JOIN users u", "AND u.id = w.value", "strpos")}, t, after, any_text, text, any_kind, kind, any_directory, s.directory, any_enabled, s.enabled, any_active, s.active,
        limit, now, any_start, starts, these);
    }
    if s.enabled == Some(false) || s.active == Some(false) {
        return sql!(c, all<ListedUser>, {lite: page!("users u INDEXED BY users_off", "AND NOT (u.enabled AND u.active)", "instr"), pg: page!("users u", "AND NOT (u.enabled AND u.active)", "strpos")}, t, after, any_text, text, any_kind, kind, any_directory, s.directory, any_enabled, s.enabled, any_active, s.active,
        limit, now, any_start, starts);
    }
    if s.kind.is_some_and(|k| k != UserKind::Tenant) {
        return sql!(c, all<ListedUser>, {lite: page!("users u INDEXED BY users_few", "AND u.kind <> 'tenant'", "instr"), pg: page!("users u", "AND u.kind <> 'tenant'", "strpos")}, t, after, any_text, text, any_kind, kind, any_directory, s.directory, any_enabled, s.enabled, any_active, s.active,
        limit, now, any_start, starts);
    }
    sql!(c, all<ListedUser>, {lite: page!("users u", "", "instr"), pg: page!("users u", "", "strpos")}, t, after, any_text, text, any_kind, kind, any_directory, s.directory, any_enabled, s.enabled, any_active, s.active,
        limit, now, any_start, starts)
}

pub(super) fn folded(text: Option<&str>) -> String {
    fold(text.unwrap_or("").trim())
}

row! {
    struct Begins {
        /// Nobody's: there are more than may be told.
        id: Option<UserId>,
    }
}

/// Those of whom one name begins with `text`, each as often as one does; `None` if these are `most` or more, of whom
/// nothing is fetched.
pub(super) async fn beginning(
    c: &mut Conn,
    t: TenantId,
    text: &str,
    most: i64,
) -> Result<Option<Vec<UserId>>> {
    // No text that begins so comes after it: the largest character of all follows.
    let end = format!("{text}\u{10ffff}");
    // By the name to sign in with, the address, the shown name or its last word; how many are found, and who, in one.
    let found = sql!(
        c,
        all<Begins>,
        "WITH found AS MATERIALIZED (SELECT x.id FROM (
           SELECT u.id FROM users u
           WHERE u.tenant_id = $1 AND u.directory_id IS NULL AND u.user_name_key >= $2 AND u.user_name_key < $3
           UNION ALL
           SELECT u.id FROM directories d CROSS JOIN users u
           WHERE d.tenant_id = $1 AND u.tenant_id = $1 AND u.directory_id = d.id
             AND u.user_name_key >= $2 AND u.user_name_key < $3
           UNION ALL
           SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.email_key >= $2 AND u.email_key < $3
           UNION ALL
           SELECT u.id FROM users u
           WHERE u.tenant_id = $1 AND u.directory_id IS NULL AND u.display_key >= $2 AND u.display_key < $3
           UNION ALL
           SELECT u.id FROM directories d CROSS JOIN users u
           WHERE d.tenant_id = $1 AND u.tenant_id = $1 AND u.directory_id = d.id
             AND u.display_key >= $2 AND u.display_key < $3
           UNION ALL
           SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.last_key >= $2 AND u.last_key < $3
         ) x LIMIT $4)
         SELECT f.id FROM found f WHERE (SELECT count(*) FROM found) < $4
         UNION ALL
         SELECT CAST(NULL AS uuid) WHERE (SELECT count(*) FROM found) >= $4",
        t,
        text,
        end,
        most
    )?;
    Ok(found.into_iter().map(|f| f.id).collect())
}
