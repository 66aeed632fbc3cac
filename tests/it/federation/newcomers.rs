//! People whom nobody brought, and groups that a sign-in lists: who comes in, who does not, and that what is not known takes
//! nothing away.

use super::stub::{World, signed_in, world_beside};
use crate::{
    story,
    support::{
        TestDb,
        op::{Op, Seal},
        server::{Answer, Client},
    },
};
use reqwest::Method;
use serde_json::{Value, json};

/// A directory that lets newcomers in, of a tenant whose domain is contoso.example.
pub(super) async fn open(t: &TestDb, preset: &str, newcomers: Value) -> World {
    open_beside(t, preset, newcomers, &[]).await
}

/// The same, where other providers can be asked too.
pub(super) async fn open_beside(
    t: &TestDb,
    preset: &str,
    newcomers: Value,
    others: &[&Op],
) -> World {
    let w = world_beside(t, preset, json!({}), others).await;
    set(&w, newcomers).await;
    let body = json!({ "tenant": "contoso", "domain": "contoso.example" });
    w.ours.post("/api/v1/domains", body).await.expect(201);
    w
}

pub(super) async fn set(w: &World, newcomers: Value) {
    let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
    let signin = json!({
        "issuer": w.op.issuer, "client_id": "muster", "client_secret": "s", "newcomers": newcomers,
    });
    w.ours.as_owner(Method::PATCH, &path, Some(json!({ "signin": signin }))).await.expect(200);
}

/// Somebody's sign-in with these claims beside the usual.
pub(super) async fn comes(w: &World, browser: &Client, sub: &str, more: &Value) -> Answer {
    let change = |c: &mut Value| {
        c["sub"] = json!(sub);
        c.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    };
    w.sign_in(browser, Seal::Good, change).await
}

pub(super) fn mail(address: &str) -> Value {
    json!({ "email": address, "email_verified": true, "name": "Nina New" })
}

pub(super) async fn people(w: &World, text: &str) -> Vec<Value> {
    let path = format!("/api/v1/tenants/{}/users?text={text}", w.tenant);
    w.ours.get(&path).await.expect(200).json()["items"].as_array().unwrap().clone()
}

pub(super) async fn groups(w: &World) -> Vec<Value> {
    let path = format!("/api/v1/tenants/{}/groups", w.tenant);
    w.ours.get(&path).await.expect(200).json()["items"].as_array().unwrap().clone()
}

story! {
    async fn whoever_has_an_address_in_the_companys_domain_comes_in_once(t) {
        let w = open(&t, "generic", json!({})).await;
        let browser = w.ours.browser();
        let refused = comes(&w, &browser, "n1", &mail("nina@contoso.example")).await;
        assert_eq!(w.reason(&refused).await, "identity_unknown_jit_off", "off as shipped");
        set(&w, json!({ "people": "domains" })).await;
        comes(&w, &browser, "n1", &mail("nina@contoso.example")).await;
        assert!(signed_in(&browser).await);
        let found = people(&w, "nina").await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((&found[0]["kind"], &found[0]["display_name"]), (&json!("tenant"), &json!("Nina New")));
        assert_eq!(found[0]["directory"], json!(w.directory));
        let again = w.ours.browser();
        comes(&w, &again, "n1", &mail("other@contoso.example")).await;
        assert!(signed_in(&again).await);
        assert_eq!(people(&w, "n").await.len(), people(&w, "").await.len(), "known by the directory's id, not by an address");
        assert_eq!(people(&w, "other").await.len(), 0);
    }
}

story! {
    async fn nobody_comes_in_by_an_address_that_proves_nothing(t) {
        let w = open(&t, "generic", json!({ "people": "domains" })).await;
        let browser = w.ours.browser();
        let unproved = json!({ "email": "nina@contoso.example" });
        let as_text = json!({ "email": "nina@contoso.example", "email_verified": "true" });
        for claims in [mail("nina@fabrikam.example"), unproved, as_text, json!({}), mail("nina@sub.contoso.example")] {
            let refused = comes(&w, &browser, "n1", &claims).await;
            assert_eq!(w.reason(&refused).await, "domain_not_verified", "{claims}");
            assert!(!signed_in(&browser).await);
        }
        // Who is here of no directory is not taken over, nor is who was deleted by hand brought back.
        let users = format!("/api/v1/tenants/{}/users", w.tenant);
        let new = json!({ "kind": "tenant", "user_name": "nina@contoso.example" });
        let local = w.ours.post(&users, new).await.expect(201).json();
        let refused = comes(&w, &browser, "n1", &mail("nina@contoso.example")).await;
        assert_eq!(w.reason(&refused).await, "link_required");
        let path = format!("{users}/{}", local["id"].as_str().unwrap());
        w.ours.as_owner(Method::DELETE, &path, None).await;
        comes(&w, &browser, "n2", &mail("olga@contoso.example")).await;
        let olga = people(&w, "olga").await[0]["id"].as_str().unwrap().to_owned();
        w.ours.as_owner(Method::DELETE, &format!("{users}/{olga}"), None).await;
        let again = w.ours.browser();
        let refused = comes(&w, &again, "n2", &mail("olga@contoso.example")).await;
        assert_eq!(w.reason(&refused).await, "link_required");
        assert!(!signed_in(&again).await);
    }
}

story! {
    async fn guests_of_an_entra_tenant_come_in_only_if_it_is_set_so(t) {
        let w = open(&t, "entra", json!({ "people": "domains" })).await;
        let browser = w.ours.browser();
        let ada = |more: Value| {
            let mut c = json!({ "oid": "ada", "tid": super::stub::TID, "preferred_username": "ada@contoso.example" });
            c.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            c
        };
        for marks in [json!({ "acct": 1 }), json!({ "idp": "https://sts.windows.net/another/" })] {
            let refused = comes(&w, &browser, "s", &ada(marks)).await;
            assert_eq!(w.reason(&refused).await, "guest_not_allowed");
        }
        comes(&w, &browser, "s", &ada(json!({ "acct": 0, "idp": w.op.issuer }))).await;
        assert!(signed_in(&browser).await);
        set(&w, json!({ "people": "domains", "guests": true })).await;
        let guest = w.ours.browser();
        let mut bea = ada(json!({ "acct": 1 }));
        bea["oid"] = json!("bea");
        bea["preferred_username"] = json!("bea@contoso.example");
        comes(&w, &guest, "s2", &bea).await;
        assert!(signed_in(&guest).await);
    }
}

story! {
    /// NetBird #2322: the last group takes its rights along; but what is not known is not empty.
    async fn the_groups_of_a_sign_in_are_those_it_lists_and_unknown_is_never_empty(t) {
        let w = open(&t, "generic", json!({ "people": "domains", "groups": "groups" })).await;
        let nina = |groups: Value| {
            let mut c = mail("nina@contoso.example");
            c["groups"] = groups;
            c
        };
        let browser = w.ours.browser();
        comes(&w, &browser, "n1", &nina(json!(["g-desk", "g-all"]))).await;
        let made = groups(&w).await;
        assert_eq!(made.len(), 2, "{made:?}");
        let desk = made.iter().find(|g| g["display_name"] == "g-desk").unwrap();
        let mapping = json!({ "group": desk["id"], "role": "Technician" });
        w.ours.post(&format!("/api/v1/tenants/{}/mappings", w.tenant), mapping).await.expect(201);
        let holds = async || {
            let path = format!("/api/v1/tenants/{}/explain?user=nina@contoso.example&permission=computers.delete", w.tenant);
            w.ours.get(&path).await.expect(200).json()["allowed"] == true
        };
        assert!(holds().await);
        let mut without = nina(json!([]));
        without.as_object_mut().unwrap().remove("groups");
        for (what, claims) in [
            ("no claim", without.clone()),
            ("one text", nina(json!("g-all"))),
            ("numbers", nina(json!([1, 2]))),
            ("null", nina(Value::Null)),
            ("elsewhere", { let mut c = without; c["_claim_names"] = json!({ "groups": "src1" }); c }),
        ] {
            let browser = w.ours.browser();
            comes(&w, &browser, "n1", &claims).await;
            assert!(signed_in(&browser).await, "{what} keeps nobody out");
            assert!(holds().await, "{what} takes nothing away");
        }
        comes(&w, &w.ours.browser(), "n1", &nina(json!(["g-all"]))).await;
        assert!(!holds().await, "out of the group, without its rights");
        comes(&w, &w.ours.browser(), "n1", &nina(json!(["g-desk"]))).await;
        assert!(holds().await);
        comes(&w, &w.ours.browser(), "n1", &nina(json!([]))).await;
        assert!(!holds().await, "an empty list takes all");
        assert_eq!(groups(&w).await.len(), 2);
    }
}

story! {
    async fn where_entras_token_has_no_room_graph_is_asked(t) {
        let w = open(&t, "entra", json!({})).await;
        let graph = format!("http://{}", w.op.address);
        set(&w, json!({ "people": "domains", "groups": "groups", "graph": graph })).await;
        let ada = json!({
            "oid": "ada", "tid": super::stub::TID, "preferred_username": "ada@contoso.example",
            "_claim_names": { "groups": "src1" }, "_claim_sources": { "src1": { "endpoint": "https://evil.example" } },
        });
        w.op.set(|s| s.members = json!(["g-one", "g-two"]));
        comes(&w, &w.ours.browser(), "s", &ada).await;
        assert_eq!(groups(&w).await.len(), 2);
        assert_eq!(w.op.asked("/v1.0/users/ada/getMemberObjects"), 1);
        let member = async || {
            let path = format!("/api/v1/tenants/{}/groups/{}", w.tenant, groups(&w).await[0]["id"].as_str().unwrap());
            w.ours.get(&path).await.expect(200).json()["members"].as_array().unwrap().len()
        };
        assert_eq!(member().await, 1);
        // Graph that answers something else, or nothing, keeps nobody out and takes nothing away.
        for wrong in [json!(null), json!([1]), json!("g-one")] {
            w.op.set(|s| s.members = wrong);
            let browser = w.ours.browser();
            comes(&w, &browser, "s", &ada).await;
            assert!(signed_in(&browser).await);
            assert_eq!(member().await, 1);
        }
        w.op.set(|s| s.members = json!([]));
        comes(&w, &w.ours.browser(), "s", &ada).await;
        assert_eq!(member().await, 0);
    }
}
