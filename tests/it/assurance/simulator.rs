//! The simulator: what would be decided, by which rule; by the function that decides a sign-in, and without a trace.

use crate::{
    declared,
    federation::stub::{TID, World, signed_in, world},
    story,
    support::{
        op::{Op, Seal, now},
        person::TENANT_ADMIN,
        server::Answer,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

impl World {
    async fn would(&self, body: Value) -> Value {
        self.try_would(body).await.expect(200).json()
    }
    async fn try_would(&self, body: Value) -> Answer {
        let path =
            format!("/api/v1/tenants/{}/directories/{}/simulate", self.tenant, self.directory);
        self.ours.post(&path, body).await
    }
}

type Change = Box<dyn FnOnce(&mut Value) + Send>;

/// A token of the provider's, as somebody may have copied it.
fn token(w: &World, seal: Seal, change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = w.op.claims("muster", "n", "u1");
    change(&mut claims);
    json!({ "token": w.op.token(&claims, seal) })
}

story!(async fn it_says_of_a_past_sign_in_what_would_be_decided_now_and_why(t) {
    let w = world(&t, "keycloak", json!({ "acr": ["3"] })).await;
    w.grant("Tenant Administrator").await;
    let browser = w.ours.browser();
    let level = |c: &mut Value| (c["amr"], c["acr"], c["auth_time"]) = (json!(["pwd", "otp"]), json!("2"), json!(now()));
    let refused = w.sign_in(&browser, Seal::Good, level).await;
    let reference = refused.header("location").replace("/refused/", "");
    let record = w.record(&refused).await;
    let ask = json!({ "signin": reference });
    let told = w.would(ask.clone()).await;
    assert_eq!((&told["outcome"], &told["reason"]), (&json!("asked_once_more"), &json!("mfa_not_proved")), "{told}");
    assert_eq!((&told["class"], &told["rule"]), (&json!("single"), &json!("keycloak:none")));
    assert_eq!(told["demanded"], json!({ "class": "mfa" }));
    assert_eq!(told["demands"][0], json!({ "by": "role", "name": "Tenant Administrator", "class": "mfa" }));
    assert_eq!(told["user"]["id"], w.person.as_str());
    assert_eq!(told["asked"][0][0], "claims");
    let step = |rule: &str, told: &Value| {
        told["steps"].as_array().unwrap().iter().find(|s| s["rule"] == rule).map(|s| s["passed"].clone())
    };
    assert_eq!(step("keycloak:acr", &told), Some(json!(false)));
    assert_eq!(step("enough", &told), Some(json!(false)));
    // What it was decided on is the same, and so is what was decided.
    let seen = &record["detail"]["seen"]["evidence"];
    for same in ["amr", "acr", "acrs", "auth_time", "rule", "class", "preset", "generation", "policy"] {
        assert_eq!(told["evidence"][same], seen[same], "{same}");
    }
    // By other rules: who mends them sees it before the person tries again.
    w.rules(json!({ "acr": ["2"] })).await;
    let told = w.would(ask.clone()).await;
    assert_eq!((&told["outcome"], &told["rule"], &told["reason"]), (&json!("enters"), &json!("keycloak:acr"), &Value::Null));
    assert_eq!(step("keycloak:acr", &told), Some(json!(true)));
    w.rules(json!({ "two_classes": true })).await;
    assert_eq!(w.would(ask.clone()).await["rule"], "keycloak:two-classes");
    // Of a success as well; and what an application and a permission would demand beside the roles.
    w.sign_in(&browser, Seal::Good, level).await;
    assert!(signed_in(&browser).await);
    let success = json!({ "signin": w.newest().await["reference"] });
    assert_eq!(w.would(success.clone()).await["outcome"], "enters");
    let app = w.ours.app(w.tenant, |_| {}).await;
    w.policy(json!({
        "apps": { app.client_id.clone(): { "class": "phr" } },
        "permissions": { "users.delete": { "class": "mfa", "max_age": 60 } },
    })).await;
    assert_eq!(w.would(success.clone()).await["outcome"], "enters");
    let with = |name: &str, value: &str| {
        let mut ask = success.clone();
        ask[name] = json!(value);
        ask
    };
    let told = w.would(with("app", &app.client_id)).await;
    assert_eq!((&told["outcome"], &told["demanded"]["class"]), (&json!("refused"), &json!("phr")), "{told}");
    let told = w.would(with("permission", "users.delete")).await;
    assert_eq!((&told["freshness"], &told["demanded"]["max_age"]), (&json!("fresh"), &json!(60)), "{told}");
    w.try_would(with("app", "app_nobody")).await.expect(404);
    w.try_would(with("permission", "users.fly")).await.expect(400);
});

story!(async fn it_reads_a_token_that_is_pasted_and_keeps_nothing(t) {
    let w = world(&t, "okta", json!({})).await;
    w.grant("Tenant Administrator").await;
    let good = token(&w, Seal::Good, |_| {});
    let told = w.would(good.clone()).await;
    assert_eq!((&told["outcome"], &told["rule"]), (&json!("enters_if"), &json!("okta:amr")), "{told}");
    assert!(told["signature"].as_str().unwrap().starts_with("not checked"), "{told}");
    let trail = async |what: &str| {
        let all = w.ours.get(&format!("/api/v1/tenants/{}/{what}", w.tenant)).await.expect(200);
        (all.json()["items"].as_array().unwrap().len(), all.text)
    };
    let before = (trail("audit").await.0, trail("signins").await.0);
    // Once somebody has signed in the keys are known; nobody is asked for them.
    let browser = w.ours.browser();
    w.sign_in(&browser, Seal::Good, |_| {}).await;
    let asked = w.op.asked("/keys");
    assert!(w.would(good.clone()).await["signature"].as_str().unwrap().starts_with("holds"));
    for (seal, reason, signature) in [
        (Seal::Forged, json!("bad_signature"), "does not hold"),
        (Seal::Unsigned, json!("token_unsigned"), "does not hold"),
        (Seal::Hmac, json!("alg_not_allowed"), "does not hold"),
        (Seal::Unknown, Value::Null, "not checked"),
    ] {
        let told = w.would(token(&w, seal, |_| {})).await;
        assert_eq!(told["reason"], reason, "{told}");
        assert!(told["signature"].as_str().unwrap().starts_with(signature), "{told}");
        assert_eq!(told["outcome"] == "enters_if", reason.is_null());
    }
    assert_eq!(w.op.asked("/keys"), asked);
    let set = |name: &'static str, value: Value| -> Change { Box::new(move |c| c[name] = value) };
    for (change, reason) in [
        (set("iss", json!("https://evil.example")), json!("issuer_mismatch")),
        (set("aud", json!("another")), json!("audience_mismatch")),
        (set("azp", json!("another")), json!("audience_mismatch")),
        (set("nbf", json!(now() + 3600)), json!("clock_skew")),
        (set("sub", json!("nobody")), json!("identity_unknown_jit_off")),
        (set("sub", json!(1)), json!("claim_missing")),
        (set("amr", json!(["pwd"])), json!("mfa_not_proved")),
        (set("nonce", Value::String(String::new())), json!("nonce_mismatch")),
    ] {
        let told = w.would(token(&w, Seal::Good, change)).await;
        assert_eq!(told["reason"], reason, "{told}");
    }
    // One of yesterday is judged as of then.
    let old = token(&w, Seal::Good, |c| (c["iat"], c["exp"]) = (json!(now() - 86_400), json!(now() - 86_100)));
    let told = w.would(old).await;
    assert_eq!(told["outcome"], "enters_if", "{told}");
    assert!(told["notes"][0].as_str().unwrap().contains("over by now"), "{told}");
    for bad in [
        json!({ "token": "nonsense" }),
        json!({ "token": "a.b.c" }),
        json!({}),
        json!({ "token": good["token"], "signin": "K7QF-2M9X-B3TD" }),
        json!({ "tokens": "x" }),
    ] {
        w.try_would(bad).await.expect(400);
    }
    w.try_would(json!({ "signin": "K7QF-2M9X-B3TD" })).await.expect(404);
    let (audit, signins) = (trail("audit").await, trail("signins").await);
    assert_eq!((audit.0, signins.0), (before.0 + 1 + 1, before.1 + 1), "the sign-in and its link, and nothing else");
    let payload = good["token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    assert!(!audit.1.contains(&payload) && !signins.1.contains(&payload));
    // Switched off is switched off.
    w.ours.person(w.tenant, "ada", TENANT_ADMIN).await;
    let path = format!("/api/v1/tenants/{}/users/{}", w.tenant, w.person);
    w.ours.as_owner(Method::PATCH, &path, Some(json!({ "enabled": false }))).await.expect(200);
    assert_eq!(w.would(good).await["reason"], "user_disabled");
});

story!(async fn it_tells_nothing_of_another_directorys_or_tenants_sign_ins(t) {
    let w = world(&t, "okta", json!({})).await;
    let browser = w.ours.browser();
    w.sign_in(&browser, Seal::Good, |_| {}).await;
    let ask = json!({ "signin": w.newest().await["reference"] });
    w.try_would(ask.clone()).await.expect(200);
    let other = w.ours.tenant("fabrikam").await;
    for tenant in [w.tenant, other] {
        let path = format!("/api/v1/tenants/{tenant}/directories");
        let new = json!({ "name": "Other", "preset": "okta",
                          "signin": { "issuer": w.op.issuer, "client_id": "muster" } });
        let made = w.ours.post(&path, new).await.expect(201).json();
        let path = format!("{path}/{}/simulate", made["id"].as_str().unwrap());
        w.ours.post(&path, ask.clone()).await.expect(404);
    }
    let path = format!("/api/v1/tenants/{other}/directories/{}/simulate", w.directory);
    w.ours.post(&path, ask.clone()).await.expect(404);
    // A sign-in that came to nothing before anything was said has nothing to judge.
    let refused = w.sign_in(&browser, Seal::Forged, |_| {}).await;
    let reference = refused.header("location").replace("/refused/", "");
    w.try_would(json!({ "signin": reference })).await.expect(400);
});

story!(async fn the_v1_mode_of_entra_is_judged_by_its_own_claims(t) {
    let s = crate::support::TestServer::start(&t).await;
    let sh = declared::root(&s).await;
    let acme = s.tenant("acme").await;
    let issuer = format!("https://sts.windows.net/{TID}/");
    let made = sh.run(&[
        "directory", "create", "acme", "Entra", "--preset", "entra-v1", "--issuer", &issuer, "--client-id", "muster",
    ]).await;
    let directory = made["id"].as_str().unwrap().parse().unwrap();
    // Set up by a program it is a draft, which lets nobody in.
    let path = format!("/api/v1/tenants/acme/directories/{}", made["id"].as_str().unwrap());
    s.as_owner(Method::PATCH, &path, Some(json!({ "stage": "active" }))).await.expect(200);
    let ada = crate::federation::stub::provisioned(&s, acme, directory, "690222be").await;
    sh.run(&["grant", "add", "acme", "una@contoso.example", "Tenant Administrator"]).await;
    let op = Op::start(TID).await;
    let of = |amr: Value| {
        let claims = json!({
            "iss": issuer, "aud": "muster", "nonce": "n", "sub": "pairwise", "ver": "1.0", "tid": TID,
            "oid": "690222be", "acr": "1", "amr": amr, "iat": now(), "exp": now() + 300,
        });
        op.token(&claims, Seal::Good)
    };
    let file = sh.file("id-token.txt");
    for (amr, outcome, rule) in [
        (json!(["pwd", "mfa"]), "enters_if", "entra_v1:amr"),
        (json!(["ngcmfa"]), "enters_if", "entra_v1:amr"),
        (json!(["pwd", "rsa"]), "asked_once_more", "entra_v1:none"),
        (json!("pwd mfa"), "asked_once_more", "entra_v1:none"),
    ] {
        std::fs::write(&file, of(amr)).unwrap();
        let told = sh.run(&["directory", "simulate", "acme", "Entra", "--id-token-file", file.to_str().unwrap()]).await;
        assert_eq!((&told["outcome"], &told["rule"]), (&json!(outcome), &json!(rule)), "{told}");
        assert_eq!((&told["subject"], &told["user"]["id"]), (&json!("690222be"), &json!(ada)));
    }
    let said = sh.refused(&["directory", "simulate", "acme", "Entra", "--signin", "K7QF-2M9X-B3TD"]).await;
    assert!(said.contains("not found"), "{said}");
    // Who may not see the sign-ins may not judge them.
    let bob = s.person(acme, "bob", TENANT_ADMIN).await;
    let weak = s.session(acme, bob, "single").await;
    let c = s.browser();
    let path = format!("/api/v1/tenants/acme/directories/{}/simulate", made["id"].as_str().unwrap());
    let r = c.request(Method::POST, &path).header("cookie", format!("muster_session={}", weak.cookie));
    let r = r.header("origin", s.url.clone()).header("sec-fetch-site", "same-origin");
    c.send(r.json(&json!({ "token": of(json!(["mfa"])) }))).await.expect(403);
});
