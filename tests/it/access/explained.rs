//! Explain, for people who have nothing where it is asked, and for those who are switched off.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, session, token};
use crate::{
    api::{call, own},
    people::world::World,
    story,
    support::TestServer,
};
use muster::{
    access::{
        catalogue::TENANT_ADMINISTRATOR,
        mappings::{self, Target},
    },
    actor::UserKind,
    id::UserId,
};
use serde_json::{Value, json};

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

story!(async fn who_has_nothing_there_is_told_what_it_would_take(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let us = s.provider().await;
    let (contoso, beta) = (s.tenant("contoso").await, s.tenant("beta").await);
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let bob = person(&w, beta, "bob", UserKind::Tenant).await;
    let root = make_global(&w, us, "root").await;
    // An administrator of the provider's who works at a customer's, and that customer's own.
    let boss = person(&w, us, "boss", UserKind::Technician).await;
    let ann = person(&w, contoso, "ann", UserKind::Tenant).await;
    for (who, there) in [(&boss, us), (&boss, contoso), (&ann, contoso)] {
        give(&w, who, there, TENANT_ADMINISTRATOR).await;
    }
    let ask = |user: &str, home| format!("/tenants/contoso/explain?user={user}&home={home}&permission=computers.view");
    for user in ["tom".to_owned(), tom.id.to_string()] {
        for who in [s.owner(), session(&root), session(&boss)] {
            let x = call(&s, Some(&who), "GET", &ask(&user, us), "").await.expect(200).json();
            assert_eq!((&x["allowed"], &x["paths"], &x["void"]), (&json!(false), &json!([]), &json!([])), "{x}");
            assert_eq!((&x["nothing_counts"], &x["first"]), (&Value::Null, &Value::Null), "{x}");
            let fits = |n: &&Value| n["id"] == TECHNICIAN && n["cannot_be_given"].is_null();
            assert_eq!(x["needed"].as_array().unwrap().iter().filter(fits).count(), 1, "{x}");
        }
        // Whoever does not see the provider's people is not told of them; nor is a token that is bound to the customer.
        for who in [session(&ann), token(&boss, contoso, &["users.manage_roles", "users.view"])] {
            let x = call(&s, Some(&who), "GET", &ask(&user, us), "").await.expect(404).json();
            assert_eq!(x["field"], "user", "{x}");
        }
    }
    // Another customer's person is told of to whoever sees both, and cannot be given anything here.
    let at = ask(&bob.id.to_string(), beta);
    let x = call(&s, Some(&session(&root)), "GET", &at, "").await.expect(200).json();
    let needed = x["needed"].as_array().unwrap();
    assert!(x["allowed"] == false && !needed.is_empty(), "{x}");
    assert!(needed.iter().all(|n| n["cannot_be_given"].is_string()), "{x}");
    call(&s, Some(&session(&boss)), "GET", &at, "").await.expect(404);
    own(&s, "GET", &ask(&UserId::new().to_string(), us), Value::Null).await.expect(404);
});

story!(async fn who_is_switched_off_is_told_so_first_and_by_whom(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let us = s.provider().await;
    let (contoso, _, scim) = w.company("contoso", false).await;
    let contoso = contoso.id;
    let u = w.people(&scim, 1).await;
    let g = w.group(&scim, "Viewers", &u).await;
    mappings::create(&w.access, &w.may(contoso).await, Target::Own, g.id, id(READ_ONLY)).await.unwrap();
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    give(&w, &tom, contoso, id(READ_ONLY)).await;

    let explain = async |user: UserId, home| {
        let path = format!("/tenants/contoso/explain?user={user}&home={home}&permission=users.view");
        own(&s, "GET", &path, Value::Null).await.expect(200).json()
    };
    let off = async |user, home, why: &str, first: &str| {
        let x = explain(user, home).await;
        assert_eq!((&x["allowed"], &x["nothing_counts"], &x["first"]), (&json!(false), &json!(why), &json!(first)), "{x}");
        assert_eq!(x["void"][0]["does_not_count"], why, "{x}");
        let needed = x["needed"].as_array().unwrap();
        let says = |n: &Value| n["explanation"].as_str().is_some_and(|e| e.starts_with(first));
        assert!(!needed.is_empty() && needed.iter().all(says), "{x}");
    };
    let switch = async |on: bool| {
        let path = format!("/tenants/contoso/users/{}", u[0]);
        own(&s, "PATCH", &path, json!({ "enabled": on })).await.expect(200);
    };
    let status = async |is: &str| {
        own(&s, "PATCH", "/tenants/contoso", json!({ "status": is })).await.expect(200);
    };
    let (hand, directory) = ("the user is switched off by hand", "the user is deactivated by their directory");
    assert_eq!(explain(u[0], contoso).await["allowed"], true);
    switch(false).await;
    off(u[0], contoso, hand, "first: switch the user on").await;
    let has = own(&s, "GET", &format!("/tenants/contoso/users/{}/access", u[0]), Value::Null).await.expect(200).json();
    assert_eq!(has["nothing_counts"], hand, "{has}");
    w.set_active(&scim, u[0], false).await.unwrap();
    let first = "first: switch the user on, and have the user's directory activate them again";
    off(u[0], contoso, &format!("{hand}, and {directory}"), first).await;
    switch(true).await;
    off(u[0], contoso, directory, "first: have the user's directory activate them again").await;
    w.set_active(&scim, u[0], true).await.unwrap();
    status("suspended").await;
    let own_tenant = "the user's own tenant is suspended";
    off(u[0], contoso, own_tenant, "first: resume the user's own tenant").await;
    off(tom.id, us, "the tenant is suspended", "first: resume the tenant").await;
    status("active").await;
    let x = explain(u[0], contoso).await;
    assert!(x["allowed"] == true && x["first"].is_null() && x["nothing_counts"].is_null(), "{x}");
});
