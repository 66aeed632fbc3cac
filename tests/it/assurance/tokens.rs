//! Which tokens are read at all.

use super::{NOW, base, claims};
use crate::pure;
use muster::{
    clock::Timestamp,
    protocol::oidc::{Claims, Class, Evidence, Expected, Preset, Rules, assurance},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn expected() -> Expected<'static> {
    Expected {
        issuer: "https://idp.example",
        client_id: "client",
        nonce: "n",
        now: Timestamp::from_secs(NOW),
    }
}

pure!(
    /// Missing or mistyped claims are refused by name (Zitadel GHSA-wxg7-w2v3-w38g, jsonwebtoken CVE-2026-25537).
    fn required_claims_are_there_and_of_their_type() {
        for name in ["iss", "sub", "aud", "exp", "iat"] {
            let mut c = base(&json!({}));
            c.remove(name);
            let e = Claims::parse(&c).unwrap_err();
            assert_eq!(e.attr_str(), Some(name));
            for bad in [
                json!(null),
                json!(true),
                json!({}),
                json!([[]]),
                json!(-1),
                json!(-1.5),
                json!("1e9"),
            ] {
                let text = matches!(name, "iss" | "sub" | "aud");
                if text && bad.is_string() {
                    continue;
                }
                let mut c = base(&json!({}));
                c.insert(name.into(), bad.clone());
                assert!(Claims::parse(&c).is_err(), "{name} = {bad}");
            }
        }
        for (name, bad) in [
            ("nonce", json!(1)),
            ("nbf", json!("soon")),
            ("auth_time", json!("1795430000")),
            ("oid", json!([])),
        ] {
            assert!(Claims::parse(&base(&json!({name: bad}))).is_err(), "{name}");
        }
        assert!(
            Claims::parse(&base(&json!({"email_verified": "true"}))).is_ok(),
            "a claim we do not use may be odd"
        );
    }
);

pure!(
    fn an_id_token_answers_this_request_or_none() {
        assert!(claims(&json!({})).check(&expected()).is_ok());
        assert!(claims(&json!({"aud": ["client"]})).check(&expected()).is_ok());
        for (more, code) in [
            (json!({"iss": "https://idp.example/"}), "issuer_mismatch"),
            (json!({"iss": "https://evil.example"}), "issuer_mismatch"),
            (json!({"aud": "other"}), "audience_mismatch"),
            (json!({"aud": []}), "audience_mismatch"),
            (json!({"aud": ["client", "other"]}), "audience_mismatch"),
            (json!({"aud": ["client", "other"], "azp": "other"}), "audience_mismatch"),
            (json!({"azp": "other"}), "audience_mismatch"),
            (json!({"nonce": "x"}), "nonce_mismatch"),
            (json!({"exp": NOW - 121}), "token_expired"),
            (json!({"iat": NOW + 121}), "clock_skew"),
            (json!({"iat": NOW - 5000}), "clock_skew"),
            (json!({"nbf": NOW + 121}), "clock_skew"),
            (json!({"auth_time": NOW + 121}), "clock_skew"),
        ] {
            let e = claims(&more).check(&expected()).unwrap_err();
            assert_eq!(e.code_str(), Some(code), "{more}");
        }
        let mut c = base(&json!({}));
        c.remove("nonce");
        let e = Claims::parse(&c).unwrap().check(&expected()).unwrap_err();
        assert_eq!(e.code_str(), Some("nonce_mismatch"));
    }
);

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("mfa")),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
}

pure!(
    fn nothing_panics_and_nothing_strange_is_a_second_factor() {
        proptest!(|(amr in any_json(), acr in any_json(), acrs in any_json(), sub in any_json(), exp in any_json())| {
            let mut c = base(&json!({"amr": amr, "acr": acr, "acrs": acrs}));
            if let Ok(read) = Claims::parse(&c) {
                let listed = amr.as_array().is_some_and(|l| l.iter().all(Value::is_string) && l.contains(&json!("mfa")));
                let a = assurance(&Evidence::of(&read), Preset::Okta, &Rules::default());
                prop_assert_eq!(a.class >= Class::Mfa, listed || matches!(acr.as_str(), Some("phr" | "phrh" | "urn:okta:loa:2fa:any")));
            }
            c.insert("sub".into(), sub);
            c.insert("exp".into(), exp);
            if let Ok(read) = Claims::parse(&c) {
                let _ = read.check(&expected());
            }
        });
    }
);
