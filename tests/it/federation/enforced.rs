//! A company's login as the only way in: it locks nobody out who alone could open again, and is not taken away by somebody
//! who could not have set it.

use super::stub::world;
use crate::{
    story,
    support::{TestDb, TestServer, person::TENANT_ADMIN, server::Answer, way_in},
};
use muster::id::{TenantId, UserId};
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody with an address, this role, and a password.
async fn somebody(s: &TestServer, t: TenantId, name: &str, role: &str) -> UserId {
    let new = json!({ "kind": "tenant", "user_name": name, "email": name });
    let made = s.post(&format!("/api/v1/tenants/{t}/users"), new).await.expect(201).json();
    let id: UserId = made["id"].as_str().unwrap().parse().unwrap();
    let grant = json!({ "user": id, "role": role });
    s.post(&format!("/api/v1/tenants/{t}/grants"), grant).await.expect(201);
    way_in(&s.app.store, t, id).await;
    id
}

async fn nobody_is_locked_out(t: &TestDb) {
    let w = world(t, "generic", json!({ "amr": ["mfa"] })).await;
    let s = &w.ours;
    s.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" }))
        .await
        .expect(201);
    let ida = somebody(s, w.tenant, "ida@contoso.example", TENANT_ADMIN).await;
    let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
    let enforce =
        async || s.as_owner(Method::PATCH, &path, Some(json!({ "stage": "enforced" }))).await;
    // Una, of the directory, administers nothing: ida's password would open nothing, and nobody else is there.
    let no = enforce().await.expect(409).json();
    assert_eq!(no["code"], "last_administrator", "{no}");
    assert!(no["detail"].as_str().unwrap().contains("ida@contoso.example"), "{no}");
    let is = s.as_owner(Method::GET, &path, None).await.expect(200).json();
    assert_eq!(is["stage"], "active", "nothing was done");
    // With somebody of another address it can be.
    let otto = somebody(s, w.tenant, "otto@elsewhere.example", TENANT_ADMIN).await;
    enforce().await.expect(200);
    // From now on ida does not count: otto is the last who comes in.
    let off = async |who: UserId| -> Answer {
        let at = format!("/api/v1/tenants/{}/users/{who}", w.tenant);
        s.as_owner(Method::PATCH, &at, Some(json!({ "enabled": false }))).await
    };
    assert_eq!(off(otto).await.expect(403).json()["code"], "last_administrator");
    off(ida).await.expect(200);
    w.grant("Tenant Administrator").await;
    off(otto).await.expect(200);
    // Switching it off opens what people have of their own; switching it on shuts that again, and asks the same.
    let status =
        async |to: &str| s.as_owner(Method::PATCH, &path, Some(json!({ "status": to }))).await;
    status("disabled").await.expect(200);
    let at = |who: &str| format!("/api/v1/tenants/{}/users/{who}", w.tenant);
    s.as_owner(Method::PATCH, &at(&ida.to_string()), Some(json!({ "enabled": true })))
        .await
        .expect(200);
    s.as_owner(Method::PATCH, &at(&w.person), Some(json!({ "enabled": false }))).await.expect(200);
    let no = status("active").await.expect(409).json();
    assert_eq!(
        (&no["code"], &no["field"]),
        (&json!("last_administrator"), &json!("status")),
        "{no}"
    );
    s.as_owner(Method::PATCH, &at(&otto.to_string()), Some(json!({ "enabled": true })))
        .await
        .expect(200);
    status("active").await.expect(200);
}

story! {
    async fn enforcing_leaves_somebody_who_administers_and_comes_in(t) {
        nobody_is_locked_out(&t).await;
    }
}

story! {
    /// A domain of a company whose login is the only way in shuts what people of it have here of their own.
    async fn a_domain_that_would_shut_out_the_last_who_administers_is_not_confirmed(t) {
        let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
        let s = &w.ours;
        somebody(s, w.tenant, "ida@corp.example", TENANT_ADMIN).await;
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        s.as_owner(Method::PATCH, &path, Some(json!({ "stage": "enforced" }))).await.expect(200);
        let add = async || s.post("/api/v1/domains", json!({ "domain": "corp.example", "tenant": "contoso" })).await;
        let no = add().await.expect(409).json();
        assert_eq!((&no["code"], &no["field"]), (&json!("last_administrator"), &json!("domain")), "{no}");
        assert!(no["detail"].as_str().unwrap().contains("ida@corp.example"), "{no}");
        assert_eq!(s.get("/api/v1/domains").await.expect(200).json()["items"], json!([]), "nothing was done");
        somebody(s, w.tenant, "otto@elsewhere.example", TENANT_ADMIN).await;
        add().await.expect(201);
    }
}

story! {
    async fn who_could_not_enforce_it_does_not_take_that_away(t) {
        let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
        let s = &w.ours;
        w.grant("Tenant Administrator").await;
        let role = json!({ "name": "Settings", "permissions": ["system.view_settings", "system.edit_settings"] });
        let role = s.post(&format!("/api/v1/tenants/{}/roles", w.tenant), role).await.expect(201).json();
        let ivo = somebody(s, w.tenant, "ivo@elsewhere.example", role["id"].as_str().unwrap()).await;
        let who = s.session(w.tenant, ivo, "mfa").await;
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let stage = async |to: &str| -> Answer {
            let c = s.browser();
            let r = c.request(Method::PATCH, &path).json(&json!({ "stage": to }));
            let r = r.header("cookie", format!("muster_session={}", who.cookie));
            c.send(r.header("origin", s.url.clone()).header("sec-fetch-site", "same-origin")).await
        };
        stage("enforced").await.expect(403);
        s.as_owner(Method::PATCH, &path, Some(json!({ "stage": "enforced" }))).await.expect(200);
        let no = stage("draft").await.expect(403).json();
        assert!(no["detail"].as_str().unwrap().contains("more than you"), "{no}");
        stage("active").await.expect(403);
        let is = s.as_owner(Method::GET, &path, None).await.expect(200).json();
        assert_eq!(is["stage"], "enforced");
        // One that is only offered is a brake that anybody who edits settings may pull.
        s.as_owner(Method::PATCH, &path, Some(json!({ "stage": "active" }))).await.expect(200);
        stage("draft").await.expect(200);
        assert_eq!(stage("active").await.expect(403).json()["status"], Value::from(403));
    }
}
