//! SQL of the values of declared extensions. URNs and names are bound; they are checked where they are declared, so that
//! between quotes in a path they mean nothing but themselves.

use crate::{
    error::Result,
    id::TenantId,
    sql,
    store::{Conn, Tx},
};

pub(super) async fn carriers(c: &mut Conn, t: TenantId, key: &str) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        {lite: "SELECT count(*) FROM users
                WHERE tenant_id = $1 AND json_type(folded, '$.\"' || $2 || '\"') IS NOT NULL
                /* scan: an administrator changes the schema, and is told how many it concerns */",
         pg: "SELECT count(*) FROM users WHERE tenant_id = $1 AND (folded -> $2::text) IS NOT NULL
              /* scan: an administrator changes the schema, and is told how many it concerns */"},
        t,
        key
    )
}

pub(super) async fn carriers_of(c: &mut Conn, t: TenantId, key: &str, attr: &str) -> Result<i64> {
    sql!(
        c,
        one<i64>,
        {lite: "SELECT count(*) FROM users
                WHERE tenant_id = $1 AND json_type(folded, '$.\"' || $2 || '\".\"' || $3 || '\"') IS NOT NULL
                /* scan: an administrator changes the schema, and is told how many it concerns */",
         pg: "SELECT count(*) FROM users WHERE tenant_id = $1 AND (folded -> $2::text -> $3::text) IS NOT NULL
              /* scan: an administrator changes the schema, and is told how many it concerns */"},
        t,
        key,
        attr
    )
}

pub(super) async fn drop_values(
    tx: &mut Tx,
    t: TenantId,
    urn: &str,
    key: &str,
    limit: i64,
) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        {lite: "UPDATE users SET doc = json_remove(doc, '$.\"' || $2 || '\"'),
                       folded = json_remove(folded, '$.\"' || $3 || '\"'),
                       version = version + 1, updated_at = $5
                WHERE tenant_id = $1 AND id IN (
                  SELECT id FROM users WHERE tenant_id = $1 AND json_type(folded, '$.\"' || $3 || '\"') IS NOT NULL
                  LIMIT $4)
                /* scan: an extension is withdrawn with its values, in pieces */",
         pg: "UPDATE users SET doc = doc - $2::text, folded = folded - $3::text,
                     version = version + 1, updated_at = $5
              WHERE tenant_id = $1 AND id IN (
                SELECT id FROM users WHERE tenant_id = $1 AND (folded -> $3::text) IS NOT NULL LIMIT $4)
              /* scan: an extension is withdrawn with its values, in pieces */"},
        t,
        urn,
        key,
        limit,
        now
    )
}
