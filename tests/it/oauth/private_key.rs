//! `private_key_jwt`: clients that prove themselves with a key.

use crate::{
    story,
    support::{
        TestServer,
        keys::ClientKey,
        person::{CALLBACK, READ_ONLY, TECHNICIAN, TestApp, VERIFIER},
    },
};
use axum::{Router, extract::State, routing::get};
use muster::{
    access::grants::{self, NewGrant},
    apps::{self, IntegrationPlan, KeySet},
    crypto::jwt::Alg,
    id::{RoleId, TenantId},
};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

const GRANT: [(&str, &str); 1] = [("grant_type", "client_credentials")];

fn set(keys: &Value) -> KeySet {
    KeySet::try_from(keys.clone()).expect("a key set")
}

/// An integration user that reads computers, and has these keys.
async fn integration(
    s: &TestServer,
    tenant: TenantId,
    jwks: Option<KeySet>,
    jwks_uri: Option<String>,
) -> TestApp {
    let plan = IntegrationPlan {
        name: "backup".to_owned(),
        description: None,
        scopes: vec!["computers.view".to_owned()],
        expires_at: None,
        jwks,
        jwks_uri,
    };
    let permit = s.permit(tenant).await;
    let (app, secret) =
        apps::integration_create(&s.app.store, &s.app.access, &permit, plan).await.unwrap();
    assert!(secret.is_none(), "a client with keys gets no secret");
    let permit = s.permit(tenant).await;
    let grant = NewGrant::manual(tenant, app.user_id.unwrap(), RoleId::parse(TECHNICIAN).unwrap());
    grants::add(&s.app.access, &permit, grant).await.unwrap();
    TestApp { id: app.id, client_id: app.client_id, secret: String::new() }
}

story!(
    async fn each_algorithm_is_taken_at_token_introspection_and_revocation(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let keys: Vec<ClientKey> = [Alg::ES256, Alg::EdDSA, Alg::RS256, Alg::PS256]
            .into_iter().map(|a| ClientKey::new(a.as_str(), a)).collect();
        let all: Vec<Value> = keys.iter().map(ClientKey::jwk).collect();
        let app = integration(&s, tenant, Some(set(&json!({ "keys": all }))), None).await;
        for k in &keys {
            let by = |more: Value| k.assertion(&app.client_id, &s.url, more);
            let a = s.form_by_key("/oauth/token", &by(json!({})), &GRANT).await.expect(200).json();
            let token = a["access_token"].as_str().unwrap();
            let a = s.form_by_key("/oauth/introspect", &by(json!({})), &[("token", token)]).await;
            assert_eq!(a.expect(200).json()["active"], true, "{}", k.kid);
            let more = json!({"aud": [s.url]});
            s.form_by_key("/oauth/revoke", &by(more), &[("token", token)]).await.expect(200);
            let named = [("token", token), ("client_id", app.client_id.as_str())];
            let a = s.form_by_key("/oauth/introspect", &by(json!({})), &named).await;
            assert_eq!(a.expect(200).json()["active"], false, "revoked");
        }
    }
);

story!(
    async fn an_application_redeems_and_refreshes_with_its_key(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let key = ClientKey::new("k", Alg::ES256);
        let app = s.app(tenant, |new| new.settings.jwks = Some(set(&key.set()))).await;
        assert!(app.secret.is_empty());
        let code = s.code(&app, &who, &[]).await;
        let fields = [
            ("grant_type", "authorization_code"), ("code", code.as_str()),
            ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER),
        ];
        // Without its key it is nobody, and the code is not spent.
        let named = [&fields[..], &[("client_id", app.client_id.as_str())]].concat();
        s.browser().form("/oauth/token", &named).await.expect(401);
        let by = || key.assertion(&app.client_id, &s.url, json!({}));
        let got = s.form_by_key("/oauth/token", &by(), &fields).await.expect(200).json();
        let refresh = got["refresh_token"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        s.form_by_key("/oauth/token", &by(), &fields).await.expect(200);
    }
);

story!(
    async fn published_keys_are_fetched_and_looked_for_again(t) {
        struct Site { keys: Mutex<Value>, asked: AtomicUsize }
        let key = ClientKey::new("first", Alg::ES256);
        let site = Arc::new(Site { keys: Mutex::new(key.set()), asked: AtomicUsize::new(0) });
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let answer = |State(site): State<Arc<Site>>| async move {
            site.asked.fetch_add(1, Ordering::SeqCst);
            site.keys.lock().unwrap().to_string()
        };
        let router = Router::new().route("/keys", get(answer)).with_state(Arc::clone(&site));
        tokio::spawn(async move { axum::serve(tcp, router).await });
        let s = TestServer::with(&t, |c| c.outbound.allow = vec![address.to_string()]).await;
        let tenant = s.tenant("contoso").await;
        let uri = format!("http://{address}/keys");
        let app = integration(&s, tenant, None, Some(uri)).await;
        let send = async |k: &ClientKey| {
            let a = k.assertion(&app.client_id, &s.url, json!({}));
            s.form_by_key("/oauth/token", &a, &GRANT).await
        };
        for _ in 0..3 {
            send(&key).await.expect(200);
        }
        assert_eq!(site.asked.load(Ordering::SeqCst), 1, "remembered");
        let next = ClientKey::new("second", Alg::EdDSA);
        *site.keys.lock().unwrap() = json!({ "keys": [key.jwk(), next.jwk()] });
        send(&next).await.expect(200);
        assert_eq!(site.asked.load(Ordering::SeqCst), 2, "looked for at once");
        let unknown = ClientKey::new("third", Alg::EdDSA);
        for _ in 0..3 {
            send(&unknown).await.expect(401);
        }
        assert_eq!(site.asked.load(Ordering::SeqCst), 2, "and not more than once a minute");
    }
);

story!(
    async fn keys_are_changed_by_a_patch_and_the_change_counts_at_once(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let (old, new) = (ClientKey::new("a", Alg::ES256), ClientKey::new("b", Alg::ES256));
        let app = integration(&s, tenant, Some(set(&old.set())), None).await;
        let send = async |k: &ClientKey| {
            let a = k.assertion(&app.client_id, &s.url, json!({}));
            s.form_by_key("/oauth/token", &a, &GRANT).await.status.as_u16()
        };
        assert_eq!((send(&old).await, send(&new).await), (200, 401));
        let path = format!("/api/v1/tenants/contoso/integrations/{}", app.id);
        let body = json!({ "jwks": new.set(), "name": "Nightly backup" });
        let a = s.as_owner(reqwest::Method::PATCH, &path, Some(body)).await.expect(200).json();
        assert_eq!(a["name"], "Nightly backup");
        assert_eq!((send(&old).await, send(&new).await), (401, 200));
    }
);

story!(
    async fn a_key_set_that_is_none_is_refused_with_its_reason(t) {
        let s = TestServer::start(&t).await;
        s.tenant("contoso").await;
        let (a, b) = (ClientKey::new("k", Alg::ES256), ClientKey::new("k", Alg::EdDSA));
        let mut private = a.jwk();
        private["d"] = json!("c2VjcmV0");
        let mut encrypts = a.jwk();
        encrypts["use"] = json!("enc");
        let mut hmac = a.jwk();
        hmac["alg"] = json!("HS256");
        let mut small = ClientKey::new("r", Alg::RS256).jwk();
        small["n"] = json!(muster::crypto::b64([0xff; 128]));
        for (keys, says) in [
            (json!({"keys": []}), "no keys"),
            (json!([a.jwk()]), "list 'keys'"),
            (json!({"keys": [private]}), "private parts"),
            (json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}), "private parts"),
            (json!({"keys": [encrypts]}), "none for"),
            (json!({"keys": [hmac]}), "none for"),
            (json!({"keys": [small]}), "RSA"),
            (json!({"keys": [a.jwk(), b.jwk()]}), "'kid'"),
        ] {
            let body = json!({"name": "A", "redirect_uris": [CALLBACK], "jwks": keys});
            let a = s.post("/api/v1/tenants/contoso/apps", body).await.expect(400);
            assert!(a.text.contains(says), "{says}: {}", a.text);
        }
        let body = json!({"name": "A", "redirect_uris": [CALLBACK], "jwks": a.set(), "public": true});
        s.post("/api/v1/tenants/contoso/apps", body).await.expect(400);
        for uri in ["http://example.com/keys", "https://10.0.0.1/keys", "https://169.254.169.254/k", "ftp://x/k"] {
            let body = json!({"name": "A", "redirect_uris": [CALLBACK], "jwks_uri": uri});
            s.post("/api/v1/tenants/contoso/apps", body).await.expect(400);
        }
    }
);
