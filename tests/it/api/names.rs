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

story!(async fn people_go_by_their_names_in_filters_too(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let acme = s.tenant("acme").await;
    let kim = s.person(acme, "kim", TENANT_ADMIN).await;
    s.person(acme, "lou", TENANT_ADMIN).await;
    let ada = s.person(us, "ada", TENANT_ADMIN).await;
    own(&s, "PATCH", &format!("/tenants/acme/users/{kim}"), json!({"enabled": false})).await.expect(200);
    let get = async |path: &str| own(&s, "GET", path, Value::Null).await;
    let all = |page: Value| page["items"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
    for list in ["grants", "holds", "signins"] {
        let by_id = all(get(&format!("/tenants/acme/{list}?user={kim}")).await.expect(200).json());
        let by_name = all(get(&format!("/tenants/acme/{list}?user=KIM")).await.expect(200).json());
        assert_eq!(by_id, by_name, "{list}");
        let nobody = get(&format!("/tenants/acme/{list}?user=nobody")).await.expect(404).json();
        assert_eq!(nobody["field"], "user", "{list}: {nobody}");
        // Who is of another tenant goes by id.
        get(&format!("/tenants/acme/{list}?user=ada")).await.expect(404);
        get(&format!("/tenants/acme/{list}?user={ada}")).await.expect(200);
    }
    let grants = all(get("/tenants/acme/grants?user=kim").await.expect(200).json());
    assert_eq!((grants.len(), &grants[0]["user"]), (1, &json!(kim.to_string())));
    for list in ["/grants", "/holds"] {
        let no = get(&format!("{list}?user=kim")).await.expect(400).json();
        assert_eq!(no["field"], "user", "{list}: {no}");
    }
    // The trail.
    let by_id = all(get(&format!("/tenants/acme/audit?target=user:{kim}")).await.expect(200).json());
    assert!(by_id.len() > 1, "{by_id:?}");
    let upper = kim.to_string().to_uppercase();
    for target in ["kim".to_owned(), "user:kim".to_owned(), "user:Kim".to_owned(), format!("user:{upper}")] {
        let found = all(get(&format!("/tenants/acme/audit?target={target}")).await.expect(200).json());
        assert_eq!(found, by_id, "{target}");
    }
    assert_eq!(all(get("/tenants/acme/audit?actor=kim").await.expect(200).json()), [] as [Value; 0]);
    assert!(!all(get("/tenants/acme/audit?actor=owner").await.expect(200).json()).is_empty());
    for filter in ["actor=nobody", "actor=user:nobody", "actor=role:kim", "actor=ada", "target=nobody", "target=user:nobody", "target=kim:"] {
        let no = get(&format!("/tenants/acme/audit?{filter}")).await.expect(400).json();
        assert_eq!(no["field"], filter.split('=').next().unwrap(), "{filter}: {no}");
    }
    // On the instance it is the provider's people who act.
    get("/audit?actor=ada").await.expect(200);
    let no = get("/audit?actor=kim").await.expect(400).json();
    assert_eq!(no["field"], "actor", "{no}");
    get(&format!("/audit?tenant={acme}&actor=kim")).await.expect(200);
    let file = get("/tenants/acme/audit/export?format=ndjson&target=kim").await.expect(200);
    assert_eq!(file.text.lines().count(), by_id.len());
});

story!(async fn nobody_is_called_by_anothers_id(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let kim = s.person(acme, "kim", TENANT_ADMIN).await;
    let id = kim.to_string();
    let simple = id.replace('-', "");
    for name in [id.clone(), id.to_uppercase(), simple, format!("{{{id}}}"), format!(" {id} ")] {
        let new = json!({"kind": "tenant", "user_name": name});
        let invited = json!({"email": "x@acme.example", "user_name": name, "by_hand": true});
        let rmm = json!({"name": name, "scopes": ["computers.view"]});
        for (method, path, body, field) in [
            ("POST", "/tenants/acme/users".to_owned(), new, "user_name"),
            ("POST", "/tenants/acme/invitations".to_owned(), invited, "user_name"),
            ("POST", "/tenants/acme/integrations".to_owned(), rmm, "name"),
            ("PATCH", format!("/tenants/acme/users/{kim}"), json!({"user_name": name}), "user_name"),
        ] {
            let a = own(&s, method, &path, body).await.expect(400).json();
            assert_eq!(a["field"], field, "{path} {name}: {a}");
            assert!(a["detail"].as_str().unwrap().contains("form of an id"), "{a}");
        }
    }
    // A directory may call somebody so; the id is still the other one's.
    let scim = s.directory(acme).await;
    scim.post("/Users", json!({"userName": id})).await.expect(201);
    let grants = own(&s, "GET", &format!("/tenants/acme/grants?user={id}"), Value::Null).await.expect(200).json();
    assert_eq!(grants["items"][0]["user"], id.as_str(), "{grants}");
    let given = json!({"user": id, "role": "Read-Only"});
    let given = own(&s, "POST", "/tenants/acme/grants", given).await.expect(201).json();
    assert_eq!(given["user_name"].as_str().map(str::to_lowercase), Some("kim".into()), "{given}");
});
