//! A device with passkeys, in software: what a browser and an authenticator do between them, without either.

#![allow(dead_code)]

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use muster::crypto;
use serde_json::{Value, json};

/// What it says it is.
pub const AAGUID: &str = "00010203-0405-0607-0809-0a0b0c0d0e0f";

/// A passkey on it.
struct Key {
    id: Vec<u8>,
    user: Vec<u8>,
    pair: EcdsaKeyPair,
}

/// The device, at a page.
pub struct Authenticator {
    /// The page's origin.
    pub origin: String,
    /// Whether it asks for finger or PIN.
    pub verifies: bool,
    /// How often it has signed.
    pub counter: u32,
    keys: Vec<Key>,
}

fn sha(bytes: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

impl Authenticator {
    /// At the pages of this server.
    pub fn at(url: &str) -> Self {
        Self { origin: url.to_owned(), verifies: true, counter: 0, keys: Vec::new() }
    }
    /// What it calls the passkey that was made last.
    pub fn last(&self) -> String {
        crypto::b64(&self.keys.last().expect("a passkey").id)
    }
    /// Forgets all but what was made last.
    pub fn only_last(&mut self) {
        let last = self.keys.pop();
        self.keys = last.into_iter().collect();
    }
    fn head(&mut self, rp: &str, more: u8) -> Vec<u8> {
        self.counter += 1;
        let mut out = sha(rp.as_bytes()).to_vec();
        // Present; verified; and for a new one, its data follows.
        out.push(0x01 | if self.verifies { 0x04 } else { 0 } | more);
        out.extend(self.counter.to_be_bytes());
        out
    }
    fn said(&self, kind: &str, options: &Value) -> Vec<u8> {
        let said = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        said.to_string().into_bytes()
    }
    /// Makes a passkey: what the browser answers.
    pub fn create(&mut self, options: &Value) -> String {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = crypto::unb64(&crypto::random_b64(16)).unwrap();
        let user = crypto::unb64(options["user"]["id"].as_str().unwrap()).unwrap();
        let mut data = self.head(options["rp"]["id"].as_str().unwrap(), 0x40);
        data.extend(uuid::Uuid::parse_str(AAGUID).unwrap().as_bytes());
        data.extend([0, 16]);
        data.extend(&id);
        let point = pair.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(&data);
        let name = crypto::b64(&id);
        self.keys.push(Key { id, user, pair });
        json!({
            "id": name, "rawId": name, "type": "public-key",
            "response": {
                "attestationObject": crypto::b64(attestation),
                "clientDataJSON": crypto::b64(self.said("webauthn.create", options)),
            },
        })
        .to_string()
    }
    /// Shows the passkey that was made last.
    pub fn get(&mut self, options: &Value) -> String {
        let said = self.said("webauthn.get", options);
        let data = self.head(options["rpId"].as_str().unwrap(), 0);
        let key = self.keys.last().expect("a passkey");
        let mut signed = data.clone();
        signed.extend(sha(&said));
        let signature = key.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let name = crypto::b64(&key.id);
        json!({
            "id": name, "rawId": name, "type": "public-key",
            "response": {
                "authenticatorData": crypto::b64(data),
                "clientDataJSON": crypto::b64(said),
                "signature": crypto::b64(signature.as_ref()),
                "userHandle": crypto::b64(&key.user),
            },
        })
        .to_string()
    }
}
