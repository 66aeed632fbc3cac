//! The measure for token issuance: an axum handler that does nothing but sign the same ES256 token, in a process of
//! its own. What it reaches is what this machine allows.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::{Router, extract::State, response::IntoResponse, routing::post};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use std::{sync::Arc, time::SystemTime};

struct Signer {
    key: EcdsaKeyPair,
    head: String,
    claims: serde_json::Value,
    scope: String,
}

/// Serves `POST /oauth/token` on `port`; `token` is one that Muster issued, whose head and claims are repeated.
pub async fn serve(port: u16, token: &str, scope: &str) -> Result<(), crate::shared::Fail> {
    let mut parts = token.split('.');
    let (head, claims) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
    let signer = Arc::new(Signer {
        key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())?,
        head: head.to_owned(),
        claims: serde_json::from_slice(&B64.decode(claims)?)?,
        scope: scope.to_owned(),
    });
    let app = Router::new().route("/oauth/token", post(token_of)).with_state(signer);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn token_of(State(s): State<Arc<Signer>>, _body: String) -> impl IntoResponse {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let mut claims = s.claims.clone();
    claims["iat"] = now.into();
    claims["exp"] = (now + 300).into();
    claims["jti"] = uuid::Uuid::now_v7().to_string().into();
    let mut token = String::with_capacity(1024);
    token.push_str(&s.head);
    token.push('.');
    B64.encode_string(claims.to_string(), &mut token);
    let Ok(signature) = s.key.sign(&SystemRandom::new(), token.as_bytes()) else {
        return (http::StatusCode::INTERNAL_SERVER_ERROR, String::new()).into_response();
    };
    token.push('.');
    B64.encode_string(signature.as_ref(), &mut token);
    let body = serde_json::json!({
        "access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": s.scope,
    });
    let headers = [("content-type", "application/json"), ("cache-control", "no-store")];
    (headers, body.to_string()).into_response()
}
