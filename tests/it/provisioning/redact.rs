//! What is taken out, as a law: whatever texts a request is made of, none of them is in what is kept of it.

use crate::pure;
use muster::provisioning::log::redact::Redactor;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

/// A text that is certainly somebody's: no word of the standard looks like it.
fn personal() -> impl Strategy<Value = String> {
    "[xqz][a-z@.' \"\\\\\\[\\]()=&%+äß]{2,12}[xqz7]".prop_map(|s| format!("Zz{s}"))
}

fn body() -> impl Strategy<Value = (Vec<String>, Value)> {
    let texts = proptest::collection::vec(personal(), 6);
    texts.prop_map(|t| {
        let q = |s: &str| serde_json::to_string(s).expect("a text");
        // Where a name of an attribute stands, what is made like one stays.
        let key = format!("{}@z", t[4].replace(|c: char| !c.is_alphanumeric(), ""));
        let doc = json!({
            "userName": t[0], "externalId": t[1], "name": { "formatted": t[2] }, "password": t[3],
            "emails": [{ "value": t[4], "type": t[5], "display": t[0] }], "roles": t[1], "x": [[t[2]], { "y": t[3] }],
            "Operations": [
                { "op": "add", "path": format!("emails[value eq {}].display", q(&t[4])), "value": t[0] },
                { "op": "replace", "value": { format!("emails[type eq {}].value", q(&t[5])): t[1] } },
                { "op": "remove", "path": "members", "value": [{ "value": t[2] }] },
                { "op": t[3], "path": key, "value": t[5] },
                { "op": "add", "path": "title", "value": { key.clone(): t[5] } },
            ],
            "filter": format!("userName eq {} and not (title co {})", q(&t[0]), q(&t[1])),
        });
        (t, doc)
    })
}

pure!(
    fn no_text_of_a_request_is_left() {
        let mut runner =
            TestRunner::new(ProptestConfig { cases: 512, ..ProptestConfig::default() });
        let law = |(texts, doc): (Vec<String>, Value)| {
            let mut r = Redactor::new(false, false);
            let asked = format!("{}@z", texts[0]);
            let encoded: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
            let kept = [
                r.body(&doc, false).to_string(),
                r.address(&format!("v2/Users/{}", texts[1])),
                r.query(&format!("filter=userName%20eq%20%22{encoded}%22&sortBy={encoded}&{encoded}={encoded}&count={encoded}")),
                r.sentence(&format!("'{}' is not what '{}' wants; user {} not found", texts[0], texts[1], texts[2])),
            ];
            for k in &kept {
                for text in &texts {
                    let inner = serde_json::to_string(text).expect("a text");
                    let inner = inner.trim_matches('"');
                    prop_assert!(
                        !k.contains(text.as_str()) && !k.contains(inner),
                        "{text:?} is in {k}"
                    );
                    prop_assert!(!k.contains("Zz"), "a part of a text is in {k}");
                }
            }
            Ok(())
        };
        runner.run(&body(), law).expect("the law");
    }
);

pure!(
    fn the_structure_stays() {
        let mut r = Redactor::new(false, false);
        let id = "0190b9a1-5bd1-7c4f-8d7e-6d2f7f0d1c11";
        let sent = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "ada@example.com" },
                { "op": "replace", "path": "active", "value": "False" },
                { "op": "remove", "path": format!("members[value eq \"{id}\"]") },
                { "op": "add", "path": "members", "value": [{ "value": id, "display": "Ada" }] },
                { "op": "replace", "value": { "name.givenName": "Ada", "active": true, "x": 12 } },
            ],
        });
        let kept = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "(text)" },
                { "op": "replace", "path": "active", "value": "False" },
                { "op": "remove", "path": format!("members[value eq \"{id}\"]") },
                { "op": "add", "path": "members", "value": [{ "value": id, "display": "(text)" }] },
                { "op": "replace", "value": { "name.givenName": "(text)", "active": true, "x": "(number)" } },
            ],
        });
        assert_eq!(r.body(&sent, false), kept);
        assert_eq!(
            r.query(
                "filter=userName%20eq%20%22ada%22%20and%20active%20eq%20true&startIndex=1&count=100"
            ),
            "filter=userName eq (text) and active eq true&startIndex=1&count=100"
        );
        assert_eq!(
            r.query("attributes=userName,emails.value&aadOptscim062020"),
            "attributes=userName,emails.value&aadOptscim062020"
        );
        assert_eq!(r.address(&format!("v2/Users/{id}")), format!("/v2/Users/{id}"));
        // A sentence is rid of what was sent, and keeps the names of attributes.
        assert_eq!(
            r.sentence("userName 'ada' belongs to another user"),
            "userName '…' belongs to another user"
        );
        assert_eq!(
            r.sentence("'name.givenName' cannot be 'Bob' in the tenant's directory"),
            "'name.givenName' cannot be '…' in the tenant's directory"
        );
        // Names stay where they may; secrets nowhere.
        let mut r = Redactor::new(false, true);
        let group = json!({ "displayName": "Sales", "externalId": "g1", "members": [{ "display": "ada" }] });
        assert_eq!(r.body(&group, true), group);
        let mut r = Redactor::new(true, true);
        let user = json!({ "displayName": "Ada", "Password": "pw-1", "urn:x:User": { "apiToken": ["t-1", "t-2"] } });
        let kept = json!({ "displayName": "Ada", "Password": "(secret)", "urn:x:User": { "apiToken": "(secret)" } });
        assert_eq!(r.body(&user, false), kept);
        assert_eq!(r.sentence("'pw-1' and t-2 are no good, Ada"), "'…' and … are no good, Ada");
        assert_eq!(r.query("filter=password eq \"pw-9\"&x=1"), "filter=password eq (secret)&x=1");
    }
);

pure!(
    fn addresses_versions_and_agents_say_nothing_of_people() {
        let id = "0190b9a1-5bd1-7c4f-8d7e-6d2f7f0d1c11";
        let ours = format!("https://id.example.com/scim/{id}/v2/Users/{id}");
        let plain = json!({ "$ref": ours, "meta": {
            "location": format!("/Groups/{id}"), "version": "W/\"12\"",
            "created": "2025-01-02T03:04:05.000006Z",
        } });
        assert_eq!(Redactor::new(false, false).body(&plain, false), plain);
        for said in [
            format!("https://id.example.com/v2/Users/ada.lovelace/{id}"),
            format!("https://id.example.com/v2/Users/Lovelace/v2/Users/{id}"),
            format!("https://id.example.com/v2/Users?filter=lovelace/{id}"),
            format!("https://ada@id.example.com/v2/Users/{id}"),
            format!("https://id.example.com/v2/Users/{id}#lovelace"),
            "https://id.example.com/v2/Users/lovelace".to_owned(),
        ] {
            let doc = json!({ "$ref": said, "meta": { "location": said } });
            let kept = Redactor::new(false, false).body(&doc, false);
            assert_eq!(
                kept,
                json!({ "$ref": "(text)", "meta": { "location": "(text)" } }),
                "{said}"
            );
        }
        let doc =
            json!({ "schemas": ["Lovelace"], "meta": { "version": "Lovelace", "created": "Ada" } });
        let kept = Redactor::new(false, false).body(&doc, false);
        assert_eq!(
            kept,
            json!({ "schemas": ["(text)"], "meta": { "version": "(text)", "created": "(text)" } })
        );
        let mut r = Redactor::new(false, false);
        r.body(&json!({ "nickName": "Countess" }), false);
        for (agent, kept) in [
            ("Okta SCIM Client 1.0.0", "Okta SCIM Client 1.0.0"),
            (
                "python-requests/2.31 (Ada Lovelace; (ada@example.com)) x/1",
                "python-requests/2.31 … x/1",
            ),
            ("sync/1 ada@example.com https://example.com/ada Countess/2", "sync/1 … … …/2"),
        ] {
            assert_eq!(r.agent(agent), kept);
        }
        assert_eq!(Redactor::new(true, true).agent("x (Ada)"), "x (Ada)");
    }
);
