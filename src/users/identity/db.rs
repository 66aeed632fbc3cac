//! SQL of identities, and of people by what directories know them by.

use crate::{
    error::Result,
    id::{DirectoryId, TenantId, UserId},
    row, sql,
    store::{Conn, Tx},
    users::User,
};

pub(super) async fn by_identity(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    issuer: &str,
    subject: &str,
) -> Result<Option<User>> {
    sql!(
        c,
        opt<User>,
        "SELECT u.tenant_id, u.id, u.directory_id, u.kind, u.user_name, u.external_id, u.display_name, u.email,
                u.active, u.enabled, u.doc, u.version, u.created_at, u.updated_at
         FROM identities i JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id
         WHERE i.tenant_id = $1 AND i.directory_id = $2 AND i.issuer = $3 AND i.subject = $4",
        t,
        d,
        issuer,
        subject
    )
}

/// At most two: more than one is as bad as many.
pub(super) async fn by_external_id(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    external_id: &str,
) -> Result<Vec<User>> {
    sql!(
        c,
        all<User>,
        "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active, enabled,
                doc, version, created_at, updated_at
         FROM users WHERE tenant_id = $1 AND directory_id = $2 AND external_id = $3 LIMIT 2",
        t,
        d,
        external_id
    )
}

/// At most two, likewise.
pub(super) async fn by_address(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    key: &str,
) -> Result<Vec<User>> {
    sql!(
        c,
        all<User>,
        "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active, enabled,
                doc, version, created_at, updated_at
         FROM users u WHERE u.tenant_id = $1 AND u.id IN (
           SELECT id FROM users WHERE tenant_id = $1 AND email_key = $3
           UNION SELECT id FROM users WHERE tenant_id = $1 AND directory_id = $2 AND user_name_key = $3
           UNION SELECT id FROM users WHERE tenant_id = $1 AND directory_id IS NULL AND user_name_key = $3)
         AND (u.directory_id = $2 OR EXISTS (SELECT 1 FROM identities i
              WHERE i.tenant_id = $1 AND i.user_id = u.id AND i.directory_id = $2)) LIMIT 2",
        t,
        d,
        key
    )
}

pub(super) async fn touch_identity(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    issuer: &str,
    subject: &str,
    user: UserId,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE identities SET last_login_at = $6
         WHERE tenant_id = $1 AND directory_id = $2 AND issuer = $3 AND subject = $4 AND user_id = $5
           AND NOT EXISTS (SELECT 1 FROM users u WHERE u.tenant_id = $1 AND u.id = $5 AND u.directory_id <> $2)",
        t,
        d,
        issuer,
        subject,
        user,
        now
    )
}

/// Whether the user has an identity of this issuer already.
pub(super) async fn other_subject(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    issuer: &str,
    user: UserId,
) -> Result<bool> {
    let n = sql!(
        c,
        one<i64>,
        "SELECT count(*) FROM identities
         WHERE tenant_id = $1 AND user_id = $2 AND directory_id = $3 AND issuer = $4",
        t,
        user,
        d,
        issuer
    )?;
    Ok(n > 0)
}

/// Whether the user has an identity of another issuer in this directory.
pub(super) async fn other_issuer(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    issuer: &str,
    user: UserId,
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM identities
                        WHERE tenant_id = $1 AND user_id = $2 AND directory_id = $3 AND issuer <> $4)",
        t,
        user,
        d,
        issuer
    )
}

/// Whether a person of another directory has this address, or is called so.
pub(super) async fn of_another_directory(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    key: &str,
) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM users WHERE tenant_id = $1 AND email_key = $3 AND directory_id <> $2)
             OR EXISTS (SELECT 1 FROM directories o JOIN users u ON u.tenant_id = o.tenant_id
                          AND u.directory_id = o.id AND u.user_name_key = $3
                        WHERE o.tenant_id = $1 AND o.id <> $2)",
        t,
        d,
        key
    )
}

pub(super) async fn insert_identity(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    issuer: &str,
    subject: &str,
    user: UserId,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO identities (tenant_id, directory_id, issuer, subject, user_id, created_at, last_login_at)
         SELECT $1, $2, $3, $4, u.id, $6, $6 FROM users u
         WHERE u.tenant_id = $1 AND u.id = $5 AND (u.directory_id IS NULL OR u.directory_id = $2)",
        t,
        d,
        issuer,
        subject,
        user,
        now
    )
}

row! {
    /// What a directory knew somebody by.
    pub(super) struct Identity { pub directory_id: DirectoryId, pub subject: String }
}

pub(super) async fn delete_other_identities(
    tx: &mut Tx,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
) -> Result<Vec<Identity>> {
    sql!(
        tx,
        all<Identity>,
        "DELETE FROM identities WHERE tenant_id = $1 AND user_id = $2 AND directory_id <> $3
         RETURNING directory_id, subject",
        t,
        user,
        d
    )
}
