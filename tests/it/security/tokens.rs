//! Forged and foreign tokens.

use crate::{
    story,
    support::{TestServer, person::READ_ONLY},
};
use muster::crypto::{
    b64,
    jwt::{self, Alg, Signable, Signer},
    unb64,
};
use serde_json::{Value, json};

async fn token(s: &TestServer) -> (crate::support::person::TestApp, String, Value) {
    let tenant = s.tenant("contoso").await;
    let user = s.person(tenant, "ada", READ_ONLY).await;
    let who = s.session(tenant, user, "single").await;
    let app = s.app(tenant, |_| {}).await;
    let code = s.code(&app, &who, &[]).await;
    let t = s.redeem(&app, &code).await.expect(200).json();
    let access = t["access_token"].as_str().unwrap().to_owned();
    (app, access, t)
}

fn parts(token: &str) -> (Value, Value, String) {
    let p: Vec<&str> = token.split('.').collect();
    let json = |t: &str| serde_json::from_slice(&unb64(t).unwrap()).unwrap();
    (json(p[0]), json(p[1]), p[2].to_owned())
}

story!(
    /// The algorithm was taken from the token (Keycloak CVE-2026-11800).
    async fn the_algorithm_is_the_keys_and_never_the_tokens(t) {
        let s = TestServer::start(&t).await;
        let (app, access, _) = token(&s).await;
        let (head, claims, sig) = parts(&access);
        let kid = head["kid"].as_str().unwrap();
        let jwk = s.browser().get("/oauth/jwks").await.expect(200).json()["keys"][0].to_string();
        for alg in ["none", "None", "NONE", "nOnE", "HS256", "hs256", "es256", "RS256", "PS256", "ES384", ""] {
            let head = json!({"alg": alg, "kid": kid, "typ": "at+jwt"}).to_string();
            let signed = format!("{}.{}", b64(&head), b64(claims.to_string()));
            let key = aws_hmac(jwk.as_bytes(), signed.as_bytes());
            for sig in [String::new(), sig.clone(), key] {
                let forged = format!("{signed}.{sig}");
                assert!(!s.active(&app, &forged).await, "alg {alg}");
                s.browser().bearer(&forged).get("/oauth/userinfo").await.expect(401);
            }
        }
        assert!(s.active(&app, &access).await);
    }
);

fn aws_hmac(key: &[u8], text: &[u8]) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
    b64(aws_lc_rs::hmac::sign(&key, text).as_ref())
}

story!(
    /// Another signer with our key id, an id token as an access token, and every claim missing or of another type
    /// (Zitadel GHSA-wxg7-w2v3-w38g, jsonwebtoken CVE-2026-25537).
    async fn a_token_of_ours_is_whole_and_ours(t) {
        let s = TestServer::start(&t).await;
        let (app, access, all) = token(&s).await;
        let (head, claims, _) = parts(&access);
        let id_token = all["id_token"].as_str().unwrap();
        assert!(!s.active(&app, id_token).await, "an id token is no access token");
        let kid = head["kid"].as_str().unwrap().to_owned();
        let foreign = Signer::new(kid, Alg::ES256, &jwt::generate(Alg::ES256).unwrap()).unwrap();
        let same = Signable::for_gate("at+jwt", claims.to_string().into_bytes());
        assert!(!s.active(&app, &foreign.sign(&same).unwrap()).await, "another key of the same name");
        let ours = |typ: &'static str, c: &Value| {
            let what = Signable::for_gate(typ, c.to_string().into_bytes());
            s.app.keys.sign(Alg::ES256, &what).unwrap()
        };
        assert!(s.active(&app, &ours("at+jwt", &claims)).await, "the forge itself works");
        assert!(!s.active(&app, &ours("JWT", &claims)).await, "another type");
        for name in ["iss", "sub", "aud", "exp", "iat", "tid", "client_id", "jti", "ep", "scope"] {
            let mut c = claims.clone();
            c.as_object_mut().unwrap().remove(name);
            assert!(!s.active(&app, &ours("at+jwt", &c)).await, "without {name}");
            for wrong in [json!(null), json!([]), json!({}), json!(-1), json!(1.5), json!("x"), json!(true)] {
                if name == "aud" && wrong.is_string() || name == "scope" && wrong.is_string() {
                    continue;
                }
                let mut c = claims.clone();
                c[name] = wrong.clone();
                if name == "jti" && wrong.is_string() {
                    continue;
                }
                assert!(!s.active(&app, &ours("at+jwt", &c)).await, "{name} = {wrong}");
            }
        }
        for (name, value) in [("exp", json!(1)), ("iat", json!(4_000_000_000_i64)), ("iss", json!("https://evil.example"))] {
            let mut c = claims.clone();
            c[name] = value;
            assert!(!s.active(&app, &ours("at+jwt", &c)).await, "{name}");
        }
        let mut c = claims.clone();
        c.as_object_mut().unwrap().remove("sid");
        assert!(!s.active(&app, &ours("at+jwt", &c)).await, "a person's token names its session");
    }
);
