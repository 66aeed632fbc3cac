//! Everything that a tenant needs, set up by requests alone.

use super::{call, own};
use crate::{people::world::draft, story, support::server::TestServer};
use muster::{
    actor::{Actor, Principal, UserKind},
    groups::{self, GroupDraft},
    id::{RequestId, TenantId, UserId},
    users,
};
use serde_json::{Value, json};

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or_else(|| panic!("{v} is not a text"))
}

story!(async fn a_tenant_is_set_up_from_nothing(t) {
    let s = TestServer::start(&t).await;
    let made = own(&s, "POST", "/tenants", json!({"slug": "acme", "name": "Acme"})).await.expect(201);
    assert_eq!(made.header("etag"), "\"1\"");
    let acme = made.json();
    assert_eq!((&acme["slug"], &acme["provider"], &acme["status"]),
               (&json!("acme"), &json!(false), &json!("active")));
    own(&s, "POST", "/tenants", json!({"slug": "acme", "name": "Acme"})).await.expect(409);

    let d = own(&s, "POST", "/tenants/acme/directories", json!({
        "name": "Entra ID", "preset": "entra",
        "signin": {"issuer": "https://login.example/1", "client_id": "m", "client_secret": "hush"},
    })).await.expect(201);
    assert!(!d.text.contains("hush"), "a secret is not shown back");
    let d = d.json();
    let base = format!("{}/scim/{}/v2", s.url, text(&d["id"]));
    assert_eq!(d["scim_base_url"], base);
    assert_eq!(d["signin"]["client_id"], "m");
    let tokens = format!("/tenants/acme/directories/{}/scim-tokens", text(&d["id"]));
    let token = own(&s, "POST", &tokens, Value::Null).await.expect(201).json();
    assert!(text(&token["token"]).starts_with("mst_scim_"), "{token}");
    let all = own(&s, "GET", &tokens, Value::Null).await.expect(200);
    assert!(!all.text.contains(text(&token["token"])), "only this once");
    own(&s, "POST", &tokens, json!({"expires_at": "2099-01-01T00:00:00Z"})).await.expect(201);
    own(&s, "POST", &tokens, Value::Null).await.expect(409);
    let revoke = format!("{tokens}/{}", text(&token["id"]));
    own(&s, "DELETE", &revoke, Value::Null).await.expect(204);
    own(&s, "DELETE", &revoke, Value::Null).await.expect(404);

    let role = own(&s, "POST", "/tenants/acme/roles", json!({
        "name": "Help desk", "permissions": ["users.view", "computers.view"],
    })).await.expect(201).json();
    assert_eq!((&role["demands_mfa"], &role["built_in"]), (&json!(false), &json!(false)));

    // What the directory's client would have sent.
    let tenant: TenantId = text(&acme["id"]).parse().unwrap();
    let directory = text(&d["id"]).parse().unwrap();
    let client = Actor::prove(Principal::Directory { tenant, directory }, RequestId::new());
    let permit = s.app.access.provision(&client).await.unwrap();
    let ann = users::create(&s.app.store, &permit, draft("ann@acme.example")).await.unwrap();
    let draft = GroupDraft {
        display_name: "Support".into(), external_id: None, members: vec![ann.id],
    };
    groups::create(&s.app.store, &permit, draft).await.unwrap();

    let m = json!({"group": "Support", "role": "help desk"});
    let m = own(&s, "POST", "/tenants/acme/mappings", m).await.expect(201).json();
    assert_eq!((&m["group_name"], &m["role"]), (&json!("Support"), &role["id"]));
    let ask = "/tenants/acme/explain?user=ann@acme.example&permission=computers.view";
    let x = own(&s, "GET", ask, Value::Null).await.expect(200).json();
    assert_eq!(x["allowed"], true);
    assert_eq!(x["paths"][0]["via"]["group_name"], "Support");
    assert_eq!(x["paths"][0]["via"]["directory_name"], "Entra ID");
    assert_eq!(x["paths"][0]["by"], "owner");

    let g = json!({"user": "ann@acme.example", "role": "Technician", "reason": "Holiday cover",
                   "valid_to": "2099-01-01T00:00:00Z"});
    let g = own(&s, "POST", "/tenants/acme/grants", g).await.expect(201).json();
    assert_eq!((&g["source"], &g["user"]), (&json!("manual"), &json!(ann.id)));
    let gone = format!("/tenants/acme/grants/{}", text(&g["id"]));
    own(&s, "DELETE", &gone, Value::Null).await.expect(204);
    let listed = own(&s, "GET", "/tenants/acme/grants", Value::Null).await.expect(200).json();
    assert_eq!(listed["items"], json!([]));

    let wrong = json!({"mfa": {"defaults": "always"}});
    own(&s, "PUT", "/tenants/acme/policy", wrong).await.expect(400);
    let policy = json!({"mfa": {"default": "always", "roles": {text(&role["id"]): "none"}}});
    own(&s, "PUT", "/tenants/acme/policy", policy.clone()).await.expect(200);
    let now = own(&s, "GET", "/tenants/acme/policy", Value::Null).await.expect(200).json();
    assert_eq!(now, policy);

    let trail = own(&s, "GET", "/tenants/acme/audit?limit=500", Value::Null).await.expect(200).json();
    let done: Vec<&str> =
        trail["items"].as_array().unwrap().iter().map(|e| text(&e["action"])).collect();
    for action in ["tenant.create", "directory.create", "role.create", "mapping.create", "grant.add",
                   "grant.remove", "tenant.policy"] {
        assert!(done.contains(&action), "{action} is not in {done:?}");
    }
    assert_eq!(done.first(), Some(&"tenant.policy"), "newest first");

    own(&s, "DELETE", &format!("/tenants/acme/directories/{}", text(&d["id"])), Value::Null)
        .await.expect(200);
    own(&s, "GET", &format!("/tenants/acme/users/{}", ann.id), Value::Null).await.expect(404);
});

story!(async fn people_are_added_switched_and_removed(t) {
    let s = TestServer::start(&t).await;
    s.provider().await;
    let new = json!({"kind": "technician", "user_name": "tom", "email": "tom@provider.example"});
    let u = own(&s, "POST", "/tenants/provider/users", new.clone()).await.expect(201).json();
    own(&s, "POST", "/tenants/provider/users", new).await.expect(409);
    let one = format!("/tenants/provider/users/{}", text(&u["id"]));
    own(&s, "PATCH", &one, json!({"enabled": false})).await.expect(200);
    let r = own(&s, "PATCH", &one, json!({"display_name": "Tom", "enabled": true})).await.expect(200);
    assert_eq!((&r.json()["display_name"], &r.json()["enabled"]), (&json!("Tom"), &json!(true)));
    let found = own(&s, "GET", "/tenants/provider/users?text=tom&kind=technician", Value::Null).await;
    assert_eq!(found.expect(200).json()["items"].as_array().unwrap().len(), 1);
    let sessions = format!("{one}/sessions");
    let none = own(&s, "GET", &sessions, Value::Null).await.expect(200).json();
    assert_eq!(none["items"], json!([]));
    own(&s, "DELETE", &sessions, Value::Null).await.expect(200);
    own(&s, "DELETE", &format!("{sessions}/{}", UserId::new()), Value::Null).await.expect(404);
    own(&s, "DELETE", &one, Value::Null).await.expect(204);
    own(&s, "GET", &one, Value::Null).await.expect(404);
});

story!(async fn administrators_of_the_instance_are_made_and_the_last_one_stays(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    for name in ["gina", "bob"] {
        let new = json!({"kind": "administrator", "user_name": name});
        let made = own(&s, "POST", "/tenants/provider/users", new).await.expect(201).json();
        crate::support::way_in(&s.app.store, us, text(&made["id"]).parse().unwrap()).await;
        let g = json!({"home": "provider", "user": name, "role": "Global Administrator"});
        own(&s, "POST", "/grants", g).await.expect(201);
    }
    let all = own(&s, "GET", "/grants", Value::Null).await.expect(200).json();
    let ids: Vec<&str> = all["items"].as_array().unwrap().iter().map(|g| text(&g["id"])).collect();
    own(&s, "DELETE", &format!("/grants/{}", ids[0]), Value::Null).await.expect(204);
    let e = own(&s, "DELETE", &format!("/grants/{}", ids[1]), Value::Null).await.expect(403).json();
    assert_eq!(e["code"], "last_administrator");
    let e = json!({"user": "bob", "role": "Global Administrator"});
    let e = own(&s, "POST", "/grants", e).await.expect(400).json();
    assert_eq!(e["field"], "home");
});

story!(async fn a_person_sees_their_own_tenants_and_rights(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    s.tenant("other").await;
    let new = users::NewUser {
        kind: UserKind::Tenant, user_name: "ann".into(), display_name: None, email: None,
    };
    let ann = users::add(&s.app.store, &s.permit(acme).await, new).await.unwrap();
    let g = json!({"user": "ann", "role": "Read-Only"});
    own(&s, "POST", "/tenants/acme/grants", g).await.expect(201);
    let a = crate::access::session(&ann);
    let me = call(&s, Some(&a), "GET", "/me", "").await.expect(200).json();
    assert_eq!((&me["user"], &me["in"][0]["roles"]), (&json!(ann.id), &json!(["Read-Only"])));
    let mine = call(&s, Some(&a), "GET", "/tenants", "").await.expect(200).json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    assert!(mine["items"][0].get("policy").is_none());
    let all = own(&s, "GET", "/tenants", Value::Null).await.expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let c = call(&s, Some(&a), "GET", "/catalogue", "").await.expect(200).json();
    assert_eq!(c["categories"].as_array().unwrap().len(), 5);
    assert_eq!(c["roles"].as_array().unwrap().len(), 5);
});

story!(async fn lists_come_in_pages(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    for n in 0..5 {
        let new = json!({"kind": "tenant", "user_name": format!("p{n}")});
        own(&s, "POST", "/tenants/acme/users", new).await.expect(201);
        let g = json!({"user": format!("p{n}"), "role": "Self-Service"});
        own(&s, "POST", "/tenants/acme/grants", g).await.expect(201);
    }
    for (list, field) in [("users", "user_name"), ("grants", "user_name"), ("audit", "id")] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..20 {
            let path = format!("/tenants/acme/{list}?limit=2{cursor}");
            let page = own(&s, "GET", &path, Value::Null).await.expect(200).json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|i| text(&i[field]).to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(all, seen.len(), "{list}: nothing twice");
        assert_eq!(all, if list == "audit" { 11 } else { 5 }, "{list}: nothing left out");
    }
});

story!(async fn keys_are_rotated(t) {
    let s = TestServer::start(&t).await;
    let before = own(&s, "GET", "/keys", Value::Null).await.expect(200).json();
    let before = before["items"].as_array().unwrap().len();
    let after = own(&s, "POST", "/keys/rotate", json!({"at_once": false})).await.expect(200).json();
    assert!(after["items"].as_array().unwrap().len() > before);
    own(&s, "POST", "/keys/rotate", json!({"at_once": "yes"})).await.expect(400);
});

story!(async fn the_first_administrator_is_made_by_the_owner(t) {
    let s = TestServer::start(&t).await;
    let new = json!({"user_name": "ada"});
    own(&s, "POST", "/administrators", new.clone()).await.expect(409);
    s.provider().await;
    let made = own(&s, "POST", "/administrators", new).await.expect(201).json();
    assert!(text(&made["otpauth"]).starts_with("otpauth://totp/"), "{made}");
    let all = own(&s, "GET", "/grants", Value::Null).await.expect(200).json();
    assert_eq!(all["items"][0]["source"], "bootstrap");
    assert_eq!(all["items"][0]["user"], made["user"]["id"]);
    let provider = muster::credentials::Typed::At(text(&made["user"]["tenant"]).parse().unwrap());
    let cx = s.app.system();
    let password = muster::secret::Secret::from(text(&made["password"]).to_owned());
    let right = s.app.credentials.verify_password(&cx, &provider, "ada", &password).await.unwrap();
    assert!(matches!(right, muster::credentials::Outcome::Right(p) if p.code_set.is_some()));
});

story!(async fn applications_and_integration_users_are_made_and_their_secrets_rotated(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let new = json!({"name": "Portal", "redirect_uris": ["https://portal.example/cb"]});
    let a = own(&s, "POST", "/tenants/acme/apps", new).await.expect(201).json();
    assert!(text(&a["client_id"]).starts_with("app_") && a["client_secret"].is_string(), "{a}");
    let new = json!({"name": "Bad", "redirect_uris": ["javascript:alert(1)"]});
    own(&s, "POST", "/tenants/acme/apps", new).await.expect(400);
    let new = json!({"name": "RMM", "scopes": ["computers.view"], "roles": ["Read-Only"]});
    let i = own(&s, "POST", "/tenants/acme/integrations", new).await.expect(201).json();
    assert!(i["client_secret"].is_string() && i["user"].is_string(), "{i}");
    let g = own(&s, "GET", "/tenants/acme/grants", Value::Null).await.expect(200).json();
    assert_eq!(g["items"][0]["user"], i["user"]);
    let new = json!({"name": "Half", "scopes": ["computers.view"], "roles": ["Nothing"]});
    own(&s, "POST", "/tenants/acme/integrations", new).await.expect(404);
    let all = own(&s, "GET", "/tenants/acme/integrations", Value::Null).await.expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "whole or not at all");
    // Each is managed by its own right, under its own path.
    let (app, int) = (text(&a["id"]), text(&i["id"]));
    own(&s, "DELETE", &format!("/tenants/acme/integrations/{app}"), Value::Null).await.expect(404);
    own(&s, "GET", &format!("/tenants/acme/apps/{int}"), Value::Null).await.expect(404);
    own(&s, "POST", &format!("/tenants/acme/apps/{int}/secrets"), Value::Null).await.expect(404);
    for (kind, id) in [("apps", app), ("integrations", int)] {
        let secrets = format!("/tenants/acme/{kind}/{id}/secrets");
        own(&s, "POST", &secrets, Value::Null).await.expect(201);
        own(&s, "POST", &secrets, Value::Null).await.expect(409);
        let two = own(&s, "GET", &secrets, Value::Null).await.expect(200).json();
        assert_eq!(two["items"].as_array().unwrap().len(), 2);
        let old = format!("{secrets}/{}", text(&two["items"][0]["id"]));
        own(&s, "DELETE", &old, Value::Null).await.expect(204);
        own(&s, "POST", &secrets, json!({"expires_at": "2001-01-01T00:00:00Z"})).await.expect(400);
        let one = format!("/tenants/acme/{kind}/{id}");
        let off = own(&s, "PATCH", &one, json!({"enabled": false})).await.expect(200).json();
        assert_eq!(off["enabled"], false);
        own(&s, "DELETE", &one, Value::Null).await.expect(204);
        own(&s, "GET", &one, Value::Null).await.expect(404);
    }
});

story!(async fn a_secret_of_an_integration_user_is_made_by_who_holds_its_rights(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let new = json!({"name": "RMM", "scopes": ["users.delete"]});
    let i = own(&s, "POST", "/tenants/acme/integrations", new).await.expect(201).json();
    let new = users::NewUser {
        kind: UserKind::Tenant, user_name: "ann".into(), display_name: None, email: None,
    };
    let ann = users::add(&s.app.store, &s.permit(acme).await, new).await.unwrap();
    let r = json!({"name": "Int", "permissions": ["system.manage_integrations"]});
    own(&s, "POST", "/tenants/acme/roles", r).await.expect(201);
    own(&s, "POST", "/tenants/acme/grants", json!({"user": "ann", "role": "Int"})).await.expect(201);
    let path = format!("/tenants/acme/integrations/{}/secrets", text(&i["id"]));
    let a = call(&s, Some(&crate::access::session(&ann)), "POST", &path, "").await.expect(403);
    assert!(a.text.contains("users.delete"), "{}", a.text);
    let new = json!({"name": "Mine", "scopes": ["users.delete"]}).to_string();
    let a = crate::access::session(&ann);
    call(&s, Some(&a), "POST", "/tenants/acme/integrations", &new).await.expect(403);
});

story!(async fn attempts_to_sign_in_are_found_by_their_reference(t) {
    let s = TestServer::start(&t).await;
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let cx = s.app.system();
    let reference = muster::tx!(s.app.store, &cx, [], |tx| {
        let new = muster::signins::NewSignin::not(muster::signins::Reason::MfaNotProved, None, None);
        muster::signins::record(tx, acme, &new.detail(json!({"amr": ["pwd"]}))).await
    })
    .unwrap();
    let path = format!("/tenants/acme/signins/{}", reference.to_lowercase());
    let a = own(&s, "GET", &path, Value::Null).await.expect(200).json();
    assert_eq!((&a["reason"], &a["detail"]["amr"]), (&json!("mfa_not_proved"), &json!(["pwd"])));
    assert!(a["next"].as_str().unwrap().contains("evidence"), "what to do about it: {a}");
    let path = format!("/tenants/{other}/signins/{reference}");
    own(&s, "GET", &path, Value::Null).await.expect(404);
    let all = own(&s, "GET", "/tenants/acme/signins?bad=true", Value::Null).await.expect(200).json();
    assert_eq!(all["items"][0]["reference"], reference);
});
