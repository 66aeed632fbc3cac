//! SQL of people who come in.

use crate::{
    actor::UserKind,
    error::Result,
    id::{DirectoryId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
    text::fold,
    users::{Draft, User, db},
};
use serde_json::Value;

row! {
    struct Made { kind: UserKind, enabled: bool, awaited: bool }
}

/// One statement: the kind follows from the tenant, the switch from what was decided by hand about somebody of this
/// name or id, who may be gone or, with the same id, still here. `None` when a person stands in the way: one who was deleted by hand, or one whom no directory has. The second
/// value says that roles may be kept for whoever comes so called.
pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    directory: DirectoryId,
    id: UserId,
    d: &Draft,
    folded: &Value,
) -> Result<Option<(User, bool)>> {
    let (now, key) = (tx.now(), fold(&d.user_name));
    let email_key = d.email.as_deref().map(fold);
    let made = sql!(
        tx,
        opt<Made>,
        "INSERT INTO users (tenant_id, id, directory_id, kind, user_name, user_name_key, external_id,
                            display_name, email, email_key, active, enabled, doc, folded, version,
                            created_at, updated_at)
         SELECT t.id, $2, $3, CASE WHEN t.provider THEN 'technician' ELSE 'tenant' END,
                $4, $5, $6, $7, $8, $9, $10,
                NOT EXISTS (SELECT 1 FROM tombstones b
                            WHERE b.tenant_id = $1 AND b.directory_id = $3 AND b.user_name_key = $5)
                AND NOT EXISTS (SELECT 1 FROM tombstones b
                                WHERE b.tenant_id = $1 AND b.directory_id = $3 AND b.external_id = $6)
                AND NOT EXISTS (SELECT 1 FROM users h
                                WHERE h.tenant_id = $1 AND h.directory_id = $3 AND h.external_id = $6
                                  AND NOT h.enabled),
                $11, $12, 1, $13, $13
         FROM tenants t
         WHERE t.id = $1
           AND NOT EXISTS (SELECT 1 FROM tombstones b WHERE b.tenant_id = $1 AND b.directory_id = $3
                             AND b.user_name_key = $5 AND b.why = 'deleted')
           AND NOT EXISTS (SELECT 1 FROM tombstones b WHERE b.tenant_id = $1 AND b.directory_id = $3
                             AND b.external_id = $6 AND b.why = 'deleted')
           AND NOT EXISTS (SELECT 1 FROM users l WHERE l.tenant_id = $1 AND l.directory_id IS NULL
                             AND l.user_name_key IN ($5, $9) AND l.kind <> 'integration')
           AND NOT EXISTS (SELECT 1 FROM users l WHERE l.tenant_id = $1 AND l.directory_id IS NULL
                             AND l.email_key IN ($5, $9) AND l.kind <> 'integration')
           AND NOT EXISTS (SELECT 1 FROM directories o
                           JOIN identities i ON i.tenant_id = o.tenant_id AND i.directory_id = o.id
                                            AND i.issuer = o.issuer
                           WHERE o.tenant_id = $1 AND o.id = $3 AND i.subject = $6
                             AND NOT EXISTS (SELECT 1 FROM users w WHERE w.tenant_id = i.tenant_id
                                               AND w.id = i.user_id AND w.directory_id IS NOT NULL))
         RETURNING kind, enabled, (
           EXISTS (SELECT 1 FROM parked_roles k
                   WHERE k.tenant_id = $1 AND k.directory_id = $3 AND k.kept AND k.user_name_key = $5)
           OR EXISTS (SELECT 1 FROM parked_roles k
                      WHERE k.tenant_id = $1 AND k.directory_id = $3 AND k.kept AND k.external_id = $6))",
        t,
        id,
        directory,
        d.user_name,
        key,
        d.external_id,
        d.display_name,
        d.email,
        email_key,
        d.active,
        J(&d.doc),
        J(folded),
        now
    )?;
    Ok(made.map(|m| {
        let user = db::made(t, Some(directory), id, m.kind, d, now);
        (User { enabled: m.enabled, ..user }, m.awaited)
    }))
}

/// Those of no directory who may be meant: by a name, by an address, or because they signed in as this account; by what
/// of it is given. Three at most.
pub(super) async fn unowned(
    c: &mut Conn,
    t: TenantId,
    directory: DirectoryId,
    (name, email, external_id): (Option<&str>, Option<&str>, Option<&str>),
) -> Result<Vec<User>> {
    let (key, email_key) = (name.map(fold), email.map(fold));
    sql!(
        c,
        all<User>,
        "SELECT l.tenant_id, l.id, l.directory_id, l.kind, l.user_name, l.external_id, l.display_name, l.email,
                l.active, l.enabled, l.doc, l.version, l.created_at, l.updated_at
         FROM users l
         WHERE l.tenant_id = $1 AND l.kind <> 'integration' AND l.id IN (
           SELECT n.id FROM users n
           WHERE n.tenant_id = $1 AND n.directory_id IS NULL AND n.user_name_key IN ($3, $4)
           UNION
           SELECT e.id FROM users e
           WHERE e.tenant_id = $1 AND e.directory_id IS NULL AND e.email_key IN ($3, $4)
           UNION
           SELECT i.user_id FROM directories o
           JOIN identities i ON i.tenant_id = o.tenant_id AND i.directory_id = o.id AND i.issuer = o.issuer
           WHERE o.tenant_id = $1 AND o.id = $2 AND i.subject = $5
             AND NOT EXISTS (SELECT 1 FROM users w WHERE w.tenant_id = i.tenant_id AND w.id = i.user_id
                               AND w.directory_id IS NOT NULL))
         ORDER BY l.id LIMIT 3",
        t,
        directory,
        key,
        email_key,
        external_id
    )
}

/// Whether the person has signed in through the directory as the account that it calls `external_id`.
pub(super) async fn is_account(
    c: &mut Conn,
    t: TenantId,
    directory: DirectoryId,
    user: UserId,
    external_id: &str,
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM directories o
                        JOIN identities i ON i.tenant_id = o.tenant_id AND i.directory_id = o.id
                                         AND i.issuer = o.issuer
                        WHERE o.tenant_id = $1 AND o.id = $2 AND i.subject = $3 AND i.user_id = $4)",
        t,
        directory,
        external_id,
        user
    )
}

/// Makes a person of no directory the directory's.
pub(super) async fn adopt(
    tx: &mut Tx,
    t: TenantId,
    directory: DirectoryId,
    id: UserId,
    d: &Draft,
    folded: &Value,
) -> Result<u64> {
    let (now, key) = (tx.now(), fold(&d.user_name));
    let email_key = d.email.as_deref().map(fold);
    sql!(
        tx,
        exec,
        "UPDATE users SET directory_id = $3, user_name = $4, user_name_key = $5, external_id = $6,
                display_name = $7, email = $8, email_key = $9, active = $10, doc = $11, folded = $12,
                version = version + 1, updated_at = $13
         WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        directory,
        d.user_name,
        key,
        d.external_id,
        d.display_name,
        d.email,
        email_key,
        d.active,
        J(&d.doc),
        J(folded),
        now
    )
}
