//! Signing keys' SQL.

use super::State;
use crate::{
    clock::Timestamp,
    crypto::jwt::Jwk,
    error::Result,
    id::KeyId,
    row, sql,
    store::{Conn, J, Tx},
};

row! {
    pub(super) struct Row {
        pub id: KeyId,
        pub kid: String,
        pub alg: String,
        pub state: State,
        pub private: String,
        pub public: J<Jwk>,
        pub created_at: Timestamp,
    }
}

pub(super) async fn all(c: &mut Conn) -> Result<Vec<Row>> {
    sql!(
        c,
        all<Row>,
        "SELECT /* scan: a handful of rows */ id, kid, alg, state, private, public, created_at
         FROM signing_keys ORDER BY id DESC"
    )
}

pub(super) async fn active(c: &mut Conn, alg: &str) -> Result<Option<String>> {
    sql!(
        c,
        opt<String>,
        "SELECT /* scan: a handful of rows */ kid FROM signing_keys WHERE alg = $1 AND state = 'active'",
        alg
    )
}

pub(super) async fn newest(c: &mut Conn, alg: &str) -> Result<Option<Timestamp>> {
    sql!(
        c,
        opt<Timestamp>,
        "SELECT /* scan: a handful of rows */ created_at FROM signing_keys WHERE alg = $1
         ORDER BY created_at DESC LIMIT 1",
        alg
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: KeyId,
    kid: &str,
    alg: &str,
    state: State,
    private: &str,
    public: &J<&Jwk>,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO signing_keys (id, kid, alg, state, private, public, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        kid,
        alg,
        state,
        private,
        *public,
        now
    )?;
    Ok(())
}

/// How many keys have to move on.
pub(super) async fn due(c: &mut Conn, made: Timestamp, retired: Timestamp) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        "SELECT /* scan: a handful of rows */ count(*) FROM signing_keys
         WHERE (state = 'pending' AND created_at <= $1) OR (state = 'retired' AND retired_at <= $2)",
        made,
        retired
    )
}

pub(super) async fn newest_pending(
    c: &mut Conn,
    alg: &str,
    made: Timestamp,
) -> Result<Option<String>> {
    sql!(
        c,
        opt<String>,
        "SELECT /* scan: a handful of rows */ kid FROM signing_keys
         WHERE alg = $1 AND state = 'pending' AND created_at <= $2 ORDER BY id DESC LIMIT 1",
        alg,
        made
    )
}

/// What signed, and what was pending beside the newest, only verifies from now on.
pub(super) async fn retire(tx: &mut Tx, alg: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE signing_keys /* scan: a handful of rows */ SET state = 'retired', retired_at = $2
         WHERE alg = $1 AND state <> 'retired'",
        alg,
        now
    )
}

pub(super) async fn activate(tx: &mut Tx, kid: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE signing_keys SET state = 'active', active_at = $2, retired_at = NULL WHERE kid = $1",
        kid,
        now
    )
}

pub(super) async fn forget(tx: &mut Tx, retired: Timestamp) -> Result<u64> {
    sql!(
        tx,
        exec,
        "DELETE FROM signing_keys /* scan: a handful of rows */ WHERE state = 'retired' AND retired_at <= $1",
        retired
    )
}
