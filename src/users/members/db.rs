//! SQL of a page of people as one looks through them.

use super::{ListedUser, Search};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{TenantId, UserId},
    sql,
    store::{Conn, List},
    text::fold,
};

/// So many attempts of somebody are looked at for the last that succeeded, whoever tries their name without end.
macro_rules! page {
    ($from:literal, $which:literal, $text:literal) => {
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
            $text,
            "(u.user_name_key, $4) > 0 OR ",
            $text,
            "(coalesce(u.email_key, ''), $4) > 0 OR ",
            $text,
            "(coalesce(u.display_key, ''), $4) > 0)
              AND ($5 OR u.kind = $6) AND ($7 OR u.directory_id = $8) AND ($9 OR u.enabled = $10)
              AND ($11 OR u.active = $12)
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
    let text = fold(s.text.as_deref().unwrap_or("").trim());
    let (any_text, any_kind, kind) =
        (text.is_empty(), s.kind.is_none(), s.kind.map(UserKind::as_str));
    let (any_directory, any_enabled) = (s.directory.is_none(), s.enabled.is_none());
    let any_active = s.active.is_none();
    let limit = s.limit.unwrap_or(100).clamp(1, 1000);
    let after = s.after.unwrap_or(UserId(uuid::Uuid::nil()));
    match these {
        None => sql!(
            c,
            all<ListedUser>,
            {lite: page!("users u", "", "instr"), pg: page!("users u", "", "strpos")},
            t,
            after,
            any_text,
            text,
            any_kind,
            kind,
            any_directory,
            s.directory,
            any_enabled,
            s.enabled,
            any_active,
            s.active,
            limit,
            now
        ),
        Some(these) => {
            let these = List::Ids(these.iter().map(|u| u.0).collect());
            sql!(
                c,
                all<ListedUser>,
                {lite: page!("rarray($15) AS w CROSS JOIN users u", "AND u.id = w.value", "instr"),
                 pg: page!("rarray($15) AS w CROSS JOIN users u", "AND u.id = w.value", "strpos")},
                t,
                after,
                any_text,
                text,
                any_kind,
                kind,
                any_directory,
                s.directory,
                any_enabled,
                s.enabled,
                any_active,
                s.active,
                limit,
                now,
                these
            )
        }
    }
}
