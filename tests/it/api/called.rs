//! Names beside ids: whoever did something is called what people call them, and nobody learns a name that is not theirs to
//! know. What is made says where it is.

use super::{call, own};
use crate::{
    access::{give, id, person, session},
    people::world::World,
    story,
    support::{
        person::{READ_ONLY, TENANT_ADMIN},
        server::TestServer,
    },
};
use axum::http::Request;
use muster::actor::UserKind;
use serde_json::{Value, json};
use tower::ServiceExt as _;

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

/// The items of a list in which `field` is `value`, and what `wanted` is there.
fn of(page: &Value, field: &str, value: &str, wanted: &str) -> Vec<Value> {
    let all = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    all.iter().filter(|i| i[field] == value).map(|i| i[wanted].clone()).collect()
}

story!(async fn whoever_did_something_is_called_by_name_and_no_stranger_is(t) {
    let s = TestServer::start(&t).await;
    let (us, acme) = (s.provider().await, s.tenant("acme").await);
    let w = world(&s);
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, id(TENANT_ADMIN)).await;
    let path = format!("/tenants/acme/users/{}", ann.id);
    own(&s, "PATCH", &path, json!({"display_name": "Ann Ames"})).await.expect(200);
    let tom = person(&w, us, "tom", UserKind::Technician).await;
    give(&w, &tom, acme, id(TENANT_ADMIN)).await;
    let (ann_is, tom_is) = (session(&ann), session(&tom));
    let bert = json!({"kind": "tenant", "user_name": "bert"}).to_string();
    call(&s, Some(&tom_is), "POST", "/tenants/acme/users", &bert).await.expect(201);
    let role = json!({"name": "Desk", "permissions": ["users.view"]}).to_string();
    call(&s, Some(&tom_is), "POST", "/tenants/acme/roles", &role).await.expect(201);
    let g = json!({"user": "bert", "role": "Read-Only"}).to_string();
    let made = call(&s, Some(&tom_is), "POST", "/tenants/acme/grants", &g).await.expect(201).json();
    assert_eq!(made["granted_by_name"], "tom", "{made}");
    let g = json!({"user": "bert", "role": "Desk"}).to_string();
    let made = call(&s, Some(&ann_is), "POST", "/tenants/acme/grants", &g).await.expect(201).json();
    assert_eq!(made["granted_by_name"], "Ann Ames", "{made}");
    let get = async |who, path: &str| call(&s, Some(who), "GET", path, "").await.expect(200).json();
    let tom_label = format!("user:{}", tom.id);
    let (grants, trail) = ("/tenants/acme/grants", "/tenants/acme/audit");
    let told = get(&ann_is, grants).await;
    assert_eq!(of(&told, "granted_by", &tom_label, "granted_by_name"), ["tom"], "who works here is known here");
    let owner = "the owner of the data directory";
    assert_eq!(of(&told, "granted_by", "owner", "granted_by_name"), [owner, owner]);
    let told = get(&ann_is, trail).await;
    assert_eq!(of(&told, "action", "role.create", "actor_name"), ["tom"]);
    assert_eq!(of(&told, "action", "role.create", "target_name"), ["Desk"]);
    assert_eq!(of(&told, "action", "user.add", "target_name"), ["bert", "Ann Ames"]);
    assert_eq!(get(&ann_is, "/me").await["actor_name"], "Ann Ames");
    let told = get(&ann_is, "/tenants/acme/explain?user=bert&permission=users.view").await;
    let paths = told["paths"].as_array().unwrap();
    let by: Vec<&Value> = paths.iter().map(|p| &p["by_name"]).collect();
    assert_eq!(by, ["tom", "Ann Ames"], "{told}");

    // Tom has nothing there any more: his name is the provider's to know.
    let toms = own(&s, "GET", &format!("{grants}?user={}", tom.id), Value::Null).await.expect(200).json();
    let toms = format!("{grants}/{}", toms["items"][0]["id"].as_str().unwrap());
    own(&s, "DELETE", &toms, Value::Null).await.expect(204);
    let stranger = "somebody of the provider";
    let told = get(&ann_is, grants).await;
    assert_eq!(of(&told, "granted_by", &tom_label, "granted_by_name"), [stranger], "{told}");
    assert_eq!(of(&get(&ann_is, trail).await, "action", "role.create", "actor_name"), [stranger]);
    let told = own(&s, "GET", grants, Value::Null).await.expect(200).json();
    assert_eq!(of(&told, "granted_by", &tom_label, "granted_by_name"), ["tom"], "the owner knows everybody");
    // One of the provider's who sees its people knows him as well.
    let tess = person(&w, us, "tess", UserKind::Technician).await;
    give(&w, &tess, acme, id(TENANT_ADMIN)).await;
    give(&w, &tess, us, id(READ_ONLY)).await;
    let tess = session(&tess);
    let told = get(&tess, grants).await;
    assert_eq!(of(&told, "granted_by", &tom_label, "granted_by_name"), ["tom"], "{told}");
    // Who is gone has no name.
    own(&s, "DELETE", &format!("/tenants/provider/users/{}", tom.id), Value::Null).await.expect(204);
    let told = get(&ann_is, grants).await;
    assert_eq!(of(&told, "granted_by", &tom_label, "granted_by_name"), [Value::Null], "{told}");
});

story!(async fn what_is_made_says_where_it_is(t) {
    let s = TestServer::start(&t).await;
    s.provider().await;
    s.tenant("acme").await;
    for (path, body) in [
        ("/tenants", json!({"slug": "beta", "name": "Beta"})),
        ("/tenants/acme/users", json!({"kind": "tenant", "user_name": "bert"})),
        ("/tenants/acme/roles", json!({"name": "Desk", "permissions": ["users.view"]})),
        ("/tenants/acme/apps", json!({"name": "A", "redirect_uris": ["https://a.example/cb"]})),
        ("/tenants/acme/directories", json!({"name": "D", "preset": "entra"})),
        ("/tenants/acme/invitations", json!({"email": "dora@acme.example", "by_hand": true})),
        ("/tenants/acme/integrations", json!({"name": "I", "scopes": ["users.view"]})),
        ("/tenants/acme/domains", json!({"domain": "acme.example"})),
        ("/administrators", json!({"user_name": "eve"})),
        ("/break-glass", json!({"user_name": "glass"})),
    ] {
        let a = own(&s, "POST", path, body).await.expect(201);
        let at = a.header("location").strip_prefix("/api/v1").unwrap_or_else(|| panic!("{path}: {:?}", a.headers));
        let made = a.json();
        let known = made["id"].as_str().or(made["domain"].as_str()).or(made["user"].as_str());
        let known = known.or(made["user"]["id"].as_str()).unwrap();
        assert!(at.ends_with(known), "{path}: {at}");
        if path.ends_with("domains") {
            own(&s, "DELETE", at, Value::Null).await.expect(204);
        } else {
            let got = own(&s, "GET", at, Value::Null).await.expect(200).json();
            assert!(got["id"] == known, "{path}: {got}");
        }
    }
    let d = json!({"user": "bert", "role": "Read-Only"});
    let a = own(&s, "POST", "/tenants/acme/grants", d).await.expect(201);
    let at = a.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    own(&s, "DELETE", &at, Value::Null).await.expect(204);
});

story!(async fn a_weak_version_matches_nothing(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let new = json!({"kind": "tenant", "user_name": "bert"});
    let a = own(&s, "POST", "/tenants/acme/users", new).await.expect(201);
    let path = a.header("location").to_owned();
    for (tag, status) in [("W/\"1\"", 412), ("\"2\"", 412), ("\"1\"", 200), ("*", 200)] {
        let request = Request::patch(&path).header("if-match", tag);
        let body = json!({"email": "bert@acme.example"}).to_string();
        let mut request = request.body(axum::body::Body::from(body)).unwrap();
        request.extensions_mut().insert(s.owner());
        let answer = s.router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{tag}");
    }
});
