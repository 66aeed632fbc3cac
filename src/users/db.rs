//! All SQL of the users room.

use super::{Draft, Page, Query, User, query};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{AppId, DirectoryId, TenantId, UserId},
    sql,
    store::{Conn, J, Tx},
    text::fold,
};
use serde_json::Value;

/// The new row as its caller knows it without reading it back.
pub(super) fn made(
    t: TenantId,
    directory_id: Option<DirectoryId>,
    id: UserId,
    kind: UserKind,
    d: &Draft,
    now: Timestamp,
) -> User {
    User {
        tenant_id: t,
        id,
        directory_id,
        kind,
        user_name: d.user_name.clone(),
        external_id: d.external_id.clone(),
        display_name: d.display_name.clone(),
        email: d.email.clone(),
        active: d.active,
        enabled: true,
        doc: J(d.doc.clone()),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

pub(super) async fn insert_local(
    tx: &mut Tx,
    t: TenantId,
    id: UserId,
    kind: UserKind,
    d: &Draft,
    folded: &Value,
) -> Result<User> {
    let (now, key) = (tx.now(), fold(&d.user_name));
    let email_key = d.email.as_deref().map(fold);
    sql!(
        tx,
        exec,
        "INSERT INTO users (tenant_id, id, kind, user_name, user_name_key, display_name, email, email_key,
                            active, enabled, doc, folded, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, TRUE, $9, $10, 1, $11, $11)",
        t,
        id,
        kind,
        d.user_name,
        key,
        d.display_name,
        d.email,
        email_key,
        J(&d.doc),
        J(folded),
        now
    )?;
    Ok(made(t, None, id, kind, d, now))
}

/// The index of addresses; most people have one.
pub(super) async fn insert_emails(
    tx: &mut Tx,
    t: TenantId,
    user: UserId,
    emails: &[(String, Option<String>)],
) -> Result<()> {
    for (seq, (value, kind)) in (0_i64..).zip(emails) {
        let (value, kind) = (fold(value), kind.as_deref().map(fold));
        sql!(
            tx,
            later,
            "INSERT INTO user_emails (tenant_id, user_id, seq, value_key, type_key)
             VALUES ($1, $2, $3, $4, $5)",
            t,
            user,
            seq,
            value,
            kind
        )?;
    }
    Ok(())
}

pub(super) async fn delete_emails(tx: &mut Tx, t: TenantId, user: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM user_emails WHERE tenant_id = $1 AND user_id = $2", t, user)
}

pub(super) async fn get(c: &mut Conn, t: TenantId, id: UserId) -> Result<Option<User>> {
    sql!(
        c,
        opt<User>,
        "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active, enabled,
                doc, version, created_at, updated_at
         FROM users WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

pub(super) async fn of_directory(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    id: UserId,
) -> Result<Option<User>> {
    sql!(
        c,
        opt<User>,
        "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active, enabled,
                doc, version, created_at, updated_at
         FROM users WHERE tenant_id = $1 AND directory_id = $2 AND id = $3",
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
) -> Result<Page<User>> {
    let select = "SELECT u.tenant_id, u.id, u.directory_id, u.kind, u.user_name, u.external_id, u.display_name,
                u.email, u.active, u.enabled, u.doc, u.version, u.created_at, u.updated_at
         FROM users u WHERE u.tenant_id = $1 AND u.directory_id = $2";
    let count = "SELECT count(*) FROM users u WHERE u.tenant_id = $1 AND u.directory_id = $2";
    query::page(c, q, &query::Select::both(select), count, "u", &[&t, &d]).await
}

/// The tenant's users who sign in with this name, in any case: one of each directory, and one of none.
pub(super) async fn named(c: &mut Conn, t: TenantId, name: &str) -> Result<Vec<UserId>> {
    let key = fold(name);
    sql!(
        c,
        all<UserId>,
        "SELECT id FROM users WHERE tenant_id = $1 AND directory_id IS NULL AND user_name_key = $2
         UNION ALL
         SELECT id FROM users WHERE tenant_id = $1 AND user_name_key = $2
           AND directory_id IN (SELECT d.id FROM directories d WHERE d.tenant_id = $1)",
        t,
        key
    )
}

/// Those whom this address reaches; two at most.
pub(super) async fn reached(c: &mut Conn, t: TenantId, address: &str) -> Result<Vec<UserId>> {
    let key = fold(address);
    sql!(
        c,
        all<UserId>,
        "SELECT id FROM users WHERE tenant_id = $1 AND email_key = $2 LIMIT 2",
        t,
        key
    )
}

/// Writes what the directory says, if the row is still of this version.
pub(super) async fn update_provisioned(
    tx: &mut Tx,
    (t, id, version): (TenantId, UserId, i64),
    d: &Draft,
    folded: &Value,
) -> Result<()> {
    let (now, key) = (tx.now(), fold(&d.user_name));
    let email_key = d.email.as_deref().map(fold);
    sql!(
        tx,
        later_one,
        "UPDATE users SET user_name = $4, user_name_key = $5, external_id = $6, display_name = $7, email = $8,
                email_key = $9, active = $10, doc = $11, folded = $12, version = version + 1, updated_at = $13
         WHERE tenant_id = $1 AND id = $2 AND version = $3",
        t,
        id,
        version,
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

/// The one thing that is a person's to say of somebody whom a directory describes; what the directory writes meanwhile
/// stays. `version`: only of this one.
pub(super) async fn set_kind(
    tx: &mut Tx,
    (t, id): (TenantId, UserId),
    kind: UserKind,
    version: Option<i64>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE users SET kind = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND id = $2 AND version = coalesce($5, version)",
        t,
        id,
        kind,
        now,
        version
    )
}

/// Writes all of somebody whom no directory describes: whoever else changes them holds their lock, too.
pub(super) async fn update_by_hand(
    tx: &mut Tx,
    t: TenantId,
    id: UserId,
    kind: UserKind,
    d: &Draft,
    folded: &Value,
) -> Result<u64> {
    let (now, key) = (tx.now(), fold(&d.user_name));
    let email_key = d.email.as_deref().map(fold);
    sql!(
        tx,
        exec,
        "UPDATE users SET kind = $3, user_name = $4, user_name_key = $5, display_name = $6, email = $7,
                email_key = $8, doc = $9, folded = $10, version = version + 1, updated_at = $11
         WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        kind,
        d.user_name,
        key,
        d.display_name,
        d.email,
        email_key,
        J(&d.doc),
        J(folded),
        now
    )
}

pub(super) async fn set_enabled(tx: &mut Tx, t: TenantId, id: UserId, on: bool) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE users SET enabled = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        on,
        now
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, id: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM users WHERE tenant_id = $1 AND id = $2", t, id)
}

/// Whether the tenant is the provider; `false` where there is no tenant.
pub(super) async fn is_provider(c: &mut Conn, t: TenantId) -> Result<bool> {
    let p = sql!(c, opt<bool>, "SELECT provider FROM tenants WHERE id = $1", t)?;
    Ok(p.unwrap_or(false))
}

/// The clients of an integration user.
pub(super) async fn clients(c: &mut Conn, t: TenantId, user: UserId) -> Result<Vec<AppId>> {
    sql!(c, all<AppId>, "SELECT id FROM apps WHERE tenant_id = $1 AND user_id = $2", t, user)
}

/// Marks a directory's people inactive, all at once, before they go.
pub(super) async fn deactivate_all(tx: &mut Tx, t: TenantId, d: DirectoryId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE users SET active = FALSE, version = version + 1, updated_at = $3
         WHERE tenant_id = $1 AND directory_id = $2 AND active",
        t,
        d,
        now
    )
}

/// Some of a directory's people.
pub(super) async fn some(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
    limit: i64,
) -> Result<Vec<User>> {
    sql!(
        c,
        all<User>,
        "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active, enabled,
                doc, version, created_at, updated_at
         FROM users WHERE tenant_id = $1 AND directory_id = $2 ORDER BY created_at, id LIMIT $3",
        t,
        d,
        limit
    )
}

/// The user of this folded name whom no directory brought.
pub(super) async fn local(c: &mut Conn, t: TenantId, key: &str) -> Result<Option<User>> {
    sql!(
        c,
        opt<User>,
        "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active, enabled,
                doc, version, created_at, updated_at
         FROM users WHERE tenant_id = $1 AND user_name_key = $2 AND directory_id IS NULL",
        t,
        key
    )
}

/// The tenants in which a name has a person of no directory, four at most.
pub(super) async fn homes_of(c: &mut Conn, key: &str) -> Result<Vec<TenantId>> {
    sql!(
        c,
        all<TenantId>,
        "SELECT tenant_id FROM users
         WHERE user_name_key = $1 AND directory_id IS NULL AND kind <> 'integration'
         ORDER BY tenant_id LIMIT 4 /* platform: whose it is, is what is looked up */",
        key
    )
}
