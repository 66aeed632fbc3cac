//! A filter means the same in the database and in memory, on both databases.

use crate::{story, support::TestServer};
use muster::protocol::scim::{Resource, Rules, Schemas, parse_filter};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn person(n: usize) -> Value {
    let department = ["Sales", "sales", "Ärzte"][n % 3];
    let mut v = json!({
        "userName": format!("User{n}@A.example"), "externalId": format!("Ext-{}", n / 2), "active": !n.is_multiple_of(4),
        "name": {"givenName": format!("Given{}", n % 5), "familyName": "Ärzt"},
        "emails": [
            {"type": if n.is_multiple_of(3) {"home"} else {"Work"}, "value": format!("User{n}@{}.example", if n.is_multiple_of(2) {"A"} else {"b"}), "primary": true},
            {"type": "other", "value": format!("u{n}@priv.example")},
        ],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": department, "manager": {"value": format!("M{}", n % 3)}},
    });
    if n % 3 == 1 {
        v["title"] = json!(format!("Boss{n}"));
        v["photos"] = json!([{"type": "photo", "value": format!("https://p.example/{n}.PNG")}]);
    }
    if n.is_multiple_of(5) {
        v.as_object_mut().unwrap().remove("emails");
    }
    v
}

fn filters() -> impl Strategy<Value = String> {
    let attr = prop::sample::select(vec![
        "userName",
        "externalId",
        "title",
        "name.givenName",
        "name.familyName",
        "emails",
        "emails.value",
        "emails.type",
        "photos.value",
        "manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "nickName",
    ]);
    let op = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
    let value = prop::sample::select(vec![
        "user1@a.example",
        "User2@A.example",
        "Ext-1",
        "ext-1",
        "boss4",
        "Given2",
        "work",
        "Work",
        "ärzt",
        "sales",
        "M1",
        "m1",
        "a",
        "",
        "https://p.example/1.PNG",
        "https://p.example/1.png",
        "u3@priv.example",
        "z",
    ]);
    let compare =
        (attr.clone(), op, value.clone()).prop_map(|(a, o, v)| format!("{a} {o} \"{v}\""));
    let leaf = prop_oneof![
        6 => compare,
        1 => attr.prop_map(|a| format!("{a} pr")),
        1 => prop::sample::select(vec![
            "active eq true", "active eq \"False\"", "active ne true", "emails.primary eq true", "title eq null", "emails eq null",
            "title ne null", "meta.created gt \"2020-01-01T00:00:00Z\"", "meta.lastModified lt \"2020-01-01T00:00:00Z\"",
            "id eq \"nobody\"", "groups eq \"nobody\"",
        ]).prop_map(str::to_owned),
        2 => (prop::sample::select(vec!["eq", "ne", "co", "sw"]), value.clone(), prop::sample::select(vec!["and", "or"]), value)
            .prop_map(|(o, v, j, w)| format!("emails[type {o} \"{w}\" {j} value eq \"{v}\"]")),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["and", "or"]), inner.clone())
                .prop_map(|(a, j, b)| format!("({a}) {j} ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

story!(
    async fn a_filter_finds_what_it_says(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let mut docs = Vec::new();
        for n in 0..24 {
            docs.push(scim.post("/Users", person(n)).await.expect(201).json());
        }
        let mut runner = TestRunner::new_with_rng(Config::default(), proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha));
        for _ in 0..300 {
            let text = filters().new_tree(&mut runner).unwrap().current();
            let tree = parse_filter(&Schemas::core(), Rules::ALL, Resource::User, &text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
            let want: BTreeSet<&str> = docs
                .iter()
                .filter(|d| tree.holds(d.as_object().unwrap()))
                .map(|d| d["id"].as_str().unwrap())
                .collect();
            let asked = scim.client.request(reqwest::Method::GET, "/Users").query(&[("filter", text.as_str()), ("count", "100")]);
            let page = scim.client.send(asked).await.expect(200).json();
            let got: BTreeSet<&str> =
                page["Resources"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap()).collect();
            assert_eq!(got, want, "{text}");
            assert_eq!(page["totalResults"], want.len(), "{text}");
        }
    }
);

story!(
    async fn sorting_and_paging_lose_nobody(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        for n in 0..12 {
            scim.post("/Users", person(n)).await.expect(201);
        }
        for by in ["userName", "title", "meta.created", "name.givenName"] {
            for order in ["ascending", "descending"] {
                let mut seen = BTreeSet::new();
                for start in [1, 6, 11] {
                    let page = scim.get(&format!("/Users?startIndex={start}&count=5&sortBy={by}&sortOrder={order}")).await.expect(200).json();
                    assert_eq!(page["totalResults"], 12);
                    assert_eq!(page["itemsPerPage"], page["Resources"].as_array().unwrap().len());
                    seen.extend(page["Resources"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap().to_owned()));
                }
                assert_eq!(seen.len(), 12, "{by} {order}");
            }
        }
    }
);
