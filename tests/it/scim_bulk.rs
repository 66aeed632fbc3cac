//! Many operations in one request: each as if it had come by itself.

use crate::{pure, story, support::TestServer};
use muster::protocol::scim::{
    Resource, Rules,
    bulk::{Bulk, begun, resolved},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[expect(clippy::needless_pass_by_value, reason = "each is written where it is used")]
fn bulk(ops: Value) -> Value {
    json!({"schemas": [BULK], "Operations": ops})
}
fn statuses(answer: &Value) -> Vec<&str> {
    answer["Operations"].as_array().unwrap().iter().map(|o| o["status"].as_str().unwrap()).collect()
}
fn id(answer: &Value, n: usize) -> String {
    answer["Operations"][n]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

story!(
    async fn references_are_resolved_wherever_they_stand(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let ops = json!([
            {"method": "patch", "path": "/Groups/bulkId:g", "data": {"schemas": [PATCH], "Operations": [
                {"op": "add", "path": "members", "value": [{"value": "bulkId:b"}]},
                {"op": "remove", "path": "members[value eq \"bulkId:a\"]"},
            ]}},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {
                "displayName": "Staff", "members": [{"value": "bulkId:a", "$ref": "../Users/bulkId:a"}, {"value": "bulkId:ab"}],
            }},
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a"}},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"userName": "b", "title": "not bulkId:a itself"}},
            {"method": "POST", "path": "/Users", "bulkId": "ab", "data": {"userName": "ab", ENT: {"manager": {"value": "bulkId:a"}}}},
            {"method": "PUT", "path": "/Users/bulkId:a", "data": {"userName": "a", "displayName": "A"}},
            {"method": "DELETE", "path": "/Users/bulkId:ab"},
        ]);
        let answer = scim.post("/Bulk", bulk(ops)).await.expect(200).json();
        assert_eq!(statuses(&answer), ["200", "201", "201", "201", "201", "200", "204"], "{answer}");
        assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
        let list = answer["Operations"].as_array().unwrap();
        assert!(list.iter().all(|o| o.get("response").is_none()), "{answer}");
        assert_eq!((&list[0]["method"], &list[2]["bulkId"]), (&json!("PATCH"), &json!("a")));
        assert_eq!((id(&answer, 0), id(&answer, 5)), (id(&answer, 1), id(&answer, 2)));
        let group = scim.get(&format!("/Groups/{}", id(&answer, 1))).await.expect(200);
        // Its version stands at the operation that changed it; that somebody of it was deleted after that made it another.
        assert_eq!((&list[0]["version"], group.header("etag")), (&json!("W/\"2\""), "W/\"3\""));
        let members = group.json()["members"].clone();
        assert_eq!(members.as_array().unwrap().len(), 1, "{members}");
        assert_eq!(members[0]["value"], id(&answer, 3));
        let b = scim.get(&format!("/Users/{}", id(&answer, 3))).await.expect(200).json();
        assert_eq!(b["title"], "not bulkId:a itself", "a text is a text");
        scim.get(&format!("/Users/{}", id(&answer, 4))).await.expect(404);
    }
);

story!(
    async fn those_that_wait_for_each_other_are_begun(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let person = |name: &str, boss: &str| json!({
            "method": "POST", "path": "/Users", "bulkId": name,
            "data": {"userName": name, ENT: {"department": "D", "manager": {"value": format!("bulkId:{boss}")}}},
        });
        let ops = json!([person("a", "b"), person("b", "c"), person("c", "a"), person("self", "self")]);
        let answer = scim.post("/Bulk", bulk(ops)).await.expect(200).json();
        assert_eq!(statuses(&answer), ["201", "201", "201", "201"], "{answer}");
        for (n, boss) in [(0, 1), (1, 2), (2, 0), (3, 3)] {
            let at = format!("/Users/{}", id(&answer, n));
            let one = scim.get(&at).await.expect(200);
            assert_eq!(one.json()[ENT]["manager"]["value"], id(&answer, boss));
            assert_eq!(one.json()[ENT]["department"], "D");
            assert_eq!(answer["Operations"][n]["version"], one.header("etag"));
        }
        // The other half of a circle is refused: the first is there, without what it lacks, and says so.
        let twice = json!([person("d", "e"), {
            "method": "POST", "path": "/Users", "bulkId": "e",
            "data": {"userName": "A", ENT: {"manager": {"value": "bulkId:d"}}},
        }]);
        let answer = scim.post("/Bulk", bulk(twice)).await.expect(200).json();
        assert_eq!(statuses(&answer), ["409", "409"], "{answer}");
        let first = &answer["Operations"][0];
        assert!(first["response"]["detail"].as_str().unwrap().contains("bulkId:e"), "{answer}");
        assert!(first["response"].get("scimType").is_none());
        let d = scim.get(&format!("/Users/{}", id(&answer, 0))).await.expect(200).json();
        assert_eq!(d[ENT], json!({"department": "D"}));
        assert_eq!(answer["Operations"][1]["response"]["scimType"], "uniqueness");
    }
);

story!(
    async fn an_operation_stands_for_itself(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let made = scim.post("/Users", json!({"userName": "ada"})).await.expect(201);
        let (ada, etag) = (made.json()["id"].as_str().unwrap().to_owned(), made.header("etag").to_owned());
        let at = format!("/Users/{ada}");
        let title = |t: &str, version: &str| json!({
            "method": "PATCH", "path": at, "version": version,
            "data": {"Operations": [{"op": "replace", "path": "title", "value": t}]},
        });
        let ops = json!([
            title("one", &etag),
            title("two", &etag),
            title("three", "*"),
            {"method": "POST", "path": "/Users", "bulkId": "twin", "data": {"userName": "ADA"}},
            {"method": "PATCH", "path": at, "data": {"Operations": [{"op": "replace", "path": "manager", "value": "bulkId:twin"}]}},
            {"method": "PATCH", "path": at, "data": {"Operations": [{"op": "replace", "path": "manager", "value": "bulkId:who"}]}},
            {"method": "DELETE", "path": "/Users/bulkId:who"},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "G", "members": [{"value": ada}]}},
        ]);
        let answer = scim.post("/Bulk", bulk(ops)).await.expect(200).json();
        assert_eq!(statuses(&answer), ["200", "412", "200", "409", "409", "409", "409", "201"], "{answer}");
        let list = answer["Operations"].as_array().unwrap();
        for o in list.iter().filter(|o| o["status"].as_str().unwrap() > "399") {
            assert_eq!(o["response"]["status"], o["status"], "{o}");
            let named = !matches!(o["method"].as_str(), Some("POST" | "DELETE"));
            assert_eq!(o.get("location").is_some(), named, "{o}");
        }
        assert_eq!(scim.get(&at).await.expect(200).json()["title"], "three");
        // A directory reaches its own and nobody else's, here as everywhere.
        let other = server.directory(scim.tenant).await;
        let ops = json!([{"method": "DELETE", "path": at}, title("mine", "*")]);
        let answer = other.post("/Bulk", bulk(ops)).await.expect(200).json();
        assert_eq!(statuses(&answer), ["404", "404"]);
        // So many errors and no more; what came before them stays.
        let ops = json!([
            title("four", "*"), {"method": "DELETE", "path": "/Users/x"}, title("five", "*"),
            {"method": "DELETE", "path": "/Users/y"}, title("six", "*"),
        ]);
        let mut body = bulk(ops);
        body["failOnErrors"] = json!(2);
        let answer = scim.post("/Bulk", body).await.expect(200).json();
        assert_eq!(statuses(&answer), ["200", "404", "200", "404"]);
        assert_eq!(scim.get(&at).await.expect(200).json()["title"], "five");
    }
);

story!(
    async fn nothing_is_begun_that_waits_for_what_never_comes(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let person = |name: &str, boss: &str| json!({
            "method": "POST", "path": "/Users", "bulkId": name,
            "data": {"userName": name, ENT: {"manager": {"value": format!("bulkId:{boss}")}}},
        });
        let group = |name: &str, member: &str| json!({
            "method": "POST", "path": "/Groups", "bulkId": name,
            "data": {"displayName": name, "members": [{"value": format!("bulkId:{member}")}]},
        });
        // Whoever is waited for by way of others, and beside a circle that can be made.
        let ops = json!([
            group("g", "a"), person("a", "b"), person("b", "nobody"), person("x", "y"), person("y", "x"),
            {"method": "PATCH", "path": "/Groups/bulkId:g", "data": {"Operations": [{"op": "remove", "path": "members"}]}},
        ]);
        let answer = scim.post("/Bulk", bulk(ops)).await.expect(200).json();
        assert_eq!(statuses(&answer), ["409", "409", "409", "201", "201", "409"], "{answer}");
        let all = scim.get("/").await.expect(200).json();
        assert_eq!(all["totalResults"], 2, "nothing is left behind: {all}");
    }
);

story!(
    async fn a_version_that_cannot_be_read_holds_an_operation_back(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let made = scim.post("/Users", json!({"userName": "ada"})).await.expect(201);
        let at = format!("/Users/{}", made.json()["id"].as_str().unwrap());
        let title = |version: Value| json!({
            "method": "PATCH", "path": at, "version": version,
            "data": {"Operations": [{"op": "replace", "path": "title", "value": "T"}]},
        });
        let odd = [json!(5), json!(true), json!(["W/\"1\""]), json!({}), json!(""), json!("one")];
        let answer = scim.post("/Bulk", bulk(odd.map(title).to_vec().into())).await.expect(200).json();
        assert_eq!(statuses(&answer), ["400", "400", "400", "400", "412", "412"], "{answer}");
        assert!(answer["Operations"][0]["response"]["detail"].as_str().unwrap().contains("'version'"));
        assert_eq!(scim.get(&at).await.expect(200).header("etag"), made.header("etag"));
        let answer = scim.post("/Bulk", bulk(json!([title(Value::Null)]))).await.expect(200).json();
        assert_eq!(statuses(&answer), ["200"], "null says nothing");
    }
);

story!(
    async fn a_bulk_request_has_its_limits(t) {
        let server = TestServer::with(&t, |c| c.limits.scim_body = "64KiB".parse().unwrap()).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let config = scim.get("/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(config["bulk"], json!({"supported": true, "maxOperations": 1000, "maxPayloadSize": 65536}));
        let op = json!({"method": "DELETE", "path": "/Users/x"});
        let answer = scim.post("/Bulk", bulk(vec![op.clone(); 1000].into())).await.expect(200).json();
        assert_eq!(statuses(&answer), ["404"; 1000]);
        let e = scim.post("/Bulk", bulk(vec![op.clone(); 1001].into())).await.expect(413).json();
        assert_eq!((&e["status"], e.get("scimType")), (&json!("413"), None), "{e}");
        let large = json!([{"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a".repeat(70_000)}}]);
        let e = scim.post("/Bulk", bulk(large)).await.expect(413).json();
        assert_eq!((&e["status"], e.get("scimType")), (&json!("413"), None), "{e}");
        let twice = json!([
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a"}},
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "b"}},
        ]);
        scim.post("/Bulk", bulk(twice)).await.expect(400);
        for (body, why) in [
            (json!([]), "invalidSyntax"),
            (json!({"schemas": ["urn:other"], "Operations": []}), "invalidSyntax"),
            (json!({"schemas": [BULK], "Operations": {}}), "invalidSyntax"),
            (json!({"schemas": [BULK], "Operations": [], "failOnErrors": "1"}), "invalidValue"),
        ] {
            assert_eq!(scim.post("/Bulk", body).await.expect(400).json()["scimType"], why);
        }
        assert_eq!(scim.get("/Bulk").await.expect(405).json()["status"], "405");
        for (op, status) in [
            (json!("POST"), "400"),
            (json!({"method": "GET", "path": "/Users/x"}), "400"),
            (json!({"method": "POST", "path": "/Users", "data": {"userName": "q"}}), "400"),
            (json!({"method": "POST", "path": "/Users/x", "bulkId": "q", "data": {"userName": "q"}}), "400"),
            (json!({"method": "POST", "path": "/Users", "bulkId": "q"}), "400"),
            (json!({"method": "POST", "path": "/Schemas", "bulkId": "q", "data": {}}), "400"),
            (json!({"method": "PUT", "path": "/Users", "data": {"userName": "q"}}), "400"),
            (json!({"method": "PUT", "path": "/Users/a/b", "data": {"userName": "q"}}), "400"),
            (json!({"method": "PATCH", "path": "/Users/x?y", "data": {}}), "400"),
            (json!({"method": "PATCH", "data": {}}), "400"),
        ] {
            let answer = scim.post("/Bulk", bulk(json!([op]))).await.expect(200).json();
            assert_eq!(statuses(&answer), [status], "{op}");
            assert_eq!(answer["Operations"][0]["response"]["status"], status);
        }
    }
);

story!(
    async fn nobody_is_me(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for path in ["/Me", "/me/"] {
                let request = scim.request(method.clone(), path).json(&json!({"userName": "me"}));
                let e = scim.send(request).await.expect(501).json();
                assert_eq!(e["status"], "501");
                assert!(e["detail"].as_str().unwrap().contains("/Users"), "{e}");
            }
        }
    }
);

pure!(
    fn a_reference_is_a_text_of_its_own() {
        let ids =
            BTreeMap::from([("a".to_owned(), "1".to_owned()), ("ab".to_owned(), "2".to_owned())]);
        for (sent, want) in [
            ("bulkId:a", "1"),
            ("bulkId:ab", "2"),
            ("bulkId:abc", "bulkId:abc"),
            ("BulkId:a", "BulkId:a"),
            ("https://x/Users/bulkId:ab", "https://x/Users/2"),
            ("/Users/bulkId:a/x", "/Users/bulkId:a/x"),
            (
                "members[value eq \"bulkId:a\" or value eq \"bulkId:ab\"]",
                "members[value eq \"1\" or value eq \"2\"]",
            ),
            ("about bulkId:a", "about bulkId:a"),
            ("bulkId:", "bulkId:"),
        ] {
            assert_eq!(resolved(&json!([{"k": sent}]), &ids), json!([{"k": want}]));
        }
        let body = json!({"schemas": [BULK], "Operations": [
            {"method": "PATCH", "path": "/Users/bulkId:x", "data": {"a": ["bulkId:y", {"b": "../bulkId:z"}]}},
        ]});
        let read = Bulk::read(Rules::NONE, &body, 1).unwrap();
        let o = read.operations[0].operation.as_ref().unwrap();
        assert_eq!(o.refers, ["x", "y", "z"].map(str::to_owned).into());
        let open = BTreeSet::from(["a".to_owned()]);
        let group = json!({"displayName": "bulkId:a", "members": [{"value": "bulkId:a"}]});
        assert!(begun(Resource::Group, &group, &open).is_none(), "what it is named by cannot wait");
        let group = json!({"displayName": "G", "members": [{"value": "bulkId:a"}, {"value": "b"}]});
        let (now, later) = begun(Resource::Group, &group, &open).unwrap();
        assert_eq!(now, json!({"displayName": "G", "members": [{"value": "b"}]}));
        let op = json!({"op": "add", "path": "members", "value": [{"value": "1"}]});
        assert_eq!(later[0].patch(&ids), json!({"schemas": [PATCH], "Operations": [op]}));
    }
);
