//! Extensions of the user schema that a tenant's administrator declared. Changing and withdrawing one looks at whom it
//! is in use by, which is `provisioning`'s to know; what touches only the declaration is here.

mod db;

use crate::{
    access::{
        Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::TenantId,
    protocol::scim::{Schemas, extension::Declaration},
    row,
    store::{Conn, J, Lock, Scope, Store, Topic, Tx},
    text::{excerpt, fold},
    tx,
};
use serde_json::json;
use std::sync::Arc;

/// The most extensions of a tenant.
const MAX: usize = 20;

row! {
    /// A declared extension.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Extension {
        /// What was declared.
        pub declaration: J<Declaration>,
        /// Bumped with each change.
        pub version: i64,
        /// When it was declared.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
    }
}

fn gone(urn: &str) -> Error {
    Error::not_found(format!("schema extension '{}'", excerpt(urn)))
}

/// A tenant's, by URN.
pub async fn extensions(store: &Store, p: &Permit<SystemViewSettings>) -> Result<Vec<Extension>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::of_tenant(&mut c, p.tenant()).await
}

/// One of a tenant's, by its URN in any case.
///
/// # Errors
/// `NotFound`.
pub async fn extension(c: &mut Conn, t: TenantId, urn: &str) -> Result<Extension> {
    db::get(c, t, &fold(urn)).await?.ok_or_else(|| gone(urn))
}

/// The attributes of a tenant: the core and what was declared.
pub async fn schemas(c: &mut Conn, t: TenantId) -> Result<Arc<Schemas>> {
    let found = db::of_tenant(c, t).await?;
    if found.is_empty() {
        return Ok(Schemas::core());
    }
    let own = found.iter().map(|e| e.declaration.0.kept()).collect::<Result<_>>()?;
    Ok(Arc::new(Schemas::with(own)))
}

/// Declares an extension.
///
/// # Errors
/// `Invalid`, naming what is wrong with it; `Conflict` when its URN is, or goes on from, another's.
pub async fn declare(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    new: Declaration,
) -> Result<Extension> {
    new.schema()?;
    let t = p.tenant();
    tx!(store, &p.cx(), [new], |tx| {
        lock(tx, t).await?;
        let others = db::of_tenant(tx, t).await?;
        if others.len() >= MAX {
            return Err(Error::conflict(format!("a tenant has at most {MAX} schema extensions")));
        }
        if let Some(other) = others.iter().find(|o| new.clashes(&o.declaration.0.id)) {
            let detail = format!(
                "'{}' is there already, or one of the two begins with the other",
                other.declaration.0.id
            );
            return Err(Error::conflict(detail).attr("id").code("uniqueness"));
        }
        let made = db::insert(tx, t, &fold(&new.id), J(new.clone())).await?;
        record(tx, t, "schema.declare", &new).await?;
        Ok(made)
    })
}

/// Refuses what is meant for another version of a declaration.
///
/// # Errors
/// `Precondition`.
pub fn same_extension(was: &Extension, if_match: Option<i64>) -> Result<()> {
    if if_match.is_some_and(|v| v != was.version) {
        let detail = format!("the schema is at version {}, not the one given", was.version);
        return Err(Error::new(Kind::Precondition, detail));
    }
    Ok(())
}

/// Puts another declaration in the place of one; the caller has seen to it that no values are lost by it.
///
/// # Errors
/// `NotFound`; `Precondition`; `Invalid` for another URN.
pub async fn set_extension(
    tx: &mut Tx,
    t: TenantId,
    was: &Extension,
    if_match: Option<i64>,
    to: &Declaration,
) -> Result<Extension> {
    same_extension(was, if_match)?;
    if to.id != was.declaration.0.id {
        let detail = format!("the URN stays: it is '{}'", was.declaration.0.id);
        return Err(Error::invalid(detail).attr("id"));
    }
    if was.declaration.0 == *to {
        return Ok(was.clone());
    }
    let made = db::update(tx, t, &fold(&to.id), J(to.clone())).await?;
    record(tx, t, "schema.change", to).await?;
    Ok(made)
}

/// Takes a declaration away.
pub async fn withdraw_extension(tx: &mut Tx, t: TenantId, was: &Declaration) -> Result<()> {
    db::delete(tx, t, &fold(&was.id)).await?;
    record(tx, t, "schema.withdraw", was).await
}

/// One change of a tenant's schemas at a time.
pub async fn lock(tx: &mut Tx, t: TenantId) -> Result<()> {
    tx.lock(Lock::Named(format!("schemas {t}"))).await
}

async fn record(tx: &mut Tx, t: TenantId, action: &'static str, d: &Declaration) -> Result<()> {
    let names: Vec<&str> = d.attributes.iter().map(|a| a.name.as_str()).collect();
    let detail = json!({ "id": d.id, "name": d.name, "attributes": names });
    audit::record(tx, t, Event::new(action).target("tenant", t).detail(detail)).await?;
    tx.changed(Topic::Tenant(t));
    Ok(())
}

/// Removes those of a tenant that is deleted.
pub(super) async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    db::leave(tx, t).await
}
