//! A cursor is good for the list that it came from, and for no other.

use super::{call, own};
use crate::{
    access::{person, session},
    people::world::World,
    story,
    support::{person::READ_ONLY, server::TestServer},
};
use muster::actor::UserKind;
use serde_json::{Value, json};

async fn page(s: &TestServer, path: &str) -> Value {
    own(s, "GET", path, Value::Null).await.expect(200).json()
}

fn next(page: &Value) -> &str {
    page["next"].as_str().unwrap_or_else(|| panic!("no next: {page}"))
}

story!(async fn a_cursor_of_another_list_is_refused_and_hides_nothing(t) {
    let s = TestServer::start(&t).await;
    let (acme, bern) = (s.tenant("acme").await, s.tenant("bern").await);
    for name in ["ann", "bert", "carl"] {
        for tenant in [acme, bern] {
            let who = s.person(tenant, name, READ_ONLY).await;
            s.session(tenant, who, "pwd").await;
        }
    }
    for n in 0..3 {
        let new = json!({"email": format!("i{n}@acme.example"), "by_hand": true});
        own(&s, "POST", "/tenants/acme/invitations", new).await.expect(201);
    }
    let lists = [
        "/tenants", "/tenants/acme/users", "/tenants/bern/users", "/tenants/acme/roles", "/tenants/acme/grants",
        "/tenants/acme/invitations", "/tenants/acme/audit", "/tenants/acme/users?text=a",
        "/tenants/acme/audit?action=user.*", "/tenants/acme/users?enabled=true",
    ];
    let with = |list: &str, more: &str| format!("{list}{}{more}", if list.contains('?') { '&' } else { '?' });
    for from in lists {
        let first = page(&s, &with(from, "limit=1")).await;
        let cursor = next(&first);
        for to in lists {
            let a = own(&s, "GET", &with(to, &format!("cursor={cursor}")), Value::Null).await;
            if from == to {
                // With another limit it is the same list.
                let whole = page(&s, to).await;
                let rest = a.expect(200).json();
                let (all, rest) = (whole["items"].as_array().unwrap(), rest["items"].as_array().unwrap());
                assert_eq!(&all[1..], rest.as_slice(), "{from}");
                continue;
            }
            let a = a.expect(400).json();
            assert_eq!(a["field"], "cursor", "{from} -> {to}: {a}");
            assert!(a["detail"].as_str().unwrap().contains("another list"), "{a}");
        }
    }
    // The bare id of a row is no cursor either.
    let user = page(&s, "/tenants/acme/users").await["items"][0]["id"].as_str().unwrap().to_owned();
    for list in ["/tenants", "/tenants/acme/users", "/tenants/acme/grants", "/tenants/acme/signins"] {
        let a = own(&s, "GET", &format!("{list}?cursor={user}"), Value::Null).await.expect(400).json();
        assert_eq!(a["field"], "cursor", "{list}: {a}");
    }
});

story!(async fn a_cursor_goes_on_under_the_tenants_id_and_in_another_order_of_words(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    for name in ["ann", "anna", "annika"] {
        s.person(acme, name, READ_ONLY).await;
    }
    let first = page(&s, "/tenants/acme/users?text=ann&enabled=true&limit=1").await;
    let rest = page(&s, &format!("/tenants/{acme}/users?cursor={}&enabled=true&text=ann", next(&first))).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 2, "{rest}");
    assert_eq!(rest["next"], Value::Null);
    // Who has nothing in a tenant hears the same of it with any cursor.
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let bern = s.tenant("bern").await;
    let bea = session(&person(&w, bern, "bea", UserKind::Tenant).await);
    for tenant in ["acme", "nowhere"] {
        let path = format!("/tenants/{tenant}/users?cursor={}", next(&first));
        call(&s, Some(&bea), "GET", &path, "").await.expect(404);
    }
});
