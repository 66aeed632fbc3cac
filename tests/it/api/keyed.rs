//! POSTs under a key: done once, whoever asks how often, from where and when.

use crate::{
    access::{person, session},
    cli::muster,
    people::world::World,
    remote::{Shell, token, token_of},
    story,
    support::server::{Answer, Client, TestServer},
};
use axum::http::Request;
use muster::{
    actor::{Actor, UserKind},
    clock::{Clock, Timestamp},
    error::Kind,
    repeats::{self, Asked, Claim, Outcome, Turn},
    server, sql,
    store::{Cx, Scope, Store},
    tenants, tx,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

/// A POST under a key by whom the server has proved.
async fn post(s: &TestServer, who: &Actor, key: &str, path: &str, body: Value) -> Answer {
    let request = Request::post(format!("/api/v1{path}")).header("Idempotency-Key", key);
    let mut request = request.body(axum::body::Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(who.clone());
    let response = s.router().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
    let answer = Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() };
    super::openapi::check("POST", path, &answer);
    answer
}

async fn own(s: &TestServer, key: &str, path: &str, body: Value) -> Answer {
    post(s, &s.owner(), key, path, body).await
}

/// The same by a token, over the network.
async fn sent(c: &Client, key: &str, path: &str, body: &Value) -> Answer {
    let r = c.request(reqwest::Method::POST, &format!("/api/v1{path}"));
    c.send(r.header("Idempotency-Key", key).json(body)).await
}

async fn names(s: &TestServer, list: &str, field: &str) -> Vec<String> {
    let all = super::own(s, "GET", list, Value::Null).await.expect(200).json();
    let all = all["items"].as_array().unwrap().iter();
    all.map(|i| i[field].as_str().unwrap_or_default().to_owned()).collect()
}

story!(async fn a_repeat_is_answered_as_the_first_was_and_does_nothing(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    s.tenant("other").await;
    let kim = json!({"kind": "tenant", "user_name": "kim"});
    let all = "/tenants/acme/users";
    let first = own(&s, "\"k-1\"", all, kim.clone()).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    // Quoted or bare is one key; a slug or an id is one tenant.
    let acme = super::own(&s, "GET", "/tenants/acme", Value::Null).await.json()["id"].clone();
    let by_id = format!("/tenants/{}/users", acme.as_str().unwrap());
    for path in [all, by_id.as_str()] {
        let again = own(&s, "k-1", path, kim.clone()).await.expect(201);
        assert_eq!((&again.text, again.header("etag")), (&first.text, first.header("etag")));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("content-type"), "application/json");
    }
    assert_eq!(names(&s, all, "user_name").await, ["kim"]);
    // Another body, and another thing in the path.
    let no = own(&s, "k-1", all, json!({"kind": "tenant", "user_name": "lea"})).await.expect(422);
    let no = no.json();
    assert_eq!((&no["code"], &no["status"]), (&json!("idempotency_key_reused"), &json!(422)));
    assert_eq!(no["field"], "Idempotency-Key");
    let roles = json!({"name": "R", "permissions": []});
    let r = own(&s, "k-2", "/tenants/acme/roles", roles).await.expect(201).json();
    let preview = |id: &str| format!("/tenants/acme/roles/{id}/preview");
    let delete = json!({"delete": true});
    own(&s, "k-2", &preview(r["id"].as_str().unwrap()), delete.clone()).await.expect(200);
    // What wrote nothing keeps no key, whatever it was answered.
    let other = muster::id::RoleId::new().to_string();
    own(&s, "k-2", &preview(&other), delete).await.expect(404);
    // Another route and another tenant are other keys.
    own(&s, "k-1", "/tenants/other/users", kim.clone()).await.expect(201);
    // What was refused did nothing, and the key is free for what is right.
    own(&s, "k-3", all, json!({"kind": "tenant"})).await.expect(400);
    own(&s, "k-3", all, kim.clone()).await.expect(409);
    own(&s, "k-3", all, json!({"kind": "tenant", "user_name": "mia"})).await.expect(201);
    own(&s, "k-3", "/tenants/nobody/users", kim.clone()).await.expect(404);
    // What is no key.
    for bad in ["\"\"", "a b", "é", "\"a\"b\"", &"x".repeat(256)] {
        let request = Request::post("/api/v1/tenants").header("Idempotency-Key", bad.as_bytes());
        let mut request = request.body(axum::body::Body::from("{}")).unwrap();
        server::as_owner(&mut request);
        let a = s.router().oneshot(request).await.unwrap();
        assert_eq!(a.status(), 400, "{bad}");
    }
});

story!(async fn what_wrote_nothing_keeps_no_key_and_what_is_under_way_does(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let rows = |email: &str| json!({ "rows": [{ "email": email }] });
    let bulk = "/tenants/acme/invitations/bulk";
    assert_eq!(own(&s, "k", bulk, rows("no address")).await.expect(200).json()["refused"], 1);
    let right = own(&s, "k", bulk, rows("zoe@acme.example")).await.expect(200);
    assert_eq!((&right.json()["made"], right.header("idempotency-replayed")), (&json!(1), ""));
    own(&s, "k", bulk, rows("ada@acme.example")).await.expect(422);
    let again = own(&s, "k", bulk, rows("zoe@acme.example")).await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &right.text));
    // Before anybody knows whether it writes, the key is for nothing else.
    let claim = first(&s, &s.owner()).await;
    let who = s.owner();
    let other = Asked {
        actor: &who, tenant: muster::id::TenantId::PLATFORM, route: "/tenants", key: "k", what: "another",
    };
    let e = repeats::begin(&s.app.store, &s.app.master, other).await.unwrap_err();
    assert_eq!(e.code_str(), Some(repeats::REUSED));
    claim.end(&s.app.store, &s.app.master, "nothing", Outcome::Done).await.unwrap();
    assert!(matches!(repeats::begin(&s.app.store, &s.app.master, other).await.unwrap(), Turn::First(_)));
});

story!(async fn a_secret_is_told_again_to_its_caller_and_lies_in_clear_nowhere(t) {
    let s = TestServer::start(&t).await;
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let a = s.browser().bearer(&token(&s, acme).await);
    let b = s.browser().bearer(&token_of(&s, acme, "Second").await);
    let foreign = s.browser().bearer(&token(&s, other).await);
    let new = json!({"name": "Portal", "redirect_uris": ["https://portal.example/cb"]});
    let all = "/tenants/acme/apps";
    let first = sent(&a, "same", all, &new).await.expect(201);
    let secret = first.json()["client_secret"].as_str().unwrap().to_owned();
    assert_eq!(sent(&a, "same", all, &new).await.expect(201).text, first.text);
    // The key is each caller's own, also where they can see each other's work.
    let second = sent(&b, "same", all, &new).await.expect(201).json();
    assert_ne!(second["client_secret"], secret.as_str());
    assert_eq!(sent(&foreign, "same", all, &new).await.status, 404);
    assert_eq!(names(&s, all, "name").await.len(), 2);
    let mut c = s.app.store.read(Scope::Platform).await.unwrap();
    let kept = sql!(c, all<String>, "SELECT id || fingerprint || coalesce(answer, '') FROM repeats").unwrap();
    drop(c);
    assert_eq!(kept.len(), 2, "{kept:?}");
    for row in &kept {
        assert!(row.contains("v1.") && !row.contains(&secret) && !row.contains("Portal"), "{row}");
    }
    // Who may not do it any more is not told what it said.
    for g in super::own(&s, "GET", "/tenants/acme/grants", Value::Null).await.json()["items"].as_array().unwrap() {
        let path = format!("/tenants/acme/grants/{}", g["id"].as_str().unwrap());
        super::own(&s, "DELETE", &path, Value::Null).await.expect(204);
    }
    assert_eq!(sent(&a, "same", all, &new).await.status, 403);
});

story!(async fn of_many_at_once_one_does_it(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let new = json!({"name": "Portal", "redirect_uris": ["https://portal.example/cb"]});
    let owner = s.owner();
    let all = (0..8).map(|_| {
        // Each is a request of its own.
        let who = Actor::prove(owner.principal().clone(), muster::id::RequestId::new());
        let (s, new) = (&s, new.clone());
        async move { post(s, &who, "k", "/tenants/acme/apps", new).await }
    });
    let answers = futures::future::join_all(all).await;
    let (done, waiting): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    assert!(!done.is_empty() && done.iter().all(|a| a.text == done[0].text), "{answers:?}");
    for a in waiting {
        assert_eq!((a.status.as_u16(), a.header("retry-after")), (409, "1"), "{}", a.text);
        assert_eq!(a.json()["code"], "idempotency_under_way");
    }
    assert_eq!(names(&s, "/tenants/acme/apps", "name").await, ["Portal"]);
    let last = own(&s, "k", "/tenants/acme/apps", new).await.expect(201);
    assert_eq!(last.text, done[0].text);
});

async fn asked(s: &TestServer, who: &Actor) -> Result<Turn, muster::error::Error> {
    let asked = Asked {
        actor: who,
        tenant: muster::id::TenantId::PLATFORM,
        route: "/tenants",
        key: "k",
        what: "a tenant",
    };
    repeats::begin(&s.app.store, &s.app.master, asked).await
}

async fn first(s: &TestServer, who: &Actor) -> Claim {
    match asked(s, who).await.unwrap() {
        Turn::First(claim) => claim,
        Turn::Again(text) => panic!("it was answered: {text}"),
    }
}

/// What a handler does: a permit of the caller's, one service function.
async fn made(s: &TestServer, who: &Actor, slug: &str) -> Result<(), muster::error::Error> {
    let p = s.app.access.require_global(&who.clone().keyed()).await.unwrap();
    let new = tenants::New { slug: slug.into(), name: slug.into(), provider: false, tags: vec![] };
    tenants::create(&s.app.store, &p, new).await.map(|_| ())
}

async fn on(t: &crate::support::TestDb, clock: &Clock) -> TestServer {
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    TestServer::on(store, |_| {}).await
}

story!(async fn who_crashes_leaves_it_done_once(t) {
    let clock = Clock::manual(Timestamp::from_secs(1_900_000_000));
    let s = on(&t, &clock).await;
    // Cut short before anything was done: others wait a minute, and then it is theirs. Who comes back too late does
    // nothing any more.
    let slow = s.owner();
    let lost = first(&s, &slow).await;
    let quick = s.owner();
    let e = asked(&s, &quick).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some(repeats::UNDER_WAY)));
    clock.advance(Duration::from_secs(61));
    let claim = first(&s, &quick).await;
    assert!(made(&s, &slow, "slow").await.is_err(), "its key is another's");
    made(&s, &quick, "quick").await.unwrap();
    drop(lost);
    // Done, and stopped before the answer was kept: it is never done again.
    drop(claim);
    let later = s.owner();
    assert_eq!(asked(&s, &later).await.unwrap_err().code_str(), Some(repeats::UNDER_WAY));
    clock.advance(Duration::from_secs(61));
    let e = asked(&s, &later).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some(repeats::LOST)));
    assert_eq!(names(&s, "/tenants", "slug").await, ["quick"]);
});

story!(async fn a_key_is_kept_for_a_day(t) {
    let clock = Clock::manual(Timestamp::from_secs(1_900_000_000));
    let s = on(&t, &clock).await;
    let new = json!({"slug": "acme", "name": "Acme"});
    own(&s, "k", "/tenants", new.clone()).await.expect(201);
    let cx = Cx::new(s.owner(), Scope::Platform);
    clock.advance(Duration::from_secs(24 * 3600 - 60));
    assert_eq!(repeats::sweep(&s.app.store, &cx).await.unwrap(), 0);
    own(&s, "k", "/tenants", new.clone()).await.expect(201);
    clock.advance(Duration::from_secs(61));
    // Over, whether or not it was swept: the slug is taken.
    own(&s, "k", "/tenants", new).await.expect(409);
    own(&s, "k", "/tenants", json!({"slug": "bern", "name": "Bern"})).await.expect(201);
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(repeats::sweep(&s.app.store, &cx).await.unwrap(), 1);
});

story!(async fn the_shell_asks_once_more_when_the_connection_breaks(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let sh = Shell::new(&s, &token(&s, acme).await);
    // In between stands somebody who delivers the first POST and does not bring the answer back.
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}", tcp.local_addr().unwrap());
    let there = s.address;
    let between = tokio::spawn(async move {
        let mut keys = Vec::new();
        loop {
            let (mut from, _) = tcp.accept().await.unwrap();
            let mut head = vec![0; 1 << 16];
            let n = from.read(&mut head).await.unwrap();
            let text = String::from_utf8_lossy(&head[..n]).to_lowercase();
            let key = text.lines().find(|l| l.starts_with("idempotency-key:")).unwrap().to_owned();
            keys.push(key);
            let mut to = tokio::net::TcpStream::connect(there).await.unwrap();
            to.write_all(&head[..n]).await.unwrap();
            if keys.len() == 1 {
                let answered = to.read(&mut head).await.unwrap();
                assert!(answered > 0);
                continue;
            }
            let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            return keys;
        }
    });
    let mut c = muster();
    c.args(["--server", &here, "--token-file"]).arg(&sh.token);
    c.args(["app", "create", "acme", "Wiki", "--redirect-uri", "https://wiki.example/cb"]);
    let out = tokio::task::spawn_blocking(move || c.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{said}");
    let made: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(made["client_secret"].is_string(), "{made}");
    let keys = between.await.unwrap();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
    assert_eq!(names(&s, "/tenants/acme/apps", "name").await, ["Wiki"]);
});

story!(async fn a_rehearsal_under_a_key_takes_nothing_from_it(t) {
    let s = TestServer::start(&t).await;
    let who = s.owner();
    let claim = first(&s, &who).await;
    let actor = who.clone().keyed();
    s.app.store.rehearse(|dry| Box::pin(async move {
        let cx = Cx::new(actor, Scope::Platform);
        tx!(dry, &cx, [], |tx| {
            tx.unaudited("a test");
            sql!(tx, exec, "INSERT INTO revoked_tokens (jti, expires_at) VALUES ('x', 1)").map(|_| ())
        })
    })).await.unwrap();
    claim.end(&s.app.store, &s.app.master, "no", Outcome::Refused).await.unwrap();
    let again = s.owner();
    first(&s, &again).await;
});

story!(async fn what_is_not_known_is_not_told_as_a_refusal(t) {
    let s = TestServer::start(&t).await;
    for (outcome, code) in [(Outcome::Unknown, Some(repeats::LOST)), (Outcome::Refused, None)] {
        let who = s.owner();
        let claim = first(&s, &who).await;
        let cx = Cx::new(who.clone().keyed(), Scope::Platform);
        let jti = who.request().to_string();
        tx!(s.app.store, &cx, [jti], |tx| {
            tx.unaudited("a test");
            sql!(tx, exec, "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, 1)", jti).map(|_| ())
        }).unwrap();
        claim.end(&s.app.store, &s.app.master, "no", outcome).await.unwrap();
        let again = asked(&s, &s.owner()).await;
        match code {
            Some(code) => assert_eq!(again.unwrap_err().code_str(), Some(code)),
            None => assert!(matches!(again.unwrap(), Turn::Again(text) if text == "no")),
        }
        tx!(s.app.store, &Cx::new(s.owner(), Scope::Platform), [], |tx| {
            tx.unaudited("a test");
            sql!(tx, exec, "DELETE FROM repeats").map(|_| ())
        }).unwrap();
    }
});

story!(async fn a_key_tells_nobody_which_tenants_there_are(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    s.tenant("acme").await;
    let who = session(&person(&w, s.tenant("other").await, "eve", UserKind::Tenant).await);
    let kim = json!({"kind": "tenant", "user_name": "kim"});
    let (there, not) = (
        post(&s, &who, "k", "/tenants/acme/users", kim.clone()).await.expect(404).json(),
        post(&s, &who, "k", "/tenants/nowhere/users", kim).await.expect(404).json(),
    );
    assert_eq!((&there["code"], &there["detail"]), (&not["code"], &not["detail"]));
    let mut c = s.app.store.read(Scope::Platform).await.unwrap();
    let kept = sql!(c, one<i64>, "SELECT count(*) FROM repeats").unwrap();
    assert_eq!(kept, 0, "and nothing is kept of it");
});
