//! A provider that answers wrongly, by mistake or on purpose: each answer is refused by its reason, nobody gets a
//! session, and the administrator's record says what to do.

use super::stub::{TID, signed_in, world, world_beside};
use crate::{
    story,
    support::op::{Op, Seal, and_a_quarter, now},
};
use muster::signins::Reason;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

type Change = Box<dyn FnOnce(&mut Value) + Send>;

fn with(name: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |c| c[name] = value
}
fn without(name: &'static str) -> impl FnOnce(&mut Value) {
    move |c| {
        c.as_object_mut().unwrap().remove(name);
    }
}

story! {
    /// Zitadel CVE-2025-55669 and GHSA-wxg7-w2v3-w38g, jsonwebtoken CVE-2026-25537.
    async fn claims_that_do_not_answer_us_are_refused_by_their_reason(t) {
        let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
        let browser = w.ours.browser();
        let odd: Vec<(&str, Change)> = vec![
            ("nonce_mismatch", Box::new(with("nonce", json!("another")))),
            ("nonce_mismatch", Box::new(without("nonce"))),
            ("audience_mismatch", Box::new(with("aud", json!("another")))),
            ("audience_mismatch", Box::new(with("aud", json!(["muster", "another"])))),
            ("audience_mismatch", Box::new(with("azp", json!("another")))),
            ("issuer_mismatch", Box::new(with("iss", json!("https://evil.example")))),
            ("token_expired", Box::new(with("exp", json!(now() - 3600)))),
            ("clock_skew", Box::new(with("iat", json!(now() + 3600)))),
            ("clock_skew", Box::new(with("iat", json!(now() - 3600)))),
            ("clock_skew", Box::new(with("nbf", json!(now() + 3600)))),
            ("claim_missing", Box::new(with("exp", json!("4102444800")))),
            ("claim_missing", Box::new(with("exp", json!(-0.5)))),
            ("claim_missing", Box::new(with("exp", json!(1.5e300)))),
            ("clock_skew", Box::new(with("iat", and_a_quarter(now() + 3600)))),
            ("claim_missing", Box::new(without("exp"))),
            ("claim_missing", Box::new(without("iat"))),
            ("claim_missing", Box::new(without("sub"))),
            ("claim_missing", Box::new(with("sub", json!(["u1"])))),
            ("claim_missing", Box::new(with("nonce", json!(1)))),
            ("claim_missing", Box::new(with("sub", json!("u1\u{0}")))),
            ("identity_unknown_jit_off", Box::new(with("sub", json!("U1")))),
            ("token_malformed", Box::new(with("events", json!({})))),
        ];
        for (reason, change) in odd {
            let refused = w.sign_in(&browser, Seal::Good, change).await;
            assert_eq!(w.reason(&refused).await, reason);
            assert!(!signed_in(&browser).await, "{reason}");
        }
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert!(signed_in(&browser).await, "and a good one is good");
    }
}

story! {
    /// RFC 7519: a NumericDate may have a fraction (PyPI's Canaille tells `auth_time` to the microsecond).
    async fn times_may_have_a_fraction(t) {
        let w = world(&t, "generic", json!({ "amr": ["mfa"], "max_age": 300 })).await;
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |c| {
            for (name, at) in [("iat", 0), ("exp", 300), ("auth_time", -10)] {
                c[name] = and_a_quarter(now() + at);
            }
        })
        .await;
        assert!(signed_in(&browser).await);
        let old = |c: &mut Value| c["auth_time"] = and_a_quarter(now() - 1000);
        let refused = w.sign_in(&w.ours.browser(), Seal::Good, old).await;
        assert_eq!(w.reason(&refused).await, "auth_too_old", "and is a time all the same");
    }
}

story! {
    /// Keycloak CVE-2026-11800: the algorithm is the key's, never the token's.
    async fn signatures_that_are_none_are_refused(t) {
        let w = world(&t, "generic", json!({})).await;
        let browser = w.ours.browser();
        let long = format!("e30.{}.x", "A".repeat(40_000));
        for (reason, seal) in [
            ("token_unsigned", Seal::Unsigned),
            ("alg_not_allowed", Seal::Hmac),
            ("bad_signature", Seal::Forged),
            ("key_unknown", Seal::Unknown),
            ("token_malformed", Seal::Text("not.a.token".to_owned())),
            ("token_malformed", Seal::Text(long)),
            ("id_token_missing", Seal::Absent),
        ] {
            let refused = w.sign_in(&browser, seal, |_| {}).await;
            let record = w.record(&refused).await;
            assert_eq!(record["reason"], reason, "{record}");
            assert_eq!(record["outcome"], "failed", "no decision about the person: {record}");
            assert!(!signed_in(&browser).await, "{reason}");
        }
    }
}

story! {
    async fn unknown_keys_do_not_make_us_ask_again_and_again(t) {
        let w = world(&t, "generic", json!({})).await;
        let browser = w.ours.browser();
        for _ in 0..6 {
            let refused = w.sign_in(&browser, Seal::Unknown, |_| {}).await;
            assert_eq!(w.reason(&refused).await, "key_unknown");
        }
        assert_eq!(w.op.asked("/keys"), 2, "at first, and once for the unknown key");
    }
}

story! {
    /// Whoever rotates to a key of another algorithm states only that one from then on.
    async fn a_provider_may_sign_with_another_algorithm_from_one_day_to_the_next(t) {
        let w = world(&t, "generic", json!({})).await;
        let browser = w.ours.browser();
        w.stated(&["RS256"]);
        w.leave(&browser).await;
        w.stated(&["ES256"]);
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert!(signed_in(&browser).await, "it was asked again");
        for _ in 0..3 {
            let refused = w.sign_in(&browser, Seal::Hmac, |_| {}).await;
            assert_eq!(w.reason(&refused).await, "alg_not_allowed");
        }
        assert_eq!(w.op.asked("openid-configuration"), 2, "and not again and again");
    }
}

story! {
    async fn a_provider_that_is_down_is_left_alone_for_a_moment(t) {
        let w = world(&t, "generic", json!({})).await;
        w.op.set(|s| s.status = 500);
        let browser = w.ours.browser();
        for _ in 0..4 {
            let (left, _) = w.leave(&browser).await;
            assert_eq!(w.reason(&left).await, "upstream_unavailable");
        }
        assert_eq!(w.op.asked("openid-configuration"), 1);
        // Whoever administers reads where, what, and what to do; not how a library prints it.
        let said = async |w: &super::stub::World| {
            let (left, _) = w.leave(&w.ours.browser()).await;
            w.record(&left).await["detail"]["operator"].as_str().unwrap().to_owned()
        };
        let at = format!("{}/.well-known/openid-configuration", w.op.issuer);
        let told = said(&w).await;
        assert_eq!(told, format!("{at}: it answers 500 Internal Server Error; the provider has trouble of its own"));
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let another = async |issuer: &str| {
            let signin = json!({ "issuer": issuer, "client_id": "muster" });
            w.ours.as_owner(reqwest::Method::PATCH, &path, Some(json!({ "signin": signin }))).await.expect(200);
        };
        w.op.set(|s| (s.status, s.about) = (200, json!({ "authorization_endpoint": 7 })));
        another(&format!("http://{}/other/v2.0", w.op.address)).await;
        let told = said(&w).await;
        assert!(told.contains("/other/v2.0/.well-known/openid-configuration: it is not the document"), "{told}");
        assert!(told.contains("'authorization_endpoint'"), "{told}");
        another("https://login.nowhere.invalid/x").await;
        let told = said(&w).await;
        assert!(told.starts_with("https://login.nowhere.invalid/x/.well-known/openid-configuration: "), "{told}");
        assert!(!told.contains("reqwest") && !told.contains("Error {") && !told.contains("Kind"), "{told}");
    }
}

story! {
    /// RFC 9207: mixed-up providers.
    async fn an_answer_says_who_it_is_from_where_the_provider_states_so(t) {
        let w = world(&t, "generic", json!({})).await;
        w.op.set(|s| s.about = json!({ "authorization_response_iss_parameter_supported": true }));
        let browser = w.ours.browser();
        let issuer = |i: &str| url::form_urlencoded::byte_serialize(i.as_bytes()).collect::<String>();
        let evil = issuer("https://evil.example");
        let ours = issuer(&w.op.issuer);
        for (more, reason) in [
            ("code=c".to_owned(), Some("issuer_mismatch")),
            (format!("code=c&iss={evil}"), Some("issuer_mismatch")),
            (format!("error=access_denied&iss={evil}"), Some("issuer_mismatch")),
            (format!("error=access_denied&iss={ours}"), Some("idp_error")),
            (format!("error=unmet_authentication_requirements&iss={ours}"), Some("acr_unmet")),
            (format!("iss={ours}"), Some("idp_error")),
            (format!("code=c&iss={ours}"), None),
        ] {
            let (_, asked) = w.leave(&browser).await;
            let claims = w.op.claims("muster", &asked["nonce"], "u1");
            w.op.set(|s| s.claims = claims);
            let path = format!("{}?state={}&{more}", asked["redirect_uri"], asked["state"]);
            let answer = browser.get(&path).await.expect(303);
            match reason {
                Some(reason) => assert_eq!(w.reason(&answer).await, reason, "{more}"),
                None => assert!(signed_in(&browser).await),
            }
        }
    }
}

story! {
    /// Evidence that is not evidence, over the wire: an `amr` that is a text, another case, an acr of one factor.
    async fn a_second_factor_is_proved_or_it_is_not(t) {
        let w = world(&t, "okta", json!({})).await;
        w.grant("Tenant Administrator").await;
        let browser = w.ours.browser();
        let (_, asked) = w.leave(&browser).await;
        assert_eq!(asked["acr_values"], "urn:okta:loa:2fa:any:ifpossible");
        for (amr, acr) in [
            (json!("pwd mfa"), Value::Null),
            (json!(["MFA"]), Value::Null),
            (json!(["pwd", "fed"]), json!("urn:okta:loa:2fa:any:ifpossible")),
            (Value::Null, json!("urn:okta:loa:1fa:any")),
            (Value::Null, json!(["phr"])),
        ] {
            let refused = w.sign_in(&browser, Seal::Good, |c| {
                (c["amr"], c["acr"]) = (amr.clone(), acr.clone());
            }).await;
            let record = w.record(&refused).await;
            assert_eq!((&record["reason"], &record["outcome"]), (&json!("mfa_not_proved"), &json!("refused")));
            assert_eq!(record["detail"]["seen"]["evidence"]["rule"], "okta:none", "{record}");
            assert_eq!(record["detail"]["seen"]["demanded"], "mfa");
            let page = browser.get(refused.header("location")).await.expect(403).text;
            assert!(page.contains("second factor") && !page.contains("okta"), "{page}");
            assert!(!signed_in(&browser).await);
        }
        w.sign_in(&browser, Seal::Good, |c| c["acr"] = json!("urn:okta:loa:2fa:any")).await;
        assert!(signed_in(&browser).await);
    }
}

story! {
    async fn a_fresh_proof_is_shown_by_auth_time_alone(t) {
        let w = world(&t, "generic", json!({ "max_age": 600 })).await;
        let browser = w.ours.browser();
        for at in [json!(now() - 3600), Value::Null] {
            let refused = w.sign_in(&browser, Seal::Good, |c| {
                if at.is_null() { without("auth_time")(c) } else { c["auth_time"] = at.clone() }
            }).await;
            assert_eq!(w.reason(&refused).await, "auth_too_old", "{at}");
        }
        w.sign_in(&browser, Seal::Good, |c| c["auth_time"] = json!(now() - 60)).await;
        assert!(signed_in(&browser).await);
    }
}

story! {
    /// The person of Entra is `oid` in the issuer's tenant; `sub` is another for each application.
    async fn entra_is_asked_for_its_context_and_known_by_oid(t) {
        let w = world(&t, "entra", json!({ "acrs": "c1" })).await;
        w.grant("Tenant Administrator").await;
        w.policy(json!({ "mfa": { "level": "attested" } })).await;
        let browser = w.ours.browser();
        let (_, asked) = w.leave(&browser).await;
        let claims: Value = serde_json::from_str(&asked["claims"]).unwrap();
        assert_eq!(claims["id_token"]["acrs"], json!({ "essential": true, "value": "c1" }));
        let entra = |tid: &'static str, oid: Value, acrs: Value| move |c: &mut Value| {
            c.as_object_mut().unwrap().remove("amr");
            (c["tid"], c["oid"], c["acrs"], c["sub"]) = (json!(tid), oid, acrs, json!("pairwise"));
        };
        let c1 = || json!(["c1"]);
        for (reason, claims) in [
            ("tenant_mismatch", entra("11111111-0000-4000-8000-2d7cd011db47", json!("u1"), c1())),
            ("tenant_mismatch", entra("7", json!("u1"), c1())),
            ("tenant_mismatch", entra("", json!("u1"), c1())),
            ("claim_missing", entra(TID, json!(""), c1())),
            ("identity_unknown_jit_off", entra(TID, json!("pairwise"), c1())),
            ("mfa_not_proved", entra(TID, json!("u1"), json!(["c2"]))),
            ("mfa_not_proved", entra(TID, json!("u1"), json!("c1"))),
        ] {
            let refused = w.sign_in(&browser, Seal::Good, claims).await;
            assert_eq!(w.reason(&refused).await, reason);
        }
        w.sign_in(&browser, Seal::Good, entra(TID, json!("u1"), c1())).await;
        assert!(signed_in(&browser).await);
        let path = format!("/api/v1/tenants/{}/users/{}/sessions", w.tenant, w.person);
        let session = w.ours.get(&path).await.expect(200).json()["items"][0].take();
        assert_eq!(session["class"], "attested", "by the tenant's policy, not by this login's proof");
    }
}

story! {
    /// Keycloak CVE-2026-1486: what is switched off while the person is away is off when they come back.
    async fn what_was_switched_off_meanwhile_is_off(t) {
        let w = world(&t, "generic", json!({})).await;
        let browser = w.ours.browser();
        let tenant = format!("/api/v1/tenants/{}", w.tenant);
        let directory = format!("{tenant}/directories/{}", w.directory);
        let user = format!("{tenant}/users/{}", w.person);
        for (path, off, on, reason) in [
            (&tenant, json!({ "status": "suspended" }), json!({ "status": "active" }), "tenant_suspended"),
            (&directory, json!({ "status": "disabled" }), json!({ "status": "active" }), "directory_not_active"),
            (&user, json!({ "enabled": false }), json!({ "enabled": true }), "user_disabled"),
        ] {
            let (_, asked) = w.leave(&browser).await;
            let claims = w.op.claims("muster", &asked["nonce"], "u1");
            w.op.set(|s| s.claims = claims);
            w.ours.as_owner(Method::PATCH, path, Some(off)).await.expect(200);
            let back = format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"]);
            let refused = browser.get(&back).await.expect(303);
            w.ours.as_owner(Method::PATCH, path, Some(on)).await.expect(200);
            assert_eq!(w.reason(&refused).await, reason);
            assert!(!signed_in(&browser).await);
        }
    }
}

story! {
    /// A deactivation that meets a sign-in finds its session or prevents it: nothing lives on until the person is back.
    async fn no_session_slips_past_a_deactivation(t) {
        let w = world(&t, "generic", json!({})).await;
        let user = format!("/api/v1/tenants/{}/users/{}", w.tenant, w.person);
        let switch = async |on: bool| {
            let body = Some(json!({ "enabled": on }));
            w.ours.as_owner(Method::PATCH, &user, body).await.expect(200);
        };
        for turn in 0..24 {
            let browser = w.ours.browser();
            let (_, asked) = w.leave(&browser).await;
            let claims = w.op.claims("muster", &asked["nonce"], "u1");
            w.op.set(|s| s.claims = claims);
            let back = format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"]);
            let late = async {
                tokio::time::sleep(std::time::Duration::from_millis(turn / 2)).await;
                switch(false).await;
            };
            let (answer, ()) = futures::future::join(browser.get(&back), late).await;
            answer.expect(303);
            switch(true).await;
            assert!(!signed_in(&browser).await);
        }
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert!(signed_in(&browser).await);
    }
}

story! {
    /// An application that wants a fresh proof gets one, whatever the two clocks differ by, and no circle.
    async fn prompt_login_comes_to_an_end(t) {
        let w = world(&t, "generic", json!({})).await;
        let app = json!({ "name": "App", "redirect_uris": ["https://app.example/cb"], "public": true, "trusted": true });
        let apps = format!("/api/v1/tenants/{}/apps", w.tenant);
        let client = w.ours.post(&apps, app).await.expect(201).json();
        let client = client["client_id"].as_str().unwrap();
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert!(signed_in(&browser).await);
        let ask = |more: &str| format!(
            "/oauth/authorize?response_type=code&client_id={client}&redirect_uri=https%3A%2F%2Fapp.example%2Fcb\
             &scope=openid&code_challenge={}&code_challenge_method=S256&state=s{more}", "a".repeat(43)
        );
        let to = browser.get(&ask("")).await.expect(303).header("location").to_owned();
        assert!(to.starts_with("https://app.example/cb?code="), "{to}");
        // The provider never said when the person signed in there: no max_age is met by that.
        let to = browser.get(&ask("&max_age=3600")).await.expect(303).header("location").to_owned();
        assert!(to.starts_with("/signin/"), "{to}");
        let flow = browser.get(&ask("&prompt=login")).await.expect(303).header("location").to_owned();
        let (id, directory) = (flow.strip_prefix("/signin/").unwrap(), w.directory.to_string());
        browser.get(&flow).await.expect(200);
        let form = [("flow", id), ("directory", directory.as_str())];
        let left = browser.form("/federation/start", &form).await.expect(303);
        let asked: HashMap<String, String> =
            url::Url::parse(left.header("location")).unwrap().query_pairs().into_owned().collect();
        assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
        let mut claims = w.op.claims("muster", &asked["nonce"], "u1");
        claims["auth_time"] = json!(now() - 30); // a clock that is late
        w.op.set(|s| s.claims = claims);
        let back = format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"]);
        let to = browser.get(&back).await.expect(303).header("location").to_owned();
        assert_eq!(to, flow);
        let to = browser.get(&flow).await.expect(303).header("location").to_owned();
        assert!(to.starts_with("/oauth/resume"), "{to}");
        let to = browser.get(&to).await.expect(303).header("location").to_owned();
        assert!(to.starts_with("https://app.example/cb?code="), "{to}");
    }
}

crate::pure!(
    fn every_reason_has_words_of_its_own() {
        let mut codes: Vec<&str> = Reason::ALL.iter().map(|r| r.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len());
        let manual = include_str!("../../../docs/signin.md");
        for r in Reason::ALL {
            assert_eq!(Reason::parse(r.code()), Some(*r));
            assert!(r.next().ends_with('.'), "{r:?}");
            let row = manual.lines().find(|l| l.starts_with(&format!("| `{}` |", r.code())));
            assert!(
                row.is_some_and(|l| l.ends_with(&format!("| {} |", r.next()))),
                "{r:?}: {row:?}"
            );
        }
    }
);

story! {
    /// RFC 9700, 4.4: a provider that somebody else rules sends the browser to an honest one, with the question of that
    /// one's directory; the honest one's code must not be shown to the other.
    async fn an_honest_providers_code_is_never_shown_to_another(t) {
        let evil = Op::start("evil").await;
        let w = world_beside(&t, "generic", json!({}), &[&evil]).await;
        w.ours.tenant("mallory").await;
        let half = json!({ "issuer": evil.issuer, "client_id": "m", "client_secret": "s" });
        let new = json!({ "name": "Evil", "preset": "generic", "signin": half });
        let theirs = w.ours.post("/api/v1/tenants/mallory/directories", new).await.expect(201).json();
        // The attacker keeps what an honest sign-in asks; the victim begins one at the attacker's.
        let mine = w.ours.browser();
        let (_, honest) = w.leave(&mine).await;
        let victim = w.ours.browser();
        let begun = victim.get("/signin?tenant=mallory").await.expect(303);
        let flow = begun.header("location").strip_prefix("/signin/").unwrap().to_owned();
        let form = [("flow", flow.as_str()), ("directory", theirs["id"].as_str().unwrap())];
        let left = victim.form("/federation/start", &form).await.expect(303);
        let asked: std::collections::HashMap<String, String> =
            url::Url::parse(left.header("location")).unwrap().query_pairs().into_owned().collect();
        assert_ne!(asked["redirect_uri"], honest["redirect_uri"]);
        // The honest provider answers its own question, where its answers go, with the state that it was given.
        let answer = format!("{}?state={}&code=stolen", honest["redirect_uri"], asked["state"]);
        let refused = victim.get(&answer).await.expect(303);
        assert!(refused.header("location").starts_with("/refused/"), "{:?}", refused.headers);
        assert_eq!((evil.asked("/token"), w.op.asked("/token")), (0, 0), "nobody was shown the code");
        let path = "/api/v1/tenants/mallory/signins";
        let record = w.ours.get(path).await.expect(200).json()["items"][0].take();
        assert_eq!(record["reason"], "issuer_mismatch", "{record}");
        // It does not count where it was asked for either: used up.
        let answer = format!("{}?state={}&code=stolen", asked["redirect_uri"], asked["state"]);
        victim.get(&answer).await.expect(400);
        for odd in ["/federation/callback", "/federation/callback/", "/federation/callback/none"] {
            let status = mine.get(&format!("{odd}?state={}&code=c", honest["state"])).await.status.as_u16();
            assert!(matches!(status, 303 | 404), "{odd}: {status}");
        }
    }
}
