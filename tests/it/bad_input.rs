//! Whatever comes in is answered in its protocol's words, and nothing falls over.

use crate::{story, support::TestServer};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use reqwest::Method;

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "grant_type=client_credentials",
        "&",
        "=",
        "client_id=x",
        "code=mst_code_x",
        "scope=openid",
        "%00",
        "%ff",
        "%zz",
        "a=b",
        "a=b",
        "token=eyJ.eyJ.x",
        "refresh_token=mst_rt_x",
        "{",
        "}",
        "[",
        "\"",
        "\"userName\":\"x\"",
        ":",
        ",",
        "\\u0000",
        "null",
        "1e999",
        "grant_type=refresh_token",
        "grant_type=authorization_code",
        "redirect_uri=javascript:1",
        "\u{1F600}",
    ]);
    prop_oneof![
        prop::collection::vec(piece, 0..14).prop_map(|p| p.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..120),
        (1..3000_usize).prop_map(|n| "[".repeat(n).into_bytes()),
    ]
}

story!(
    async fn every_voice_answers_nonsense_in_its_own_words(t) {
        // The limits on guessing would answer instead of the parsers.
        let server = TestServer::with(&t, |c| {
            c.limits.signins_per_minute = 1_000_000;
            c.limits.tries_per_minute = 1_000_000;
        })
        .await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let browser = server.browser();
        let seeds = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), seeds);
        for _ in 0..120 {
            let body = bodies().new_tree(&mut runner).unwrap().current();
            let shown = String::from_utf8_lossy(&body).into_owned();
            let clients = ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/userinfo"];
            for path in clients.into_iter().chain(["/access/v1/evaluation", "/access/v1/evaluations"]) {
                let r = browser.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
                let a = browser.send(r.body(body.clone())).await;
                assert!(a.status.is_client_error(), "{path} {shown}: {}", a.status);
                assert!(a.json()["error"].is_string(), "{path} {shown}: {}", a.text);
                assert!(a.json()["error_description"].as_str().is_some_and(|d| !d.is_empty()), "{path} {shown}");
            }
            let query: String = url::form_urlencoded::byte_serialize(&body).collect();
            for q in [query.as_str(), &format!("client_id={query}&redirect_uri={query}")] {
                if q.len() < 6000 {
                    let a = browser.get(&format!("/oauth/authorize?{q}")).await;
                    assert!(a.status.is_client_error(), "authorize {shown}: {}", a.status);
                    assert_eq!(a.header("location"), "");
                }
            }
            for (method, path) in [(Method::POST, "/Users"), (Method::POST, "/Groups")] {
                let r = scim.request(method, path).header("content-type", "application/scim+json");
                let a = scim.send(r.body(body.clone())).await;
                assert!(a.status.is_client_error(), "{path} {shown}: {} {}", a.status, a.text);
                let e = a.json();
                assert_eq!(e["status"], a.status.as_u16().to_string(), "{path} {shown}");
                assert!(e["detail"].as_str().is_some_and(|d| !d.is_empty()), "{path} {shown}");
            }
            if query.len() < 6000 {
                let a = scim.get(&format!("/Users?filter={query}")).await;
                assert!(a.status == 200 || a.status == 400, "filter {shown}: {} {}", a.status, a.text);
            }
            let a = server
                .as_owner(Method::POST, "/api/v1/tenants", Some(serde_json::Value::from(shown.clone())))
                .await;
            assert!(a.status.is_client_error(), "api {shown}: {}", a.status);
            assert_eq!(a.header("content-type"), "application/problem+json");
        }
        scim.get("/Users").await.expect(200);
    }
);
