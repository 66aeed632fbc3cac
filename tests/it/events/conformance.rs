//! The certification's modules for transmitters, by their names (plans `openid-ssf-transmitter` and
//! `openid-ssf-transmitter-caep`): what each asks of us, asked here.

use super::{
    CREDENTIAL, POLL, PUSH, REVOKED, Stream, VERIFICATION, World, body, kind, read, world,
};
use crate::{api::own, story, support::person::TestApp};
use reqwest::Method;
use serde_json::{Value, json};

async fn app(w: &World) -> TestApp {
    let tenant = w.s.tenant("contoso").await;
    w.s.app(tenant, |_| {}).await
}

/// Both ways of delivery.
fn ways(w: &World) -> [Value; 2] {
    [json!({ "method": PUSH, "endpoint_url": w.uri }), json!({ "method": POLL })]
}

async fn broken(stream: &Stream, method: Method) {
    let r = stream.client.request(method.clone(), "/ssf/stream");
    let r = r.header("content-type", "application/json").body(";{ broken");
    let a = stream.client.send(r).await.expect(400);
    assert_eq!(a.json()["err"], "invalid_request", "{method}");
}

async fn invalid_token(w: &World, method: Method) {
    let bad = w.s.browser().bearer("invalid");
    let r = bad.request(method.clone(), "/ssf/stream?stream_id=x").json(&json!({}));
    let a = bad.send(r).await.expect(401);
    assert_eq!(a.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    let nobody = w.s.browser();
    let a = nobody.send(nobody.request(method, "/ssf/stream").json(&json!({}))).await.expect(401);
    assert_eq!(a.header("www-authenticate"), "Bearer realm=\"muster\"", "no token, no fault of it");
}

async fn unknown(stream: &Stream, method: Method, body: Option<Value>) {
    for id in ["dummy", "01900000-0000-7000-8000-0000000000aa"] {
        let path = format!("/ssf/stream?stream_id={id}");
        let mut r = stream.client.request(method.clone(), &path);
        if let Some(body) = &body {
            let mut body = body.clone();
            body["stream_id"] = json!(id);
            r = r.json(&body);
        }
        stream.client.send(r).await.expect(404);
    }
}

story!(
    async fn transmitter_metadata(t) {
        let w = world(&t).await;
        let a = w.s.browser().get("/.well-known/ssf-configuration").await.expect(200);
        assert_eq!(a.header("content-type"), "application/json");
        let about = a.json();
        let i = &w.s.url;
        assert_eq!(about, json!({
            "spec_version": "1_0", "issuer": i, "jwks_uri": format!("{i}/oauth/jwks"),
            "delivery_methods_supported": [PUSH, POLL],
            "configuration_endpoint": format!("{i}/ssf/stream"),
            "status_endpoint": format!("{i}/ssf/status"),
            "add_subject_endpoint": format!("{i}/ssf/subjects/add"),
            "remove_subject_endpoint": format!("{i}/ssf/subjects/remove"),
            "verification_endpoint": format!("{i}/ssf/verify"),
            "critical_subject_members": ["user"],
            "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6749" }],
            "default_subjects": "ALL",
        }));
        // RS256 with 2048 bits, as the interoperability profile has it.
        let keys = w.s.browser().get(about["jwks_uri"].as_str().unwrap()).await.expect(200).json();
        let rsa = keys["keys"].as_array().unwrap().iter().find(|k| k["kty"] == "RSA").unwrap().clone();
        assert!(rsa["n"].as_str().unwrap().len() >= 342, "{rsa}");
        let issuer = w.s.browser().get("/.well-known/openid-configuration").await.expect(200).json();
        for scope in ["ssf.read", "ssf.manage"] {
            assert!(issuer["scopes_supported"].as_array().unwrap().contains(&json!(scope)));
        }
    }
);

story!(
    async fn stream_control_happy_path(t) {
        let w = world(&t).await;
        let app = app(&w).await;
        for delivery in ways(&w) {
            let asked = json!({
                "delivery": delivery, "events_requested": [REVOKED, CREDENTIAL, "urn:example:of-nobody"],
                "description": "Stream of the story",
            });
            let stream = w.stream(&app, asked).await;
            let made = &stream.made;
            assert_eq!((&made["iss"], &made["aud"]), (&json!(w.s.url), &json!(app.client_id)));
            assert_eq!(made["delivery"]["method"], delivery["method"]);
            assert!(made["delivery"]["endpoint_url"].as_str().unwrap().starts_with("http"));
            assert_eq!(made["events_delivered"], json!([REVOKED, CREDENTIAL]), "what is understood");
            assert_eq!(made["events_requested"][2], "urn:example:of-nobody");
            assert_eq!(made["events_supported"].as_array().unwrap().len(), muster::events::SECURITY.len());
            let path = format!("/ssf/stream?stream_id={}", stream.id);
            assert_eq!(stream.client.get(&path).await.expect(200).json(), *made);
            assert_eq!(stream.client.get("/ssf/stream").await.expect(200).json(), json!([made]));

            // Update: what is named changes, what is the transmitter's must fit.
            let change = json!({ "stream_id": stream.id, "events_requested": [REVOKED], "iss": w.s.url });
            let now = stream.client.patch("/ssf/stream", change).await.expect(200).json();
            assert_eq!(now["events_delivered"], json!([REVOKED]));
            assert_eq!((&now["description"], &now["delivery"]), (&made["description"], &made["delivery"]));
            let other = json!({ "stream_id": stream.id, "aud": "somebody" });
            stream.client.patch("/ssf/stream", other).await.expect(400);
            // Replace: what is not named is not asked for any more.
            let whole = json!({ "stream_id": stream.id, "delivery": made["delivery"], "events_requested": [CREDENTIAL] });
            let now = stream.client.put("/ssf/stream", whole).await.expect(200).json();
            assert_eq!(now["events_delivered"], json!([CREDENTIAL]));
            assert!(now.get("description").is_none(), "{now}");

            let status = format!("/ssf/status?stream_id={}", stream.id);
            let read = stream.client.get(&status).await.expect(200).json();
            assert_eq!(read, json!({ "stream_id": stream.id, "status": "enabled" }));
            for to in ["disabled", "paused", "enabled"] {
                let set = json!({ "stream_id": stream.id, "status": to, "reason": "a story" });
                let set = stream.client.post("/ssf/status", set).await.expect(200).json();
                assert_eq!(set, json!({ "stream_id": stream.id, "status": to, "reason": "a story" }));
                assert_eq!(stream.client.get(&status).await.expect(200).json(), set);
            }
            let sleeps = json!({ "stream_id": stream.id, "status": "asleep" });
            stream.client.post("/ssf/status", sleeps).await.expect(400);

            assert_eq!(stream.client.delete(&path).await.expect(204).text, "");
            stream.client.get(&path).await.expect(404);
            assert_eq!(stream.client.get("/ssf/stream").await.expect(200).json(), json!([]));
        }
        // Where nothing says how, events are fetched.
        let stream = w.stream(&app, json!({})).await;
        assert_eq!(stream.made["delivery"]["method"], POLL);
        assert_eq!(stream.made["delivery"]["endpoint_url"], format!("{}/ssf/poll/{}", w.s.url, stream.id));
        assert_eq!(stream.made["events_delivered"].as_array().unwrap().len(), muster::events::SECURITY.len());
    }
);

story!(
    async fn stream_control_error_create_stream_with_broken_input(t) {
        let w = world(&t).await;
        let app = app(&w).await;
        let client = w.s.browser().bearer(&w.token(&app, "ssf.manage").await);
        let stream = Stream { id: String::new(), client, made: json!({}), client_id: String::new() };
        broken(&stream, Method::POST).await;
        for (fault, said) in [
            (json!({ "delivery": { "method": "urn:example:pigeon" } }), "neither push"),
            (json!({ "delivery": { "method": PUSH } }), "'endpoint_url'"),
            (json!({ "delivery": { "method": PUSH, "endpoint_url": "/there" } }), "not an absolute address"),
            (json!({ "delivery": { "method": PUSH, "endpoint_url": "https://10.1.2.3/x" } }), "may not be reached"),
            (json!({ "delivery": { "method": PUSH, "endpoint_url": "http://app.example/x" } }), "may not be reached"),
            (json!({ "delivery": { "method": PUSH, "endpoint_url": w.uri, "authorization_header": "a\nb" } }), "header"),
            (json!({ "delivery": { "method": POLL, "authorization_header": "a" } }), "pushed"),
            (json!({ "events_requested": "all" }), "events_requested"),
            (json!([]), "not a JSON object"),
        ] {
            let a = stream.client.post("/ssf/stream", fault.clone()).await.expect(400).json();
            assert!(a["description"].as_str().unwrap().contains(said), "{fault} {a}");
        }
        assert_eq!(stream.client.get("/ssf/stream").await.expect(200).json(), json!([]));
    }
);

story!(
    async fn stream_control_error_create_stream_with_invalid_token(t) {
        invalid_token(&world(&t).await, Method::POST).await;
    }
);

story!(
    async fn stream_control_error_create_stream_with_duplicate_config(t) {
        let w = world(&t).await;
        let app = app(&w).await;
        let stream = w.poll(&app, &[REVOKED]).await;
        for delivery in ways(&w) {
            stream.client.post("/ssf/stream", json!({ "delivery": delivery })).await.expect(409);
        }
        assert_eq!(stream.client.get("/ssf/stream").await.expect(200).json(), json!([stream.made]));
    }
);

story!(
    async fn stream_control_error_read_stream_with_invalid_token(t) {
        invalid_token(&world(&t).await, Method::GET).await;
    }
);
story!(
    async fn stream_control_error_read_unknown_stream(t) {
        let w = world(&t).await;
        unknown(&w.poll(&app(&w).await, &[]).await, Method::GET, None).await;
    }
);
story!(
    async fn stream_control_error_update_stream_with_invalid_token(t) {
        invalid_token(&world(&t).await, Method::PATCH).await;
    }
);
story!(
    async fn stream_control_error_update_stream_with_invalid_body(t) {
        let w = world(&t).await;
        let stream = w.poll(&app(&w).await, &[]).await;
        broken(&stream, Method::PATCH).await;
        stream.client.patch("/ssf/stream", json!({ "description": "whose?" })).await.expect(400);
    }
);
story!(
    async fn stream_control_error_update_unknown_stream(t) {
        let w = world(&t).await;
        unknown(&w.poll(&app(&w).await, &[]).await, Method::PATCH, Some(json!({}))).await;
    }
);
story!(
    async fn stream_control_error_replace_stream_with_invalid_body(t) {
        let w = world(&t).await;
        let stream = w.poll(&app(&w).await, &[]).await;
        broken(&stream, Method::PUT).await;
        stream.client.put("/ssf/stream", json!({ "description": "whose?" })).await.expect(400);
    }
);
story!(
    async fn stream_control_error_replace_stream_with_invalid_token(t) {
        invalid_token(&world(&t).await, Method::PUT).await;
    }
);
story!(
    async fn stream_control_error_replace_unknown_stream(t) {
        let w = world(&t).await;
        unknown(&w.poll(&app(&w).await, &[]).await, Method::PUT, Some(json!({}))).await;
    }
);
story!(
    async fn stream_control_error_delete_stream_with_invalid_token(t) {
        invalid_token(&world(&t).await, Method::DELETE).await;
    }
);
story!(
    async fn stream_control_error_delete_unknown_stream(t) {
        let w = world(&t).await;
        let stream = w.poll(&app(&w).await, &[]).await;
        unknown(&stream, Method::DELETE, None).await;
        stream.client.delete("/ssf/stream").await.expect(400);
        assert_eq!(stream.client.get("/ssf/stream").await.expect(200).json(), json!([stream.made]));
    }
);

story!(
    async fn stream_subject_control(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let stream = w.poll(&app, &[REVOKED]).await;
        let (ada, bob, eve) = (w.person(tenant, "ada").await, w.person(tenant, "bob").await, w.person(tenant, "eve").await);
        for who in [&ada, &bob, &eve] {
            w.enters(&app, who).await;
        }
        let iss_sub = json!({ "format": "iss_sub", "iss": w.s.url, "sub": ada.user });
        let email = json!({ "format": "email", "email": "BOB@contoso.example" });
        let set = async |what: &str, subject: &Value, status: u16| {
            let body = json!({ "stream_id": stream.id, "subject": subject, "verified": true });
            stream.client.post(&format!("/ssf/subjects/{what}"), body).await.expect(status)
        };
        for subject in [&iss_sub, &email] {
            set("add", subject, 200).await;
            assert_eq!(set("remove", subject, 204).await.text, "");
        }
        // Strangers are taken in and out without a word, so that nobody learns who there is.
        for stranger in [
            json!({ "format": "email", "email": "nobody@contoso.example" }),
            json!({ "format": "iss_sub", "iss": "https://elsewhere.example", "sub": ada.user }),
            json!({ "format": "phone_number", "phone_number": "+12065550100" }),
        ] {
            set("add", &stranger, 200).await;
            set("remove", &stranger, 204).await;
        }
        for fault in [json!({ "format": "shoe_size", "id": "44" }), json!({ "format": "email" }), json!({})] {
            set("add", &fault, 400).await;
            set("remove", &fault, 400).await;
        }
        let other = json!({ "stream_id": "dummy", "subject": iss_sub });
        stream.client.post("/ssf/subjects/add", other.clone()).await.expect(404);
        stream.client.post("/ssf/subjects/remove", other).await.expect(404);

        // Of those who were taken out nothing is heard; of one who is back, and of everybody else, it is.
        set("add", &email, 200).await;
        for who in [&ada, &bob, &eve] {
            let path = format!("/tenants/contoso/users/{}/sessions", who.user);
            own(&w.s, "DELETE", &path, Value::Null).await.expect(200);
        }
        let told = stream.says(&[REVOKED, REVOKED]).await;
        let mut whom: Vec<&str> = told.iter().map(|c| c["sub_id"]["user"]["sub"].as_str().unwrap()).collect();
        whom.sort_unstable();
        let mut want = [bob.user.to_string(), eve.user.to_string()];
        want.sort_unstable();
        assert_eq!(whom, want);
    }
);

async fn verify(stream: &Stream, state: &str) {
    let body = json!({ "stream_id": stream.id, "state": state });
    assert_eq!(stream.client.post("/ssf/verify", body).await.expect(204).text, "");
}

fn is_test(claims: &Value, stream: &Stream, state: &str) {
    assert_eq!(kind(claims), VERIFICATION);
    assert_eq!(claims["sub_id"], json!({ "format": "opaque", "id": stream.id }));
    assert_eq!(body(claims), &json!({ "state": state }));
}

story!(
    async fn transmitter_stream_verification_push(t) {
        let w = world(&t).await;
        let stream = w.push(&app(&w).await, &[REVOKED], Some("Bearer of the receiver")).await;
        verify(&stream, "echo me").await;
        let got = w.pushed(1).await;
        assert_eq!(got[0].authorization.as_deref(), Some("Bearer of the receiver"));
        assert_eq!(got[0].content_type, "application/secevent+jwt");
        is_test(&w.verified(&got[0].token, &stream).await, &stream, "echo me");
        // Not more often than the stream says.
        let again = json!({ "stream_id": stream.id });
        let a = stream.client.post("/ssf/verify", again).await.expect(429);
        assert_eq!(a.header("retry-after"), stream.made["min_verification_interval"].to_string());
        stream.client.post("/ssf/verify", json!({ "stream_id": "dummy" })).await.expect(404);
        stream.client.post("/ssf/verify", json!({})).await.expect(400);
    }
);

story!(
    async fn transmitter_stream_verification_error_push_no_auth(t) {
        let w = world(&t).await;
        let stream = w.push(&app(&w).await, &[REVOKED], None).await;
        verify(&stream, "s").await;
        assert_eq!(w.pushed(1).await[0].authorization, None, "none was given");
    }
);

async fn tested(w: &World) -> (Stream, String, String) {
    let stream = w.poll(&app(w).await, &[REVOKED]).await;
    verify(&stream, "echo me").await;
    let mut waits = stream.waits().await;
    assert_eq!(waits.len(), 1);
    let (jti, token) = waits.remove(0);
    is_test(&w.verified(&token, &stream).await, &stream, "echo me");
    assert_eq!(read(&token)["jti"], json!(jti));
    (stream, jti, token)
}

story!(
    async fn transmitter_stream_verification_poll_only(t) {
        let w = world(&t).await;
        let (stream, jti, token) = tested(&w).await;
        // Not confirmed, so it is there still, to the letter.
        assert_eq!(stream.waits().await, [(jti, token)]);
    }
);
story!(
    async fn transmitter_stream_verification_poll_and_ack(t) {
        let w = world(&t).await;
        let (stream, jti, _) = tested(&w).await;
        let both = json!({ "returnImmediately": true, "ack": [jti], "maxEvents": 5 });
        assert_eq!(stream.ask(both).await.expect(200).json(), json!({ "sets": {} }));
    }
);
story!(
    async fn transmitter_stream_verification_ack_only(t) {
        let w = world(&t).await;
        let (stream, jti, _) = tested(&w).await;
        let ack = json!({ "maxEvents": 0, "ack": [jti] });
        assert_eq!(stream.ask(ack).await.expect(200).json(), json!({ "sets": {} }), "it waits for none");
        assert_eq!(stream.waits().await, []);
    }
);

story!(
    async fn transmitter_stream_caep_interop(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let stream = w.push(&app, &[REVOKED, CREDENTIAL], Some("Bearer x")).await;
        let who = w.person(tenant, "ada").await;
        w.enters(&app, &who).await;
        // What makes both is done here: somebody else sets the person's password, which ends their sessions.
        let path = format!("/tenants/contoso/users/{}/password", who.user);
        own(&w.s, "PUT", &path, json!({ "password": "violet harbour 27 lanterns" })).await.expect(204);
        let mut told = Vec::new();
        for p in w.pushed(2).await {
            told.push(w.verified(&p.token, &stream).await);
        }
        let (end, change) = (super::of(&told, REVOKED), super::of(&told, CREDENTIAL));
        let user = json!({ "format": "iss_sub", "iss": w.s.url, "sub": who.user });
        assert_eq!(end["sub_id"], json!({
            "format": "complex", "user": user, "session": { "format": "opaque", "id": who.session },
        }));
        assert_eq!(change["sub_id"], user);
        for c in [end, change] {
            let b = body(c);
            assert_eq!(b["initiating_entity"], "admin");
            assert!(!b["reason_admin"]["en"].as_str().unwrap().is_empty() && b["reason_user"]["en"].is_string(), "{b}");
            let at = b["event_timestamp"].as_i64().unwrap();
            assert!((1_500_000_000..10_000_000_000).contains(&at), "in seconds: {at}");
        }
        assert_eq!(body(change)["credential_type"], "password");
        assert_eq!(body(change)["change_type"], "update");
        assert_eq!(end["txn"], change["txn"], "one request did both");
    }
);
