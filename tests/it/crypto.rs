//! Prefixed tokens, sealing, JWT.

use crate::pure;
use muster::{
    crypto::{
        jwt::{self, Alg, Signable, Signer},
        seal::MasterKey,
        token::{self, Kind},
    },
    secret::ExposeSecret as _,
};

pure!(
    fn a_token_of_any_other_shape_is_not_looked_up() {
        let (secret, hash) = token::generate(Kind::Refresh);
        let text = secret.expose_secret();
        assert_eq!(token::hash(Kind::Refresh, text).as_deref(), Some(hash.as_str()));
        assert_eq!(token::hash(Kind::Code, text), None, "another kind");
        for cut in 0..text.len() {
            assert_eq!(token::hash(Kind::Refresh, &text[..cut]), None, "a prefix of {cut}");
            assert_eq!(token::hash(Kind::Refresh, &text[cut + 1..]), None, "a suffix from {cut}");
        }
        assert_eq!(token::hash(Kind::Refresh, &format!("{text}A")), None);
        for (i, c) in text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()) {
            let flipped = if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            };
            let mut other = text.to_owned();
            other.replace_range(i..=i, &flipped.to_string());
            assert_eq!(token::hash(Kind::Refresh, &other), None, "case changed at {i}");
        }
    }
);

pure!(
    fn refresh_tokens_of_a_family_share_the_selector_and_nothing_else() {
        let (first, first_hash) = token::generate(Kind::Refresh);
        let (selector, hash) = token::refresh_parts(first.expose_secret()).unwrap();
        assert_eq!(hash, first_hash);
        let (next, next_hash) = token::generate_next(selector);
        let (first, next) = (first.expose_secret(), next.expose_secret());
        assert_eq!(token::refresh_parts(next), Some((selector, next_hash)));
        let shared = first.bytes().zip(next.bytes()).take_while(|(a, b)| a == b).count();
        let own = first.len() - "mst_rt_".len() - selector.len();
        assert!(shared < first.len() - own + 8, "{shared} characters are the same");
        assert!(own >= 43, "256 bits are the token's own");
        assert_eq!(token::refresh_parts(&next.replace("mst_rt_", "mst_code_")), None);
    }
);

pure!(
    fn a_sealed_value_opens_only_where_it_stood() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal("directories/1/client_secret", b"hush").unwrap();
        assert_eq!(key.open("directories/1/client_secret", &sealed).unwrap(), b"hush");
        assert!(key.open("directories/2/client_secret", &sealed).is_err());
        assert!(
            MasterKey::generate().unwrap().open("directories/1/client_secret", &sealed).is_err()
        );
        assert!(!format!("{key:?}{sealed}").contains("hush"));
    }
);

pure!(
    fn every_algorithm_signs_and_verifies_and_none_stands_for_another() {
        for alg in [Alg::ES256, Alg::EdDSA, Alg::RS256] {
            let signer = Signer::new("k1".into(), alg, &jwt::generate(alg).unwrap()).unwrap();
            let what = Signable::for_gate("at+jwt", br#"{"sub":"x"}"#.to_vec());
            let token = signer.sign(&what).unwrap();
            let keys = [signer.jwk()];
            let v = jwt::verify(&token, &keys, &[alg]).unwrap();
            assert_eq!(v.claims["sub"], "x");
            assert_eq!(v.header.typ.as_deref(), Some("at+jwt"));
            for other in [Alg::ES256, Alg::EdDSA, Alg::RS256, Alg::PS256] {
                if other != alg {
                    assert!(jwt::verify(&token, &keys, &[other]).is_err());
                }
            }
            let mut cut = token.clone();
            cut.pop();
            assert!(jwt::verify(&cut, &keys, &[alg]).is_err());
        }
    }
);
