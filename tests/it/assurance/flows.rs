//! The mistakes that are made in a whole flow.

use crate::{
    federation::stub::{World, provisioned, signed_in, world},
    story,
    support::{
        TestDb, TestServer,
        op::{Op, Seal, now},
        person::{Person, READ_ONLY, TENANT_ADMIN, TestApp, claims, field},
        server::{Answer, Client},
        tab::Tab,
    },
};
use muster::{clock::Clock, store::Store};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn clocked(t: &TestDb) -> (TestServer, Clock) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    (TestServer::on(store, |_| {}).await, clock)
}

/// An administrator of a tenant who is signed in with a password and a code, and an application.
async fn administrator(s: &TestServer) -> (Person, TestApp) {
    let acme = s.tenant("acme").await;
    let user = s.person(acme, "ada", TENANT_ADMIN).await;
    let app = s.app(acme, |_| {}).await;
    (s.session(acme, user, "mfa").await, app)
}

async fn policy(s: &TestServer, policy: Value) {
    s.put("/api/v1/tenants/acme/policy", policy).await.expect(200);
}

/// A sign-in whose answer is too weak: what the step-up asks of the provider.
async fn stepped_up(
    w: &World,
    browser: &Client,
    change: impl FnOnce(&mut Value),
) -> std::collections::HashMap<String, String> {
    let (_, asked) = w.leave(browser).await;
    let weak = w.answer(browser, &asked, change).await.expect(303);
    let step_up = weak.header("location").to_owned();
    assert!(step_up.starts_with("/federation/step-up?flow="), "{step_up}");
    w.asked(browser, &step_up).await
}

async fn with_cookie(
    s: &TestServer,
    who: &Person,
    method: Method,
    path: &str,
    body: Value,
) -> Answer {
    let c = s.browser();
    let r = c.request(method, path).header("cookie", format!("muster_session={}", who.cookie));
    let r = r.header("origin", s.url.clone()).header("sec-fetch-site", "same-origin");
    c.send(if body.is_null() { r } else { r.json(&body) }).await
}

story!(async fn mistake_07_what_was_asked_to_be_fresh_is_not_looked_at(t) {
    let w = world(&t, "generic", json!({ "amr": ["mfa"], "max_age": 600 })).await;
    let browser = w.ours.browser();
    for at in [json!(now() - 3600), json!(now() - 721), Value::Null] {
        let refused = w.sign_in(&browser, Seal::Good, |c| c["auth_time"] = at.clone()).await;
        let record = w.record(&refused).await;
        if at.is_null() {
            assert_eq!(record["reason"], "claim_missing", "null is no time");
            continue;
        }
        assert_eq!(record["reason"], "auth_too_old", "{at}");
        assert_eq!(record["detail"]["seen"]["evidence"]["freshness"], "stale");
        assert_eq!(record["detail"]["seen"]["max_age"], 0, "asked once more, it was to be now");
        assert!(!signed_in(&browser).await);
    }
    let refused = w.sign_in(&browser, Seal::Good, |_| {}).await;
    assert_eq!(w.record(&refused).await["detail"]["seen"]["evidence"]["freshness"], "unknown");
    // The one repetition is not in vain: the provider signs the person in anew.
    let asked = stepped_up(&w, &browser, |c| c["auth_time"] = json!(now() - 3600)).await;
    assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
    w.answer(&browser, &asked, |c| c["auth_time"] = json!(now())).await.expect(303);
    assert!(signed_in(&browser).await);
    assert_eq!(w.session().await["evidence"]["freshness"], "fresh");
});

story!(async fn mistake_08_what_was_proved_is_carried_over_by_a_refresh(t) {
    let (s, clock) = clocked(&t).await;
    let (ada, app) = administrator(&s).await;
    let code = s.code(&app, &ada, &[]).await;
    let first = s.redeem(&app, &code).await.expect(200).json();
    let refresh = |tokens: &Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    let at = claims(first["access_token"].as_str().unwrap());
    clock.advance(Duration::from_secs(600));
    let next = s.refresh(&app, &refresh(&first)).await.expect(200).json();
    let of_now = claims(next["access_token"].as_str().unwrap());
    assert_eq!((&of_now["auth_time"], &of_now["acr"]), (&at["auth_time"], &at["acr"]), "it proves nothing new");
    // What is demanded since then is judged by what the session proved, and when.
    policy(&s, json!({ "apps": { app.client_id.clone(): { "class": "mfa", "max_age": 300 } } })).await;
    s.refresh(&app, &refresh(&next)).await.expect(400);
    policy(&s, json!({ "apps": { app.client_id.clone(): { "class": "phr" } } })).await;
    s.refresh(&app, &refresh(&next)).await.expect(400);
});

story!(async fn mistake_09_a_claim_is_read_elsewhere_than_in_the_signed_token(t) {
    let w = world(&t, "generic", json!({ "amr": ["mfa"], "acr": ["2"] })).await;
    w.grant("Tenant Administrator").await;
    let userinfo = format!("{}/userinfo", w.op.issuer);
    let strong = json!({ "sub": "u1", "amr": ["mfa"], "acr": "2", "auth_time": now() });
    w.op.set(|s| {
        s.about = json!({ "userinfo_endpoint": userinfo });
        s.beside = strong.clone();
    });
    let browser = w.ours.browser();
    // In the token answer beside the id token, at userinfo, and in a bag inside the token.
    let refused = w.sign_in(&browser, Seal::Good, |c| {
        c.as_object_mut().unwrap().remove("amr");
        c["claims"] = strong.clone();
        c["_claim_sources"] = json!({ "src1": { "JWT": strong.clone() } });
    }).await;
    let record = w.record(&refused).await;
    assert_eq!(record["reason"], "mfa_not_proved");
    assert_eq!(record["detail"]["seen"]["evidence"]["amr"], Value::Null, "{record}");
    assert_eq!(w.op.asked("/userinfo"), 0);
    assert!(!signed_in(&browser).await);
    // In the address of the callback.
    let (_, asked) = w.leave(&browser).await;
    let weak = w.op.claims("muster", &asked["nonce"], "u1");
    w.op.set(|s| {
        s.claims = weak;
        s.claims.as_object_mut().unwrap().remove("amr");
    });
    let path = format!("{}?state={}&code=c&amr=mfa&acr=2", asked["redirect_uri"], asked["state"]);
    browser.get(&path).await.expect(303);
    assert!(!signed_in(&browser).await);
});

story!(async fn mistake_10_the_evidence_of_another_connection_counts(t) {
    let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    // Another issuer's token in the answer.
    let other = Op::start("7e0c2f1a-0000-4000-8000-2d7cd011db47").await;
    let foreign = other.issuer.clone();
    let refused = w.sign_in(&browser, Seal::Good, |c| c["iss"] = json!(foreign)).await;
    assert_eq!(w.reason(&refused).await, "issuer_mismatch");
    // What the browser's session proved through one directory does not count for a sign-in through another.
    w.sign_in(&browser, Seal::Good, |_| {}).await;
    assert!(signed_in(&browser).await);
    let path = format!("/api/v1/tenants/{}/directories", w.tenant);
    let made = w.ours.post(&path, json!({
        "name": "Second", "preset": "keycloak",
        "signin": { "issuer": w.op.issuer, "client_id": "muster", "client_secret": "s" },
    })).await.expect(201).json();
    let second = World { directory: made["id"].as_str().unwrap().parse().unwrap(), ours: w.ours, op: w.op, ..w };
    let refused = second.sign_in(&browser, Seal::Good, |_| {}).await;
    assert_eq!(second.reason(&refused).await, "identity_unknown_jit_off", "nor does its subject");
    assert_eq!(second.session().await["evidence"]["rule"], "generic:amr");
});

story!(async fn mistake_11_a_customers_own_provider_vouches_for_the_platforms_people(t) {
    let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
    // The platform's own people come from a directory of the same provider, which the customer could run as well.
    let us = w.ours.provider().await;
    let path = format!("/api/v1/tenants/{us}/directories");
    w.ours.post(&path, json!({
        "name": "Ours", "preset": "generic",
        "signin": { "issuer": w.op.issuer, "client_id": "muster", "client_secret": "s", "rules": { "amr": ["mfa"] } },
    })).await.expect(201);
    let boss = w.ours.person(us, "boss", TENANT_ADMIN).await;
    // The customer's login says, with two factors, that it is the platform's administrator.
    let browser = w.ours.browser();
    for sub in [boss.to_string(), "boss".to_owned(), "boss@contoso.example".to_owned()] {
        let refused = w.sign_in(&browser, Seal::Good, |c| {
            (c["sub"], c["email"], c["email_verified"]) = (json!(sub), json!("boss@contoso.example"), json!(true));
            c["preferred_username"] = json!("boss");
        }).await;
        assert_eq!(w.reason(&refused).await, "identity_unknown_jit_off", "{sub}");
        assert!(!signed_in(&browser).await);
    }
    // Whoever really is the customer's has a session of the customer's, whatever they proved, and nothing in the platform's.
    w.sign_in(&browser, Seal::Good, |_| {}).await;
    let me = browser.get("/api/v1/me").await.expect(200).json();
    assert_eq!(me["home"].as_str().or(me["tenant"].as_str()), Some(w.tenant.to_string().as_str()), "{me}");
    let there = browser.get(&format!("/api/v1/tenants/{us}")).await;
    assert!(matches!(there.status.as_u16(), 403 | 404), "{}", there.text);
});

story!(async fn mistake_12_an_administrators_word_is_taken_for_a_proof(t) {
    let w = world(&t, "entra", json!({ "acrs": "c1" })).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    let with_context = |c: &mut Value| {
        c.as_object_mut().unwrap().remove("amr");
        (c["tid"], c["oid"], c["acrs"]) = (json!(crate::federation::stub::TID), json!("u1"), json!(["c1"]));
    };
    // Entra gives a context that no policy is bound to as well.
    let refused = w.sign_in(&browser, Seal::Good, with_context).await;
    let record = w.record(&refused).await;
    assert_eq!(record["reason"], "mfa_not_proved");
    assert_eq!(record["detail"]["seen"]["evidence"]["class"], "attested");
    assert_eq!(record["detail"]["seen"]["demanded"], "mfa");
    assert!(!signed_in(&browser).await);
    // Where the tenant says that it suffices, it does; and goes on to applications as what it is.
    w.policy(json!({ "mfa": { "level": "attested" } })).await;
    w.sign_in(&browser, Seal::Good, with_context).await;
    assert!(signed_in(&browser).await);
    assert_eq!(w.session().await["class"], "attested");
});

story!(async fn mistake_13_a_claim_that_got_lost_on_the_way_is_made_up_for_by_a_switch(t) {
    let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    let sent = json!(["pwd", "x-new", "otp", "mfa"]);
    w.sign_in(&browser, Seal::Good, |c| c["amr"] = sent.clone()).await;
    assert_eq!(w.session().await["evidence"]["amr"], sent, "nothing is dropped or put in order");
    let other = w.ours.browser();
    let refused = w.sign_in(&other, Seal::Good, |c| {
        c.as_object_mut().unwrap().remove("amr");
    }).await;
    let record = w.record(&refused).await;
    assert_eq!(record["detail"]["seen"]["evidence"]["amr"], Value::Null, "{record}");
    // There is no setting that lets the check be.
    let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
    for rules in [
        json!({ "trust": true }),
        json!({ "mfa": false }),
        json!({ "amr": ["*"], "skip": true }),
        json!({ "amr": true }),
        json!({ "attested": true }),
        json!({ "attested": { "by": "owner" } }),
    ] {
        let signin = json!({ "issuer": w.op.issuer, "client_id": "muster", "rules": rules });
        w.ours.as_owner(Method::PATCH, &path, Some(json!({ "signin": signin }))).await.expect(400);
    }
    w.rules(json!({ "amr": ["*"] })).await;
    let refused = w.sign_in(&other, Seal::Good, |_| {}).await;
    assert_eq!(w.reason(&refused).await, "mfa_not_proved", "a star is a star");
});

story!(async fn mistake_14_a_request_that_was_ignored_is_taken_for_met(t) {
    let w = world(&t, "okta", json!({})).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    let one = |c: &mut Value| {
        (c["amr"], c["acr"], c["auth_time"]) = (json!(["pwd"]), json!("urn:okta:loa:1fa:pwd"), json!(now()));
    };
    let asked = stepped_up(&w, &browser, one).await;
    assert_eq!(asked["acr_values"], "urn:okta:loa:2fa:any");
    // Okta passes over what it does not know, and answers as if nothing had been asked.
    let refused = w.answer(&browser, &asked, one).await.expect(303);
    let record = w.record(&refused).await;
    assert_eq!((&record["reason"], &record["detail"]["seen"]["stepped_up"]), (&json!("mfa_not_proved"), &json!(true)));
    assert!(!signed_in(&browser).await);
    // That it cannot is an answer as well, and the end of it.
    for error in ["unmet_authentication_requirements", "interaction_required"] {
        let asked = stepped_up(&w, &browser, one).await;
        let path = format!("{}?state={}&error={error}", asked["redirect_uri"], asked["state"]);
        let refused = browser.get(&path).await.expect(303);
        assert_eq!(w.reason(&refused).await, "acr_unmet", "{error}");
    }
});

story!(async fn mistake_15_who_was_to_sign_in_anew_did_not(t) {
    let w = world(&t, "okta", json!({})).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    let weak = |c: &mut Value| c["amr"] = json!(["pwd"]);
    // Two factors, of this morning: `prompt=login` was taken out of the address.
    for at in [Some(now() - 3600), Some(now() - 300), None] {
        let asked = stepped_up(&w, &browser, weak).await;
        assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
        let refused = w.answer(&browser, &asked, |c| {
            if let Some(at) = at {
                c["auth_time"] = json!(at);
            }
        }).await.expect(303);
        assert_eq!(w.reason(&refused).await, "auth_too_old", "{at:?}");
        assert!(!signed_in(&browser).await);
    }
    let asked = stepped_up(&w, &browser, weak).await;
    w.answer(&browser, &asked, |c| c["auth_time"] = json!(now())).await.expect(303);
    assert!(signed_in(&browser).await);
});

story!(async fn mistake_19_a_level_that_was_lowered_on_the_way_suffices(t) {
    let w = world(&t, "keycloak", json!({ "acr": ["2"] })).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    let level = |acr: &'static str| move |c: &mut Value| {
        (c["amr"], c["acr"], c["auth_time"]) = (Value::Null, json!(acr), json!(now()));
    };
    let (_, asked) = w.leave(&browser).await;
    assert!(!asked.contains_key("acr_values") && !asked.contains_key("claims"));
    let asked = stepped_up(&w, &browser, level("1")).await;
    let claims: Value = serde_json::from_str(&asked["claims"]).unwrap();
    assert_eq!(claims["id_token"]["acr"], json!({ "essential": true, "values": ["2"] }));
    let refused = w.answer(&browser, &asked, level("1")).await.expect(303);
    assert_eq!(w.reason(&refused).await, "mfa_not_proved");
    let asked = stepped_up(&w, &browser, level("0")).await;
    w.answer(&browser, &asked, level("2")).await.expect(303);
    assert_eq!(w.session().await["evidence"]["rule"], "keycloak:acr");
});

story!(async fn mistake_20_a_local_session_meets_every_demand_for_good(t) {
    let (s, clock) = clocked(&t).await;
    let (ada, app) = administrator(&s).await;
    policy(&s, json!({ "apps": { app.client_id.clone(): { "class": "mfa", "max_age": 300 } } })).await;
    s.code(&app, &ada, &[]).await;
    clock.advance(Duration::from_secs(3600));
    let mut tab = Tab::of(&s, &ada);
    let asked = tab.authorize(&app, &[]).await.expect(303);
    let flow = asked.header("location").to_owned();
    assert!(flow.starts_with("/signin/"), "the person signs in anew: {flow}");
    let resume = flow.replace("/signin/", "/oauth/resume?flow=");
    let back = tab.get(&resume).await.expect(303);
    assert_eq!(back.header("location"), flow, "not by coming back with the same session");
    let silent = s.authorize(&app, &ada, &[("prompt", "none")]).await.expect(303);
    assert_eq!(field(silent.header("location"), "error").as_deref(), Some("login_required"));
    let again = s.session(ada.tenant, ada.user, "mfa").await;
    tab.cookies.insert("muster_session".to_owned(), again.cookie.clone());
    let done = tab.get(&resume).await.expect(303);
    assert!(field(done.header("location"), "code").is_some(), "{}", done.header("location"));
});

story!(async fn mistake_21_a_second_factor_is_remembered_for_the_device(t) {
    let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    w.sign_in(&browser, Seal::Good, |_| {}).await;
    assert!(signed_in(&browser).await);
    // In the same browser somebody of another company, with one factor, by a login that trusts browsers.
    let fabrikam = w.ours.tenant("fabrikam").await;
    let made = w.ours.post(&format!("/api/v1/tenants/{fabrikam}/directories"), json!({
        "name": "Fabrikam", "preset": "generic",
        "signin": { "issuer": w.op.issuer, "client_id": "muster", "client_secret": "s", "rules": { "amr": ["mfa"] } },
    })).await.expect(201).json();
    let directory = made["id"].as_str().unwrap().to_owned();
    let one = provisioned(&w.ours, fabrikam, directory.parse().unwrap(), "u1").await;
    let grant = json!({ "user": one, "role": "Tenant Administrator" });
    w.ours.post(&format!("/api/v1/tenants/{fabrikam}/grants"), grant).await.expect(201);
    let begun = browser.get("/signin?tenant=fabrikam").await.expect(303);
    let flow = begun.header("location").strip_prefix("/signin/").unwrap().to_owned();
    let form = [("flow", flow.as_str()), ("directory", directory.as_str())];
    let mut left = browser.form("/federation/start", &form).await.expect(303);
    for _ in 0..2 {
        let url = url::Url::parse(left.header("location")).expect("the provider's address");
        let asked = url.query_pairs().into_owned().collect();
        let answer = w.answer(&browser, &asked, |c| {
            (c["amr"], c["auth_time"]) = (json!(["pwd"]), json!(now()));
        }).await.expect(303);
        let to = answer.header("location").to_owned();
        if to.starts_with("/refused/") {
            let path = format!("/api/v1/tenants/{fabrikam}/signins/{}", to.replace("/refused/", ""));
            assert_eq!(w.ours.get(&path).await.expect(200).json()["reason"], "mfa_not_proved");
            return;
        }
        left = browser.get(&to).await.expect(303);
    }
    panic!("it was not refused");
});

story!(async fn mistake_22_a_second_factor_is_replaced_with_less_than_two(t) {
    let s = TestServer::start(&t).await;
    let (ada, _) = administrator(&s).await;
    let bob = s.person(ada.tenant, "bob", READ_ONLY).await;
    let weak = s.session(ada.tenant, ada.user, "single").await;
    let attested = s.session(ada.tenant, ada.user, "attested").await;
    for user in [bob, ada.user] {
        let at = format!("/api/v1/tenants/acme/users/{user}");
        for (method, path, body) in [
            (Method::POST, format!("{at}/one-time-code"), json!({})),
            (Method::DELETE, format!("{at}/one-time-code"), Value::Null),
            (Method::PUT, format!("{at}/password"), json!({ "password": "violet harbour 27 lanterns" })),
        ] {
            for who in [&weak, &attested] {
                let refused = with_cookie(&s, who, method.clone(), &path, body.clone()).await.expect(403);
                assert_eq!(refused.json()["code"], "mfa_not_proved", "{method} {path}");
            }
        }
    }
    let path = format!("/api/v1/tenants/acme/users/{bob}/one-time-code");
    with_cookie(&s, &ada, Method::POST, &path, json!({})).await.expect(201);
});
