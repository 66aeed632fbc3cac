//! SCIM's parsers: what they take, what they refuse with which word, and that nothing panics whatever comes.

use crate::pure;
use muster::{
    crypto::jwt,
    protocol::scim::{
        Outcome, Projection, Resource, Rules, Schemas, group_ops, normalise, parse_filter,
        parse_path, patch,
    },
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn ada() -> Map<String, Value> {
    normalise(&Schemas::core(), Rules::ALL,
        Resource::User,
        &json!({
            "userName": "Ada", "active": true, "title": "Engineer",
            "name": {"givenName": "Ada", "familyName": "Tech"},
            "emails": [{"type": "work", "value": "ada@x.example", "primary": true}, {"type": "home", "value": "a@h.example"}],
        }),
    )
    .unwrap()
}

fn code(r: muster::error::Result<impl Sized>) -> &'static str {
    r.err().and_then(|e| e.code_str()).unwrap_or("taken")
}

pure!(
    fn filters_are_read_or_refused_by_name() {
        for good in [
            r#"userName eq "x""#,
            r#"userName Eq "x" AND not (active eq false)"#,
            r#"emails[type eq "work" and value co "@x"]"#,
            r#"emails[type eq "work"].value eq "a@b""#,
            "externalId eq jyoung",
            r#"active eq "True""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "D""#,
            "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName pr",
            r#"meta.lastModified gt "2026-01-01T00:00:00Z""#,
            r#"title pr or (userName eq "a" and title eq null)"#,
            r#"userName eq "a\"b\u00e9""#,
        ] {
            assert_eq!(
                code(parse_filter(&Schemas::core(), Rules::ALL, Resource::User, good)),
                "taken",
                "{good}"
            );
        }
        let deep = format!("{}title pr{}", "(".repeat(40), ")".repeat(40));
        let long = format!("userName eq \"{}\"", "x".repeat(5000));
        for bad in [
            "",
            "userName",
            "userName eq",
            "userName xx \"a\"",
            "nosuch eq \"a\"",
            "(userName eq \"a\"",
            "active gt true",
            "userName eq \"a",
            "emails[type eq \"work\"",
            "userName[type eq \"x\"]",
            "userName eq \"a\" and",
            "title pr pr",
            "meta.created eq \"soon\"",
            "urn:x:y:z eq \"a\"",
            "name eq \"x\"",
            "userName eq \"\\u0000\"",
            &deep,
            &long,
        ] {
            assert_eq!(
                code(parse_filter(&Schemas::core(), Rules::ALL, Resource::User, bad)),
                "invalidFilter",
                "{bad}"
            );
        }
    }
);

pure!(
    fn paths_are_read_or_refused_by_name() {
        for good in [
            "userName",
            "name.familyName",
            r#"emails[type eq "work"]"#,
            r#"emails[type eq "work"].value"#,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department",
            "URN:ietf:params:SCIM:schemas:core:2.0:User:title",
            "manager",
            "urn:other:1.0:User:tag",
        ] {
            assert_eq!(
                code(parse_path(&Schemas::core(), Rules::ALL, Resource::User, good)),
                "taken",
                "{good}"
            );
        }
        for bad in [
            "",
            "nosuch",
            "name.nosuch",
            "emails[type eq \"work\"",
            "emails[].value.x.y",
            "userName[a eq 1]",
            "a\0b",
        ] {
            assert_ne!(
                code(parse_path(&Schemas::core(), Rules::ALL, Resource::User, bad)),
                "taken",
                "{bad}"
            );
        }
    }
);

pure!(
    fn a_failed_operation_changes_nothing_and_says_why() {
        let p =
            |ops: Value| patch(&Schemas::core(), Rules::ALL, &ada(), &json!({"Operations": ops}));
        for (ops, want) in [
            (
                json!([{"op": "replace", "path": "title", "value": "x"}, {"op": "add", "path": "nosuch", "value": 1}]),
                "invalidPath",
            ),
            (json!([{"op": "move", "path": "title"}]), "invalidSyntax"),
            (json!([]), "invalidSyntax"),
            (json!([{"op": "remove"}]), "noTarget"),
            (json!([{"op": "remove", "path": "userName"}]), "mutability"),
            (json!([{"op": "replace", "path": "id", "value": "x"}]), "mutability"),
            (json!([{"op": "replace", "path": "active", "value": "perhaps"}]), "invalidValue"),
            (json!([{"op": "replace", "path": "userName", "value": {}}]), "invalidValue"),
            (
                json!([{"op": "replace", "path": "emails[value co \"nobody\"].type", "value": "x"}]),
                "noTarget",
            ),
            (json!([{"op": "add", "path": "title", "value": "a\u{0}b"}]), "invalidValue"),
        ] {
            assert_eq!(code(p(ops.clone())), want, "{ops}");
        }
    }
);

pure!(
    fn laws_of_patch() {
        let run = |doc: &Map<String, Value>, op: Value| {
            patch(&Schemas::core(), Rules::ALL, doc, &json!({"Operations": [op]})).unwrap()
        };
        let start = ada();
        let phone = json!({"type": "mobile", "value": "+1"});
        let (added, o) =
            run(&start, json!({"op": "Add", "path": "phoneNumbers", "value": [phone]}));
        assert_eq!(o, [Outcome::Applied]);
        let (again, o) =
            run(&added, json!({"op": "add", "path": "phoneNumbers", "value": [phone]}));
        assert_eq!(
            (again, &o[..]),
            (added.clone(), &[Outcome::NoOp][..]),
            "adding what is there is nothing"
        );
        let (back, _) = run(
            &added,
            json!({"op": "Remove", "path": "phoneNumbers", "value": [{"value": "+1"}]}),
        );
        assert_eq!(back, start, "add, then remove");
        let replace = json!({"op": "replace", "path": "name", "value": {"givenName": "Bo"}});
        let (once, _) = run(&start, replace.clone());
        let (twice, o) = run(&once, replace);
        assert_eq!((once.clone(), &o[..]), (twice, &[Outcome::NoOp][..]), "replace is idempotent");
        assert_eq!(
            once["name"],
            json!({"givenName": "Bo", "familyName": "Tech"}),
            "a complex value is merged"
        );
        let (made, _) = run(
            &start,
            json!({"op": "Replace", "path": "phoneNumbers[type eq \"fax\"].value", "value": "9"}),
        );
        assert_eq!(
            made["phoneNumbers"],
            json!([{"type": "fax", "value": "9"}]),
            "an element is made of its condition"
        );
        let (primary, _) = run(
            &start,
            json!({"op": "add", "path": "emails", "value": {"type": "other", "value": "o@x", "primary": true}}),
        );
        let n =
            primary["emails"].as_array().unwrap().iter().filter(|e| e["primary"] == true).count();
        assert_eq!(n, 1, "one primary");
        let (cleared, _) = run(&start, json!({"op": "replace", "path": "title", "value": ""}));
        assert!(!cleared.contains_key("title"));
        let (_, o) =
            run(&start, json!({"op": "replace", "value": {"id": "x", "unheard": 1, "title": "T"}}));
        let ignored =
            |o: &Outcome, name: &str| matches!(o, Outcome::Ignored(why) if why.contains(name));
        assert_eq!(o[0], Outcome::Applied);
        assert!(ignored(&o[1], "'id'") && ignored(&o[2], "unheard"), "{o:?}");
    }
);

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "op",
        "path",
        "value",
        "Operations",
        "schemas",
        "add",
        "Remove",
        "replace",
        "members",
        "emails",
        "type",
        "work",
        "userName",
        "name",
        "manager",
        "active",
        "True",
        "id",
        "displayName",
        "externalId",
        "roles",
        "primary",
        "",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "members[value eq \"x\"]",
        "emails[type eq \"work\"].value",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|l| Value::Object(
                l.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    })
}

/// Texts that look like filters and paths, so that the walk gets beyond the first word.
fn almost() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "userName",
        "emails",
        "name.familyName",
        "meta.created",
        "members",
        " eq ",
        " and ",
        " or ",
        "not ",
        "not(",
        "(",
        ")",
        "[",
        "]",
        ".value",
        "\"a\"",
        "\"",
        "true",
        "null",
        " pr",
        ":",
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "\\",
        "é",
        "\u{1F600}",
        " ",
        ".",
        "type",
        " co ",
        " gt ",
        "1",
    ]);
    prop_oneof![prop::collection::vec(piece, 0..12).prop_map(|p| p.concat()), ".{0,40}"]
}

pure!(
    fn nothing_panics_whatever_comes() {
        proptest!(ProptestConfig::with_cases(3000), |(text in almost(), other in almost(), body in any_json())| {
            for r in [Resource::User, Resource::Group] {
                let _ = parse_filter(&Schemas::core(), Rules::ALL, r, &text);
                let _ = parse_path(&Schemas::core(), Rules::ALL, r, &text);
                let shown = Projection::read(&Schemas::core(), Rules::ALL, r, Some(&text), Some(&other)).apply(ada());
                prop_assert!(shown.len() <= ada().len());
            }
            if let Ok(f) = parse_filter(&Schemas::core(), Rules::ALL, Resource::User, &text) {
                let _ = f.holds(&ada());
                let _ = muster::users::filter::where_user(&f);
            }
            let _ = normalise(&Schemas::core(), Rules::ALL, Resource::User, &body);
            let _ = normalise(&Schemas::core(), Rules::ALL, Resource::Group, &body);
            let _ = group_ops(&Schemas::core(), Rules::ALL, &body);
            if let Ok((doc, outcomes)) = patch(&Schemas::core(), Rules::ALL, &ada(), &body) {
                prop_assert!(doc.contains_key("userName"), "what is required stays: {:?}", outcomes);
            }
            let ops = json!({"Operations": [{"op": "add", "path": text.clone(), "value": body.clone()}, {"op": "replace", "value": body}]});
            let _ = patch(&Schemas::core(), Rules::ALL, &ada(), &ops);
            let _ = group_ops(&Schemas::core(), Rules::ALL, &ops);
            let _ = jwt::header(&text);
            let _ = jwt::verify(&format!("{text}.{other}.{text}"), &[], &[]);
        });
    }
);
