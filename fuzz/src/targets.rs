//! What must hold for whatever comes in. Each function takes the bytes of one case and panics when something does not.

use muster::{
    crypto::jwt::{self, Alg, Jwk},
    oauth::params::Params,
    protocol::scim::{
        Resource, Rules, Schemas, group_ops, normalise, parse_filter, parse_path, patch,
    },
    web::strict,
};
use serde_json::{Map, Value, json};

/// A person whom filters and operations are tried on.
fn somebody() -> Map<String, Value> {
    let document = json!({
        "userName": "Ada", "externalId": "a-1", "active": true, "title": "Engineer",
        "name": { "givenName": "Ada", "familyName": "Tech" },
        "emails": [
            { "type": "work", "value": "ada@x.example", "primary": true },
            { "type": "home", "value": "a@h.example" },
        ],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "D1" },
    });
    normalise(&Schemas::core(), Rules::ALL, Resource::User, &document)
        .expect("a document that fits")
}

/// A SCIM filter: read or refused, and what is read means the same with room around it, and the opposite when negated.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let somebody = somebody();
    for resource in [Resource::User, Resource::Group] {
        let Ok(filter) = parse_filter(&Schemas::core(), Rules::ALL, resource, text) else {
            continue;
        };
        let holds = filter.holds(&somebody);
        let wide = parse_filter(&Schemas::core(), Rules::ALL, resource, &format!(" {text} "));
        if let Ok(wide) = wide {
            assert_eq!(wide.holds(&somebody), holds, "{text:?} with room around it");
        }
        if let Ok(not) =
            parse_filter(&Schemas::core(), Rules::ALL, resource, &format!("not ({text})"))
        {
            assert_eq!(not.holds(&somebody), !holds, "{text:?} negated");
        }
    }
}

/// A path of a PATCH: read the same however often.
pub fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for resource in [Resource::User, Resource::Group] {
        let (one, two) = (
            parse_path(&Schemas::core(), Rules::ALL, resource, text),
            parse_path(&Schemas::core(), Rules::ALL, resource, text),
        );
        assert_eq!(one.is_ok(), two.is_ok(), "{text:?}");
        if let (Ok(one), Ok(two)) = (one, two) {
            assert_eq!(format!("{one:?}"), format!("{two:?}"), "{text:?}");
        }
    }
}

/// The body of a PATCH: what it leaves is a document like any other, and names are in the schema's spelling.
pub fn patch_body(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else { return };
    let _ = group_ops(&Schemas::core(), Rules::ALL, &body);
    let before = somebody();
    let Ok((after, _)) = patch(&Schemas::core(), Rules::ALL, &before, &body) else { return };
    let again =
        normalise(&Schemas::core(), Rules::ALL, Resource::User, &Value::Object(after.clone()));
    assert!(again.is_ok(), "{body} leaves {after:?}: {:?}", again.err());
}

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
