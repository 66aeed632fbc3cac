//! What becomes of people and of what they sign in with, as the applications hear it that they signed in to.

use super::{
    CREDENTIAL, DISABLED, ENABLED, PURGED, REVOKED, Receiver, Stream, World, body, of, world,
};
use crate::{
    api::own,
    factors,
    passkeys::{self, PASSWORD, setting, with_password},
    story,
    support::{authenticator::Authenticator, person::READ_ONLY},
};
use muster::{
    audit::Told,
    id::{MessageId, UserId},
    outbox::Message,
    sql,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// What was done to which way of signing in.
fn changes(told: &[Value]) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let mut all: Vec<_> = told
        .iter()
        .map(|c| (text(&body(c)["credential_type"]), text(&body(c)["change_type"])))
        .collect();
    all.sort();
    all
}

async fn change(stream: &Stream, want: &[(&str, &str)], by: &str) {
    let told = stream.says(&vec![CREDENTIAL; want.len()]).await;
    let have = changes(&told);
    let have: Vec<(&str, &str)> = have.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(have, want);
    assert!(told.iter().all(|c| body(c)["initiating_entity"] == by), "{told:#?}");
}

story!(
    async fn what_an_administrator_does_to_somebody_s_credentials_is_told(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let stream = w.poll(&app, &[CREDENTIAL]).await;
        let who = w.person(tenant, "ada").await;
        w.enters(&app, &who).await;
        let user = format!("/tenants/{tenant}/users/{}", who.user);
        let put = json!({ "password": PASSWORD });
        own(&w.s, "PUT", &format!("{user}/password"), put).await.expect(204);
        change(&stream, &[("password", "update")], "admin").await;
        own(&w.s, "POST", &format!("{user}/one-time-code"), json!({})).await.expect(201);
        change(&stream, &[("app", "create")], "admin").await;
        own(&w.s, "DELETE", &format!("{user}/one-time-code"), Value::Null).await.expect(204);
        change(&stream, &[("app", "delete")], "admin").await;
        own(&w.s, "POST", &format!("{user}/one-time-code"), json!({})).await.expect(201);
        change(&stream, &[("app", "create")], "admin").await;
        own(&w.s, "POST", &format!("{user}/reset-factors"), json!({})).await.expect(200);
        change(&stream, &[("app", "revoke"), ("password", "revoke")], "admin").await;
        // Of somebody whom the application has never seen it hears nothing.
        let other = w.s.person(tenant, "bob", READ_ONLY).await;
        let put = json!({ "password": PASSWORD });
        own(&w.s, "PUT", &format!("/tenants/{tenant}/users/{other}/password"), put).await.expect(204);
        change(&stream, &[], "admin").await;
    }
);

story!(
    async fn what_people_do_to_their_own_credentials_is_told_as_theirs(t) {
        let (s, contoso) = setting(&t).await;
        s.app.keys.complete(&s.app.system()).await.unwrap();
        let anna = passkeys::person(&s, contoso, "anna").await;
        let user = UserId::parse(anna.rsplit('/').next().unwrap()).unwrap();
        let w = World { s, receiver: Arc::<Receiver>::default(), uri: String::new() };
        let app = w.s.app(contoso, |_| {}).await;
        let stream = w.poll(&app, &[CREDENTIAL]).await;
        let who = w.s.session(contoso, user, "single").await;
        w.enters(&app, &who).await;
        let browser = w.s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&w.s.url);
        passkeys::make(&browser, &mut device).await;
        let told = stream.says(&[CREDENTIAL]).await;
        assert_eq!(changes(&told), [("passkey".to_owned(), "create".to_owned())]);
        assert_eq!(body(&told[0])["initiating_entity"], "user", "{told:?}");
        assert_eq!(body(&told[0])["fido2_aaguid"], crate::support::authenticator::AAGUID);
        assert_eq!(told[0]["sub_id"], json!({ "format": "iss_sub", "iss": w.s.url, "sub": user }));
        factors::make(&browser).await;
        change(&stream, &[("recovery-code", "create")], "user").await;
    }
);

story!(
    async fn every_event_of_the_trail_about_credentials_has_its_word(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let stream = w.poll(&app, &[CREDENTIAL]).await;
        let who = w.person(tenant, "ada").await;
        w.enters(&app, &who).await;
        for (action, detail, want) in [
            ("password.change", json!({}), vec![("password", "update")]),
            ("password.reset", json!({}), vec![("password", "update")]),
            ("passkey.remove", json!({ "passkey": 1 }), vec![("passkey", "delete")]),
            ("passkey.cloned", json!({ "alarm": true }), vec![("passkey", "revoke")]),
            ("credentials.remove", json!({ "password": true, "one_time_code": false, "passkeys": 2 }),
                vec![("passkey", "delete"), ("password", "delete")]),
            ("factors.reset", json!({ "one_time_code": false, "passkeys": 1, "recovery_codes": 8 }),
                vec![("passkey", "revoke"), ("password", "revoke"), ("recovery-code", "revoke")]),
            ("recovery_code.use", json!({ "left": 3 }), vec![]),
        ] {
            let told = Told {
                action: action.to_owned(), target: Some(format!("user:{}", who.user)), detail,
                by: "system:story".to_owned(), request: None, at: w.s.app.store.clock().now(),
            };
            let m = Message {
                id: MessageId::new(), tenant, topic: "audit.told".into(),
                payload: serde_json::to_value(told).unwrap(), attempts: 0,
            };
            muster::events::told(&w.s.app.events, &w.s.app.system(), &m).await.unwrap();
            change(&stream, &want, "system").await;
        }
    }
);

story!(
    async fn accounts_are_told_of_when_their_state_changes_and_not_before(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let scim = w.s.directory(tenant).await;
        let made = scim.post("/Users", json!({ "userName": "kim", "externalId": "k" })).await.expect(201).json();
        let user = UserId::parse(made["id"].as_str().unwrap()).unwrap();
        let who = w.s.session(tenant, user, "single").await;
        let stream = w.poll(&app, &[DISABLED, ENABLED, PURGED]).await;
        w.enters(&app, &who).await;
        let path = format!("/tenants/{tenant}/users/{user}");
        let active = |on: bool| {
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "active", "value": on }] })
        };
        scim.patch(&format!("/Users/{user}"), active(false)).await.expect(200);
        let told = stream.says(&[DISABLED]).await;
        assert_eq!(told[0]["sub_id"], json!({ "format": "iss_sub", "iss": w.s.url, "sub": user }));
        assert_eq!(body(&told[0])["reason_admin"]["en"], "deactivated by the directory");
        own(&w.s, "PATCH", &path, json!({ "enabled": false })).await.expect(200);
        stream.says(&[DISABLED]).await;
        // One switch of the two is not enough.
        scim.patch(&format!("/Users/{user}"), active(true)).await.expect(200);
        stream.says(&[]).await;
        own(&w.s, "PATCH", &path, json!({ "enabled": true })).await.expect(200);
        let told = stream.says(&[ENABLED]).await;
        assert_eq!(body(&told[0])["initiating_entity"], "admin");
        // The name alone is nobody's business but the directory's.
        let name = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "displayName", "value": "Kim" }] });
        scim.patch(&format!("/Users/{user}"), name).await.expect(200);
        stream.says(&[]).await;
        scim.delete(&format!("/Users/{user}")).await.expect(204);
        let told = stream.says(&[PURGED]).await;
        assert_eq!(of(&told, PURGED)["sub_id"]["sub"], json!(user));
        let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
        assert_eq!(sql!(c, one<i64>, "SELECT count(*) FROM app_people").unwrap(), 0, "nobody is known who is gone");
    }
);

story!(
    async fn what_is_not_so_any_more_when_it_is_handed_over_is_not_said(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let (ada, bob) = (w.person(tenant, "ada").await, w.person(tenant, "bob").await);
        for who in [&ada, &bob] {
            w.enters(&app, who).await;
        }
        let stream = w.poll(&app, &[DISABLED, ENABLED, CREDENTIAL, PURGED]).await;
        let path = format!("/tenants/{tenant}/users/{}", ada.user);
        own(&w.s, "PATCH", &path, json!({ "enabled": false })).await.expect(200);
        stream.says(&[DISABLED]).await;
        // Messages about somebody may be handed over in any order, and again: the last word is what is so.
        let late = async |action: &str, user: UserId| {
            let told = Told {
                action: action.to_owned(), target: Some(format!("user:{user}")), detail: json!({}),
                by: "owner".to_owned(), request: None, at: w.s.app.store.clock().now(),
            };
            let m = Message {
                id: MessageId::new(), tenant, topic: "audit.told".into(),
                payload: serde_json::to_value(told).unwrap(), attempts: 1,
            };
            muster::events::told(&w.s.app.events, &w.s.app.system(), &m).await.unwrap();
        };
        late("user.enable", ada.user).await;
        late("user.disable", bob.user).await;
        stream.says(&[]).await;
        own(&w.s, "DELETE", &path, Value::Null).await.expect(204);
        stream.says(&[PURGED]).await;
        late("user.disable", ada.user).await;
        late("password.set", ada.user).await;
        stream.says(&[]).await;
    }
);

story!(
    async fn who_is_deleted_while_nobody_listens_is_not_remembered(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let count = async || {
            let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
            let people = sql!(c, one<i64>, "SELECT count(*) FROM app_people").unwrap();
            let told = sql!(c, one<i64>, "SELECT count(*) FROM outbox WHERE topic = 'audit.told'").unwrap();
            (people, told)
        };
        // Until it is known again that nobody listens, what happens is handed on to nobody: after a change of the
        // application, and whenever a node lost the thread of the others' changes, as a busy machine may make it.
        let mut after = Vec::new();
        for name in ["ada", "grace", "joan", "mary", "radia"] {
            let who = w.person(tenant, name).await;
            w.enters(&app, &who).await;
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            let before = count().await;
            assert_eq!(before.0, 1, "{after:?}");
            own(&w.s, "DELETE", &format!("/tenants/{tenant}/users/{}", who.user), Value::Null).await.expect(204);
            // What was handed on is kept for a while after it was told.
            let (people, told) = count().await;
            after.push((people, told - before.1));
            if after.last() == Some(&(0, 0)) {
                break;
            }
        }
        assert_eq!(after.last(), Some(&(0, 0)), "{after:?}");
        // A stream that begins later hears of whoever signs in from then on, and of those who did before.
        let bob = w.person(tenant, "bob").await;
        w.enters(&app, &bob).await;
        let stream = w.poll(&app, &[PURGED, REVOKED]).await;
        own(&w.s, "DELETE", &format!("/tenants/{tenant}/users/{}", bob.user), Value::Null).await.expect(204);
        let told = stream.says(&[PURGED, REVOKED]).await;
        assert_eq!(of(&told, PURGED)["txn"], of(&told, REVOKED)["txn"]);
    }
);
