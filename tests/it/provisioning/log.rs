//! What is written down, what is not, and how it is found.

use super::{at, log, newest, patch, raw, set};
use crate::{story, support::TestServer};
use reqwest::Method;
use serde_json::{Value, json};

const NOT_KEPT: [&str; 9] = [
    "lovelace",
    "Lovelace",
    "ada@",
    "Countess",
    "Fleet Street",
    "555-0100",
    "hunter2",
    "mst_scim_",
    "E-0815",
];

fn ada() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "userName": "ada@lovelace.example", "externalId": "E-0815", "active": true, "password": "hunter2-hunter2",
        "name": { "givenName": "Ada", "familyName": "Lovelace" }, "title": "Countess",
        "emails": [{ "type": "work", "value": "ada@lovelace.example", "primary": true }],
        "addresses": [{ "type": "home", "streetAddress": "1 Fleet Street" }],
        "phoneNumbers": [{ "type": "mobile", "value": "+44 555-0100" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "employeeNumber": "E-0815" },
    })
}

story!(
    async fn a_request_is_written_down_with_what_became_of_it(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let made = scim.post("/Users", ada()).await.expect(201);
        let request = made.header("x-request-id").to_owned();
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let e = newest(&server, &scim).await;
        assert_eq!((&e["method"], &e["path"], &e["status"]), (&json!("POST"), &json!("/v2/Users"), &json!(201)));
        assert_eq!((&e["resource"], &e["resource_id"]), (&json!("User"), &json!(id)));
        assert_eq!(e["request"], request.as_str());
        assert_eq!(e["outcomes"][0]["outcome"], "applied");
        assert!(e["changed"].as_array().unwrap().contains(&json!("title")), "{e}");
        assert!(e["took_us"].as_i64().unwrap() > 0);
        assert_eq!((&e["kept"], &e["lost"]), (&json!("redacted"), &json!(0)));

        // Ends of all three kinds in one request.
        let ops = json!([
            { "op": "replace", "path": "title", "value": "Lady" },
            { "op": "replace", "path": "active", "value": true },
            { "op": "replace", "path": "urn:unknown:schema:User:shoeSize", "value": "Fleet Street" },
        ]);
        scim.patch(&format!("/Users/{id}"), patch(&ops)).await.expect(200);
        let e = newest(&server, &scim).await;
        let ends: Vec<&str> =
            e["outcomes"].as_array().unwrap().iter().map(|o| o["outcome"].as_str().unwrap()).collect();
        assert_eq!(ends, ["applied", "no-op", "ignored"]);
        assert!(e["outcomes"][2]["reason"].as_str().unwrap().contains("shoeSize"), "{e}");
        assert_eq!(e["changed"], json!(["title"]));
        assert_eq!(e["body"]["Operations"][0]["path"], "title");
        assert_eq!(e["body"]["Operations"][1]["value"], true);

        // A refusal, with its reason.
        let twice = scim.post("/Users", ada()).await.expect(409).json();
        assert!(twice["detail"].as_str().unwrap().contains("ada@lovelace.example"));
        let e = newest(&server, &scim).await;
        assert_eq!((&e["status"], &e["scim_type"]), (&json!(409), &json!("uniqueness")));
        assert!(e["detail"].as_str().unwrap().contains("belongs to another user"), "{e}");
        assert_eq!(e["answer"], Value::Null);

        // Reads, deletions, and what is no JSON.
        scim.get(&format!("/Users/{id}")).await.expect(200);
        scim.send(scim.request(Method::POST, "/Users").body("{ not JSON: hunter2")).await.expect(400);
        let e = newest(&server, &scim).await;
        assert_eq!((&e["status"], &e["kept"], &e["body"]), (&json!(400), &json!("unreadable"), &Value::Null));
        scim.delete(&format!("/Users/{id}")).await.expect(204);
        let e = newest(&server, &scim).await;
        assert_eq!((&e["status"], &e["kept"]), (&json!(204), &json!("none")));
        assert_eq!(e["outcomes"], json!([{ "outcome": "applied" }]));

        // A group: which attributes, without its members by name.
        let new = json!({ "displayName": "Sales", "members": [{ "value": "nobody@here" }] });
        let g = scim.post("/Groups", new).await.expect(201).json();
        let ops = json!([{ "op": "replace", "path": "displayName", "value": "Marketing" }]);
        scim.patch(&format!("/Groups/{}", g["id"].as_str().unwrap()), patch(&ops)).await.expect(200);
        let e = newest(&server, &scim).await;
        assert_eq!((&e["resource"], &e["changed"]), (&json!("Group"), &json!(["displayName"])));
        let e = log(&server, &scim, "?resource=Group&method=POST").await;
        assert_eq!(e[0]["ignored"], Value::Null, "the list has outcomes");
        assert_eq!(e[0]["outcomes"][1]["outcome"], "ignored");
    }
);

story!(
    async fn nothing_personal_or_secret_is_in_the_rows(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let everything = async |passwords_only: bool| {
            let made = scim.post("/Users", ada()).await.expect(201).json();
            let at = format!("/Users/{}", made["id"].as_str().unwrap());
            scim.post("/Users", ada()).await.expect(409);
            scim.put(&at, ada()).await.expect(200);
            let ops = json!([
                { "op": "add", "path": "emails[value eq \"ada@lovelace.example\"].display", "value": "Lovelace" },
                { "op": "replace", "path": "password", "value": "hunter2" },
                { "op": "replace", "value": { "password": "hunter2", "name.givenName": "Ada Lovelace" } },
            ]);
            scim.patch(&at, patch(&ops)).await;
            scim.patch(&at, patch(&json!([{ "op": "replace", "path": "password", "value": { "x": "hunter2" } }]))).await;
            scim.get("/Users?filter=password%20eq%20%22hunter2%22").await;
            if !passwords_only {
                scim.get("/Users?filter=userName%20eq%20%22ada@lovelace.example%22").await.expect(200);
                scim.get("/Users?filter=userName%20eq%20ada@lovelace.example%20or%20emails[value%20co%20Lovelace]").await;
                scim.get("/Users?filter=Lovelace&sortBy=ada@lovelace.example&count=Lovelace&x=555-0100").await;
                scim.get("/Users/ada@lovelace.example").await.expect(404);
                scim.get("/lovelace/Countess").await.expect(404);
                scim.post("/.search", json!({ "filter": "name.familyName eq \"Lovelace\"", "count": 1 })).await;
                scim.post("/Users", json!({ "userName": "x", "emails": "Lovelace", "name": "Countess" })).await;
                scim.post("/Users", json!([["Lovelace", 555_0100]])).await;
                scim.post("/Users", json!({ "ada@lovelace.example": "Lovelace" })).await;
                scim.post("/Groups", json!({ "displayName": "Lovelace", "members": [{ "value": "ada@lovelace.example" }] })).await;
                scim.post("/Groups", json!({ "displayName": "Lovelace" })).await;
            }
            // A token where it does not belong.
            scim.get(&format!("/Users?count=1&access_token={}&note={0}", scim.token)).await;
            scim.get(&format!("/Users/{}", scim.token)).await;
            let agent = scim.request(Method::GET, "/Users?count=1").header("user-agent", format!("x {}", scim.token));
            scim.send(agent).await;
            scim.delete(&at).await.expect(204);
            assert!(!log(&server, &scim, "").await.is_empty());
        };
        everything(false).await;
        let rows = raw::of_the_log(&t).await;
        for gone in NOT_KEPT {
            assert!(!rows.contains(gone), "'{gone}' was kept:\n{}", rows.lines().filter(|l| l.contains(gone)).collect::<Vec<_>>().join("\n"));
        }
        // What was sent is still seen.
        for kept in ["userName", "familyName", "streetAddress", "employeeNumber", "\"work\"", "(text)", "(secret)", "eq "] {
            assert!(rows.contains(kept), "'{kept}' is not there");
        }

        // Names that may stay do; all else goes as before.
        set(&server, &scim, json!({ "log": { "names": true } })).await;
        let made = scim.post("/Users", ada()).await.expect(201).json();
        let e = newest(&server, &scim).await;
        assert_eq!((&e["body"]["userName"], &e["body"]["externalId"]), (&json!("ada@lovelace.example"), &json!("E-0815")));
        assert_eq!((&e["body"]["title"], &e["body"]["password"]), (&json!("(text)"), &json!("(secret)")));
        scim.delete(&format!("/Users/{}", made["id"].as_str().unwrap())).await.expect(204);

        // In full everything but secrets.
        set(&server, &scim, json!({ "log": { "bodies": "full" } })).await;
        everything(true).await;
        let rows = raw::of_the_log(&t).await;
        for secret in ["hunter2", "mst_scim_"] {
            assert!(!rows.contains(secret), "'{secret}' was kept: {:?}", rows.lines().find(|l| l.contains(secret)));
        }
        assert!(rows.contains("1 Fleet Street"));

        // And nothing at all.
        set(&server, &scim, json!({ "log": { "bodies": "off" } })).await;
        scim.post("/Users", ada()).await.expect(201);
        let e = newest(&server, &scim).await;
        assert_eq!((&e["kept"], &e["body"], &e["answer"]), (&json!("off"), &Value::Null, &Value::Null));
    }
);

story!(
    async fn entries_are_found_by_what_is_known_of_them(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let mut passwordless = ada();
        passwordless.as_object_mut().unwrap().remove("password");
        let id = scim.post("/Users", passwordless).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let bob = json!({ "userName": "bob", "externalId": "b-1" });
        let bob = scim.post("/Users", bob).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let op = |path: &str, value: Value| patch(&json!([{ "op": "replace", "path": path, "value": value }]));
        scim.patch(&format!("/Users/{id}"), op("title", json!("T"))).await.expect(200);
        scim.patch(&format!("/Users/{bob}"), op("urn:unknown:x:User:y", json!("T"))).await.expect(200);
        scim.get("/Users?filter=userName%20eq%20%22ADA@lovelace.example%22").await.expect(200);
        scim.get("/Users?filter=title%20xx%201").await.expect(400);
        let count = async |query: &str| log(&server, &scim, query).await.len();
        assert_eq!(count("").await, 6);
        assert_eq!(count("?user_name=Ada@Lovelace.example").await, 3, "created, patched, looked for");
        assert_eq!(count("?external_id=b-1").await, 2);
        assert_eq!(count("?external_id=B-1").await, 0, "externalId is caseExact");
        assert_eq!(count(&format!("?id={id}")).await, 2);
        assert_eq!(count("?ignored=true").await, 1);
        assert_eq!(count("?changes=true").await, 3);
        assert_eq!(count("?method=GET").await, 2);
        assert_eq!(count("?status=4xx").await, 1);
        assert_eq!(count("?status=201&resource=User").await, 2);
        assert_eq!(count("?status=error").await, 1);
        assert_eq!(count("?status=ok&method=PATCH").await, 2);
        let now = t.store.clock().now();
        let ago = now.minus(std::time::Duration::from_secs(3600)).rfc3339();
        assert_eq!(count(&format!("?since={ago}")).await, 6);
        assert_eq!(count(&format!("?until={ago}")).await, 0);
        server.get(&at(&scim, "/log?status=many")).await.expect(400);

        // In pages, none twice and none missing.
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&at(&scim, &format!("/log?limit=4{cursor}"))).await.expect(200).json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.dedup();
        assert_eq!((seen.len(), &seen), (6, &sorted));

        // Another tenant's, and another directory's, are not there.
        let other = server.directory(server.tenant("fabrikam").await).await;
        let entry = &seen[0];
        server.get(&format!("/api/v1/tenants/fabrikam/directories/{}/log", scim.directory)).await.expect(404);
        server.get(&format!("/api/v1/tenants/fabrikam/directories/{}/log/{entry}", scim.directory)).await.expect(404);
        server.get(&format!("/api/v1/tenants/fabrikam/directories/{}/health", scim.directory)).await.expect(404);
        server.get(&at(&other, &format!("/log/{entry}"))).await.expect(404);
        let replay = format!("/api/v1/tenants/fabrikam/directories/{}/log/{entry}/replay", scim.directory);
        server.post(&replay, json!({})).await.expect(404);
        server.post(&at(&other, &format!("/log/{entry}/replay")), json!({})).await.expect(404);
        assert!(log(&server, &other, "").await.is_empty());
    }
);
