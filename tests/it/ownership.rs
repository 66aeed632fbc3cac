//! Who owns what: whom a directory takes over, whom it does not bring back, whom it cannot switch on, what it sees.

mod again;
mod decided;
mod gone;
mod guard;
mod kept;
mod matrix;
mod mended;
mod taken;
mod told;

use crate::people::world::{World, draft};
use muster::{
    access::{Permit, perm::Provision},
    actor::UserKind,
    domains,
    error::Result,
    id::TenantId,
    provisioning::adoption::{self, Adoption},
    users::{self, Draft, NewUser, User},
};

/// Somebody of no directory.
pub async fn local(w: &World, t: TenantId, name: &str, email: Option<&str>) -> User {
    let new = NewUser {
        kind: UserKind::Tenant,
        user_name: name.into(),
        display_name: None,
        email: email.map(str::to_owned),
    };
    users::add(&w.store, &w.may(t).await, new).await.unwrap()
}

pub async fn confirm(w: &World, t: TenantId, domain: &str) {
    domains::add(&w.store, &w.global().await, t, domain).await.unwrap();
}

/// What the directory's client does.
pub async fn arrives(w: &World, p: &Permit<Provision>, d: Draft) -> Result<(User, bool)> {
    adoption::create(&w.store, &w.access, p, d).await
}

/// The same, refused; gives what the directory is told.
pub async fn kept_out(w: &World, p: &Permit<Provision>, name: &str) -> String {
    let e = arrives(w, p, draft(name)).await.unwrap_err();
    assert_eq!(e.kind(), muster::error::Kind::Conflict, "{e:?}");
    e.detail().to_owned()
}

pub async fn requests(w: &World, t: TenantId) -> Vec<Adoption> {
    adoption::list(&w.store, &w.may(t).await, None, 100).await.unwrap()
}

pub async fn decide(w: &World, a: &Adoption, accept: bool) {
    adoption::decide(&w.store, &w.access, &w.may(a.tenant_id).await, a.id, accept).await.unwrap();
}
