//! The mistakes that can be made on a token alone; those of a whole flow are in `flows`.

use super::{NOW, class, evidence, generous, named, rule, words};
use crate::pure;
use muster::{
    clock::Timestamp,
    protocol::oidc::{Class, Freshness, Preset, Rules, assurance, freshness, request, step_up},
};
use serde_json::{Value, json};

pure!(
    fn mistake_01_any_amr_counts() {
        for p in Preset::ALL {
            let new = json!({"amr": ["something", "new"]});
            assert_eq!(class(p, &generous(), &new), Class::Single, "{p:?}");
        }
    }
);
pure!(
    fn mistake_02_a_password_counts() {
        let careless = Rules { amr: words(&["pwd"]), acr: words(&["2"]), ..generous() };
        for p in Preset::ALL {
            assert_eq!(class(p, &careless, &json!({"amr": ["pwd"]})), Class::Single, "{p:?}");
        }
        // A level beside it does not make one factor two.
        for p in [Preset::Generic, Preset::Keycloak, Preset::Ping, Preset::Okta] {
            let both = json!({"amr": ["pwd"], "acr": "2"});
            assert_eq!(rule(p, &careless, &both), "deny:amr", "{p:?}");
            assert_eq!(class(p, &careless, &both), Class::Single, "{p:?}");
        }
        assert!(careless.checked().is_err(), "and nobody can write such a rule");
    }
);
pure!(
    fn mistake_03_another_providers_word_counts() {
        for weak in ["fed", "wia", "rsa", "wiaormultiauthn", "rba", "geo", "user", "email", "kba"] {
            let careless = Rules { amr: words(&[weak]), ..generous() };
            for p in Preset::ALL {
                for amr in [json!([weak]), json!(["pwd", weak])] {
                    let more = json!({ "amr": amr });
                    assert_eq!(class(p, &careless, &more), Class::Single, "{p:?} {more}");
                }
            }
            assert!(careless.checked().is_err(), "{weak}");
        }
    }
);
pure!(
    fn mistake_04_two_factors_if_possible() {
        let word = "urn:okta:loa:2fa:any:ifpossible";
        let careless = Rules { acr: words(&[word]), acr_phr: words(&[word]), ..Rules::default() };
        for p in Preset::ALL {
            assert_eq!(class(p, &careless, &json!({ "acr": word })), Class::Single, "{p:?}");
        }
        assert!(careless.checked().is_err());
    }
);
pure!(
    fn mistake_05_an_absent_claim_is_trusted() {
        for p in Preset::ALL {
            for silent in
                [json!({}), json!({"amr": []}), json!({"amr": null, "acr": null, "acrs": []})]
            {
                assert_eq!(class(p, &generous(), &silent), Class::Single, "{p:?} {silent}");
            }
        }
    }
);
pure!(
    fn mistake_06_acr_zero_is_a_text_that_is_there() {
        let careless = Rules { acr: words(&["0", ""]), amr: words(&["mfa"]), ..Rules::default() };
        for p in Preset::ALL {
            for acr in ["0", ""] {
                assert_eq!(class(p, &careless, &json!({ "acr": acr })), Class::Single, "{p:?}");
            }
            // It says that nothing was proved now, whatever was remembered beside it.
            let both = json!({"acr": "0", "amr": ["pwd", "mfa", "ngcmfa"], "acrs": ["c1"]});
            assert_eq!(class(p, &careless, &both), Class::Single, "{p:?}");
        }
    }
);
pure!(
    fn mistake_07_a_stale_auth_time_or_none_at_all() {
        let now = Timestamp::from_secs(NOW);
        let of = |more: &Value| evidence(more).auth_time;
        let fresh = |more: &Value, age| freshness(of(more), age, now, now);
        assert_eq!(fresh(&json!({"auth_time": NOW - 60}), Some(300)), Freshness::Fresh);
        assert_eq!(fresh(&json!({"auth_time": NOW - 3600}), Some(300)), Freshness::Stale);
        assert_eq!(fresh(&json!({"auth_time": NOW - 421}), Some(300)), Freshness::Stale);
        assert_eq!(fresh(&json!({"auth_time": NOW + 121}), Some(300)), Freshness::Stale, "not yet");
        assert_eq!(fresh(&json!({}), Some(300)), Freshness::Unknown, "iat is no auth_time");
        assert!(!Freshness::Unknown.suffices() && !Freshness::Stale.suffices());
        assert_eq!(fresh(&json!({}), None), Freshness::Any);
        // How long the person took there does not make the proof older.
        let later = Timestamp::from_secs(NOW + 3000);
        assert_eq!(freshness(Some(NOW + 2900), Some(0), now, later), Freshness::Fresh);
    }
);
pure!(
    fn mistake_12_a_context_without_a_policy() {
        let none = Rules::default();
        for p in [Preset::Entra, Preset::EntraV1] {
            assert_eq!(class(p, &none, &json!({"acrs": ["c1", "c2"]})), Class::Single);
            // With one, it is what an administrator says of it, and less than a proof.
            let one = Rules { acrs: Some("c1".into()), ..Rules::default() };
            let decided = class(p, &one, &json!({"acrs": ["c1"]}));
            assert!(decided == Class::Attested && decided < Class::Mfa);
            assert_eq!(class(p, &one, &json!({"acrs": ["c2", "c3"]})), Class::Single);
            assert_eq!(class(p, &one, &json!({"acrs": "c1"})), Class::Single);
        }
        for bad in ["", "c0", "c100", "x1", "1"] {
            let rules = Rules { acrs: Some(bad.into()), ..Rules::default() };
            assert_eq!(class(Preset::Entra, &rules, &json!({ "acrs": [bad] })), Class::Single);
            assert!(rules.checked().is_err(), "{bad}");
        }
        // Of others it is no claim at all.
        for p in Preset::ALL.into_iter().filter(|p| !p.is_entra()) {
            assert_eq!(class(p, &generous(), &json!({"acrs": ["c1"]})), Class::Single, "{p:?}");
        }
    }
);
pure!(
    fn mistake_16_a_text_is_split_into_methods() {
        for amr in [
            json!("pwd totp mfa"),
            json!("mfa"),
            json!("pwd,mfa"),
            json!([1, 2]),
            json!(["mfa", 1]),
            json!({"mfa": true}),
        ] {
            for p in Preset::ALL {
                let a = assurance(&evidence(&json!({ "amr": amr })), p, &generous());
                assert_eq!(a.class, Class::Single, "{p:?} {amr}");
            }
            assert_eq!(evidence(&json!({ "amr": amr })).malformed, ["amr"], "it is said so");
        }
        // What is out of shape is not as if it were not there either: nothing is stated of it.
        let stated = Rules { attested: Some("everybody there has two".into()), ..Rules::default() };
        assert_eq!(class(Preset::Generic, &stated, &json!({"amr": "pwd"})), Class::Single);
    }
);
pure!(
    fn mistake_17_parts_of_words_and_other_cases_match() {
        for odd in ["nomfa", "MFA", "mfa ", " mfa", "Mfa", "mfas", "m\u{66}\u{61}\u{0301}"] {
            for p in Preset::ALL {
                let more = json!({ "amr": [odd], "acr": odd });
                assert_eq!(class(p, &named(), &more), Class::Single, "{p:?} {odd:?}");
            }
        }
        for acr in ["urn:okta:loa:2fa:any2", "URN:OKTA:LOA:2FA:ANY", "phr2", "PHR", "22", " 2"] {
            assert_eq!(
                class(Preset::Okta, &named(), &json!({ "acr": acr })),
                Class::Single,
                "{acr}"
            );
        }
    }
);
pure!(
    fn mistake_18_several_channels_are_several_factors() {
        for p in Preset::ALL {
            for amr in [json!(["mca"]), json!(["mca", "pwd"]), json!(["mca", "sms", "tel"])] {
                assert_eq!(class(p, &generous(), &json!({ "amr": amr })), Class::Single, "{p:?}");
            }
        }
        assert!(Rules { amr: words(&["mca"]), ..Rules::default() }.checked().is_err());
    }
);
pure!(
    fn mistake_19_a_voluntary_level_is_lowered_in_the_address() {
        // It is asked for as essential where the provider knows that word; and judged as if nothing had been asked.
        let rules = Rules { acr: words(&["2"]), ..Rules::default() };
        let asked = step_up(Preset::Keycloak, &rules, Class::Mfa).unwrap();
        assert_eq!(asked[0].0, "claims");
        let value: Value = serde_json::from_str(&asked[0].1).unwrap();
        assert_eq!(value["id_token"]["acr"], json!({"essential": true, "values": ["2"]}));
        assert!(!asked.iter().any(|(n, _)| *n == "acr_values"));
        for lowered in [json!({"acr": "1"}), json!({}), json!({"acr": "0"})] {
            assert_eq!(class(Preset::Keycloak, &rules, &lowered), Class::Single, "{lowered}");
            assert_eq!(class(Preset::Generic, &rules, &lowered), Class::Single, "{lowered}");
        }
        let (_, okta) = request(Preset::Okta, &Rules::default()).unwrap();
        assert_eq!(class(Preset::Okta, &Rules::default(), &json!({ "acr": okta })), Class::Single);
    }
);
pure!(
    /// A rule that could never match, or that would believe what proves nothing, is refused when it is written.
    fn rules_are_checked_when_they_are_given() {
        for (rule, bad) in [
            ("amr", Rules { amr: words(&["pwd mfa"]), ..Rules::default() }),
            ("amr", Rules { amr: vec!["x".to_owned(); 33], ..Rules::default() }),
            ("acr", Rules { acr: words(&["0"]), ..Rules::default() }),
            ("acr_phr", Rules { acr_phr: words(&[""]), ..Rules::default() }),
            ("acrs", Rules { acrs: Some("c100".to_owned()), ..Rules::default() }),
            ("attested", Rules { attested: Some("yes".to_owned()), ..Rules::default() }),
            ("attested", Rules { attested: Some("x".repeat(501)), ..Rules::default() }),
            ("max_age", Rules { max_age: Some(-1), ..Rules::default() }),
        ] {
            let e = bad.clone().checked().unwrap_err();
            assert_eq!(e.attr_str(), Some(format!("rules.{rule}").as_str()), "{bad:?}");
        }
        assert!(generous().checked().is_ok());
    }
);
