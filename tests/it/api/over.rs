//! What is over: roles that were taken away are named in the trail for good, and what has ended keeps nothing from being
//! deleted.

use super::own;
use crate::{
    story,
    support::{person::READ_ONLY, server::TestServer},
};
use muster::{access::grants, clock::Clock, store::Store};
use serde_json::{Value, json};
use std::time::Duration;

/// The names of the roles that events of this kind tell of, newest first.
async fn named(s: &TestServer, action: &str) -> Vec<Value> {
    let path = format!("/tenants/acme/audit?action={action}&limit=50");
    let all = own(s, "GET", &path, Value::Null).await.expect(200).json();
    all["items"].as_array().unwrap().iter().map(|e| e["detail"]["role_name"].clone()).collect()
}

story!(async fn a_role_that_was_taken_away_is_named_when_it_is_gone(t) {
    let clock = Clock::manual(t.store.clock().now());
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    let s = TestServer::on(store, |_| {}).await;
    let acme = s.tenant("acme").await;
    let ann = s.person(acme, "ann", READ_ONLY).await;
    let new = json!({"name": "Packager", "permissions": ["software.view"]});
    let role = own(&s, "POST", "/tenants/acme/roles", new).await.expect(201).json()["id"].clone();
    let at = format!("/tenants/acme/roles/{}", role.as_str().unwrap());
    let until = clock.now().plus(Duration::from_secs(60)).rfc3339();
    let give = async |role: &str, until: Option<&str>| {
        let new = json!({"user": ann.to_string(), "role": role, "valid_to": until});
        own(&s, "POST", "/tenants/acme/grants", new).await.expect(201).json()["id"].as_str().unwrap().to_owned()
    };
    let technician = give("Technician", None).await;
    own(&s, "DELETE", &format!("/tenants/acme/grants/{technician}"), Value::Null).await.expect(204);
    let ends = give("Packager", Some(&until)).await;
    // As long as somebody has it, it stays.
    own(&s, "DELETE", &at, Value::Null).await.expect(409);
    clock.advance(Duration::from_secs(61));
    assert_eq!(grants::end_due(&s.app.access, &s.app.system()).await.unwrap(), 1);
    let uses = own(&s, "GET", &format!("{at}/uses"), Value::Null).await.expect(200).json();
    assert_eq!(uses["grants"]["total"], 0, "{uses}");
    own(&s, "DELETE", &at, Value::Null).await.expect(204);
    assert_eq!(named(&s, "grant.remove").await, ["Technician"]);
    assert_eq!(named(&s, "grant.end").await, ["Packager"]);
    let left = own(&s, "GET", "/tenants/acme/grants?limit=50", Value::Null).await.expect(200).text;
    assert!(!left.contains(&ends) && left.contains("Read-Only"), "what had ended went with its role: {left}");
});

story!(async fn a_group_is_another_when_somebody_of_it_is_deleted(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let scim = s.directory(acme).await;
    let made = async |path: &str, body: Value| scim.post(path, body).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let (ann, ben) = (made("/Users", json!({"userName": "ann"})).await, made("/Users", json!({"userName": "ben"})).await);
    let members = json!([{"value": ann}, {"value": ben}]);
    let desk = made("/Groups", json!({"displayName": "Desk", "members": members})).await;
    let other = made("/Groups", json!({"displayName": "Other"})).await;
    let version = async |id: &str| scim.get(&format!("/Groups/{id}")).await.expect(200).json()["meta"]["version"].clone();
    let (before, untouched) = (version(&desk).await, version(&other).await);
    scim.delete(&format!("/Users/{ann}")).await.expect(204);
    let after = version(&desk).await;
    assert_ne!(before, after, "by the directory");
    own(&s, "DELETE", &format!("/tenants/acme/users/{ben}"), Value::Null).await.expect(204);
    assert_ne!(after, version(&desk).await, "by hand");
    assert_eq!(untouched, version(&other).await, "nobody of it was deleted");
});
