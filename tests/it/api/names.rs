//! Names and texts that could be taken for others, and words that say whose fault it is.

use super::own;
use crate::{
    story,
    support::{
        person::{CALLBACK, TENANT_ADMIN},
        server::TestServer,
    },
};
use serde_json::{Value, json};

story!(async fn what_the_provider_offers_under_a_tenants_name_does_not_take_the_name_away(t) {
    let s = TestServer::start(&t).await;
    s.provider().await;
    let acme = s.tenant("acme").await;
    s.tenant("bern").await;
    let ann = s.person(acme, "ann", TENANT_ADMIN).await;
    let new = json!({"name": "Manager", "permissions": ["computers.view"]});
    let mine = own(&s, "POST", "/tenants/acme/roles", new).await.expect(201).json()["id"].clone();
    let new = json!({"name": "manager", "permissions": ["users.view"], "offered": true});
    let offered = own(&s, "POST", "/tenants/provider/roles", new).await.expect(201).json()["id"].clone();
    let give = |role: &str| json!({"user": ann.to_string(), "role": role});
    let given = own(&s, "POST", "/tenants/acme/grants", give("Manager")).await.expect(201).json();
    assert_eq!((&given["role"], &given["role_name"]), (&mine, &json!("Manager")));
    let id = offered.as_str().unwrap();
    let given = own(&s, "POST", "/tenants/acme/grants", give(id)).await.expect(201).json();
    assert_eq!((&given["role"], &given["role_name"]), (&offered, &json!("manager")), "by its id, what is offered");
    let listed = own(&s, "GET", "/tenants/acme/grants", Value::Null).await.expect(200).json();
    let named: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|g| &g["role_name"]).collect();
    assert_eq!(named, [&json!("Tenant Administrator"), &json!("Manager"), &json!("manager")]);
    let new = json!({"name": "Like it", "like": "MANAGER"});
    let like = own(&s, "POST", "/tenants/acme/roles", new).await.expect(201).json();
    assert_eq!(like["permissions"], json!(["computers.view"]));
    let bob = s.person(s.tenant("third").await, "bob", TENANT_ADMIN).await;
    let given = own(&s, "POST", "/tenants/third/grants", json!({"user": bob.to_string(), "role": "Manager"})).await;
    assert_eq!(given.expect(201).json()["role"], offered, "who has none of the name gets what is offered");
});

story!(async fn a_capital_of_another_alphabet_makes_no_other_name(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    // Tau, ie, and a capital that looks like none when it is small.
    for name in ["\u{3a4}echnician", "T\u{435}chnician", "\u{39d}", "Read\u{2010}Only"] {
        let new = json!({"name": name, "permissions": ["computers.view"]});
        let a = own(&s, "POST", "/tenants/acme/roles", new).await;
        if name == "\u{39d}" {
            a.expect(201);
        } else {
            assert_eq!(a.expect(409).json()["field"], "name", "{name}");
        }
    }
    // What is the instance's alone is not said of a tenant's role.
    let new = json!({"name": "All of it", "like": "Global Administrator"});
    let like = own(&s, "POST", "/tenants/acme/roles", new).await.expect(201).json();
    assert_eq!(like["description"], "", "{like}");
});

story!(async fn a_name_that_stands_twice_in_a_document_is_refused_at_any_depth(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let owner = s.owner();
    for (body, field) in [
        (r#"{"name":"n","name":"m","permissions":["users.view"]}"#, "name"),
        (r#"{"name":"n","permissions":["users.view"],"permissions":["users.edit"]}"#, "permissions"),
        (r#"{"name":"n","permissions":["users.view"],"n\u0061me":"m"}"#, "name"),
    ] {
        let a = super::call(&s, Some(&owner), "POST", "/tenants/acme/roles", body).await.expect(400).json();
        assert_eq!(a["field"], field, "{a}");
        assert!(a["detail"].as_str().unwrap().contains("twice"), "{a}");
    }
    let body = r#"{"email":"x@acme.example","roles":[{"role":"Read-Only","role":"Tenant Administrator"}]}"#;
    let a = super::call(&s, Some(&owner), "POST", "/tenants/acme/invitations", body).await.expect(400).json();
    assert_eq!(a["field"], "role", "{a}");
    let body = r#"{"name":"fine","permissions":["users.view"],"description":"name name"}"#;
    super::call(&s, Some(&owner), "POST", "/tenants/acme/roles", body).await.expect(201);
});

story!(async fn what_only_the_token_lacks_is_said_of_the_token(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let fay = s.person(acme, "fay", TENANT_ADMIN).await;
    let app = s.app(acme, |new| new.settings.redirect_uris = vec![CALLBACK.into()]).await;
    let who = s.session(acme, fay, "mfa").await;
    let code = s.code(&app, &who, &[("scope", "openid users.view users.manage_roles")]).await;
    let tokens = s.redeem(&app, &code).await.expect(200).json();
    let c = s.browser();
    let r = c.request(reqwest::Method::POST, "/api/v1/tenants/acme/grants");
    let r = r.bearer_auth(tokens["access_token"].as_str().unwrap());
    let a = c.send(r.json(&json!({"user": "fay", "role": "Technician"}))).await.expect(403).json();
    let said = a["detail"].as_str().unwrap();
    assert!(said.contains("this token's scopes lack") && !said.contains("you lack"), "{a}");
    assert_ne!(a["code"], Value::Null);
});

story!(async fn what_is_typed_turns_no_text_around_and_the_field_at_fault_is_named(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let turned = "ann\u{202e}nimda";
    for (path, body, field) in [
        ("/tenants/acme/users", json!({"kind": "tenant", "user_name": turned}), "user_name"),
        ("/tenants/acme/users", json!({"kind": "tenant", "user_name": " "}), "user_name"),
        ("/tenants/acme/users", json!({"kind": "tenant", "user_name": "ann", "display_name": turned}), "display_name"),
        ("/tenants/acme/reviews", json!({"name": turned, "due_at": "2099-01-01T00:00:00Z"}), "name"),
        ("/tenants/acme/holds/x", json!({"decision": "keep"}), "hold"),
        ("/tenants/acme/mappings", json!({"group": "00000000-0000-0000-0000-000000000000", "role": "Read-Only", "in_tenant": "nowhere"}), "in_tenant"),
    ] {
        let a = own(&s, "POST", path, body).await;
        assert!([400, 404].contains(&a.status.as_u16()), "{path}: {}", a.text);
        if field != "hold" {
            assert_eq!(a.json()["field"], field, "{path}: {}", a.text);
        }
    }
});
