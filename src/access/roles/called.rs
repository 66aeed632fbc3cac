//! What roles are called, for documents that name them by their ids.

use super::db;
use crate::{
    access::{
        Access,
        catalogue::shipped_name,
        db::{narrow, widen},
    },
    error::Result,
    id::RoleId,
    store::{Scope, Tx},
};
use std::collections::{BTreeSet, HashMap};

/// The names of these roles; one that is gone has none.
///
/// # Errors
/// The database's.
pub async fn called(
    access: &Access,
    ids: impl IntoIterator<Item = RoleId>,
) -> Result<HashMap<RoleId, String>> {
    let ids: BTreeSet<RoleId> = ids.into_iter().collect();
    let (mut out, mut made) = (HashMap::new(), Vec::new());
    for id in ids {
        match access.catalogue().role(id) {
            Some(built_in) => drop(out.insert(id, built_in.name.clone())),
            None => made.push(id),
        }
    }
    if !made.is_empty() {
        // platform: a role that is offered is the provider's.
        let mut c = access.0.store.read(Scope::Platform).await?;
        out.extend(db::names(&mut c, &made).await?.into_iter().map(|n| (n.id, n.name)));
    }
    Ok(out)
}

/// What a role is called, inside a transaction that may give or take it: in the trail the name outlives the role.
///
/// # Errors
/// The database's.
pub(in crate::access) async fn name_in(tx: &mut Tx, id: RoleId) -> Result<Option<String>> {
    if let Some(built_in) = shipped_name(id) {
        return Ok(Some(built_in.to_owned()));
    }
    // platform: a role that is offered is the provider's.
    let was = widen(tx).await?;
    let found = db::names(tx, &[id]).await?;
    narrow(tx, &was).await?;
    Ok(found.into_iter().next().map(|r| r.name))
}
