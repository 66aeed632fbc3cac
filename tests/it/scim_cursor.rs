//! Paging by cursor: nothing is skipped or shown twice, whatever comes and goes; a cursor is good for its own question.

use crate::{
    story,
    support::{TestServer, server::Scim},
};
use muster::{
    clock::{Clock, Timestamp},
    store::Store,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

const WORK: &str = "urn:contoso:params:scim:schemas:extension:work:2.0:User";

async fn page(scim: &Scim, list: &str, asked: &[(&str, &str)], cursor: &str) -> Value {
    let all: Vec<(&str, &str)> = asked.iter().copied().chain([("cursor", cursor)]).collect();
    scim.send(scim.request(Method::GET, list).query(&all)).await.expect(200).json()
}

fn ids(page: &Value) -> Vec<String> {
    let list = page["Resources"].as_array().unwrap();
    assert_eq!(page["itemsPerPage"], list.len());
    assert!(page.get("startIndex").is_none());
    list.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
}

/// All pages from the first on, then back from the last one: the same pages.
async fn both_ways(scim: &Scim, list: &str, asked: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut at = page(scim, list, asked, "").await;
    assert!(at.get("previousCursor").is_none(), "nothing is before the first page");
    let total = at["totalResults"].clone();
    loop {
        pages.push(ids(&at));
        let Some(next) = at["nextCursor"].as_str() else { break };
        assert!(next.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{next}");
        at = page(scim, list, asked, next).await;
        assert_eq!(at["totalResults"], total);
    }
    let mut back = vec![ids(&at)];
    while let Some(previous) = at["previousCursor"].as_str() {
        at = page(scim, list, asked, previous).await;
        back.push(ids(&at));
        assert!(at["nextCursor"].is_string());
    }
    back.reverse();
    assert_eq!(back, pages, "{list} {asked:?}");
    pages
}

async fn by_index(scim: &Scim, list: &str, asked: &[(&str, &str)]) -> Vec<String> {
    let asked: Vec<_> = asked.iter().filter(|(n, _)| *n != "count").collect();
    let all = scim.send(scim.request(Method::GET, list).query(&asked)).await.expect(200).json();
    all["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn people(scim: &Scim, n: usize) {
    for i in 0..n {
        let mut v = json!({
            "userName": format!("User{i:02}"), "active": i % 3 != 0, "title": (["b", "A", "a", "Ä"][i % 4]),
            "emails": [{"value": format!("{}@x.example", n - i), "type": "work"}],
            WORK: {
                "floor": (i64::try_from(i).unwrap() * 7) % 5 - 2, "hours": ([0.1, 7.5, -3.25, 1e21][i % 4]),
                "remote": i % 2 == 0, "code": (["x", "X"][i % 2]),
                "started": (["2024-02-29T12:00:00Z", "2024-02-29T14:00:00.5+02:00"][i % 2]),
            },
        });
        if i % 4 == 1 {
            v[WORK] = json!({"tag": "only"});
            v.as_object_mut().unwrap().remove("title");
            v.as_object_mut().unwrap().remove("emails");
        }
        if i % 2 == 0 {
            v["externalId"] = json!(format!("ext{}", i % 5));
        }
        scim.post("/Users", v).await.expect(201);
    }
}

story!(
    async fn every_order_is_walked_both_ways(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        server.extend_users(tenant).await;
        let scim = server.directory(tenant).await;
        people(&scim, 14).await;
        let of = |name: &str| format!("{WORK}:{name}");
        let (floor, hours, remote, code, started) =
            (of("floor"), of("hours"), of("remote"), of("code"), of("started"));
        let orders = [
            "", "userName", "externalId", "active", "id", "meta.created", "meta.lastModified", "title", "manager",
            &floor, &hours, &remote, &code, &started,
        ];
        for by in orders {
            for way in ["ascending", "descending"] {
                for count in ["1", "5", "7", "14"] {
                    let asked = [("sortBy", by), ("sortOrder", way), ("count", count), ("attributes", "id")];
                    let pages = both_ways(&scim, "/Users", &asked).await;
                    let full = count.parse::<usize>().unwrap();
                    assert!(pages.iter().rev().skip(1).all(|p| p.len() == full), "{asked:?} {pages:?}");
                    assert_eq!(pages.concat(), by_index(&scim, "/Users", &asked).await, "{asked:?}");
                }
            }
        }
        let filter = format!("{WORK}:remote eq true or title pr");
        let asked = [("filter", filter.as_str()), ("sortBy", "title"), ("count", "3")];
        let found = both_ways(&scim, "/Users", &asked).await.concat();
        assert_eq!(found, by_index(&scim, "/Users", &asked).await);
    }
);

story!(
    async fn groups_and_the_list_of_all_are_walked_as_well(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        server.extend_users(tenant).await;
        let scim = server.directory(tenant).await;
        people(&scim, 5).await;
        for i in 0..6 {
            scim.post("/Groups", json!({"displayName": format!("G{i}")})).await.expect(201);
        }
        for count in ["1", "2", "5", "6", "11", "1000"] {
            let pages = both_ways(&scim, "/Groups", &[("count", count), ("sortBy", "displayName")]).await;
            assert_eq!(pages.concat().len(), 6);
            let pages = both_ways(&scim, "/", &[("count", count)]).await;
            assert_eq!(pages.concat(), by_index(&scim, "/", &[]).await, "people, then groups");
            assert_eq!(pages.concat().len(), 11);
            let some = both_ways(&scim, "/", &[("count", count), ("filter", "displayName sw \"G\"")]).await;
            assert_eq!(some.concat().len(), 6);
        }
        let body = |cursor: &str| json!({"cursor": cursor, "count": 7, "attributes": ["id"]});
        let first = scim.post("/.search", body("")).await.expect(200).json();
        assert_eq!((ids(&first).len(), &first["totalResults"]), (7, &json!(11)));
        let second = scim.post("/.search", body(first["nextCursor"].as_str().unwrap())).await.expect(200).json();
        assert_eq!((ids(&second).len(), second.get("nextCursor")), (4, None));
        let none = page(&scim, "/Users", &[("count", "0")], "").await;
        assert_eq!((ids(&none).len(), &none["totalResults"], none.get("nextCursor")), (0, &json!(5), None));
    }
);

story!(
    async fn nobody_is_skipped_while_others_come_and_go(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let mut stay = BTreeSet::new();
        let mut go = Vec::new();
        for i in 0..24 {
            let made = scim.post("/Users", json!({"userName": format!("m{i:02}")})).await.expect(201).json();
            let id = made["id"].as_str().unwrap().to_owned();
            if i % 2 == 0 { go.push(id); } else { stay.insert(id); }
        }
        for by in ["", "userName"] {
            let asked = [("sortBy", by), ("count", "4")];
            let (mut seen, mut cursor, mut turn) = (Vec::new(), String::new(), 0);
            loop {
                let at = page(&scim, "/Users", &asked, &cursor).await;
                seen.extend(ids(&at));
                // One of those before and one of those after, the very row a cursor stands at, and new ones on all sides.
                if by.is_empty() {
                    let first = go.remove(0);
                    scim.delete(&format!("/Users/{first}")).await.expect(204);
                    if let Some(last) = ids(&at).last().filter(|l| go.contains(l)) {
                        scim.delete(&format!("/Users/{last}")).await.expect(204);
                        go.retain(|g| g != last);
                    }
                }
                for name in ["a", "m11x", "z"] {
                    let new = json!({"userName": format!("{name}{by}{turn}")});
                    if turn < 2 {
                        scim.post("/Users", new).await.expect(201);
                    }
                }
                turn += 1;
                match at["nextCursor"].as_str() {
                    Some(next) => next.clone_into(&mut cursor),
                    None => break,
                }
            }
            let set: BTreeSet<String> = seen.iter().cloned().collect();
            assert_eq!(set.len(), seen.len(), "nobody twice");
            assert!(stay.is_subset(&set), "who was there all the while was shown");
        }
        // All that came before a page is gone: going back there is the beginning.
        let asked = [("count", "3"), ("filter", "userName sw \"m\"")];
        let first = page(&scim, "/Users", &asked, "").await;
        let second = page(&scim, "/Users", &asked, first["nextCursor"].as_str().unwrap()).await;
        for id in ids(&first) {
            scim.delete(&format!("/Users/{id}")).await.expect(204);
        }
        let back = page(&scim, "/Users", &asked, second["previousCursor"].as_str().unwrap()).await;
        assert_eq!((ids(&back), back.get("previousCursor")), (ids(&second), None));
    }
);

story!(
    async fn a_cursor_is_good_for_its_own_question_alone(t) {
        let clock = Clock::manual(Timestamp::from_secs(1_800_000_000));
        let store = Store::open(&t.options, clock.clone()).await.unwrap();
        let server = TestServer::on(store, |_| {}).await;
        let tenant = server.tenant("contoso").await;
        let (scim, other) = (server.directory(tenant).await, server.directory(tenant).await);
        for (who, name) in [(&scim, "a"), (&scim, "b"), (&scim, "c"), (&other, "d"), (&other, "e")] {
            who.post("/Users", json!({"userName": name})).await.expect(201);
        }
        let first = scim.get("/Users?cursor&count=1").await.expect(200).json();
        let next = first["nextCursor"].as_str().unwrap();
        let refused = async |who: &Scim, path: String, why: &str| {
            let e = who.get(&path).await.expect(400).json();
            assert_eq!(e["scimType"], why, "{path} {e}");
        };
        scim.get(&format!("/Users?count=1&cursor={next}")).await.expect(200);
        let invalid = [
            format!("/Users?cursor={next}"),
            format!("/Users?cursor={next}&count=2"),
            format!("/Users?cursor={next}&count=1&filter=userName%20pr"),
            format!("/Users?cursor={next}&count=1&sortBy=userName"),
            format!("/Users?cursor={next}&count=1&attributes=userName"),
            format!("/Groups?cursor={next}&count=1"),
            format!("/?cursor={next}&count=1"),
            format!("/Users?cursor={next}x&count=1"),
            format!("/Users?cursor={}&count=1", next.replace("v1.", "v2.")),
            "/Users?cursor=%00&count=1".replace("%00", "-"),
            "/Users?cursor=v1.00000000.AAAA.AAAA&count=1".to_owned(),
        ];
        for path in invalid {
            refused(&scim, path, "invalidCursor").await;
        }
        let mut changed = next.to_owned();
        let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
        changed.push(last);
        refused(&scim, format!("/Users?cursor={changed}&count=1"), "invalidCursor").await;
        refused(&other, format!("/Users?cursor={next}&count=1"), "invalidCursor").await;
        refused(&scim, format!("/Users?cursor={next}&count=1&startIndex=2"), "invalidValue").await;
        for count in ["-1", "1001", "one", "1.5"] {
            refused(&scim, format!("/Users?cursor&count={count}"), "invalidCount").await;
        }
        refused(&scim, "/Users?cursor&cursor".to_owned(), "invalidValue").await;
        clock.advance(Duration::from_secs(3600));
        scim.get(&format!("/Users?count=1&cursor={next}")).await.expect(200);
        clock.advance(Duration::from_secs(1));
        refused(&scim, format!("/Users?count=1&cursor={next}"), "expiredCursor").await;
        // What no address has room for is said before anybody goes on without it.
        let long = "x".repeat(5000);
        for name in ["f", "g"] {
            scim.post("/Users", json!({"userName": name, "title": long})).await.expect(201);
        }
        refused(&scim, "/Users?cursor&count=1&sortBy=title&filter=title%20pr".to_owned(), "invalidValue").await;
        let config = scim.get("/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(config["pagination"]["cursor"], true);
        assert_eq!(config["pagination"]["defaultPaginationMethod"], "index");
        let plain = scim.get("/Users?count=1").await.expect(200).json();
        assert_eq!((plain.get("nextCursor"), &plain["startIndex"]), (None, &json!(1)));
    }
);
