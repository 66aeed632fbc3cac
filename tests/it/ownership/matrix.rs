//! A directory's client sees and changes what is its own: every verb, on what is another's.

use crate::{
    story,
    support::{TestServer, server::Scim},
};
use muster::access::catalogue::GLOBAL_ADMINISTRATOR;
use serde_json::{Value, json};

const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn user(c: &Scim, name: &str) -> String {
    let new = json!({ "userName": name, "externalId": format!("x-{name}"), "displayName": name,
        "emails": [{ "value": format!("{name}@corp.example"), "type": "work" }] });
    c.post("/Users", new).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

async fn group(c: &Scim, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|m| json!({ "value": m })).collect();
    let new = json!({ "displayName": name, "externalId": format!("x-{name}"), "members": members });
    c.post("/Groups", new).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "the macro borrows what its callers make")]
fn patch(ops: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": ops })
}

fn members(doc: &Value) -> Vec<String> {
    let all = doc["members"].as_array().cloned().unwrap_or_default();
    all.iter().map(|m| m["value"].as_str().unwrap().to_owned()).collect()
}

story!(async fn what_is_anothers_is_not_there(t) {
    let s = TestServer::start(&t).await;
    let (acme, beta) = (s.tenant("acme").await, s.tenant("beta").await);
    let mine = s.directory(acme).await;
    // Another directory of the same tenant, another tenant's, and somebody whom no directory has.
    let (other, far) = (s.directory(acme).await, s.directory(beta).await);
    let new = json!({ "kind": "tenant", "user_name": "local", "email": "local@corp.example" });
    let local = s.post("/api/v1/tenants/acme/users", new).await.expect(201).json();
    let me = user(&mine, "me").await;
    let my_group = group(&mine, "Mine", &[&me]).await;
    let mut theirs = vec![("local".to_owned(), local["id"].as_str().unwrap().to_owned(), None)];
    for (c, name) in [(&other, "other"), (&far, "far")] {
        let id = user(c, name).await;
        let g = group(c, &format!("Of {name}"), &[&id]).await;
        theirs.push((name.to_owned(), id, Some((c, g))));
    }
    for (name, id, owner) in &theirs {
        let at = format!("/Users/{id}");
        let before = match owner {
            Some((c, _)) => c.get(&at).await.expect(200).text,
            None => s.get(&format!("/api/v1/tenants/acme/users/{id}")).await.expect(200).text,
        };
        let whole = json!({ "userName": "stolen", "active": false });
        let off = patch(json!([{ "op": "replace", "path": "active", "value": false }]));
        mine.get(&at).await.expect(404);
        mine.put(&at, whole).await.expect(404);
        mine.patch(&at, off).await.expect(404);
        mine.delete(&at).await.expect(404);
        for filter in [
            format!("userName eq \"{name}\""),
            format!("externalId eq \"x-{name}\""),
            format!("id eq \"{id}\""),
            format!("emails.value eq \"{name}@corp.example\""),
            format!("emails[type eq \"work\"].value eq \"{name}@corp.example\""),
            format!("displayName co \"{name}\""),
            format!("not (userName eq \"me\") and userName sw \"{name}\""),
        ] {
            let q: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
            let found = mine.get(&format!("/Users?filter={q}")).await.expect(200).json();
            assert_eq!(found["totalResults"], 0, "{filter}: {found}");
            let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
            let found = mine.post("/Users/.search", body.clone()).await.expect(200).json();
            assert_eq!(found["totalResults"], 0, "{filter}");
        }
        // A member of mine they do not become, by whichever verb.
        let ops = [
            json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]),
            json!([{ "op": "replace", "path": "members", "value": [{ "value": me }, { "value": id }] }]),
            json!([{ "op": "add", "value": { "members": [{ "value": id }] } }]),
        ];
        for op in ops {
            let g = mine.patch(&format!("/Groups/{my_group}"), patch(op.clone())).await.expect(200).json();
            assert_eq!(members(&g), [me.as_str()], "{op}");
        }
        let put = json!({ "displayName": "Mine", "members": [{ "value": me }, { "value": id }] });
        let g = mine.put(&format!("/Groups/{my_group}"), put).await.expect(200).json();
        assert_eq!(members(&g), [me.as_str()]);
        let made = json!({ "displayName": format!("With {name}"), "members": [{ "value": id }] });
        let g = mine.post("/Groups", made).await.expect(201).json();
        assert!(members(&g).is_empty());
        // As a manager they are an id without a name, and tell nothing.
        let boss = patch(json!([{ "op": "replace", "path": format!("{ENT}:manager"), "value": id }]));
        let doc = mine.patch(&format!("/Users/{me}"), boss).await.expect(200).json();
        assert!(doc[ENT]["manager"].get("displayName").is_none(), "{doc}");
        if let Some((c, g)) = owner {
            let at = format!("/Groups/{g}");
            mine.get(&at).await.expect(404);
            mine.put(&at, json!({ "displayName": "stolen", "members": [] })).await.expect(404);
            mine.patch(&at, patch(json!([{ "op": "remove", "path": "members" }]))).await.expect(404);
            mine.delete(&at).await.expect(404);
            for filter in [
                format!("displayName eq \"Of {name}\""),
                format!("externalId eq \"x-Of {name}\""),
                format!("id eq \"{g}\" and members eq \"{id}\""),
                format!("members.value eq \"{id}\""),
            ] {
                let q: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
                let found = mine.get(&format!("/Groups?filter={q}")).await.expect(200).json();
                assert_eq!(found["totalResults"], 0, "{filter}: {found}");
            }
            let after = c.get(&at).await.expect(200).json();
            assert_eq!(members(&after), [id.as_str()]);
            assert_eq!(c.get(&format!("/Users/{id}")).await.expect(200).text, before);
            // A token of mine opens nothing at another's address.
            let client = s.client(&c.base).bearer(&mine.token);
            client.get(&format!("/Users/{id}")).await.expect(401);
        } else {
            let after = s.get(&format!("/api/v1/tenants/acme/users/{id}")).await.expect(200).text;
            assert_eq!(after, before);
        }
    }
    let mine_all = mine.get("/Users").await.expect(200).json();
    assert_eq!((&mine_all["totalResults"], &mine_all["Resources"][0]["id"]), (&json!(1), &json!(me)));
    let other_all = other.get("/Users").await.expect(200).json();
    assert_eq!(other_all["totalResults"], 1);
});

story!(async fn a_name_is_one_persons_in_its_directory(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let (one, two) = (s.directory(acme).await, s.directory(acme).await);
    let a = user(&one, "ada").await;
    let b = user(&two, "ada").await;
    assert_ne!(a, b, "two directories, two people");
    for c in [&one, &two] {
        let again = c.post("/Users", json!({ "userName": "ADA" })).await.expect(409).json();
        assert_eq!(again["scimType"], "uniqueness");
        let x = user(c, "x").await;
        let put = json!({ "userName": "Ada" });
        assert_eq!(c.put(&format!("/Users/{x}"), put).await.expect(409).json()["scimType"], "uniqueness");
        let op = patch(json!([{ "op": "replace", "path": "userName", "value": "aDA" }]));
        assert_eq!(c.patch(&format!("/Users/{x}"), op).await.expect(409).json()["scimType"], "uniqueness");
    }
    let off = patch(json!([{ "op": "replace", "path": "active", "value": false }]));
    one.patch(&format!("/Users/{a}"), off).await.expect(200);
    assert_eq!(two.get(&format!("/Users/{b}")).await.expect(200).json()["active"], true);
});

story!(async fn whoever_arrives_is_no_administrator(t) {
    let s = TestServer::start(&t).await;
    let (msp, acme) = (s.provider().await, s.tenant("acme").await);
    for (tenant, slug, kind) in [(msp, "provider", "technician"), (acme, "acme", "tenant")] {
        let c = s.directory(tenant).await;
        // Whatever it says of itself.
        let new = json!({ "userName": "root", "kind": "administrator", "userType": "administrator",
            "roles": [{ "value": "Global Administrator", "primary": true }],
            "entitlements": [{ "value": GLOBAL_ADMINISTRATOR.to_string() }] });
        let id = c.post("/Users", new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let at = format!("/api/v1/tenants/{slug}/users/{id}");
        let seen = s.get(&at).await.expect(200).json();
        assert_eq!(seen["kind"], kind);
        let access = s.get(&format!("{at}/access")).await.expect(200).json();
        assert_eq!(access["access"], json!([]), "and holds nothing: {access}");
    }
    // The provider's mapping to Global Administrator: a technician is none by it, for the guard neither.
    let c = s.directory(msp).await;
    let tom = user(&c, "tom").await;
    let g = group(&c, "Everything", &[&tom]).await;
    let map = json!({ "group": g, "role": GLOBAL_ADMINISTRATOR.to_string(), "everywhere": true });
    s.post("/api/v1/tenants/provider/mappings", map).await.expect(201);
    let root = json!({ "kind": "administrator", "user_name": "hand" });
    let root = s.post("/api/v1/tenants/provider/users", root).await.expect(201).json();
    crate::support::way_in(&s.app.store, msp, root["id"].as_str().unwrap().parse().unwrap()).await;
    let give = json!({ "user": root["id"], "home": "provider", "role": GLOBAL_ADMINISTRATOR.to_string() });
    s.post("/api/v1/grants", give).await.expect(201);
    let path = |id: &str| format!("/api/v1/tenants/provider/users/{id}");
    let switch = |id: String, body: Value| {
        let s = &s;
        async move { s.as_owner(reqwest::Method::PATCH, &path(&id), Some(body)).await }
    };
    let hand = root["id"].as_str().unwrap().to_owned();
    let refused = switch(hand.clone(), json!({ "enabled": false })).await.expect(403);
    assert!(refused.text.contains("last Global Administrator"), "{}", refused.text);
    let explain = |p: &str| format!("/api/v1/tenants/provider/explain?user={tom}&permission={p}");
    let x = s.get(&explain("users.edit")).await.expect(200).json();
    assert_eq!((&x["allowed"], x["void"].as_array().unwrap().len()), (&json!(false), 1));
    // Made an administrator by hand, he is one by the group: for all three. (His directory signs nobody in.)
    crate::support::way_in(&s.app.store, msp, tom.parse().unwrap()).await;
    switch(tom.clone(), json!({ "kind": "administrator" })).await.expect(200);
    let x = s.get(&explain("users.edit")).await.expect(200).json();
    assert_eq!(x["allowed"], true, "{x}");
    switch(hand, json!({ "enabled": false })).await.expect(200);
});

story!(async fn the_refusals_and_the_ways_out_by_http(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let c = s.directory(acme).await;
    let new = json!({ "kind": "tenant", "user_name": "ann@corp.example" });
    let ann = s.post("/api/v1/tenants/acme/users", new).await.expect(201).json();
    let body = json!({ "userName": "ann@corp.example", "externalId": "a-1" });
    let told = c.post("/Users", body.clone()).await.expect(409).json();
    assert_eq!((&told["scimType"], &told["status"]), (&json!("uniqueness"), &json!("409")));
    let list = s.get("/api/v1/tenants/acme/adoptions").await.expect(200).json();
    let asked = &list["items"][0];
    assert_eq!((&asked["user"], &asked["state"], &asked["reasons"]), (&ann["id"], &json!("pending"), &json!(["domain"])));
    let at = format!("/api/v1/tenants/acme/adoptions/{}", asked["id"].as_str().unwrap());
    assert!(told["detail"].as_str().unwrap().contains(asked["id"].as_str().unwrap()));
    assert_eq!(s.get(&at).await.expect(200).json()["wanted_external_id"], "a-1");
    assert_eq!(s.post(&at, json!({ "decision": "refuse" })).await.expect(200).json()["state"], "refused");
    c.post("/Users", body.clone()).await.expect(409);
    assert_eq!(s.post(&at, json!({ "decision": "accept" })).await.expect(200).json()["state"], "accepted");
    let made = c.post("/Users", body.clone()).await.expect(201).json();
    assert_eq!(made["id"], ann["id"]);
    s.get(&at).await.expect(404);
    // Deleted by hand, she does not come back by herself.
    let user = format!("/api/v1/tenants/acme/users/{}", ann["id"].as_str().unwrap());
    s.as_owner(reqwest::Method::DELETE, &user, None).await.expect(204);
    let told = c.post("/Users", body.clone()).await.expect(409).json();
    assert_eq!(told["scimType"], "uniqueness");
    let list = s.get("/api/v1/tenants/acme/tombstones").await.expect(200).json();
    let tomb = format!("/api/v1/tenants/acme/tombstones/{}", list["items"][0]["id"].as_str().unwrap());
    s.as_owner(reqwest::Method::DELETE, &tomb, None).await.expect(204);
    c.post("/Users", body).await.expect(201);
});
