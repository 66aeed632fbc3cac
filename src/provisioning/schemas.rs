//! Changes of declared schema extensions that people may carry values of.

use super::PIECE;
use crate::{
    access::{
        Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    directories::{self, Extension},
    error::{Error, Result},
    id::TenantId,
    protocol::scim::extension::{Attribute, Declaration},
    store::{Scope, Store, Tx},
    tx, users,
};
use serde_json::json;

/// A tenant's extension, and how many people carry values of it.
///
/// # Errors
/// `NotFound`.
pub async fn schema(
    store: &Store,
    p: &Permit<SystemViewSettings>,
    urn: &str,
) -> Result<(Extension, i64)> {
    let t = p.tenant();
    let mut c = store.scan(Scope::Tenant(t)).await?;
    let found = directories::extension(&mut c, t, urn).await?;
    let people = users::carriers(&mut c, t, urn, None).await?;
    Ok((found, people))
}

/// Changes a declaration. Attributes may come at any time; one that people carry values of neither goes nor becomes
/// another.
///
/// # Errors
/// `NotFound`; `Precondition`; `Invalid`; `Conflict` (code `in_use`).
pub async fn change_schema(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    urn: &str,
    if_match: Option<i64>,
    to: Declaration,
) -> Result<Extension> {
    to.schema()?;
    let (t, urn) = (p.tenant(), urn.to_owned());
    tx!(store, &p.cx(), [urn, to], |tx| {
        directories::lock(tx, t).await?;
        let was = directories::extension(tx, t, &urn).await?;
        for a in &was.declaration.0.attributes {
            if !to.attributes.iter().any(|b| keeps(a, b)) {
                unused(tx, t, &urn, a).await?;
            }
        }
        let after = directories::set_extension(tx, t, &was, if_match, &to).await?;
        if after == was {
            tx.unaudited("nothing changed");
        }
        Ok(after)
    })
}

/// Whether values of the one are values of the other.
fn keeps(a: &Attribute, b: &Attribute) -> bool {
    a.name == b.name
        && a.kind == b.kind
        && a.multi_valued == b.multi_valued
        && a.sub_attributes.iter().all(|x| b.sub_attributes.iter().any(|y| keeps(x, y)))
}

async fn unused(tx: &mut Tx, t: TenantId, urn: &str, a: &Attribute) -> Result<()> {
    match users::carriers(tx, t, urn, Some(&a.name)).await? {
        0 => Ok(()),
        n => {
            let detail = format!(
                "{} carry a value of '{}': it cannot go or become another; declare a new attribute beside it",
                people(n),
                a.name
            );
            Err(Error::conflict(detail).code("in_use").attr("attributes"))
        }
    }
}

fn people(n: i64) -> String {
    if n == 1 { "1 person".to_owned() } else { format!("{n} people") }
}

/// Takes a declaration away, with `drop_values` also what people carry of it; says from how many. The values go in
/// pieces, so that other writers get their turn; stopped in the middle, it goes on when it is called again.
///
/// # Errors
/// `NotFound`; `Precondition` when `if_match` is not its version; `Conflict` (code `in_use`) when people carry values and they
/// are not to be dropped.
pub async fn withdraw_schema(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    (urn, if_match): (&str, Option<i64>),
    drop_values: bool,
) -> Result<u64> {
    let (t, urn) = (p.tenant(), urn.to_owned());
    let mut dropped = 0;
    loop {
        let urn = urn.clone();
        let n = tx!(store, &p.cx(), [urn], |tx| {
            directories::lock(tx, t).await?;
            let was = directories::extension(tx, t, &urn).await?;
            directories::same_extension(&was, if_match)?;
            let was = was.declaration.0;
            if !drop_values {
                let n = users::carriers(tx, t, &was.id, None).await?;
                if n > 0 {
                    let detail = format!(
                        "{} carry values of '{}'; withdraw it with its values, or empty them first",
                        people(n),
                        was.id
                    );
                    return Err(Error::conflict(detail).code("in_use"));
                }
            }
            let n = users::drop_extension(tx, t, &was.id, PIECE).await?;
            if n == 0 {
                directories::withdraw_extension(tx, t, &was).await?;
            } else {
                let detail = json!({ "id": was.id, "users": n });
                let event = Event::new("schema.drop_values").target("tenant", t);
                audit::record(tx, t, event.detail(detail)).await?;
            }
            Ok(n)
        })?;
        if n == 0 {
            return Ok(dropped);
        }
        dropped += n;
    }
}
