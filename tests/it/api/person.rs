//! A person's life by the API: roles in several tenants, the switch, the deletion and what it says first.

use super::{call, own};
use crate::{
    access::{give, make_global, person, session, token},
    people::world::World,
    story,
    support::{
        person::{TENANT_ADMIN, claims},
        server::TestServer,
    },
};
use muster::actor::UserKind;
use reqwest::Method;
use serde_json::{Value, json};

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or_else(|| panic!("{v} is not a text"))
}

/// The names of the roles in each place of an answer of `access`.
fn roles(access: &Value) -> Vec<(String, Vec<String>)> {
    let names = |p: &Value| -> Vec<String> {
        let all = p["roles"].as_array().unwrap().iter();
        all.map(|r| text(&r["role"]["name"]).to_owned()).collect()
    };
    let place = |p: &Value| p["slug"].as_str().unwrap_or("everywhere").to_owned();
    let all = access["access"].as_array().unwrap().iter();
    let mut out: Vec<_> = all.map(|p| (place(p), names(p))).collect();
    out.sort();
    out
}

story!(async fn a_person_has_another_role_in_each_tenant(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    s.tenant("contoso").await;
    s.tenant("fabrikam").await;
    let new = json!({"kind": "technician", "user_name": "tess"});
    let tess = own(&s, "POST", "/tenants/provider/users", new).await.expect(201).json();
    crate::support::way_in(&s.app.store, us, text(&tess["id"]).parse().unwrap()).await;
    let path = format!("/tenants/provider/users/{}/access", text(&tess["id"]));
    let wanted = json!({"access": [
        {"tenant": "contoso", "roles": ["Tenant Administrator", "Read-Only"]},
        {"tenant": "fabrikam", "roles": ["Read-Only"]},
    ]});
    let done = own(&s, "PUT", &path, wanted).await.expect(200).json();
    assert_eq!(done["added"].as_array().unwrap().len(), 3);
    let one = |place: &str, roles: &[&str]| {
        (place.to_owned(), roles.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>())
    };
    let has = own(&s, "GET", &path, Value::Null).await.expect(200).json();
    let mut seen = roles(&has);
    for (_, r) in &mut seen {
        r.sort();
    }
    let both = one("contoso", &["Read-Only", "Tenant Administrator"]);
    assert_eq!(seen, [both, one("fabrikam", &["Read-Only"])]);

    // Tokens say the same: one application, one person, other scopes in each tenant.
    let app = s.app(us, |a| a.platform = true).await;
    let who = s.session(us, text(&tess["id"]).parse().unwrap(), "mfa").await;
    let mut scopes = Vec::new();
    for tenant in ["contoso", "fabrikam"] {
        let code = s.code(&app, &who, &[("tenant", tenant)]).await;
        let got = s.redeem(&app, &code).await.expect(200).json();
        let c = claims(text(&got["access_token"]));
        scopes.push((c["tid"].clone(), text(&got["scope"]).contains("computers.delete")));
    }
    let here = async |t: &str| own(&s, "GET", &format!("/tenants/{t}"), Value::Null).await;
    let ids = [here("contoso").await.json()["id"].clone(), here("fabrikam").await.json()["id"].clone()];
    assert_eq!(scopes, [(ids[0].clone(), true), (ids[1].clone(), false)]);

    // The whole is set anew: what is there stays, what is not named goes; but not a tenant's last administrator.
    let wanted = json!({"access": [{"tenant": "contoso", "roles": ["Read-Only"]}]});
    let last = own(&s, "PUT", &path, wanted.clone()).await.expect(403).json();
    assert_eq!(last["code"], "last_administrator");
    let has = own(&s, "GET", &path, Value::Null).await.expect(200).json();
    assert_eq!(roles(&has).len(), 2, "nothing of it happened");
    s.person(text(&ids[0]).parse().unwrap(), "boss", TENANT_ADMIN).await;
    let done = own(&s, "PUT", &path, wanted.clone()).await.expect(200).json();
    let n = |list: &str| done[list].as_array().unwrap().len();
    assert_eq!((n("added"), n("kept"), n("removed")), (0, 1, 2));
    let again = own(&s, "PUT", &path, wanted).await.expect(200).json();
    assert_eq!(again["removed"], json!([]));
    let trail = own(&s, "GET", "/tenants/contoso/audit", Value::Null).await.expect(200).json();
    let told = trail["items"].as_array().unwrap().iter().filter(|e| e["action"] == "grant.remove");
    assert_eq!(told.count(), 1, "in the tenant where it happened");
});

story!(async fn access_is_set_whole_or_not_at_all_and_never_beyond_ones_own(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let us = s.provider().await;
    let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
    let boss = person(&w, us, "boss", UserKind::Technician).await;
    for place in [us, contoso] {
        give(&w, &boss, place, TENANT_ADMIN.parse().unwrap()).await;
    }
    let tess = person(&w, us, "tess", UserKind::Technician).await;
    give(&w, &tess, fabrikam, TENANT_ADMIN.parse().unwrap()).await;
    let path = format!("/tenants/provider/users/{}/access", tess.id);
    let b = session(&boss);
    let put = async |body: Value| call(&s, Some(&b), "PUT", &path, &body.to_string()).await;
    // Not there, where one has no say; nothing of the rest either.
    let a = put(json!({"access": [
        {"tenant": "contoso", "roles": ["Read-Only"]}, {"tenant": "fabrikam", "roles": []},
    ]})).await;
    a.expect(404);
    let a = put(json!({"access": [{"everywhere": true, "roles": ["Read-Only"]}]})).await;
    a.expect(403);
    let a = put(json!({"access": [{"tenant": "contoso", "roles": ["Global Administrator"]}]})).await;
    assert!(a.status == 403 || a.status == 404, "{}", a.text);
    let a = put(json!({"access": [{"tenant": "contoso", "roles": ["Read-Only", "Nothing"]}]})).await;
    a.expect(404);
    let twice = json!({"access": [
        {"tenant": "contoso", "roles": []}, {"tenant": contoso, "roles": ["Read-Only"]},
    ]});
    assert!(put(twice).await.expect(400).text.contains("twice"));
    let neither = put(json!({"access": [{"roles": ["Read-Only"]}]})).await.expect(400);
    assert!(neither.text.contains("everywhere"), "{}", neither.text);
    let has = own(&s, "GET", &path, Value::Null).await.expect(200).json();
    assert_eq!(roles(&has), [("fabrikam".to_owned(), vec!["Tenant Administrator".to_owned()])]);
    // What stands where one has no say, is neither shown nor changed.
    let mine = call(&s, Some(&b), "GET", &path, "").await.expect(200).json();
    assert_eq!(mine["access"], json!([]));
    let done = put(json!({"access": [{"tenant": "contoso", "roles": ["Read-Only"]}]})).await.expect(200).json();
    assert_eq!((done["added"].as_array().unwrap().len(), &done["removed"]), (1, &json!([])));
    let has = own(&s, "GET", &path, Value::Null).await.expect(200).json();
    assert_eq!(roles(&has).len(), 2);
    // A token speaks for its tenant alone.
    let narrow = token(&boss, us, &["users.manage_roles"]);
    call(&s, Some(&narrow), "PUT", &path, "{\"access\":[]}").await.expect(200);
    let has = own(&s, "GET", &path, Value::Null).await.expect(200).json();
    assert_eq!(roles(&has).len(), 2, "nothing of it was at home");
    // A customer's person stays at home, and the last administrator stays.
    let ann = person(&w, contoso, "ann", UserKind::Tenant).await;
    let path = format!("/tenants/contoso/users/{}/access", ann.id);
    let abroad = json!({"access": [{"tenant": "fabrikam", "roles": ["Read-Only"]}]});
    own(&s, "PUT", &path, abroad).await.expect(403);
    let gone = format!("/tenants/contoso/users/{}/access", tess.id);
    own(&s, "PUT", &gone, json!({"access": []})).await.expect(404);
    let root = make_global(&w, us, "root").await;
    let path = format!("/tenants/provider/users/{}/access", root.id);
    let last = own(&s, "PUT", &path, json!({"access": []})).await.expect(403).json();
    assert_eq!(last["code"], "last_administrator");
});

story!(async fn the_switch_ends_everything_and_does_not_bring_it_back(t) {
    let s = TestServer::start(&t).await;
    let contoso = s.tenant("contoso").await;
    s.person(contoso, "boss", TENANT_ADMIN).await;
    let anna = s.person(contoso, "anna", TENANT_ADMIN).await;
    let who = s.session(contoso, anna, "mfa").await;
    let app = s.app(contoso, |_| {}).await;
    let code = s.code(&app, &who, &[]).await;
    let got = s.redeem(&app, &code).await.expect(200).json();
    let (access, refresh) = (text(&got["access_token"]), text(&got["refresh_token"]));
    let user = format!("/tenants/contoso/users/{anna}");
    own(&s, "PATCH", &user, json!({"enabled": false})).await.expect(200);
    let cookie = format!("muster_session={}", who.cookie);
    let me = async || {
        let c = s.browser();
        c.send(c.request(Method::GET, "/api/v1/me").header("cookie", &cookie)).await.status
    };
    assert_eq!(me().await, 401);
    assert!(!s.active(&app, access).await, "the access token ended");
    own(&s, "PATCH", &user, json!({"enabled": true})).await.expect(200);
    assert_eq!(me().await, 401, "the session is not revived");
    assert!(!s.active(&app, access).await);
    assert_eq!(s.refresh(&app, refresh).await.status, 400);
    let all = own(&s, "GET", &format!("{user}/sessions"), Value::Null).await.expect(200).json();
    assert_eq!(all["items"][0]["ended_why"], "disabled by hand");
});

story!(async fn a_deletion_says_what_it_removes_and_removes_that_version_only(t) {
    let s = TestServer::start(&t).await;
    let contoso = s.tenant("contoso").await;
    s.person(contoso, "boss", TENANT_ADMIN).await;
    let anna = s.person(contoso, "anna", TENANT_ADMIN).await;
    s.session(contoso, anna, "mfa").await;
    let user = format!("/tenants/contoso/users/{anna}");
    let password = json!({"password": "violet harbour 27 lanterns"});
    own(&s, "PUT", &format!("{user}/password"), password).await.expect(204);
    s.session(contoso, anna, "mfa").await;
    let told = own(&s, "GET", &format!("{user}/removal"), Value::Null).await.expect(200);
    assert_eq!(told.header("etag"), "\"1\"");
    let n = &told.json()["removes"];
    assert_eq!((&n["sessions"], &n["grants"], &n["passwords"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(told.json()["warnings"], json!([]));
    own(&s, "PATCH", &user, json!({"display_name": "Anna"})).await.expect(200);
    let delete = async |tag: &str| {
        let request = axum::http::Request::builder().method("DELETE").uri(format!("/api/v1{user}"));
        let request = request.header("if-match", tag);
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        muster::server::as_owner(&mut request);
        let router = s.router();
        tower::ServiceExt::oneshot(router, request).await.unwrap().status()
    };
    assert_eq!(delete("\"1\"").await, 412, "another one was shown");
    own(&s, "GET", &user, Value::Null).await.expect(200);
    assert_eq!(delete("\"2\"").await, 204);
    own(&s, "GET", &format!("{user}/removal"), Value::Null).await.expect(404);
});
