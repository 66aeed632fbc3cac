//! What no policy takes away: who may do everything on the instance owes more than a password.

use crate::{
    declared::root_user,
    story,
    support::{
        person::TENANT_ADMIN,
        server::{Answer, TestServer},
        tab::Tab,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

async fn asks(s: &TestServer, tab: &mut Tab, method: Method, path: &str, body: Value) -> Answer {
    let r = tab.request(method, &format!("/api/v1{path}"));
    let r = r.header("origin", s.url.clone()).header("sec-fetch-site", "same-origin");
    tab.send(if body.is_null() { r } else { r.json(&body) }).await
}

story!(async fn a_policy_of_others_does_not_make_a_password_enough_for_a_global_administrator(t) {
    let s = TestServer::start(&t).await;
    let (us, root) = root_user(&s).await;
    let acme = s.tenant("acme").await;
    // Whoever administers only the provider's tenant, or a company's, sets its policy.
    let pat = s.person(us, "pat", TENANT_ADMIN).await;
    let mut pat = Tab::of(&s, &s.session(us, pat, "mfa").await);
    let global = "01900000-0000-7000-8000-000000000001";
    for policy in [
        json!({ "mfa": { "default": "never" } }),
        json!({ "mfa": { "default": "by_role", "roles": { (global): "none" } } }),
    ] {
        for tenant in ["acme", "provider"] {
            s.put(&format!("/api/v1/tenants/{tenant}/policy"), policy.clone()).await.expect(200);
        }
        asks(&s, &mut pat, Method::PUT, "/tenants/provider/policy", policy.clone()).await.expect(200);
        let mut weak = Tab::of(&s, &s.session(us, root, "single").await);
        for (method, path, body) in [
            (Method::POST, "/keys/rotate", json!({ "at_once": false })),
            (Method::POST, "/tenants", json!({ "slug": "more", "name": "More" })),
            (Method::GET, "/tenants/acme/export", Value::Null),
            (Method::GET, "/tenants/acme/users", Value::Null),
            (Method::GET, "/tenants/provider/users", Value::Null),
            (Method::GET, "/grants", Value::Null),
        ] {
            let a = asks(&s, &mut weak, method.clone(), path, body).await;
            assert_eq!(a.status, 403, "{method} {path}: {}", a.text);
            assert_eq!(a.json()["code"], "mfa_not_proved", "{method} {path}: {}", a.text);
        }
        // An administrator's word about a directory lets them in, and is not enough for the instance.
        let mut attested = Tab::of(&s, &s.session(us, root, "attested").await);
        asks(&s, &mut attested, Method::GET, "/tenants/provider/users", Value::Null).await.expect(200);
        asks(&s, &mut attested, Method::GET, "/grants", Value::Null).await.expect(403);
        let mut strong = Tab::of(&s, &s.session(us, root, "mfa").await);
        asks(&s, &mut strong, Method::GET, "/grants", Value::Null).await.expect(200);
        asks(&s, &mut strong, Method::GET, "/tenants/acme/users", Value::Null).await.expect(200);
    }
    // For everybody else the policy is what it says.
    let bob = s.person(acme, "bob", TENANT_ADMIN).await;
    let mut bob = Tab::of(&s, &s.session(acme, bob, "single").await);
    s.put("/api/v1/tenants/acme/policy", json!({ "mfa": { "default": "never" } })).await.expect(200);
    asks(&s, &mut bob, Method::GET, "/tenants/acme/users", Value::Null).await.expect(200);
});
