//! What cannot be accepted, and whose letter did not arrive, is not called pending and nothing more: lists say why, and what
//! to do.

use super::{
    PASSWORD, accept, invite, letters, me, path, setting, shown_code, smtp, waiting, with_mail,
    with_password,
};
use crate::{
    api::call,
    story,
    support::{
        TestServer,
        person::{READ_ONLY, TENANT_ADMIN},
    },
};
use muster::{
    actor::{Actor, Principal, UserKind},
    checks::{Status, examine},
    clock::Clock,
    id::{RequestId, TenantId, UserId},
    invitations,
    outbox::{self, GivenUp},
    sql,
    store::{Cx, Scope, Store},
    tx,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

fn by(home: TenantId, user: UserId, kind: UserKind) -> Actor {
    let principal =
        Principal::User { home, user, kind, session: None, app: None, scopes: None, bound: None };
    Actor::prove(principal, RequestId::new())
}

fn at(made: &Value) -> String {
    format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap())
}

/// How the list tells it, which is how the one tells it.
async fn told(s: &TestServer, made: &Value) -> Value {
    let one = s.get(&at(made)).await.expect(200).json();
    let list = s.get("/api/v1/tenants/contoso/invitations").await.expect(200).json();
    let listed = list["items"].as_array().unwrap().iter().find(|i| i["id"] == made["id"]);
    assert_eq!(listed, Some(&one));
    one
}

/// The state, with why and with what to do exactly when it is suspended; the link opens exactly when it is pending.
async fn stands(s: &TestServer, made: &Value, state: &str, why: Option<&str>) {
    let now = told(s, made).await;
    assert_eq!((&now["state"], &now["suspended"]), (&json!(state), &json!(why)), "{now}");
    assert_eq!(now["next"].is_string(), state != "pending", "{now}");
    let opens = s.browser().get(&path(s, made)).await;
    assert_eq!(opens.status.as_u16(), if state == "pending" { 200 } else { 410 }, "{}", opens.text);
}

story!(async fn one_that_ends_while_its_page_is_open_says_so(t) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let life = muster::config::Span(minutes(5));
    let s = TestServer::on(store, |c| c.signin.invitation = life).await;
    s.tenant("contoso").await;
    let made = invite(&s, "contoso", json!({
        "email": "bert@contoso.example", "roles": [{ "role": "Tenant Administrator" }],
    })).await;
    let browser = s.browser();
    let enrol = accept(&browser, &path(&s, &made)).await.replace("/signin/", "/enrol/");
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let code = browser.form(&enrol, &both).await.expect(303).header("location").to_owned();
    let secret = browser.get(&code).await.expect(200).text;
    clock.advance(minutes(6));
    for page in [
        browser.form(&code, &[("code", &shown_code(&secret))]).await,
        browser.get(&code).await,
        browser.form(&enrol, &both).await,
        browser.get(&enrol).await,
    ] {
        let page = page.expect(410).text;
        assert!(page.contains("is over") && page.contains("id=\"advice\""), "{page}");
    }
    assert!(me(&browser).await.is_none());
});

story!(async fn what_is_dead_is_not_called_pending(t) {
    let s = setting(&t).await;
    let contoso = s.get("/api/v1/tenants/contoso").await.expect(200).json();
    let contoso: TenantId = contoso["id"].as_str().unwrap().parse().unwrap();
    let boss = s.person(contoso, "boss", TENANT_ADMIN).await;
    s.person(contoso, "other", TENANT_ADMIN).await;
    // The provider's own administrator is of another tenant, and counts as anybody who invites.
    let provider = s.provider().await;
    let ada = s.post("/api/v1/administrators", json!({ "user_name": "ada" })).await.expect(201).json();
    s.post("/api/v1/administrators", json!({ "user_name": "bert" })).await.expect(201);
    let ada: UserId = ada["user"]["id"].as_str().unwrap().parse().unwrap();
    let edit = async |tenant: TenantId, user: &str, enabled: bool| {
        let user = format!("/api/v1/tenants/{tenant}/users/{user}");
        s.as_owner(Method::PATCH, &user, Some(json!({ "enabled": enabled }))).await.expect(200);
    };
    for (home, user, kind) in
        [(contoso, boss, UserKind::Tenant), (provider, ada, UserKind::Administrator)]
    {
        let body = json!({ "email": format!("by-{user}@contoso.example"), "roles": [{ "role": "Read-Only" }] });
        let (actor, body) = (by(home, user, kind), body.to_string());
        let invitations = "/tenants/contoso/invitations";
        let made = crate::api::call(&s, Some(&actor), "POST", invitations, &body).await.expect(201).json();
        stands(&s, &made, "pending", None).await;
        edit(home, &user.to_string(), false).await;
        stands(&s, &made, "suspended", Some("inviter_off")).await;
        let pending = format!("/api/v1/tenants/contoso/users/{}/access", made["user"].as_str().unwrap());
        assert_eq!(s.get(&pending).await.expect(200).json()["pending"], json!([]));
        edit(home, &user.to_string(), true).await;
        stands(&s, &made, "pending", None).await;
        // Gone for good: whoever sends it again is the inviter from then on.
        let gone = format!("/api/v1/tenants/{home}/users/{user}");
        s.as_owner(Method::DELETE, &gone, None).await.expect(204);
        stands(&s, &made, "suspended", Some("inviter_off")).await;
        let again = s.post(&format!("{}/resend", at(&made)), json!({})).await.expect(200).json();
        stands(&s, &again, "pending", None).await;
    }
    let made = invite(&s, "contoso", json!({ "email": "carl@contoso.example" })).await;
    let carl = made["user"].as_str().unwrap();
    edit(contoso, carl, false).await;
    stands(&s, &made, "suspended", Some("person_off")).await;
    edit(contoso, carl, true).await;
    let company = async |status: &str| {
        let status = Some(json!({ "status": status }));
        s.as_owner(Method::PATCH, "/api/v1/tenants/contoso", status).await.expect(200);
    };
    company("suspended").await;
    stands(&s, &made, "suspended", Some("company_suspended")).await;
    company("active").await;
    stands(&s, &made, "pending", None).await;
    let password = format!("/api/v1/tenants/contoso/users/{carl}/password");
    s.as_owner(Method::PUT, &password, Some(json!({ "password": PASSWORD }))).await.expect(204);
    stands(&s, &made, "suspended", Some("signs_in_already")).await;
    // One that was accepted stays so, whoever is switched off.
    let made = invite(&s, "contoso", json!({ "email": "dora@contoso.example" })).await;
    with_password(&s.browser(), &path(&s, &made)).await.expect(303);
    edit(contoso, made["user"].as_str().unwrap(), false).await;
    assert_eq!(told(&s, &made).await["state"], "accepted");
});

/// What the doctor says of messages.
async fn doctor(s: &TestServer) -> Vec<(Status, String)> {
    let all = examine(&s.app, &s.global().await, false).await;
    let found = all.into_iter().filter(|f| f.name == "outbox");
    found.map(|f| (f.status, format!("{} | {}", f.what, f.mend.unwrap_or_default()))).collect()
}

story!(async fn a_letter_that_was_refused_for_good_is_told_beside_its_invitation(t) {
    let (port, got) = smtp(0).await;
    let s = with_mail(&t, port).await;
    let made = invite(&s, "contoso", json!({ "email": "nobody@contoso.example" })).await;
    assert!(made["letter_failed"].is_null() && made["next"].is_null(), "{made}");
    for _ in 0..100 {
        if s.get(&at(&made)).await.expect(200).json()["letter_failed"].is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let now = told(&s, &made).await;
    assert_eq!((&now["state"], &now["letter_failed"]), (&json!("pending"), &json!("bad_address")), "{now}");
    assert!(now["letter_failed_at"].is_string() && now["sent_at"].is_null(), "{now}");
    assert!(now["next"].as_str().unwrap().contains("address"), "{now}");
    let id = made["id"].as_str().unwrap();
    let found = doctor(&s).await;
    assert_eq!(found.len(), 1, "it is told once: {found:?}");
    assert!(found[0].0 == Status::Warn && found[0].1.contains("no such mailbox"), "{found:?}");
    assert!(found[0].1.contains(&format!("muster invitation resend contoso {id}")), "{found:?}");
    // The address is corrected, and all is well.
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    let right = json!({ "email": "bert@contoso.example" });
    s.as_owner(Method::PATCH, &user, Some(right)).await.expect(200);
    let again = s.post(&format!("{}/resend", at(&made)), json!({})).await.expect(200).json();
    assert!(again["letter_failed"].is_null() && again["letter_failed_at"].is_null(), "{again}");
    assert!(again["link"].is_null(), "the letter has it");
    assert_eq!(letters(&got, 1).await.len(), 1);
    let found = doctor(&s).await;
    assert!(found.len() == 1 && found[0].0 == Status::Ok, "nobody need look at it any more: {found:?}");
    // Or whoever invited hands the link over.
    let by_hand = json!({ "by_hand": true });
    let again = s.post(&format!("{}/resend", at(&made)), by_hand).await.expect(200).json();
    accept(&s.browser(), &path(&s, &again)).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(got.lock().await.len(), 1, "no second letter");
});

story!(async fn a_letter_that_no_server_took_is_told_too_but_not_of_a_newer_link(t) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store.clone(), |c| {
        c.mail.server = "smtp://127.0.0.1:1".into();
        "Muster <no-reply@muster.example>".clone_into(&mut c.mail.from);
    })
    .await;
    s.tenant("contoso").await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let (message, sender) = waiting(&s, &made, 1).await;
    for _ in 0..40 {
        clock.advance(Duration::from_secs(2 * 3600));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let cx = Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform);
        let (send, note, as_) = (sender.clone(), sender.clone(), cx.clone());
        let worker = outbox::Worker::new(store.clone(), cx)
            .on(invitations::TOPIC, move |m| Box::pin(invitations::deliver(send.clone(), as_.clone(), m)))
            .when_given_up(invitations::TOPIC, move |tx, m, why| {
                let note = note.clone();
                Box::pin(async move { invitations::given_up(&note, tx, m, why).await })
            });
        worker.once().await.unwrap();
        if s.get(&at(&made)).await.expect(200).json()["letter_failed"].is_string() {
            break;
        }
    }
    let now = told(&s, &made).await;
    assert_eq!((&now["state"], &now["letter_failed"]), (&json!("pending"), &json!("not_taken")), "{now}");
    // The fate of a letter whose link is dead is nothing to the one that has a new link.
    let again = s.post(&format!("{}/resend", at(&made)), json!({ "by_hand": true })).await.expect(200).json();
    tx!(store, &s.app.system(), [sender, message], |tx| {
        tx.unaudited("test");
        invitations::given_up(&sender, tx, &message, GivenUp::Exhausted).await
    })
    .unwrap();
    assert!(told(&s, &again).await["letter_failed"].is_null());
});

story!(async fn a_letter_that_is_refused_for_good_is_given_up_at_once_with_the_servers_words(t) {
    let (port, _got) = smtp(0).await;
    let s = with_mail(&t, port).await;
    let made = invite(&s, "contoso", json!({ "email": "blocked@contoso.example" })).await;
    for _ in 0..100 {
        if s.get(&at(&made)).await.expect(200).json()["letter_failed"].is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let now = told(&s, &made).await;
    assert_eq!((&now["state"], &now["letter_failed"]), (&json!("pending"), &json!("refused")), "{now}");
    assert!(now["letter_reply"].as_str().unwrap().contains("5.7.1 we take no letters from there"), "{now}");
    assert!(now["next"].as_str().unwrap().contains("letter_reply"), "{now}");
    let unsent = s.get("/api/v1/tenants/contoso/letters/unsent").await.expect(200).json();
    let letter = &unsent["items"][0];
    assert_eq!((&letter["topic"], &letter["attempts"], &letter["next_try"]), (&json!("invitation.mail"), &json!(1), &Value::Null));
    assert!(letter["given_up_at"].is_string() && letter["last_error"].as_str().unwrap().contains("5.7.1"), "{unsent}");
    assert!(!unsent.to_string().contains("blocked@"), "{unsent}");
    // Sent again by hand it is nobody's any more.
    let again = s.post(&format!("{}/resend", at(&made)), json!({ "by_hand": true })).await.expect(200).json();
    assert!(again["letter_failed"].is_null() && again["letter_reply"].is_null(), "{again}");
    let unsent = s.get("/api/v1/tenants/contoso/letters/unsent").await.expect(200).json();
    assert_eq!(unsent["items"], json!([]));
});

story!(async fn a_letter_that_waits_is_listed_and_the_doctor_names_it(t) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |c| {
        c.mail.server = "smtp://127.0.0.1:1".into();
        "Muster <no-reply@muster.example>".clone_into(&mut c.mail.from);
    })
    .await;
    s.tenant("contoso").await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let first = async || {
        let unsent = s.get("/api/v1/tenants/contoso/letters/unsent").await.expect(200).json();
        unsent["items"][0].clone()
    };
    for _ in 0..100 {
        if first().await["attempts"] != 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let waits = first().await;
    assert!(waits["next_try"].is_string() && waits["given_up_at"].is_null(), "{waits}");
    assert!(waits["last_error"].as_str().unwrap().contains("Connection refused"), "{waits}");
    assert!(told(&s, &made).await["letter_failed"].is_null(), "it is tried again");
    clock.advance(Duration::from_secs(11 * 60));
    let found = doctor(&s).await;
    assert!(found.iter().any(|f| f.0 == Status::Warn && f.1.contains("letters (invitation.mail): 1 wait since")), "{found:?}");
});

/// The letters that have not left.
async fn unsent(s: &TestServer) -> Vec<Value> {
    let all = s.get("/api/v1/tenants/contoso/letters/unsent").await.expect(200).json();
    all["items"].as_array().unwrap().clone()
}

/// Until one of them is as wanted.
async fn until(s: &TestServer, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..200 {
        if let Some(found) = unsent(s).await.into_iter().find(&wanted) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no such letter: {:?}", unsent(s).await)
}

story!(async fn a_letter_that_waits_is_tried_at_once_when_somebody_says_so(t) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |c| {
        c.mail.server = "smtp://127.0.0.1:1".into();
        "Muster <no-reply@muster.example>".clone_into(&mut c.mail.from);
    })
    .await;
    let tenant = s.tenant("contoso").await;
    invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let letter = until(&s, |l| l["attempts"] == 1).await;
    let one = format!("/api/v1/tenants/contoso/letters/unsent/{}", letter["id"].as_str().unwrap());
    // What waits is not dropped; the clock stands still, so nothing is tried again by itself.
    let refused = s.as_owner(Method::DELETE, &one, None).await.expect(409).json();
    assert_eq!(refused["code"], "letter_waits", "{refused}");
    assert_eq!(unsent(&s).await[0]["attempts"], 1);
    s.post(&format!("{one}/try"), json!({})).await.expect(204);
    let tried = until(&s, |l| l["attempts"] == 2).await;
    assert!(tried["id"] == letter["id"] && tried["given_up_at"].is_null(), "{tried}");
    // However often it was tried before, it is tried as often again as any.
    let cx = Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform);
    tx!(s.app.store, &cx, [], |tx| {
        tx.unaudited("test");
        sql!(tx, exec, "UPDATE outbox SET attempts = $2 WHERE tenant_id = $1 AND topic = 'invitation.mail'", tenant, 17_i64)
    })
    .unwrap();
    assert_eq!(unsent(&s).await[0]["attempts"], 17);
    s.post(&format!("{one}/try"), json!({})).await.expect(204);
    until(&s, |l| l["attempts"] == 2).await;
    let trail = s.get("/api/v1/tenants/contoso/audit?action=letter.*").await.expect(200).json();
    let told = &trail["items"][0];
    let target = format!("letter:{}", letter["id"].as_str().unwrap());
    assert_eq!((&told["action"], &told["target"]), (&json!("letter.try"), &json!(target)), "{trail}");
    assert_eq!(told["detail"], json!({ "topic": "invitation.mail", "attempts": 17, "given_up": false }), "{trail}");
    // It is one company's: another's page knows nothing of it.
    s.tenant("fabrikam").await;
    let other = one.replace("contoso", "fabrikam");
    s.post(&format!("{other}/try"), json!({})).await.expect(404);
    s.as_owner(Method::DELETE, &other, None).await.expect(404);
    // Whoever may only look does neither.
    let user = s.person(tenant, "rea", READ_ONLY).await;
    let rea = by(tenant, user, UserKind::Tenant);
    for (method, path) in [("POST", format!("{one}/try")), ("DELETE", one.clone())] {
        let answer = call(&s, Some(&rea), method, path.strip_prefix("/api/v1").unwrap(), "{}").await;
        assert_eq!(answer.status.as_u16(), 403, "{method} {path}: {}", answer.text);
    }
});

story!(async fn a_letter_that_was_given_up_is_dropped_or_begins_anew(t) {
    let (port, _got) = smtp(0).await;
    let s = with_mail(&t, port).await;
    invite(&s, "contoso", json!({ "email": "blocked@contoso.example" })).await;
    let letter = until(&s, |l| l["given_up_at"].is_string()).await;
    let at = |l: &Value| format!("/api/v1/tenants/contoso/letters/unsent/{}", l["id"].as_str().unwrap());
    // The invitation says that it was given up, until it is sent anew.
    let refused = s.post(&format!("{}/try", at(&letter)), json!({})).await.expect(409).json();
    assert_eq!(refused["code"], "letter_given_up", "{refused}");
    s.as_owner(Method::DELETE, &at(&letter), None).await.expect(204);
    assert!(unsent(&s).await.is_empty());
    s.as_owner(Method::DELETE, &at(&letter), None).await.expect(404);
    // Any other is tried as often again.
    let contoso = s.get("/api/v1/tenants/contoso").await.expect(200).json();
    let tenant = TenantId::parse(contoso["id"].as_str().unwrap()).unwrap();
    let cx = Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform);
    let notice = json!({ "what": "password_set", "to": "blocked@contoso.example", "name": "Bert", "at": "now" });
    tx!(t.store, &cx, [notice], |tx| {
        tx.unaudited("test");
        outbox::push(tx, tenant, "credentials.mail", &notice).await
    })
    .unwrap();
    let given = until(&s, |l| l["given_up_at"].is_string()).await;
    s.post(&format!("{}/try", at(&given)), json!({})).await.expect(204);
    let again = until(&s, |l| l["given_up_at"].is_string() && l["given_up_at"] != given["given_up_at"]).await;
    assert_eq!((&again["id"], &again["attempts"]), (&given["id"], &json!(1)), "{again}");
});

story!(async fn a_letter_that_is_handed_over_at_this_moment_is_not_tried_beside_that(t) {
    // A server that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "Muster <no-reply@muster.example>".clone_into(&mut c.mail.from);
    })
    .await;
    s.tenant("contoso").await;
    invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let letter = until(&s, |_| true).await;
    let now = format!("/api/v1/tenants/contoso/letters/unsent/{}/try", letter["id"].as_str().unwrap());
    let mut refused = Value::Null;
    for _ in 0..200 {
        let answer = s.post(&now, json!({})).await;
        if answer.status.as_u16() == 409 {
            refused = answer.json();
            break;
        }
        // It was not taken yet.
        answer.expect(204);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(refused["code"], "letter_under_way", "{refused}");
    let waits = unsent(&s).await;
    assert_eq!((waits.len(), &waits[0]["attempts"]), (1, &json!(0)), "{waits:?}");
    // Once that has come to nothing, it is tried when somebody says so.
    drop(silent);
    until(&s, |l| l["attempts"] == 1).await;
    s.post(&now, json!({})).await.expect(204);
    until(&s, |l| l["attempts"] == 2).await;
});
