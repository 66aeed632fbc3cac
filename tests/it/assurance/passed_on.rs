//! What applications are told of a proof, and what a refusal for want of one leaves behind.

use crate::{
    federation::stub::{provisioned_as, signed_in, world},
    story,
    support::{
        TestServer,
        op::Seal,
        person::{CALLBACK, READ_ONLY, TestApp, claims, field, fields},
        server::Client,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

/// Where an application's request ends, through our own pages.
async fn asks(browser: &Client, app: &TestApp) -> String {
    let r = browser
        .request(Method::GET, "/oauth/authorize")
        .query(&fields(app, &[("scope", "openid")]));
    browser.send(r).await.expect(303).header("location").to_owned()
}

story! {
    async fn applications_are_told_of_no_proof_that_was_not_believed(t) {
        let w = world(&t, "generic", json!({})).await;
        w.grant("Read-Only").await;
        let app = w.ours.app(w.tenant, |_| {}).await;
        let said = json!(["pwd", "mfa", "phr", "hwk", "x".repeat(100)]);
        let told = async || {
            let browser = w.ours.browser();
            w.sign_in(&browser, Seal::Good, |c| c["amr"] = said.clone()).await;
            assert!(signed_in(&browser).await);
            let code = field(&asks(&browser, &app).await, "code").unwrap();
            let tokens = w.ours.redeem(&app, &code).await.expect(200).json();
            let of = |name: &str| {
                let c = claims(tokens[name].as_str().unwrap());
                (c["acr"].clone(), c["amr"].clone())
            };
            assert_eq!(of("access_token"), of("id_token"));
            of("id_token")
        };
        assert_eq!(told().await, (json!("urn:muster:loa:1"), json!(["pwd"])), "no rule takes the provider's word");
        w.rules(json!({ "amr": ["mfa"] })).await;
        assert_eq!(told().await, (json!("urn:muster:loa:2"), json!(["pwd", "mfa", "hwk"])));
    }
}

story! {
    async fn a_refresh_that_is_refused_for_a_proof_is_no_theft(t) {
        let s = TestServer::start(&t).await;
        let (acme, us) = (s.tenant("acme").await, s.provider().await);
        let bob = s.person(acme, "bob", READ_ONLY).await;
        let bob = s.session(acme, bob, "single").await;
        let portal = s.app(us, |a| a.platform = true).await;
        let code = s.code(&portal, &bob, &[]).await;
        let first = s.redeem(&portal, &code).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        let second = s.refresh(&portal, &first).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        let path = "/api/v1/tenants/acme/policy";
        s.put(path, json!({ "apps": { portal.client_id.clone(): { "class": "mfa" } } })).await.expect(200);
        for _ in 0..2 {
            let refused = s.refresh(&portal, &second).await.expect(400).json();
            assert_eq!(refused["error"], "access_denied", "{refused}");
        }
        s.put(path, json!({})).await.expect(200);
        let third = s.refresh(&portal, &second).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        // What was used is used: the same token twice ends the family.
        assert_eq!(s.refresh(&portal, &first).await.expect(400).json()["error"], "invalid_grant");
        assert_eq!(s.refresh(&portal, &third).await.expect(400).json()["error"], "invalid_grant");
        let trail = s.get("/api/v1/tenants/acme/audit").await.expect(200).json();
        let reuse = |e: &&Value| e["action"] == "refresh_token.reuse";
        assert_eq!(trail["items"].as_array().unwrap().iter().filter(reuse).count(), 1);
    }
}

story! {
    async fn nobody_else_proves_what_somebodys_session_lacks(t) {
        let w = world(&t, "okta", json!({})).await;
        w.grant("Read-Only").await;
        provisioned_as(&w.ours, (w.tenant, w.directory), "u2", "ulf@contoso.example").await;
        let app = w.ours.app(w.tenant, |_| {}).await;
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |c| c["amr"] = json!(["pwd"])).await;
        assert!(signed_in(&browser).await);
        w.policy(json!({ "apps": { app.client_id.clone(): { "class": "mfa" } } })).await;
        let to = asks(&browser, &app).await;
        assert!(to.starts_with("/federation/step-up?flow="), "{to}");
        let asked = w.asked(&browser, &to).await;
        let other = |c: &mut Value| (c["sub"], c["amr"]) = (json!("u2"), json!(["pwd", "mfa", "otp"]));
        let mut at = w.answer(&browser, &asked, other).await.expect(303).header("location").to_owned();
        for _ in 0..3 {
            if at.starts_with(CALLBACK) || at.starts_with("/refused/") {
                break;
            }
            let next = browser.get(&at).await;
            if next.status.as_u16() != 303 {
                break;
            }
            next.header("location").clone_into(&mut at);
        }
        assert_eq!(field(&at, "code"), None, "{at}");
    }
}
