//! A proof that is too weak: the directory is asked for a stronger one, once.

use super::{World, signed_in, world};
use crate::{
    story,
    support::{person::TestApp, server::Client},
};
use reqwest::Method;
use serde_json::json;

/// The first answer, and where it sends the browser.
async fn first(w: &World, browser: &Client) -> String {
    let leave = w.leave(browser).await;
    let back = w.prove(browser, &leave, &w.ben).await;
    browser.get(&back).await.expect(303).header("location").to_owned()
}

/// To the company, as the step-up asks.
async fn again(browser: &Client, step_up: &str) -> String {
    let leave = browser.get(step_up).await.expect(303).header("location").to_owned();
    assert!(leave.contains("prompt=login"), "{leave}");
    leave
}

/// Gives ben a second factor at the company.
async fn enrolled(w: &World) -> (String, Option<String>) {
    let company = w.theirs.get("/api/v1/tenants/contoso").await.expect(200).json();
    let path = format!(
        "/api/v1/tenants/{}/users/{}/one-time-code",
        company["id"].as_str().unwrap(),
        w.ben.0
    );
    let made = w.theirs.post(&path, json!({})).await.expect(201).json();
    (w.ben.0.clone(), made["otpauth"].as_str().map(str::to_owned))
}

story!(async fn who_can_prove_more_when_asked_comes_in(t) {
    let w = world(&t).await;
    w.provision(&w.ben.0, "ben", Some("Tenant Administrator")).await;
    let browser = w.ours.browser();
    let asked = first(&w, &browser).await;
    assert!(asked.starts_with("/federation/step-up?flow="), "{asked}");
    assert!(!signed_in(&browser).await, "nothing is given on the weak proof");
    let leave = again(&browser, &asked).await;
    let back = w.prove(&browser, &leave, &enrolled(&w).await).await;
    let done = browser.get(&back).await.expect(303);
    assert!(done.header("location").starts_with("/signin/"), "{:?}", done.headers);
    assert!(signed_in(&browser).await);
});

story!(async fn it_is_asked_once_and_then_refused_with_a_reason(t) {
    let w = world(&t).await;
    w.provision(&w.ben.0, "ben", Some("Tenant Administrator")).await;
    let browser = w.ours.browser();
    let asked = first(&w, &browser).await;
    let leave = again(&browser, &asked).await;
    // Opening it once more asks nobody.
    let flow = browser.get(&asked).await.expect(303);
    assert!(flow.header("location").starts_with("/signin/"), "{:?}", flow.headers);
    let back = w.prove(&browser, &leave, &w.ben).await;
    let refused = browser.get(&back).await.expect(303);
    assert_eq!(w.reason(&refused).await, "mfa_not_proved");
    let path = refused.header("location").replace("/refused/", "");
    let record = w.ours.get(&format!("/api/v1/tenants/{}/signins/{path}", w.tenant)).await;
    let record = record.expect(200).json();
    assert_eq!(record["detail"]["seen"]["stepped_up"], true, "{record}");
    assert!(!signed_in(&browser).await);
    // In another browser the address leads nowhere.
    w.ours.browser().get(&asked).await.expect(400);
});

story!(async fn a_directory_that_cannot_prove_more_is_not_asked(t) {
    let w = world(&t).await;
    w.provision(&w.ben.0, "ben", Some("Tenant Administrator")).await;
    let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
    let known = w.ours.get(&path).await.expect(200).json()["signin"].take();
    let rules = json!({ "signin": {
        "issuer": known["issuer"], "client_id": known["client_id"], "rules": {},
    } });
    w.ours.as_owner(Method::PATCH, &path, Some(rules)).await.expect(200);
    let browser = w.ours.browser();
    let refused = first(&w, &browser).await;
    assert!(refused.starts_with("/refused/"), "{refused}");
});

story!(async fn an_application_that_demands_more_than_the_session_steps_it_up(t) {
    let w = world(&t).await;
    let ben = w.provision(&w.ben.0, "ben", Some("Read-Only")).await;
    let app: TestApp = w.ours.app(w.tenant, |n| n.settings.trusted = true).await;
    let browser = w.ours.browser();
    let leave = w.leave(&browser).await;
    let back = w.prove(&browser, &leave, &w.ben).await;
    browser.get(&back).await.expect(303);
    assert!(signed_in(&browser).await, "one factor is enough for reading");
    // Rights that demand two come after the sign-in.
    let grant = json!({ "user": ben, "role": "Tenant Administrator" });
    w.ours.post(&format!("/api/v1/tenants/{}/grants", w.tenant), grant).await.expect(201);
    let challenge = crate::support::person::challenge(crate::support::person::VERIFIER);
    let query = [
        ("response_type", "code"),
        ("client_id", app.client_id.as_str()),
        ("redirect_uri", crate::support::person::CALLBACK),
        ("scope", "openid users.edit"),
        ("state", "s-1"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let ask = browser.request(Method::GET, "/oauth/authorize").query(&query);
    let asked = browser.send(ask).await.expect(303).header("location").to_owned();
    assert!(asked.starts_with("/federation/step-up?flow="), "{asked}");
    let leave = again(&browser, &asked).await;
    let back = w.prove(&browser, &leave, &enrolled(&w).await).await;
    let mut at = browser.get(&back).await.expect(303).header("location").to_owned();
    for _ in 0..3 {
        if at.starts_with("https://app.example/") {
            break;
        }
        let next = browser.get(&at).await.expect(303);
        next.header("location").clone_into(&mut at);
    }
    assert!(at.contains("code="), "{at}");
    // Silently, an application gets an error it can act on, and nobody is sent anywhere.
    let weak = w.ours.browser();
    let silent = weak.request(Method::GET, "/oauth/authorize").query(&query).query(&[("prompt", "none")]);
    let silent = weak.send(silent).await.expect(303).header("location").to_owned();
    assert!(silent.contains("error=login_required"), "{silent}");
});
