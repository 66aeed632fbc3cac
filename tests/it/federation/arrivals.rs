//! How people whom nobody brought come in: several at once, from a provider of another kind or after it was changed, with
//! addresses and groups that are no plain ones.

use super::{
    newcomers::{comes, groups, mail, open, open_beside, people, set},
    stub::{TID, World, signed_in},
};
use crate::{
    story,
    support::{op::Op, server::Client},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

fn with(mut claims: Value, more: &Value) -> Value {
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

story! {
    async fn a_provider_is_asked_for_the_address_where_it_lets_people_in(t) {
        let w = open(&t, "generic", json!({})).await;
        let scope = async || w.leave(&w.ours.browser()).await.1["scope"].clone();
        assert_eq!(scope().await, "openid");
        set(&w, json!({ "people": "domains" })).await;
        assert_eq!(scope().await, "openid email profile");
    }
}

story! {
    /// Okta puts the provider that it used itself into `idp`; only Entra's words are about guests.
    async fn who_is_a_guest_is_said_by_entra_alone_and_what_cannot_be_read_says_so(t) {
        let w = open(&t, "okta", json!({ "people": "domains" })).await;
        let browser = w.ours.browser();
        comes(&w, &browser, "n1", &with(mail("nina@contoso.example"), &json!({ "idp": "00o1a2b3", "acct": 1 }))).await;
        assert!(signed_in(&browser).await);
    }
}

story! {
    async fn an_entra_account_that_may_be_a_guests_is_one(t) {
        let w = open(&t, "entra", json!({ "people": "domains" })).await;
        let ada = json!({ "oid": "ada", "tid": TID, "preferred_username": "ada@contoso.example" });
        for marks in [
            json!({ "acct": "1" }), json!({ "acct": 1.0 }), json!({ "acct": true }), json!({ "idp": null }),
            json!({ "idp": ["https://sts.windows.net/x/"] }), json!({ "upn": "ada_fabrikam.example#EXT#@contoso.example" }),
            json!({ "idp": "live.com" }), json!({ "idp": format!("https://sts.windows.net/another/{TID}/") }),
        ] {
            let browser = w.ours.browser();
            let refused = comes(&w, &browser, "s", &with(ada.clone(), &marks)).await;
            assert_eq!(w.reason(&refused).await, "guest_not_allowed", "{marks}");
        }
        let browser = w.ours.browser();
        let own = json!({ "idp": format!("https://sts.windows.net/{TID}/"), "acct": 0, "upn": "ada@contoso.example" });
        comes(&w, &browser, "s", &with(ada, &own)).await;
        assert!(signed_in(&browser).await, "a member, by the other version's name of the tenant");
    }
}

/// What a browser that is at the provider comes back with.
fn back(asked: &HashMap<String, String>) -> String {
    let at = url::Url::parse(&asked["redirect_uri"]).unwrap();
    format!("{}?state={}&code={}", at.path(), asked["state"], asked["nonce"])
}

/// So many browsers that left for the provider, each with a code for its own claims.
async fn at_once(w: &World, all: Vec<(String, Value)>) -> Vec<Client> {
    let mut left = Vec::new();
    for (sub, more) in all {
        let browser = w.ours.browser();
        let (_, asked) = w.leave(&browser).await;
        let claims = with(w.op.claims("muster", &asked["nonce"], &sub), &more);
        w.op.set(|s| {
            s.by_code.insert(asked["nonce"].clone(), claims);
        });
        left.push((browser, back(&asked)));
    }
    let come = left.iter().map(|(browser, at)| browser.get(at));
    for answer in futures::future::join_all(come).await {
        answer.expect(303);
    }
    left.into_iter().map(|(browser, _)| browser).collect()
}

story! {
    async fn first_signins_at_once_make_a_group_and_a_person_once(t) {
        let w = open(&t, "generic", json!({ "people": "domains", "groups": "groups" })).await;
        let listed = json!({ "groups": ["g-new", "g-other"] });
        let eight = |n: usize| (format!("n{n}"), with(mail(&format!("nina{n}@contoso.example")), &listed));
        for browser in at_once(&w, (0..8).map(eight).collect()).await {
            assert!(signed_in(&browser).await);
        }
        let made = groups(&w).await;
        assert_eq!(made.len(), 2, "{made:?}");
        for g in &made {
            let path = format!("/api/v1/tenants/{}/groups/{}", w.tenant, g["id"].as_str().unwrap());
            assert_eq!(w.ours.get(&path).await.expect(200).json()["members"].as_array().unwrap().len(), 8);
        }
        // One account in several tabs, whose address is another each time.
        let one = |n: usize| ("olga".to_owned(), mail(&format!("olga{n}@contoso.example")));
        for browser in at_once(&w, (0..6).map(one).collect()).await {
            assert!(signed_in(&browser).await);
        }
        assert_eq!(people(&w, "olga").await.len(), 1);
    }
}

story! {
    async fn an_odd_group_keeps_nobody_out(t) {
        let w = open(&t, "generic", json!({ "people": "domains", "groups": "groups" })).await;
        let nina = |groups: Value| with(mail("nina@contoso.example"), &json!({ "groups": groups }));
        let browser = w.ours.browser();
        let odd = ["Admins", "admins", "", " ", "a\u{0}b", &"x".repeat(2000), "desk"];
        comes(&w, &browser, "n1", &nina(json!(odd))).await;
        assert!(signed_in(&browser).await);
        let mut names: Vec<String> =
            groups(&w).await.iter().map(|g| g["display_name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        assert_eq!(names, ["Admins", "admins (2)", "desk"]);
        let seen = w.newest().await["detail"]["evidence"]["groups"].clone();
        assert_eq!((&seen["came"], &seen["odd"]), (&json!(3), &json!(4)), "{seen}");
        // The rest of the list counts: who is out of a group is out of it.
        comes(&w, &w.ours.browser(), "n1", &nina(json!(["", "desk"]))).await;
        assert_eq!(w.newest().await["detail"]["evidence"]["groups"]["left"], 2);
        assert_eq!(groups(&w).await.len(), 3, "known again by their ids");
    }
}

story! {
    /// The same `sub` of another issuer is somebody else.
    async fn a_changed_issuer_hands_nobody_over(t) {
        let other = Op::start("another").await;
        let mut w = open_beside(&t, "generic", json!({ "people": "domains" }), &[&other]).await;
        comes(&w, &w.ours.browser(), "1", &mail("alina@contoso.example")).await;
        let alina = people(&w, "alina").await;
        assert_eq!(alina.len(), 1);
        w.op = other;
        set(&w, json!({ "people": "domains" })).await;
        let browser = w.ours.browser();
        let refused = comes(&w, &browser, "1", &mail("mallory@contoso.example")).await;
        assert_eq!(w.reason(&refused).await, "link_required");
        assert!(!signed_in(&browser).await);
        assert_eq!(people(&w, "mallory").await.len(), 0);
    }
}

story! {
    async fn one_directory_brings_nobody_in_by_anothers_address(t) {
        let mut w = open(&t, "generic", json!({ "people": "domains" })).await;
        comes(&w, &w.ours.browser(), "d1", &mail("dora@contoso.example")).await;
        let path = format!("/api/v1/tenants/{}/directories", w.tenant);
        let half = json!({ "issuer": w.op.issuer, "client_id": "muster", "client_secret": "s", "newcomers": { "people": "domains" } });
        let made = w.ours.post(&path, json!({ "name": "Second", "preset": "generic", "signin": half })).await.expect(201).json();
        w.directory = made["id"].as_str().unwrap().parse().unwrap();
        for address in ["dora@contoso.example", "DORA@Contoso.example", " dora@contoso.example", "dora@contoso.example."] {
            let browser = w.ours.browser();
            let refused = comes(&w, &browser, "e1", &mail(address)).await;
            assert_eq!(w.reason(&refused).await, "link_required", "{address}");
        }
        assert_eq!(people(&w, "dora").await.len(), 1);
    }
}

story! {
    async fn an_address_is_kept_in_its_one_form_and_a_strange_one_is_none(t) {
        let w = open(&t, "generic", json!({ "people": "domains" })).await;
        for bad in ["a@evil.example@contoso.example", "ni\u{200b}na@contoso.example", "\"<b>x\"@contoso.example", "@contoso.example"] {
            let refused = comes(&w, &w.ours.browser(), "n0", &mail(bad)).await;
            assert_eq!(w.reason(&refused).await, "domain_not_verified", "{bad:?}");
        }
        let browser = w.ours.browser();
        comes(&w, &browser, "n1", &with(mail(" nina@Contoso.example. "), &json!({ "name": "x".repeat(5000) }))).await;
        assert!(signed_in(&browser).await);
        let found = people(&w, "nina").await;
        assert_eq!((&found[0]["user_name"], &found[0]["email"]), (&json!("nina@contoso.example"), &json!("nina@contoso.example")));
        assert_eq!(found[0]["display_name"], Value::Null, "a name that is too long is none");
    }
}

story! {
    async fn what_a_claim_says_already_lists_no_groups(t) {
        let w = open(&t, "generic", json!({})).await;
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        for claim in ["email", "sid", "name", "auth_time", "tid", "amr"] {
            let half = json!({ "issuer": w.op.issuer, "client_id": "muster", "newcomers": { "groups": claim } });
            let refused = w.ours.as_owner(Method::PATCH, &path, Some(json!({ "signin": half }))).await.expect(400).json();
            assert_eq!(refused["field"], "newcomers.groups", "{refused}");
        }
    }
}

story! {
    /// By SCIM, or by sign-ins: a directory whose people come both ways would bring back whom it took away.
    async fn people_come_by_scim_or_by_signing_in_and_not_both_ways(t) {
        let w = open(&t, "generic", json!({ "people": "domains" })).await;
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let tokens = format!("{path}/scim-tokens");
        let refused = w.ours.post(&tokens, json!({})).await.expect(409).json();
        assert_eq!(refused["code"], "newcomers", "{refused}");
        set(&w, json!({})).await;
        w.ours.post(&tokens, json!({})).await.expect(201);
        for newcomers in [json!({ "people": "domains" }), json!({ "groups": "groups" })] {
            let half = json!({ "issuer": w.op.issuer, "client_id": "muster", "newcomers": newcomers });
            let refused = w.ours.as_owner(Method::PATCH, &path, Some(json!({ "signin": half }))).await.expect(409).json();
            assert_eq!(refused["code"], "scim_token", "{refused}");
        }
    }
}
