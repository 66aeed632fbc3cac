//! Integration users as something that somebody answers for: whoever chose what one may use. Its id stands among those of
//! mappings.

pub use super::db::Answered;
use super::{Standing, TOPIC, db};
use crate::{
    access::{Access, db as paths},
    audit::{self, Event},
    error::Result,
    id::{AppId, MappingId, TenantId, UserId},
    outbox,
    store::{Conn, Scope, Topic, Tx},
};
use serde_json::json;
use std::collections::HashMap;

/// The integration user with this id, for who tells of it.
///
/// # Errors
/// The database's.
pub async fn find(c: &mut Conn, t: TenantId, id: MappingId) -> Result<Option<Answered>> {
    Ok(db::integrations(c, t, &[id]).await?.pop())
}

/// Whoever acts answers for this integration user from now on: its maker (`first`), or somebody later.
///
/// # Errors
/// The database's.
pub async fn answer(tx: &mut Tx, t: TenantId, app: AppId, first: bool) -> Result<()> {
    db::answer(tx, t, app, first).await
}

/// Those of these integration users for which somebody answers, each with how they stand, whether or not it has a
/// role yet.
///
/// # Errors
/// The database's.
pub async fn standings(
    access: &Access,
    t: TenantId,
    these: &[AppId],
) -> Result<HashMap<AppId, (Standing, Answered)>> {
    let ids: Vec<MappingId> = these.iter().map(|a| MappingId(a.0)).collect();
    // platform: who answers for one may be of the provider's.
    let mut c = access.0.store.read_steadily(Scope::Platform).await?;
    let rows = db::integrations(&mut c, t, &ids).await?;
    let found = paths::mapped(&mut c, access.catalogue(), Some(&ids)).await?;
    drop(c);
    let (settled, _) = access.0.people.settled(&found).await?;
    let authors = settled.into_iter().filter_map(|p| p.author);
    let stands: HashMap<AppId, Standing> =
        authors.map(|a| (AppId(a.mapping.0), a.standing)).collect();
    let with = |a: Answered| (a.id, (stands.get(&a.id).copied().unwrap_or_default(), a));
    Ok(rows.into_iter().map(with).collect())
}

/// Writes down that it is suspended, or is not any more, while this author answers for it; has an administrator told of the
/// first. Says whether that was news. Call it over every tenant's rows.
pub(in crate::access) async fn noted(
    tx: &mut Tx,
    id: MappingId,
    author: (TenantId, UserId),
    suspended: bool,
) -> Result<bool> {
    let changed = db::record_integration(tx, id, author, suspended).await?;
    let Some(a) = changed else { return Ok(false) };
    if suspended {
        outbox::push(tx, a.tenant_id, TOPIC, &json!({ "mapping": id })).await?;
    }
    let action = if suspended { "integration.suspend" } else { "integration.resume" };
    let event = Event::new(action).target("app", a.id).detail(json!({ "name": a.name }));
    audit::record(tx, a.tenant_id, event).await?;
    tx.changed(Topic::App(a.id));
    if let Some(user) = a.user_id {
        tx.changed(Topic::User(a.tenant_id, user));
    }
    Ok(true)
}
