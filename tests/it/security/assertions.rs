//! Client assertions (RFC 7523).

use crate::{
    story,
    support::{
        TestServer,
        keys::{ClientKey, JWT_BEARER, assertion_claims},
        op::now,
        person::TestApp,
    },
};
use muster::{
    apps::{KeySet, NewApp},
    crypto::{b64, jwt::Alg},
};
use serde_json::{Value, json};

/// An authenticated application may not use this grant: `unauthorized_client` says that the assertion was taken.
const GRANT: [(&str, &str); 1] = [("grant_type", "client_credentials")];

async fn application(s: &TestServer, keys: &Value) -> TestApp {
    let tenant = s.tenant("contoso").await;
    let set = KeySet::try_from(keys.clone()).unwrap();
    s.app(tenant, |new: &mut NewApp| new.settings.jwks = Some(set)).await
}

async fn error(s: &TestServer, assertion: &str, fields: &[(&str, &str)]) -> String {
    let a = s.form_by_key("/oauth/token", assertion, fields).await;
    let error = a.json()["error"].as_str().unwrap().to_owned();
    // Wrong ones are counted: after ten the answer is to wait.
    let refused = a.status == 401 || a.status == 429;
    assert_eq!(refused, error == "invalid_client", "{}", a.text);
    error
}

story!(
    /// Used twice, also at another endpoint (Hydra GHSA-3p3g-vpw6-4w66), and twenty times at once.
    async fn an_assertion_is_used_once(t) {
        let s = TestServer::start(&t).await;
        let key = ClientKey::new("k", Alg::ES256);
        let app = application(&s, &key.set()).await;
        let a = key.assertion(&app.client_id, &s.url, json!({}));
        assert_eq!(error(&s, &a, &GRANT).await, "unauthorized_client");
        assert_eq!(error(&s, &a, &GRANT).await, "invalid_client");
        s.form_by_key("/oauth/introspect", &a, &[("token", "x")]).await.expect(401);
        s.form_by_key("/oauth/revoke", &a, &[("token", "x")]).await.expect(401);
        let a = key.assertion(&app.client_id, &s.url, json!({}));
        let all = futures::future::join_all((0..20).map(|_| error(&s, &a, &GRANT))).await;
        assert_eq!(all.iter().filter(|e| *e == "unauthorized_client").count(), 1, "{all:?}");
        // What is remembered is the id and not the text: another signature does not make it new.
        let claims = assertion_claims(&app.client_id, &s.url, &json!({"jti": "one"}));
        assert_eq!(error(&s, &key.sign(&key.header(), &claims), &GRANT).await, "unauthorized_client");
        assert_eq!(error(&s, &key.sign(&key.header(), &claims), &GRANT).await, "invalid_client");
        // Kept as long as it could be used, and no longer.
        let cx = s.app.system();
        muster::apps::assertions::sweep(&s.app.store, &cx).await.unwrap();
        assert_eq!(error(&s, &a, &GRANT).await, "invalid_client", "the sweeper leaves what still counts");
    }
);

story!(
    /// Each claim that is missing, of another type, or of another's (Zitadel GHSA-wxg7-w2v3-w38g, CVE-2026-25537,
    /// CVE-2025-27370).
    async fn each_claim_is_demanded(t) {
        let s = TestServer::start(&t).await;
        let key = ClientKey::new("k", Alg::ES256);
        let app = application(&s, &key.set()).await;
        let other = s.app(s.tenant("fabrikam").await, |_| {}).await;
        let endpoint = format!("{}/oauth/token", s.url);
        for good in [
            json!({"aud": [s.url]}),
            json!({"nbf": now() + 8, "iat": now() + 8}),
            json!({"exp": now() - 5}),
            json!({"exp": now() + 300}),
            json!({"iat": null}),
        ] {
            let a = key.assertion(&app.client_id, &s.url, good.clone());
            assert_eq!(error(&s, &a, &GRANT).await, "unauthorized_client", "{good}");
        }
        for bad in [
            json!({"iss": null}), json!({"iss": other.client_id}), json!({"iss": [app.client_id]}), json!({"iss": s.url}),
            json!({"sub": null}), json!({"sub": other.client_id}), json!({"sub": 7}),
            json!({"aud": null}), json!({"aud": []}), json!({"aud": "https://other.example"}),
            json!({"aud": format!("{}/", s.url)}), json!({"aud": [s.url, "https://other.example"]}),
            json!({"aud": [[s.url]]}), json!({"aud": {"0": s.url}}),
            json!({"aud": endpoint}), json!({"aud": [s.url, endpoint]}), json!({"aud": format!("{}/oauth/introspect", s.url)}),
            json!({"exp": null}), json!({"exp": now() - 300}), json!({"exp": now() + 3600}),
            json!({"exp": (now() + 60).to_string()}), json!({"exp": [now() + 60]}), json!({"exp": i64::MAX}),
            json!({"exp": -1}), json!({"exp": true}),
            json!({"nbf": now() + 90}), json!({"nbf": "0"}), json!({"iat": now() + 90}), json!({"iat": {}}),
            json!({"jti": null}), json!({"jti": ""}), json!({"jti": 5}), json!({"jti": "x".repeat(300)}),
        ] {
            // A new server's worth of patience for each: wrong ones are counted.
            let a = key.assertion(&app.client_id, &s.url, bad.clone());
            let got = s.app.apps.authenticate_by_key(&s.app.net, &s.app.system(), &muster::apps::assertions::Assertion {
                token: &a, client_id: None, audience: &s.url, from: None,
            }).await;
            assert!(got.is_err(), "{bad}");
        }
    }
);

story!(
    /// The algorithm is the key's, never the token's (Keycloak CVE-2026-11800); the key is one of the client's own.
    async fn the_key_says_the_algorithm(t) {
        let s = TestServer::start(&t).await;
        let (key, rsa) = (ClientKey::new("k", Alg::ES256), ClientKey::new("r", Alg::RS256));
        let app = application(&s, &json!({"keys": [key.jwk(), rsa.jwk()]})).await;
        let claims = || assertion_claims(&app.client_id, &s.url, &json!({}));
        let stranger = ClientKey::new("k", Alg::ES256);
        let nameless = ClientKey::new("x", Alg::ES256);
        let hmac = |kid: &str, secret: &[u8]| {
            let mut h = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
            h.kid = Some(kid.to_owned());
            jsonwebtoken::encode(&h, &claims(), &jsonwebtoken::EncodingKey::from_secret(secret)).unwrap()
        };
        let unsigned = |alg: &str| {
            format!("{}.{}.", b64(json!({"alg": alg, "kid": "k"}).to_string()), b64(claims().to_string()))
        };
        let n = muster::crypto::unb64(rsa.jwk()["n"].as_str().unwrap()).unwrap();
        let with = |h: Value| key.sign(&h, &claims());
        let bad = [
            stranger.sign(&stranger.header(), &claims()),
            nameless.sign(&nameless.header(), &claims()),
            hmac("k", key.jwk().to_string().as_bytes()),
            hmac("r", &n),
            hmac("r", rsa.jwk().to_string().as_bytes()),
            unsigned("none"), unsigned("None"), unsigned("ES256"),
            with(json!({"alg": "es256", "kid": "k"})),
            with(json!({"alg": "RS256", "kid": "k"})),
            with(json!({"alg": "ES256", "kid": "r"})),
            with(json!({"alg": "ES256", "kid": ["k"]})),
            with(json!({"alg": "ES256", "kid": "../../k"})),
            with(json!({"alg": "ES256", "kid": "k' OR '1'='1"})),
            with(json!({"alg": "ES256", "kid": "x", "jwk": key.jwk()})),
            with(json!({"alg": "ES256", "kid": "k", "crit": ["exp"], "exp": 1})),
            with(json!({"alg": "ES256", "kid": "k", "typ": "at+jwt"})),
            with(json!({"alg": "ES256", "kid": "k", "typ": "logout+jwt"})),
            // RS256's key with PSS, which its own `alg` does not name.
            rsa.sign(&json!({"alg": "PS256", "kid": "r"}), &claims()),
            "a.b.c".to_owned(), "..".to_owned(), "x".to_owned(),
        ];
        for token in &bad {
            let got = s.app.apps.authenticate_by_key(&s.app.net, &s.app.system(), &muster::apps::assertions::Assertion {
                token, client_id: None, audience: &s.url, from: None,
            }).await;
            assert!(got.is_err(), "{token}");
        }
        for good in [json!({"alg": "ES256", "kid": "k"}), json!({"alg": "ES256"}),
                     json!({"alg": "ES256", "kid": "k", "typ": "client-authentication+jwt"})] {
            assert_eq!(error(&s, &with(good.clone()), &GRANT).await, "unauthorized_client", "{good}");
        }
    }
);

story!(
    /// One way at a time; and whoever has keys is not let in with a secret it does not have, nor by its name.
    async fn a_client_with_keys_proves_itself_with_them(t) {
        let s = TestServer::start(&t).await;
        let key = ClientKey::new("k", Alg::ES256);
        let app = application(&s, &key.set()).await;
        let by = || key.assertion(&app.client_id, &s.url, json!({}));
        for fields in [
            vec![("client_id", app.client_id.as_str())],
            vec![("client_id", app.client_id.as_str()), ("client_secret", "mst_sec_x")],
        ] {
            let all = [&GRANT[..], &fields].concat();
            let a = s.browser().form("/oauth/token", &all).await.expect(401);
            assert_eq!(a.json()["error"], "invalid_client");
        }
        assert_eq!(error(&s, &by(), &[GRANT[0], ("client_secret", "x")]).await, "invalid_request");
        assert_eq!(error(&s, &by(), &[GRANT[0], ("client_id", "app_other")]).await, "invalid_client");
        let r = s.browser().request(reqwest::Method::POST, "/oauth/token").form(&[
            GRANT[0], ("client_assertion_type", JWT_BEARER), ("client_assertion", &by()),
        ]);
        let a = s.browser().send(r.basic_auth(&app.client_id, Some("x"))).await.expect(400);
        assert_eq!(a.json()["error"], "invalid_request", "two ways");
        for fields in [
            vec![("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")],
            vec![("client_assertion_type", JWT_BEARER), ("client_assertion", "")],
            vec![("client_assertion", "x.y.z")],
        ] {
            let all = [&GRANT[..], &fields].concat();
            let a = s.browser().form("/oauth/token", &all).await.expect(400);
            assert_eq!(a.json()["error"], "invalid_request", "{fields:?}");
        }
        // A client without keys is not let in by anybody's assertion, and one that is switched off by none.
        let plain = s.app(s.tenant("fabrikam").await, |_| {}).await;
        let a = key.assertion(&plain.client_id, &s.url, json!({}));
        assert_eq!(error(&s, &a, &GRANT).await, "invalid_client");
        let path = format!("/api/v1/tenants/contoso/apps/{}", app.id);
        s.as_owner(reqwest::Method::PATCH, &path, Some(json!({"enabled": false}))).await.expect(200);
        assert_eq!(error(&s, &by(), &GRANT).await, "invalid_client");
    }
);

story!(
    /// Keys are fetched from public addresses alone (Zitadel GHSA-29jh-8cfq-rr8x), and what is found there is not told.
    async fn a_key_address_inside_the_house_is_not_asked(t) {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let key = ClientKey::new("k", Alg::ES256);
        let app = s.app(tenant, |new| new.settings.jwks_uri = Some(format!("http://{address}/k"))).await;
        let a = key.assertion(&app.client_id, &s.url, json!({}));
        let got = s.form_by_key("/oauth/token", &a, &GRANT).await.expect(401);
        assert!(!got.text.contains(&address.port().to_string()), "{}", got.text);
        let asked = tokio::time::timeout(std::time::Duration::from_millis(200), tcp.accept()).await;
        assert!(asked.is_err(), "nobody came");
    }
);
