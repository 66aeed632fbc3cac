//! A filter means the same in the database and in memory, on both databases.

use crate::{
    pure,
    scim_filter_texts::{Made, filters, of_groups},
    story,
    support::{TestServer, server::Scim},
};
use muster::protocol::scim::{Resource, Rules, Schemas, parse_filter};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    hash::{BuildHasher as _, RandomState},
};

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
    let odd = [r#"a"b\c"#, "100%_x", "\u{1F600}z", "Straße", "İstanbul", "ﬁn"][n % 6];
    v["displayName"] = json!(odd);
    if n % 4 != 3 {
        v["phoneNumbers"] = json!([
            {"value": format!("+1 555 {n}"), "type": (["work", "MOBILE"][n % 2]), "display": odd},
            {"value": "+1 555 0", "type": "fax", "primary": n.is_multiple_of(2)},
        ]);
        v["addresses"] =
            json!([{"type": "work", "locality": (["Ulm", "ulm", "Köln"][n % 3]), "country": "DE"}]);
        v["roles"] = json!([{"value": format!("role{}", n % 3), "display": odd, "primary": true}]);
        v["x509Certificates"] = json!([{"value": (["QUJD", "qujd"][n % 2])}]);
        v["profileUrl"] = json!(format!("https://p.example/{}", ["A", "a"][n % 2]));
    }
    if n % 6 != 5 {
        v[WORK] = work(n);
    }
    v
}

story!(
    async fn a_filter_finds_what_it_says(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        server.extend_users(tenant).await;
        let scim = server.directory(tenant).await;
        let schemas = server.app.readings.of(tenant, scim.directory).await.unwrap().schemas;
        let mut ids = Vec::new();
        for n in 0..24 {
            let made = scim.post("/Users", person(n)).await.expect(201).json();
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        let mut sets = Vec::new();
        for n in 0..5 {
            sets.push(scim.post("/Groups", set(n, &ids)).await.expect(201).json());
        }
        // Some are changed later than they were made.
        for id in ids.iter().step_by(7) {
            let op = json!({"op": "replace", "path": "nickName", "value": id});
            let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [op]});
            scim.patch(&format!("/Users/{id}"), body).await.expect(200);
        }
        let docs = everybody(&scim, "/Users").await;
        let made = Made::of(&docs, &sets);
        let seed = Seed::drawn();
        same(&scim, Resource::User, &schemas, &docs, different(1200, &seed, filters(&made))).await;
    }
);

story!(
    async fn a_filter_of_groups_finds_what_it_says(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let schemas = server.app.readings.of(tenant, scim.directory).await.unwrap().schemas;
        let mut ids = Vec::new();
        for n in 0..9 {
            let made = scim.post("/Users", person(n)).await.expect(201).json();
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        for n in 0..14 {
            scim.post("/Groups", set(n, &ids)).await.expect(201);
        }
        let docs = everybody(&scim, "/Groups").await;
        let made = Made::of(&docs, &[]);
        ids.extend([ids[0].to_uppercase(), ids[0].replace('-', ""), "nobody".to_owned()]);
        let seed = Seed::drawn();
        same(&scim, Resource::Group, &schemas, &docs, different(600, &seed, of_groups(&made, &ids))).await;
    }
);

/// A group of some of these people.
fn set(n: usize, people: &[String]) -> Value {
    let members: Vec<Value> =
        people.iter().skip(n).step_by(n + 1).take(4).map(|id| json!({"value": id})).collect();
    let mut v = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": format!("{} {n}", ["Group", "GROUP", "Straße", "100%", "\u{1F600}"][n % 5]),
    });
    if n % 3 != 1 {
        v["externalId"] = json!(format!("{}-{n}", ["Ext", "ext"][n % 2]));
    }
    if n % 4 != 3 {
        v["members"] = members.into();
    }
    v
}

async fn everybody(scim: &Scim, place: &str) -> Vec<Value> {
    scim.get(&format!("{place}?count=1000")).await.expect(200).json()["Resources"]
        .as_array()
        .unwrap()
        .clone()
}

/// What the filters of a run are drawn from. A test that fails says which it was: with it they are the same again, but for
/// the ids of those whom they name.
struct Seed(u64);

impl Seed {
    /// Another in each run, or the one that `PROPTEST_RNG_SEED` names.
    fn drawn() -> Self {
        match Config::default().rng_seed {
            RngSeed::Fixed(seed) => Self(seed),
            RngSeed::Random => Self(RandomState::new().hash_one(())),
        }
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the same filters again: PROPTEST_RNG_SEED={}", self.0);
        }
    }
}

/// So many different ones.
fn different(n: usize, seed: &Seed, filters: impl Strategy<Value = String>) -> BTreeSet<String> {
    let mut runner =
        TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed.0), ..Config::default() });
    let mut all = BTreeSet::new();
    while all.len() < n {
        all.insert(filters.new_tree(&mut runner).unwrap().current());
    }
    all
}

pure!(
    fn a_seed_draws_the_same_filters_again_and_each_run_has_another() {
        let draw = |seed: u64| {
            let at = "2026-01-01T00:00:00Z";
            let made =
                Made::of(&[json!({"id": "a", "meta": {"created": at, "lastModified": at}})], &[]);
            different(50, &Seed(seed), of_groups(&made, &["a".to_owned(), "b".to_owned()]))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let (one, other) = (Seed::drawn().0, Seed::drawn().0);
        assert_eq!(one == other, std::env::var_os("PROPTEST_RNG_SEED").is_some());
    }
);

/// Each filter has the same result here and there.
async fn same(
    scim: &Scim,
    resource: Resource,
    schemas: &Schemas,
    docs: &[Value],
    filters: BTreeSet<String>,
) {
    let place = if resource == Resource::User { "/Users" } else { "/Groups" };
    let mut some = 0;
    for text in &filters {
        let tree = parse_filter(schemas, Rules::ALL, resource, text);
        let tree = tree.unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let want: BTreeSet<&str> = docs
            .iter()
            .filter(|d| tree.holds(d.as_object().unwrap()))
            .map(|d| d["id"].as_str().unwrap())
            .collect();
        some += usize::from(!want.is_empty() && want.len() < docs.len());
        let query = [("filter", text.as_str()), ("count", "100")];
        let request = scim.client.request(reqwest::Method::GET, place).query(&query);
        let page = scim.client.send(request).await;
        assert_eq!(page.status, 200, "{text}: {}", page.text);
        let page = page.json();
        let found = page["Resources"].as_array().unwrap();
        let got: BTreeSet<&str> = found.iter().map(|d| d["id"].as_str().unwrap()).collect();
        assert_eq!(got, want, "{text}");
        assert_eq!(page["totalResults"], want.len(), "{text}");
    }
    assert!(some * 3 > filters.len(), "only {some} of {} find some and not all", filters.len());
}

story!(
    async fn what_is_not_filtered_by_is_refused_and_said_so(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        for (place, filter) in [
            ("/Users", "groups co \"a\""), ("/Users", "groups[value gt \"a\"]"), ("/Users", "groups.$ref ew \"a\""),
            ("/Users", "meta.location sw \"a\""), ("/Users", "schemas co \"a\""),
            ("/Users", "emails[nosuch eq \"a\"]"), ("/Users", "nosuch pr"),
            ("/Groups", "members.display eq \"a\""), ("/Groups", "members co \"a\""), ("/Groups", "members gt \"a\""),
            ("/Groups", "members[value sw \"0\"]"), ("/Groups", "members.$ref sw \"a\""), ("/Groups", "members.type co \"a\""),
            ("/Groups", "userName eq \"a\""), ("/Groups", "meta.created co \"a\""),
        ] {
            let request = scim.client.request(reqwest::Method::GET, place).query(&[("filter", filter)]);
            let refused = scim.client.send(request).await;
            assert_eq!(refused.status, 400, "{filter}: {}", refused.text);
            assert_eq!(refused.json()["scimType"], "invalidFilter", "{filter}");
        }
        // It says what there is instead.
        let said = scim.get("/Groups?filter=members%20co%20%22a%22").await.expect(400).json();
        let said = said["detail"].as_str().unwrap();
        assert!(said.contains("members.value co") && said.contains("'value' (eq"), "{said}");
        let said = scim.get("/Users?filter=userName%20eq%20'mgr'").await.expect(400).json();
        assert!(said["detail"].as_str().unwrap().contains("double quotes"), "{said}");
        scim.get("/Users?filter=userName%20eq%20%22o'hara%22").await.expect(200);
    }
);

story!(
    async fn what_stands_in_other_rows_is_filtered_by(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let (scim, other) = (server.directory(tenant).await, server.directory(tenant).await);
        let ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let made = async |c: &Scim, body: Value| {
            let at = if body.get("userName").is_some() { "/Users" } else { "/Groups" };
            c.post(at, body).await.expect(201).json()["id"].as_str().unwrap().to_owned()
        };
        let boss = made(&scim, json!({"userName": "boss", "displayName": "The Boss"})).await;
        let plain = made(&scim, json!({"userName": "Plain"})).await;
        let far = made(&other, json!({"userName": "far", "displayName": "The Boss"})).await;
        for (name, manager) in [("a", boss.as_str()), ("b", &plain), ("c", &far), ("d", "not-an-id")] {
            made(&scim, json!({"userName": name, ent: {"manager": {"value": manager}}})).await;
        }
        let ops = made(&scim, json!({"displayName": "Ops", "members": [{"value": boss}]})).await;
        made(&scim, json!({"displayName": "Others", "members": [{"value": plain}, {"value": boss}]})).await;
        made(&other, json!({"displayName": "Ops", "members": [{"value": far}]})).await;
        let found = async |place: &str, key: &str, filter: String| {
            let request = scim.client.request(reqwest::Method::GET, place).query(&[("filter", &filter)]);
            let page = scim.client.send(request).await;
            assert_eq!(page.status, 200, "{filter}: {}", page.text);
            let page = page.json();
            let mut names: Vec<String> = page["Resources"].as_array().unwrap().iter()
                .map(|d| d[key].as_str().unwrap().to_owned()).collect();
            names.sort();
            names.join(" ")
        };
        for (filter, want) in [
            ("manager.displayName eq \"the boss\"".to_owned(), "a"),
            ("manager.displayName sw \"pl\"".to_owned(), "b"),
            ("manager.displayName pr".to_owned(), "a b"),
            (format!("{ent}:manager.displayName pr and not (userName eq \"a\")"), "b"),
            ("userName sw \"a\" and manager.displayName eq null".to_owned(), ""),
            ("groups.display eq \"OPS\"".to_owned(), "boss"),
            ("groups[display eq \"Ops\"]".to_owned(), "boss"),
            ("groups[display co \"th\" and type eq \"direct\"]".to_owned(), "Plain boss"),
            ("groups pr and not (groups.display eq \"Ops\")".to_owned(), "Plain"),
            (format!("groups.$ref eq \"{}/Groups/{ops}\"", scim.base), "boss"),
            (format!("id eq \"{boss}\" and groups.display eq \"Ops\""), "boss"),
            ("userName eq \"boss\" and meta.version eq \"W/\\\"1\\\"\"".to_owned(), "boss"),
            ("userName eq \"boss\" and meta.version eq \"W/\\\"1.12345678\\\"\"".to_owned(), "boss"),
            ("meta.version co \"2\"".to_owned(), ""),
            ("userName eq \"boss\" and meta.resourceType sw \"Us\"".to_owned(), "boss"),
        ] {
            assert_eq!(found("/Users", "userName", filter.clone()).await, want, "{filter}");
        }
        for (filter, want) in [
            (format!("members.$ref eq \"{}/Users/{plain}\"", scim.base), "Others"),
            (format!("members.$ref ew \"/Users/{boss}\""), "Ops Others"),
            (format!("members[$ref ew \"{plain}\" and type eq \"User\"]"), "Others"),
            (format!("members[value ne \"{boss}\"]"), "Others"),
            ("members.$ref eq \"nowhere\"".to_owned(), ""),
            ("displayName sw \"o\" and meta.version eq \"W/\\\"1\\\"\"".to_owned(), "Ops Others"),
        ] {
            assert_eq!(found("/Groups", "displayName", filter.clone()).await, want, "{filter}");
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
