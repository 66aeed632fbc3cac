//! Who may do what: roles, grants, mappings, the ceiling, explain; the guards with two at once.

mod authors;
mod ceiling;
mod defaults;
mod demoted;
mod differential;
mod ending;
mod entrusted;
mod explained;
mod grants;
mod kept;
mod kinds;
mod last;
mod lasting;
mod laws;
mod makers;
mod mappings;
mod naive;
mod previews;
mod races;
mod require;
mod roles;
mod scope_kinds;
mod scopes;
mod strangers;

use crate::people::world::World;
use muster::{
    access::{
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{NewGrant, add, add_everywhere},
        roles::{NewRole, Role, create},
    },
    actor::{Actor, Principal, UserKind},
    id::{RequestId, RoleId, TenantId, UserId},
    users::{self, NewUser, User},
};

pub const TECHNICIAN: &str = "01900000-0000-7000-8000-000000000003";
pub const READ_ONLY: &str = "01900000-0000-7000-8000-000000000004";
pub const SELF_SERVICE: &str = "01900000-0000-7000-8000-000000000005";

pub fn id(text: &str) -> RoleId {
    text.parse().unwrap()
}

/// Somebody added by hand.
pub async fn person(w: &World, t: TenantId, name: &str, kind: UserKind) -> User {
    let new = NewUser { kind, user_name: name.into(), display_name: None, email: None };
    let user = users::add(&w.store, &w.may(t).await, new).await.unwrap();
    crate::support::way_in(&w.store, t, user.id).await;
    user
}

/// The owner gives a role in a tenant.
pub async fn give(w: &World, u: &User, t: TenantId, role: RoleId) {
    add(&w.access, &w.may(t).await, NewGrant::manual(u.tenant_id, u.id, role)).await.unwrap();
}

/// The owner makes a Global Administrator.
pub async fn make_global(w: &World, provider: TenantId, name: &str) -> User {
    let u = person(w, provider, name, UserKind::Administrator).await;
    let new = NewGrant::manual(provider, u.id, GLOBAL_ADMINISTRATOR);
    add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    u
}

/// The owner makes a role.
pub async fn role(w: &World, t: TenantId, name: &str, permissions: &[&str], offered: bool) -> Role {
    let permissions = permissions.iter().map(|p| (*p).to_owned()).collect();
    let new = NewRole { name: name.into(), description: String::new(), permissions, offered };
    create(&w.access, &w.may(t).await, new).await.unwrap()
}

/// Somebody with a session.
pub fn session(u: &User) -> Actor {
    actor(u.tenant_id, u.id, u.kind, None, None)
}

/// Somebody with a token of these scopes, bound to a tenant.
pub fn token(u: &User, bound: TenantId, scopes: &[&str]) -> Actor {
    let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
    actor(u.tenant_id, u.id, u.kind, Some(bound), Some(scopes))
}

fn actor(
    home: TenantId,
    user: UserId,
    kind: UserKind,
    bound: Option<TenantId>,
    scopes: Option<Vec<String>>,
) -> Actor {
    let scopes = scopes.map(Into::into);
    let who = Principal::User { home, user, kind, session: None, app: None, scopes, bound };
    Actor::prove(who, RequestId::new())
}
