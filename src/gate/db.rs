//! What the gate reads of other rooms, and the access tokens that were revoked one by one.

use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, FamilyId, TenantId, UserId},
    row, sql,
    store::{Conn, J, Tx},
    tenants::Policy,
};

row! {
    pub(super) struct TenantRow {
        pub live: bool,
        pub policy: J<Policy>,
        pub version: i64,
    }
}
pub(super) async fn tenant(c: &mut Conn, id: TenantId) -> Result<Option<TenantRow>> {
    sql!(
        c,
        opt<TenantRow>,
        "SELECT (status = 'active'), policy, version FROM tenants WHERE id = $1",
        id
    )
}

row! {
    pub(super) struct PersonRow {
        pub live: bool,
        pub kind: UserKind,
        pub user_name: String,
        pub display_name: Option<String>,
        pub email: Option<String>,
    }
}
pub(super) async fn person(c: &mut Conn, t: TenantId, id: UserId) -> Result<Option<PersonRow>> {
    sql!(
        c,
        opt<PersonRow>,
        "SELECT (active AND enabled), kind, user_name, display_name, email FROM users
         WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

pub(super) async fn directory(c: &mut Conn, t: TenantId, id: DirectoryId) -> Result<Option<bool>> {
    sql!(
        c,
        opt<bool>,
        "SELECT (status = 'active') FROM directories WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

pub(super) async fn revoked(c: &mut Conn, jti: &str, family: Option<FamilyId>) -> Result<bool> {
    let family = family.map_or_else(|| jti.to_owned(), |f| f.to_string());
    let found = sql!(
        c,
        all<Timestamp>,
        "SELECT expires_at FROM revoked_tokens WHERE jti IN ($1, $2)",
        jti,
        family
    )?;
    Ok(!found.is_empty())
}

pub(super) async fn revoke(tx: &mut Tx, jti: &str, until: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING",
        jti,
        until
    )
}

pub(super) async fn sweep(tx: &mut Tx) -> Result<u64> {
    let now = tx.now();
    sql!(tx, exec, "DELETE FROM revoked_tokens WHERE expires_at < $1", now)
}
