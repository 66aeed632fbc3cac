//! A permit is had by who holds the permission there, and by nobody else.

use super::{
    READ_ONLY, SELF_SERVICE, TECHNICIAN, give, id, make_global, person, role, session, token,
};
use crate::{people::world::World, story};
use muster::{
    access::{
        catalogue::TENANT_ADMINISTRATOR,
        perm::{SystemEditSettings, SystemViewLogs, UsersEdit, UsersView},
    },
    actor::UserKind,
    error::Kind,
    id::TenantId,
    tenants::{self, Status},
};
use std::sync::Arc;

story!(async fn a_role_permits_in_its_tenant_and_nowhere_else(t) {
    let w = World::new(&t.store);
    let (acme, other) = (w.tenant("acme", false).await, w.tenant("other", false).await);
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let a = session(&ann);
    let e = w.access.require::<UsersView>(&a, acme.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    assert!(e.detail().contains("users.view"), "{e:?}");
    give(&w, &ann, acme.id, id(READ_ONLY)).await;
    let p = w.access.require::<UsersView>(&a, acme.id).await.unwrap();
    assert_eq!(p.tenant(), acme.id);
    assert!(p.held().allows("computers.view") && !p.held().allows("computers.edit"));
    let e = w.access.require::<UsersEdit>(&a, acme.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let e = w.access.require::<UsersView>(&a, other.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "another tenant is not to be seen");
    let e = w.access.require::<UsersView>(&a, TenantId::new()).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "as one that does not exist");
    assert_eq!(w.access.require_global(&a).await.unwrap_err().kind(), Kind::Forbidden);
    assert_eq!(w.access.system(&a, acme.id).await.unwrap_err().kind(), Kind::Forbidden);
    assert_eq!(w.access.provision(&a).await.unwrap_err().kind(), Kind::Forbidden);
});

story!(async fn a_token_needs_the_scope_and_stays_in_its_tenant(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let tom = person(&w, provider.id, "tom", UserKind::Technician).await;
    give(&w, &tom, acme.id, TENANT_ADMINISTRATOR).await;
    give(&w, &tom, provider.id, TENANT_ADMINISTRATOR).await;
    let narrow = token(&tom, acme.id, &["users.view", "computers.view"]);
    let p = w.access.require::<UsersView>(&narrow, acme.id).await.unwrap();
    assert!(!p.held().allows("computers.edit"), "the ceiling is the token's");
    let e = w.access.require::<UsersEdit>(&narrow, acme.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "held, but not in the token");
    let e = w.access.require::<UsersView>(&narrow, provider.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "the token is for another tenant");
    let greedy = token(&tom, acme.id, &["users.view", "system.manage_licenses", "nothing.known"]);
    let p = w.access.require::<UsersView>(&greedy, acme.id).await.unwrap();
    assert!(!p.held().allows("nothing.known"), "a scope adds nothing");
});

story!(async fn a_global_administrator_may_do_everything_everywhere(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let gina = make_global(&w, provider.id, "gina").await;
    let g = session(&gina);
    w.access.require::<SystemEditSettings>(&g, acme.id).await.unwrap();
    w.access.require::<SystemViewLogs>(&g, TenantId::PLATFORM).await.unwrap();
    assert!(w.access.require_global(&g).await.unwrap().held().global);
    let everywhere = w.access.tenants_of(provider.id, gina.id).await.unwrap();
    assert_eq!(everywhere, [provider.id, acme.id]);
    let by_token = token(&gina, acme.id, &["users.view"]);
    let e = w.access.require_global(&by_token).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "a token of one tenant does not run the instance");
});

story!(async fn who_is_switched_off_or_of_a_suspended_tenant_has_nothing(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let gina = make_global(&w, provider.id, "gina").await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme.id, id(READ_ONLY)).await;
    let held = async || w.access.effective(acme.id, ann.id, acme.id).await.unwrap();
    assert!(held().await.allows("users.view"));
    muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, ann.id, false).await.unwrap();
    assert!(held().await.is_empty(), "at once");
    muster::credentials::person::set_enabled(&w.store, &w.may(acme.id).await, ann.id, true).await.unwrap();
    assert!(held().await.allows("users.view"));
    tenants::set_status(&w.store, &w.global().await, acme.id, Status::Suspended).await.unwrap();
    assert!(held().await.is_empty());
    let e = w.access.require::<UsersView>(&session(&gina), acme.id).await.unwrap_err();
    assert_eq!((e.kind(), e.detail()), (Kind::Forbidden, "the tenant is suspended"));
    tenants::set_status(&w.store, &w.global().await, acme.id, Status::Active).await.unwrap();
    assert!(held().await.allows("users.view"));
});

story!(async fn roles_add_up_and_say_whether_they_demand_mfa(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let held = async || w.access.effective(acme.id, ann.id, acme.id).await.unwrap();
    give(&w, &ann, acme.id, id(SELF_SERVICE)).await;
    let e = held().await;
    assert!(e.self_service && e.permissions.is_empty() && !e.mfa && !e.is_empty());
    give(&w, &ann, acme.id, id(READ_ONLY)).await;
    give(&w, &ann, acme.id, id(TECHNICIAN)).await;
    let e = held().await;
    assert!(e.allows("computers.remote_control") && e.allows("users.view") && !e.mfa);
    let desk = role(&w, acme.id, "Desk", &["users.add"], false).await;
    give(&w, &ann, acme.id, desk.id).await;
    let e = held().await;
    assert!(e.mfa && e.allows("users.add"));
    let names: Vec<&str> = e.roles.iter().filter(|r| r.mfa).map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["Desk"]);
    assert_eq!(e.paths.len(), 4);
});

story!(async fn an_answer_is_kept_until_something_changes(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    let bob = person(&w, acme.id, "bob", UserKind::Tenant).await;
    give(&w, &ann, acme.id, id(READ_ONLY)).await;
    let held = async || w.access.effective(acme.id, ann.id, acme.id).await.unwrap();
    let first = held().await;
    assert!(Arc::ptr_eq(&first, &held().await), "the same answer, not computed again");
    give(&w, &bob, acme.id, id(READ_ONLY)).await;
    assert!(Arc::ptr_eq(&first, &held().await), "nothing of hers changed");
    give(&w, &ann, acme.id, id(TECHNICIAN)).await;
    assert!(!Arc::ptr_eq(&first, &held().await));
});
