//! Codes, redirect URIs, PKCE.

use crate::{
    story,
    support::{
        TestServer,
        person::{CALLBACK, READ_ONLY, VERIFIER},
    },
};

story!(
    /// A code redeemed by another client (Zitadel GHSA-xqxv-4jc2-x56x).
    async fn a_code_is_its_clients_alone(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let (app, other) = (s.app(tenant, |_| {}).await, s.app(tenant, |_| {}).await);
        let code = s.code(&app, &who, &[]).await;
        assert_eq!(s.redeem(&other, &code).await.expect(400).json()["error"], "invalid_grant");
        s.redeem(&app, &code).await.expect(200);
    }
);

story!(
    /// Used twice, a code ends what it gave (RFC 6749 4.1.2; every one-time artefact, Zitadel CVE-2025-46815).
    async fn a_code_used_twice_ends_what_it_gave(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        assert_eq!(s.redeem(&app, &code).await.expect(400).json()["error"], "invalid_grant");
        assert!(!s.active(&app, tokens["access_token"].as_str().unwrap()).await);
        assert!(!s.active(&app, tokens["refresh_token"].as_str().unwrap()).await);
        let code = s.code(&app, &who, &[]).await;
        let all = futures::future::join_all((0..20).map(|_| s.redeem(&app, &code))).await;
        assert_eq!(all.iter().filter(|a| a.status == 200).count(), 1, "of twenty at once, one");
    }
);

story!(
    /// No verifier, no exchange (authentik CVE-2023-48228); no downgrade to plain.
    async fn pkce_is_not_skipped(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let wrong = VERIFIER.replace('d', "e");
        let challenge = crate::support::person::challenge(VERIFIER);
        for verifier in ["", wrong.as_str(), challenge.as_str(), &VERIFIER[..42]] {
            let code = s.code(&app, &who, &[]).await;
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", CALLBACK),
                ("code_verifier", verifier),
            ];
            let a = s.token(&app, &fields).await.expect(400);
            assert!(a.json().get("access_token").is_none(), "verifier '{verifier}'");
        }
    }
);

story!(
    /// Patterns instead of strings (authentik CVE-2024-52289), checked at one place only (Cloudflare
    /// workers-oauth-provider), patterns and repeated parameters (Keycloak CVE-2026-9689).
    async fn a_redirect_uri_is_compared_to_the_letter(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        for bad in [
            "https://appxexample/callback?x=1",
            "https://app.example/callback",
            "https://app.example/callback?x=1&y=2",
            "https://app.example/callback?x=1#f",
            "https://app.example/Callback?x=1",
            "https://APP.example/callback?x=1",
            "https://app.example:443/callback?x=1",
            "https://app.example./callback?x=1",
            "https://app.example/callback/?x=1",
            "https://app.example/%63allback?x=1",
            "https://app.example/a/../callback?x=1",
            "https://app.example%2fcallback?x=1",
            "https://app.example@evil.example/callback?x=1",
            "https://evil.example/https://app.example/callback?x=1",
            "http://app.example/callback?x=1",
            "//app.example/callback?x=1",
            "javascript:alert(1)",
            "https://app.example/callback?x=1 ",
        ] {
            let a = s.authorize(&app, &who, &[("redirect_uri", bad)]).await;
            assert_eq!(a.status, 400, "{bad}");
            assert_eq!(a.header("location"), "", "{bad}: nothing is sent anywhere");
        }
        let code = s.code(&app, &who, &[]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", "https://app.example/callback"),
            ("code_verifier", VERIFIER),
        ];
        assert_eq!(s.token(&app, &fields).await.expect(400).json()["error"], "invalid_grant");
    }
);

story!(
    /// A repeated parameter is refused, whichever it is (Keycloak CVE-2026-9689).
    async fn no_parameter_stands_twice(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        for name in ["client_id", "redirect_uri", "state", "scope", "whatever"] {
            let a = s.browser().get(&format!("/oauth/authorize?{name}=a&{name}=a")).await;
            assert_eq!(a.status, 400, "{name}");
            assert_eq!(a.header("location"), "");
        }
        let code = s.code(&app, &who, &[]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let a = s.token(&app, &fields).await.expect(400).json();
        assert_eq!(a["error"], "invalid_request");
        assert!(a["error_description"].as_str().unwrap().contains("'code'"));
    }
);
