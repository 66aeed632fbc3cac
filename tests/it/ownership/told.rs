//! The guard by HTTP: what the directory sees, what an administrator is told and does.

use crate::{access::TECHNICIAN, mail, provisioning::newest, story, support::TestServer};
use muster::access::catalogue::TENANT_ADMINISTRATOR;
use serde_json::{Value, json};
use std::time::Duration;

#[expect(clippy::needless_pass_by_value, reason = "the macro borrows what its callers make")]
fn patch(ops: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": ops })
}

story!(async fn one_letter_for_a_change_and_a_decision_by_http(t) {
    let (port, said) = mail::server().await;
    let s = TestServer::with(&t, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "muster@example.com".clone_into(&mut c.mail.from);
    })
    .await;
    let acme = s.tenant("acme").await;
    let c = s.directory(acme).await;
    let boss = json!({ "kind": "tenant", "user_name": "boss", "email": "boss@corp.example" });
    let boss = s.post("/api/v1/tenants/acme/users", boss).await.expect(201).json();
    let give = json!({ "user": boss["id"], "role": TENANT_ADMINISTRATOR.to_string() });
    s.post("/api/v1/tenants/acme/grants", give).await.expect(201);
    let mut ids = Vec::new();
    for n in 0..14 {
        let made = c.post("/Users", json!({ "userName": format!("p{n}") })).await.expect(201).json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let members: Vec<Value> = ids.iter().map(|i| json!({ "value": i })).collect();
    let g = c.post("/Groups", json!({ "displayName": "Desk", "members": members })).await.expect(201).json();
    let at = format!("/Groups/{}", g["id"].as_str().unwrap());
    let map = json!({ "group": g["id"], "role": TECHNICIAN });
    s.post("/api/v1/tenants/acme/mappings", map).await.expect(201);
    // Twelve at once, then the rest: the directory sees what it wrote.
    let first: Vec<Value> = members[..12].to_vec();
    let op = patch(json!([{ "op": "remove", "path": "members", "value": first }]));
    let left = c.patch(&at, op).await.expect(200).json();
    assert_eq!(left["members"].as_array().unwrap().len(), 2);
    let op = patch(json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", ids[12]) }]));
    c.patch(&at, op).await.expect(200);
    c.delete(&at).await.expect(204);
    c.get(&at).await.expect(404);
    let list = s.get("/api/v1/tenants/acme/parked").await.expect(200).json();
    let change = &list["items"][0];
    assert_eq!((&change["people"], &change["closed_at"]), (&json!(14), &Value::Null), "{list}");
    assert_eq!(change["limits"], json!({ "on": true, "percent": 20, "minutes": 60, "people": 10 }));
    let path = format!("/api/v1/tenants/acme/parked/{}", change["id"].as_str().unwrap());
    let page = s.get(&format!("{path}?limit=5")).await.expect(200).json();
    assert_eq!(page["lost"].as_array().unwrap().len(), 5);
    let next = page["next"].as_str().unwrap();
    let rest = s.get(&format!("{path}?limit=500&cursor={next}")).await.expect(200).json();
    assert_eq!((rest["lost"].as_array().unwrap().len(), &rest["next"]), (9, &Value::Null));
    assert_eq!(page["lost"][0]["role_name"], "Technician");
    let explain = format!("/api/v1/tenants/acme/explain?user={}&permission=computers.edit", ids[0]);
    let x = s.get(&explain).await.expect(200).json();
    assert_eq!((&x["allowed"], &x["paths"][0]["via"]["kind"]), (&json!(true), &json!("parked")));
    let words = x["paths"][0]["via"]["explanation"].as_str().unwrap();
    assert!(words.starts_with("kept until decided: parked change") && words.contains("'Directory'"), "{words}");
    // One letter, to the one who can decide.
    let letters = || {
        let said = said.lock().unwrap().clone();
        (said.matches("RCPT TO:<boss@corp.example>").count(), said.matches("RCPT TO:").count(), said)
    };
    let mut waited = 0;
    while letters().0 == 0 && waited < 100 {
        waited += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (to_boss, all, text) = letters();
    assert_eq!((to_boss, all), (1, 1), "{text}");
    assert!(text.contains("muster parked show acme"), "{text}");
    // Decided about one, then about all.
    let one = json!({ "decision": "keep", "users": [ids[0]], "reason": "she is new" });
    let after = s.post(&path, one).await.expect(200).json();
    assert_eq!(after["people"], 13);
    let after = s.post(&path, json!({ "decision": "apply" })).await.expect(200).json();
    assert!(after["people"] == 0 && after["closed_at"].is_string(), "{after}");
    s.post(&path, json!({ "decision": "apply" })).await.expect(409);
    let x = s.get(&explain).await.expect(200).json();
    assert_eq!(x["paths"][0]["via"]["reason"], "she is new");
    let other = explain.replace(&ids[0], &ids[1]);
    assert_eq!(s.get(&other).await.expect(200).json()["allowed"], false);
});

story!(async fn whatever_verb_takes_too_much_away_it_is_parked_and_the_log_says_so(t) {
    let s = TestServer::start(&t).await;
    let bulk = |method: &str, path: String, data: Value| json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": method, "path": path, "data": data}],
    });
    let none = json!({ "displayName": "Desk", "members": [] });
    let fewer = patch(json!([{ "op": "replace", "path": "members", "value": [] }]));
    for way in ["put", "replace", "remove", "deleted group", "deleted people", "bulk put", "bulk patch", "bulk delete"] {
        let slug = way.replace(' ', "-");
        let c = s.directory(s.tenant(&slug).await).await;
        let mut ids = Vec::new();
        for n in 0..12 {
            let made = c.post("/Users", json!({ "userName": format!("p{n}") })).await.expect(201).json();
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        let members: Vec<Value> = ids.iter().map(|i| json!({ "value": i })).collect();
        let g = c.post("/Groups", json!({ "displayName": "Desk", "members": members })).await.expect(201).json();
        let at = format!("/Groups/{}", g["id"].as_str().unwrap());
        let map = json!({ "group": g["id"], "role": TECHNICIAN });
        s.post(&format!("/api/v1/tenants/{slug}/mappings"), map).await.expect(201);
        match way {
            "put" => drop(c.put(&at, none.clone()).await.expect(200)),
            "replace" => drop(c.patch(&at, fewer.clone()).await.expect(200)),
            "remove" => {
                drop(c.patch(&at, patch(json!([{ "op": "remove", "path": "members" }]))).await.expect(200));
            }
            "deleted group" => drop(c.delete(&at).await.expect(204)),
            "deleted people" => {
                for id in &ids {
                    c.delete(&format!("/Users/{id}")).await.expect(204);
                }
            }
            "bulk put" => drop(c.post("/Bulk", bulk("PUT", at.clone(), none.clone())).await.expect(200)),
            "bulk patch" => drop(c.post("/Bulk", bulk("PATCH", at.clone(), fewer.clone())).await.expect(200)),
            _ => drop(c.post("/Bulk", bulk("DELETE", at.clone(), Value::Null)).await.expect(200)),
        }
        let entry = newest(&s, &c).await;
        let outcomes = entry["outcomes"].as_array().unwrap();
        assert!(outcomes.iter().any(|o| o["outcome"] == "parked"), "{way}: {entry}");
        let list = s.get(&format!("/api/v1/tenants/{slug}/parked")).await.expect(200).json();
        let people = list["items"][0]["people"].as_u64().unwrap();
        // Of those who are deleted one by one, the first were within what is let go.
        assert!(if way == "deleted people" { people > 0 } else { people == 12 }, "{way}: {list}");
        if !way.contains("people") {
            let explain = format!("/api/v1/tenants/{slug}/explain?user={}&permission=computers.edit", ids[11]);
            assert_eq!(s.get(&explain).await.expect(200).json()["allowed"], true, "{way}: the role stays until decided");
        }
    }
});
