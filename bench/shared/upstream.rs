//! A directory's OpenID provider that signs in whoever the benchmark names, at once: the code says who, and with which
//! nonce. It exists so that hundreds of people can get a session without a browser.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{
    Router,
    extract::State,
    response::IntoResponse,
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::SystemTime};

/// The provider as it runs.
pub struct Upstream {
    pub issuer: String,
    key: EcdsaKeyPair,
}

impl Upstream {
    /// A token of its own.
    pub fn sign(&self, typ: &str, claims: &Value) -> Result<String, super::Fail> {
        let head = json!({"alg": "ES256", "typ": typ, "kid": "bench"});
        let mut token =
            format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), token.as_bytes());
        let signature = signature.map_err(|_| "the provider cannot sign")?;
        token.push('.');
        B64.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// Starts it.
pub async fn start() -> Result<Arc<Upstream>, super::Fail> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let addr: SocketAddr = listener.local_addr()?;
    let issuer = format!("http://{addr}");
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())?;
    let running = Arc::new(Upstream { issuer, key });
    let app = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/token", post(token))
        .with_state(running.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(running)
}

/// The code that signs `person` in with the `nonce` of the authorization request.
pub fn code(person: &str, nonce: &str) -> String {
    format!("{person}~{nonce}")
}

fn answer(v: &Value) -> impl IntoResponse + use<> {
    ([("content-type", "application/json")], v.to_string())
}

async fn discovery(State(u): State<Arc<Upstream>>) -> impl IntoResponse {
    let i = &u.issuer;
    answer(&json!({
        "issuer": i,
        "authorization_endpoint": format!("{i}/authorize"),
        "token_endpoint": format!("{i}/token"),
        "jwks_uri": format!("{i}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn jwks(State(u): State<Arc<Upstream>>) -> impl IntoResponse {
    // An uncompressed point: 4, x, y.
    let point = u.key.public_key().as_ref();
    answer(&json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "bench",
        "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..65]),
    }]}))
}

async fn token(State(u): State<Arc<Upstream>>, body: String) -> axum::response::Response {
    let code = url::form_urlencoded::parse(body.as_bytes()).find(|(k, _)| k == "code");
    let code = code.map_or(String::new(), |(_, v)| v.into_owned());
    let (person, nonce) = code.split_once('~').unwrap_or((&code, ""));
    let now = now();
    let claims = json!({
        "iss": u.issuer, "aud": "bench", "sub": person, "nonce": nonce, "sid": format!("at-{person}"),
        "iat": now, "exp": now + 300, "auth_time": now, "amr": ["pwd", "otp", "mfa"],
    });
    let Ok(id_token) = u.sign("JWT", &claims) else {
        return http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    answer(&json!({
        "access_token": "unused", "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
    }))
    .into_response()
}
