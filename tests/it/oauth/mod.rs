//! The issuer, over HTTP.

mod backchannel;
mod chosen;
mod consent;
mod ends;
mod evaluate;
mod family;
mod integration;
pub mod logout;
mod params;
mod platform;
mod private_key;
mod prompts;
mod withdrawn;

use crate::{
    story,
    support::{
        TestServer,
        person::{READ_ONLY, TENANT_ADMIN, claims, field},
    },
};
use serde_json::json;

story!(
    async fn a_sign_in_becomes_tokens_whose_scopes_follow_from_the_roles(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let a = s.authorize(&app, &who, &[]).await.expect(303);
        let to = a.header("location").to_owned();
        assert!(to.starts_with("https://app.example/callback?x=1&"), "{to}");
        assert_eq!(field(&to, "state").as_deref(), Some("s-1"));
        assert_eq!(field(&to, "iss").as_deref(), Some(s.url.as_str()));
        let answer = s.redeem(&app, &field(&to, "code").unwrap()).await.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let tokens = answer.json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 300);
        assert_eq!(tokens["scope"], "openid profile email offline_access computers.view");
        let access = tokens["access_token"].as_str().unwrap();
        let id = claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(id["iss"], s.url);
        assert_eq!(id["aud"], app.client_id);
        assert_eq!(id["nonce"], "n-1");
        assert_eq!(id["sub"], user.to_string());
        assert_eq!(id["amr"], json!(["pwd"]));
        assert_eq!(id["roles"], json!(["Read-Only"]));
        assert_eq!(id["email"], "ada@contoso.example");
        let at = claims(access);
        assert_eq!(at["tid"], tenant.to_string());
        assert_eq!(at["client_id"], app.client_id);
        assert_eq!(at["scope"], tokens["scope"]);
        assert!(at.get("roles").is_none(), "role names are not in access tokens");
        let me = s.browser().bearer(access).get("/oauth/userinfo").await.expect(200).json();
        assert_eq!(me["preferred_username"], "ada");
        assert_eq!(me["sub"], id["sub"]);
        assert!(s.active(&app, access).await);
        let next = s.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(200).json();
        assert_eq!(next["scope"], tokens["scope"]);
        assert_ne!(next["refresh_token"], tokens["refresh_token"]);
    }
);

story!(
    async fn a_role_that_can_harm_wants_a_second_factor(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", TENANT_ADMIN).await;
        let app = s.app(tenant, |_| {}).await;
        let weak = s.session(tenant, user, "single").await;
        let a = s.authorize(&app, &weak, &[]).await.expect(303);
        let to = a.header("location");
        assert!(to.starts_with("/refused/"), "{to}");
        let reference = to.trim_start_matches("/refused/").to_owned();
        let kept = muster::signins::by_reference(&s.app.store, &reference).await.unwrap().unwrap();
        assert_eq!(kept.reason.as_deref(), Some("mfa_not_proved"));
        let silent = s.authorize(&app, &weak, &[("prompt", "none")]).await.expect(303);
        assert_eq!(field(silent.header("location"), "error").as_deref(), Some("login_required"));
        let strong = s.session(tenant, user, "mfa").await;
        let code = s.code(&app, &strong, &[]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        assert_eq!(claims(tokens["access_token"].as_str().unwrap())["amr"], json!(["pwd", "otp", "mfa"]));
    }
);

story!(
    /// RFC 6750 3.1: where no token came, nothing is said to be wrong with it.
    async fn who_brings_no_token_is_told_of_none(t) {
        let s = TestServer::start(&t).await;
        let a = s.browser().get("/oauth/userinfo").await.expect(401);
        assert_eq!(a.header("www-authenticate"), "Bearer realm=\"muster\"");
        let a = s.browser().bearer("x.y.z").get("/oauth/userinfo").await.expect(401);
        assert!(a.header("www-authenticate").contains("error=\"invalid_token\""));
    }
);

story!(
    async fn discovery_says_what_is_done(t) {
        let s = TestServer::start(&t).await;
        let d = s.browser().get("/.well-known/openid-configuration").await.expect(200).json();
        assert_eq!(d["issuer"], s.url);
        assert_eq!(d["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(d["response_types_supported"], json!(["code"]));
        for e in ["authorization", "token", "userinfo", "introspection", "revocation"] {
            let url = d[format!("{e}_endpoint")].as_str().unwrap();
            assert!(url.starts_with(&s.url), "{url}");
        }
        let keys = s.browser().get("/oauth/jwks").await.expect(200).json();
        let keys = keys["keys"].as_array().unwrap().clone();
        assert!(keys.iter().any(|k| k["alg"] == "ES256"));
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(keys.iter().all(|k| k.get(private).is_none()), "a private member {private}");
        }
    }
);

story!(
    async fn keys_rotate_and_old_tokens_still_verify(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let old = s.redeem(&app, &code).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
        let cx = s.app.system();
        s.app.keys.complete(&cx).await.unwrap();
        s.app.keys.rotate(&s.global().await, true).await.unwrap();
        let code = s.code(&app, &who, &[]).await;
        let new = s.redeem(&app, &code).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
        let kid = |t: &str| muster::crypto::jwt::header(t).unwrap().kid.unwrap();
        assert_ne!(kid(&old), kid(&new));
        assert!(s.active(&app, &old).await);
        assert!(s.active(&app, &new).await);
        s.app.keys.advance(&cx, std::time::Duration::ZERO, std::time::Duration::ZERO).await.unwrap();
        assert!(!s.active(&app, &old).await, "the key is gone, and so is what it signed");
        assert!(s.active(&app, &new).await);
    }
);

story!(
    async fn requests_are_checked_line_by_line(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        for (name, value, error) in [
            ("response_type", "token", "unsupported_response_type"),
            ("response_type", "", "invalid_request"),
            ("response_mode", "fragment", "invalid_request"),
            ("code_challenge", "short", "invalid_request"),
            ("code_challenge", "", "invalid_request"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("request", "x.y.z", "request_not_supported"),
            ("request_uri", "https://x.example/", "request_uri_not_supported"),
            ("prompt", "create", "invalid_request"),
            ("prompt", "none login", "invalid_request"),
            ("prompt", "consent none", "invalid_request"),
            ("max_age", "soon", "invalid_request"),
            ("scope", "open\"id", "invalid_scope"),
        ] {
            let a = s.authorize(&app, &who, &[(name, value)]).await.expect(303);
            let to = a.header("location").to_owned();
            assert!(to.starts_with("https://app.example/"), "{name}: {to}");
            assert_eq!(field(&to, "error").as_deref(), Some(error), "{name}={value}");
            assert_eq!(field(&to, "state").as_deref(), Some("s-1"));
            assert_eq!(field(&to, "iss").as_deref(), Some(s.url.as_str()));
        }
        // Nobody is signed in: with prompt=none an error, otherwise the way to the sign-in page.
        let mut nobody = who.clone();
        nobody.cookie = "mst_ses_nonsense".into();
        let a = s.authorize(&app, &nobody, &[("prompt", "none")]).await.expect(303);
        assert_eq!(field(a.header("location"), "error").as_deref(), Some("login_required"));
        let a = s.authorize(&app, &nobody, &[]).await.expect(303);
        assert!(a.header("location").starts_with("/signin/"));
        let again = s.authorize(&app, &who, &[("prompt", "login")]).await.expect(303);
        assert!(again.header("location").starts_with("/signin/"), "a session is not enough for prompt=login");
        let fresh = s.authorize(&app, &who, &[("max_age", "10000")]).await.expect(303);
        assert!(field(fresh.header("location"), "code").is_some());
    }
);
