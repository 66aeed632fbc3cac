//! OAuth parameters, over any text: nothing panics, what is read is read again, and what stands twice is refused.

use crate::pure;
use muster::oauth::params::Params;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn pairs() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-zä&=+% _]{1,6}", "[ -~ä€]{0,8}", 1..6)
}

fn encoded<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pure!(
    fn whatever_comes_is_read_or_refused() {
        proptest!(|(text in any::<String>())| {
            if let Ok(read) = Params::read(&text) {
                let again = Params::read(&read.query()).ok().map(|p| p.query());
                prop_assert_eq!(again, Some(read.query()));
                let _ = read.scopes();
            }
        });
    }
);

pure!(
    fn each_parameter_is_what_was_sent_and_an_empty_one_is_absent() {
        proptest!(|(sent in pairs())| {
            let Ok(read) = Params::read(&encoded(&sent)) else { panic!("each name once") };
            for (name, value) in &sent {
                let want = (!value.is_empty()).then_some(value.as_str());
                prop_assert_eq!(read.get(name), want);
                prop_assert_eq!(read.need(name).is_ok(), want.is_some());
            }
            prop_assert_eq!(read.get("absent_1"), None);
        });
    }
);

pure!(
    fn a_parameter_that_stands_twice_is_refused_wherever_and_with_whatever_value() {
        proptest!(|(sent in pairs(), which in any::<prop::sample::Index>(), value in "[a-z]{0,3}")| {
            let name = which.get(&sent.keys().collect::<Vec<_>>()).to_owned();
            let twice = encoded([(name, &value)]);
            for text in [[encoded(&sent), twice.clone()], [twice.clone(), encoded(&sent)]] {
                prop_assert!(Params::read(&text.join("&")).is_err());
            }
        });
    }
);

pure!(
    fn scopes_stand_once_each_and_have_their_characters() {
        proptest!(|(text in "[ -~ä]{0,20}")| {
            let query = encoded([(&"scope".to_owned(), &text)]);
            let Ok(read) = Params::read(&query) else { panic!("one parameter") };
            let fits = text.bytes().all(|b| matches!(b, 0x20..=0x7e) && !matches!(b, b'"' | b'\\'));
            match read.scopes() {
                Ok(scopes) => {
                    prop_assert!(fits);
                    prop_assert!(text.split(' ').filter(|s| !s.is_empty()).all(|s| scopes.iter().any(|o| o == s)));
                    let once: std::collections::BTreeSet<_> = scopes.iter().collect();
                    prop_assert_eq!(once.len(), scopes.len());
                }
                Err(_) => prop_assert!(!fits),
            }
        });
    }
);
