//! Each way in which a session ends is heard once by each application that got tokens in it, and by nobody else.

use super::{REVOKED, Stream, World, body, world};
use crate::{
    api::own,
    oauth::logout::url,
    story,
    support::{
        person::{Person, TestApp},
        tab::Tab,
    },
};
use muster::{apps::consents, id::TenantId, sql, tx};
use serde_json::{Value, json};

async fn cast(w: &World) -> (TenantId, TestApp, Stream) {
    let tenant = w.s.tenant("contoso").await;
    let app = w.s.app(tenant, |_| {}).await;
    let stream = w.poll(&app, &[REVOKED]).await;
    (tenant, app, stream)
}

/// That their session ended, and nothing else was said.
async fn once(w: &World, stream: &Stream, who: &Person, by: &str, why: &str) {
    let told = stream.says(&[REVOKED]).await;
    let c = &told[0];
    let user = json!({ "format": "iss_sub", "iss": w.s.url, "sub": who.user });
    let session = json!({ "format": "opaque", "id": who.session });
    assert_eq!(c["sub_id"], json!({ "format": "complex", "user": user, "session": session }));
    assert_eq!(body(c)["initiating_entity"], by, "{c}");
    assert_eq!(body(c)["reason_admin"]["en"], why, "{c}");
    assert!(!c["txn"].as_str().unwrap().is_empty());
}

story!(
    async fn every_end_of_a_session_is_told_once(t) {
        let w = world(&t).await;
        let (tenant, app, stream) = cast(&w).await;
        let users = format!("/tenants/{tenant}/users");

        // The person signs out.
        let ada = w.person(tenant, "ada").await;
        let tokens = w.enters(&app, &ada).await;
        w.enters(&app, &ada).await;
        let hint = tokens["id_token"].as_str().unwrap();
        Tab::of(&w.s, &ada).get(&url(&[("id_token_hint", hint)])).await.expect(200);
        once(&w, &stream, &ada, "user", "signed out").await;

        // An administrator ends one session, and all of them.
        let ada = w.s.session(tenant, ada.user, "single").await;
        w.enters(&app, &ada).await;
        let one = format!("{users}/{}/sessions/{}", ada.user, ada.session);
        own(&w.s, "DELETE", &one, Value::Null).await.expect(204);
        once(&w, &stream, &ada, "admin", "ended by an administrator").await;
        let ada = w.s.session(tenant, ada.user, "single").await;
        w.enters(&app, &ada).await;
        own(&w.s, "DELETE", &format!("{users}/{}/sessions", ada.user), Value::Null).await.expect(200);
        once(&w, &stream, &ada, "admin", "ended by an administrator").await;

        // They are switched off; another is deleted.
        let bob = w.person(tenant, "bob").await;
        w.enters(&app, &bob).await;
        own(&w.s, "PATCH", &format!("{users}/{}", bob.user), json!({ "enabled": false })).await.expect(200);
        let off = stream.says(&[REVOKED]).await;
        assert_eq!(off[0]["sub_id"]["session"]["id"], json!(bob.session));
        let cyd = w.person(tenant, "cyd").await;
        w.enters(&app, &cyd).await;
        own(&w.s, "DELETE", &format!("{users}/{}", cyd.user), Value::Null).await.expect(204);
        let gone = stream.says(&[REVOKED]).await;
        assert_eq!(gone[0]["sub_id"]["user"]["sub"], json!(cyd.user));

        // Its time is over.
        let dan = w.person(tenant, "dan").await;
        w.enters(&app, &dan).await;
        let (cx, session) = (w.s.app.system(), dan.session);
        tx!(w.s.app.store, &cx, [], |tx| {
            tx.unaudited("a test");
            sql!(tx, exec, "UPDATE sessions SET expires_at = 1 WHERE tenant_id = $1 AND id = $2", tenant, session)
        })
        .unwrap();
        muster::sessions::expire(&w.s.app.store, &cx, w.s.app.session_limits().idle).await.unwrap();
        once(&w, &stream, &dan, "policy", "expired").await;

        // A session without the application, and one of another application alone, are nothing to it.
        let other = w.s.app(tenant, |_| {}).await;
        let eve = w.person(tenant, "eve").await;
        w.enters(&other, &eve).await;
        own(&w.s, "DELETE", &format!("{users}/{}/sessions", eve.user), Value::Null).await.expect(200);
        stream.says(&[]).await;
    }
);

story!(
    async fn a_directory_and_a_suspension_end_sessions_too(t) {
        let w = world(&t).await;
        let (tenant, app, stream) = cast(&w).await;
        let scim = w.s.directory(tenant).await;
        let new = json!({ "userName": "kim", "externalId": "k", "active": true });
        let kim = scim.post("/Users", new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let user = muster::id::UserId::parse(&kim).unwrap();
        let kim = w.s.session(tenant, user, "single").await;
        w.enters(&app, &kim).await;
        let off = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "active", "value": false }] });
        scim.patch(&format!("/Users/{user}"), off).await.expect(200);
        let told = stream.says(&[REVOKED]).await;
        assert_eq!(told[0]["sub_id"]["session"]["id"], json!(kim.session));
        assert_eq!(body(&told[0])["initiating_entity"], "admin", "the company's");

        let lea = w.person(tenant, "lea").await;
        w.enters(&app, &lea).await;
        // Its own application cannot ask any more; the platform's can.
        let us = w.s.provider().await;
        let portal = w.s.app(us, |new| new.platform = true).await;
        let theirs = w.poll(&portal, &[REVOKED]).await;
        w.enters(&portal, &lea).await;
        own(&w.s, "PATCH", &format!("/tenants/{tenant}"), json!({ "status": "suspended" })).await.expect(200);
        let told = theirs.says(&[REVOKED]).await;
        assert_eq!(told[0]["sub_id"]["session"]["id"], json!(lea.session));
        stream.client.get("/ssf/stream").await.expect(401);
    }
);

story!(
    async fn who_takes_their_consent_back_is_signed_out_of_it_and_it_hears_no_more_of_them(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let asks = w.s.app(tenant, |new| new.settings.trusted = false).await;
        let stream = w.poll(&asks, &[]).await;
        let who = w.person(tenant, "ada").await;
        let (cx, scopes) = (w.s.app.system(), vec!["openid".to_owned()]);
        consents::allow(&w.s.app.store, &cx, tenant, who.user, asks.id, scopes).await.unwrap();
        let code = w.s.code(&asks, &who, &[("scope", "openid")]).await;
        w.s.redeem(&asks, &code).await.expect(200);
        let path = format!("/tenants/{tenant}/users/{}/consents/{}", who.user, asks.id);
        own(&w.s, "DELETE", &path, Value::Null).await.expect(204);
        let told = stream.says(&[REVOKED]).await;
        assert_eq!(told[0]["sub_id"]["session"]["id"], json!(who.session));
        own(&w.s, "PATCH", &format!("/tenants/{tenant}/users/{}", who.user), json!({ "enabled": false })).await.expect(200);
        stream.says(&[]).await;
    }
);

story!(
    async fn nobody_hears_of_another_tenant_s_people(t) {
        let w = world(&t).await;
        let (tenant, _, stream) = cast(&w).await;
        let acme = w.s.tenant("acme").await;
        // With leave to hear of everybody, as far as that goes.
        let spy = w.s.app(acme, |new| {
            new.settings.scopes = Some(vec!["ssf.manage".into(), "ssf.read".into(), "ssf.provisioning".into()]);
        }).await;
        let asked: Vec<&str> = muster::events::SECURITY.into_iter().chain(muster::events::PROVISIONING).collect();
        let spies = w.poll(&spy, &asked).await;
        assert_eq!(spies.made["events_delivered"].as_array().unwrap().len(), asked.len());
        let who = w.person(tenant, "ada").await;
        let app = w.s.app(tenant, |_| {}).await;
        w.enters(&app, &who).await;
        let users = format!("/tenants/{tenant}/users/{}", who.user);
        own(&w.s, "PUT", &format!("{users}/password"), json!({ "password": "violet harbour 27 lanterns" })).await.expect(204);
        own(&w.s, "PATCH", &users, json!({ "enabled": false, "display_name": "Ada L" })).await.expect(200);
        own(&w.s, "DELETE", &users, Value::Null).await.expect(204);
        spies.says(&[]).await;
        // Nor does an application of their own tenant that they never signed in to.
        stream.says(&[]).await;
        // A stream is its application's: another's does not find it, nor fetch from it.
        let path = format!("/ssf/stream?stream_id={}", stream.id);
        spies.client.get(&path).await.expect(404);
        spies.client.delete(&path).await.expect(404);
        spies.client.post(&format!("/ssf/poll/{}", stream.id), json!({ "returnImmediately": true })).await.expect(404);
        spies.client.post("/ssf/verify", json!({ "stream_id": stream.id })).await.expect(404);
        spies.client.post("/ssf/status", json!({ "stream_id": stream.id, "status": "disabled" })).await.expect(404);
        spies.client.patch("/ssf/stream", json!({ "stream_id": stream.id })).await.expect(404);
    }
);

story!(
    async fn an_application_that_is_removed_takes_its_stream_with_it(t) {
        let w = world(&t).await;
        let (tenant, app, stream) = cast(&w).await;
        let who = w.person(tenant, "ada").await;
        w.enters(&app, &who).await;
        own(&w.s, "DELETE", &format!("/tenants/{tenant}/users/{}/sessions", who.user), Value::Null).await.expect(200);
        while stream.waits().await.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        own(&w.s, "DELETE", &format!("/tenants/{tenant}/apps/{}", app.id), Value::Null).await.expect(204);
        stream.client.get("/ssf/stream").await.expect(401);
        let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
        for n in [
            sql!(c, one<i64>, "SELECT count(*) FROM event_streams").unwrap(),
            sql!(c, one<i64>, "SELECT count(*) FROM event_queue").unwrap(),
            sql!(c, one<i64>, "SELECT count(*) FROM app_people").unwrap(),
        ] {
            assert_eq!(n, 0);
        }
    }
);
