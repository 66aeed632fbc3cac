//! Applications' and secrets' SQL.

use super::{App, Kind, SecretInfo, Settings};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, SecretId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
};

macro_rules! app {
    ($tail:literal) => {
        concat!(
            "SELECT tenant_id, id, kind, user_id, client_id, name, public, platform, settings, enabled, created_by,
                    created_at, version
             FROM apps ",
            $tail
        )
    };
}

pub(super) async fn by_client_id(c: &mut Conn, client_id: &str) -> Result<Option<App>> {
    sql!(
        c,
        opt<App>,
        app!("WHERE client_id = $1 /* platform: whose it is, is what is looked up */"),
        client_id
    )
}
pub(super) async fn get(c: &mut Conn, t: TenantId, id: AppId) -> Result<Option<App>> {
    sql!(c, opt<App>, app!("WHERE tenant_id = $1 AND id = $2"), t, id)
}
pub(super) async fn to_be_told(c: &mut Conn, id: AppId) -> Result<Option<String>> {
    sql!(
        c,
        opt<String>,
        "SELECT client_id FROM apps /* platform: it serves people of any tenant */
         WHERE id = $1 AND (settings->>'backchannel_logout_uri') IS NOT NULL",
        id
    )
}
/// Whether an application that people of a tenant sign in to has this home page.
pub(super) async fn begins_at(c: &mut Conn, t: TenantId, uri: &str) -> Result<bool> {
    sql!(
        c,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM apps /* platform: some serve every tenant, scan: there are few */
         WHERE kind = 'app' AND enabled AND (tenant_id = $1 OR platform) AND settings->>'client_uri' = $2)",
        t,
        uri
    )
}
/// The applications that people of a tenant sign in to and that have a home page, by name.
pub(super) async fn openable(c: &mut Conn, t: TenantId, limit: i64) -> Result<Vec<App>> {
    sql!(
        c,
        all<App>,
        app!(
            "/* platform: some serve every tenant, scan: there are few */
             WHERE kind = 'app' AND enabled AND (tenant_id = $1 OR platform) AND settings->>'client_uri' IS NOT NULL
             ORDER BY name, id LIMIT $2"
        ),
        t,
        limit
    )
}
pub(super) async fn page(
    c: &mut Conn,
    t: TenantId,
    kind: Kind,
    after: Option<AppId>,
    limit: i64,
) -> Result<Vec<App>> {
    let after = after.unwrap_or(AppId(uuid::Uuid::nil()));
    sql!(
        c,
        all<App>,
        app!("WHERE tenant_id = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4"),
        t,
        kind,
        after,
        limit
    )
}

pub(super) struct NewRow<'a> {
    pub tenant: TenantId,
    pub id: AppId,
    pub kind: Kind,
    pub user: Option<UserId>,
    pub client_id: &'a str,
    pub name: &'a str,
    pub public: bool,
    pub platform: bool,
    pub settings: J<&'a Settings>,
}

pub(super) async fn insert(tx: &mut Tx, r: &NewRow<'_>) -> Result<()> {
    let (now, by) = (tx.now(), tx.actor().label());
    sql!(
        tx,
        exec,
        "INSERT INTO apps (tenant_id, id, kind, user_id, client_id, name, public, platform, settings, enabled,
                           created_by, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $12)",
        r.tenant,
        r.id,
        r.kind,
        r.user,
        r.client_id,
        r.name,
        r.public,
        r.platform,
        r.settings,
        true,
        by,
        now
    )?;
    Ok(())
}

pub(super) async fn set_enabled(tx: &mut Tx, t: TenantId, id: AppId, on: bool) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE apps SET enabled = $3, version = version + 1, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        on,
        now
    )
}

pub(super) async fn update(
    tx: &mut Tx,
    t: TenantId,
    id: AppId,
    name: &str,
    settings: J<&Settings>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE apps SET name = $3, settings = $4, version = version + 1, updated_at = $5
         WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        name,
        settings,
        now
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, id: AppId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM apps WHERE tenant_id = $1 AND id = $2", t, id)
}

row! {
    /// A secret as authentication needs it.
    #[derive(Debug, Clone)]
    pub struct KeptRow {
        /// The secret.
        pub id: SecretId,
        /// SHA-256 of it.
        pub hash: String,
        /// After this it is refused.
        pub expires_at: Option<Timestamp>,
    }
}

pub(super) async fn kept(c: &mut Conn, t: TenantId, app: AppId) -> Result<Vec<KeptRow>> {
    sql!(
        c,
        all<KeptRow>,
        "SELECT id, hash, expires_at FROM app_secrets WHERE tenant_id = $1 AND app_id = $2 ORDER BY id",
        t,
        app
    )
}

pub(super) async fn secrets(c: &mut Conn, t: TenantId, app: AppId) -> Result<Vec<SecretInfo>> {
    sql!(
        c,
        all<SecretInfo>,
        "SELECT id, hint, created_at, expires_at, last_used_at FROM app_secrets
         WHERE tenant_id = $1 AND app_id = $2 ORDER BY id",
        t,
        app
    )
}

pub(super) async fn insert_secret(
    tx: &mut Tx,
    t: TenantId,
    app: AppId,
    id: SecretId,
    hash: &str,
    hint: &str,
    expires: Option<Timestamp>,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO app_secrets (tenant_id, id, app_id, hash, hint, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        t,
        id,
        app,
        hash,
        hint,
        now,
        expires
    )?;
    Ok(())
}

/// How many secrets are live.
pub(super) async fn live(tx: &mut Tx, t: TenantId, app: AppId) -> Result<i64> {
    let now = tx.now();
    sql!(
        tx,
        one<i64>,
        "SELECT count(*) FROM app_secrets
         WHERE tenant_id = $1 AND app_id = $2 AND (expires_at IS NULL OR expires_at > $3)",
        t,
        app,
        now
    )
}

pub(super) async fn delete_secret(
    tx: &mut Tx,
    t: TenantId,
    app: AppId,
    id: SecretId,
) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM app_secrets WHERE tenant_id = $1 AND app_id = $2 AND id = $3",
        t,
        app,
        id
    )
}

pub(super) async fn used(tx: &mut Tx, t: TenantId, id: SecretId, at: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "UPDATE app_secrets SET last_used_at = $3
         WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)",
        t,
        id,
        at
    )
}
