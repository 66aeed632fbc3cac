//! How events reach an application: pushed in their order, once; fetched and confirmed; kept while it is away, as far as is
//! said, and never lost in silence.

use super::{
    DISABLED, ENABLED, REVOKED, Stream, UPDATED, VERIFICATION, World, body, kind, of, read, world,
};
use crate::{
    api::own,
    story,
    support::person::{Person, TestApp},
};
use muster::{
    audit,
    id::TenantId,
    outbox::{GivenUp, Message},
    sql, tx,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn cast(w: &World) -> (TenantId, TestApp, Person) {
    let tenant = w.s.tenant("contoso").await;
    let app = w.s.app(tenant, |_| {}).await;
    let who = w.person(tenant, "ada").await;
    w.enters(&app, &who).await;
    (tenant, app, who)
}

async fn switch(w: &World, who: &Person, on: bool) {
    let path = format!("/tenants/{}/users/{}", who.tenant, who.user);
    own(&w.s, "PATCH", &path, json!({ "enabled": on })).await.expect(200);
}

async fn status(stream: &Stream, to: &str) {
    let body = json!({ "stream_id": stream.id, "status": to });
    stream.client.post("/ssf/status", body).await.expect(200);
}

async fn trail(w: &World, t: TenantId, action: &str) -> Vec<Value> {
    let all = audit::list(&w.s.app.store, t, &audit::Query::default(), 200).await.unwrap().items;
    all.into_iter().filter(|e| e.action == action).map(|e| e.detail).collect()
}

/// How a stream stands in the database.
async fn figures(w: &World) -> (i64, i64, bool) {
    let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
    let queued = sql!(c, one<i64>, "SELECT queued FROM event_streams").unwrap();
    let rows = sql!(c, one<i64>, "SELECT count(*) FROM event_queue").unwrap();
    let busy = sql!(c, one<bool>, "SELECT under_way FROM event_streams").unwrap();
    (queued, rows, busy)
}

/// Until so many wait.
async fn kept(w: &World, n: usize) {
    let begun = Instant::now();
    while usize::try_from(figures(w).await.0).unwrap() < n {
        assert!(begun.elapsed().as_secs() < 20, "{n} do not wait: {:?}", figures(w).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

story!(
    async fn an_application_that_is_down_hears_everything_later_once_and_in_order(t) {
        let w = world(&t).await;
        let (_, app, who) = cast(&w).await;
        let stream = w.push(&app, &[DISABLED, ENABLED], Some("Bearer x")).await;
        w.receiver.answers.lock().unwrap().extend([(503, "busy"), (401, "whoever you are")]);
        w.receiver.answers.lock().unwrap().extend([(503, "busy"); 50]);
        for (n, on) in [false, true, false, true].into_iter().enumerate() {
            switch(&w, &who, on).await;
            kept(&w, n + 1).await;
        }
        // It was tried meanwhile, with the first alone: what is first is tried until it is taken.
        let tried = w.receiver.got.lock().unwrap().clone();
        assert!(!tried.is_empty() && tried.iter().all(|p| p.token == tried[0].token), "the same, to the letter");
        w.receiver.got.lock().unwrap().clear();
        w.receiver.answers.lock().unwrap().clear();
        let mut said = Vec::new();
        for p in w.pushed(4).await {
            said.push(w.verified(&p.token, &stream).await);
        }
        let told: Vec<String> = said.iter().map(kind).collect();
        assert_eq!(told, [DISABLED, ENABLED, DISABLED, ENABLED]);
        assert_eq!(said[0]["jti"], read(&tried[0].token)["jti"]);
        assert_eq!(figures(&w).await, (0, 0, false));
    }
);

story!(
    async fn an_event_that_is_refused_is_not_sent_again_and_holds_up_no_other(t) {
        let w = world(&t).await;
        let (tenant, app, who) = cast(&w).await;
        w.push(&app, &[DISABLED, ENABLED], None).await;
        w.receiver.answers.lock().unwrap().push_back((400, r#"{"err":"invalid_issuer","description":"who?"}"#));
        switch(&w, &who, false).await;
        w.pushed(1).await;
        switch(&w, &who, true).await;
        let got = w.pushed(2).await;
        assert_eq!(kind(&read(&got[1].token)), ENABLED);
        let path = format!("/tenants/{tenant}/apps/{}/event-stream", app.id);
        let shown = own(&w.s, "GET", &path, Value::Null).await.expect(200).json();
        assert!(shown["failure"].as_str().unwrap().contains("invalid_issuer"), "{shown}");
        assert!(shown["delivered_at"].is_string(), "{shown}");
        assert_eq!(shown["queued"], 0);
    }
);

story!(
    async fn a_stream_that_is_paused_keeps_what_happens_and_one_that_is_disabled_does_not(t) {
        let w = world(&t).await;
        let (_, app, who) = cast(&w).await;
        let stream = w.push(&app, &[DISABLED, ENABLED], None).await;
        status(&stream, "paused").await;
        switch(&w, &who, false).await;
        kept(&w, 1).await;
        switch(&w, &who, true).await;
        kept(&w, 2).await;
        w.pushed(0).await;
        status(&stream, "enabled").await;
        let told: Vec<String> = w.pushed(2).await.iter().map(|p| kind(&read(&p.token))).collect();
        assert_eq!(told, [DISABLED, ENABLED]);
        status(&stream, "disabled").await;
        switch(&w, &who, false).await;
        // It is taken down and not kept: then it flows again.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        status(&stream, "enabled").await;
        switch(&w, &who, true).await;
        let got = w.pushed(3).await;
        assert_eq!(kind(&read(&got[2].token)), ENABLED);
    }
);

story!(
    async fn what_is_fetched_comes_in_order_in_pieces_until_it_is_confirmed(t) {
        let w = world(&t).await;
        let (_, app, who) = cast(&w).await;
        let stream = w.poll(&app, &[DISABLED, ENABLED]).await;
        // Somebody who waits has it when it happens.
        let began = Instant::now();
        let (got, ()) = tokio::join!(stream.ask(json!({})), async {
            tokio::time::sleep(Duration::from_millis(600)).await;
            switch(&w, &who, false).await;
        });
        let sets = got.expect(200).json()["sets"].as_object().unwrap().clone();
        assert_eq!(sets.len(), 1);
        assert!(began.elapsed() > Duration::from_millis(600) && began.elapsed() < Duration::from_secs(15));
        switch(&w, &who, true).await;
        kept(&w, 2).await;
        switch(&w, &who, false).await;
        kept(&w, 3).await;
        let first = stream.ask(json!({ "maxEvents": 2, "returnImmediately": true })).await.expect(200).json();
        assert_eq!((first["sets"].as_object().unwrap().len(), &first["moreAvailable"]), (2, &json!(true)));
        for (jti, token) in first["sets"].as_object().unwrap() {
            assert_eq!(w.verified(token.as_str().unwrap(), &stream).await["jti"], json!(jti));
        }
        // One is taken, one refused: neither comes again.
        let mut jtis: Vec<&String> = first["sets"].as_object().unwrap().keys().collect();
        jtis.sort();
        let fault = json!({ jtis[1]: { "err": "invalid_request", "description": "not for me" } });
        let rest = stream.ask(json!({ "ack": [jtis[0], "unheard-of"], "setErrs": fault, "returnImmediately": true }));
        let rest = rest.await.expect(200).json();
        let left = rest["sets"].as_object().unwrap();
        assert_eq!((left.len(), rest.get("moreAvailable")), (1, None));
        assert!(!left.contains_key(jtis[0]) && !left.contains_key(jtis[1]), "{rest}");
        let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
        let why = sql!(c, one<String>, "SELECT failure FROM event_streams").unwrap();
        assert_eq!(why, "refused: invalid_request not for me");
        drop(c);
        assert_eq!(figures(&w).await, (1, 1, false));
        stream.ask(json!({ "maxEvents": -1 })).await.expect(400);
        stream.ask(json!({ "ack": "all" })).await.expect(400);
    }
);

story!(
    async fn of_two_who_wait_for_one_stream_one_is_answered_at_once(t) {
        let w = world(&t).await;
        let (_, app, who) = cast(&w).await;
        let stream = w.poll(&app, &[DISABLED]).await;
        let began = Instant::now();
        let waits = stream.ask(json!({}));
        let hurries = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let second = Instant::now();
            let got = stream.ask(json!({})).await.expect(200).json();
            assert_eq!(got["sets"], json!({}));
            assert!(second.elapsed() < Duration::from_secs(5), "nobody else may hold a place");
            switch(&w, &who, false).await;
        };
        let (got, ()) = tokio::join!(waits, hurries);
        assert_eq!(got.expect(200).json()["sets"].as_object().unwrap().len(), 1);
        assert!(began.elapsed() < Duration::from_secs(15));
    }
);

/// As if so much had waited.
async fn full(w: &World, queued: i64) {
    let cx = w.s.app.system();
    tx!(w.s.app.store, &cx, [], |tx| {
        tx.unaudited("a test");
        sql!(tx, exec, "UPDATE event_streams SET queued = $1", queued)
    })
    .unwrap();
}

story!(
    async fn when_too_much_waits_the_stream_stops_and_says_so(t) {
        let w = world(&t).await;
        let (tenant, app, who) = cast(&w).await;
        let stream = w.poll(&app, &[DISABLED, ENABLED]).await;
        switch(&w, &who, false).await;
        let begun = Instant::now();
        while stream.waits().await.is_empty() && begun.elapsed().as_secs() < 20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        full(&w, muster::events::MOST).await;
        switch(&w, &who, true).await;
        // A stream that is stopped says why, and holds back the rest.
        let begun = Instant::now();
        let last = loop {
            let waits = stream.waits().await;
            if waits.first().is_some_and(|(_, t)| kind(&read(t)) == UPDATED) {
                break waits;
            }
            assert!(begun.elapsed().as_secs() < 20, "{waits:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(last.len(), 1);
        let why = w.verified(&last[0].1, &stream).await;
        assert_eq!(why["sub_id"], json!({ "format": "opaque", "id": stream.id }));
        assert_eq!(body(&why)["status"], "paused");
        assert!(body(&why)["reason"].as_str().unwrap().contains("no more are kept"));
        let status = stream.client.get(&format!("/ssf/status?stream_id={}", stream.id)).await.expect(200).json();
        assert_eq!((&status["status"], &status["reason"]), (&json!("paused"), &body(&why)["reason"]));
        let stopped = trail(&w, tenant, "event_stream.stop").await;
        assert_eq!((stopped.len(), &stopped[0]["stream"]), (1, &json!(stream.id)));
        let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
        assert_eq!(sql!(c, one<i64>, "SELECT dropped FROM event_streams").unwrap(), 1);
        drop(c);
        // What was kept comes when the application wants it again.
        full(&w, 2).await;
        super::delivery::status(&stream, "enabled").await;
        let waits = stream.waits().await;
        assert_eq!(waits.iter().map(|(_, t)| kind(&read(t))).collect::<Vec<_>>(), [DISABLED]);
        assert_eq!(figures(&w).await.0, 1);
    }
);

story!(
    async fn what_waits_for_too_long_goes_and_the_stream_says_so(t) {
        let w = world(&t).await;
        let (tenant, app, who) = cast(&w).await;
        let stream = w.poll(&app, &[DISABLED, ENABLED]).await;
        switch(&w, &who, false).await;
        let begun = Instant::now();
        while stream.waits().await.is_empty() && begun.elapsed().as_secs() < 20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let cx = w.s.app.system();
        assert_eq!(muster::events::sweep(&w.s.app.store, &cx).await.unwrap(), 0, "not yet");
        tx!(w.s.app.store, &cx, [], |tx| {
            tx.unaudited("a test");
            sql!(tx, exec, "UPDATE event_queue SET created_at = 1")
        })
        .unwrap();
        assert_eq!(muster::events::sweep(&w.s.app.store, &cx).await.unwrap(), 1);
        let told = stream.says(&[UPDATED]).await;
        assert!(body(&told[0])["reason"].as_str().unwrap().contains("7 days"), "{told:?}");
        assert_eq!(trail(&w, tenant, "event_stream.stop").await.len(), 1);
        assert_eq!(figures(&w).await, (0, 0, false));
    }
);

story!(
    async fn what_cannot_be_delivered_for_half_a_day_is_kept_and_the_stream_stops(t) {
        let w = world(&t).await;
        let (tenant, app, who) = cast(&w).await;
        let stream = w.push(&app, &[DISABLED, ENABLED], None).await;
        w.receiver.answers.lock().unwrap().extend([(500, "no"); 50]);
        switch(&w, &who, false).await;
        w.pushed(1).await;
        // As the outbox does it after the last try.
        let cx = w.s.app.system();
        let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
        let id = sql!(c, one<muster::id::MessageId>, "SELECT id FROM outbox WHERE topic = 'event.push'").unwrap();
        drop(c);
        let m = Message {
            id, tenant, topic: "event.push".into(), payload: json!({ "stream": stream.id }), attempts: 23,
        };
        tx!(w.s.app.store, &cx, [m], |tx| {
            sql!(tx, exec, "DELETE FROM outbox WHERE topic = 'event.push'")?;
            muster::events::given_up(tx, &m, GivenUp::Exhausted).await
        })
        .unwrap();
        let status = stream.client.get(&format!("/ssf/status?stream_id={}", stream.id)).await.expect(200).json();
        assert_eq!(status["status"], "paused");
        let why = status["reason"].as_str().unwrap();
        assert!(why.contains("half a day") && why.contains("500"), "{why}");
        assert_eq!(trail(&w, tenant, "event_stream.stop").await.len(), 1);
        // The application is back, and wants to go on.
        w.receiver.answers.lock().unwrap().clear();
        w.receiver.got.lock().unwrap().clear();
        super::delivery::status(&stream, "enabled").await;
        let got = w.pushed(1).await;
        assert_eq!(kind(&read(&got[0].token)), DISABLED);
        assert_eq!(figures(&w).await, (0, 0, false));
    }
);

story!(
    async fn a_stream_can_go_over_from_fetching_to_pushing_and_its_header_stays_with_its_address(t) {
        let w = world(&t).await;
        let (_, app, who) = cast(&w).await;
        let stream = w.poll(&app, &[DISABLED, ENABLED, REVOKED]).await;
        switch(&w, &who, false).await;
        let told = stream.told(2).await;
        of(&told, DISABLED);
        of(&told, REVOKED);
        switch(&w, &who, true).await;
        let begun = Instant::now();
        while stream.waits().await.is_empty() && begun.elapsed().as_secs() < 20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let push = json!({ "method": super::PUSH, "endpoint_url": w.uri, "authorization_header": "Basic abc" });
        let now = stream.client.patch("/ssf/stream", json!({ "stream_id": stream.id, "delivery": push }));
        let now = now.await.expect(200);
        // A secret is not shown, whoever gave it.
        assert!(!now.text.contains("Basic abc") && !now.text.contains("authorization_header"), "{}", now.text);
        let got = w.pushed(1).await;
        assert_eq!((kind(&read(&got[0].token)), got[0].authorization.as_deref()), (ENABLED.into(), Some("Basic abc")));
        stream.ask(json!({ "returnImmediately": true })).await.expect(404);
        // The same address again: what it was given stays. At another one it would be somebody else's.
        let test = async |n: usize| {
            let cx = w.s.app.system();
            tx!(w.s.app.store, &cx, [], |tx| {
                tx.unaudited("a test");
                sql!(tx, exec, "UPDATE event_streams SET verification_at = NULL")
            })
            .unwrap();
            stream.client.post("/ssf/verify", json!({ "stream_id": stream.id })).await.expect(204);
            let got = w.pushed(n).await;
            assert_eq!(kind(&read(&got[n - 1].token)), VERIFICATION);
            got[n - 1].authorization.clone()
        };
        let push = json!({ "method": super::PUSH, "endpoint_url": w.uri });
        let same = json!({ "stream_id": stream.id, "delivery": push, "description": "the same" });
        stream.client.patch("/ssf/stream", same).await.expect(200);
        assert_eq!(test(2).await.as_deref(), Some("Basic abc"));
        let push = json!({ "method": super::PUSH, "endpoint_url": format!("{}?two", w.uri) });
        stream.client.patch("/ssf/stream", json!({ "stream_id": stream.id, "delivery": push })).await.expect(200);
        assert_eq!(test(3).await, None);
        // Nor is it in the database for everybody to read.
        let mut c = w.s.app.store.read(muster::store::Scope::Platform).await.unwrap();
        let all = sql!(c, all<String>, "SELECT CAST(settings AS text) FROM event_streams").unwrap();
        assert!(!all[0].contains("Basic"), "{all:?}");
    }
);
