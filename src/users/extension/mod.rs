//! Values of declared extensions in users' documents: how many people carry some, and taking them away.

mod db;

use crate::{
    error::Result,
    id::TenantId,
    store::{Conn, Tx},
    text::fold,
};

/// How many people of a tenant carry values of the extension of this URN; with `attr`, of that attribute of it.
pub(crate) async fn carriers(
    c: &mut Conn,
    t: TenantId,
    urn: &str,
    attr: Option<&str>,
) -> Result<i64> {
    match attr {
        None => db::carriers(c, t, &fold(urn)).await,
        Some(attr) => db::carriers_of(c, t, &fold(urn), &fold(attr)).await,
    }
}

/// Takes the values of an extension from up to `limit` people; says from how many.
pub(crate) async fn drop_extension(tx: &mut Tx, t: TenantId, urn: &str, limit: i64) -> Result<u64> {
    db::drop_values(tx, t, urn, &fold(urn), limit).await
}
