//! Each rewrite by itself: what is sent, what it becomes, and that it stays as it was where its rule is off.

use crate::pure;
use muster::protocol::scim::{
    Outcome, Resource, Rule, Rules, Schemas, group_ops, parse_filter, parse_path, patch,
    quirks::value::{item, whole},
    read_body,
    schema::{Attr, Named},
};
use serde_json::{Value, json};
use std::sync::Arc;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn attr(name: &str) -> Arc<Attr> {
    match Schemas::core().resolve(Rules::ALL, Rule::Manager, Resource::User, name) {
        Ok(Named::Attr(p)) => p.sub.unwrap_or(p.at.attr),
        other => panic!("{name}: {other:?}"),
    }
}

pure!(
    fn values_become_what_the_schema_wants() {
        let role = r#"{"id":"1","value":"writer","displayName":"Writer"}"#;
        for (rule, name, sent, want) in [
            (Rule::Texts, "active", json!("False"), json!(false)),
            (Rule::Texts, "active", json!("TRUE"), json!(true)),
            (Rule::Texts, "employeeNumber", json!(7), json!("7")),
            (
                Rule::Texts,
                "emails",
                json!([{"value": "a", "primary": "True"}]),
                json!([{"value": "a", "primary": true}]),
            ),
            (Rule::Empty, "title", json!(""), Value::Null),
            (Rule::Empty, "manager", json!({"value": ""}), json!({"value": null})),
            (Rule::Manager, "manager", json!("u1"), json!({"value": "u1"})),
            (Rule::Manager, "manager", json!([{"value": "u1"}]), json!({"value": "u1"})),
            (Rule::Bare, "emails", json!(["a@x"]), json!([{"value": "a@x"}])),
            (Rule::Bare, "emails", json!({"value": "a@x"}), json!([{"value": "a@x"}])),
            (
                Rule::Roles,
                "roles",
                json!([{"value": role, "primary": true}]),
                json!([{"value": "writer", "display": "Writer", "primary": true}]),
            ),
            // A name is the same in any case; what else there is stays, but for the name that it brings itself.
            (
                Rule::Roles,
                "roles",
                json!([{"Value": role, "Type": "app", "display": "old"}]),
                json!([{"Type": "app", "value": "writer", "display": "Writer"}]),
            ),
        ] {
            let a = attr(name);
            assert_eq!(whole(Rules::NONE.with(rule), &a, sent.clone()), want, "{name} {sent}");
            assert_eq!(
                whole(Rules::ALL.without(rule), &a, sent.clone()),
                sent,
                "{name} {sent} without {}",
                rule.id()
            );
            assert_eq!(whole(Rules::ALL, &a, want.clone()), want, "{name}: what is right stays");
        }
        assert_eq!(item(Rules::ALL, &attr("roles"), json!("admin")), json!({"value": "admin"}));
        let perhaps = json!("perhaps");
        assert_eq!(whole(Rules::ALL, &attr("active"), perhaps.clone()), perhaps);
    }
);

/// What an operation makes of a person, or the word that refuses it.
fn done(rules: Rules, body: &Value) -> Result<Value, &'static str> {
    let doc = json!({
        "userName": "Ada", "active": true, "title": "Engineer",
        "name": {"givenName": "Ada", "familyName": "Tech"},
        "emails": [{"type": "work", "value": "ada@x.example"}, {"type": "home", "value": "a@h.example"}],
    });
    let doc = doc.as_object().unwrap();
    match patch(&Schemas::core(), rules, doc, body) {
        Ok((after, outcomes)) if after == *doc => match outcomes.as_slice() {
            [Outcome::Ignored(_)] => Err("ignored"),
            _ => Err("nothing"),
        },
        Ok((after, _)) => Ok(Value::Object(after)),
        Err(e) => Err(e.code_str().unwrap_or("?")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "each is written where it is used")]
fn ops(op: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [op]})
}

pure!(
    fn an_operation_means_what_the_rfcs_form_of_it_means() {
        let fax = r#"phoneNumbers[type eq "fax"].value"#;
        let dotted = format!("{ENTERPRISE}.department");
        let right = format!("{ENTERPRISE}:department");
        let manager = format!("{ENTERPRISE}:manager");
        for (rule, sent, rfc, strict) in [
            (
                Rule::Verbs,
                json!({"op": "Replace", "path": "title", "value": "T"}),
                json!({"op": "replace", "path": "title", "value": "T"}),
                "invalidSyntax",
            ),
            (
                Rule::Verbs,
                json!({"Op": "replace", "Path": "title", "Value": "T"}),
                json!({"op": "replace", "path": "title", "value": "T"}),
                "invalidSyntax",
            ),
            (
                Rule::Texts,
                json!({"op": "replace", "path": "active", "value": "False"}),
                json!({"op": "replace", "path": "active", "value": false}),
                "invalidValue",
            ),
            (
                Rule::Elements,
                json!({"op": "replace", "path": fax, "value": "9"}),
                json!({"op": "add", "path": "phoneNumbers", "value": [{"type": "fax", "value": "9"}]}),
                "noTarget",
            ),
            (
                Rule::UrnDot,
                json!({"op": "add", "path": dotted, "value": "D"}),
                json!({"op": "add", "path": right, "value": "D"}),
                "ignored",
            ),
            (
                Rule::Manager,
                json!({"op": "add", "path": "manager", "value": {"value": "u1"}}),
                json!({"op": "add", "path": manager, "value": {"value": "u1"}}),
                "invalidPath",
            ),
            (
                Rule::Manager,
                json!({"op": "add", "path": manager, "value": "u1"}),
                json!({"op": "add", "path": manager, "value": {"value": "u1"}}),
                "invalidValue",
            ),
            (
                Rule::Keys,
                json!({"op": "replace", "value": {"name.familyName": "U"}}),
                json!({"op": "replace", "path": "name.familyName", "value": "U"}),
                "ignored",
            ),
            (
                Rule::Keys,
                json!({"op": "replace", "value": {"emails[type eq \"work\"].value": "b@x"}}),
                json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@x"}),
                "ignored",
            ),
            (
                Rule::RemoveValues,
                json!({"op": "remove", "path": "emails", "value": [{"value": "a@h.example"}]}),
                json!({"op": "remove", "path": "emails[value eq \"a@h.example\"]"}),
                "invalidValue",
            ),
            (
                Rule::Bare,
                json!({"op": "add", "path": "roles", "value": "admin"}),
                json!({"op": "add", "path": "roles", "value": [{"value": "admin"}]}),
                "invalidValue",
            ),
            (
                Rule::Empty,
                json!({"op": "replace", "path": "title", "value": ""}),
                json!({"op": "replace", "path": "title", "value": null}),
                "invalidValue",
            ),
            (
                Rule::Empty,
                json!({"op": "replace", "path": "", "value": {"title": "T"}}),
                json!({"op": "replace", "value": {"title": "T"}}),
                "invalidPath",
            ),
            (
                Rule::Echo,
                json!({"op": "replace", "value": {"id": "x", "title": "T"}}),
                json!({"op": "replace", "value": {"title": "T"}}),
                "mutability",
            ),
            (
                Rule::Foreign,
                json!({"op": "replace", "value": {"shoeSize": 43, "title": "T"}}),
                json!({"op": "replace", "value": {"title": "T"}}),
                "invalidPath",
            ),
            (
                Rule::Password,
                json!({"op": "replace", "value": {"password": "x", "title": "T"}}),
                json!({"op": "replace", "value": {"title": "T"}}),
                "invalidValue",
            ),
        ] {
            let (sent, rfc) = (ops(sent), ops(rfc));
            let want = done(Rules::NONE, &rfc);
            assert!(want.is_ok(), "{rfc}: {want:?}");
            assert_eq!(done(Rules::ALL, &sent), want, "{sent}");
            let off = Rules::ALL.without(rule);
            assert_eq!(done(off, &sent), Err(strict), "{sent} without {}", rule.id());
            assert!(done(Rules::NONE, &sent).is_err(), "{sent}, strictly");
        }
        let op = json!([{"op": "replace", "path": "title", "value": "T"}]);
        let other = json!({"operations": op.clone()});
        assert_eq!(done(Rules::ALL, &other), done(Rules::NONE, &ops(op[0].clone())));
        assert_eq!(done(Rules::ALL.without(Rule::Verbs), &other), Err("invalidSyntax"));
        assert_eq!(
            done(Rules::ALL.without(Rule::Schemas), &json!({"Operations": op})),
            Err("invalidSyntax")
        );
        let foreign = ops(json!({"op": "add", "path": "urn:other:1.0:User:tag", "value": 1}));
        assert_eq!(done(Rules::ALL, &foreign), Err("ignored"));
        assert_eq!(done(Rules::ALL.without(Rule::Foreign), &foreign), Err("invalidPath"));
        let gone = ops(json!({"op": "remove", "path": fax}));
        assert_eq!(done(Rules::ALL, &gone), Err("nothing"));
        assert_eq!(done(Rules::ALL.without(Rule::Elements), &gone), Err("noTarget"));
    }
);

pure!(
    fn assignments_that_ended_go() {
        let role =
            |v: &str| json!({"value": json!({"id": v, "value": v, "displayName": v}).to_string()});
        let add = ops(json!({"op": "Add", "path": "roles", "value": [role("writer")]}));
        let doc = json!({"userName": "Ada", "roles": [{"value": "auditor", "display": "auditor"}]});
        let run = |rules| {
            patch(&Schemas::core(), rules, doc.as_object().unwrap(), &add).unwrap().0["roles"]
                .clone()
        };
        assert_eq!(run(Rules::ALL), json!([{"value": "writer", "display": "writer"}]));
        assert_eq!(run(Rules::ALL.without(Rule::Roles)).as_array().unwrap().len(), 2);
    }
);

pure!(
    fn a_groups_operations_are_the_same_ones() {
        use muster::protocol::scim::GroupOp::{Add, Clear, Remove, Rename, Replace};
        let (u1, u2) = ("u1".to_owned(), "u2".to_owned());
        for (sent, want) in [
            (
                json!({"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "u1"}]}),
                vec![Remove(vec![u1.clone()])],
            ),
            (
                json!({"op": "remove", "path": "members[value eq \"u1\" or value eq \"u2\"]"}),
                vec![Remove(vec![u1.clone(), u2.clone()])],
            ),
            (json!({"op": "remove", "path": "members"}), vec![Clear]),
            (json!({"op": "remove", "path": "members", "value": []}), vec![Remove(vec![])]),
            (json!({"op": "add", "path": "members", "value": "u1"}), vec![Add(vec![u1.clone()])]),
            (
                json!({"op": "replace", "value": {"displayName": "G", "members": [{"value": "u2", "display": "x"}]}}),
                vec![Rename("G".to_owned()), Replace(vec![u2])],
            ),
        ] {
            let steps = group_ops(&Schemas::core(), Rules::ALL, &ops(sent.clone())).unwrap();
            let got: Vec<_> = steps.into_iter().flat_map(|s| s.ops).collect();
            assert_eq!(got.len(), want.len(), "{sent}");
            assert!(want.iter().all(|w| got.contains(w)), "{sent}: {got:?}");
        }
        let strict = |op: Value| {
            group_ops(&Schemas::core(), Rules::NONE, &ops(op)).err().and_then(|e| e.code_str())
        };
        assert_eq!(
            strict(json!({"op": "remove", "path": "members", "value": [{"value": "u1"}]})),
            Some("invalidValue")
        );
        assert_eq!(
            strict(json!({"op": "add", "path": "members", "value": ["u1"]})),
            Some("invalidValue")
        );
        assert_eq!(
            strict(json!({"op": "replace", "path": "id", "value": "x"})),
            Some("mutability")
        );
        assert_eq!(
            strict(json!({"op": "add", "path": "members", "value": [{"value": "u1"}]})),
            None
        );
        let echo = ops(json!({"op": "replace", "value": {"id": "g", "displayName": "G"}}));
        let steps = group_ops(&Schemas::core(), Rules::ALL, &echo).unwrap();
        assert_eq!(steps[0].ignored, ["'id' is read-only"]);
    }
);

pure!(
    fn filters_and_paths_take_more_by_rule() {
        for (rule, text) in [
            (Rule::Texts, "active eq \"True\""),
            (Rule::FilterPath, "emails[type eq \"work\"].value eq \"a@b\""),
            (Rule::Probes, "manager eq \"u1\""),
            (Rule::Unquoted, "externalId eq jyoung"),
            (
                Rule::UrnDot,
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department eq \"D\"",
            ),
            (
                Rule::Schemas,
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department eq \"D\"",
            ),
        ] {
            let read = |rules| parse_filter(&Schemas::core(), rules, Resource::User, text);
            assert!(read(Rules::ALL).is_ok() && read(Rules::NONE.with(rule)).is_ok(), "{text}");
            let refused = read(Rules::ALL.without(rule)).err().and_then(|e| e.code_str());
            assert_eq!(refused, Some("invalidFilter"), "{text}");
        }
        let path = |rules| parse_path(&Schemas::core(), rules, Resource::User, "manager").is_ok();
        assert!(path(Rules::ALL) && !path(Rules::NONE));
    }
);

pure!(
    fn a_body_says_what_of_it_was_left_out() {
        let body = json!({
            "schemas": ["urn:scim:schemas:core:1.0", "urn:who:knows"],
            "userName": "Ada", "password": "x", "shoeSize": 43, "nothing": null, "id": "mine",
            ENTERPRISE: {"department": "D", "desk": 3},
        });
        let read = |rules| read_body(&Schemas::core(), rules, Resource::User, &body);
        let b = read(Rules::ALL).unwrap();
        assert_eq!(
            Value::Object(b.doc),
            json!({"userName": "Ada", ENTERPRISE: {"department": "D"}})
        );
        let about = ["password", "shoeSize", "desk"];
        assert_eq!(b.ignored.len(), 3);
        assert!(about.iter().all(|a| b.ignored.iter().any(|i| i.contains(a))), "{:?}", b.ignored);
        for (rule, code) in [
            (Rule::Scim1, "invalidVers"),
            (Rule::Schemas, "invalidValue"),
            (Rule::Password, "invalidValue"),
            (Rule::Foreign, "invalidValue"),
        ] {
            let refused = read(Rules::ALL.without(rule)).err().and_then(|e| e.code_str());
            assert_eq!(refused, Some(code), "without {}", rule.id());
        }
    }
);
