//! All SQL of the directories room.

use super::{
    Directory, PresetColumn, Provisioning, Stage, Status, Token, signin::Half, tokens::Opens,
};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, ScimTokenId, SessionId, TenantId, UserId},
    row, some_rows, sql,
    store::{Conn, J, List, Tx},
};

pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    id: DirectoryId,
    name: &str,
    preset: PresetColumn,
    provisioning: J<Provisioning>,
    (half, stage): (&Half, Stage),
) -> Result<Directory> {
    let (now, stored) = (tx.now(), J(half.stored.clone()));
    sql!(
        tx,
        one<Directory>,
        "INSERT INTO directories (tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id,
                                  client_secret, secret_expires_at, signin, generation, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'active', $5, $11, $6, $7, $8, $12, $9, 1, 1, $10, $10)
         RETURNING tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                   signin, generation, version, created_at, updated_at",
        t,
        id,
        name,
        preset,
        provisioning,
        half.issuer,
        half.client_id,
        half.secret,
        stored,
        now,
        stage,
        half.secret_expires_at
    )
}

pub(super) async fn get(c: &mut Conn, t: TenantId, id: DirectoryId) -> Result<Option<Directory>> {
    sql!(
        c,
        opt<Directory>,
        "SELECT tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                signin, generation, version, created_at, updated_at
         FROM directories WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

pub(super) async fn page(
    c: &mut Conn,
    t: TenantId,
    after: DirectoryId,
    limit: i64,
) -> Result<Vec<Directory>> {
    sql!(
        c,
        all<Directory>,
        "SELECT tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                signin, generation, version, created_at, updated_at
         FROM directories WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after,
        limit
    )
}

pub(super) async fn of_tenant(c: &mut Conn, t: TenantId) -> Result<Vec<Directory>> {
    sql!(
        c,
        all<Directory>,
        "SELECT tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                signin, generation, version, created_at, updated_at
         FROM directories WHERE tenant_id = $1 ORDER BY name, id",
        t
    )
}

row! {
    /// Whose a directory is.
    pub(super) struct Owned { pub id: DirectoryId, pub tenant_id: TenantId }
}

pub(super) async fn tenants_of(c: &mut Conn, ids: &List) -> Result<Vec<Owned>> {
    sql!(
        c,
        all<Owned>,
        "SELECT id, tenant_id FROM directories WHERE id IN (SELECT value FROM rarray($1))
         /* platform: whose they are */",
        *ids
    )
}

/// The sealed client secret.
pub(super) async fn sealed_secret(
    c: &mut Conn,
    t: TenantId,
    id: DirectoryId,
) -> Result<Option<String>> {
    let s = sql!(
        c,
        opt<Option<String>>,
        "SELECT client_secret FROM directories WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )?;
    Ok(s.flatten())
}

pub(super) async fn update(tx: &mut Tx, d: &Directory, secret: Option<&str>) -> Result<Directory> {
    let (now, stored) = (tx.now(), J(d.signin.0.clone()));
    sql!(
        tx,
        one<Directory>,
        "UPDATE directories SET name = $3, preset = $4, issuer = $5, client_id = $6, client_secret = $7,
                signin = $8, generation = $9, version = version + 1, updated_at = $10, stage = $11,
                secret_told = CASE WHEN secret_expires_at = $12 THEN secret_told END, secret_expires_at = $12
         WHERE tenant_id = $1 AND id = $2
         RETURNING tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                   signin, generation, version, created_at, updated_at",
        d.tenant_id,
        d.id,
        d.name,
        d.preset,
        d.issuer,
        d.client_id,
        secret,
        stored,
        d.generation,
        now,
        d.stage,
        d.secret_expires_at
    )
}

pub(super) async fn set_provisioning(
    tx: &mut Tx,
    t: TenantId,
    id: DirectoryId,
    to: J<Provisioning>,
) -> Result<Directory> {
    let now = tx.now();
    sql!(
        tx,
        one<Directory>,
        "UPDATE directories SET provisioning = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND id = $2
         RETURNING tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                   signin, generation, version, created_at, updated_at",
        t,
        id,
        to,
        now
    )
}

pub(super) async fn set_status(
    tx: &mut Tx,
    t: TenantId,
    id: DirectoryId,
    status: Status,
) -> Result<Option<Directory>> {
    let now = tx.now();
    sql!(
        tx,
        opt<Directory>,
        "UPDATE directories SET status = $3, generation = generation + 1, version = version + 1,
                updated_at = $4
         WHERE tenant_id = $1 AND id = $2
         RETURNING tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                   signin, generation, version, created_at, updated_at",
        t,
        id,
        status,
        now
    )
}

pub(super) async fn set_stage(
    tx: &mut Tx,
    t: TenantId,
    id: DirectoryId,
    stage: Stage,
) -> Result<Directory> {
    let now = tx.now();
    sql!(
        tx,
        one<Directory>,
        "UPDATE directories SET stage = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND id = $2
         RETURNING tenant_id, id, name, preset, status, provisioning, stage, issuer, client_id, secret_expires_at,
                   signin, generation, version, created_at, updated_at",
        t,
        id,
        stage,
        now
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, id: DirectoryId) -> Result<Option<String>> {
    sql!(
        tx,
        opt<String>,
        "DELETE FROM directories WHERE tenant_id = $1 AND id = $2 RETURNING name",
        t,
        id
    )
}

row! {
    struct SignedIn { id: SessionId, user_id: UserId }
}

/// Some sessions that came through this directory and live.
pub(super) async fn signed_in(
    c: &mut Conn,
    t: TenantId,
    id: DirectoryId,
) -> Result<Vec<(SessionId, UserId)>> {
    let rows = sql!(
        c,
        all<SignedIn>,
        "SELECT id, user_id FROM sessions WHERE tenant_id = $1 AND directory_id = $2 AND ended_at IS NULL
         LIMIT 200",
        t,
        id
    )?;
    Ok(rows.into_iter().map(|r| (r.id, r.user_id)).collect())
}

// SCIM tokens

pub(super) async fn insert_token(
    tx: &mut Tx,
    t: TenantId,
    id: ScimTokenId,
    directory: DirectoryId,
    hash: &str,
    hint: &str,
    expires_at: Option<Timestamp>,
) -> Result<Token> {
    let now = tx.now();
    sql!(
        tx,
        one<Token>,
        "INSERT INTO scim_tokens (tenant_id, id, directory_id, hash, hint, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING id, directory_id, hint, created_at, expires_at, last_used_at",
        t,
        id,
        directory,
        hash,
        hint,
        now,
        expires_at
    )
}

pub(super) async fn tokens(
    c: &mut Conn,
    t: TenantId,
    directory: DirectoryId,
) -> Result<Vec<Token>> {
    sql!(
        c,
        all<Token>,
        "SELECT id, directory_id, hint, created_at, expires_at, last_used_at
         FROM scim_tokens WHERE tenant_id = $1 AND directory_id = $2 ORDER BY created_at, id",
        t,
        directory
    )
}

/// The tokens of many directories.
pub(super) async fn tokens_of(c: &mut Conn, directories: &List) -> Result<Vec<Token>> {
    sql!(
        c,
        all<Token>,
        "SELECT /* platform: a look over many */ s.id, s.directory_id, s.hint, s.created_at, s.expires_at, s.last_used_at
         FROM directories d
         JOIN scim_tokens s ON s.tenant_id = d.tenant_id AND s.directory_id = d.id
         WHERE d.id IN (SELECT value FROM rarray($1)) ORDER BY s.created_at, s.id",
        *directories
    )
}

pub(super) async fn drop_expired(tx: &mut Tx, t: TenantId, directory: DirectoryId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "DELETE FROM scim_tokens WHERE tenant_id = $1 AND directory_id = $2 AND expires_at <= $3",
        t,
        directory,
        now
    )
}

pub(super) async fn delete_token(
    tx: &mut Tx,
    t: TenantId,
    directory: DirectoryId,
    id: ScimTokenId,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM scim_tokens WHERE tenant_id = $1 AND directory_id = $2 AND id = $3",
        t,
        directory,
        id
    )
}

pub(super) async fn by_hash(c: &mut Conn, hash: &str) -> Result<Option<Opens>> {
    sql!(
        c,
        opt<Opens>,
        "SELECT tenant_id, directory_id, id, expires_at FROM scim_tokens WHERE hash = $1
         /* platform: whose a credential is */",
        hash
    )
}

pub(super) async fn used(tx: &mut Tx, t: TenantId, id: ScimTokenId, at: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE scim_tokens SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2
            AND (last_used_at IS NULL OR last_used_at < $3)",
        t,
        id,
        at
    )
}

/// Some of the directories of a tenant that leaves, with their tokens, and its extensions.
pub(super) async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    let mut gone = sql!(tx, exec, some_rows!("scim_tokens", "id"), t, n)?;
    gone += sql!(tx, exec, some_rows!("directories", "id"), t, n)?;
    Ok(gone)
}

row! {
    /// A client secret that ends.
    pub(super) struct Ends {
        pub tenant_id: TenantId,
        pub id: DirectoryId,
        pub name: String,
        pub secret_expires_at: Timestamp,
        pub secret_told: Option<Timestamp>,
    }
}

/// The client secrets that end before `before` and whose end was not told of yet, the first to end first.
pub(super) async fn secrets_that_end(
    c: &mut Conn,
    before: Timestamp,
    most: i64,
) -> Result<Vec<Ends>> {
    sql!(
        c,
        all<Ends>,
        "SELECT tenant_id, id, name, secret_expires_at, secret_told FROM directories /* platform: worker */
         WHERE secret_expires_at <= $1 AND issuer IS NOT NULL AND status = 'active'
           AND (secret_told IS NULL OR secret_told <= secret_expires_at - 86400000000)
         ORDER BY secret_expires_at LIMIT $2",
        before,
        most
    )
}

/// Notes which reminder went out; 0 where the end is another by now, or it did before.
pub(super) async fn secret_told(
    tx: &mut Tx,
    t: TenantId,
    id: DirectoryId,
    ends: Timestamp,
    at: Timestamp,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE directories SET secret_told = $4 WHERE tenant_id = $1 AND id = $2 AND secret_expires_at = $3
            AND (secret_told IS NULL OR secret_told < $4)",
        t,
        id,
        ends,
        at
    )
}
