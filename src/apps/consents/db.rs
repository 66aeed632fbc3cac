//! What people agreed to.

use crate::{
    clock::Timestamp,
    error::Result,
    id::{AppId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
};

row! {
    struct Agreed { scopes: J<Vec<String>> }
}

pub(super) async fn get(
    c: &mut Conn,
    t: TenantId,
    user: UserId,
    app: AppId,
) -> Result<Option<Vec<String>>> {
    let found = sql!(
        c,
        opt<Agreed>,
        "SELECT scopes FROM consents WHERE tenant_id = $1 AND user_id = $2 AND app_id = $3",
        t,
        user,
        app
    )?;
    Ok(found.map(|a| a.scopes.0))
}

row! {
    /// What somebody agreed to.
    #[derive(Debug, Clone)]
    pub struct Consent {
        /// The application.
        pub app: AppId,
        /// Its name; `None` when it is gone.
        pub name: Option<String>,
        /// The scopes.
        pub scopes: J<Vec<String>>,
        /// Last asked.
        pub updated_at: Timestamp,
    }
}

pub(super) async fn list(c: &mut Conn, t: TenantId, user: UserId) -> Result<Vec<Consent>> {
    sql!(
        c,
        all<Consent>,
        "SELECT c.app_id, a.name, c.scopes, c.updated_at FROM consents c
         LEFT JOIN apps a ON a.id = c.app_id /* platform: the application may be the provider's */
         WHERE c.tenant_id = $1 AND c.user_id = $2 ORDER BY c.updated_at DESC",
        t,
        user
    )
}

pub(super) async fn put(
    tx: &mut Tx,
    t: TenantId,
    user: UserId,
    app: AppId,
    scopes: &[String],
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO consents (tenant_id, user_id, app_id, scopes, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (tenant_id, user_id, app_id) DO UPDATE SET scopes = $4, updated_at = $5",
        t,
        user,
        app,
        J(&scopes),
        now
    )
}

pub(super) async fn delete(tx: &mut Tx, t: TenantId, user: UserId, app: AppId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM consents WHERE tenant_id = $1 AND user_id = $2 AND app_id = $3",
        t,
        user,
        app
    )
}

pub(super) async fn delete_of_app(tx: &mut Tx, app: AppId) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM consents /* platform: people of any tenant agreed */ WHERE app_id = $1",
        app
    )
}
