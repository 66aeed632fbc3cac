//! How directories are: counts, silence, tokens, and the one letter for each change.

use super::{at, set};
use crate::{
    mail, story,
    support::{TestDb, TestServer, server::Scim},
};
use muster::{
    clock::{Clock, Timestamp},
    provisioning::health::{TOPIC, watch},
    secret::Secret,
    store::Store,
};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const UP: Duration = Duration::from_secs(24 * 3600);

async fn at_noon(t: &TestDb) -> (Store, Clock) {
    let clock = Clock::manual(Timestamp::from_secs(1_900_000_000));
    (Store::open(&t.options, clock.clone()).await.unwrap(), clock)
}

async fn health(server: &TestServer, scim: &Scim) -> Value {
    server.get(&at(scim, "/health")).await.expect(200).json()
}

fn codes(health: &Value) -> Vec<&str> {
    health["alarms"].as_array().unwrap().iter().map(|a| a["code"].as_str().unwrap()).collect()
}

/// What waits in the outbox to be told.
async fn letters(t: &TestDb) -> usize {
    super::raw::rows(t).await["outbox"].iter().filter(|r| r.contains(TOPIC)).count()
}

/// An administrator of the tenant who can be written to.
async fn administrator(server: &TestServer, scim: &Scim, name: &str) {
    let new = json!({
        "userName": name, "emails": [{ "value": format!("{name}@contoso.example"), "primary": true }],
    });
    let made = scim.post("/Users", new).await.expect(201).json();
    let grant = json!({ "user": made["id"], "role": "Tenant Administrator", "reason": "test" });
    server.post(&format!("/api/v1/tenants/{}/grants", scim.tenant), grant).await.expect(201);
}

story!(
    async fn health_counts_and_names_the_last_of_each(t) {
        let (store, clock) = at_noon(&t).await;
        let server = TestServer::on(store.clone(), |_| {}).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let h = health(&server, &scim).await;
        assert_eq!((&h["ok"], &h["last_request_at"], &h["hour"]["requests"]), (&json!(true), &Value::Null, &json!(0)));
        let id = scim.post("/Users", json!({ "userName": "ada" })).await.expect(201).json()["id"].clone();
        scim.post("/Users", json!({ "userName": "ada" })).await.expect(409);
        let op = json!([{ "op": "add", "path": "urn:no:such:User:x", "value": "y" }]);
        scim.patch(&format!("/Users/{}", id.as_str().unwrap()), super::patch(&op)).await.expect(200);
        scim.get(&format!("/Users/{}", scim.directory)).await.expect(404);
        clock.advance(2 * HOUR);
        let stranger = server.client(&scim.base).bearer("mst_scim_wrong");
        stranger.get("/Users").await.expect(401);
        stranger.get("/Users").await.expect(401);
        server.client(&scim.base.replace(&scim.directory.to_string(), id.as_str().unwrap()))
            .get("/Users").await.expect(401);
        let h = health(&server, &scim).await;
        let counts = |of: &str| {
            let c = &h[of];
            (c["requests"].as_i64(), c["errors"].as_i64(), c["ignored"].as_i64(), c["denied"].as_i64())
        };
        assert_eq!(counts("hour"), (Some(0), Some(0), Some(0), Some(2)));
        assert_eq!(counts("day"), (Some(4), Some(1), Some(1), Some(2)), "whoever asks for nobody is answered");
        assert_eq!(h["day"]["error_rate"], 0.25);
        assert_eq!(h["last_error"], json!({ "status": 409, "scim_type": "uniqueness", "request": "POST User" }));
        assert!(h["last_success_at"].is_string() && h["last_denied_at"].is_string(), "{h}");
        assert!(h["last_denied"].as_str().unwrap().contains("bearer token"));
        assert_eq!((&h["silence_hours"], &h["tokens"][0]["hint"]), (&json!(96), &json!(&scim.token[scim.token.len() - 4..])));
        store.close().await;
    }
);

story!(
    async fn silence_is_told_once_and_so_is_its_end(t) {
        let (port, said) = mail::server().await;
        let (store, clock) = at_noon(&t).await;
        let server = TestServer::on(store.clone(), |c| {
            c.mail.server = Secret::from(format!("smtp://127.0.0.1:{port}").as_str());
            "muster@example.com".clone_into(&mut c.mail.from);
        }).await;
        let cx = server.app.system();
        let scim = server.directory(server.tenant("contoso").await).await;
        let (store2, cx2) = (store.clone(), cx.clone());
        let look = async |up: Duration| watch(&store2, &cx2, up).await.unwrap();
        // Who never asked is not missed.
        clock.advance(500 * HOUR);
        assert_eq!(look(UP).await, 0);
        administrator(&server, &scim, "ada").await;
        administrator(&server, &scim, "bob").await;
        scim.get("/Users?count=0").await.expect(200);
        server.app.log.flush(&cx).await.unwrap();
        server.app.scim_tokens.flush(&server.app.system).await.unwrap();
        set(&server, &scim, json!({ "silence_hours": 30 })).await;
        clock.advance(29 * HOUR);
        assert_eq!((look(UP).await, health(&server, &scim).await["ok"].as_bool()), (0, Some(true)));
        clock.advance(2 * HOUR);
        assert_eq!(codes(&health(&server, &scim).await), ["silent"]);
        assert_eq!(look(Duration::from_secs(60)).await, 0, "a server that just began has heard nobody");
        assert_eq!((look(UP).await, letters(&t).await), (1, 2));
        // Under way, a letter has a minute: the clock goes on when they have arrived.
        for _ in 0..200 {
            if said.lock().unwrap().matches("RCPT TO:").count() >= 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        for _ in 0..3 {
            clock.advance(HOUR);
            assert_eq!((look(UP).await, letters(&t).await), (0, 2), "told once");
        }
        let doctor = server.post("/api/v1/doctor", json!({})).await.expect(200).json();
        let found = doctor["checks"].as_array().unwrap().iter().find(|c| c["name"].as_str().unwrap().starts_with("provisioning "));
        let found = found.unwrap_or_else(|| panic!("{doctor}"));
        assert_eq!(found["status"], "warn");
        assert!(found["what"].as_str().unwrap().contains("no request since"), "{found}");
        // It asks again, and that is told as well.
        scim.get("/Users?count=0").await.expect(200);
        server.app.log.flush(&cx).await.unwrap();
        assert_eq!((look(UP).await, letters(&t).await, look(UP).await), (1, 4, 0));
        assert_eq!(codes(&health(&server, &scim).await), Vec::<&str>::new());
        let audit = server.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
        let told: Vec<&Value> = audit["items"].as_array().unwrap().iter().filter(|e| e["action"] == "provisioning.health").collect();
        assert_eq!((&told[1]["detail"]["raised"], &told[0]["detail"]["over"]), (&json!(["silent"]), &json!(["silent"])));
        // And they arrive: each administrator gets each letter once.
        for _ in 0..100 {
            let n = said.lock().unwrap().matches("RCPT TO:").count();
            if n >= 4 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let said = said.lock().unwrap().clone();
        for who in ["ada", "bob"] {
            assert_eq!(said.matches(&format!("RCPT TO:<{who}@contoso.example>")).count(), 2, "{said}");
        }
        for words in ["needs attention", "no request since", "It asks again."] {
            assert!(said.contains(words), "'{words}' is not in {said}");
        }
        store.close().await;
    }
);

story!(
    async fn tokens_that_end_are_told_of_by_and_by(t) {
        let (store, clock) = at_noon(&t).await;
        let server = TestServer::on(store.clone(), |_| {}).await;
        let cx = server.app.system();
        let scim = server.directory(server.tenant("contoso").await).await;
        set(&server, &scim, json!({ "silence_hours": 0 })).await;
        administrator(&server, &scim, "ada").await;
        // The one without an end goes; the next has 40 days.
        let tokens = server.get(&at(&scim, "/scim-tokens")).await.expect(200).json();
        let first = tokens["items"][0]["id"].as_str().unwrap().to_owned();
        let end = store.clock().now().plus(40 * 24 * HOUR).rfc3339();
        let made = server.post(&at(&scim, "/scim-tokens"), json!({ "expires_at": end })).await.expect(201).json();
        server.as_owner(reqwest::Method::DELETE, &at(&scim, &format!("/scim-tokens/{first}")), None).await.expect(204);
        let client = server.client(&scim.base).bearer(made["token"].as_str().unwrap());
        client.get("/Users?count=0").await.expect(200);
        server.app.log.flush(&cx).await.unwrap();
        server.app.scim_tokens.flush(&server.app.system).await.unwrap();
        let mut told = 0;
        for (days, more, code) in [
            (9, 0, None), (2, 1, Some("token_expires")), (5, 0, Some("token_expires")), (18, 1, Some("token_expires")),
            (5, 1, Some("token_expires")), (2, 1, Some("no_token")),
        ] {
            clock.advance(days * 24 * HOUR);
            assert_eq!(watch(&store, &cx, UP).await.unwrap(), more, "after {days} days more: {code:?}");
            told += more;
            assert_eq!(letters(&t).await, told, "after {days} days more");
            let h = health(&server, &scim).await;
            assert_eq!(codes(&h).first().copied(), code, "{h}");
            let texts = h["alarms"].to_string();
            assert!(!texts.contains(made["token"].as_str().unwrap()));
        }
        // A new one: well again, and an old one that nobody uses is a note.
        server.post(&at(&scim, "/scim-tokens"), json!({})).await.expect(201);
        assert_eq!((watch(&store, &cx, UP).await.unwrap(), letters(&t).await), (1, told + 1));
        clock.advance(8 * 24 * HOUR);
        let h = health(&server, &scim).await;
        assert_eq!((codes(&h), &h["ok"]), (vec!["token_unused"], &json!(true)));
        assert_eq!((watch(&store, &cx, UP).await.unwrap(), letters(&t).await), (0, told + 1), "nobody is written to for a note");
        store.close().await;
    }
);

story!(
    async fn failing_lasts_until_it_is_answered_well_again(t) {
        let (store, clock) = at_noon(&t).await;
        let server = TestServer::on(store.clone(), |_| {}).await;
        let cx = server.app.system();
        let scim = server.directory(server.tenant("contoso").await).await;
        administrator(&server, &scim, "ada").await;
        let ask = async |ok: usize, bad: usize| {
            for _ in 0..ok {
                scim.get("/Users?count=0").await.expect(200);
            }
            for _ in 0..bad {
                scim.post("/Users", json!({})).await.expect(400);
            }
            server.app.log.flush(&cx).await.unwrap();
            server.app.scim_tokens.flush(&server.app.system).await.unwrap();
            watch(&store, &cx, UP).await.unwrap()
        };
        assert_eq!(ask(8, 3).await, 0, "a few refusals are nothing");
        assert_eq!(ask(0, 9).await, 1);
        assert_eq!(codes(&health(&server, &scim).await), ["failing"]);
        assert_eq!(ask(0, 5).await, 0);
        // It slows down, as directories do; that is no recovery.
        clock.advance(3 * HOUR);
        assert_eq!(ask(0, 1).await, 0);
        assert_eq!(codes(&health(&server, &scim).await), ["failing"]);
        clock.advance(3 * HOUR);
        assert_eq!(ask(0, 0).await, 0);
        clock.advance(HOUR / 60);
        assert_eq!(ask(2, 0).await, 1, "answered well again");
        assert_eq!(codes(&health(&server, &scim).await), Vec::<&str>::new());
        // A directory that is switched off has no alarms.
        clock.advance(1000 * HOUR);
        assert_eq!(codes(&health(&server, &scim).await), ["silent"]);
        let off = Some(json!({ "status": "disabled" }));
        server.as_owner(reqwest::Method::PATCH, &at(&scim, ""), off).await.expect(200);
        assert_eq!(codes(&health(&server, &scim).await), Vec::<&str>::new());
        assert_eq!(watch(&store, &cx, UP).await.unwrap(), 0);
        store.close().await;
    }
);
