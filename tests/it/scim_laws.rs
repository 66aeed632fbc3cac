//! The laws of PATCH, over any operation on any person: what fails changes nothing, what is repeated has nothing to do,
//! what is added and taken away leaves no trace, and strictness refuses what leniency takes.

use crate::pure;
use muster::protocol::scim::{
    Outcome, Patch, Resource, Rules, Schemas,
    extension::Declaration,
    normalise, parse_filter, patch,
    schema::{Attr, Mutability, Type},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

const WORK: &str = "urn:contoso:params:scim:schemas:extension:work:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Core, enterprise, and the extension of the conversations.
static SCHEMAS: LazyLock<Arc<Schemas>> = LazyLock::new(|| {
    let text = include_str!("../../scim-tests/extension.json");
    let d: Declaration = serde_json::from_str(text).expect("a declaration");
    Arc::new(Schemas::with(vec![d.schema().expect("a schema")]))
});

fn body(ops: &[Value]) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": ops})
}

fn doc(v: &Value) -> Map<String, Value> {
    normalise(&SCHEMAS, Rules::ALL, Resource::User, v).expect("a person")
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "B", "b", "work", "home", "x@y.example", "7", "ä"])
        .prop_map(str::to_owned)
}

fn element() -> impl Strategy<Value = Value> {
    (word(), prop::sample::select(vec!["work", "home", "fax"]), any::<Option<bool>>()).prop_map(
        |(v, t, p)| {
            let mut e = json!({"value": v, "type": t});
            if let Some(p) = p {
                e["primary"] = p.into();
            }
            e
        },
    )
}

fn person() -> impl Strategy<Value = Map<String, Value>> {
    (
        proptest::option::of(word()),
        prop::collection::vec(element(), 0..4),
        proptest::option::of(word()),
        prop::collection::vec(word(), 0..4),
        proptest::option::of(-9i64..9),
    )
        .prop_map(|(title, emails, family, teams, floor)| {
            doc(&json!({
                "userName": "ada", "active": true, "title": title, "emails": emails, "name": {"familyName": family},
                ENTERPRISE: {"department": title, "manager": {"value": family}},
                WORK: {"teams": teams, "keys": teams, "floor": floor, "desk": {"house": family}},
            }))
        })
}

/// Operations that mean something, some of them wrong, some of them as directories write them.
fn operation() -> impl Strategy<Value = Value> {
    let op = prop::sample::select(vec!["add", "replace", "remove", "Add", "Replace", "Remove"]);
    let path = prop::sample::select(vec![
        "title".to_owned(),
        "userName".to_owned(),
        "active".to_owned(),
        "name".to_owned(),
        "name.familyName".to_owned(),
        "emails".to_owned(),
        "emails.value".to_owned(),
        "emails[type eq \"work\"]".to_owned(),
        "emails[type eq \"work\"].value".to_owned(),
        "emails[type eq \"fax\" and primary eq true].value".to_owned(),
        "emails[value co \"a\"].primary".to_owned(),
        "manager".to_owned(),
        format!("{ENTERPRISE}:manager.value"),
        format!("{ENTERPRISE}.department"),
        ENTERPRISE.to_owned(),
        WORK.to_owned(),
        format!("{WORK}:teams"),
        format!("{WORK}:keys"),
        format!("{WORK}:keys[value eq \"a\"]"),
        format!("{WORK}:floor"),
        format!("{WORK}:hired"),
        format!("{WORK}:desk.number"),
        "id".to_owned(),
        "nosuch".to_owned(),
        "urn:who:knows:tag".to_owned(),
        "password".to_owned(),
    ]);
    let value = prop_oneof![
        word().prop_map(Value::from),
        Just(Value::Null),
        Just(json!("")),
        Just(json!({})),
        any::<bool>().prop_map(Value::from),
        Just(json!("True")),
        (-9i64..9).prop_map(Value::from),
        element(),
        prop::collection::vec(element(), 0..3).prop_map(Value::from),
        prop::collection::vec(word(), 0..3).prop_map(Value::from),
        (word(), word()).prop_map(
            |(a, b)| json!({"familyName": a, "house": b, "floor": 3, "teams": [a], "department": b})
        ),
        word().prop_map(|w| json!({"title": w, "name.givenName": "G", "id": "x", "shoe": 1})),
    ];
    (op, proptest::option::weighted(0.9, path), proptest::option::weighted(0.9, value)).prop_map(
        |(o, p, v)| {
            let mut op = json!({"op": o});
            if let Some(p) = p {
                op["path"] = p.into();
            }
            if let Some(v) = v {
                op["value"] = v;
            }
            op
        },
    )
}

fn is_add(op: &Value) -> bool {
    op["op"].as_str().is_some_and(|o| o.eq_ignore_ascii_case("add"))
}

fn run(
    rules: Rules,
    doc: &Map<String, Value>,
    ops: &[Value],
) -> Option<(Map<String, Value>, Vec<Outcome>)> {
    patch(&SCHEMAS, rules, doc, &body(ops)).ok()
}

pure!(
    fn what_is_repeated_has_nothing_to_do() {
        proptest!(ProptestConfig::with_cases(6000), |(before in person(), op in operation())| {
            let Some((once, _)) = run(Rules::ALL, &before, std::slice::from_ref(&op)) else { return Ok(()) };
            // An element that a condition chose may not meet it any more, and is then made a second time.
            let moves = op["path"].as_str().is_some_and(|p| p.contains('['));
            if let Some((twice, outcomes)) = run(Rules::ALL, &once, std::slice::from_ref(&op)) && !moves {
                prop_assert_eq!(&twice, &once, "{}", op);
                prop_assert!(!outcomes.contains(&Outcome::Applied), "{op}: {outcomes:?}");
            }
        });
    }
);

pure!(
    fn an_outcome_says_what_happened() {
        proptest!(ProptestConfig::with_cases(6000), |(before in person(), op in operation())| {
            let Some((after, outcomes)) = run(Rules::ALL, &before, std::slice::from_ref(&op)) else { return Ok(()) };
            prop_assert!(!outcomes.is_empty(), "{op}: a silent yes");
            prop_assert_eq!(after != before, outcomes.contains(&Outcome::Applied), "{}: {:?}", op, outcomes);
            let again = normalise(&SCHEMAS, Rules::NONE, Resource::User, &json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            }).as_object().map(|s| { let mut d = after.clone(); d.extend(s.clone()); Value::Object(d) }).unwrap());
            prop_assert_eq!(again.ok(), Some(after), "{}: what is kept is a document by the RFC's letter", op);
        });
    }
);

pure!(
    fn all_or_nothing_in_order() {
        proptest!(ProptestConfig::with_cases(4000), |(before in person(), ops in prop::collection::vec(operation(), 1..5))| {
            let mut step = Some(before.clone());
            for op in &ops {
                step = step.and_then(|d| run(Rules::ALL, &d, std::slice::from_ref(op))).map(|(d, _)| d);
            }
            let whole = run(Rules::ALL, &before, &ops).map(|(d, _)| d);
            prop_assert_eq!(whole, step, "{:?}", ops);
            // The document given is not the one that changes.
            let kept = before.clone();
            let _ = run(Rules::ALL, &before, &ops);
            prop_assert_eq!(kept, before);
        });
    }
);

pure!(
    fn what_is_added_and_taken_away_leaves_no_trace() {
        let attrs = prop::sample::select(vec!["emails", "phoneNumbers", "ims", "roles"]);
        proptest!(ProptestConfig::with_cases(3000), |(before in person(), attr in attrs, e in element(), tag in word())| {
            // Something that is not there yet, and that takes nobody's place as the preferred one.
            let mut e = e;
            e["value"] = json!(format!("new-{}", e["value"].as_str().unwrap()));
            e.as_object_mut().unwrap().remove("primary");
            let path = format!("{attr}[value eq {}]", e["value"]);
            for remove in [json!({"op": "remove", "path": path}), json!({"op": "remove", "path": attr, "value": [e.clone()]})] {
                let ops = [json!({"op": "add", "path": attr, "value": [e.clone()]}), remove];
                prop_assert_eq!(run(Rules::ALL, &before, &ops).map(|(d, _)| d), Some(before.clone()), "{:?}", ops);
            }
            let key = format!("new-{tag}");
            let at = format!("{WORK}:keys");
            let ops = [
                json!({"op": "add", "path": at, "value": [key]}),
                json!({"op": "remove", "path": format!("{at}[value eq \"{key}\"]")}),
            ];
            prop_assert_eq!(run(Rules::NONE, &before, &ops).map(|(d, _)| d), Some(before.clone()), "{:?}", ops);
            if !before.contains_key("nickName") {
                let ops = [json!({"op": "add", "path": "nickName", "value": tag}), json!({"op": "remove", "path": "nickName"})];
                prop_assert_eq!(run(Rules::NONE, &before, &ops).map(|(d, _)| d), Some(before), "{:?}", ops);
            }
        });
    }
);

/// A value that a simple attribute may have, the `n`th of two.
fn some_value(a: &Attr, n: usize) -> Value {
    match a.ty {
        Type::Boolean => json!(n == 0),
        Type::Integer => json!(3 + n),
        Type::Decimal => json!([0.5, 7.25][n]),
        Type::DateTime => json!(["2024-02-29T12:00:00.000000Z", "2025-01-01T00:00:00.000000Z"][n]),
        Type::Binary => json!(["b25l", "dHdv"][n]),
        _ => json!(["one", "two"][n]),
    }
}

/// Every path by which something can be written: of the core and of both extensions, with and without the URN.
fn writable() -> Vec<(String, Attr, Option<Attr>)> {
    let mut all = Vec::new();
    for schema in SCHEMAS.all().filter(|s| s.resource == Resource::User) {
        for a in &schema.attrs {
            if a.mutability != Mutability::ReadWrite || a.required {
                continue;
            }
            let whole = format!("{}:{}", schema.urn, a.name);
            let core = &*schema.urn == Resource::User.urn();
            let names = if core { vec![a.name.clone(), whole.to_uppercase()] } else { vec![whole] };
            for name in names {
                all.push((name.clone(), (**a).clone(), None));
                let subs =
                    a.subs.iter().filter(|s| a.complex() && s.mutability == Mutability::ReadWrite);
                all.extend(
                    subs.map(|s| {
                        (format!("{name}.{}", s.name), (**a).clone(), Some((**s).clone()))
                    }),
                );
            }
        }
    }
    all
}

/// Two different values for a path.
fn two_values(a: &Attr, sub: Option<&Attr>) -> [Value; 2] {
    [0, 1].map(|n| {
        let object = || {
            let parts = a
                .subs
                .iter()
                .filter(|s| s.mutability == Mutability::ReadWrite && s.name != "primary");
            Value::Object(parts.map(|s| (s.name.clone(), some_value(s, n))).collect())
        };
        match sub {
            Some(s) => some_value(s, n),
            None if a.multi && a.complex() => json!([object()]),
            None if a.multi => json!([some_value(a, n)]),
            None if a.complex() => object(),
            None => some_value(a, n),
        }
    })
}

pure!(
    fn every_attribute_comes_and_goes_by_the_letter() {
        let nobody = doc(&json!({"userName": "ada", "active": true}));
        let paths = writable();
        assert!(paths.len() > 120, "{}", paths.len());
        for (path, a, sub) in paths {
            let [one, two] = two_values(&a, sub.as_ref());
            let op = |verb: &str, v: &Value| json!({"op": verb, "path": path, "value": v});
            let remove = json!({"op": "remove", "path": path});
            let run = |d: &Map<String, Value>, ops: &[Value]| run(Rules::NONE, d, ops);
            // A part of a value that is not there has no place where it could go.
            if a.multi && sub.is_some() {
                assert!(run(&nobody, &[op("replace", &one)]).is_none(), "{path}");
                continue;
            }
            let (added, outcome) =
                run(&nobody, &[op("add", &one)]).unwrap_or_else(|| panic!("{path}: add {one}"));
            assert_eq!(outcome, [Outcome::Applied], "{path}");
            let (replaced, _) = run(&nobody, &[op("replace", &one)])
                .unwrap_or_else(|| panic!("{path}: replace {one}"));
            assert_eq!(replaced, added, "{path}: nothing is replaced by what add would add");
            for verb in ["add", "replace"] {
                let (again, outcome) = run(&added, &[op(verb, &one)]).unwrap();
                assert_eq!(
                    (again, outcome),
                    (added.clone(), vec![Outcome::NoOp]),
                    "{path}: {verb} again"
                );
            }
            let (gone, _) = run(&added, std::slice::from_ref(&remove))
                .unwrap_or_else(|| panic!("{path}: remove"));
            assert_eq!(gone, nobody, "{path}: added and removed");
            let (_, outcome) = run(&nobody, &[remove]).unwrap();
            assert_eq!(outcome, [Outcome::NoOp], "{path}: nothing to remove");
            // The second replaces the first, of several values as well; null is no value.
            let (second, _) = run(&added, &[op("replace", &two)]).unwrap();
            assert_eq!(
                Some(second),
                run(&nobody, &[op("add", &two)]).map(|(d, _)| d),
                "{path}: {two} for {one}"
            );
            let (null, _) = run(&added, &[op("replace", &Value::Null)])
                .unwrap_or_else(|| panic!("{path}: null"));
            assert_eq!(null, nobody, "{path}: null");
        }
    }
);

pure!(
    fn an_element_made_of_its_condition_goes_as_it_came() {
        proptest!(ProptestConfig::with_cases(1500), |(before in person(), w in word())| {
            for attr in ["emails", "phoneNumbers", "photos", "addresses"] {
                let sub = if attr == "addresses" { "locality" } else { "value" };
                let chosen = format!("{attr}[type eq \"new\"]");
                let ops = |last: Value| [
                    json!({"op": "Add", "path": format!("{chosen}.{sub}"), "value": w}),
                    json!({"op": "Replace", "path": format!("{chosen}.{sub}"), "value": format!("{w}2")}),
                    last,
                ];
                let made = run(Rules::ALL, &before, &ops(json!({"op": "Add", "path": format!("{chosen}.display"), "value": "D"}))[..2]);
                let list = made.map(|(d, _)| d[attr].clone()).unwrap();
                let new: Vec<&Value> = list.as_array().unwrap().iter().filter(|e| e["type"] == "new").collect();
                let want = json!({"type": "new", sub: format!("{w}2")});
                prop_assert_eq!(new, vec![&want], "one, and not two");
                for last in [json!({"op": "Remove", "path": chosen}), json!({"op": "Remove", "path": attr, "value": [{"type": "new"}]})] {
                    prop_assert_eq!(run(Rules::ALL, &before, &ops(last.clone())).map(|(d, _)| d), Some(before.clone()), "{}", last);
                }
            }
        });
    }
);

pure!(
    fn strictness_takes_less_and_means_the_same() {
        proptest!(ProptestConfig::with_cases(6000), |(before in person(), op in operation())| {
            let strict = run(Rules::NONE, &before, std::slice::from_ref(&op));
            let lenient = run(Rules::ALL, &before, std::slice::from_ref(&op));
            if let Some((strict, _)) = strict {
                let lenient = lenient.map(|(d, _)| d);
                // The one rule that gives an operation of the RFC another meaning, by the administrator's word (1.11).
                let whole = is_add(&op) && op.to_string().contains("teams");
                prop_assert!(whole || lenient == Some(strict), "{op}");
            }
        });
    }
);

pure!(
    fn reading_is_the_same_however_often() {
        proptest!(ProptestConfig::with_cases(2000), |(ops in prop::collection::vec(operation(), 1..4), w in word())| {
            for rules in [Rules::ALL, Rules::NONE] {
                let read = || Patch::read(&SCHEMAS, rules, Resource::User, &body(&ops));
                prop_assert_eq!(read().ok(), read().ok());
            }
            let f = format!("{WORK}:teams eq \"{w}\" and {WORK}:desk.house pr");
            prop_assert!(parse_filter(&SCHEMAS, Rules::NONE, Resource::User, &f).is_ok());
        });
    }
);

pure!(
    fn passwords_are_not_asked_for() {
        for f in ["password eq \"x\"", "userName eq \"a\" and password sw \"x\"", "password pr"] {
            let e = parse_filter(&SCHEMAS, Rules::ALL, Resource::User, f).unwrap_err();
            assert_eq!(e.code_str(), Some("sensitive"), "{f}");
        }
    }
);
