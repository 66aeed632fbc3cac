//! How often each role is used: what the list counts of all of them is what each says of itself.

use super::{call, figures::acts, own};
use crate::{
    story,
    support::{
        person::{READ_ONLY, TENANT_ADMIN},
        server::TestServer,
    },
};
use muster::{actor::UserKind, id::TenantId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The ways in which a role is used.
const WAYS: [&str; 6] = ["grants", "mappings", "invitations", "parked", "eligible", "by_default"];

async fn get(s: &TestServer, path: &str) -> Value {
    own(s, "GET", path, Value::Null).await.expect(200).json()
}

/// Something of everything: in acme each way is there, and in another company some.
async fn prepared(s: &TestServer) -> TenantId {
    s.provider().await;
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let post = async |path: &str, body: Value| own(s, "POST", path, body).await.expect(201).json();
    let new = json!({"name": "Packager", "permissions": ["software.view"], "offered": true});
    let offered = post("/tenants/provider/roles", new).await["id"].as_str().unwrap().to_owned();
    let new = json!({"name": "Help desk", "permissions": ["users.view"]});
    post("/tenants/acme/roles", new).await;
    post("/tenants/acme/roles", json!({"name": "Nobody’s", "permissions": ["users.view"]})).await;
    let ann = s.person(acme, "ann", READ_ONLY).await;
    s.person(acme, "bea", &offered).await;
    s.person(other, "cid", &offered).await;
    let tess = json!({"kind": "technician", "user_name": "tess"});
    let tess = post("/tenants/provider/users", tess).await["id"].clone();
    let give = json!({"user": tess, "home": "provider", "role": "Technician"});
    post("/tenants/acme/grants", give.clone()).await;
    post("/tenants/other/grants", give).await;
    let eligible = json!({"user": ann.to_string(), "role": "Help desk", "max_minutes": 60});
    post("/tenants/acme/eligibilities", eligible).await;
    for (tenant, role) in [("acme", "Packager"), ("acme", "Help desk"), ("other", "Packager")] {
        let asked = json!({"email": format!("{}@{tenant}.example", role.replace(' ', "")), "roles": [{"role": role}]});
        post(&format!("/tenants/{tenant}/invitations"), asked).await;
    }
    own(s, "PUT", "/tenants/acme/default-role", json!({"role": "Self-Service"})).await.expect(200);
    own(s, "PUT", "/tenants/other/default-role", json!({"role": "Packager"})).await.expect(200);

    // A group gives a role, and is gone with more people than a directory may take it from at once.
    let scim = s.directory(acme).await;
    let mut members = Vec::new();
    for n in 0..10 {
        let made =
            scim.post("/Users", json!({"userName": format!("p{n}")})).await.expect(201).json();
        members.push(json!({"value": made["id"]}));
    }
    let mut groups = Vec::new();
    for name in ["Desk", "Stays"] {
        let g = json!({"displayName": name, "members": members});
        groups.push(scim.post("/Groups", g).await.expect(201).json()["id"].clone());
        post("/tenants/acme/mappings", json!({"group": name, "role": "Read-Only"})).await;
    }
    let desk = groups[0].as_str().unwrap();
    post("/tenants/acme/mappings", json!({"group": "Desk", "role": "Packager"})).await;
    scim.delete(&format!("/Groups/{desk}")).await.expect(204);
    acme
}

story!(async fn the_list_of_roles_counts_what_each_says_of_itself(t) {
    let s = TestServer::start(&t).await;
    let acme = prepared(&s).await;
    let us: TenantId = get(&s, "/tenants/provider").await["id"].as_str().unwrap().parse().unwrap();
    let adam = acts(acme, s.person(acme, "adam", TENANT_ADMIN).await, UserKind::Tenant);
    // The owner of a role that is offered hears of its uses elsewhere; whoever administers one company of nobody else's.
    let paula = acts(us, s.person(us, "paula", TENANT_ADMIN).await, UserKind::Tenant);
    for (who, tenant, elsewhere) in [
        (&adam, "acme", false),
        (&paula, "provider", true),
        (&s.owner(), "acme", true),
        (&s.owner(), "provider", true),
        (&s.owner(), "other", true),
    ] {
        let at = format!("/tenants/{tenant}/roles");
        let list = call(&s, Some(who), "GET", &format!("{at}?uses=true"), "").await.expect(200).json();
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        for role in list["items"].as_array().unwrap() {
            let id = role["id"].as_str().unwrap();
            let uses = call(&s, Some(who), "GET", &format!("{at}/{id}/uses"), "").await.expect(200).json();
            for way in WAYS {
                assert_eq!(role["uses"][way], uses[way]["total"], "{way} in {tenant}: {role} {uses}");
                *seen.entry(way).or_default() += role["uses"][way].as_u64().unwrap();
            }
            assert_eq!(role["uses"]["elsewhere"], uses["elsewhere"], "in {tenant}: {role} {uses}");
            *seen.entry("elsewhere").or_default() += uses["elsewhere"].as_u64().unwrap();
        }
        // What is compared is there.
        if tenant == "acme" {
            assert!(WAYS.iter().all(|w| seen[w] > 0), "{seen:?}");
        }
        assert_eq!(seen["elsewhere"] > 0, elsewhere, "{tenant}: {seen:?}");
    }
    let plain = call(&s, Some(&adam), "GET", "/tenants/acme/roles", "").await.expect(200).json();
    assert!(plain["items"].as_array().unwrap().iter().all(|r| r.get("uses").is_none()), "asked for alone");
    call(&s, Some(&adam), "GET", "/tenants/acme/roles?uses=perhaps", "").await.expect(400);
    let one = call(&s, Some(&adam), "GET", "/tenants/acme/roles?uses=true&text=help", "").await.expect(200).json();
    let uses = &one["items"][0]["uses"];
    assert_eq!((&uses["eligible"], &uses["invitations"], &uses["grants"]), (&json!(1), &json!(1), &json!(0)), "{one}");
});
