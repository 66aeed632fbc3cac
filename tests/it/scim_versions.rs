//! Preconditions: what a version is of, and what is done when it is another.

use crate::{story, support::TestServer};
use reqwest::{Method, header::HeaderValue};
use serde_json::json;

story!(
    async fn what_is_shown_beside_a_person_is_part_of_what_was_seen(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let made = scim.post("/Users", json!({"userName": "ada"})).await.expect(201);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let at = format!("/Users/{id}");
        let unless = async |tag: &str| {
            scim.send(scim.request(Method::GET, &at).header("if-none-match", tag)).await
        };
        assert_eq!(made.header("etag"), "W/\"1\"");
        unless("W/\"1\"").await.expect(304);
        let group = json!({"displayName": "Ops", "members": [{"value": id}]});
        let group = scim.post("/Groups", group).await.expect(201).json();
        let group = format!("/Groups/{}", group["id"].as_str().unwrap());
        // They are in a group now, and nobody changed them.
        let seen = unless("W/\"1\"").await.expect(200);
        let tag = seen.header("etag").to_owned();
        assert!(tag.starts_with("W/\"1.") && tag.ends_with('"'), "{tag}");
        assert_eq!(seen.json()["meta"]["version"], tag.as_str());
        assert_eq!(unless(&tag).await.expect(304).header("etag"), tag);
        let page = scim.get("/Users").await.expect(200).json();
        assert_eq!(page["Resources"][0]["meta"]["version"], tag.as_str());
        // Without the groups it is the version alone.
        let less = scim.get(&format!("{at}?excludedAttributes=groups")).await.expect(200);
        assert_eq!(less.header("etag"), "W/\"1\"");
        // A group that is called otherwise is shown otherwise.
        scim.put(&group, json!({"displayName": "Operations"})).await.expect(200);
        let seen = unless(&tag).await.expect(200);
        assert_ne!(seen.header("etag"), tag);
        // What is changed is the person: what they are in does not matter.
        let rename = |value: &str| json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "title", "value": value}],
        });
        let change = async |tag: &str, value: &str| {
            scim.send(scim.request(Method::PATCH, &at).header("if-match", tag).json(&rename(value))).await
        };
        let after = change(&tag, "one").await.expect(200);
        assert!(after.header("etag").starts_with("W/\"2."), "{}", after.header("etag"));
        assert_eq!(after.json()["meta"]["version"], after.header("etag"));
        change(&tag, "two").await.expect(412);
        change("W/\"2\"", "two").await.expect(200);
        scim.delete(&group).await.expect(204);
        assert_eq!(scim.get(&at).await.expect(200).header("etag"), "W/\"3\"");
    }
);

story!(
    async fn how_a_manager_is_called_is_part_of_what_was_seen(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let boss = scim.post("/Users", json!({"userName": "boss", "displayName": "Bo"})).await.expect(201).json();
        let boss = boss["id"].as_str().unwrap();
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let ada = json!({"userName": "ada", (enterprise): {"manager": {"value": boss}}});
        let made = scim.post("/Users", ada).await.expect(201);
        assert_eq!(made.header("etag"), "W/\"1\"", "without that name it is the version alone");
        let at = format!("/Users/{}", made.json()["id"].as_str().unwrap());
        let named = format!("{at}?attributes=userName,{enterprise}:manager.displayName");
        let seen = scim.get(&named).await.expect(200);
        let tag = seen.header("etag").to_owned();
        let unless = async |path: &str, tag: &str| {
            scim.send(scim.request(Method::GET, path).header("if-none-match", tag)).await
        };
        unless(&named, &tag).await.expect(304);
        scim.put(&format!("/Users/{boss}"), json!({"userName": "boss", "displayName": "Beau"})).await.expect(200);
        let after = unless(&named, &tag).await.expect(200);
        assert!(after.text.contains("Beau"), "{}", after.text);
        assert_ne!(after.header("etag"), tag);
        unless(&at, "W/\"1\"").await.expect(304);
    }
);

story!(
    async fn a_precondition_holds_whatever_the_verb(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let user = scim.post("/Users", json!({"userName": "ada"})).await.expect(201).json();
        let group = scim.post("/Groups", json!({"displayName": "crew"})).await.expect(201).json();
        let (user, group) = (user["id"].as_str().unwrap(), group["id"].as_str().unwrap());
        for (n, path) in [format!("/Users/{user}"), format!("/Groups/{group}")].iter().enumerate() {
            let with = async |method: Method, name: &'static str, value: HeaderValue| {
                let body = if method == Method::PATCH {
                    let name = if n == 0 { "title" } else { "externalId" };
                    json!({"Operations": [{"op": "replace", "path": name, "value": "changed"}]})
                } else {
                    json!({"userName": "changed", "displayName": "changed"})
                };
                scim.send(scim.request(method, path).header(name, value).json(&body)).await
            };
            let text = HeaderValue::from_static;
            let unread = HeaderValue::from_bytes(&[0xff]).unwrap();
            for method in [Method::PATCH, Method::PUT, Method::DELETE] {
                for name in ["if-match", "if-none-match"] {
                    let e = with(method.clone(), name, unread.clone()).await.expect(400).json();
                    assert_eq!(e["scimType"], "invalidValue", "{e}");
                }
                let e = with(method.clone(), "if-none-match", text("W/\"9\", W/\"1\"")).await.expect(412).json();
                assert!(e["detail"].as_str().unwrap().contains("version 1"), "{e}");
                let e = with(method.clone(), "if-match", text("\"none of ours\"")).await.expect(412).json();
                assert!(e["detail"].as_str().unwrap().ends_with("none of those named"), "{e}");
                with(method.clone(), "if-match", text("")).await.expect(412);
            }
            // For reading, too.
            with(Method::GET, "if-match", text("W/\"7\"")).await.expect(412);
            with(Method::GET, "if-match", text("W/\"7\", W/\"1\"")).await.expect(200);
            with(Method::GET, "if-match", text("*")).await.expect(200);
            with(Method::GET, "if-match", unread).await.expect(400);
            let seen = scim.get(path).await.expect(200);
            assert_eq!(seen.header("etag"), "W/\"1\"", "nothing was done");
            // What was not seen yet may be done.
            with(Method::PATCH, "if-none-match", text("W/\"9\"")).await.expect(200);
            let seen = scim.get(path).await.expect(200);
            assert_eq!(seen.header("etag"), "W/\"2\"");
        }
    }
);
