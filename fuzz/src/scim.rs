//! What must hold for the SCIM texts that directories send: filters, the paths of PATCH, its bodies.

use muster::protocol::scim::{
    Outcome, Projection, Resource, Rules, Schemas, group_ops, normalise, parse_filter, parse_path,
    patch,
};
use serde_json::{Map, Value, json};

/// A printed filter or path may be longer or one parenthesis deeper than what was read: then the limits refuse it.
const LONGEST: usize = 4096;
const DEEP: &str = "nested deeper";

/// A person whom filters and operations are tried on.
fn somebody() -> Map<String, Value> {
    static SOMEBODY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(|| {
        let document = json!({
            "userName": "Ada", "externalId": "a-1", "active": true, "title": "Engineer",
            "name": { "givenName": "Ada", "familyName": "Tech" },
            "emails": [
                { "type": "work", "value": "ada@x.example", "primary": true },
                { "type": "home", "value": "a@h.example" },
            ],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "D1" },
        });
        normalise(&Schemas::core(), Rules::ALL, Resource::User, &document)
            .expect("a document that fits")
    });
    SOMEBODY.clone()
}

/// A SCIM filter: read or refused; printed and read again it is the same; with room around it it means the same, and
/// the opposite when negated.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (somebody, schemas) = (somebody(), Schemas::core());
    for resource in [Resource::User, Resource::Group] {
        let _ = parse_filter(&schemas, Rules::NONE, resource, text);
        let read = |text: &str| parse_filter(&schemas, Rules::ALL, resource, text);
        let Ok(filter) = read(text) else { continue };
        let printed = filter.to_string();
        match read(&printed) {
            Ok(again) => assert_eq!(again, filter, "{text:?} printed as {printed:?}"),
            Err(e) => {
                let limit = printed.len() > LONGEST || e.to_string().contains(DEEP);
                assert!(limit, "{text:?} printed as {printed:?}: {e}");
            }
        }
        let holds = filter.holds(&somebody);
        if let Ok(wide) = read(&format!(" {text} ")) {
            assert_eq!(wide.holds(&somebody), holds, "{text:?} with room around it");
        }
        if let Ok(not) = read(&format!("not ({text})")) {
            assert_eq!(not.holds(&somebody), !holds, "{text:?} negated");
        }
    }
}

/// A path of a PATCH: printed and read again it is the same.
pub fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let schemas = Schemas::core();
    for resource in [Resource::User, Resource::Group] {
        let _ = parse_path(&schemas, Rules::NONE, resource, text);
        let Ok(path) = parse_path(&schemas, Rules::ALL, resource, text) else { continue };
        let printed = path.to_string();
        match parse_path(&schemas, Rules::ALL, resource, &printed) {
            Ok(again) => assert_eq!(again, path, "{text:?} printed as {printed:?}"),
            Err(e) => {
                let limit = printed.len() > LONGEST || e.to_string().contains(DEEP);
                assert!(limit, "{text:?} printed as {printed:?}: {e}");
            }
        }
    }
}

/// The body of a PATCH: what it leaves is a document like any other, in the schema's spelling; a single replacement
/// of what a path without a condition names changes nothing the second time.
pub fn patch_body(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else { return };
    let schemas = Schemas::core();
    let _ = group_ops(&schemas, Rules::ALL, &body);
    let before = somebody();
    let _ = patch(&schemas, Rules::NONE, &before, &body);
    let Ok((after, outcomes)) = patch(&schemas, Rules::ALL, &before, &body) else { return };
    // What came and went again is two changes and none.
    let silent = after != before && !outcomes.contains(&Outcome::Applied);
    assert!(!silent && !outcomes.is_empty(), "{body}: a silent change: {outcomes:?}");
    let again = normalise(&schemas, Rules::ALL, Resource::User, &Value::Object(after.clone()));
    assert!(again.is_ok(), "{body} leaves {after:?}: {:?}", again.err());
    if let Some(true) = single_replace(&body) {
        let twice = patch(&schemas, Rules::ALL, &after, &body);
        let twice = twice.unwrap_or_else(|e| panic!("{body} the second time: {e}")).0;
        assert_eq!(twice, after, "{body} twice");
    }
}

/// The body of a POST or PUT: what is kept of it is a document by the RFC's letter, and is the same when it is read
/// again; an answer shows no more than there is.
pub fn body(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else { return };
    let schemas = Schemas::core();
    for resource in [Resource::User, Resource::Group] {
        let _ = normalise(&schemas, Rules::NONE, resource, &body);
        let Ok(kept) = normalise(&schemas, Rules::ALL, resource, &body) else { continue };
        let mut sent = kept.clone();
        let urns = kept.keys().filter(|k| k.contains(':')).cloned();
        let urns: Vec<String> = urns.chain([resource.urn().to_owned()]).collect();
        sent.insert("schemas".to_owned(), json!(urns));
        let again = normalise(&schemas, Rules::NONE, resource, &Value::Object(sent));
        match again {
            Ok(again) => assert_eq!(again, kept, "{body}"),
            Err(e) => panic!("{body} is kept as {kept:?}: {e}"),
        }
        for name in kept.keys() {
            let only = Projection::read(&schemas, Rules::ALL, resource, Some(name), None);
            assert!(only.apply(kept.clone()).contains_key(name), "{name} was asked for: {kept:?}");
            let without = Projection::read(&schemas, Rules::ALL, resource, None, Some(name));
            assert!(!without.apply(kept.clone()).contains_key(name), "{name} was left out");
        }
    }
}

/// Whether a body is one `replace` with a path and without a condition.
fn single_replace(body: &Value) -> Option<bool> {
    let [op] = body.get("Operations")?.as_array()?.as_slice() else { return None };
    let path = op.get("path")?.as_str()?;
    Some(op.get("op")?.as_str()?.eq_ignore_ascii_case("replace") && !path.contains('['))
}
