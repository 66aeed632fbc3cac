//! Roles: built-in, custom, offered; a role in use.

use super::{READ_ONLY, give, id, person, role};
use crate::{
    api::own,
    people::world::{World, race},
    story,
    support::TestServer,
};
use muster::{
    access::{
        catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
        grants::{self, NewGrant},
        mappings::{self, Target},
        roles::{self, NewRole, RoleEdit},
    },
    actor::UserKind,
    error::Kind,
};
use serde_json::json;
use std::collections::BTreeSet;

fn set(permissions: &[&str]) -> BTreeSet<String> {
    permissions.iter().map(|p| (*p).to_owned()).collect()
}

story!(async fn built_in_roles_are_there_and_stay(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let p = w.may(acme.id).await;
    let all = roles::list(&w.access, &p).await.unwrap();
    let names: Vec<&str> = all.iter().map(|r| r.name.as_str()).collect();
    let wanted =
        ["Global Administrator", "Tenant Administrator", "Technician", "Read-Only", "Self-Service"];
    assert_eq!(names, wanted);
    for r in [GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR, id(READ_ONLY)] {
        let e = roles::edit(&w.access, &p, r, None, RoleEdit::default()).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
        assert_eq!(roles::delete(&w.access, &p, r, None).await.unwrap_err().kind(), Kind::Forbidden);
    }
    let new = NewRole { name: "technician".into(), ..NewRole::default() };
    let e = roles::create(&w.access, &p, new).await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Conflict, Some("name")));
});

story!(async fn a_custom_role_is_made_changed_and_deleted(t) {
    let w = World::new(&t.store);
    let (acme, other) = (w.tenant("acme", false).await, w.tenant("other", false).await);
    let desk = role(&w, acme.id, "Desk", &["computers.view"], false).await;
    let (p, q) = (w.may(acme.id).await, w.may(other.id).await);
    let new = NewRole { name: "DESK".into(), ..NewRole::default() };
    let e = roles::create(&w.access, &p, new.clone()).await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Conflict, Some("name")));
    roles::create(&w.access, &q, new).await.unwrap();
    let bad = NewRole { name: "x".into(), permissions: set(&["cars.drive"]), ..NewRole::default() };
    let e = roles::create(&w.access, &p, bad).await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("permissions")));
    let e = roles::get(&w.access, &q, desk.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "another tenant's role");
    let e = roles::edit(&w.access, &q, desk.id, None, RoleEdit::default()).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme.id, desk.id).await;
    let held = async || w.access.effective(acme.id, ann.id, acme.id).await.unwrap();
    assert!(held().await.allows("computers.view"));
    let more = RoleEdit { permissions: Some(set(&["computers.edit"])), ..RoleEdit::default() };
    let e = roles::edit(&w.access, &p, desk.id, Some(7), more.clone()).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Precondition);
    let r = roles::edit(&w.access, &p, desk.id, Some(1), more).await.unwrap();
    assert_eq!(r.version, 2);
    assert!(held().await.allows("computers.edit") && !held().await.allows("computers.view"));
    let e = roles::delete(&w.access, &p, desk.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Conflict);
    assert!(e.detail().contains("'ann'"), "it says who has it: {e:?}");
});

story!(async fn a_role_in_use_by_a_mapping_says_so(t) {
    let w = World::new(&t.store);
    let (acme, _, s) = w.company("acme", false).await;
    let desk = role(&w, acme.id, "Desk", &["computers.view"], false).await;
    let g = w.group(&s, "Helpers", &[]).await;
    let p = w.may(acme.id).await;
    let m = mappings::create(&w.access, &p, Target::Own, g.id, desk.id).await.unwrap();
    let e = roles::delete(&w.access, &p, desk.id, None).await.unwrap_err();
    assert!(e.detail().contains("'Helpers'"), "{e:?}");
    mappings::delete(&w.access, &p, m.id).await.unwrap();
    roles::delete(&w.access, &p, desk.id, None).await.unwrap();
    assert_eq!(roles::get(&w.access, &p, desk.id).await.unwrap_err().kind(), Kind::NotFound);
});

story!(async fn the_providers_role_is_offered_to_all(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("provider", true).await, w.tenant("acme", false).await);
    let new = NewRole { name: "x".into(), offered: true, ..NewRole::default() };
    let e = roles::create(&w.access, &w.may(acme.id).await, new).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let standard = role(&w, provider.id, "Standard", &["computers.view"], true).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme.id, standard.id).await;
    let held = async || w.access.effective(acme.id, ann.id, acme.id).await.unwrap();
    assert!(held().await.allows("computers.view"));
    let p = w.may(provider.id).await;
    let more = RoleEdit { permissions: Some(set(&["software.view"])), ..RoleEdit::default() };
    roles::edit(&w.access, &p, standard.id, None, more).await.unwrap();
    assert!(held().await.allows("software.view"), "an edit counts in every tenant at once");
    let back = RoleEdit { offered: Some(false), ..RoleEdit::default() };
    let e = roles::edit(&w.access, &p, standard.id, None, back).await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Conflict, Some("offered")));
    let e = roles::delete(&w.access, &p, standard.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Conflict);
    assert!(!e.detail().contains("ann"), "the provider's page does not name a customer's people");
    let e = roles::delete(&w.access, &w.may(acme.id).await, standard.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "only its owner's to delete");
});

story!(async fn a_role_is_not_deleted_while_it_is_given(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let ann = person(&w, acme.id, "ann", UserKind::Tenant).await;
    for round in 0..8 {
        let r = role(&w, acme.id, &format!("R{round}"), &["computers.view"], false).await;
        let (access, p) = (w.access.clone(), w.may(acme.id).await);
        let delete = async move { roles::delete(&access, &p, r.id, None).await.map(|()| None) };
        let (access, p) = (w.access.clone(), w.may(acme.id).await);
        let new = NewGrant::manual(acme.id, ann.id, r.id);
        let grant = async move { grants::add(&access, &p, new).await.map(|g| Some(g.id)) };
        let (d, g) = race(delete, grant).await;
        match (d, g) {
            (Ok(_), Err(e)) => assert_eq!(e.kind(), Kind::NotFound),
            (Err(e), Ok(_)) => assert_eq!(e.kind(), Kind::Conflict),
            (d, g) => panic!("{d:?} {g:?}"),
        }
    }
});

story!(async fn a_role_is_not_named_so_that_it_is_taken_for_another(t) {
    let s = TestServer::start(&t).await;
    s.provider().await;
    s.tenant("acme").await;
    let make = async |t: &str, name: &str, offered: bool| {
        let body = json!({"name": name, "permissions": ["users.view"], "offered": offered});
        own(&s, "POST", &format!("/tenants/{t}/roles"), body).await
    };
    make("provider", "Help desk", true).await.expect(201);
    // Of built-in roles and of those that are offered, also in letters of other alphabets (the first a, the first e).
    for (name, status) in [
        ("tenant administrator", 409),
        ("Ten\u{430}nt Administrator", 409),
        ("HELP DESK", 409),
        ("H\u{435}lp desk", 409),
        ("Help \u{202e}ksed", 400),
        ("Help\u{2066}", 400),
        ("Help\u{7}", 400),
        ("Help desk 2", 201),
    ] {
        let a = make("acme", name, false).await.expect(status).json();
        assert!(status == 201 || a["field"] == "name", "{name:?}: {a}");
    }
    make("provider", "Help desk", true).await.expect(409);
    let bent = json!({"slug": "bent", "name": "Be\u{202e}nt"});
    assert_eq!(own(&s, "POST", "/tenants", bent).await.expect(400).json()["field"], "name");
});
