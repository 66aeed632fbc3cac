//! Client authentication and headers.

use crate::{
    story,
    support::{TestServer, person::READ_ONLY},
};
use reqwest::Method;

story!(
    /// A lax `Authorization` header (Keycloak GHSA-gv94-wp4h-vv8p).
    async fn the_authorization_header_is_read_strictly(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let token = tokens["access_token"].as_str().unwrap();
        let c = s.browser();
        for bad in [
            format!("Bearer  {token}"),
            format!("Bearer {token} x"),
            format!("Bearer {token}, Basic x"),
            format!("Bearer\t{token}"),
            format!("Token {token}"),
            token.to_owned(),
            "Bearer ".to_owned(),
        ] {
            let r = c.request(Method::GET, "/oauth/userinfo").header("authorization", &bad);
            let a = c.send(r).await;
            assert!(a.status == 400 || a.status == 401, "{bad}: {}", a.status);
        }
        let two = c
            .request(Method::GET, "/oauth/userinfo")
            .header("authorization", format!("Bearer {token}"))
            .header("authorization", format!("Bearer {token}"));
        c.send(two).await.expect(400);
        let good = c.request(Method::GET, "/oauth/userinfo").header("authorization", format!("bearer {token}"));
        c.send(good).await.expect(200);
    }
);

story!(
    /// Guessing is slowed down, by client and address, and the right secret is not locked out for others.
    async fn wrong_secrets_are_counted(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let mut app = s.app(tenant, |_| {}).await;
        let right = std::mem::replace(&mut app.secret, "mst_sec_wrong".into());
        let mut last = 0;
        for _ in 0..15 {
            let a = s.token(&app, &[("grant_type", "client_credentials")]).await;
            assert_eq!(a.json()["error"], "invalid_client");
            last = a.status.as_u16();
        }
        assert_eq!(last, 429);
        app.secret = right;
        let a = s.token(&app, &[("grant_type", "client_credentials")]).await.expect(400);
        assert_eq!(a.json()["error"], "unauthorized_client", "authenticated, and may not use this grant");
    }
);

story!(
    /// Absolute URLs come from the settings, never from `Host` or `X-Forwarded-Host` (Zitadel CVE-2023-49097).
    async fn no_header_changes_our_own_address(t) {
        let s = TestServer::start(&t).await;
        let c = s.browser();
        let plain = c.get("/.well-known/openid-configuration").await.expect(200).text;
        for (name, value) in [
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-original-host", "evil.example"),
            ("host", "evil.example"),
        ] {
            let r = c.request(Method::GET, "/.well-known/openid-configuration").header(name, value);
            let a = c.send(r).await;
            if a.status == 200 {
                assert_eq!(a.text, plain, "{name}");
            }
            assert!(!a.text.contains("evil.example"), "{name}");
        }
    }
);
