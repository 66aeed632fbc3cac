//! What the RFCs ask for beyond what conversations can ask of every server.

use crate::{story, support::TestServer};
use muster::directories::{Edit, Provisioning};
use reqwest::Method;
use serde_json::{Value, json};

fn names(list: &Value, name: &str) -> Vec<String> {
    let all = list["Resources"].as_array().unwrap().iter();
    all.map(|r| r[name].as_str().unwrap_or("-").to_owned()).collect()
}

story!(
    async fn in_a_list_of_all_types_what_one_has_not_has_no_value(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        for (name, title) in [("ann", "x"), ("bob", "y")] {
            scim.post("/Users", json!({"userName": name, "displayName": name, "title": title})).await.expect(201);
        }
        scim.post("/Groups", json!({"displayName": "crew"})).await.expect(201);
        let found = async |filter: &str| {
            let asked = scim.request(Method::GET, "/").query(&[("filter", filter), ("sortBy", "userName")]);
            let list = scim.send(asked).await.expect(200).json();
            let found = names(&list, "displayName");
            assert_eq!(list["totalResults"], found.len());
            found.join(" ")
        };
        for (filter, want) in [
            ("userName eq \"ann\"", "ann"),
            ("userName eq \"ann\" or displayName eq \"CREW\"", "ann crew"),
            ("not (userName eq \"ann\")", "bob crew"),
            ("userName ne \"ann\"", "bob crew"),
            ("userName pr", "ann bob"),
            ("title eq null", "crew"),
            ("title ne null", "ann bob"),
            ("title co \"x\" or members eq \"x\"", "ann"),
            ("emails[type eq \"work\"] or displayName sw \"c\"", "crew"),
            ("not (emails[type eq \"work\"])", "ann bob crew"),
            ("meta.resourceType eq \"Group\"", "crew"),
            ("id pr", "ann bob crew"),
        ] {
            assert_eq!(found(filter).await, want, "{filter}");
        }
        for filter in ["nobodyHas eq \"x\"", "userName eq", "active gt true"] {
            let asked = scim.request(Method::GET, "/").query(&[("filter", filter)]);
            assert_eq!(scim.send(asked).await.expect(400).json()["scimType"], "invalidFilter", "{filter}");
        }
        assert_eq!(scim.get("/?sortBy=nobodyHas").await.expect(400).json()["scimType"], "invalidValue");
        assert_eq!(scim.post("/", json!({})).await.expect(405).json()["status"], "405");
    }
);

story!(
    async fn of_several_values_the_primary_one_sorts_or_the_first(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        server.extend_users(tenant).await;
        let scim = server.directory(tenant).await;
        let work = "urn:contoso:params:scim:schemas:extension:work:2.0:User";
        let phones = |list: Value| json!(list);
        for (name, numbers, teams, grades) in [
            ("a", phones(json!([{"value": "9"}, {"value": "2", "primary": true}])), json!(["Zeta", "x"]), json!([10, 1])),
            ("b", phones(json!([{"value": "3", "primary": false}, {"value": "1"}])), json!(["alpha"]), json!([9])),
            ("c", json!([]), json!([]), json!([])),
            ("d", phones(json!([{"value": "1"}])), json!(["Beta", "a"]), json!([-1, 100])),
        ] {
            let v = json!({"userName": name, "phoneNumbers": numbers, work: {"teams": teams, "grades": grades}});
            scim.post("/Users", v).await.expect(201);
        }
        for (by, want) in [
            ("phoneNumbers", "d a b c"),
            ("phoneNumbers.value", "d a b c"),
            (&format!("{work}:teams"), "b d a c"),
            (&format!("{work}:grades"), "d b a c"),
        ] {
            let list = scim.get(&format!("/Users?sortBy={by}")).await.expect(200).json();
            assert_eq!(names(&list, "userName").join(" "), want, "{by}");
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let at = scim.get(&format!("/Users?sortBy={by}&sortOrder=descending&count=1&cursor={cursor}")).await;
                let at = at.expect(200).json();
                seen.extend(names(&at, "userName"));
                let Some(next) = at["nextCursor"].as_str() else { break };
                next.clone_into(&mut cursor);
            }
            seen.reverse();
            assert_eq!(seen.join(" "), want, "{by}");
        }
        for by in ["groups", "name", "password", "schemas", "meta"] {
            assert_eq!(scim.get(&format!("/Users?sortBy={by}")).await.expect(400).json()["scimType"], "invalidValue");
        }
        assert_eq!(scim.get("/Groups?sortBy=members").await.expect(400).json()["scimType"], "invalidValue");
    }
);

story!(
    async fn groups_in_groups_are_refused_and_members_stay_who_they_are(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let ada = scim.post("/Users", json!({"userName": "ada"})).await.expect(201).json()["id"].clone();
        let bob = scim.post("/Users", json!({"userName": "bob"})).await.expect(201).json()["id"].clone();
        let inner = scim.post("/Groups", json!({"displayName": "inner"})).await.expect(201).json()["id"].clone();
        let at = format!("{}/Groups/{}", scim.base, inner.as_str().unwrap());
        for member in [json!({"value": inner, "type": "group"}), json!({"value": inner, "$ref": at})] {
            let body = json!({"displayName": "outer", "members": [{"value": ada}, member]});
            let e = scim.post("/Groups", body).await.expect(400).json();
            assert_eq!(e["scimType"], "invalidValue");
            assert!(e["detail"].as_str().unwrap().contains("groups in groups"), "{e}");
        }
        let outer = json!({"displayName": "outer", "members": [{"value": ada, "type": "User"}]});
        let made = scim.post("/Groups", outer).await.expect(201).json();
        let path = format!("/Groups/{}", made["id"].as_str().unwrap());
        let patch = async |op: Value| scim.patch(&path, json!({"Operations": [op]})).await;
        let add = json!({"op": "add", "path": "members", "value": [{"value": inner, "type": "Group"}]});
        assert_eq!(patch(add).await.expect(400).json()["scimType"], "invalidValue");
        let chosen = format!("members[value eq {ada}].value");
        let other = json!({"op": "replace", "path": chosen, "value": bob});
        assert_eq!(patch(other).await.expect(400).json()["scimType"], "mutability");
        let same = json!({"op": "replace", "path": chosen, "value": ada});
        let after = patch(same).await.expect(200).json();
        assert_eq!(after["members"], made["members"], "what is so already is so");
        let kind = json!({"op": "replace", "path": format!("members[value eq {ada}].type"), "value": "Group"});
        assert_eq!(patch(kind).await.expect(400).json()["scimType"], "mutability");
    }
);

story!(
    async fn any_version_is_a_version(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let made = scim.post("/Users", json!({"userName": "ada"})).await.expect(201);
        let user = format!("/Users/{}", made.json()["id"].as_str().unwrap());
        let group = scim.post("/Groups", json!({"displayName": "crew"})).await.expect(201).json();
        let group = format!("/Groups/{}", group["id"].as_str().unwrap());
        let with = async |method: Method, path: &str, name: &str, value: &str| {
            let request = scim.request(method, path).header(name, value);
            scim.send(request.json(&json!({"userName": "ada", "displayName": "crew"}))).await
        };
        for path in [&user, &group] {
            let seen = with(Method::GET, path, "if-none-match", "*").await.expect(304);
            assert!(seen.text.is_empty() && seen.header("etag").starts_with("W/"));
            with(Method::GET, path, "if-none-match", "W/\"7\", W/\"1\"").await.expect(304);
            with(Method::GET, path, "if-none-match", "\"x\"").await.expect(200);
            for method in [Method::PUT, Method::DELETE] {
                let e = with(method, path, "if-none-match", "*").await.expect(412).json();
                assert_eq!(e["status"], "412");
            }
            with(Method::PUT, path, "if-match", "*").await.expect(200);
            let head = with(Method::HEAD, path, "x", "y").await.expect(200);
            assert!(head.text.is_empty() && head.header("content-length").parse::<u32>().unwrap() > 100);
        }
        with(Method::PUT, "/Users/nobody", "if-none-match", "*").await.expect(404);
        with(Method::GET, "/Users", "if-none-match", "*").await.expect(200);
    }
);

story!(
    async fn what_is_sensitive_belongs_in_a_body_and_is_not_compared_there(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let e = scim.get("/Users?filter=password%20eq%20%22x%22").await.expect(403).json();
        assert_eq!(e["scimType"], "sensitive");
        let search = json!({"filter": "password eq \"x\""});
        for path in ["/Users/.search", "/.search"] {
            let e = scim.post(path, search.clone()).await.expect(400).json();
            assert_eq!(e["scimType"], "invalidFilter");
        }
    }
);

story!(
    async fn the_schema_of_groups_says_whether_names_are_unique(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let said = async || {
            let schema = scim.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group").await.expect(200).json();
            schema["attributes"].as_array().unwrap().iter().find(|a| a["name"] == "displayName").unwrap()["uniqueness"].clone()
        };
        assert_eq!(said().await, "server");
        let made = scim.post("/Groups", json!({"displayName": "crew", "externalId": "x"})).await.expect(201).json();
        scim.post("/Groups", json!({"displayName": "CREW"})).await.expect(409);
        let path = format!("/Groups/{}", made["id"].as_str().unwrap());
        let put = json!({"schemas": made["schemas"], "displayName": "crew"});
        assert_eq!(scim.put(&path, put.clone()).await.expect(200).json()["externalId"], "x");
        let to = Provisioning { rules_off: vec!["1.17".into(), "2.1".into()], ..Provisioning::default() };
        server.edit(tenant, scim.directory, Edit { provisioning: Some(to), ..Edit::default() }).await;
        assert_eq!(said().await, "none");
        scim.post("/Groups", json!({"displayName": "CREW"})).await.expect(201);
        // By the letter, what a PUT leaves out is unassigned.
        assert!(scim.put(&path, put).await.expect(200).json().get("externalId").is_none());
    }
);

story!(
    /// RFC 7643 2.3.6: base64, which is checked where it comes in, by whatever way.
    async fn a_binary_is_base64(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let person = |certificate: &str| {
            json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "x509Certificates": [{ "value": certificate }] })
        };
        let bad = |a: crate::support::server::Answer, what: &str| {
            let body = a.expect(400).json();
            assert_eq!(body["scimType"], "invalidValue", "{what}: {body}");
            assert!(body["detail"].as_str().unwrap().contains("x509Certificates.value"), "{what}: {body}");
        };
        let wrong = ["QUJ", "QU", "QUJDR===", "Q?JD", "QUJD\n", " QUJD", "-_-_", "-----BEGIN CERTIFICATE-----"];
        for text in wrong.iter().filter(|t| !["QUJ", "QU"].contains(t)) {
            bad(scim.post("/Users", person(text)).await, text);
        }
        let made = scim.post("/Users", person("QUJDRA==")).await.expect(201).json();
        let at = format!("/Users/{}", made["id"].as_str().unwrap());
        // The padding may be left out, and what was sent is what is shown.
        for text in ["QUJDRA", "QUJDREU=", "QUJDREU", "+/+/"] {
            let shown = scim.put(&at, person(text)).await.expect(200).json();
            assert_eq!(shown["x509Certificates"][0]["value"], text);
        }
        let patch = |op: Value| {
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [op] })
        };
        for op in [
            json!({ "op": "add", "path": "x509Certificates", "value": [{ "value": "no, not this" }] }),
            json!({ "op": "add", "value": { "x509Certificates": [{ "value": "no, not this" }] } }),
            json!({ "op": "replace", "path": "x509Certificates[value eq \"+/+/\"].value", "value": "no, not this" }),
            json!({ "op": "replace", "path": "x509Certificates[value eq \"no, not this\"].type", "value": "work" }),
        ] {
            let what = op.to_string();
            let a = scim.patch(&at, patch(op)).await;
            // What no certificate can be, a condition finds none of.
            if a.text.contains("noTarget") { a.expect(400); } else { bad(a, &what); }
        }
        bad(scim.put(&at, person("no, not this")).await, "PUT");
        let shown = scim.get(&at).await.expect(200).json();
        assert_eq!(shown["x509Certificates"], json!([{ "value": "+/+/" }]));
        // A photo is an address and no picture.
        let photo = json!({ "op": "add", "path": "photos", "value": [{ "value": "https://p.example/ada.png" }] });
        scim.patch(&at, patch(photo)).await.expect(200);
    }
);

story!(
    /// RFC 7644, table 9: every word of it, from the running server.
    async fn every_scim_type_is_heard(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let letter = server.directory(tenant).await;
        let to = Provisioning { rules_off: vec!["2.3".into()], ..Provisioning::default() };
        server.edit(tenant, letter.directory, Edit { provisioning: Some(to), ..Edit::default() }).await;
        let ada = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada" });
        let made = scim.post("/Users", ada.clone()).await.expect(201).json();
        let at = format!("/Users/{}", made["id"].as_str().unwrap());
        let patch = async |op: Value| {
            let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
            scim.patch(&at, json!({ "schemas": schemas, "Operations": [op] })).await
        };
        let broken = scim.request(Method::POST, "/Users").header("content-type", "application/scim+json");
        let first = server.client(scim.base.trim_end_matches("/v2")).bearer(&scim.token);
        let mut bob = ada.clone();
        bob["userName"] = json!("bob");
        bob["active"] = json!("perhaps");
        let all = [
            ("invalidFilter", 400, scim.get("/Users?filter=userName%20is%20%22ada%22").await),
            ("invalidFilter", 400, scim.post("/Users/.search", json!({ "filter": "(userName pr" })).await),
            // No list is too long, as it is answered in pages; a page is.
            ("tooMany", 400, letter.get("/Users?count=1001").await),
            ("tooMany", 400, letter.post("/.search", json!({ "count": 1001 })).await),
            ("uniqueness", 409, scim.post("/Users", ada).await),
            ("mutability", 400, patch(json!({ "op": "replace", "path": "id", "value": "x" })).await),
            ("invalidSyntax", 400, scim.send(broken.body("{")).await),
            ("invalidPath", 400, patch(json!({ "op": "remove", "path": "emails[type eq \"work\"" })).await),
            ("noTarget", 400, patch(json!({ "op": "remove" })).await),
            ("invalidValue", 400, scim.post("/Users", bob).await),
            ("invalidVers", 400, first.get("/v1/Users").await),
            ("sensitive", 403, scim.get("/Users?filter=password%20eq%20%22x%22").await),
        ];
        let mut heard = std::collections::BTreeSet::new();
        for (word, status, answer) in all {
            assert_eq!(answer.status, status, "{word}: {}", answer.text);
            let said = answer.json();
            assert_eq!(said["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{word}");
            assert_eq!((&said["scimType"], &said["status"]), (&json!(word), &json!(status.to_string())));
            assert!(said["detail"].as_str().is_some_and(|d| d.len() > 10), "{said}");
            heard.insert(word);
        }
        assert_eq!(heard.len(), 10, "as many as the table has");
        letter.get("/Users?count=1000").await.expect(200);
        let most = scim.get("/Users?count=1001&filter=userName%20pr").await.expect(200).json();
        assert_eq!(most["totalResults"], 1);
    }
);
