//! People as a members page lists them: what each row says beside the person, and who has a role.

use super::{call, own};
use crate::{
    access::{READ_ONLY, give, id, person, role, session},
    people::world::World,
    story,
    support::{person::TENANT_ADMIN, server::TestServer},
};
use muster::actor::UserKind;
use serde_json::{Value, json};

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

/// What a list has, to its end.
async fn whole(s: &TestServer, path: &str) -> Vec<Value> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = own(s, "GET", &format!("{path}{mark}limit=2{cursor}"), Value::Null)
            .await
            .expect(200)
            .json();
        assert!(page["items"].as_array().unwrap().len() <= 2, "{page}");
        seen.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

fn names(all: &[Value]) -> Vec<&str> {
    all.iter().map(|u| u["user_name"].as_str().unwrap()).collect()
}

story!(async fn a_row_says_who_manages_somebody_and_how_they_came_in_last(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let scim = s.directory(acme).await;
    scim.post("/Users", json!({"userName": "dora"})).await.expect(201);
    let ann = s.person(acme, "ann", TENANT_ADMIN).await;
    s.session(acme, ann, "pwd").await;
    s.session(acme, ann, "mfa").await;
    let new = json!({"email": "ida@acme.example", "by_hand": true});
    let ida = own(&s, "POST", "/tenants/acme/invitations", new).await.expect(201).json();
    let all = whole(&s, "/tenants/acme/users").await;
    assert_eq!(names(&all), ["dora", "ann", "ida@acme.example"]);
    let said = |u: &Value| {
        (u["managed_by"].clone(), u["last_signin_at"].is_string(), u["last_class"].clone(), u["pending_invitation"].clone())
    };
    let (no, yes) = (json!(false), json!(true));
    assert_eq!(said(&all[0]), (json!("Directory"), false, Value::Null, no.clone()));
    assert_eq!(said(&all[1]), (Value::Null, true, json!("mfa"), no.clone()), "the last, not the first");
    assert_eq!(said(&all[2]), (Value::Null, false, Value::Null, yes));
    own(&s, "DELETE", &format!("/tenants/acme/invitations/{}", ida["id"].as_str().unwrap()), Value::Null).await.expect(204);
    let all = whole(&s, "/tenants/acme/users?text=ida").await;
    assert_eq!(said(&all[0]).3, no);
});

story!(async fn who_has_a_role_is_found_by_whatever_way_they_have_it(t) {
    let s = TestServer::start(&t).await;
    let (us, acme) = (s.provider().await, s.tenant("acme").await);
    let w = world(&s);
    let scim = s.directory(acme).await;
    let desk = role(&w, acme, "Desk", &["users.view"], false).await;
    let mut members = Vec::new();
    for n in 0..5 {
        let made = scim.post("/Users", json!({"userName": format!("m{n}")})).await.expect(201).json();
        members.push(json!({"value": made["id"]}));
    }
    for group in ["G", "H"] {
        let g = json!({"displayName": group, "members": members});
        scim.post("/Groups", g).await.expect(201);
        let m = json!({"group": group, "role": "Desk"});
        own(&s, "POST", "/tenants/acme/mappings", m).await.expect(201);
    }
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    let bert = person(&w, acme, "bert", UserKind::Tenant).await;
    give(&w, &ann, acme, desk.id).await;
    give(&w, &bert, acme, id(READ_ONLY)).await;
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    give(&w, &tom, acme, desk.id).await;
    let path = "/tenants/acme/users?role=Desk";
    assert_eq!(names(&whole(&s, path).await), ["m0", "m1", "m2", "m3", "m4", "ann"]);
    assert_eq!(names(&whole(&s, &format!("/tenants/acme/users?role={}", desk.id)).await).len(), 6);
    assert_eq!(names(&whole(&s, &format!("{path}&text=m3")).await), ["m3"], "filters add up");
    assert_eq!(names(&whole(&s, "/tenants/acme/users?role=Read-Only").await), ["bert"]);
    // Who is switched off has nothing.
    own(&s, "PATCH", &format!("/tenants/acme/users/{}", ann.id), json!({"enabled": false})).await.expect(200);
    assert_eq!(names(&whole(&s, path).await), ["m0", "m1", "m2", "m3", "m4"]);
    // The default role is had by those whom no group gives anything.
    own(&s, "PUT", "/tenants/acme/default-role", json!({"role": "Desk"})).await.expect(200);
    assert_eq!(names(&whole(&s, path).await), ["m0", "m1", "m2", "m3", "m4", "bert"]);
    // Which role somebody has is told to who manages roles.
    let vera = person(&w, acme, "vera", UserKind::Tenant).await;
    give(&w, &vera, acme, desk.id).await;
    let vera = session(&vera);
    call(&s, Some(&vera), "GET", "/tenants/acme/users", "").await.expect(200);
    call(&s, Some(&vera), "GET", path, "").await.expect(403);
    let a = own(&s, "GET", "/tenants/acme/users?role=Nobody", Value::Null).await.expect(404).json();
    assert_eq!(a["field"], "role");
});

story!(async fn a_group_of_any_size_is_counted_and_read_in_pages(t) {
    let s = TestServer::start(&t).await;
    let (acme, bern) = (s.tenant("acme").await, s.tenant("bern").await);
    s.person(bern, "bea", TENANT_ADMIN).await;
    let scim = s.directory(acme).await;
    let (mut wanted, mut members) = (Vec::new(), Vec::new());
    for n in 0..203 {
        let name = format!("m{n:03}");
        let made = scim.post("/Users", json!({"userName": name})).await.expect(201).json();
        members.push(json!({"value": made["id"]}));
        wanted.push(name);
    }
    let g = json!({"displayName": "All", "members": members});
    let all = scim.post("/Groups", g).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let few = json!({"displayName": "Few", "members": [members[7], members[8], members[9]]});
    let few = scim.post("/Groups", few).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let get = async |path: &str| own(&s, "GET", path, Value::Null).await;
    let at = |id: &str| format!("/tenants/acme/groups/{id}");
    let whole_one = get(&at(&all)).await.expect(200).json();
    assert_eq!((whole_one["members"].as_array().unwrap().len(), &whole_one["member_count"]), (200, &json!(203)));
    let small = get(&at(&few)).await.expect(200).json();
    assert_eq!((names(small["members"].as_array().unwrap()), &small["member_count"]), (vec!["m007", "m008", "m009"], &json!(3)));
    // Page by page they are all there, each once.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("{}/members?limit=50{cursor}", at(&all))).await.expect(200).json();
        seen.extend(names(page["items"].as_array().unwrap()).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, wanted);
    assert_eq!(names(&whole(&s, &format!("{}/members?text=M20", at(&all))).await), ["m200", "m201", "m202"]);
    // A cursor is of one group, and a group of one tenant.
    let first = get(&format!("{}/members?limit=1", at(&all))).await.expect(200).json();
    let next = first["next"].as_str().unwrap();
    let other = get(&format!("{}/members?cursor={next}", at(&few))).await.expect(400).json();
    assert_eq!(other["field"], "cursor");
    for path in [format!("/tenants/bern/groups/{all}/members"), at("01900000-0000-7000-8000-000000000001") + "/members"] {
        get(&path).await.expect(404);
    }
});
