//! What claims prove: the mistakes that others made, each a negative test.

use crate::pure;
use muster::{
    clock::Timestamp,
    protocol::oidc::{Claims, Class, Expected, Preset, Rules, assurance, freshness, request},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const NOW: i64 = 1_795_430_000;

fn base(more: &Value) -> Map<String, Value> {
    let mut c = json!({
        "iss": "https://idp.example", "sub": "u1", "aud": "client", "exp": NOW + 300, "iat": NOW, "nonce": "n",
    });
    for (k, v) in more.as_object().unwrap() {
        c[k] = v.clone();
    }
    c.as_object().unwrap().clone()
}
fn claims(more: &Value) -> Claims {
    Claims::parse(&base(more)).unwrap()
}
fn class(preset: Preset, rules: &Rules, more: &Value) -> Class {
    assurance(&claims(more), preset, rules).class
}
fn generic() -> Rules {
    Rules { amr: vec!["mfa".into()], acr: vec!["2".into()], ..Rules::default() }
}
fn expected() -> Expected<'static> {
    Expected {
        issuer: "https://idp.example",
        client_id: "client",
        nonce: "n",
        now: Timestamp::from_secs(NOW),
    }
}

pure!(
    fn each_preset_reads_its_own_proof() {
        let none = Rules::default();
        let entra = Rules { acrs: Some("c1".into()), ..Rules::default() };
        for (preset, rules, more, want) in [
            (Preset::Okta, &none, json!({"amr": ["mfa", "pwd", "okta_verify", "swk"]}), Class::Mfa),
            (Preset::Okta, &none, json!({"acr": "urn:okta:loa:2fa:any"}), Class::Mfa),
            (Preset::Okta, &none, json!({"acr": "phr", "amr": ["mfa"]}), Class::PhishingResistant),
            (Preset::Okta, &none, json!({"acr": "phrh"}), Class::PhishingResistant),
            (Preset::Google, &none, json!({"amr": ["pwd", "mfa"]}), Class::Mfa),
            (Preset::Google, &none, json!({}), Class::Single),
            (Preset::Entra, &entra, json!({"acrs": ["c1"]}), Class::Attested),
            (Preset::Entra, &entra, json!({"acrs": "c1"}), Class::Single),
            (Preset::Entra, &entra, json!({"acrs": ["c2", "c3"]}), Class::Single),
            (Preset::Entra, &entra, json!({}), Class::Single),
            (Preset::Generic, &generic(), json!({"amr": ["pwd", "otp", "mfa"]}), Class::Mfa),
            (Preset::Generic, &generic(), json!({"acr": "2"}), Class::Mfa),
            (Preset::Okta, &generic(), json!({"acr": "2"}), Class::Mfa),
        ] {
            assert_eq!(class(preset, rules, &more), want, "{preset:?} {more}");
        }
    }
);

pure!(
    fn mistake_01_any_amr_counts() {
        for p in [Preset::Okta, Preset::Google, Preset::Generic, Preset::Entra] {
            assert_eq!(class(p, &generic(), &json!({"amr": ["something", "new"]})), Class::Single);
        }
    }
);
pure!(
    fn mistake_02_and_03_a_password_or_another_providers_word_counts() {
        for weak in ["pwd", "fed", "wia", "rsa", "otp", "sms", "email", "kba"] {
            for p in [Preset::Okta, Preset::Google, Preset::Entra, Preset::Generic] {
                assert_eq!(
                    class(p, &Rules::default(), &json!({"amr": [weak]})),
                    Class::Single,
                    "{weak}"
                );
            }
        }
        let careless = Rules { amr: vec!["pwd".into(), "fed".into()], ..Rules::default() };
        assert_eq!(
            class(Preset::Generic, &careless, &json!({"amr": ["pwd", "fed"]})),
            Class::Single
        );
    }
);
pure!(
    fn mistake_04_two_factors_if_possible() {
        let acr = json!({"acr": "urn:okta:loa:2fa:any:ifpossible"});
        assert_eq!(class(Preset::Okta, &Rules::default(), &acr), Class::Single);
        let careless =
            Rules { acr: vec!["urn:okta:loa:2fa:any:ifpossible".into()], ..Rules::default() };
        assert_eq!(class(Preset::Generic, &careless, &acr), Class::Single);
    }
);
pure!(
    fn mistake_05_an_absent_claim_is_trusted() {
        for p in [Preset::Okta, Preset::Google, Preset::Entra, Preset::Generic] {
            assert_eq!(class(p, &Rules::default(), &json!({})), Class::Single);
            assert_eq!(class(p, &generic(), &json!({"amr": []})), Class::Single);
        }
    }
);
pure!(
    fn mistake_06_acr_zero_is_a_text_that_is_there() {
        let careless = Rules { acr: vec!["0".into(), String::new()], ..Rules::default() };
        for acr in ["0", ""] {
            assert_eq!(class(Preset::Generic, &careless, &json!({"acr": acr})), Class::Single);
        }
    }
);
pure!(
    fn mistake_07_a_stale_auth_time_or_none_at_all() {
        let now = Timestamp::from_secs(NOW);
        assert!(freshness(&claims(&json!({"auth_time": NOW - 60})), Some(300), now));
        assert!(!freshness(&claims(&json!({"auth_time": NOW - 3600})), Some(300), now));
        assert!(!freshness(&claims(&json!({})), Some(300), now), "iat is no auth_time");
        assert!(freshness(&claims(&json!({})), None, now));
    }
);
pure!(
    fn mistake_12_a_context_nobody_asked_for() {
        let none = Rules::default();
        assert_eq!(class(Preset::Entra, &none, &json!({"acrs": ["c1", "c2"]})), Class::Single);
        for bad in ["", "c0", "c100", "x1", "1"] {
            let rules = Rules { acrs: Some(bad.into()), ..Rules::default() };
            assert_eq!(
                class(Preset::Entra, &rules, &json!({"acrs": [bad]})),
                Class::Single,
                "{bad}"
            );
        }
    }
);
pure!(
    fn mistake_14_a_request_that_was_ignored() {
        // Okta ignores acr_values it does not know and answers with what was done.
        assert_eq!(
            class(Preset::Okta, &Rules::default(), &json!({"acr": "urn:okta:loa:1fa:pwd"})),
            Class::Single
        );
    }
);
pure!(
    fn mistake_15_and_19_what_was_asked_for_is_not_what_was_done() {
        // An answer is judged as if nothing had been asked: somebody may have changed the address on the way.
        let rules = generic();
        assert_eq!(request(Preset::Generic, &rules), Some(("acr_values", "2".to_owned())));
        assert_eq!(class(Preset::Generic, &rules, &json!({"acr": "1"})), Class::Single);
        let entra = Rules { acrs: Some("c7".into()), ..Rules::default() };
        let (name, value) = request(Preset::Entra, &entra).unwrap();
        assert_eq!(name, "claims");
        let value: Value = serde_json::from_str(&value).unwrap();
        assert_eq!(value["id_token"]["acrs"], json!({"essential": true, "value": "c7"}));
        assert_eq!(class(Preset::Entra, &entra, &json!({"acrs": []})), Class::Single);
        assert_eq!(request(Preset::Google, &rules), None);
        let none = Rules::default();
        assert_eq!(request(Preset::Entra, &none), None);
        assert_eq!(request(Preset::Generic, &none), None);
        let (_, okta) = request(Preset::Okta, &none).unwrap();
        assert_eq!(class(Preset::Okta, &none, &json!({"acr": okta})), Class::Single);
    }
);
pure!(
    /// A rule that could never match, or that would believe what proves nothing, is refused when it is written.
    fn rules_are_checked_when_they_are_given() {
        let l = |v: &str| vec![v.to_owned()];
        for (rule, bad) in [
            ("amr", Rules { amr: l("pwd"), ..Rules::default() }),
            ("amr", Rules { amr: l("pwd mfa"), ..Rules::default() }),
            ("amr", Rules { amr: vec!["x".to_owned(); 33], ..Rules::default() }),
            ("acr", Rules { acr: l("0"), ..Rules::default() }),
            ("acr", Rules { acr: l("urn:okta:loa:2fa:any:ifpossible"), ..Rules::default() }),
            ("acr_phr", Rules { acr_phr: l(""), ..Rules::default() }),
            ("acrs", Rules { acrs: Some("c100".to_owned()), ..Rules::default() }),
            ("max_age", Rules { max_age: Some(-1), ..Rules::default() }),
        ] {
            let e = bad.clone().checked().unwrap_err();
            assert_eq!(e.attr_str(), Some(format!("rules.{rule}").as_str()), "{bad:?}");
        }
        assert!(generic().checked().is_ok());
    }
);
pure!(
    fn mistake_16_and_17_split_texts_substrings_and_case() {
        for amr in [
            json!("pwd totp mfa"),
            json!("mfa"),
            json!("pwd,mfa"),
            json!([1, 2]),
            json!(["mfa", 1]),
            json!({"mfa": true}),
        ] {
            let c = claims(&json!({"amr": amr}));
            let a = assurance(&c, Preset::Generic, &generic());
            assert_eq!(a.class, Class::Single, "{amr}");
            assert!(a.evidence["note"].is_string(), "it is said that {amr} was not looked at");
        }
        for amr in ["nomfa", "MFA", "mfa ", " mfa", "Mfa"] {
            for p in [Preset::Okta, Preset::Google, Preset::Generic] {
                assert_eq!(class(p, &generic(), &json!({"amr": [amr]})), Class::Single, "{amr}");
            }
        }
    }
);
pure!(
    fn mistake_18_several_channels_are_not_several_factors() {
        assert_eq!(
            class(Preset::Okta, &Rules::default(), &json!({"amr": ["mca", "pwd"]})),
            Class::Single
        );
    }
);

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
                let a = assurance(&read, Preset::Okta, &Rules::default());
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
