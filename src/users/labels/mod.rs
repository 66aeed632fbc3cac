//! How people are named where others refer to them: a manager's display name.

mod db;

use crate::{
    access::{Permit, perm::Provision},
    error::Result,
    id::UserId,
    store::{Scope, Store},
};
use std::collections::HashMap;

/// The names of those of these users who are of the directory.
pub async fn labels(
    store: &Store,
    p: &Permit<Provision>,
    ids: &[UserId],
) -> Result<HashMap<UserId, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    let found = db::labels(&mut c, p.tenant(), p.directory(), ids).await?;
    Ok(found.into_iter().map(|l| (l.id, l.display_name.unwrap_or(l.user_name))).collect())
}
