//! What one company learns of the others: nothing by name.

use super::{READ_ONLY, give, id, make_global, person, role, session};
use crate::{api::call, people::world::World, story, support::TestServer};
use muster::{
    access::{
        Reach,
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant},
        mappings::{self, Target},
    },
    actor::{Actor, UserKind},
    audit,
    id::{TenantId, UserId},
};
use serde_json::{Value, json};

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}
async fn post(s: &TestServer, a: &Actor, path: &str, body: Value) -> (u16, Value) {
    let answer = call(s, Some(a), "POST", path, &body.to_string()).await;
    (answer.status.as_u16(), answer.json())
}

story!(async fn a_preview_names_the_companies_that_are_seen_and_counts_all(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let us = s.provider().await;
    let mut all = Vec::new();
    for n in 0..25 {
        all.push(s.tenant(&format!("secret{n:02}")).await);
    }
    let contoso = s.tenant("zz-contoso").await;
    let scim = w.scim(&w.directory(us, "Entra ID").await).await;
    let tom = w.user(&scim, "tom").await;
    let g = w.group(&scim, "Technicians", &[tom.id]).await;
    let offered = role(&w, us, "Desk", &["computers.view"], true).await;
    let o = w.access.over(&w.may(us).await, Reach::Every).await.unwrap();
    let m = mappings::create(&w.access, &w.may(us).await, Target::Over(&o), g.id, offered.id).await.unwrap();
    let boss = person(&w, us, "boss", UserKind::Technician).await;
    give(&w, &boss, us, TENANT_ADMINISTRATOR).await;
    let root = make_global(&w, us, "root").await;
    let (by_mapping, by_group) = (format!("/mappings/{}/preview", m.id), format!("/groups/{}/preview", g.id));
    let by_role = format!("/roles/{}/preview", offered.id);
    let asks = [(by_mapping, Value::Null), (by_group, Value::Null), (by_role, json!({"delete": true}))];
    for (sees, named) in [(&boss, 1), (&root, 20)] {
        for (path, body) in &asks {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let path = format!("/tenants/{us}{path}");
            let said = call(&s, Some(&session(sees)), "POST", &path, &body).await.expect(200);
            let there = &said.json()["items"][0]["changes"][0];
            assert_eq!(there["tenant_count"], 27, "{path}");
            assert_eq!(there["tenants"].as_array().unwrap().len(), named, "{path}: {there}");
            assert!(named > 1 || !said.text.contains("secret"), "{path}: {}", said.text);
        }
    }
    // Where one works oneself is named, however far down the list it is.
    give(&w, &boss, contoso, id(READ_ONLY)).await;
    let path = format!("/tenants/{us}{}", asks[0].0);
    let said = call(&s, Some(&session(&boss)), "POST", &path, "").await.expect(200);
    assert!(said.text.contains("zz-contoso") && !said.text.contains("secret"), "{}", said.text);
});

story!(async fn a_trail_tells_of_a_chosen_set_what_concerns_the_tenant(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let us = s.provider().await;
    let (contoso, hidden) = (s.tenant("contoso").await, s.tenant("hidden").await);
    let scim = w.scim(&w.directory(us, "Entra ID").await).await;
    let g = w.group(&scim, "Technicians", &[]).await;
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let root = make_global(&w, us, "root").await;
    let set = || Reach::set([contoso, hidden].into()).unwrap();
    for a in [s.owner(), session(&root)] {
        let p = w.access.require(&a, us).await.unwrap();
        let o = w.access.over(&p, set()).await.unwrap();
        let new = NewGrant {
            valid_to: Some(w.store.clock().now().plus(std::time::Duration::from_hours(1))),
            ..NewGrant::manual(us, tom.id, id(READ_ONLY))
        };
        grants::add_over(&w.access, &o, new).await.unwrap();
        let m = mappings::create(&w.access, &p, Target::Over(&o), g.id, id(READ_ONLY)).await.unwrap();
        mappings::adopt(&w.access, &p, Target::Over(&o), m.id).await.unwrap();
        mappings::delete(&w.access, &p, m.id).await.unwrap();
    }
    for (here, other) in [(contoso, hidden), (hidden, contoso)] {
        let trail = audit::list(&w.store, here, &audit::Query::default(), 100).await.unwrap().items;
        let told = |action: &str| trail.iter().filter(|e| e.action == action).collect::<Vec<_>>();
        for action in ["grant.add", "mapping.create", "mapping.adopt", "mapping.delete"] {
            let events = told(action);
            assert_eq!(events.len(), 2, "{action}");
            for e in events {
                let d = &e.detail;
                assert_eq!((&d["scope"], &d["others"]), (&json!("tenants"), &json!(1)), "{action}: {d}");
                assert_eq!(d["tenant"], here.to_string(), "{action}: {d}");
                let text = d.to_string().replace('-', "");
                assert!(!text.contains(&other.0.simple().to_string()), "{action}: {d}");
            }
        }
    }
    // At home the whole of it is written down, once each time.
    let trail = audit::list(&w.store, us, &audit::Query::default(), 200).await.unwrap().items;
    for action in ["grant.add", "mapping.create", "mapping.adopt", "mapping.delete"] {
        let full = |e: &&audit::Entry| e.action == action && e.detail["scope"] == set().column();
        assert_eq!(trail.iter().filter(full).count(), 2, "{action}");
    }
});

/// An answer without what differs each time.
fn plain((status, mut body): (u16, Value)) -> (u16, Value) {
    for name in ["instance", "request", "request_id"] {
        if let Some(o) = body.as_object_mut() {
            o.remove(name);
        }
    }
    (status, body)
}

story!(async fn whether_a_company_exists_is_not_asked_by_the_home_of_a_user(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let (contoso, hidden) = (s.tenant("contoso").await, s.tenant("hidden").await);
    let ann = person(&w, contoso, "ann", UserKind::Tenant).await;
    give(&w, &ann, contoso, TENANT_ADMINISTRATOR).await;
    let bob = person(&w, hidden, "bob", UserKind::Tenant).await;
    let mut answers = Vec::new();
    for user in [bob.id.to_string(), UserId::new().to_string(), "bob".to_owned()] {
        for home in ["hidden".to_owned(), hidden.to_string(), "nowhere".to_owned(), TenantId::new().to_string()] {
            let path = format!("/tenants/contoso/explain?user={user}&home={home}&permission=users.view");
            let a = call(&s, Some(&session(&ann)), "GET", &path, "").await;
            answers.push(plain((a.status.as_u16(), a.json())));
            let body = json!({"user": user, "home": home, "role": "Read-Only"});
            answers.push(plain(post(&s, &session(&ann), "/tenants/contoso/grants", body).await));
        }
    }
    for a in &answers {
        assert_eq!((a.0, &a.1["field"], &a.1["detail"]), (404, &json!("user"), &json!("user not found")), "{a:?}");
        assert_eq!(*a, answers[0]);
    }
});

story!(async fn whether_a_company_exists_is_not_asked_by_what_a_scope_leaves_out(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let us = s.provider().await;
    let hidden = s.tenant("hidden").await;
    let boss = person(&w, us, "boss", UserKind::Technician).await;
    give(&w, &boss, us, TENANT_ADMINISTRATOR).await;
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    let root = make_global(&w, us, "root").await;
    let out = async |a: &Actor, name: String| {
        let scope = json!({"kind": "all_tenants_except", "tenants": [name]});
        let body = json!({"user": tom.id, "role": "Read-Only", "scope": scope});
        plain(post(&s, a, &format!("/tenants/{us}/grants"), body).await)
    };
    let first = out(&session(&boss), "hidden".into()).await;
    assert_eq!(first.0, 403, "{first:?}");
    for name in [hidden.to_string(), "nowhere".into(), TenantId::new().to_string()] {
        assert_eq!(out(&session(&boss), name).await, first);
    }
    // By ids, below the API.
    let p = w.access.require(&session(&boss), us).await.unwrap();
    for id in [hidden, TenantId::new()] {
        let e = w.access.over(&p, Reach::except([id].into()).unwrap()).await.unwrap_err();
        assert_eq!(e.kind(), muster::error::Kind::Forbidden);
    }
    // Who holds such a scope themselves hears what is wrong with it.
    let lead = person(&w, us, "lead", UserKind::Technician).await;
    let o = w.access.over(&w.may(us).await, Reach::except([us].into()).unwrap()).await.unwrap();
    grants::add_over(&w.access, &o, NewGrant::manual(us, lead.id, TENANT_ADMINISTRATOR)).await.unwrap();
    give(&w, &lead, us, TENANT_ADMINISTRATOR).await;
    assert_eq!(out(&session(&lead), "nowhere".into()).await.0, 404);
    assert_eq!(out(&session(&lead), "hidden".into()).await.0, 403, "it would reach the provider");
    assert_eq!(out(&session(&root), "nowhere".into()).await.0, 404);
    assert_eq!(out(&session(&root), "hidden".into()).await.0, 201);
});
