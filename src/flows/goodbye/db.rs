//! SQL of sign-outs on their way: flows of another kind than sign-ins.

use super::Goodbye;
use crate::{
    clock::Timestamp,
    error::Result,
    id::FlowId,
    row, sql,
    store::{Conn, J, Tx},
};

pub(super) async fn insert(
    tx: &mut Tx,
    id: FlowId,
    browser: &str,
    to: &J<&Goodbye>,
    expires: Timestamp,
) -> Result<()> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "INSERT INTO flows (id, kind, browser, state, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        "signout",
        browser,
        *to,
        now,
        expires
    )?;
    Ok(())
}

row! {
    pub(super) struct Row { pub state: J<Goodbye> }
}

pub(super) async fn get(
    c: &mut Conn,
    id: FlowId,
    browser: &str,
    now: Timestamp,
) -> Result<Option<Row>> {
    sql!(
        c,
        opt<Row>,
        "SELECT state FROM flows WHERE id = $1 AND kind = 'signout' AND browser = $2 AND expires_at > $3",
        id,
        browser,
        now
    )
}

pub(super) async fn take(
    tx: &mut Tx,
    id: FlowId,
    browser: &str,
    now: Timestamp,
) -> Result<Option<Row>> {
    sql!(
        tx,
        opt<Row>,
        "DELETE FROM flows WHERE id = $1 AND kind = 'signout' AND browser = $2 AND expires_at > $3 RETURNING state",
        id,
        browser,
        now
    )
}
