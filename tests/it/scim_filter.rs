//! A filter means the same in the database and in memory, on both databases.

use crate::{story, support::TestServer};
use muster::protocol::scim::{Resource, Rules, parse_filter};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const WORK: &str = "urn:contoso:params:scim:schemas:extension:work:2.0:User";

/// What the declared extension says of a person.
fn work(n: usize) -> Value {
    let mut v = json!({
        "tag": (["Blue", "blue", "Grün"][n % 3]), "code": (if n.is_multiple_of(2) {"AbC"} else {"abc"}),
        "remote": n.is_multiple_of(3), "floor": i64::try_from(n).unwrap() - 5, "hours": ([7.5, 40.0, 0.1, -3.25][n % 4]),
        "started": (["2024-02-29T12:00:00Z", "2024-02-29T14:00:00.5+02:00", "2025-01-01T00:00:00Z"][n % 3]),
        "teams": ([["red", "Green"], ["BLUE", "red"]][n % 2]), "keys": ["K1", format!("k{}", n % 4)],
        "grades": [n % 5, 100], "page": format!("https://p.example/{}", n % 4),
        "desk": {"house": format!("H{}", n % 3), "number": n % 4},
    });
    if n % 4 != 1 {
        v["cars"] = json!([
            {"value": "Van", "type": "work", "primary": true, "doors": n % 3, "plate": "B-1", "since": "2020-01-01T00:00:00Z"},
            {"value": format!("c{}", n % 2), "type": "own", "plate": "b-1", "doors": 5},
        ]);
    }
    if n % 7 == 2 {
        v.as_object_mut().unwrap().retain(|k, _| k == "tag");
    }
    v
}

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
    if n % 6 != 5 {
        v[WORK] = work(n);
    }
    v
}

/// Conditions on the declared extension, of every type.
fn extended() -> impl Strategy<Value = String> {
    let order = prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let text = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "le"]);
    let number =
        prop::sample::select(vec!["0", "3", "-2", "7.5", "0.1", "40", "1e2", "-3.25", "5"]);
    let word = prop::sample::select(vec![
        "blue",
        "Blue",
        "grün",
        "AbC",
        "abc",
        "red",
        "green",
        "K1",
        "k1",
        "H1",
        "h1",
        "c1",
        "Van",
        "B-1",
        "b-1",
        "",
        "https://p.example/1",
    ]);
    let time = prop::sample::select(vec![
        "2024-02-29T12:00:00Z",
        "2024-02-29T12:00:00.500Z",
        "2024-02-29T13:00:00+01:00",
        "2025-06-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
    ]);
    let texts = prop::sample::select(vec![
        "tag",
        "code",
        "teams",
        "keys",
        "page",
        "desk.house",
        "cars",
        "cars.plate",
        "cars.type",
    ]);
    let numbers =
        prop::sample::select(vec!["floor", "hours", "grades", "desk.number", "cars.doors"]);
    let times = prop::sample::select(vec!["started", "cars.since"]);
    let any = prop::sample::select(vec![
        "tag",
        "floor",
        "started",
        "teams",
        "grades",
        "desk",
        "desk.number",
        "cars",
        "cars.since",
        "keys",
        "note",
    ]);
    prop_oneof![
        3 => (texts, text.clone(), word.clone()).prop_map(|(a, o, v)| format!("{WORK}:{a} {o} \"{v}\"")),
        3 => (numbers, order.clone(), number.clone()).prop_map(|(a, o, v)| format!("{WORK}:{a} {o} {v}")),
        2 => (times, order.clone(), time).prop_map(|(a, o, v)| format!("{WORK}:{a} {o} \"{v}\"")),
        1 => any.clone().prop_map(|a| format!("{WORK}:{a} pr")),
        1 => any.prop_map(|a| format!("{WORK}:{a} eq null")),
        1 => prop::sample::select(vec!["remote eq true", "remote ne true", "remote eq \"False\""]).prop_map(|t| format!("{WORK}:{t}")),
        2 => (order.clone(), number.clone(), text, word.clone()).prop_map(|(o, n, p, w)| format!("{WORK}:cars[doors {o} {n} and value {p} \"{w}\"]")),
        1 => (order, number).prop_map(|(o, n)| format!("{WORK}:grades[value {o} {n}]")),
        1 => word.prop_map(|w| format!("{WORK}:keys[value eq \"{w}\" or value sw \"K\"]")),
    ]
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
        6 => extended(),
        6 => compare,
        1 => attr.prop_map(|a| format!("{a} pr")),
        1 => prop::sample::select(vec![
            "active eq true", "active eq \"False\"", "active ne true", "emails.primary eq true", "title eq null", "emails eq null",
            "title ne null", "meta.created gt \"2020-01-01T00:00:00Z\"", "meta.lastModified lt \"2020-01-01T00:00:00Z\"",
            "id eq \"nobody\"", "groups eq \"nobody\"", "meta.resourceType eq \"User\"", "meta.resourceType eq \"Group\"",
            "schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"", "schemas eq \"urn:who:knows\"",
            "schemas eq \"urn:contoso:params:scim:schemas:extension:work:2.0:User\"",
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
        server.extend_users(tenant).await;
        let scim = server.directory(tenant).await;
        let schemas = server.app.readings.of(tenant, scim.directory).await.unwrap().schemas;
        let mut docs = Vec::new();
        for n in 0..24 {
            docs.push(scim.post("/Users", person(n)).await.expect(201).json());
        }
        let mut runner = TestRunner::new_with_rng(Config::default(), proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha));
        for _ in 0..600 {
            let text = filters().new_tree(&mut runner).unwrap().current();
            let tree = parse_filter(&schemas, Rules::ALL, Resource::User, &text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
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
        for by in ["userName", "title", "meta.created", "name.givenName", "manager"] {
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
