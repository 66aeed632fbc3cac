//! The platform's own applications serve every tenant: they are Global Administrators' to make and to change.

use crate::{
    access::{give, make_global, person, session, token},
    api::call,
    people::world::World,
    story,
    support::{TestServer, person::TENANT_ADMIN, person::TestApp},
};
use muster::{
    access::catalogue::GLOBAL_ADMINISTRATOR,
    actor::{Actor, UserKind},
    id::UserId,
};
use reqwest::Method;
use serde_json::{Value, json};

async fn to(s: &TestServer, a: &Actor, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = call(s, Some(a), method, path, &body).await;
    let body = if answer.text.is_empty() { Value::Null } else { answer.json() };
    (answer.status.as_u16(), body)
}

story!(async fn an_application_of_every_tenant_is_a_global_administrators(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let us = s.provider().await;
    s.tenant("contoso").await;
    let boss = person(&w, us, "boss", UserKind::Technician).await;
    give(&w, &boss, us, TENANT_ADMIN.parse().unwrap()).await;
    let root = make_global(&w, us, "root").await;
    let (boss, narrow) = (session(&boss), token(&root, us, &["system.edit_settings", "system.view_settings"]));
    let apps = format!("/tenants/{us}/apps");
    let new = |platform: bool| json!({
        "name": "Portal", "redirect_uris": ["https://app.example/cb"], "platform": platform,
    });
    for a in [&boss, &narrow] {
        let (status, e) = to(&s, a, "POST", &apps, new(true)).await;
        assert_eq!((status, &e["field"]), (403, &json!("platform")), "{e}");
    }
    let (status, own) = to(&s, &boss, "POST", &apps, new(false)).await;
    assert_eq!(status, 201, "the tenant's own are theirs: {own}");
    for a in [session(&root), s.owner()] {
        let (status, made) = to(&s, &a, "POST", &apps, new(true)).await;
        assert_eq!(status, 201, "{made}");
        let at = format!("{apps}/{}", made["id"].as_str().unwrap());
        for (change, may) in [
            (json!({"redirect_uris": ["https://elsewhere.example/cb"]}), false),
            (json!({"jwks_uri": "https://elsewhere.example/jwks"}), false),
            (json!({"trusted": true}), false),
            (json!({"enabled": false}), true),
        ] {
            for by in [&boss, &narrow] {
                let (status, e) = to(&s, by, "PATCH", &at, change.clone()).await;
                assert_eq!(status, if may { 200 } else { 403 }, "{change} {e}");
            }
        }
        let secrets = format!("{at}/secrets");
        assert_eq!(to(&s, &boss, "POST", &secrets, json!({})).await.0, 403);
        assert_eq!(to(&s, &a, "POST", &secrets, json!({})).await.0, 201);
        let back = json!({"redirect_uris": ["https://app.example/cb2"], "enabled": true});
        assert_eq!(to(&s, &a, "PATCH", &at, back).await.0, 200);
    }
    let at = format!("{apps}/{}", own["id"].as_str().unwrap());
    assert_eq!(to(&s, &boss, "PATCH", &at, json!({"redirect_uris": ["https://other.example/cb"]})).await.0, 200);
    assert_eq!(to(&s, &boss, "POST", &format!("{at}/secrets"), json!({})).await.0, 201);
});

story!(async fn a_tenant_that_is_not_there_is_answered_like_one_where_nothing_is_held(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
    let whole = s.app(us, |new| new.platform = true).await;
    let theirs = s.app(contoso, |_| {}).await;
    let ask = async |app: &TestApp, tenant: String| {
        let q = json!({"subject": {"type": "user", "id": UserId::new()}, "action": {"name": "users.view"},
                       "resource": {"type": "tenant", "id": tenant}});
        let c = s.browser();
        let r = c.request(Method::POST, "/access/v1/evaluation").json(&q);
        c.send(r.basic_auth(&app.client_id, Some(&app.secret))).await.expect(200).json()
    };
    for app in [&whole, &theirs] {
        let first = ask(app, "fabrikam".into()).await;
        assert_eq!(first["decision"], false);
        for tenant in ["nowhere".to_owned(), fabrikam.to_string(), muster::id::TenantId::new().to_string()] {
            assert_eq!(ask(app, tenant).await, first);
        }
    }
});

story!(async fn a_token_for_the_instance_proves_no_more_than_its_session(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let us = s.provider().await;
    let root = make_global(&w, us, "root").await;
    s.tenant("acme").await;
    s.tenant("bank").await;
    let policy = json!({ "mfa": { "default": "by_role", "roles": { GLOBAL_ADMINISTRATOR.to_string(): "phr" } } });
    s.put("/api/v1/tenants/bank/policy", policy).await.expect(200);
    let portal = s.app(us, |new| {
        new.platform = true;
        new.settings.scopes = Some(vec!["muster.instance".into()]);
    }).await;
    let c = s.browser();
    let new = |name: &str| json!({ "kind": "tenant", "user_name": name });
    for (class, at_the_bank) in [("mfa", 403), ("phr", 201)] {
        let who = s.session(us, root.id, class).await;
        let code = s.code(&portal, &who, &[("scope", "openid muster.instance"), ("tenant", "provider")]).await;
        let token = s.redeem(&portal, &code).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
        for (tenant, status) in [("acme", 201), ("bank", at_the_bank), ("provider", 201)] {
            let at = format!("/api/v1/tenants/{tenant}/users");
            let user = if tenant == "provider" { json!({ "kind": "technician", "user_name": class }) } else { new(class) };
            let r = c.request(Method::POST, &at).bearer_auth(&token).json(&user);
            let by_token = c.send(r).await;
            assert_eq!(by_token.status.as_u16(), status, "{class} in {tenant}: {}", by_token.text);
            // As the session itself.
            let cookie = format!("muster_session={}", who.cookie);
            let r = c.request(Method::GET, &at).header("cookie", cookie);
            let by_session = c.send(r).await;
            assert_eq!(by_session.status.is_success(), status == 201, "{class} in {tenant}: {}", by_session.text);
            if status != 201 {
                assert_eq!(by_token.json()["code"], by_session.json()["code"]);
            }
        }
    }
});
