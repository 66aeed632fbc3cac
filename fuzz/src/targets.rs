//! What must hold for whatever comes in. Each function takes the bytes of one case and panics when something does not.

use muster::{
    crypto::jwt::{self, Alg, Jwk},
    oauth::params::Params,
    protocol::scim::{Resource, Rules, Schemas, normalise},
    web::strict,
};
use serde_json::Value;

/// The key and the token that it signed: P-256, made for these cases alone.
const KEY: &str = include_str!("../corpus/key.json");
const TOKEN: &str = include_str!("../corpus/token.jwt");

/// A token: nothing but what was signed is taken for signed.
pub fn jwt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key: Jwk = serde_json::from_str(KEY).expect("the key");
    let all = [Alg::ES256, Alg::EdDSA, Alg::RS256, Alg::PS256];
    if jwt::verify(text, std::slice::from_ref(&key), &all).is_ok() {
        let signed = |t: &str| t.rsplit_once('.').map(|(s, _)| s.to_owned());
        assert_eq!(signed(text), signed(TOKEN.trim()), "taken, and never signed");
    }
    if let Ok(taken) = jwt::verify(text, &[], &all) {
        panic!("taken without any key: {:?}", taken.claims);
    }
}

/// A form or query: what is read is read again from its own encoding, and each name stands once.
pub fn form(data: &[u8]) {
    if let Ok(pairs) = strict::pairs(data) {
        let text: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        assert_eq!(strict::pairs(text.as_bytes()).ok().as_ref(), Some(&pairs), "{text}");
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(params) = Params::read(text) {
        for (name, _) in url::form_urlencoded::parse(text.as_bytes()) {
            assert!(params.get(&name).is_none_or(|v| !v.is_empty() && !v.contains('\0')));
        }
        let _ = params.scopes();
    }
}

/// A JSON body: an object without NUL, the same after it was written.
pub fn json_body(data: &[u8]) {
    let Ok(value) = strict::json::<Value>(data) else { return };
    assert!(value.is_object(), "{value}");
    let text = value.to_string();
    assert!(!text.contains("\\u0000"), "{text}");
    let again: Value = strict::json(text.as_bytes()).expect("what was written is read");
    assert_eq!(again, value);
    let _ = normalise(&Schemas::core(), Rules::ALL, Resource::User, &value);
    let _ = normalise(&Schemas::core(), Rules::ALL, Resource::Group, &value);
}
