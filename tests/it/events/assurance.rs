//! A session proves more than before, or less: the applications that got tokens in it hear of it, in the words of their id
//! tokens (CAEP 1.0, 3.4).

use super::{ASSURANCE, CREDENTIAL, REVOKED, Stream, body, kind, poll};
use crate::{
    federation::{signals, stub},
    story,
    support::{
        TestDb,
        op::Seal,
        person::{TestApp, claims, field, fields},
        server::Client,
    },
};
use muster::{
    audit::Told,
    id::{MessageId, UserId},
    outbox::Message,
    sql,
    store::Scope,
};
use reqwest::Method;
use serde_json::{Value, json};
use stub::World;

const ONE: &str = "urn:muster:loa:1";
const TWO: &str = "urn:muster:loa:2";

/// A person of a directory whose provider proves two factors by its word `mfa`.
async fn world(t: &TestDb) -> World {
    let w = stub::world(t, "generic", json!({ "amr": ["mfa"] })).await;
    // What events are signed with takes a moment to make.
    w.ours.app.keys.complete(&w.ours.app.system()).await.unwrap();
    w
}

/// The person signs in, by one factor or by two: in a browser in which they are signed in, their session goes on.
async fn proves(w: &World, browser: &Client, two: bool) {
    let amr = if two { json!(["pwd", "mfa"]) } else { json!(["pwd"]) };
    w.sign_in(browser, Seal::Good, |c| c["amr"] = amr).await;
    assert!(stub::signed_in(browser).await);
}

/// What their id token says in an application.
async fn enters(w: &World, browser: &Client, app: &TestApp) -> Value {
    let asked = browser.request(Method::GET, "/oauth/authorize").query(&fields(app, &[]));
    let answer = browser.send(asked).await.expect(303);
    let code = field(answer.header("location"), "code").expect("a code");
    let tokens = w.ours.redeem(app, &code).await.expect(200).json();
    claims(tokens["id_token"].as_str().unwrap())
}

/// That their session's level changed so, and nothing else was said.
async fn once(w: &World, stream: &Stream, session: &Value, (from, to): (&str, &str), by: &str) {
    let told = stream.says(&[ASSURANCE]).await;
    let user = json!({ "format": "iss_sub", "iss": w.ours.url, "sub": w.person });
    let subject = json!({ "format": "complex", "user": user, "session": { "format": "opaque", "id": session } });
    assert_eq!(told[0]["sub_id"], subject);
    assert!(!told[0]["txn"].as_str().unwrap().is_empty());
    let said = body(&told[0]);
    assert_eq!(said["namespace"], "urn:muster:loa");
    assert_eq!((&said["previous_level"], &said["current_level"]), (&json!(from), &json!(to)));
    let direction = if from < to { "increase" } else { "decrease" };
    assert_eq!(
        (&said["change_direction"], &said["initiating_entity"]),
        (&json!(direction), &json!(by))
    );
    assert!(said["event_timestamp"].is_i64() && said["reason_admin"]["en"].is_string(), "{said}");
}

/// The provider says that what it vouched for counts no more.
async fn falls(w: &World, jti: &str) {
    let of = json!({ "subject": signals::una(w), "current_level": "nist-aal1", "change_direction": "decrease" });
    let token = w.op.sign("secevent+jwt", &signals::event(w, jti, ASSURANCE, &of));
    assert_eq!(signals::push(w, &token, None).await.0, 202);
}

/// The changes that the trail has of the person's sessions, oldest first.
async fn trail(w: &World) -> Vec<(String, String, String)> {
    let path = format!("/api/v1/tenants/{}/audit?limit=200&action=session.assurance", w.tenant);
    let all = w.ours.get(&path).await.expect(200).json();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let of = |e: &Value| {
        assert_eq!(e["target"], json!(format!("user:{}", w.person)));
        let d = &e["detail"];
        (text(&d["from"]), text(&d["to"]), text(&d["by"]))
    };
    all["items"].as_array().unwrap().iter().rev().map(of).collect()
}

story!(
    async fn what_a_session_proves_is_told_as_it_grows_and_falls(t) {
        let w = world(&t).await;
        signals::stream(&w, json!({})).await;
        let app = w.ours.app(w.tenant, |_| {}).await;
        let stream = poll(&w.ours, &app, &[ASSURANCE]).await;
        let elsewhere = poll(&w.ours, &w.ours.app(w.tenant, |_| {}).await, &[ASSURANCE]).await;
        let browser = w.ours.browser();
        proves(&w, &browser, false).await;
        let token = enters(&w, &browser, &app).await;
        assert_eq!(token["acr"], ONE);
        let sid = &token["sid"];
        // A second session of theirs, which stays as it is.
        let other = w.ours.browser();
        proves(&w, &other, false).await;
        enters(&w, &other, &app).await;
        stream.says(&[]).await;

        proves(&w, &browser, true).await;
        once(&w, &stream, sid, (ONE, TWO), "user").await;
        let token = enters(&w, &browser, &app).await;
        assert_eq!((&token["acr"], &token["sid"]), (&json!(TWO), sid), "by the same words");
        proves(&w, &browser, true).await;
        stream.says(&[]).await;

        // Of the two sessions one has anything to lose.
        falls(&w, "j1").await;
        once(&w, &stream, sid, (TWO, ONE), "admin").await;
        falls(&w, "j2").await;
        stream.says(&[]).await;
        proves(&w, &browser, true).await;
        once(&w, &stream, sid, (ONE, TWO), "user").await;
        proves(&w, &browser, false).await;
        once(&w, &stream, sid, (TWO, ONE), "user").await;
        // Who never saw them hears nothing of it.
        elsewhere.says(&[]).await;
        let change = |from: &str, to: &str, by: &str| (from.to_owned(), to.to_owned(), by.to_owned());
        let all = [
            change("single", "mfa", "sign_in"), change("mfa", "single", "signal"),
            change("single", "mfa", "sign_in"), change("mfa", "single", "sign_in"),
        ];
        assert_eq!(trail(&w).await, all);

        // Whoever was taken out of the stream is not told of.
        let subject = json!({ "format": "iss_sub", "iss": w.ours.url, "sub": w.person });
        let subject = json!({ "stream_id": stream.id, "subject": subject });
        stream.client.post("/ssf/subjects/remove", subject.clone()).await.expect(204);
        proves(&w, &browser, true).await;
        stream.says(&[]).await;
        stream.client.post("/ssf/subjects/add", subject).await.expect(200);

        // Handed over late, what is not so any more is not said; nor is anything of a session that has ended.
        let late = async |from: &str, to: &str| {
            let told = Told {
                action: "session.assurance".to_owned(), target: Some(format!("user:{}", w.person)),
                detail: json!({ "session": sid, "from": from, "to": to, "by": "signal" }),
                by: "system:story".to_owned(), request: None, at: w.ours.app.store.clock().now(),
            };
            let m = Message {
                id: MessageId::new(), tenant: w.tenant, topic: "audit.told".into(),
                payload: serde_json::to_value(told).unwrap(), attempts: 1,
            };
            muster::events::told(&w.ours.app.events, &w.ours.app.system(), &m).await.unwrap();
        };
        late("mfa", "single").await;
        stream.says(&[]).await;
        late("single", "mfa").await;
        once(&w, &stream, sid, (ONE, TWO), "system").await;
        let user = UserId::parse(&w.person).unwrap();
        let path = format!("/api/v1/tenants/{}/users/{user}/sessions", w.tenant);
        w.ours.as_owner(Method::DELETE, &path, None).await.expect(200);
        late("single", "mfa").await;
        stream.says(&[]).await;
    }
);

story!(
    async fn where_no_stream_asks_for_levels_nothing_of_them_is_written(t) {
        let w = world(&t).await;
        let app = w.ours.app(w.tenant, |_| {}).await;
        let stream = poll(&w.ours, &app, &[REVOKED, CREDENTIAL]).await;
        let browser = w.ours.browser();
        proves(&w, &browser, false).await;
        enters(&w, &browser, &app).await;
        let count = async || {
            let mut c = w.ours.app.store.read(Scope::Platform).await.unwrap();
            sql!(c, one<i64>, "SELECT count(*) FROM outbox WHERE topic = 'audit.told'").unwrap()
        };
        // Until it is known what streams want, what happens is handed on to be looked at: after a change of one, and whenever
        // a node lost the thread of the others' changes, as a busy machine may make it.
        let (mut before, mut changes) = (0, 0);
        for _ in 0..6 {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            before = count().await;
            proves(&w, &browser, true).await;
            proves(&w, &browser, false).await;
            changes += 2;
            if count().await == before {
                break;
            }
        }
        assert_eq!(count().await, before, "not one message");
        assert_eq!(trail(&w).await.len(), changes, "the trail has them all the same");
        stream.says(&[]).await;
        // And where one does, each change is one.
        let more = json!({ "stream_id": stream.id, "events_requested": [REVOKED, ASSURANCE] });
        let now = stream.client.patch("/ssf/stream", more).await.expect(200).json();
        assert_eq!(now["events_delivered"], json!([REVOKED, ASSURANCE]));
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        proves(&w, &browser, true).await;
        proves(&w, &browser, true).await;
        assert_eq!(trail(&w).await.len(), changes + 1);
        assert_eq!(count().await, before + 1);
        let told = stream.says(&[ASSURANCE]).await;
        assert_eq!(kind(&told[0]), ASSURANCE);
        // Whoever does not say what it wants gets it as well.
        let all = poll(&w.ours, &w.ours.app(w.tenant, |_| {}).await, &[]).await;
        assert_eq!(all.made["events_delivered"], json!(muster::events::SECURITY));
    }
);
