//! What uses a role; a role in use is not deleted, and says who has it.

use crate::{
    access::{give, person, role, session},
    api::{call, own},
    people::world::World,
    story,
    support::server::TestServer,
};
use muster::{
    access::mappings::{self, Target},
    actor::UserKind,
};
use serde_json::{Value, json};

story!(async fn a_role_says_who_and_what_uses_it_and_is_not_deleted_before(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let (acme, _, scim) = w.company("acme", false).await;
    let acme = acme.id;
    let desk = role(&w, acme, "Desk", &["computers.view"], false).await;
    let one = format!("/tenants/acme/roles/{}", desk.id);
    let none = own(&s, "GET", &format!("{one}/uses"), Value::Null).await.expect(200).json();
    assert_eq!((&none["total"], &none["elsewhere"]), (&json!(0), &json!(0)));

    for n in 0..5 {
        let who = person(&w, acme, &format!("p{n}"), UserKind::Tenant).await;
        give(&w, &who, acme, desk.id).await;
    }
    let g = w.group(&scim, "Helpers", &[]).await;
    mappings::create(&w.access, &w.may(acme).await, Target::Own, g.id, desk.id).await.unwrap();
    let invite = json!({"email": "finn@acme.example", "roles": [{"role": "Desk"}]});
    let i = own(&s, "POST", "/tenants/acme/invitations", invite).await.expect(201).json();
    let other = json!({"email": "gina@acme.example", "roles": [{"role": "Read-Only"}]});
    own(&s, "POST", "/tenants/acme/invitations", other).await.expect(201);

    let used = own(&s, "GET", &format!("{one}/uses?limit=2"), Value::Null).await.expect(200).json();
    assert_eq!(used["total"], 7);
    assert_eq!(used["grants"]["total"], 5, "all are counted");
    let names: Vec<&str> =
        used["grants"]["items"].as_array().unwrap().iter().map(|h| h["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["p0", "p1"], "and the first are named");
    assert_eq!((&used["mappings"]["total"], &used["mappings"]["items"][0]["name"]), (&json!(1), &json!("Helpers")));
    assert_eq!(used["invitations"]["total"], 1);
    assert_eq!(used["invitations"]["items"][0]["name"], "finn@acme.example");
    assert_eq!(used["parked"]["total"], 0);

    let e = own(&s, "DELETE", &one, Value::Null).await.expect(409).json();
    let why = e["detail"].as_str().unwrap();
    for words in ["held by 'p0', 'p1', 'p2' and 2 more", "the group 'Helpers'", "'finn@acme.example'"] {
        assert!(why.contains(words), "{why}");
    }
    // What is only promised is a use as well, until it is taken back.
    let all = own(&s, "GET", "/tenants/acme/grants", Value::Null).await.expect(200).json();
    for g in all["items"].as_array().unwrap() {
        let g = format!("/tenants/acme/grants/{}", g["id"].as_str().unwrap());
        own(&s, "DELETE", &g, Value::Null).await.expect(204);
    }
    let m = used["mappings"]["items"][0]["id"].as_str().unwrap();
    own(&s, "DELETE", &format!("/tenants/acme/mappings/{m}"), Value::Null).await.expect(204);
    let e = own(&s, "DELETE", &one, Value::Null).await.expect(409);
    assert!(e.text.contains("promised in the invitation of 'finn@acme.example'"), "{}", e.text);
    let i = format!("/tenants/acme/invitations/{}", i["id"].as_str().unwrap());
    own(&s, "DELETE", &i, Value::Null).await.expect(204);
    own(&s, "DELETE", &one, Value::Null).await.expect(204);
    own(&s, "GET", &format!("{one}/uses"), Value::Null).await.expect(404);
});

story!(async fn uses_beyond_the_tenant_are_counted_for_the_owner_and_named_for_nobody(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let us = w.tenant("us", true).await.id;
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let standard = role(&w, us, "Standard", &["computers.view"], true).await;
    for (t, name) in [(acme, "ann"), (other, "oda")] {
        let who = person(&w, t, name, UserKind::Tenant).await;
        give(&w, &who, t, standard.id).await;
    }
    let at = |t: &str| format!("/tenants/{t}/roles/{}/uses", standard.id);
    let a = own(&s, "GET", &at("us"), Value::Null).await.expect(200);
    assert_eq!((&a.json()["total"], &a.json()["elsewhere"]), (&json!(0), &json!(2)));
    assert!(!a.text.contains("ann"), "{}", a.text);
    // Somebody of a customer's sees their own, and not that there are others.
    let keeps = role(&w, acme, "Keeper", &["users.manage_roles"], false).await;
    let kim = person(&w, acme, "kim", UserKind::Tenant).await;
    give(&w, &kim, acme, keeps.id).await;
    let a = call(&s, Some(&session(&kim)), "GET", &at("acme"), "").await.expect(200).json();
    assert_eq!((&a["total"], &a["elsewhere"]), (&json!(1), &json!(0)));
    assert_eq!(a["grants"]["items"][0]["name"], "ann");
    let e = own(&s, "DELETE", &format!("/tenants/us/roles/{}", standard.id), Value::Null).await.expect(409);
    assert!(e.text.contains("given 2 times beyond this tenant"), "{}", e.text);
});
