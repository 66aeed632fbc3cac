//! Documents from outside as they are read: what the standard's reader makes of them, and no name twice.

use crate::pure;
use muster::json::{Fault, Names, read};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Names that differ in case, and so that small objects and large ones have some twice.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("value".to_owned()), Just("Value".to_owned()), "[a-dA-D]{1,3}", "\\PC{0,4}",]
}

/// A document in which objects may have a name twice, as text and as what the standard's reader would take of it.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
        "\\PC{0,8}".prop_map(|s| Value::from(s).to_string()),
    ];
    leaf.prop_recursive(4, 60, 20, |inner| {
        let member = (name(), inner.clone()).prop_map(|(k, v)| format!("{}:{v}", Value::from(k)));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|l| format!("[{}]", l.join(","))),
            prop::collection::vec(member, 0..20).prop_map(|l| format!("{{{}}}", l.join(","))),
        ]
    })
}

/// How many members the objects of a text have, however they are named: each colon outside of a text is one.
fn members(text: &str) -> usize {
    let (mut within, mut escaped, mut n) = (false, false, 0);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => within = !within,
            ':' if !within => n += 1,
            _ => {}
        }
    }
    n
}

/// The same of what was read, and whether an object has names that differ in case alone.
fn counted(v: &Value) -> (usize, bool) {
    let add = |(n, f): (usize, bool), v| {
        let (m, g) = counted(v);
        (n + m, f || g)
    };
    match v {
        Value::Array(l) => l.iter().fold((0, false), add),
        Value::Object(o) => o.values().fold((o.len(), folds(o)), add),
        _ => (0, false),
    }
}
fn folds(o: &Map<String, Value>) -> bool {
    let mut names: Vec<_> = o.keys().map(|k| k.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.windows(2).any(|w| w[0] == w[1])
}

pure!(
    fn what_has_no_name_twice_is_read_as_the_standards_reader_does_and_nothing_else() {
        proptest!(ProptestConfig::with_cases(3000), |(text in document())| {
            let plain: Value = serde_json::from_str(&text).unwrap();
            let (kept, folds) = counted(&plain);
            let once = kept == members(&text);
            match read(text.as_bytes(), Names::Exact) {
                Ok(v) => { prop_assert!(once, "{text}"); prop_assert_eq!(v, plain.clone()); }
                Err(Fault::Twice(_)) => prop_assert!(!once, "{text}"),
                Err(Fault::Syntax(e)) => prop_assert!(false, "{e}: {text}"),
            }
            match read(text.as_bytes(), Names::Folded) {
                Ok(v) => { prop_assert!(once && !folds, "{text}"); prop_assert_eq!(v, plain); }
                Err(Fault::Twice(_)) => prop_assert!(!once || folds, "{text}"),
                Err(Fault::Syntax(e)) => prop_assert!(false, "{e}: {text}"),
            }
        });
    }
);
pure!(
    fn the_name_is_said_as_it_was_sent_wherever_it_stands() {
        let said = |text: &str, names| match read(text.as_bytes(), names) {
            Err(Fault::Twice(name)) => Some(name),
            _ => None,
        };
        assert_eq!(said(r#"{"a":1,"b":2,"\u0061":3}"#, Names::Exact).as_deref(), Some("a"));
        assert_eq!(said(r#"[[{"x":{"op":1,"Op":2}}]]"#, Names::Folded).as_deref(), Some("Op"));
        assert_eq!(said(r#"{"op":1,"Op":2}"#, Names::Exact), None);
        // Many names are looked up in another way than few.
        for n in [2, 11, 12, 13, 14, 40] {
            let list: Vec<_> = (0..n).map(|i| format!("\"n{i}\":0")).collect();
            for at in [0, n / 2, n - 1] {
                let text = format!("{{{},\"N{at}\":0}}", list.join(","));
                assert_eq!(said(&text, Names::Folded), Some(format!("N{at}")), "{text}");
                assert_eq!(said(&text, Names::Exact), None, "{text}");
            }
        }
    }
);
pure!(
    fn what_is_no_json_is_not_read_and_depth_has_an_end() {
        for text in ["", "{", "{}x", "[1,]", "{\"a\" 1}", "nul", "1e999", "\"\\ud800\""] {
            assert!(
                matches!(read(text.as_bytes(), Names::Folded), Err(Fault::Syntax(_))),
                "{text}"
            );
        }
        assert!(matches!(read(b"{\"a\":\"\xff\"}", Names::Folded), Err(Fault::Syntax(_))));
        let deep = "[".repeat(100_000);
        assert!(matches!(read(deep.as_bytes(), Names::Folded), Err(Fault::Syntax(_))));
        // Where the standard's reader ends, and not before.
        for (begin, end) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let open = begin.matches(['[', '{']).count();
            for n in 120 / open..=136 / open {
                let text = [begin.repeat(n), "0".to_owned(), end.repeat(n)].concat();
                let reads = n * open < 128;
                assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), reads, "{text}");
                assert_eq!(read(text.as_bytes(), Names::Folded).is_ok(), reads, "{text}");
            }
        }
    }
);
