//! Extensions of the user schema: declared, used as core attributes are, changed, withdrawn.

use crate::{
    pure, story,
    support::{TestServer, server::Scim},
};
use muster::protocol::scim::{
    Projection, Resource, Rules, Schemas, extension::Declaration, schema::Mutability,
};
use reqwest::Method;
use serde_json::{Value, json};

const URN: &str = "urn:contoso:params:scim:schemas:extension:badge:2.0:User";

fn badge() -> Value {
    json!({
        "id": URN, "name": "Badge",
        "attributes": [
            {"name": "tag"},
            {"name": "floor", "type": "integer"},
            {"name": "serial", "mutability": "immutable"},
            {"name": "secret", "returned": "request"},
            {"name": "level", "returned": "always"},
            {"name": "doors", "multiValued": true},
        ],
    })
}

fn patch(op: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [op]})
}

async fn declared(server: &TestServer) -> Scim {
    let tenant = server.tenant("contoso").await;
    let scim = server.directory(tenant).await;
    // Asked before it is there: what is remembered goes when it changes.
    let none = scim.get(&format!("/Users?filter={URN}:tag%20pr")).await.expect(400).json();
    assert_eq!(none["scimType"], "invalidFilter");
    let made =
        server.as_owner(Method::POST, "/api/v1/tenants/contoso/schemas", Some(badge())).await;
    assert_eq!(made.expect(201).json()["attributes"][1]["type"], "integer");
    scim
}

fn person() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", URN], "userName": "ada", "title": "Engineer",
        URN: {"TAG": "Blue", "floor": "3", "serial": "S1", "secret": "x", "level": "2", "doors": ["a", "b", "a"], "desk": 4},
    })
}

story!(
    async fn an_extension_is_used_as_the_core_is(t) {
        let server = TestServer::start(&t).await;
        let scim = declared(&server).await;
        let made = scim.post("/Users", person()).await.expect(201).json();
        let shown = json!({"tag": "Blue", "floor": 3, "serial": "S1", "level": "2", "doors": ["a", "b"]});
        assert_eq!(made[URN], shown, "what is on request only is not shown");
        assert!(made["schemas"].as_array().unwrap().contains(&json!(URN)));
        let at = format!("/Users/{}", made["id"].as_str().unwrap());

        let asked = scim.get(&format!("{at}?attributes={URN}:secret")).await.expect(200).json();
        assert_eq!(asked[URN], json!({"secret": "x", "level": "2"}), "what is always shown is");
        let less = scim.get(&format!("{at}?excludedAttributes={URN}:tag,{URN}:level")).await.json();
        assert!(less[URN].get("tag").is_none() && less[URN]["level"] == "2");

        for filter in ["tag eq \"blue\"", "floor ge 3", "doors eq \"B\"", "doors[value sw \"a\"]"] {
            let query = scim.client.request(Method::GET, "/Users").query(&[("filter", format!("{URN}:{filter}"))]);
            assert_eq!(scim.client.send(query).await.expect(200).json()["totalResults"], 1, "{filter}");
        }
        let sorted = scim.get(&format!("/Users?sortBy={URN}:floor")).await.expect(200).json();
        assert_eq!(sorted["totalResults"], 1);

        let change = |op: Value| { let (scim, at) = (&scim, &at); async move { scim.patch(at, patch(&op)).await } };
        let after = change(json!({"op": "add", "path": format!("{URN}:doors"), "value": ["c"]})).await;
        assert_eq!(after.expect(200).json()[URN]["doors"], json!(["a", "b", "c"]));
        let after = change(json!({"op": "remove", "path": format!("{URN}:doors[value eq \"a\"]")})).await;
        assert_eq!(after.expect(200).json()[URN]["doors"], json!(["b", "c"]));
        let after = change(json!({"op": "replace", "path": format!("{URN}:serial"), "value": "S2"})).await;
        assert_eq!(after.expect(400).json()["scimType"], "mutability");
        let after = change(json!({"op": "replace", "path": format!("{URN}:floor"), "value": 3.5})).await;
        assert_eq!(after.expect(400).json()["scimType"], "invalidValue");
        let after = change(json!({"op": "replace", "path": format!("{URN}:nosuch"), "value": 1})).await;
        assert_eq!(after.expect(400).json()["scimType"], "invalidPath");

        let mut again = person();
        again[URN] = json!({"tag": "Gold", "serial": "S2"});
        assert_eq!(scim.put(&at, again.clone()).await.expect(400).json()["scimType"], "mutability");
        again[URN] = json!({"tag": "Gold"});
        let put = scim.put(&at, again).await.expect(200).json();
        assert_eq!(put[URN], json!({"tag": "Gold", "serial": "S1"}), "what is set once stays");

        let schemas = scim.get("/Schemas").await.expect(200).json();
        let ours = schemas["Resources"].as_array().unwrap().iter().find(|s| s["id"] == URN).unwrap().clone();
        assert_eq!(ours["attributes"][2]["mutability"], "immutable");
        assert_eq!(ours["attributes"][5]["multiValued"], true);
        assert!(ours["attributes"][5].get("subAttributes").is_none());
        let one = scim.get(&format!("/Schemas/{}", URN.to_uppercase())).await.expect(200).json();
        assert_eq!(one["id"], URN);
        let types = scim.get("/ResourceTypes/User").await.expect(200).json();
        assert!(types["schemaExtensions"].as_array().unwrap().iter().any(|e| e["schema"] == URN));
    }
);

story!(
    async fn another_tenant_knows_nothing_of_it(t) {
        let server = TestServer::start(&t).await;
        declared(&server).await;
        let other = server.tenant("fabrikam").await;
        let scim = server.directory(other).await;
        let made = scim.post("/Users", person()).await.expect(201).json();
        assert!(made.get(URN).is_none());
        let schemas = scim.get("/Schemas").await.expect(200).json();
        assert!(schemas["Resources"].as_array().unwrap().iter().all(|s| s["id"] != URN));
        scim.get(&format!("/Users?filter={URN}:tag%20pr")).await.expect(400);
        let path = format!("/api/v1/tenants/fabrikam/schemas/{URN}");
        server.as_owner(Method::GET, &path, None).await.expect(404);
        server.as_owner(Method::DELETE, &path, None).await.expect(404);
    }
);

story!(
    async fn what_people_carry_is_not_lost_unsaid(t) {
        let server = TestServer::start(&t).await;
        let scim = declared(&server).await;
        let path = format!("/api/v1/tenants/contoso/schemas/{URN}");
        server.as_owner(Method::POST, "/api/v1/tenants/contoso/schemas", Some(badge())).await.expect(409);
        let made = scim.post("/Users", person()).await.expect(201).json();
        let at = format!("/Users/{}", made["id"].as_str().unwrap());
        assert_eq!(server.as_owner(Method::GET, &path, None).await.expect(200).json()["people"], 1);

        let mut to = badge();
        to["attributes"][1]["type"] = json!("string");
        let refused = server.as_owner(Method::PUT, &path, Some(to)).await.expect(409).json();
        assert!(refused["detail"].as_str().unwrap().starts_with("1 person carry"), "{refused}");
        let mut to = badge();
        to["attributes"].as_array_mut().unwrap().push(json!({"name": "wing"}));
        server.as_owner(Method::PUT, &path, Some(to.clone())).await.expect(200);
        let wing = patch(&json!({"op": "add", "path": format!("{URN}:wing"), "value": "W"}));
        assert_eq!(scim.patch(&at, wing).await.expect(200).json()[URN]["wing"], "W");
        let cleared = patch(&json!({"op": "remove", "path": format!("{URN}:floor")}));
        scim.patch(&at, cleared).await.expect(200);
        to["attributes"].as_array_mut().unwrap().remove(1);
        server.as_owner(Method::PUT, &path, Some(to.clone())).await.expect(200);
        to["id"] = json!("urn:another:one:User");
        server.as_owner(Method::PUT, &path, Some(to)).await.expect(400);

        let refused = server.as_owner(Method::DELETE, &path, None).await.expect(409).json();
        assert!(refused["detail"].as_str().unwrap().contains("1 person"), "{refused}");
        let gone = server.as_owner(Method::DELETE, &format!("{path}?drop_values=true"), None).await;
        assert_eq!(gone.expect(200).json()["people"], 1);
        server.as_owner(Method::GET, &path, None).await.expect(404);
        let after = scim.get(&at).await.expect(200).json();
        assert!(after.get(URN).is_none() && after["title"] == "Engineer");
        server.as_owner(Method::POST, "/api/v1/tenants/contoso/schemas", Some(badge())).await.expect(201);
        assert!(scim.get(&at).await.expect(200).json().get(URN).is_none(), "values do not come back");
    }
);

pure!(
    fn declarations_are_checked() {
        let read = |v: &Value| -> Result<(), String> {
            let d: Declaration = serde_json::from_value(v.clone()).map_err(|e| e.to_string())?;
            d.schema().map(|_| ()).map_err(|e| e.detail().to_owned())
        };
        assert_eq!(read(&badge()), Ok(()));
        for id in [
            "",
            "urn",
            "urn:x",
            "contoso:badge:User",
            "urn:con toso:badge",
            "urn:contoso:\"badge",
            "urn:contoso:ba'dge",
            "urn:contoso::User",
            "urn:contoso:badge:",
            "urn:contoso:badge.",
            "urn:contoso:{badge}",
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:core:2.0:Badge",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:more",
            "urn:ietf:params:scim:schemas:extension:enterprise",
            "urn:ietf:params:scim:api:messages:2.0:Error",
        ] {
            let mut v = badge();
            v["id"] = json!(id);
            assert!(read(&v).is_err(), "{id}");
        }
        for a in [
            json!({"name": ""}),
            json!({"name": "1st"}),
            json!({"name": "$ref"}),
            json!({"name": "a.b"}),
            json!({"name": "a b"}),
            json!({"name": "a'b"}),
            json!({"name": "a\"b"}),
            json!({"name": "a$1"}),
            json!({"name": "näme"}),
            json!({"name": "a", "type": "complex"}),
            json!({"name": "a", "type": "binary"}),
            json!({"name": "a", "required": true}),
            json!({"name": "a", "subAttributes": [{"name": "b"}]}),
            json!({"name": "a", "addReplaces": true}),
            json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b", "multiValued": true}]}),
            json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "complex", "subAttributes": [{"name": "c"}]}]}),
            json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b"}, {"name": "B"}]}),
            json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b", "returned": "request"}]}),
            json!({"name": "a", "referenceTypes": ["User"]}),
            json!({"name": "TAG"}),
            json!({"name": "x".repeat(65)}),
        ] {
            let mut v = badge();
            v["attributes"].as_array_mut().unwrap().push(a.clone());
            assert!(read(&v).is_err(), "{a}");
        }
        let mut v = badge();
        v["attributes"] = json!([]);
        assert!(read(&v).is_err());
    }
);

pure!(
    fn what_is_always_shown_is_shown_whatever_is_left_out() {
        let d: Declaration = serde_json::from_value(json!({
            "id": URN, "name": "Badge", "attributes": [
                {"name": "tag"}, {"name": "level", "returned": "always"},
                {"name": "desk", "type": "complex", "returned": "always", "subAttributes": [{"name": "a"}, {"name": "b"}]},
            ],
        }))
        .unwrap();
        let schemas = Schemas::with(vec![d.schema().unwrap()]);
        let whole = json!({"id": "1", "title": "T", URN: {"tag": "t", "level": "2", "desk": {"a": "1", "b": "2"}}});
        let shown = |attributes: Option<&str>, excluded: Option<&str>| {
            let p = Projection::read(&schemas, Rules::ALL, Resource::User, attributes, excluded);
            Value::Object(p.apply(whole.as_object().unwrap().clone()))[URN].clone()
        };
        let always = json!({"level": "2", "desk": {"a": "1", "b": "2"}});
        assert_eq!(shown(None, Some(URN)), always);
        assert_eq!(shown(None, Some(&format!("{URN}:desk.a,{URN}:tag"))), always);
        assert_eq!(shown(None, Some(&format!("{URN}:level,title"))), whole[URN]);
        assert_eq!(shown(Some(&format!("{URN}:desk.a")), None), always);
        assert_eq!(shown(Some("title"), None), always);
    }
);

pure!(
    fn what_would_not_be_held_is_not_declared() {
        let with = |id: &str, sub: Value| -> Declaration {
            serde_json::from_value(json!({
                "id": id, "name": "Badge",
                "attributes": [{"name": "desk", "type": "complex", "subAttributes": [sub]}],
            }))
            .unwrap()
        };
        let d = with(URN, json!({"name": "house", "mutability": "immutable"}));
        let e = d.schema().unwrap_err();
        assert!(
            e.detail().contains("'house'") && e.detail().contains("mutability"),
            "{}",
            e.detail()
        );
        // One that was declared before is read, and says what is so.
        let kept = d.kept().unwrap();
        assert_eq!(kept.attrs[0].subs[0].mutability, Mutability::ReadWrite);
        let misspelt = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";
        let d = with(&misspelt.to_uppercase().replace("URN", "urn"), json!({"name": "house"}));
        assert!(d.schema().unwrap_err().detail().contains("misspelt"));
        assert!(d.kept().is_ok());
        assert!(with(URN, json!({"name": "house"})).schema().is_ok());
    }
);
