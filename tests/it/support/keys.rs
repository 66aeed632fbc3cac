//! A client's key pair: what it publishes, and the assertions it signs.

use super::{
    op::now,
    server::{Answer, TestServer},
};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256,
    },
};
use muster::crypto::{
    self, b64,
    jwt::{self, Alg, Signer},
};
use serde_json::{Value, json};

/// `client_assertion_type`
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key pair.
pub struct ClientKey {
    pub kid: String,
    pub alg: Alg,
    der: Vec<u8>,
}

impl ClientKey {
    pub fn new(kid: &str, alg: Alg) -> Self {
        let made = if alg == Alg::PS256 { Alg::RS256 } else { alg };
        Self { kid: kid.to_owned(), alg, der: jwt::generate(made).unwrap().to_vec() }
    }
    /// The public half.
    pub fn jwk(&self) -> Value {
        let made = if self.alg == Alg::PS256 { Alg::RS256 } else { self.alg };
        let signer = Signer::new(self.kid.clone(), made, &self.der).unwrap();
        let mut jwk = serde_json::to_value(signer.jwk()).unwrap();
        jwk["alg"] = self.alg.as_str().into();
        jwk
    }
    /// A key set of this key alone.
    pub fn set(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }
    /// Signs what is given, as it is given.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let (rng, text) = (SystemRandom::new(), message.as_bytes());
        let rsa = |scheme| {
            let k = RsaKeyPair::from_pkcs8(&self.der).unwrap();
            let mut s = vec![0; k.public_modulus_len()];
            k.sign(scheme, &rng, text, &mut s).unwrap();
            s
        };
        let signature = match self.alg {
            Alg::ES256 => {
                let k = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.der);
                k.unwrap().sign(&rng, text).unwrap().as_ref().to_vec()
            }
            Alg::EdDSA => {
                Ed25519KeyPair::from_pkcs8(&self.der).unwrap().sign(text).as_ref().to_vec()
            }
            Alg::RS256 => rsa(&RSA_PKCS1_SHA256),
            Alg::PS256 => rsa(&RSA_PSS_SHA256),
        };
        format!("{message}.{}", b64(signature))
    }
    pub fn header(&self) -> Value {
        json!({ "alg": self.alg.as_str(), "kid": self.kid, "typ": "JWT" })
    }
    /// A good assertion for `client_id` at `issuer`, with these claims changed; `null` takes one away.
    #[expect(clippy::needless_pass_by_value, reason = "stories write it on the spot")]
    pub fn assertion(&self, client_id: &str, issuer: &str, change: Value) -> String {
        self.sign(&self.header(), &assertion_claims(client_id, issuer, &change))
    }
}

/// The claims of a good assertion, changed.
pub fn assertion_claims(client_id: &str, issuer: &str, change: &Value) -> Value {
    let mut claims = json!({
        "iss": client_id, "sub": client_id, "aud": issuer, "iat": now(), "exp": now() + 60,
        "jti": crypto::random_b64(16),
    });
    for (name, value) in change.as_object().into_iter().flatten() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

impl TestServer {
    /// A form to an endpoint of clients, with an assertion.
    pub async fn form_by_key(
        &self,
        path: &str,
        assertion: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
        all.extend(fields);
        self.browser().form(path, &all).await
    }
}
