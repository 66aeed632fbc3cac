//! Nobody is proved yet: what a sign-in writes, the server writes.

use crate::{
    actor::{Actor, Principal},
    directories::portal::Portal,
    id::{RequestId, TenantId},
    sessions::Live,
    store::{Cx, Scope},
};

/// For what a sign-in writes about somebody of `tenant`.
pub(super) fn cx(tenant: TenantId, request: RequestId) -> Cx {
    Cx::new(Actor::prove(Principal::System("sign-in"), request), Scope::Tenant(tenant)).urgent()
}

/// For what somebody does who came by a setup link.
pub(super) fn portal(request: RequestId, p: &Portal) -> Cx {
    let (tenant, directory, link, by) = (p.tenant_id, p.directory_id, p.id, p.by());
    let who = Principal::Portal { tenant, directory, link, by };
    Cx::new(Actor::prove(who, request), Scope::Tenant(tenant))
}

/// For flow rows, which belong to no tenant.
pub(super) fn platform(request: RequestId) -> Cx {
    Cx::new(Actor::prove(Principal::System("sign-in"), request), Scope::Platform).urgent()
}

/// For letting somebody of `tenant` in, who takes the place of whoever was signed in in that browser.
pub(super) fn entering(tenant: TenantId, before: Option<&Live>, request: RequestId) -> Cx {
    match before {
        Some(b) if b.home != tenant => platform(request),
        _ => cx(tenant, request),
    }
}
