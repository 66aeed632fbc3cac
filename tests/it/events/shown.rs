//! What administrators see of an application's stream and do about it.

use super::{REVOKED, UPDATED, body, kind, read, world};
use crate::{api::own, story};
use serde_json::{Value, json};

story!(
    async fn an_administrator_sees_stops_and_ends_a_stream(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let app = w.s.app(tenant, |_| {}).await;
        let path = format!("/tenants/{tenant}/apps/{}/event-stream", app.id);
        own(&w.s, "GET", &path, Value::Null).await.expect(404);
        let stream = w.push(&app, &[REVOKED], Some("Bearer of the receiver")).await;
        let a = own(&w.s, "GET", &path, Value::Null).await.expect(200);
        assert!(!a.text.contains("of the receiver"), "{}", a.text);
        let shown = a.json();
        assert_eq!(shown["id"], json!(stream.id));
        assert_eq!((&shown["delivery"], &shown["endpoint_url"]), (&json!("push"), &json!(w.uri)));
        assert_eq!((&shown["authorization"], &shown["status"]), (&json!(true), &json!("enabled")));
        assert_eq!((&shown["events"], &shown["queued"]), (&json!([REVOKED]), &json!(0)));

        let stop = json!({ "status": "paused", "reason": "the receiver moves" });
        let shown = own(&w.s, "PUT", &path, stop).await.expect(200).json();
        assert_eq!((&shown["status"], &shown["reason"]), (&json!("paused"), &json!("the receiver moves")));
        // The application is told, and sees it.
        let got = w.pushed(1).await;
        let said = w.verified(&got[0].token, &stream).await;
        assert_eq!((kind(&said), &body(&said)["status"]), (UPDATED.to_owned(), &json!("paused")));
        let status = stream.client.get(&format!("/ssf/status?stream_id={}", stream.id)).await.expect(200).json();
        assert_eq!(status["reason"], "the receiver moves");
        let who = w.person(tenant, "ada").await;
        w.enters(&app, &who).await;
        own(&w.s, "DELETE", &format!("/tenants/{tenant}/users/{}/sessions", who.user), Value::Null).await.expect(200);
        w.pushed(1).await;
        // Again, it hears that it flows, and what was kept.
        own(&w.s, "PUT", &path, json!({ "status": "enabled", "reason": "it has moved" })).await.expect(200);
        let kinds: Vec<String> = w.pushed(3).await.iter().map(|p| kind(&read(&p.token))).collect();
        assert_eq!(kinds, [UPDATED, REVOKED, UPDATED]);
        own(&w.s, "PUT", &path, json!({ "status": "asleep", "reason": "" })).await.expect(400);

        own(&w.s, "DELETE", &path, Value::Null).await.expect(204);
        own(&w.s, "DELETE", &path, Value::Null).await.expect(404);
        assert_eq!(stream.client.get("/ssf/stream").await.expect(200).json(), json!([]));
        let trail = own(&w.s, "GET", &format!("/tenants/{tenant}/audit"), Value::Null).await.expect(200).json();
        let of = |what: &str| trail["items"].as_array().unwrap().iter().find(|e| e["action"] == what).cloned();
        let made = of("event_stream.create").expect("the beginning");
        assert_eq!(made["actor"], json!(format!("app:{}", app.id)));
        assert!(!made.to_string().contains("of the receiver"));
        assert_eq!(of("event_stream.delete").expect("the end")["actor"], "owner");
    }
);
