//! Nobody gives what they do not hold.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session, token};
use crate::{
    people::world::{World, race},
    story,
};
use muster::{
    access::{
        Permit,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, NewGrant},
        mappings::{self, Target},
        perm::UsersManageRoles,
        roles::{self, NewRole, RoleEdit},
    },
    actor::{Actor, UserKind},
    error::Kind,
    id::TenantId,
};
use std::collections::BTreeSet;

async fn may(w: &World, a: &Actor, t: TenantId) -> Permit<UsersManageRoles> {
    w.access.require(a, t).await.unwrap()
}
fn set(permissions: &[&str]) -> BTreeSet<String> {
    permissions.iter().map(|p| (*p).to_owned()).collect()
}

story!(async fn grants_and_mappings_stay_below_what_the_giver_holds(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let lead = role(&w, acme.id, "Lead", &["users.manage_roles", "computers.view"], false).await;
    let small = role(&w, acme.id, "Small", &["computers.view"], false).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let bob = person(&w, acme.id, "bob", UserKind::Tenant).await;
    give(&w, &ann, acme.id, lead.id).await;
    let p = may(&w, &session(&ann), acme.id).await;
    let g = w.group(&s, "All", &[]).await;
    for r in [TENANT_ADMINISTRATOR, id(READ_ONLY), id(TECHNICIAN)] {
        let new = NewGrant::manual(acme.id, bob.id, r);
        let e = grants::add(&w.access, &p, new).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
        let e = mappings::create(&w.access, &p, Target::Own, g.id, r).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
    }
    let to_self = NewGrant::manual(acme.id, ann.id, TENANT_ADMINISTRATOR);
    let e = grants::add(&w.access, &p, to_self).await.unwrap_err();
    assert!(e.detail().contains("nobody gives what they do not hold"), "{e:?}");
    grants::add(&w.access, &p, NewGrant::manual(acme.id, bob.id, small.id)).await.unwrap();
    mappings::create(&w.access, &p, Target::Own, g.id, small.id).await.unwrap();
});

story!(async fn a_role_is_made_and_changed_below_what_the_author_holds(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let lead = role(&w, acme.id, "Lead", &["users.manage_roles", "computers.view"], false).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme.id, lead.id).await;
    let p = may(&w, &session(&ann), acme.id).await;
    let new = |permissions| NewRole { name: "New".into(), permissions, ..NewRole::default() };
    let e = roles::create(&w.access, &p, new(set(&["users.delete"]))).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let own = roles::create(&w.access, &p, new(set(&["computers.view"]))).await.unwrap();
    let edit = |p| RoleEdit { permissions: Some(p), ..RoleEdit::default() };
    // Her own role, too, does not grow by her hand.
    for r in [own.id, lead.id] {
        let more = edit(set(&["users.manage_roles", "computers.view", "users.delete"]));
        let e = roles::edit(&w.access, &p, r, None, more).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
    }
    roles::edit(&w.access, &p, own.id, None, edit(set(&["users.manage_roles"]))).await.unwrap();
});

story!(async fn a_role_edit_is_measured_wherever_the_role_is_used(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    give(&w, &tom, provider.id, TENANT_ADMINISTRATOR).await;
    let standard = role(&w, provider.id, "Standard", &["computers.view"], true).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let p = may(&w, &session(&tom), provider.id).await;
    let more = |x: &str| RoleEdit { permissions: Some(set(&[x])), ..RoleEdit::default() };
    roles::edit(&w.access, &p, standard.id, None, more("software.view")).await.unwrap();
    give(&w, &ann, acme.id, standard.id).await;
    let e = roles::edit(&w.access, &p, standard.id, None, more("users.edit")).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "he holds nothing in acme, where it is used");
    give(&w, &tom, acme.id, TENANT_ADMINISTRATOR).await;
    roles::edit(&w.access, &p, standard.id, None, more("users.edit")).await.unwrap();
});

story!(async fn only_global_administrators_make_global_administrators(t) {
    let w = World::new(&t.store);
    let provider = w.tenant("provider", true).await;
    let gina = make_global(&w, provider.id, "gina").await;
    let tom = person(&w, provider.id, "tom", UserKind::Administrator).await;
    let all = w.access.catalogue().all().iter().map(String::as_str).collect::<Vec<_>>();
    let mighty = role(&w, provider.id, "Mighty", &all, true).await;
    let new = NewGrant::manual(provider.id, tom.id, mighty.id);
    grants::add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    let e = w.access.require_global(&session(&tom)).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "everything by a custom role is not the role");
    let g = w.access.require_global(&session(&gina)).await.unwrap();
    let new = NewGrant::manual(provider.id, tom.id, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&w.access, &g, new).await.unwrap();
    w.access.require_global(&session(&tom)).await.unwrap();
});

story!(async fn a_token_gives_no_more_than_its_scopes(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let bob = person(&w, acme.id, "bob", UserKind::Tenant).await;
    give(&w, &ann, acme.id, TENANT_ADMINISTRATOR).await;
    let t = token(&ann, acme.id, &["users.manage_roles"]);
    let p = may(&w, &t, acme.id).await;
    let e = grants::add(&w.access, &p, NewGrant::manual(acme.id, bob.id, id(READ_ONLY))).await;
    assert_eq!(e.unwrap_err().kind(), Kind::Forbidden);
});

story!(async fn a_role_does_not_grow_past_the_ceiling_while_it_is_given(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    let lead = role(&w, provider.id, "Lead", &["users.manage_roles", "computers.view"], true).await;
    give(&w, &tom, acme.id, lead.id).await;
    give(&w, &tom, provider.id, TENANT_ADMINISTRATOR).await;
    let bob = person(&w, acme.id, "bob", UserKind::Tenant).await;
    for round in 0..8 {
        // Tom may give `computers.view` in acme, and anything at home: together they must not give acme more.
        let r = role(&w, provider.id, &format!("R{round}"), &["computers.view"], true).await;
        let (access, p) = (w.access.clone(), may(&w, &session(&tom), provider.id).await);
        let grow = RoleEdit { permissions: Some(set(&["users.delete"])), ..RoleEdit::default() };
        let grow = async move { roles::edit(&access, &p, r.id, None, grow).await.map(|_| ()) };
        let (access, p) = (w.access.clone(), may(&w, &session(&tom), acme.id).await);
        let new = NewGrant::manual(acme.id, bob.id, r.id);
        let give = async move { grants::add(&access, &p, new).await.map(|_| ()) };
        let (grown, given) = race(grow, give).await;
        assert!(grown.is_ok() != given.is_ok(), "{grown:?} {given:?}");
        let e = w.access.effective(acme.id, bob.id, acme.id).await.unwrap();
        assert!(!e.allows("users.delete"));
    }
});
