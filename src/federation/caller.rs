//! Nobody is proved yet: what a sign-in writes, the server writes.

use crate::{
    access::{Permit, perm::Provision},
    actor::{Actor, Principal},
    app::App,
    error::Result,
    id::{DirectoryId, RequestId, TenantId},
    sessions::Live,
    store::{Cx, Scope},
};

/// For what a sign-in writes about somebody of `tenant`.
pub(super) fn cx(tenant: TenantId, request: RequestId) -> Cx {
    Cx::new(Actor::prove(Principal::System("federation"), request), Scope::Tenant(tenant)).urgent()
}

/// For flow rows, which belong to no tenant.
pub(super) fn platform(request: RequestId) -> Cx {
    Cx::new(Actor::prove(Principal::System("federation"), request), Scope::Platform).urgent()
}

/// For notes that nobody waits for.
pub(super) fn later(request: RequestId) -> Cx {
    Cx::new(Actor::prove(Principal::System("federation"), request), Scope::Platform)
}

/// For letting somebody of `tenant` in, who takes the place of whoever was signed in in that browser.
pub(super) fn entering(tenant: TenantId, before: Option<&Live>, request: RequestId) -> Cx {
    match before {
        Some(b) if b.home != tenant => platform(request),
        _ => cx(tenant, request),
    }
}

/// A directory whose provider has proved itself, with a signature: what it may do to its own people.
///
/// # Errors
/// As `access`.
pub(super) async fn directory(
    app: &App,
    tenant: TenantId,
    directory: DirectoryId,
    request: RequestId,
) -> Result<Permit<Provision>> {
    let actor = Actor::prove(Principal::Directory { tenant, directory }, request);
    app.access.provision(&actor).await
}
