//! Why nothing arrives of what a provider should say afterwards, for whoever asks.

use super::signals::{event, here, push, stands, stream, una};
use crate::story;
use muster::federation::Poller;
use reqwest::Method;
use serde_json::{Value, json};

story! {
    async fn a_stream_says_why_nothing_arrives(t) {
        let w = here(&t).await;
        stream(&w, json!({})).await;
        let is = async |trouble: Value, part: &str| {
            let s = stands(&w).await;
            assert_eq!(s["trouble"], trouble, "{s}");
            assert!(s["problem"].as_str().unwrap_or_default().contains(part), "no '{part}' in {s}");
        };
        is(json!("silent"), "nothing has come yet").await;
        // A push without the secret, which the provider sends since somebody made a new one.
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let secret = w.ours.post(&format!("{path}/signals/secret"), json!({})).await.expect(201).json()["secret"].take();
        let revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
        let good = w.op.sign("secevent+jwt", &event(&w, "s1", revoked, &json!({ "subject": una(&w) })));
        assert_eq!(push(&w, &good, None).await.0, 401);
        is(json!("failing"), "authentication_failed").await;
        assert_eq!(push(&w, &good, secret.as_str()).await.0, 202);
        is(Value::Null, "").await;
        // Fetched: the transmitter is down; a key that nobody knows.
        let poll = format!("{}/poll", w.op.issuer);
        stream(&w, json!({ "poll": poll, "poll_token": "t" })).await;
        let poller = Poller::new(w.ours.app.clone());
        w.op.set(|s| s.status = 500);
        poller.round().await.unwrap();
        is(json!("failing"), "500").await;
        let unknown = w.op.sign_as("two", "secevent+jwt", &event(&w, "s2", revoked, &json!({ "subject": una(&w) })));
        w.op.set(|s| (s.status, s.events) = (200, json!({ "s2": unknown })));
        poller.round().await.unwrap();
        is(json!("failing"), "an event waits").await;
        // Nothing is taken at all.
        let edit = async |body: Value| w.ours.as_owner(Method::PATCH, &path, Some(body)).await.expect(200);
        let signin = json!({ "issuer": "https://login.example", "client_id": "muster" });
        edit(json!({ "signin": signin })).await;
        is(json!("paused"), "until it is set anew for https://login.example").await;
        edit(json!({ "status": "disabled" })).await;
        is(json!("paused"), "the directory is switched off").await;
    }
}
