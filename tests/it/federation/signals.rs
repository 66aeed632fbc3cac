//! What a provider says after the sign-in: it signs people out, revokes what they have, changes their passwords, closes
//! their accounts. Each of its ways, with real signatures, and whoever is not the provider.

use super::stub::{World, signed_in, world};
use crate::{
    story,
    support::{
        TestDb,
        op::{Seal, and_a_quarter, now},
        person::TENANT_ADMIN,
        server::Client,
    },
};
use muster::{clock::Timestamp, federation::Poller};
use reqwest::Method;
use serde_json::{Value, json};

const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type";
const TYP: &str = "global-token-revocation+jwt";
const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type";

pub(super) async fn here(t: &TestDb) -> World {
    world(t, "generic", json!({ "amr": ["mfa"] })).await
}

/// Somebody signs in, in the provider's session `sid`.
async fn comes(w: &World, sid: &str) -> Client {
    let browser = w.ours.browser();
    let sid = sid.to_owned();
    w.sign_in(&browser, Seal::Good, |c| c["sid"] = json!(sid)).await;
    assert!(signed_in(&browser).await);
    browser
}

pub(super) fn at(w: &World, what: &str) -> String {
    format!("{}/federation/{}/{what}", w.ours.url, w.directory)
}

fn logout(w: &World, jti: &str, more: &Value) -> Value {
    let mut claims = json!({
        "iss": w.op.issuer, "aud": "muster", "iat": now(), "exp": now() + 120, "jti": jti, "events": { LOGOUT: {} },
    });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

/// The status of an answer, and its document.
async fn sent(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

async fn logs_out(w: &World, token: &str) -> (u16, Value) {
    let form = [("logout_token", token)];
    sent(reqwest::Client::new().post(at(w, "backchannel-logout")).form(&form)).await
}

pub(crate) async fn push(w: &World, token: &str, secret: Option<&str>) -> (u16, Value) {
    let request = reqwest::Client::new().post(at(w, "security-events"));
    let request = request.header("content-type", "application/secevent+jwt").body(token.to_owned());
    sent(match secret {
        Some(s) => request.bearer_auth(s),
        None => request,
    })
    .await
}

pub(crate) fn event(w: &World, jti: &str, kind: &str, of: &Value) -> Value {
    json!({
        "iss": w.op.issuer, "aud": at(w, "security-events"), "iat": now(), "jti": jti, "events": { kind: of },
    })
}

pub(crate) fn una(w: &World) -> Value {
    json!({ "format": "iss_sub", "iss": w.op.issuer, "sub": "u1" })
}

pub(crate) async fn stream(w: &World, settings: Value) {
    let path = format!("/api/v1/tenants/{}/directories/{}/signals", w.tenant, w.directory);
    w.ours.as_owner(Method::PUT, &path, Some(settings)).await.expect(200);
}

pub(super) async fn stands(w: &World) -> Value {
    let path = format!("/api/v1/tenants/{}/directories/{}/signals", w.tenant, w.directory);
    w.ours.get(&path).await.expect(200).json()
}

/// The last signals of the audit trail, newest first.
async fn trail(w: &World) -> Vec<Value> {
    let path = format!("/api/v1/tenants/{}/audit?limit=50", w.tenant);
    let all = w.ours.get(&path).await.expect(200).json();
    let all = all["items"].as_array().unwrap().iter();
    all.filter(|e| e["action"] == "signal.take").map(|e| e["detail"].clone()).collect()
}

story! {
    async fn a_logout_at_the_provider_ends_the_session_it_names_and_counts_once(t) {
        let w = here(&t).await;
        let (one, two) = (comes(&w, "s1").await, comes(&w, "s2").await);
        let token = w.op.sign("logout+jwt", &logout(&w, "j1", &json!({ "sid": "s1" })));
        assert_eq!(logs_out(&w, &token).await.0, 200);
        assert!(!signed_in(&one).await, "that session has ended");
        assert!(signed_in(&two).await, "and no other");
        // Somebody signs in anew in the same session of the provider; the old token says nothing of that.
        let again = comes(&w, "s1").await;
        assert_eq!(logs_out(&w, &token).await.0, 200);
        assert!(signed_in(&again).await, "a token counts once");
        // Keycloak: the event beside a bare value; and a session from before its name was kept.
        let nameless = w.ours.browser();
        w.sign_in(&nameless, Seal::Good, |_| {}).await;
        let mut both = logout(&w, "j0", &json!({ "sid": "s9", "sub": "u1" }));
        both["events"]["revoke_offline_access"] = json!(true);
        assert_eq!(logs_out(&w, &w.op.sign("logout+jwt", &both)).await.0, 200);
        assert!(!signed_in(&nameless).await && signed_in(&two).await);
        let of = json!({ "sub": "u1" });
        assert_eq!(logs_out(&w, &w.op.sign("JWT", &logout(&w, "j2", &of))).await.0, 200);
        assert!(!signed_in(&two).await && !signed_in(&again).await, "without a session, all of the person's");
        let trail = trail(&w).await;
        assert_eq!(trail.len(), 3, "{trail:?}");
        assert_eq!((&trail[0]["sessions"], &trail[2]["sessions"]), (&json!(2), &json!(1)));
        assert_eq!(trail[0]["how"], "back_channel_logout");
    }
}

story! {
    async fn a_provider_that_signs_with_another_algorithm_since_yesterday_signs_people_out(t) {
        let w = here(&t).await;
        w.stated(&["RS256"]);
        w.leave(&w.ours.browser()).await;
        let token = w.op.sign("logout+jwt", &logout(&w, "j1", &json!({ "sid": "s1" })));
        w.stated(&["ES256"]);
        assert_eq!(logs_out(&w, &token).await.0, 200, "it is asked what it signs with now");
        assert_eq!(w.op.asked("openid-configuration"), 2);
    }
}

story! {
    async fn a_signal_may_tell_times_with_a_fraction(t) {
        let w = here(&t).await;
        let browser = comes(&w, "s1").await;
        let of = json!({ "sid": "s1", "iat": and_a_quarter(now()), "exp": and_a_quarter(now() + 60) });
        let (status, body) = logs_out(&w, &w.op.sign("logout+jwt", &logout(&w, "j1", &of))).await;
        assert_eq!(status, 200, "{body}");
        assert!(!signed_in(&browser).await);
    }
}

story! {
    async fn whoever_is_not_the_provider_signs_nobody_out(t) {
        let w = here(&t).await;
        let browser = comes(&w, "s1").await;
        let sid = json!({ "sid": "s1" });
        let good = logout(&w, "j", &sid);
        let with = |name: &str, v: Value| { let mut c = good.clone(); c[name] = v; c };
        let without = |name: &str| { let mut c = good.clone(); c.as_object_mut().unwrap().remove(name); c };
        let wrong = [
            ("a stranger's key", w.op.forge("logout+jwt", &good)),
            ("an id token", w.op.sign("JWT", &w.op.claims("muster", "n", "u1"))),
            ("a nonce", w.op.sign("logout+jwt", &with("nonce", json!("n")))),
            ("another audience", w.op.sign("logout+jwt", &with("aud", json!("another")))),
            ("another issuer", w.op.sign("logout+jwt", &with("iss", json!("https://evil.example")))),
            ("an old one", w.op.sign("logout+jwt", &with("iat", json!(now() - 3600)))),
            ("one that is over", w.op.sign("logout+jwt", &with("exp", json!(now() - 600)))),
            ("no id", w.op.sign("logout+jwt", &without("jti"))),
            ("no event", w.op.sign("logout+jwt", &without("events"))),
            ("nobody", w.op.sign("logout+jwt", &without("sid"))),
            ("another kind of token", w.op.sign("at+jwt", &good)),
            ("no token", "x".to_owned()),
        ];
        for (what, token) in wrong {
            let (status, body) = logs_out(&w, &token).await;
            assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{what}: {body}");
            assert!(!body["error_description"].as_str().unwrap().is_empty());
            assert!(signed_in(&browser).await, "{what}");
        }
        // The session of one person and the name of another do not belong together.
        let of = json!({ "sid": "s1", "sub": "u2" });
        assert_eq!(logs_out(&w, &w.op.sign("logout+jwt", &logout(&w, "j9", &of))).await.0, 200);
        assert!(signed_in(&browser).await);
        // Nor does what is said for another directory of the same provider count here.
        let other = json!({
            "name": "Other", "preset": "generic",
            "signin": { "issuer": w.op.issuer, "client_id": "muster", "client_secret": "s" },
        });
        let path = format!("/api/v1/tenants/{}/directories", w.tenant);
        let made = w.ours.post(&path, other).await.expect(201).json();
        let at = format!("{}/federation/{}/backchannel-logout", w.ours.url, made["id"].as_str().unwrap());
        let form = [("logout_token", w.op.sign("logout+jwt", &good))];
        assert_eq!(sent(reqwest::Client::new().post(at).form(&form)).await.0, 200);
        assert!(signed_in(&browser).await, "another directory's people are not its");
        assert_eq!(logs_out(&w, &w.op.sign("logout+jwt", &good)).await.0, 200);
        assert!(!signed_in(&browser).await);
    }
}

story! {
    /// A frame of the provider's page has no cookies of ours: the session's name is enough, and nothing is told.
    async fn a_frame_of_the_providers_page_signs_out_without_cookies(t) {
        let w = here(&t).await;
        let browser = comes(&w, "s 1").await;
        let get = |iss: String, sid: &str| {
            let query = [("iss", iss), ("sid", sid.to_owned())];
            reqwest::Client::new().get(at(&w, "frontchannel-logout")).query(&query).send()
        };
        for (iss, sid) in [(w.op.issuer.clone(), "s2"), ("https://evil.example".to_owned(), "s 1")] {
            let answer = get(iss, sid).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(signed_in(&browser).await, "{sid}");
        }
        let answer = get(w.op.issuer.clone(), "s 1").await.unwrap();
        assert_eq!(answer.status(), 200);
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains(&format!("frame-ancestors http://{}", w.op.address)), "{policy}");
        assert!(answer.headers().get("x-frame-options").is_none());
        assert_eq!(answer.text().await.unwrap(), "");
        assert!(!signed_in(&browser).await);
        // Entra names the session alone.
        let browser = comes(&w, "s3").await;
        let query = [("sid", "s3")];
        reqwest::Client::new().get(at(&w, "frontchannel-logout")).query(&query).send().await.unwrap();
        assert!(!signed_in(&browser).await);
        let none = reqwest::Client::new().get(at(&w, "frontchannel-logout")).send().await.unwrap();
        assert_eq!(none.status(), 400);
        assert_eq!(trail(&w).await.len(), 2, "only what ended something is written down");
    }
}

story! {
    /// Okta Universal Logout: global token revocation.
    async fn everything_of_a_person_is_revoked_at_the_providers_word(t) {
        let w = here(&t).await;
        w.grant("Read-Only").await;
        let here = at(&w, "global-token-revocation");
        let caller = |jti: &str| json!({
            "iss": w.op.issuer, "sub": "muster", "aud": here, "jti": jti, "iat": now(), "nbf": now() - 300, "exp": now() + 300,
        });
        let revoke = |token: String, body: Value| {
            let request = reqwest::Client::new().post(here.clone()).bearer_auth(token).json(&body);
            sent(request)
        };
        let browser = comes(&w, "s1").await;
        let mut of_another = caller("a");
        of_another["sub"] = json!("another");
        let mut elsewhere = caller("b");
        elsewhere["aud"] = json!("https://other.example/global-token-revocation");
        let wrong = [
            w.op.sign("JWT", &caller("c")), w.op.forge(TYP, &caller("d")), w.op.sign(TYP, &of_another),
            w.op.sign(TYP, &elsewhere), "x".to_owned(),
        ];
        for token in wrong {
            let (status, body) = revoke(token, json!({ "sub_id": una(&w) })).await;
            assert_eq!(status, 401, "{body}");
        }
        let (status, _) = sent(reqwest::Client::new().post(here.clone()).json(&json!({ "sub_id": una(&w) }))).await;
        assert_eq!(status, 401);
        assert!(signed_in(&browser).await);
        let said = [
            (400, json!({})),
            (400, json!({ "sub_id": { "format": "iss_sub", "iss": w.op.issuer } })),
            (422, json!({ "sub_id": { "format": "phone_number", "phone_number": "+491" } })),
            (404, json!({ "sub_id": { "format": "iss_sub", "iss": w.op.issuer, "sub": "u2" } })),
            (404, json!({ "sub_id": { "format": "iss_sub", "iss": "https://evil.example", "sub": "u1" } })),
            (404, json!({ "sub_id": { "format": "email", "email": "una@fabrikam.example" } })),
        ];
        for (i, (expected, body)) in said.into_iter().enumerate() {
            let (status, said) = revoke(w.op.sign(TYP, &caller(&format!("e{i}"))), body).await;
            assert_eq!(status, expected, "{said}");
        }
        assert!(signed_in(&browser).await);
        assert_eq!(revoke(w.op.sign(TYP, &caller("f")), json!({ "sub_id": una(&w) })).await.0, 204);
        assert!(!signed_in(&browser).await);
        // The same proof of the caller for somebody else: what it was used for counts, and nobody is skipped.
        let token = w.op.sign(TYP, &caller("h"));
        let nobody = json!({ "sub_id": { "format": "opaque", "id": "u9" } });
        assert_eq!(revoke(token.clone(), nobody.clone()).await.0, 404);
        assert_eq!(revoke(token.clone(), nobody).await.0, 404);
        let browser = comes(&w, "s2").await;
        assert_eq!(revoke(token, json!({ "sub_id": una(&w) })).await.0, 204);
        assert!(!signed_in(&browser).await);
        let browser = comes(&w, "s2").await;
        let by_mail = json!({ "sub_id": { "format": "email", "email": "UNA@contoso.example" } });
        assert_eq!(revoke(w.op.sign(TYP, &caller("g")), by_mail).await.0, 204);
        assert!(!signed_in(&browser).await);
    }
}

story! {
    async fn security_events_end_sessions_weaken_proofs_and_close_accounts(t) {
        let w = here(&t).await;
        w.grant("Tenant Administrator").await;
        let revoked = format!("{CAEP}/session-revoked");
        let closed = format!("{RISC}/account-disabled");
        let none = push(&w, &w.op.sign("secevent+jwt", &event(&w, "j0", &revoked, &json!({}))), None).await;
        assert_eq!(none.0, 404, "nobody has asked for events");
        stream(&w, json!({})).await;
        let browser = comes(&w, "s1").await;
        // Okta: the subject in the event, the time in milliseconds.
        let happened = now() - 5;
        let of = json!({ "subject": una(&w), "event_timestamp": happened * 1000, "reason_admin": { "en": "x" } });
        let token = w.op.sign("secevent+jwt", &event(&w, "j1", &revoked, &of));
        assert_eq!(push(&w, &token, None).await.0, 202);
        let told = trail(&w).await[0]["at"].clone();
        assert_eq!(told, Timestamp::from_secs(happened).rfc3339(), "when it happened, readable");
        assert!(!signed_in(&browser).await);
        let browser = comes(&w, "s1").await;
        assert_eq!(push(&w, &token, None).await.0, 202);
        assert!(signed_in(&browser).await, "an event counts once");

        // A changed factor: what was proved counts as one, and an administrator needs two.
        let users = format!("/api/v1/tenants/{}/users", w.tenant);
        browser.get(&users).await.expect(200);
        let change = format!("{CAEP}/credential-change");
        let mut added = event(&w, "j2", &change, &json!({ "credential_type": "fido2", "change_type": "create" }));
        added["sub_id"] = una(&w);
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &added), None).await.0, 202);
        browser.get(&users).await.expect(200);
        let mut reset = event(&w, "j3", &change, &json!({ "credential_type": "ALL_FACTORS", "change_type": "revoke" }));
        reset["sub_id"] = una(&w);
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &reset), None).await.0, 202);
        let refused = browser.get(&users).await;
        assert!(matches!(refused.status.as_u16(), 401 | 403), "{}", refused.status);
        // Whoever proves it anew goes on.
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        browser.get(&users).await.expect(200);

        // A closed account: everything ends. Whether the person is still the company's, SCIM says, and so nothing opens it.
        let mut gone = event(&w, "j4", &closed, &json!({ "reason": "hijacking" }));
        gone["sub_id"] = una(&w);
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &gone), None).await.0, 202);
        assert!(!signed_in(&browser).await);
        let user = w.ours.get(&format!("{users}/{}", w.person)).await.expect(200).json();
        assert_eq!(user["active"], true, "{user}");
        w.ours.person(w.tenant, "boss@contoso.example", TENANT_ADMIN).await;
        let una_herself = format!("{users}/{}", w.person);
        w.ours.as_owner(Method::PATCH, &una_herself, Some(json!({ "enabled": false }))).await.expect(200);
        let mut back = event(&w, "j5", &format!("{RISC}/account-enabled"), &json!({}));
        back["sub_id"] = una(&w);
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &back), None).await.0, 202);
        let user = w.ours.get(&format!("{users}/{}", w.person)).await.expect(200).json();
        assert_eq!(user["enabled"], false, "{user}");

        let mut test = event(&w, "j6", "https://schemas.openid.net/secevent/ssf/event-type/verification", &json!({ "state": "x" }));
        test["sub_id"] = json!({ "format": "opaque", "id": "stream" });
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &test), None).await.0, 202);
        let unknown = event(&w, "j7", "https://schemas.okta.com/secevent/okta/event-type/ip-change", &json!({ "subject": una(&w) }));
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &unknown), None).await.0, 202);
        let s = stands(&w).await;
        assert!(s["verified_at"].is_string() && s["failure"].is_null(), "{s}");
        let trail = trail(&w).await;
        assert_eq!(trail[0]["ignored"], "no event that is understood here");
        assert_eq!(trail.iter().find(|e| e["jti"] == "j3").unwrap()["weakened"], 1);
    }
}

story! {
    async fn a_stream_takes_its_transmitters_events_alone_and_as_it_is_set(t) {
        let w = here(&t).await;
        stream(&w, json!({ "session_revoked": "ignore", "credential_change": "end" })).await;
        let browser = comes(&w, "s1").await;
        let revoked = format!("{CAEP}/session-revoked");
        let good = event(&w, "k", &revoked, &json!({ "subject": una(&w) }));
        let with = |name: &str, v: Value| { let mut c = good.clone(); c[name] = v; c };
        let wrong = [
            ("invalid_issuer", w.op.sign("secevent+jwt", &with("iss", json!("https://evil.example")))),
            ("invalid_audience", w.op.sign("secevent+jwt", &with("aud", json!("muster")))),
            ("invalid_key", w.op.forge("secevent+jwt", &good)),
            ("invalid_request", w.op.sign("JWT", &good)),
            ("invalid_request", w.op.sign("secevent+jwt", &with("iat", json!(now() - 30 * 86_400)))),
            ("invalid_request", w.op.sign("secevent+jwt", &with("events", json!({})))),
        ];
        for (err, token) in wrong {
            let (status, body) = push(&w, &token, None).await;
            assert_eq!((status, &body["err"]), (400, &json!(err)), "{body}");
        }
        let failure = stands(&w).await["failure"].take();
        assert!(failure.as_str().unwrap().starts_with("invalid_"), "the first of a minute: {failure}");
        // A key that is not known yet may be known in a moment.
        let unknown = w.op.sign_as("two", "secevent+jwt", &good);
        assert_eq!(push(&w, &unknown, None).await.0, 503);
        // What happened before somebody came in says nothing of them.
        stream(&w, json!({})).await;
        let of = json!({ "subject": una(&w), "event_timestamp": now() - 3600 });
        let mut late = event(&w, "late", &revoked, &of);
        late["iat"] = json!(now() - 3600);
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &late), None).await.0, 202);
        assert!(signed_in(&browser).await);
        stream(&w, json!({ "session_revoked": "ignore", "credential_change": "end" })).await;
        // As it is set: a logout there says nothing here, a new password does.
        assert_eq!(push(&w, &w.op.sign("secevent+jwt", &good), None).await.0, 202);
        assert!(signed_in(&browser).await);
        let of = json!({ "subject": una(&w), "credential_type": "password", "change_type": "update" });
        let changed = event(&w, "l", &format!("{CAEP}/credential-change"), &of);
        // With a secret from now on.
        let path = format!("/api/v1/tenants/{}/directories/{}/signals/secret", w.tenant, w.directory);
        let secret = w.ours.post(&path, json!({})).await.expect(201).json()["secret"].take();
        let secret = secret.as_str().unwrap();
        let token = w.op.sign("secevent+jwt", &changed);
        for shown in [None, Some("x"), Some(&secret[..secret.len() - 1])] {
            let (status, body) = push(&w, &token, shown).await;
            assert_eq!((status, &body["err"]), (401, &json!("authentication_failed")), "{shown:?}");
        }
        assert!(signed_in(&browser).await);
        assert_eq!(push(&w, &token, Some(secret)).await.0, 202);
        assert!(!signed_in(&browser).await);
    }
}

story! {
    async fn events_are_fetched_from_a_transmitter_that_does_not_push(t) {
        let w = here(&t).await;
        let poll = format!("{}/poll", w.op.issuer);
        let path = format!("/api/v1/tenants/{}/directories/{}/signals", w.tenant, w.directory);
        let without = w.ours.as_owner(Method::PUT, &path, Some(json!({ "poll": poll }))).await.expect(400);
        assert!(without.json()["detail"].as_str().unwrap().contains("poll_token"));
        stream(&w, json!({ "poll": poll, "poll_token": "t", "audience": "us" })).await;
        let browser = comes(&w, "s1").await;
        let mut good = event(&w, "p1", &format!("{CAEP}/session-revoked"), &json!({ "subject": una(&w) }));
        good["aud"] = json!("us");
        let mut bad = good.clone();
        bad["aud"] = json!("another");
        let sets = json!({ "p1": w.op.sign("secevent+jwt", &good), "p2": w.op.sign("secevent+jwt", &bad) });
        w.op.set(|s| s.events = sets);
        let poller = Poller::new(w.ours.app.clone());
        poller.round().await.unwrap();
        assert!(!signed_in(&browser).await);
        let fetched = w.op.script.lock().unwrap().fetched.clone();
        assert_eq!(fetched.len(), 2, "{fetched:?}");
        assert_eq!(fetched[1]["ack"], json!(["p1"]));
        assert_eq!(fetched[1]["setErrs"]["p2"]["err"], "invalid_audience");
        // One that cannot be asked is written down, and asked again.
        w.op.set(|s| s.status = 500);
        poller.round().await.unwrap();
        let s = stands(&w).await;
        assert!(s["failure"].as_str().unwrap().starts_with("fetching"), "{s}");
        assert_eq!(s["last_event"], format!("{CAEP}/session-revoked"));
    }
}

story! {
    /// Who says whose events count can end what people have: it takes what they have, as the sign-in half does.
    async fn a_stream_is_set_by_who_holds_what_its_people_have(t) {
        let w = here(&t).await;
        w.grant("Tenant Administrator").await;
        let roles = format!("/api/v1/tenants/{}/roles", w.tenant);
        let role = json!({ "name": "Settings", "permissions": ["system.view_settings", "system.edit_settings"] });
        let role = w.ours.post(&roles, role).await.expect(201).json();
        let small = w.ours.person(w.tenant, "settings@contoso.example", role["id"].as_str().unwrap()).await;
        let small = w.ours.session(w.tenant, small, "mfa").await;
        let path = format!("/api/v1/tenants/{}/directories/{}/signals", w.tenant, w.directory);
        let mine = json!({ "issuer": "https://mine.example" });
        let browser = w.ours.browser();
        let cookie = format!("muster_session={}", small.cookie);
        let secret = format!("{path}/secret");
        for (method, at) in [(Method::PUT, &path), (Method::POST, &secret), (Method::DELETE, &path)] {
            let request = browser.request(method.clone(), at).header("cookie", &cookie).json(&mine);
            let request = if method == Method::POST { request.json(&json!({})) } else { request };
            let refused = browser.send(request).await;
            assert_eq!(refused.status.as_u16(), 403, "{method}: {}", refused.text);
            assert_eq!(refused.json()["code"], "directory_holds_more", "{method}");
        }
        // Set for one provider, it is not for the next.
        stream(&w, json!({})).await;
        let of = json!({ "subject": una(&w) });
        let token = w.op.sign("secevent+jwt", &event(&w, "m1", &format!("{CAEP}/session-revoked"), &of));
        assert_eq!(push(&w, &token, None).await.0, 202);
        let d = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let signin = json!({ "signin": { "issuer": format!("{}x", w.op.issuer), "client_id": "muster" } });
        w.ours.as_owner(Method::PATCH, &d, Some(signin)).await.expect(200);
        assert_eq!(push(&w, &token, None).await.0, 404);
    }
}

story! {
    async fn a_strangers_token_does_not_make_the_providers_next_one_lost(t) {
        let w = here(&t).await;
        let browser = comes(&w, "s1").await;
        // A key that nobody knows: the provider is asked, and does not have it.
        let stranger = w.op.sign_as("two", "logout+jwt", &logout(&w, "j1", &json!({ "sid": "s9" })));
        assert_eq!(logs_out(&w, &stranger).await.0, 400);
        // Another so soon might be of a key that it has had for a moment: whoever sent it sends it again.
        let token = w.op.sign_as("three", "logout+jwt", &logout(&w, "j2", &json!({ "sid": "s1" })));
        let form = [("logout_token", token.as_str())];
        let answer = reqwest::Client::new().post(at(&w, "backchannel-logout")).form(&form).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 503);
        assert_eq!(answer.headers()["retry-after"], "60");
        let caller = json!({
            "iss": w.op.issuer, "sub": "s", "aud": at(&w, "global-token-revocation"), "jti": "j3", "iat": now(), "exp": now() + 300,
        });
        let caller = w.op.sign_as("four", TYP, &caller);
        let request = reqwest::Client::new().post(at(&w, "global-token-revocation")).bearer_auth(caller);
        let (status, _) = sent(request.json(&json!({ "sub_id": una(&w) }))).await;
        assert_eq!(status, 503);
        assert!(signed_in(&browser).await);
        assert_eq!(w.op.asked("/keys"), 2, "asked once for a key, however many come");
    }
}
