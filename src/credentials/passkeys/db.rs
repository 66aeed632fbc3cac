//! SQL of passkeys.

use super::{KeptPasskey, NewPasskey, OwnPasskey};
use crate::{
    error::Result,
    id::{PasskeyId, TenantId, UserId},
    sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

pub async fn insert(tx: &mut Tx, t: TenantId, u: UserId, new: &NewPasskey) -> Result<PasskeyId> {
    let (id, now) = (PasskeyId::new(), tx.now());
    let passkey = J(&new.passkey);
    let (credential, name, aaguid) = (&new.credential, &new.name, new.aaguid.as_deref());
    sql!(
        tx,
        exec,
        "INSERT INTO passkeys (tenant_id, id, user_id, credential_id, name, aaguid, passkey, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)",
        t,
        id,
        u,
        credential,
        name,
        aaguid,
        passkey,
        now
    )?;
    Ok(id)
}

pub async fn list(c: &mut Conn, t: TenantId, u: UserId) -> Result<Vec<OwnPasskey>> {
    sql!(
        c,
        all<OwnPasskey>,
        "SELECT id, credential_id, name, aaguid, created_at, last_used_at, suspect_at FROM passkeys
         WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at, id",
        t,
        u
    )
}

/// The passkey of a credential that somebody shows who has not said who they are.
pub async fn shown(c: &mut Conn, credential: &str) -> Result<Option<KeptPasskey>> {
    sql!(
        c,
        opt<KeptPasskey>,
        "SELECT tenant_id, id, user_id, passkey, suspect_at FROM passkeys
         WHERE credential_id = $1 /* platform: whose it is, is what is looked up */",
        credential
    )
}

pub async fn find(c: &mut Conn, t: TenantId, id: PasskeyId) -> Result<Option<KeptPasskey>> {
    sql!(
        c,
        opt<KeptPasskey>,
        "SELECT tenant_id, id, user_id, passkey, suspect_at FROM passkeys WHERE tenant_id = $1 AND id = $2",
        t,
        id
    )
}

pub async fn used(tx: &mut Tx, t: TenantId, id: PasskeyId, passkey: &Value) -> Result<u64> {
    let (now, passkey) = (tx.now(), J(passkey));
    sql!(
        tx,
        exec,
        "UPDATE passkeys SET passkey = $3, last_used_at = $4 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        passkey,
        now
    )
}

/// Notes that there may be two of it.
pub async fn suspect(tx: &mut Tx, t: TenantId, id: PasskeyId) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE passkeys SET suspect_at = $3 WHERE tenant_id = $1 AND id = $2",
        t,
        id,
        now
    )
}

pub async fn delete(tx: &mut Tx, t: TenantId, u: UserId, id: PasskeyId) -> Result<bool> {
    let n = sql!(
        tx,
        exec,
        "DELETE FROM passkeys WHERE tenant_id = $1 AND user_id = $2 AND id = $3",
        t,
        u,
        id
    )?;
    Ok(n > 0)
}

pub async fn delete_all(tx: &mut Tx, t: TenantId, u: UserId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM passkeys WHERE tenant_id = $1 AND user_id = $2", t, u)
}
