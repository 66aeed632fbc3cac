//! What each preset reads out of the tokens of its provider, and what it asks for.

use super::{NOW, class, generous, named, rule, words};
use crate::pure;
use muster::protocol::oidc::{Class, Place, Preset, Rules, place, request, step_up, subject};
use serde_json::{Value, json};

const TID: &str = "72f988bf-0000-4000-8000-2d7cd011db47";
const MULTIPLE: &str = "http://schemas.microsoft.com/claims/multipleauthn";
const PAPE: &str = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

pure!(
    fn tokens_of_each_provider_are_read_by_its_preset() {
        let (none, named) = (Rules::default(), named());
        let entra = Rules { acrs: Some("c1".into()), ..Rules::default() };
        let levels = Rules { acr: words(&["2"]), acr_phr: words(&["3"]), ..Rules::default() };
        let otp = Rules { amr: words(&["otp"]), ..Rules::default() };
        let journey = Rules { acr: words(&["urn:acme:mfa"]), ..Rules::default() };
        let (single, mfa) = (Class::Single, Class::Mfa);
        let phr = Class::PhishingResistant;
        let at = NOW - 30;
        let table: Vec<(Preset, &Rules, Value, Class, &str)> = vec![
            // Entra v2.0 says nothing by itself; with a context, a member's and a guest's token.
            (
                Preset::Entra,
                &entra,
                json!({"ver": "2.0", "tid": TID, "auth_time": at}),
                single,
                "entra:none",
            ),
            (
                Preset::Entra,
                &entra,
                json!({"acrs": ["c1"], "auth_time": at}),
                Class::Attested,
                "entra:acrs",
            ),
            (
                Preset::Entra,
                &entra,
                json!({"acct": 1, "idp": "https://sts.windows.net/home/", "acrs": ["c1", "c3"]}),
                Class::Attested,
                "entra:acrs",
            ),
            (Preset::Entra, &none, json!({"acrs": ["c1"]}), single, "entra:none"),
            // v2.0 tokens carry no amr; where one does, it is not what the preset reads.
            (Preset::Entra, &none, json!({"amr": ["pwd", "mfa"]}), single, "entra:none"),
            // Entra v1.0.
            (
                Preset::EntraV1,
                &none,
                json!({"ver": "1.0", "acr": "1", "amr": ["pwd", "mfa"]}),
                mfa,
                "entra_v1:amr",
            ),
            (
                Preset::EntraV1,
                &none,
                json!({"acr": "1", "amr": ["rsa", "ngcmfa"]}),
                mfa,
                "entra_v1:amr",
            ),
            (Preset::EntraV1, &none, json!({"acr": "1", "amr": ["pwd"]}), single, "entra_v1:none"),
            (
                Preset::EntraV1,
                &none,
                json!({"acr": "1", "amr": ["rsa", "otp"]}),
                single,
                "entra_v1:none",
            ),
            (Preset::EntraV1, &none, json!({"amr": ["wiaormultiauthn"]}), single, "entra_v1:none"),
            // Okta: one factor, two, without a password, from another provider.
            (
                Preset::Okta,
                &none,
                json!({"amr": ["pwd"], "acr": "urn:okta:loa:1fa:any"}),
                single,
                "okta:none",
            ),
            (
                Preset::Okta,
                &none,
                json!({"amr": ["mfa", "pwd", "okta_verify", "swk"], "acr": "urn:okta:loa:2fa:any"}),
                mfa,
                "okta:acr",
            ),
            (Preset::Okta, &none, json!({"amr": ["mfa", "mca", "pwd", "sms"]}), mfa, "okta:amr"),
            (
                Preset::Okta,
                &none,
                json!({"amr": ["mfa", "okta_verify", "phr"], "acr": "phr"}),
                phr,
                "okta:acr-phr",
            ),
            (Preset::Okta, &none, json!({"acr": "phrh"}), phr, "okta:acr-phr"),
            (Preset::Okta, &none, json!({"amr": ["fed", "mfa"]}), mfa, "okta:amr"),
            (Preset::Okta, &none, json!({"amr": ["fed"]}), single, "okta:none"),
            (
                Preset::Okta,
                &none,
                json!({"amr": ["mfa", "pwd"], "acr": "urn:okta:loa:2fa:any:ifpossible"}),
                mfa,
                "okta:amr",
            ),
            (Preset::Okta, &named, json!({"acr": "2"}), mfa, "okta:acr"),
            // Google with its security bundle, and without.
            (
                Preset::Google,
                &none,
                json!({"hd": "acme.example", "amr": ["pwd", "mfa"]}),
                mfa,
                "google:amr",
            ),
            (Preset::Google, &none, json!({"amr": ["pwd", "hwk"]}), single, "google:none"),
            (Preset::Google, &none, json!({"hd": "acme.example"}), single, "google:none"),
            // Auth0: amr alone proves; its acr says what was asked for.
            (
                Preset::Auth0,
                &none,
                json!({"amr": ["mfa"], "acr": PAPE, "org_id": "org_1"}),
                mfa,
                "auth0:amr",
            ),
            (Preset::Auth0, &none, json!({"acr": PAPE}), single, "auth0:none"),
            (Preset::Auth0, &none, json!({}), single, "auth0:none"),
            // Keycloak: its levels as they were mapped; 0 is a cookie of before.
            (
                Preset::Keycloak,
                &levels,
                json!({"acr": "2", "amr": ["pwd", "otp"]}),
                mfa,
                "keycloak:acr",
            ),
            (Preset::Keycloak, &levels, json!({"acr": "3"}), phr, "keycloak:acr-phr"),
            (Preset::Keycloak, &levels, json!({"acr": "1"}), single, "keycloak:none"),
            (
                Preset::Keycloak,
                &otp,
                json!({"acr": "1", "amr": ["pwd", "otp"]}),
                mfa,
                "keycloak:amr",
            ),
            (
                Preset::Keycloak,
                &otp,
                json!({"acr": "0", "amr": ["pwd", "otp"]}),
                single,
                "deny:acr-0",
            ),
            (Preset::Keycloak, &none, json!({"acr": "2"}), single, "keycloak:none"),
            // Ping: the name of a policy.
            (Preset::Ping, &journey, json!({"acr": "urn:acme:mfa"}), mfa, "ping:acr"),
            (Preset::Ping, &journey, json!({"acr": "urn:acme:mfa:2"}), single, "ping:none"),
            (
                Preset::Ping,
                &none,
                json!({"acr": "urn:acme:mfa", "amr": ["mfa"]}),
                single,
                "ping:none",
            ),
            // AD FS.
            (Preset::Adfs, &none, json!({"amr": ["pwd", MULTIPLE]}), mfa, "adfs:amr"),
            (Preset::Adfs, &none, json!({"amr": ["ngcmfa"]}), mfa, "adfs:amr"),
            (Preset::Adfs, &none, json!({"amr": ["wia"]}), single, "adfs:none"),
            (Preset::Adfs, &none, json!({"amr": MULTIPLE}), single, "adfs:none"),
            // Any other.
            (Preset::Generic, &named, json!({"amr": ["pwd", "otp", "mfa"]}), mfa, "generic:amr"),
            (Preset::Generic, &named, json!({"acr": "2"}), mfa, "generic:acr"),
            (Preset::Generic, &levels, json!({"acr": "3"}), phr, "generic:acr-phr"),
            (Preset::Generic, &none, json!({"amr": ["mfa"], "acr": "2"}), single, "generic:none"),
        ];
        for (preset, rules, more, want, by) in table {
            assert_eq!(class(preset, rules, &more), want, "{preset:?} {more}");
            assert_eq!(rule(preset, rules, &more), by, "{preset:?} {more}");
        }
    }
);

pure!(
    /// Two methods of different kinds count where a setting says so; a PIN beside a key only where the preset does.
    fn two_methods_of_different_kinds_are_two_factors_where_that_is_set() {
        let on = Rules { two_classes: true, ..Rules::default() };
        for preset in [
            Preset::Google,
            Preset::Auth0,
            Preset::Keycloak,
            Preset::Ping,
            Preset::Adfs,
            Preset::Generic,
        ] {
            for (amr, want) in [
                (json!(["pwd", "otp"]), Class::Mfa),
                (json!(["pwd", "sms"]), Class::Mfa),
                (json!(["face", "hwk"]), Class::Mfa),
                (json!(["pwd", "fpt", "new"]), Class::Mfa),
                (json!(["pin", "hwk", "otp"]), Class::Mfa),
                (json!(["pin", "hwk"]), Class::Single),
                (json!(["pwd", "pin", "kba"]), Class::Single),
                (json!(["otp", "sms", "hwk"]), Class::Single),
                (json!(["face", "fpt"]), Class::Single),
                (json!(["pwd", "fed"]), Class::Single),
                (json!(["pwd", "email"]), Class::Single),
                (json!(["pwd", "OTP"]), Class::Single),
                (json!("pwd otp"), Class::Single),
            ] {
                let more = json!({ "amr": amr });
                assert_eq!(class(preset, &on, &more), want, "{preset:?} {more}");
                assert_eq!(class(preset, &Rules::default(), &more), Class::Single, "off: {more}");
            }
        }
        assert_eq!(class(Preset::Okta, &on, &json!({"amr": ["pin", "hwk"]})), Class::Mfa);
        assert_eq!(rule(Preset::Okta, &on, &json!({"amr": ["pwd", "otp"]})), "okta:two-classes");
    }
);

pure!(
    fn each_provider_is_asked_in_its_own_words() {
        let none = Rules::default();
        let amr = Rules { amr: words(&["mfa"]), ..Rules::default() };
        let acr = Rules { acr: words(&["2fa"]), acr_phr: words(&["key"]), ..Rules::default() };
        let context = Rules { acrs: Some("c1".to_owned()), ..Rules::default() };
        let login = ("prompt", "login".to_owned());
        let with = |name, value: &str| Some(vec![(name, value.to_owned()), login.clone()]);
        let (attested, mfa, phr) = (Class::Attested, Class::Mfa, Class::PhishingResistant);
        for preset in [Preset::Generic, Preset::Ping] {
            assert_eq!(step_up(preset, &none, mfa), None);
            assert_eq!(step_up(preset, &amr, mfa), Some(vec![login.clone()]));
            assert_eq!(step_up(preset, &amr, phr), None);
            assert_eq!(step_up(preset, &acr, mfa), with("acr_values", "2fa key"));
            assert_eq!(step_up(preset, &acr, phr), with("acr_values", "key"));
            assert_eq!(request(preset, &acr), Some(("acr_values", "2fa key".to_owned())));
        }
        assert_eq!(step_up(Preset::Google, &acr, mfa), None, "it can be asked for nothing");
        let essential = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        assert_eq!(step_up(Preset::Entra, &none, attested), None);
        assert_eq!(step_up(Preset::Entra, &context, attested), with("claims", essential));
        assert_eq!(step_up(Preset::Entra, &context, mfa), None, "a context is no proof");
        assert_eq!(step_up(Preset::EntraV1, &none, mfa), Some(vec![login.clone()]));
        assert_eq!(step_up(Preset::EntraV1, &context, mfa), with("claims", essential));
        assert_eq!(step_up(Preset::EntraV1, &context, phr), None);
        assert_eq!(step_up(Preset::Okta, &none, mfa), with("acr_values", "urn:okta:loa:2fa:any"));
        assert_eq!(step_up(Preset::Okta, &none, phr), with("acr_values", "phr"));
        assert_eq!(step_up(Preset::Auth0, &none, mfa), with("acr_values", PAPE));
        assert_eq!(step_up(Preset::Auth0, &none, phr), None);
        let levels =
            |v: &str| format!(r#"{{"id_token":{{"acr":{{"essential":true,"values":[{v}]}}}}}}"#);
        assert_eq!(step_up(Preset::Keycloak, &acr, mfa), with("claims", &levels(r#""2fa","key""#)));
        assert_eq!(step_up(Preset::Keycloak, &acr, phr), with("claims", &levels(r#""key""#)));
        assert_eq!(step_up(Preset::Keycloak, &none, mfa), None);
        assert_eq!(step_up(Preset::Keycloak, &amr, mfa), Some(vec![login.clone()]));
        assert_eq!(step_up(Preset::Adfs, &none, mfa), with("amr_values", "ngcmfa"));
        assert_eq!(step_up(Preset::Adfs, &none, phr), None);
        // At first nobody is asked for more than they may need.
        for preset in [Preset::Google, Preset::Auth0, Preset::Keycloak, Preset::Adfs] {
            assert_eq!(request(preset, &generous()), None, "{preset:?}");
        }
    }
);

pure!(
    /// Only the v1 mode has an issuer elsewhere than its documents are, and those are held to it.
    fn an_issuer_is_where_its_documents_are_but_in_the_v1_mode_of_entra() {
        let v1 = format!("https://sts.windows.net/{TID}/");
        let v2 = format!("https://login.microsoftonline.com/{TID}/v2.0");
        for preset in Preset::ALL.into_iter().filter(|p| *p != Preset::EntraV1) {
            assert_eq!(place(preset, &v2).unwrap(), Place::Issuer);
            assert_eq!(place(preset, &v1).unwrap_err().attr_str(), Some("issuer"), "{preset:?}");
        }
        let login = format!("https://login.microsoftonline.com/{TID}");
        let at = place(Preset::EntraV1, &v1).unwrap();
        let Place::EntraV1 { document, endpoints } = &at else { panic!("{at:?}") };
        assert_eq!(*document, format!("{login}/.well-known/openid-configuration"));
        assert_eq!(*endpoints, format!("{login}/oauth2/"));
        for bad in [
            v2.as_str(),
            "https://sts.windows.net/",
            "https://sts.windows.net/common/",
            &format!("https://sts.windows.net/{TID}"),
            &format!("https://sts.windows.net/{TID}/v2.0/"),
            &format!("http://sts.windows.net/{TID}/"),
            &format!("https://sts.windows.net.evil.example/{TID}/"),
            &format!("https://sts.windows.net/../{TID}/"),
        ] {
            assert_eq!(
                place(Preset::EntraV1, bad).unwrap_err().attr_str(),
                Some("issuer"),
                "{bad}"
            );
        }
        let good = json!({
            "issuer": v1,
            "authorization_endpoint": format!("{login}/oauth2/authorize"),
            "token_endpoint": format!("{login}/oauth2/token"),
            "jwks_uri": "https://login.microsoftonline.com/common/discovery/keys",
        });
        at.fits(&v1, &good).unwrap();
        for (name, wrong) in [
            ("issuer", v2.clone()),
            ("issuer", "https://sts.windows.net/{tenantid}/".to_owned()),
            ("authorization_endpoint", format!("{login}/oauth2/v2.0/authorize")),
            ("authorization_endpoint", "https://evil.example/oauth2/authorize".to_owned()),
            ("token_endpoint", format!("{login}/oauth2/v2.0/token")),
            ("token_endpoint", "https://login.microsoftonline.com/common/oauth2/token".to_owned()),
            ("jwks_uri", "https://evil.example/keys".to_owned()),
            ("jwks_uri", "https://login.microsoftonline.com/common/discovery/v2.0/keys".to_owned()),
        ] {
            let mut bad = good.clone();
            bad[name] = json!(wrong);
            let e = at.fits(&v1, &bad).unwrap_err();
            assert_eq!(e.code_str(), Some("issuer_mismatch"), "{name} {wrong}");
        }
    }
);

pure!(
    fn entra_knows_people_by_oid_in_its_own_tenant_in_both_modes() {
        let v1 = |tid: &str, oid: Value| {
            super::claims(&json!({
                "iss": format!("https://sts.windows.net/{TID}/"), "tid": tid, "oid": oid, "sub": "pairwise",
            }))
        };
        let good = v1(TID, json!("690222be"));
        assert_eq!(subject(Preset::EntraV1, &good).unwrap(), "690222be");
        assert_eq!(subject(Preset::Generic, &good).unwrap(), "pairwise");
        for (bad, code) in [
            (v1("11111111-0000-4000-8000-2d7cd011db47", json!("690222be")), "tenant_mismatch"),
            (v1("", json!("690222be")), "tenant_mismatch"),
            (v1(TID, json!("")), "claim_missing"),
        ] {
            assert_eq!(subject(Preset::EntraV1, &bad).unwrap_err().code_str(), Some(code));
        }
    }
);

pure!(
    fn every_preset_has_a_word_that_is_read_back() {
        for p in Preset::ALL {
            assert_eq!(Preset::parse(p.as_str()), Some(p));
        }
        assert_eq!(Preset::parse("entra-v1"), None);
    }
);
