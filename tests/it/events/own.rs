//! The token that an application has for itself: for its stream, made and asked by the one gate, and good for nothing else.

use super::world;
use crate::{
    api::own,
    story,
    support::person::{READ_ONLY, claims},
};
use serde_json::{Value, json};

story!(
    async fn an_application_s_own_token_opens_its_stream_and_nothing_else(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let token = w.token(&app, "ssf.manage ssf.read openid computers.view").await;
        let c = claims(&token);
        assert_eq!(c["scope"], "ssf.manage ssf.read", "no scope of a person's");
        assert_eq!((&c["sub"], &c["client_id"]), (&json!(app.client_id), &json!(app.client_id)));
        assert_eq!((&c["iss"], &c["aud"]), (&json!(w.s.url), &json!(w.s.url)));
        assert!(c["exp"].as_i64().unwrap() - c["iat"].as_i64().unwrap() <= 3600);
        let holder = w.s.browser().bearer(&token);
        holder.get("/ssf/stream").await.expect(200);
        holder.get("/oauth/userinfo").await.expect(401);
        holder.get("/api/v1/me").await.expect(401);
        holder.get(&format!("/api/v1/tenants/{tenant}/users")).await.expect(401);
        // In the header, and nowhere else.
        w.s.browser().get(&format!("/ssf/stream?access_token={token}")).await.expect(401);

        // What others see of it, and how it ends.
        let seen = w.s.form_as(&app, "/oauth/introspect", &[("token", &token)]).await.expect(200).json();
        assert_eq!((&seen["active"], &seen["scope"]), (&json!(true), &json!("ssf.manage ssf.read")));
        assert!(seen.get("ep").is_none());
        let other = w.s.app(tenant, |_| {}).await;
        assert!(!w.s.active(&other, &token).await);
        w.s.form_as(&other, "/oauth/revoke", &[("token", &token)]).await.expect(200);
        holder.get("/ssf/stream").await.expect(200);
        w.s.form_as(&app, "/oauth/revoke", &[("token", &token)]).await.expect(200);
        holder.get("/ssf/stream").await.expect(401);
        assert!(!w.s.active(&app, &token).await);

        // Switched off, everything of it ends; switched on again, that stays ended.
        let holder = w.s.browser().bearer(&w.token(&app, "ssf.read").await);
        holder.get("/ssf/stream").await.expect(200);
        let path = format!("/tenants/{tenant}/apps/{}", app.id);
        own(&w.s, "PATCH", &path, json!({ "enabled": false })).await.expect(200);
        holder.get("/ssf/stream").await.expect(401);
        own(&w.s, "PATCH", &path, json!({ "enabled": true })).await.expect(200);
        holder.get("/ssf/stream").await.expect(401);
    }
);

story!(
    async fn who_may_not_have_one_gets_none(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let ask = async |app: &crate::support::person::TestApp, scope: &str| {
            let mut fields = vec![("grant_type", "client_credentials")];
            if !scope.is_empty() {
                fields.push(("scope", scope));
            }
            let a = w.s.token(app, &fields).await;
            (a.status.as_u16(), a.json()["error"].clone())
        };
        let app = w.s.app(tenant, |_| {}).await;
        assert_eq!(ask(&app, "").await, (400, json!("unauthorized_client")));
        assert_eq!(ask(&app, "computers.view").await, (400, json!("unauthorized_client")));
        // An application whose scopes were chosen has what was chosen.
        let narrow = w.s.app(tenant, |new| new.settings.scopes = Some(vec!["ssf.read".into()])).await;
        assert_eq!(ask(&narrow, "ssf.manage").await, (400, json!("invalid_scope")));
        let reads = w.s.browser().bearer(&w.token(&narrow, "ssf.manage ssf.read").await);
        reads.get("/ssf/stream").await.expect(200);
        for (method, path) in [("POST", "/ssf/stream"), ("PATCH", "/ssf/stream"), ("PUT", "/ssf/stream"), ("DELETE", "/ssf/stream?stream_id=x"),
            ("POST", "/ssf/status"), ("POST", "/ssf/verify"), ("POST", "/ssf/subjects/add"), ("POST", "/ssf/subjects/remove"), ("POST", "/ssf/poll/x")]
        {
            let r = reads.request(method.parse().unwrap(), path).json(&json!({}));
            let a = reads.send(r).await.expect(403);
            assert_eq!(a.header("www-authenticate"), "Bearer error=\"insufficient_scope\"", "{method} {path}");
        }
        // What is taken from it does not count any more, in tokens that are out as well.
        let manages = w.s.browser().bearer(&w.token(&app, "ssf.manage").await);
        manages.post("/ssf/stream", json!({})).await.expect(201);
        let path = format!("/tenants/{tenant}/apps/{}", app.id);
        own(&w.s, "PATCH", &path, json!({ "scopes": ["computers.view"] })).await.expect(200);
        manages.post("/ssf/verify", json!({ "stream_id": "x" })).await.expect(403);
        // Nor does a person's token, whatever it asks for, or a public application's name.
        let ada = w.s.person(tenant, "ada", READ_ONLY).await;
        let who = w.s.session(tenant, ada, "single").await;
        let second = w.s.app(tenant, |_| {}).await;
        let code = w.s.code(&second, &who, &[("scope", "openid ssf.manage")]).await;
        let tokens = w.s.redeem(&second, &code).await.expect(200).json();
        assert_eq!(tokens["scope"], "openid");
        let person = w.s.browser().bearer(tokens["access_token"].as_str().unwrap());
        person.get("/ssf/stream").await.expect(401);
        let public = w.s.app(tenant, |new| new.public = true).await;
        let form = [("grant_type", "client_credentials"), ("scope", "ssf.manage"), ("client_id", public.client_id.as_str())];
        let a = w.s.browser().form("/oauth/token", &form).await.expect(400).json();
        assert_eq!(a["error"], "unauthorized_client");
    }
);

story!(
    async fn who_does_not_see_a_tenant_s_people_lets_no_application_hear_of_them(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        // Settings, and nothing of people.
        let role = json!({ "name": "Settings", "permissions": ["system.view_settings", "system.edit_settings"] });
        let role = own(&w.s, "POST", &format!("/tenants/{tenant}/roles"), role).await.expect(201).json();
        let user = w.s.person(tenant, "sam", role["id"].as_str().unwrap()).await;
        let sam = muster::actor::Actor::prove(
            muster::actor::Principal::User {
                home: tenant, user, kind: muster::actor::UserKind::Tenant, session: None, app: None, scopes: None, bound: None,
            },
            muster::id::RequestId::new(),
        );
        let new = |scopes: Value| json!({ "name": "Hears", "redirect_uris": ["https://a.example/cb"], "scopes": scopes }).to_string();
        let path = format!("/tenants/{tenant}/apps");
        let ask = async |body: String| crate::api::call(&w.s, Some(&sam), "POST", &path, &body).await;
        let e = ask(new(json!(["ssf.manage", "ssf.provisioning"]))).await.expect(403).json();
        assert_eq!(e["field"], "scopes");
        let made = ask(new(json!(["ssf.manage"]))).await.expect(201).json();
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        let more = json!({ "scopes": ["ssf.manage", "ssf.provisioning"] }).to_string();
        crate::api::call(&w.s, Some(&sam), "PATCH", &one, &more).await.expect(403);
        own(&w.s, "PATCH", &one, serde_json::from_str(&more).unwrap()).await.expect(200);
    }
);
