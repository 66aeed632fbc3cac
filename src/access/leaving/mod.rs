//! A tenant leaves: its roles, grants, mappings and what else is of this room goes in pieces, and scopes of others that
//! name it name it no more. What reached that tenant alone is gone with it; an exception of it excepts nothing.

mod db;

use super::{Reach, grants, roles};
use crate::{
    audit::{self, Event},
    error::Result,
    id::TenantId,
    store::{Topic, Tx},
};
use db::{Named, Place};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Removes some of what other things would take with them all at once; says how many rows.
///
/// # Errors
/// The database's.
pub async fn pieces(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::pieces(tx, t, n).await
}

/// Removes some of the rest, after the tenant's people and directories.
///
/// # Errors
/// The database's.
pub async fn rest(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::rest(tx, t, n).await
}

/// Takes the tenant out of what others have: over every tenant's rows, in the transaction that removes it.
///
/// # Errors
/// The database's.
pub async fn unname(tx: &mut Tx, t: TenantId) -> Result<()> {
    for g in db::theirs(tx, t).await? {
        let name = roles::name_in(tx, g.role_id).await?;
        let detail = json!({
            "role": g.role_id, "role_name": name, "scope": "tenant", "tenant": t, "why": "tenant deleted",
        });
        let event = Event::new("grant.remove").target("grant", g.id).detail(detail);
        audit::record(tx, g.tenant_id, event).await?;
        tx.changed(Topic::User(g.tenant_id, g.user_id));
    }
    let (_, pattern) = grants::db::reaching(t, &BTreeSet::new());
    for place in Place::ALL {
        for row in db::single(tx, place, t).await? {
            end(tx, place, &row, t).await?;
        }
        for row in db::named(tx, place, &pattern).await? {
            without(tx, place, row, t).await?;
        }
    }
    tx.changed(Topic::Access(TenantId::PLATFORM));
    Ok(())
}

/// The same scope without a tenant; nothing where it reached no other.
fn narrowed(reach: &Reach, t: TenantId) -> Result<Option<Reach>> {
    let others = || reach.named().filter(|other| *other != t).collect::<BTreeSet<_>>();
    Ok(match reach {
        Reach::Tenants(_) if others().is_empty() => None,
        Reach::Tenants(_) => Some(Reach::set(others())?),
        Reach::Except(_) if others().is_empty() => Some(Reach::Every),
        Reach::Except(_) => Some(Reach::except(others())?),
        other => Some(other.clone()),
    })
}

async fn without(tx: &mut Tx, place: Place, row: Named, t: TenantId) -> Result<()> {
    let Named { tenant_id: home, id, scope } = row;
    let next = narrowed(&Reach::read(&scope, None), t)?;
    let next = match next {
        Some(next) if same(tx, place, (home, id), &next).await? => None,
        next => next,
    };
    let Some(next) = next else {
        return end(tx, place, &Named { tenant_id: home, id, scope }, t).await;
    };
    let to = next.column();
    db::set(tx, place, (home, id), &to, next.tenant()).await?;
    let detail = json!({ "from": scope, "to": to, "why": "tenant deleted", "tenant": t });
    let event = Event::new("scope.narrow").target(place.kind(), id).detail(detail);
    audit::record(tx, home, event).await
}

/// What reached that tenant alone is gone with it, and its owner's trail says so.
async fn end(tx: &mut Tx, place: Place, row: &Named, t: TenantId) -> Result<()> {
    db::delete(tx, place, row.tenant_id, row.id).await?;
    let detail = json!({ "from": row.scope, "to": null, "why": "tenant deleted", "tenant": t });
    let event = Event::new("scope.end").target(place.kind(), row.id).detail(detail);
    audit::record(tx, row.tenant_id, event).await
}

/// Whether another mapping of the same group says the same already.
async fn same(tx: &mut Tx, place: Place, row: (TenantId, Uuid), next: &Reach) -> Result<bool> {
    match (place, next.tenant()) {
        (Place::Mappings, Some(there)) => db::mapped(tx, row, there).await,
        _ => Ok(false),
    }
}
