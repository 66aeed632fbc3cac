//! E-mail domains and the tenants they belong to: where somebody who types an address is sent to sign in. A
//! company proves by DNS that a domain is its own ([`claims`]), or a Global Administrator confirms it by hand.
//!
//! May use tenants, directories and what stands below. Must not know what a sign-in does with the answer.

pub mod claims;
mod db;
mod rules;

use crate::{
    access::{Permit, guard, perm::Global},
    audit::{self, Event},
    clock::Timestamp,
    directories,
    error::{Error, Result},
    id::TenantId,
    store::{Conn, Scope, Store, Tx},
    tenants, tx,
};
use serde_json::json;

/// How a domain came to be a tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "DomainMethod")]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A Global Administrator confirmed it.
    Hand,
    /// It was proved by a record in DNS.
    Dns,
}
impl Method {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Dns => "dns",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "hand" => Self::Hand,
            "dns" => Self::Dns,
            _ => return None,
        })
    }
}
crate::enum_column!(Method);

crate::row! {
    /// A domain of a tenant.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Domain {
        /// Whose.
        pub tenant_id: TenantId,
        /// The name as DNS has it: lower case, in ASCII.
        pub name: String,
        /// Who confirmed it.
        pub confirmed_by: String,
        /// When.
        pub created_at: Timestamp,
        /// How.
        pub method: Method,
        /// When the proof was last looked for.
        pub checked_at: Option<Timestamp>,
        /// Since when it is not there any more.
        pub lost_at: Option<Timestamp>,
        /// For so long that nobody new is let in by it.
        pub lapsed: bool,
    }
}

/// Confirms that addresses under `name` are of people of `tenant`.
///
/// # Errors
/// `Invalid` for what is no domain, `NotFound` for the tenant, `Conflict` when the domain is somebody's already, and when
/// nobody who administers would be left who can sign in.
pub async fn add(
    store: &Store,
    p: &Permit<Global>,
    tenant: TenantId,
    name: &str,
) -> Result<Domain> {
    let name = rules::own(name)?;
    let taken = format!("the domain {name} belongs to a tenant already; remove it there first");
    let added = tx!(store, &p.cx(), [name], |tx| {
        if tenants::find(tx, tenant).await?.is_none() {
            return Err(Error::not_found("tenant"));
        }
        // Where the company's login is enforced, what its people of that domain have here of their own opens nothing from now
        // on: somebody who administers must be left who comes in.
        let guard = guard::before(tx, tenant).await?;
        let by = tx.actor().label();
        let domain = db::insert(tx, tenant, &name, &by).await?;
        let event = Event::new("domain.add").target("tenant", tenant);
        audit::record(tx, tenant, event.detail(json!({ "domain": name }))).await?;
        let left = guard.after(tx, guard::By::Hand).await;
        left.map_err(|e| directories::locked_out(e, "domain"))?;
        Ok(domain)
    });
    added.map_err(|e| {
        if e.violates("domains_name") || e.violates("domains") {
            Error::conflict(taken).attr("domain").code("uniqueness")
        } else {
            e
        }
    })
}

/// Takes a domain away; its people find their way in by their company's short name.
///
/// # Errors
/// `NotFound`.
pub async fn remove(store: &Store, p: &Permit<Global>, name: &str) -> Result<()> {
    let name = rules::name(name).map_err(|_| Error::not_found("domain"))?;
    tx!(store, &p.cx(), [name], |tx| {
        let found = db::by_name(tx, &name).await?;
        let tenant = found.ok_or_else(|| Error::not_found("domain"))?.tenant_id;
        db::delete(tx, tenant, &name).await?;
        let event = Event::new("domain.remove").target("tenant", tenant);
        audit::record(tx, tenant, event.detail(json!({ "domain": name }))).await
    })
}

/// All domains, by name, after `after`.
///
/// # Errors
/// The database's.
pub async fn list(
    store: &Store,
    _p: &Permit<Global>,
    after: Option<String>,
    limit: u32,
) -> Result<Vec<Domain>> {
    let mut c = store.read(Scope::Platform).await?;
    db::list(&mut c, &after.unwrap_or_default(), limit).await
}

/// An address in the one form in which it is kept; `None` for what is no plain one.
pub fn plain_address(address: &str) -> Option<String> {
    rules::plain_address(address)
}

/// Whether the domain of an address is confirmed for the tenant: a proof that has been gone for long does not count, and
/// what is no address has none.
///
/// # Errors
/// The database's.
pub async fn confirmed(c: &mut Conn, t: TenantId, address: &str) -> Result<bool> {
    let Ok(name) = rules::of_address(address) else { return Ok(false) };
    Ok(db::by_name(c, &name).await?.is_some_and(|d| d.tenant_id == t && !d.lapsed))
}

/// The tenant that an address belongs to by its domain: where a sign-in begins, before anybody is known.
///
/// # Errors
/// `Invalid` for what is no address; the database's.
pub async fn tenant_of(store: &Store, address: &str) -> Result<Option<TenantId>> {
    let name = rules::of_address(address)?;
    let mut c = store.read(Scope::Platform).await?;
    Ok(db::by_name(&mut c, &name).await?.map(|d| d.tenant_id))
}

/// Frees the domains of a tenant that is deleted.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId) -> Result<u64> {
    Ok(db::leave(tx, t).await? + claims::leave(tx, t).await?)
}
