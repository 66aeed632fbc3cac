//! A tenant that is deleted, as far as its own row goes: marked, counted, removed. What goes in between is `farewell`'s.

use super::{Tenant, db, rules};
use crate::{
    access::{Permit, perm::Global},
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Result},
    id::TenantId,
    sessions::{self, Who},
    store::{J, Lock, Scope, Store, Topic, Tx},
    tx,
};
use serde::{Deserialize, Serialize};

/// How far a deletion is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleting {
    /// Whose wish it is ([`crate::actor::Actor::label`]).
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// How many rows are gone.
    pub removed: i64,
}

/// Changes of a tenant's life are made one after the other.
pub(super) fn lock(id: TenantId) -> Lock {
    Lock::Named(format!("tenant {id}"))
}

/// Marks a tenant to be deleted: from now on nothing brings it back. Said again, it is as it was.
///
/// # Errors
/// `NotFound`; `Forbidden` for the provider's own; `Conflict` (`not_suspended`) for one that is not suspended; `Invalid`
/// when `confirm` is not its slug; `Precondition` when `if_match` is not its version.
pub async fn mark(
    store: &Store,
    p: &Permit<Global>,
    id: TenantId,
    (confirm, if_match): (&str, Option<i64>),
) -> Result<Tenant> {
    let confirm = confirm.to_owned();
    tx!(store, &p.cx().urgent(), [confirm], |tx| {
        let gone = || Error::not_found("tenant");
        tx.lock(lock(id)).await?;
        let was = db::get(tx, id).await?.ok_or_else(gone)?;
        super::fresh(&was, if_match)?;
        rules::may_delete(&was, &confirm)?;
        if was.deleting.is_some() {
            return Ok(was);
        }
        let to = Deleting { by: tx.actor().label(), since: tx.now(), removed: 0 };
        db::set_deleting(tx, id, J(to)).await?;
        // Nothing of it lives since it was suspended; what was begun in that very moment does not, either.
        sessions::revoke(tx, Who::Tenant(id), "tenant deleted").await?;
        told(tx, "tenant.delete", &was, serde_json::json!({})).await?;
        tx.changed(Topic::Tenant(id));
        db::get(tx, id).await?.ok_or_else(gone)
    })
}

/// In the trail of the tenant, which stays, and in that of the instance, where it is found.
async fn told(
    tx: &mut Tx,
    action: &'static str,
    t: &Tenant,
    mut detail: serde_json::Value,
) -> Result<()> {
    detail["slug"] = t.slug.clone().into();
    detail["name"] = t.name.clone().into();
    for trail in [t.id, TenantId::PLATFORM] {
        let event = Event::new(action).target("tenant", t.id).detail(detail.clone());
        audit::record(tx, trail, event).await?;
    }
    Ok(())
}

/// Tenants that are being deleted.
///
/// # Errors
/// The database's.
pub async fn leaving(store: &Store) -> Result<Vec<TenantId>> {
    let mut c = store.read(Scope::Platform).await?;
    db::leaving(&mut c).await
}

/// Counts rows that are gone.
///
/// # Errors
/// `Internal` for a tenant that nobody wants deleted: nothing of it goes.
pub async fn progress(tx: &mut Tx, id: TenantId, rows: u64) -> Result<()> {
    match db::progress(tx, id, i64::try_from(rows).unwrap_or(i64::MAX)).await? {
        0 => Err(Error::internal("nobody wants this tenant deleted")),
        _ => Ok(()),
    }
}

/// Removes the row of a tenant of which nothing else is left; says whether it was there.
///
/// # Errors
/// The database's.
pub async fn remove(tx: &mut Tx, id: TenantId) -> Result<bool> {
    tx.lock(lock(id)).await?;
    let Some(was) = db::get(tx, id).await? else { return Ok(false) };
    let Some(J(deleting)) = &was.deleting else { return Ok(false) };
    db::delete(tx, id).await?;
    let detail = serde_json::json!({
        "by": deleting.by, "since": deleting.since.rfc3339(), "removed": deleting.removed,
    });
    told(tx, "tenant.deleted", &was, detail).await?;
    // Whatever any node remembers of it.
    tx.changed(Topic::Everything);
    Ok(true)
}
