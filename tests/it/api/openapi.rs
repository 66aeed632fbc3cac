//! The API's description: what it says of each route, and that the API keeps to it. [`check`] looks at every answer that
//! the stories of this room get.

use super::own;
use crate::{pure, story, support::server::Answer};
use jsonschema::Validator;
use muster::api::{Needs, Route, TABLE, document};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex},
};

/// The route of a request, if one fits: words before names, as the router has it.
pub fn route(method: &str, path: &str) -> Option<&'static Route> {
    let path = path.split('?').next().unwrap_or(path);
    let fits = |r: &&Route| {
        let (a, b): (Vec<_>, Vec<_>) = (r.path.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.starts_with('{') || a == b)
    };
    TABLE.iter().filter(|r| r.method == method).find(fits)
}

/// A schema of the document, with what it refers to.
fn validator(pointer: &str) -> Option<Arc<Validator>> {
    static KEPT: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap();
    if let Some(v) = kept.get(pointer) {
        return Some(v.clone());
    }
    let mut schema = document().pointer(pointer)?.clone();
    schema["components"] = document()["components"].clone();
    let made = jsonschema::draft202012::options().should_validate_formats(true).build(&schema);
    let made = Arc::new(made.unwrap_or_else(|e| panic!("{pointer}: {e}")));
    kept.insert(pointer.to_owned(), made.clone());
    Some(made)
}

/// Whether an answer is what the description promises.
pub fn check(method: &str, path: &str, a: &Answer) {
    let at = format!("{method} {path} -> {}: {}", a.status, a.text);
    let problem = "/components/responses/Problem/content/application~1problem+json/schema";
    let (pointer, kind) = if a.status.is_success() {
        let r = route(method, path).unwrap_or_else(|| panic!("{at}: no such route"));
        assert_eq!(a.status.as_u16(), r.status(), "{at}");
        let escaped = r.path.replace('/', "~1");
        let status = a.status.as_u16();
        let answer = format!("/paths/{escaped}/{}/responses/{status}", method.to_lowercase());
        assert!(document().pointer(&answer).is_some(), "{at}: not described");
        let content = document().pointer(&format!("{answer}/content")).and_then(Value::as_object);
        if content.is_some_and(|c| !c.contains_key("application/json")) {
            // A document for people: of one of the promised kinds.
            let kind = a.header("content-type").split(';').next().unwrap_or_default();
            assert!(content.unwrap().contains_key(kind), "{at}: {kind}");
            return;
        }
        (format!("{answer}/content/application~1json/schema"), "application/json")
    } else {
        (problem.to_owned(), "application/problem+json")
    };
    match validator(&pointer) {
        None => assert_eq!(a.text, "", "{at}: a body that is not described"),
        Some(v) => {
            assert_eq!(a.header("content-type"), kind, "{at}");
            let body = a.json();
            let wrong: Vec<String> =
                v.iter_errors(&body).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{at}: {wrong:#?}");
        }
    }
}

fn operations() -> Vec<(&'static Route, &'static Value)> {
    let of = |r: &'static Route| {
        let op = &document()["paths"][r.path][r.method.to_lowercase()];
        assert!(op.is_object(), "{} {} is not described", r.method, r.path);
        (r, op)
    };
    TABLE.iter().map(of).collect()
}

pure!(
    fn the_description_is_as_it_was() {
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots",
                                omit_expression => true }, {
            insta::assert_json_snapshot!("openapi", document());
        });
    }
);

pure!(
    fn every_route_says_what_it_takes_what_it_gives_and_who_may() {
        let mut ids = BTreeSet::new();
        for (r, op) in operations() {
            let at = format!("{} {}", r.method, r.path);
            assert!(ids.insert(op["operationId"].as_str().unwrap()), "{at}: an id of its own");
            assert!(op["summary"].as_str().unwrap().len() > 3 && op["tags"][0].is_string(), "{at}");
            let answer = &op["responses"][r.status().to_string()];
            let first = answer["content"].as_object().and_then(|c| c.values().next());
            let body = &first.cloned().unwrap_or_default()["schema"];
            assert_eq!(body.is_object(), r.status() != 204, "{at}: {answer}");
            if body.is_object() {
                assert!(body.get("$ref").is_some() || body.get("type").is_some(), "{at}: {body}");
            }
            assert_eq!(op["responses"]["default"]["$ref"], "#/components/responses/Problem");
            // What is sent is closed: a field that nobody reads is refused.
            if let Some(sent) = op.get("requestBody") {
                let schema = &sent["content"]["application/json"]["schema"];
                assert_eq!(schema["additionalProperties"], false, "{at}: {schema}");
                assert_ne!(r.method, "GET", "{at}");
            }
            let names: BTreeSet<&str> = op["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|p| p["in"] == "path")
                .map(|p| p["name"].as_str().unwrap())
                .collect();
            let wanted: BTreeSet<&str> =
                r.path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(names, wanted, "{at}");
            match r.needs {
                Needs::Permission(p) => assert_eq!(op["x-permission"], p, "{at}"),
                Needs::Owner => assert_eq!(op["security"], json!([]), "{at}"),
                Needs::Global => assert_eq!(op["x-permission"], "global_administrator", "{at}"),
                Needs::Caller => assert!(op["x-permission"].is_null(), "{at}"),
            }
        }
    }
);

pure!(
    fn every_reference_leads_somewhere_and_nothing_is_left_over() {
        fn references(v: &Value, out: &mut BTreeMap<String, usize>) {
            match v {
                Value::Object(all) => {
                    if let Some(Value::String(r)) = all.get("$ref") {
                        *out.entry(r.clone()).or_default() += 1;
                    }
                    all.values().for_each(|v| references(v, out));
                }
                Value::Array(all) => all.iter().for_each(|v| references(v, out)),
                _ => {}
            }
        }
        let mut found = BTreeMap::new();
        references(document(), &mut found);
        for r in found.keys() {
            assert!(document().pointer(r.strip_prefix('#').unwrap()).is_some(), "{r}");
        }
        for name in document()["components"]["schemas"].as_object().unwrap().keys() {
            assert!(
                found.contains_key(&format!("#/components/schemas/{name}")),
                "{name} is unused"
            );
            let numbered = name.ends_with(|c: char| c.is_ascii_digit());
            assert!(!numbered, "{name}: two types of one name");
        }
    }
);

pure!(
    fn a_check_can_fail() {
        let answer = |text: &str| Answer {
            status: reqwest::StatusCode::OK,
            headers: [(
                reqwest::header::CONTENT_TYPE,
                reqwest::header::HeaderValue::from_static("application/json"),
            )]
            .into_iter()
            .collect(),
            text: text.to_owned(),
        };
        let fails = |text: &str| {
            let a = answer(text);
            std::panic::catch_unwind(move || check("GET", "/keys", &a)).is_err()
        };
        assert!(!fails("{\"items\":[],\"next\":null}"));
        assert!(fails("{\"items\":[],\"next\":1}"));
        assert!(fails("{\"items\":[{\"kid\":\"x\"}],\"next\":null}"));
    }
);

story!(async fn the_description_is_served_and_a_slip_in_the_query_is_told(t) {
    let s = crate::support::server::TestServer::start(&t).await;
    let a = own(&s, "GET", "/openapi.json", Value::Null).await.expect(200);
    assert_eq!(&a.json(), document());
    let a = own(&s, "GET", "/tenants?limt=5", Value::Null).await.expect(400).json();
    assert_eq!(a["field"], "limt");
});

pure!(
    fn every_body_has_an_example_that_is_what_it_says() {
        for (r, op) in operations() {
            let Some(body) = op.pointer("/requestBody/content/application~1json/schema") else {
                continue;
            };
            let escaped = r.path.replace('/', "~1");
            let at = format!(
                "/paths/{escaped}/{}/requestBody/content/application~1json/schema",
                r.method.to_lowercase()
            );
            let mut schema = body;
            while let Some(to) = schema["$ref"].as_str() {
                schema = document().pointer(to.trim_start_matches('#')).expect("what it refers to");
            }
            let examples = schema["examples"]
                .as_array()
                .unwrap_or_else(|| panic!("{} {}: no example", r.method, r.path));
            assert!(!examples.is_empty(), "{} {}", r.method, r.path);
            let v = validator(&at).expect("a schema");
            for example in examples {
                let wrong: Vec<String> =
                    v.iter_errors(example).map(|e| format!("{}: {e}", e.instance_path())).collect();
                assert!(wrong.is_empty(), "{} {}: {example}: {wrong:?}", r.method, r.path);
            }
        }
    }
);
