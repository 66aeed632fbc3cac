//! Test logins' SQL.

use super::{Trial, TrialRow};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, TenantId, TrialId},
    sql,
    store::{Conn, J, Tx},
};
use serde_json::Value;

/// Makes room for the next of the same person's.
pub(super) async fn replace(tx: &mut Tx, t: TenantId, d: DirectoryId, by: &str) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM signin_tests WHERE tenant_id = $1 AND directory_id = $2 AND asked_by = $3",
        t,
        d,
        by
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    t: TenantId,
    (id, d): (TrialId, DirectoryId),
    hash: &str,
    by: &str,
    generation: i64,
    expires: Timestamp,
) -> Result<TrialRow> {
    let now = tx.now();
    sql!(
        tx,
        one<TrialRow>,
        "INSERT INTO signin_tests (tenant_id, id, directory_id, hash, asked_by, generation, created_at, expires_at, result)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '{}')
         RETURNING id, directory_id, asked_by, generation, created_at, expires_at, opened_at, ended_at, passed, result",
        t,
        id,
        d,
        hash,
        by,
        generation,
        now,
        expires
    )
}

pub(super) async fn of_directory(
    c: &mut Conn,
    t: TenantId,
    d: DirectoryId,
) -> Result<Vec<TrialRow>> {
    sql!(
        c,
        all<TrialRow>,
        "SELECT id, directory_id, asked_by, generation, created_at, expires_at, opened_at, ended_at, passed, result
         FROM signin_tests WHERE tenant_id = $1 AND directory_id = $2 ORDER BY created_at DESC, id DESC",
        t,
        d
    )
}

pub(super) async fn open(tx: &mut Tx, hash: &str) -> Result<Option<Trial>> {
    let now = tx.now();
    sql!(
        tx,
        opt<Trial>,
        "UPDATE signin_tests /* platform: whose it is, is what is looked up */ SET opened_at = $2
         WHERE hash = $1 AND opened_at IS NULL AND expires_at > $2
         RETURNING tenant_id, directory_id, id, generation",
        hash,
        now
    )
}

pub(super) async fn end(
    tx: &mut Tx,
    t: TenantId,
    id: TrialId,
    passed: bool,
    result: J<&Value>,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE signin_tests SET ended_at = $3, passed = $4, result = $5
         WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL",
        t,
        id,
        now,
        passed,
        result
    )
}
