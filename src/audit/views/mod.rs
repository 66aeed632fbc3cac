//! What a person looks for in a tenant's trail again and again: named queries, theirs alone. The caller holds the permit to
//! read that trail.

mod db;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::{TenantId, UserId, ViewId},
    row,
    store::{Cx, Scope, Store},
    text, tx,
};

/// So many may somebody keep in one tenant.
pub const MOST: usize = 50;
/// The longest name, in characters.
const NAME: usize = 100;
/// The longest query.
const QUERY: usize = 2_000;

row! {
    /// A named query.
    #[derive(Debug, Clone)]
    pub struct View {
        /// Its id.
        pub id: ViewId,
        /// What its owner calls it.
        pub name: String,
        /// The query, as it stands in an address.
        pub query: String,
        /// Since when there is it.
        pub created_at: Timestamp,
    }
}

/// Those of a person in a tenant, by name.
///
/// # Errors
/// The database's.
pub async fn list(store: &Store, t: TenantId, who: (TenantId, UserId)) -> Result<Vec<View>> {
    let mut c = store.read(Scope::Tenant(t)).await?;
    db::list(&mut c, t, who).await
}

/// Keeps a query under a name; `cx` is the person's own, over the tenant and theirs.
///
/// # Errors
/// `Invalid`, naming the field; `Conflict` for a name that one of theirs has, or where there are [`MOST`].
pub async fn keep(
    store: &Store,
    cx: &Cx,
    t: TenantId,
    who: (TenantId, UserId),
    (name, query): (&str, &str),
) -> Result<View> {
    let name = text::checked("name", text::name("name", name)?, NAME)?.to_owned();
    let query = text::line("query", query, QUERY)?.to_owned();
    let key = text::fold(&name);
    tx!(store, cx, [name, query, key], |tx| {
        tx.unaudited("what somebody looks for is their own");
        if db::list(tx, t, who).await?.len() >= MOST {
            let text = format!("there are {MOST} already; remove one");
            return Err(Error::conflict(text).code("too_many"));
        }
        let made = db::insert(tx, t, who, (&name, &key), &query).await?;
        made.ok_or_else(|| Error::conflict(format!("'{name}' is there already")).attr("name"))
    })
}

/// Removes one of a person's.
///
/// # Errors
/// `NotFound`, also for somebody else's.
pub async fn remove(
    store: &Store,
    cx: &Cx,
    t: TenantId,
    who: (TenantId, UserId),
    id: ViewId,
) -> Result<()> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("what somebody looks for is their own");
        match db::delete(tx, t, who, id).await? {
            0 => Err(Error::not_found("view")),
            _ => Ok(()),
        }
    })
}
