//! Back-channel logout: each application that got tokens in a session is told once that it has ended, by a token that
//! verifies against our keys.

use super::logout::url;
use crate::{
    story,
    support::{
        TestServer,
        person::{Person, READ_ONLY, TestApp, claims},
        tab::Tab,
    },
};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use muster::{
    apps::consents,
    crypto::jwt::{self, Alg, Jwk},
    outbox::Message,
};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// An application that listens for logout tokens.
#[derive(Default)]
struct Listener {
    told: Mutex<Vec<String>>,
    /// What it answers first; 200 afterwards.
    answers: Mutex<VecDeque<u16>>,
}

async fn hear(State(l): State<Arc<Listener>>, body: Bytes) -> StatusCode {
    let form = url::form_urlencoded::parse(&body).into_owned().collect::<Vec<_>>();
    let (name, token) = form.first().cloned().unwrap();
    assert_eq!((form.len(), name.as_str()), (1, "logout_token"));
    l.told.lock().unwrap().push(token);
    let next = l.answers.lock().unwrap().pop_front();
    StatusCode::from_u16(next.unwrap_or(200)).unwrap()
}

struct World {
    s: TestServer,
    listener: Arc<Listener>,
    uri: String,
}

async fn world(t: &crate::support::TestDb) -> World {
    let listener = Arc::<Listener>::default();
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let router = Router::new().route("/bye", post(hear)).with_state(Arc::clone(&listener));
    tokio::spawn(async move { axum::serve(tcp, router).await });
    let s = TestServer::with(t, |c| c.outbound.allow = vec![address.to_string()]).await;
    World { s, listener, uri: format!("http://{address}/bye") }
}

impl World {
    async fn app(&self, who: &Person, alg: Alg) -> TestApp {
        let uri = self.uri.clone();
        self.s
            .app(who.tenant, |new| {
                new.settings.backchannel_logout_uri = Some(uri);
                new.settings.id_token_alg = alg;
            })
            .await
    }
    async fn person(&self) -> Person {
        let tenant = self.s.tenant("contoso").await;
        let user = self.s.person(tenant, "ada", READ_ONLY).await;
        self.s.session(tenant, user, "single").await
    }
    async fn tokens(&self, app: &TestApp, who: &Person) -> Value {
        let code = self.s.code(app, who, &[]).await;
        self.s.redeem(app, &code).await.expect(200).json()
    }
    /// Waits for `n` tokens; a moment longer, so that one too many is seen.
    async fn told(&self, n: usize) -> Vec<String> {
        let begun = Instant::now();
        while self.listener.told.lock().unwrap().len() < n
            && begun.elapsed() < Duration::from_secs(20)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
        let told = self.listener.told.lock().unwrap().clone();
        assert_eq!(told.len(), n, "{told:?}");
        told
    }
    /// What an application does with a logout token (Back-Channel Logout 1.0, 2.6).
    async fn verified(&self, token: &str, app: &TestApp, who: &Person) -> Value {
        let keys = self.s.browser().get("/oauth/jwks").await.expect(200).json();
        let keys: Vec<Jwk> = serde_json::from_value(keys["keys"].clone()).unwrap();
        let v = jwt::verify(token, &keys, &[Alg::ES256, Alg::RS256]).expect("our signature");
        assert_eq!(v.header.typ.as_deref(), Some("logout+jwt"));
        let c = Value::Object(v.claims);
        assert_eq!(c["iss"], self.s.url);
        assert_eq!(c["aud"], app.client_id);
        assert_eq!(c["sub"], who.user.to_string());
        assert_eq!(c["sid"], who.session.to_string());
        assert_eq!(c["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
        assert!(c.get("nonce").is_none());
        let life = c["exp"].as_i64().unwrap() - c["iat"].as_i64().unwrap();
        assert!((1..=120).contains(&life), "{life}");
        assert!(!c["jti"].as_str().unwrap().is_empty());
        c
    }
}

story!(
    async fn each_application_of_the_session_is_told_once(t) {
        let w = world(&t).await;
        let who = w.person().await;
        w.s.app.keys.complete(&w.s.app.system()).await.unwrap();
        let (one, two) = (w.app(&who, Alg::ES256).await, w.app(&who, Alg::RS256).await);
        let (quiet, stranger) = (w.s.app(who.tenant, |_| {}).await, w.app(&who, Alg::ES256).await);
        let tokens = w.tokens(&one, &who).await;
        w.tokens(&one, &who).await;
        w.tokens(&two, &who).await;
        w.tokens(&quiet, &who).await;
        // Another session of the same person is another matter.
        let other = w.s.session(who.tenant, who.user, "single").await;
        w.tokens(&stranger, &other).await;
        let hint = tokens["id_token"].as_str().unwrap();
        Tab::of(&w.s, &who).get(&url(&[("id_token_hint", hint)])).await.expect(200);
        assert_eq!(w.listener.told.lock().unwrap().len(), 2, "told before the browser was answered");
        let told = w.told(2).await;
        let mut by: Vec<String> = told.iter().map(|t| claims(t)["aud"].as_str().unwrap().to_owned()).collect();
        by.sort();
        let mut want = vec![one.client_id.clone(), two.client_id.clone()];
        want.sort();
        assert_eq!(by, want);
        for (token, app) in told.iter().flat_map(|t| [(t, &one), (t, &two)]).filter(|(t, a)| claims(t)["aud"] == a.client_id) {
            w.verified(token, app, &who).await;
        }
        // A logout token opens nothing.
        assert!(!w.s.active(&one, &told[0]).await);
        w.s.browser().bearer(&told[0]).get("/oauth/userinfo").await.expect(401);
    }
);

story!(
    async fn a_person_who_is_switched_off_or_deleted_is_signed_out_everywhere(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let app = w.app(&who, Alg::ES256).await;
        w.tokens(&app, &who).await;
        let permit = w.s.permit(who.tenant).await;
        muster::credentials::person::set_enabled(&w.s.app.store, &permit, who.user, false).await.unwrap();
        let told = w.told(1).await;
        w.verified(&told[0], &app, &who).await;

        let gone = w.s.person(who.tenant, "bob", READ_ONLY).await;
        let gone = w.s.session(who.tenant, gone, "single").await;
        w.tokens(&app, &gone).await;
        let permit = w.s.permit(who.tenant).await;
        muster::credentials::person::remove(&w.s.app.store, &permit, gone.user, None).await.unwrap();
        let told = w.told(2).await;
        w.verified(&told[1], &app, &gone).await;
    }
);

story!(
    async fn a_directory_that_deactivates_somebody_signs_them_out(t) {
        let w = world(&t).await;
        let tenant = w.s.tenant("contoso").await;
        let scim = w.s.directory(tenant).await;
        let made = scim.post("/Users", json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "eve@contoso.example", "active": true,
        })).await.expect(201).json();
        let user = muster::id::UserId::parse(made["id"].as_str().unwrap()).unwrap();
        let permit = w.s.permit(tenant).await;
        let role = muster::id::RoleId::parse(READ_ONLY).unwrap();
        let grant = muster::access::grants::NewGrant::manual(tenant, user, role);
        muster::access::grants::add(&w.s.app.access, &permit, grant).await.unwrap();
        let who = w.s.session(tenant, user, "single").await;
        let app = w.app(&who, Alg::ES256).await;
        w.tokens(&app, &who).await;
        let off = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": false}],
        });
        scim.patch(&format!("/Users/{user}"), off).await.expect(200);
        let told = w.told(1).await;
        w.verified(&told[0], &app, &who).await;
    }
);

story!(
    async fn one_that_is_down_is_told_later_and_one_that_refuses_is_left_alone(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let app = w.app(&who, Alg::ES256).await;
        w.tokens(&app, &who).await;
        *w.listener.answers.lock().unwrap() = [503, 429].into();
        let permit = w.s.permit(who.tenant).await;
        muster::credentials::person::set_enabled(&w.s.app.store, &permit, who.user, false).await.unwrap();
        let told = w.told(3).await;
        let jti = |t: &String| claims(t)["jti"].clone();
        assert!(told.iter().all(|t| jti(t) == jti(&told[0])), "by its id it is known as the same");

        let next = w.s.person(who.tenant, "bob", READ_ONLY).await;
        let next = w.s.session(who.tenant, next, "single").await;
        w.tokens(&app, &next).await;
        *w.listener.answers.lock().unwrap() = [400].into();
        let permit = w.s.permit(who.tenant).await;
        muster::credentials::person::set_enabled(&w.s.app.store, &permit, next.user, false).await.unwrap();
        w.told(4).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        w.told(4).await;
    }
);

story!(
    async fn a_message_that_comes_twice_tells_nobody_twice(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let app = w.app(&who, Alg::ES256).await;
        w.tokens(&app, &who).await;
        let permit = w.s.permit(who.tenant).await;
        muster::credentials::person::set_enabled(&w.s.app.store, &permit, who.user, false).await.unwrap();
        w.told(1).await;
        let again = Message {
            id: muster::id::MessageId::new(),
            tenant: who.tenant,
            topic: "session.ended".to_owned(),
            payload: json!({"why": "x", "sessions": [{"session": who.session, "user": who.user}]}),
            attempts: 1,
        };
        muster::oauth::backchannel::fan_out(&w.s.app, &again).await.unwrap();
        w.told(1).await;
    }
);

story!(
    /// Between code and token the session ended: nobody would tell the application, so it gets nothing.
    async fn a_code_of_a_session_that_has_ended_gives_nothing(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let app = w.app(&who, Alg::ES256).await;
        let code = w.s.code(&app, &who, &[]).await;
        let permit = w.s.permit(who.tenant).await;
        muster::credentials::person::set_enabled(&w.s.app.store, &permit, who.user, false).await.unwrap();
        assert_eq!(w.s.redeem(&app, &code).await.expect(400).json()["error"], "invalid_grant");
        w.told(0).await;
    }
);

story!(
    /// A session that is over by itself tells its applications as well, once, and takes no other with it.
    async fn a_session_that_nobody_used_is_ended_and_told_of(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let app = w.app(&who, Alg::ES256).await;
        let tokens = w.tokens(&app, &who).await;
        let (store, cx) = (&w.s.app.store, w.s.app.system());
        let hour = Duration::from_secs(3600);
        assert_eq!(muster::sessions::expire(store, &cx, hour).await.unwrap(), 0, "it is in use");
        // Without an application there is nobody to tell.
        let quiet = w.s.session(who.tenant, who.user, "single").await;
        let home = who.tenant;
        let long_ago = store.clock().now().minus(2 * hour);
        for session in [who.session, quiet.session] {
            muster::tx!(store, &cx, [], |tx| {
                tx.unaudited("a test");
                muster::sql!(
                    tx, exec, "UPDATE sessions SET last_seen_at = $3 WHERE tenant_id = $1 AND id = $2", home, session, long_ago
                )
            })
            .unwrap();
        }
        assert_eq!(muster::sessions::expire(store, &cx, hour).await.unwrap(), 1);
        assert_eq!(muster::sessions::expire(store, &cx, hour).await.unwrap(), 0, "once");
        let told = w.told(1).await;
        w.verified(&told[0], &app, &who).await;
        w.s.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(400);
        let path = format!("/api/v1/tenants/{}/users/{}/sessions", who.tenant, who.user);
        let all = w.s.get(&path).await.expect(200).json();
        let ended: Vec<&Value> = all["items"].as_array().unwrap().iter().map(|x| &x["ended_why"]).collect();
        assert_eq!(ended.iter().filter(|w| **w == "expired").count(), 1, "{all}");
    }
);

story!(
    /// A stricter policy ends what is over by it at once, and by itself what gets over later; applications are told of both.
    async fn a_session_that_a_policy_ends_is_told_of(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let app = w.app(&who, Alg::ES256).await;
        w.tokens(&app, &who).await;
        let (store, cx, home) = (&w.s.app.store, w.s.app.system(), who.tenant);
        let hour = Duration::from_secs(3600);
        let aged = async |session| {
            let began = store.clock().now().minus(2 * hour);
            muster::tx!(store, &cx, [], |tx| {
                tx.unaudited("a test");
                muster::sql!(
                    tx, exec, "UPDATE sessions SET created_at = $3 WHERE tenant_id = $1 AND id = $2", home, session, began
                )
            })
            .unwrap();
        };
        aged(who.session).await;
        let day = 24 * hour;
        assert_eq!(muster::sessions::expire(store, &cx, day).await.unwrap(), 0);
        let set = async |max: u64| {
            w.s.put("/api/v1/tenants/contoso/policy", json!({ "sessions": { "max": max } })).await.expect(200);
        };
        set(3 * 3600).await;
        assert_eq!(muster::sessions::expire(store, &cx, day).await.unwrap(), 0);
        set(3600).await;
        let told = w.told(1).await;
        w.verified(&told[0], &app, &who).await;
        let next = w.s.session(who.tenant, who.user, "single").await;
        w.tokens(&app, &next).await;
        assert_eq!(muster::sessions::expire(store, &cx, day).await.unwrap(), 0);
        aged(next.session).await;
        assert_eq!(muster::sessions::expire(store, &cx, day).await.unwrap(), 1);
        let told = w.told(2).await;
        w.verified(&told[1], &app, &next).await;
    }
);

story!(
    /// Used, or proved anew, between the look and the end: a session that is over no more goes on.
    async fn a_session_that_is_used_while_it_is_looked_at_goes_on(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let app = w.app(&who, Alg::ES256).await;
        w.tokens(&app, &who).await;
        let (store, cx) = (w.s.app.store.clone(), w.s.app.system());
        let hour = Duration::from_secs(3600);
        let long_ago = store.clock().now().minus(2 * hour);
        let used = async |at: muster::clock::Timestamp| {
            let (home, session) = (who.tenant, who.session);
            muster::tx!(store, &cx, [], |tx| {
                tx.unaudited("a test");
                muster::sql!(
                    tx, exec, "UPDATE sessions SET last_seen_at = $3 WHERE tenant_id = $1 AND id = $2", home, session, at
                )
            })
            .unwrap();
        };
        used(long_ago).await;
        // Somebody else writes that it was used, while the sweeper has seen that it was not.
        let text = "UPDATE sessions SET last_seen_at = last_seen_at + 9000000000";
        let pause = || tokio::time::sleep(Duration::from_millis(500));
        let (s, c) = (store.clone(), cx.clone());
        let ended = match t.url() {
            Some(url) => {
                let mut other = PgConnection::connect(&url).await.unwrap();
                other.execute("BEGIN; SET LOCAL muster.scope = '*'").await.unwrap();
                other.execute(text).await.unwrap();
                let expire = tokio::spawn(async move { muster::sessions::expire(&s, &c, hour).await });
                pause().await;
                other.execute("COMMIT").await.unwrap();
                expire.await.unwrap()
            }
            None => {
                let other = rusqlite::Connection::open(t.file().unwrap()).unwrap();
                other.busy_timeout(Duration::from_secs(5)).unwrap();
                other.execute_batch("BEGIN IMMEDIATE").unwrap();
                other.execute_batch(text).unwrap();
                let expire = tokio::spawn(async move { muster::sessions::expire(&s, &c, hour).await });
                pause().await;
                other.execute_batch("COMMIT").unwrap();
                expire.await.unwrap()
            }
        };
        assert_eq!(ended.unwrap(), 0);
        w.told(0).await;
        used(long_ago).await;
        assert_eq!(muster::sessions::expire(&store, &cx, hour).await.unwrap(), 1);
        w.told(1).await;
    }
);

story!(
    /// Who takes their consent back has the application told, as of the end of a session; the session itself goes on.
    async fn an_application_whose_consent_is_withdrawn_is_told(t) {
        let w = world(&t).await;
        let who = w.person().await;
        let uri = w.uri.clone();
        let app = w.s.app(who.tenant, |new| {
            new.settings.backchannel_logout_uri = Some(uri);
            new.settings.trusted = false;
        }).await;
        let (other, store) = (w.app(&who, Alg::ES256).await, &w.s.app.store);
        let agree = async || {
            let scopes = ["openid", "offline_access"].map(str::to_owned).to_vec();
            consents::allow(store, &w.s.app.system(), who.tenant, who.user, app.id, scopes).await.unwrap();
        };
        let scope = [("scope", "openid offline_access")];
        agree().await;
        let tokens = async |who: &Person| {
            let code = w.s.code(&app, who, &scope).await;
            w.s.redeem(&app, &code).await.expect(200).json()
        };
        tokens(&who).await;
        w.tokens(&other, &who).await;
        let second = w.s.session(who.tenant, who.user, "single").await;
        tokens(&second).await;
        let path = format!("/api/v1/tenants/contoso/users/{}/consents/{}", who.user, app.id);
        w.s.as_owner(reqwest::Method::DELETE, &path, None).await.expect(204);
        let told = w.told(2).await;
        for session in [&who, &second] {
            let sid = session.session.to_string();
            let token = told.iter().find(|t| claims(t)["sid"] == sid.as_str()).expect("one for each session");
            w.verified(token, &app, session).await;
        }
        // Agreed to anew in a session that went on, it is told of its end as any other is; of the other session it was.
        agree().await;
        let again = tokens(&who).await;
        w.told(2).await;
        let hint = again["id_token"].as_str().unwrap();
        Tab::of(&w.s, &who).get(&url(&[("id_token_hint", hint)])).await.expect(200);
        let told = w.told(4).await;
        let mut last: Vec<_> = told[2..].iter().map(|t| claims(t)["aud"].as_str().unwrap().to_owned()).collect();
        last.sort();
        let mut want = vec![app.client_id.clone(), other.client_id.clone()];
        want.sort();
        assert_eq!(last, want);
    }
);
