//! A day has so many letters: to an address, for a tenant, by a person. What goes beyond is refused, and says when it ends.

use super::{letters, smtp};
use crate::{
    access::{make_global, session},
    api::call,
    people::world::World,
    story,
    support::{
        TestDb, TestServer,
        server::{Answer, Client},
    },
};
use muster::{clock::Clock, config::Config, invitations::daily, store::Store};
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

const DAY: Duration = Duration::from_secs(24 * 3600);
const ALL: &str = "/api/v1/tenants/contoso/invitations";

struct Posted {
    s: TestServer,
    clock: Clock,
    got: Arc<Mutex<Vec<String>>>,
}

/// Two companies, mail, and a clock that only we move.
async fn posted(t: &TestDb, change: impl FnOnce(&mut Config)) -> Posted {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let (port, got) = smtp(0).await;
    let s = TestServer::on(store, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "Muster <no-reply@muster.example>".clone_into(&mut c.mail.from);
        change(c);
    })
    .await;
    s.tenant("contoso").await;
    s.tenant("fabrikam").await;
    Posted { s, clock, got }
}

impl Posted {
    async fn gone(&self, made: &Value) {
        let at = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
        self.s.as_owner(Method::DELETE, &at, None).await.expect(204);
    }
    /// The refusal says when the day ends, which began at `began`.
    fn ends(&self, no: &Answer, began: muster::clock::Timestamp) -> Value {
        assert_eq!(no.status.as_u16(), 429, "{}", no.text);
        let wait: u64 = no.header("retry-after").parse().unwrap();
        let ends = began.plus(DAY);
        let left = u64::try_from((ends.0 - self.clock.now().0) / 1_000_000).unwrap();
        assert!(wait > left && wait <= left + 1, "{wait} of {left}");
        let no = no.json();
        assert_eq!(no["code"], "limit");
        let text = no["detail"].as_str().unwrap();
        assert!(text.contains(&ends.for_people()) && text.contains("by_hand"), "{text}");
        no
    }
}

story!(async fn an_address_gets_five_letters_a_day_however_often_it_is_invited_anew(t) {
    let w = posted(&t, |_| {}).await;
    let began = w.clock.now();
    for email in ["bert@contoso.example", "Bert@contoso.example", "BERT@CONTOSO.example", "bert@contoso.example"] {
        let made = w.s.post(ALL, json!({ "email": email })).await.expect(201).json();
        w.gone(&made).await;
        w.clock.advance(Duration::from_secs(60));
    }
    let made = w.s.post(ALL, json!({ "email": "bert@contoso.example" })).await.expect(201).json();
    let resend = format!("{ALL}/{}/resend", made["id"].as_str().unwrap());
    let no = w.ends(&w.s.post(&resend, json!({})).await, began);
    assert_eq!(no["field"], "email");
    // A link that is handed over is no letter, and another company's letters are its own.
    let given = w.s.post(&resend, json!({ "by_hand": true })).await.expect(200).json();
    assert!(given["link"].is_string(), "{given}");
    let there = ALL.replace("contoso", "fabrikam");
    w.s.post(&there, json!({ "email": "bert@contoso.example" })).await.expect(201);
    w.gone(&made).await;
    w.ends(&w.s.post(ALL, json!({ "email": "bert@contoso.example" })).await, began);
    let users = w.s.get("/api/v1/tenants/contoso/users").await.expect(200).json();
    assert!(users["items"].as_array().unwrap().is_empty(), "nobody was added: {users}");
    w.s.post(ALL, json!({ "email": "carl@contoso.example" })).await.expect(201);
    w.clock.advance(DAY);
    w.s.post(ALL, json!({ "email": "bert@contoso.example" })).await.expect(201);
    // (Those who were deleted at once may have got none.)
    // What was tried in vain is tried again when its time has come, by the clock that only we move.
    for _ in 0..60 {
        if w.got.lock().await.len() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        w.clock.advance(Duration::from_secs(20));
    }
    let all = letters(&w.got, 3).await;
    assert!(all.iter().filter(|l| l.to_lowercase().contains("to: bert@contoso.example")).count() <= 7, "{}", all.len());
    w.clock.advance(DAY + Duration::from_secs(1));
    assert!(daily::sweep(&w.s.app.store, &w.s.app.system()).await.unwrap() >= 4);
    assert_eq!(daily::sweep(&w.s.app.store, &w.s.app.system()).await.unwrap(), 0);
});

story!(async fn a_tenant_and_an_inviter_have_so_many_a_day(t) {
    let w = posted(&t, |c| {
        c.limits.letters_per_tenant = 5;
        c.limits.letters_per_inviter = 3;
    }).await;
    let us = w.s.provider().await;
    let began = w.clock.now();
    let people = World { store: w.s.app.store.clone(), access: w.s.app.access.clone(), master: w.s.app.master.clone() };
    let root = session(&make_global(&people, us, "root").await);
    let asks = async |path: &str, body: Value| call(&w.s, Some(&root), "POST", path, &body.to_string()).await;
    // The inviter's are counted in all tenants together; of many at once each row by itself.
    asks("/tenants/fabrikam/invitations", json!({ "email": "a@fabrikam.example" })).await.expect(201);
    let rows = json!({ "rows": [
        { "email": "a@contoso.example" }, { "email": "no address" }, { "email": "b@contoso.example" },
        { "email": "c@contoso.example" }, { "email": "d@contoso.example" },
    ] });
    let many = asks("/tenants/contoso/invitations/bulk", rows).await.expect(200).json();
    assert_eq!((&many["made"], &many["refused"]), (&json!(2), &json!(3)), "{many}");
    for (n, code) in [(1, "invalid"), (3, "limit"), (4, "limit")] {
        assert_eq!(many["rows"][n]["code"], code, "{many}");
    }
    let why = many["rows"][3]["why"].as_str().unwrap();
    assert!(why.contains("by you") && why.contains(&began.plus(DAY).for_people()), "{why}");
    w.ends(&asks("/tenants/fabrikam/invitations", json!({ "email": "b@fabrikam.example" })).await, began);
    let by_hand = json!({ "email": "e@contoso.example", "by_hand": true });
    asks("/tenants/contoso/invitations", by_hand).await.expect(201);
    // The tenant's, whoever invites.
    for who in ["f", "g", "h"] {
        w.s.post(ALL, json!({ "email": format!("{who}@contoso.example") })).await.expect(201);
    }
    let no = w.ends(&w.s.post(ALL, json!({ "email": "i@contoso.example" })).await, began);
    assert!(no["detail"].as_str().unwrap().contains("for this tenant"), "{no}");
    w.clock.advance(DAY);
    asks("/tenants/contoso/invitations", json!({ "email": "i@contoso.example" })).await.expect(201);
    w.s.post(ALL, json!({ "email": "j@contoso.example" })).await.expect(201);
});

/// A browser with a session's cookie.
fn with_cookie(
    c: &Client,
    s: &TestServer,
    cookie: &str,
    path: &str,
    body: &Value,
) -> reqwest::RequestBuilder {
    let r = c.request(Method::POST, path).header("cookie", format!("muster_session={cookie}"));
    r.header("origin", &s.url).json(body)
}

story!(async fn many_at_once_stop_when_the_session_that_asked_for_them_ends(t) {
    let s = TestServer::start(&t).await;
    let contoso = s.tenant("contoso").await;
    let boss = s.person(contoso, "boss", crate::support::person::TENANT_ADMIN).await;
    let who = s.session(contoso, boss, "mfa").await;
    let rows: Vec<Value> = (0..400).map(|n| json!({ "email": format!("p{n}@contoso.example") })).collect();
    let c = s.browser();
    let asked = with_cookie(&c, &s, &who.cookie, &format!("{ALL}/bulk"), &json!({ "rows": rows }));
    let asked = tokio::spawn(async move { c.send(asked).await });
    for _ in 0..500 {
        let all = s.get(&format!("{ALL}?limit=1")).await.expect(200).json();
        if !all["items"].as_array().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    s.as_owner(Method::DELETE, &format!("/api/v1/tenants/contoso/users/{boss}/sessions"), None).await.expect(200);
    let done = asked.await.unwrap().expect(200).json();
    let n = |name: &str| done[name].as_u64().unwrap();
    assert!(n("made") > 0 && n("stopped") > 0 && n("made") + n("stopped") == 400, "{} {}", n("made"), n("stopped"));
    let first = done["rows"].as_array().unwrap().iter().find(|r| r["outcome"] == "stopped").unwrap();
    assert!(first["why"].as_str().unwrap().contains("session or token ended"), "{first}");
    assert_eq!(first["row"], n("made") + 1, "all after it");
});
