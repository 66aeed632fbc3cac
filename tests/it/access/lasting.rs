//! What is held for a while is given for a while.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session};
use crate::{people::world::World, story};
use muster::{
    access::{
        Permit, Reach,
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, Giver, NewGrant, Wanted, Wide},
        mappings::{self, Target},
        perm::UsersManageRoles,
        roles::{self, RoleEdit},
    },
    actor::UserKind,
    clock::Timestamp,
    error::{Kind, Result},
    id::{RoleId, TenantId},
    users::User,
};
use std::time::Duration;

fn minutes(w: &World, n: u64) -> Timestamp {
    w.store.clock().now().plus(Duration::from_secs(n * 60))
}
async fn for_a_while(w: &World, u: &User, t: TenantId, role: RoleId, until: Timestamp) {
    let new = NewGrant { valid_to: Some(until), ..NewGrant::manual(u.tenant_id, u.id, role) };
    grants::add(&w.access, &w.may(t).await, new).await.unwrap();
}
async fn may(w: &World, u: &User) -> Permit<UsersManageRoles> {
    w.access.require(&session(u), u.tenant_id).await.unwrap()
}
fn refused<T: std::fmt::Debug>(r: Result<T>) {
    let e = r.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "{e:?}");
}

story!(async fn who_holds_it_for_a_while_gives_it_for_no_longer(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await.id;
    let (ann, bob) = (person(&w, acme, "ann", UserKind::Tenant).await, person(&w, acme, "bob", UserKind::Tenant).await);
    let hour = minutes(&w, 60);
    for_a_while(&w, &ann, acme, TENANT_ADMINISTRATOR, hour).await;
    give(&w, &ann, acme, id(READ_ONLY)).await;
    let p = may(&w, &ann).await;
    for to in [&ann, &bob] {
        let new = || NewGrant::manual(acme, to.id, TENANT_ADMINISTRATOR);
        refused(grants::add(&w.access, &p, new()).await);
        let longer = NewGrant { valid_to: Some(hour.plus(Duration::from_micros(1))), ..new() };
        refused(grants::add(&w.access, &p, longer).await);
        grants::add(&w.access, &p, NewGrant { valid_to: Some(hour), ..new() }).await.unwrap();
    }
    // What she holds for good she gives for good, permission by permission.
    grants::add(&w.access, &p, NewGrant::manual(acme, bob.id, id(READ_ONLY))).await.unwrap();
    let new = || NewGrant::manual(acme, bob.id, id(TECHNICIAN));
    refused(grants::add(&w.access, &p, new()).await);
    grants::add(&w.access, &p, NewGrant { valid_to: Some(minutes(&w, 30)), ..new() }).await.unwrap();
});

story!(async fn no_other_way_makes_it_last(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let acme = acme.id;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    let lead = role(&w, acme, "Lead", &["users.manage_roles", "computers.view"], false).await;
    give(&w, &ann, acme, lead.id).await;
    for_a_while(&w, &ann, acme, TENANT_ADMINISTRATOR, minutes(&w, 60)).await;
    let p = may(&w, &ann).await;
    // By a role that she keeps.
    let wider = ["users.manage_roles", "computers.view", "users.delete"].map(str::to_owned).into();
    let edit = RoleEdit { permissions: Some(wider), ..RoleEdit::default() };
    refused(roles::edit(&w.access, &p, lead.id, None, edit).await);
    // By all of somebody's roles at once.
    let bob = person(&w, acme, "bob", UserKind::Tenant).await;
    let wanted = vec![Wanted::there(&p, [TENANT_ADMINISTRATOR, lead.id].into())];
    refused(grants::set(&w.access, &p, bob.id, wanted, Wide::Stays).await);
    grants::set(&w.access, &p, bob.id, vec![Wanted::there(&p, [lead.id].into())], Wide::Stays).await.unwrap();
    // By an invitation that is accepted later.
    let planned = async |role| {
        grants::would_give(&w.access, Giver::Tenant(&p), acme, false, UserKind::Tenant, role).await
    };
    refused(planned(TENANT_ADMINISTRATOR).await);
    planned(lead.id).await.unwrap();
    // By a mapping of her own, which lasts no longer than she answers for it.
    let cid = w.user(&s, "cid@example.com").await;
    let g = w.group(&s, "Administrators", &[cid.id]).await;
    mappings::create(&w.access, &p, Target::Own, g.id, TENANT_ADMINISTRATOR).await.unwrap();
    let q = may(&w, &cid).await;
    assert!(w.access.effective(acme, cid.id, acme).await.unwrap().allows("users.delete"));
    refused(grants::add(&w.access, &q, NewGrant::manual(acme, cid.id, TENANT_ADMINISTRATOR)).await);
    let new = NewGrant { valid_to: Some(minutes(&w, 30)), ..NewGrant::manual(acme, cid.id, TENANT_ADMINISTRATOR) };
    grants::add(&w.access, &q, new).await.unwrap();
});

story!(async fn an_instance_and_a_set_of_tenants_are_given_for_no_longer_either(t) {
    let w = World::new(&t.store);
    let us = w.tenant("us", true).await.id;
    let (a, b) = (w.tenant("alpha", false).await.id, w.tenant("beta", false).await.id);
    let root = make_global(&w, us, "root").await;
    let gina = person(&w, us, "gina", UserKind::Administrator).await;
    let hour = minutes(&w, 60);
    let new = NewGrant { valid_to: Some(hour), ..NewGrant::manual(us, gina.id, GLOBAL_ADMINISTRATOR) };
    grants::add_everywhere(&w.access, &w.global().await, new).await.unwrap();
    let g = w.access.require_global(&session(&gina)).await.unwrap();
    let alma = person(&w, us, "alma", UserKind::Administrator).await;
    let new = || NewGrant::manual(us, alma.id, GLOBAL_ADMINISTRATOR);
    refused(grants::add_everywhere(&w.access, &g, new()).await);
    grants::add_everywhere(&w.access, &g, NewGrant { valid_to: Some(hour), ..new() }).await.unwrap();
    let g = w.access.require_global(&session(&root)).await.unwrap();
    grants::add_everywhere(&w.access, &g, new()).await.unwrap();
    // Of a set, for as long as it is held in each of its tenants.
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let bob = person(&w, us, "bob", UserKind::Technician).await;
    give(&w, &tom, us, TENANT_ADMINISTRATOR).await;
    give(&w, &tom, a, TENANT_ADMINISTRATOR).await;
    for_a_while(&w, &tom, b, TENANT_ADMINISTRATOR, hour).await;
    let o = w.access.over(&may(&w, &tom).await, Reach::set([a, b].into()).unwrap()).await.unwrap();
    let new = || NewGrant::manual(us, bob.id, id(TECHNICIAN));
    refused(grants::add_over(&w.access, &o, new()).await);
    grants::add_over(&w.access, &o, NewGrant { valid_to: Some(hour), ..new() }).await.unwrap();
});

story!(async fn who_answers_for_a_while_and_leaves_leaves_nothing_behind(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let acme = acme.id;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    for_a_while(&w, &ann, acme, TENANT_ADMINISTRATOR, minutes(&w, 60)).await;
    let cid = w.user(&s, "cid@example.com").await;
    let g = w.group(&s, "Administrators", &[cid.id]).await;
    let p = may(&w, &ann).await;
    mappings::create(&w.access, &p, Target::Own, g.id, TENANT_ADMINISTRATOR).await.unwrap();
    assert!(!w.access.effective(acme, cid.id, acme).await.unwrap().is_empty());
    muster::credentials::person::set_enabled(&w.store, &w.may(acme).await, ann.id, false).await.unwrap();
    assert!(w.access.effective(acme, cid.id, acme).await.unwrap().is_empty(), "switched off");
    muster::credentials::person::set_enabled(&w.store, &w.may(acme).await, ann.id, true).await.unwrap();
    assert!(!w.access.effective(acme, cid.id, acme).await.unwrap().is_empty(), "it is theirs to answer for again");
    muster::credentials::person::remove(&w.store, &w.may(acme).await, ann.id, None).await.unwrap();
    assert!(w.access.effective(acme, cid.id, acme).await.unwrap().is_empty(), "deleted");
});
