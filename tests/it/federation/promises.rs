//! What a test login and the simulator say is what a sign-in does: of whose address it is, of who would be made, of what
//! would be asked for once more, of what is closed.

use super::{
    newcomers::{comes, mail, open, people},
    stub::{World, signed_in, world},
};
use crate::{
    story,
    support::op::{Seal, now},
};
use muster::{sql, tx};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Asks for a test login: the link, without our address.
async fn asked_for(w: &World) -> String {
    let path = format!("/api/v1/tenants/{}/directories/{}/signin-tests", w.tenant, w.directory);
    let made = w.ours.post(&path, json!({})).await.expect(201).json();
    made["link"].as_str().unwrap().strip_prefix(&w.ours.url).unwrap().to_owned()
}

/// What the page of a test login says.
async fn tested(w: &World, sub: &str, more: &Value) -> String {
    let (browser, link) = (w.ours.browser(), asked_for(w).await);
    let left = browser.get(&link).await.expect(303);
    let url = url::Url::parse(left.header("location")).expect("the provider's address");
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    let change = |c: &mut Value| {
        c["sub"] = json!(sub);
        c.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    };
    let page = w.answer(&browser, &asked, change).await.expect(200).text;
    assert!(!signed_in(&browser).await);
    page
}

/// What the simulator says of such a token.
async fn would(w: &World, seal: Seal, change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = w.op.claims("muster", "n", "u1");
    change(&mut claims);
    let path = format!("/api/v1/tenants/{}/directories/{}/simulate", w.tenant, w.directory);
    let token = w.op.token(&claims, seal);
    w.ours.post(&path, json!({ "token": token })).await.expect(200).json()
}

/// The same of somebody else.
async fn of(w: &World, sub: &str, more: &Value) -> Value {
    let change = |c: &mut Value| {
        c["sub"] = json!(sub);
        c.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    };
    would(w, Seal::Good, change).await
}

/// What a sign-in comes to: the reason, or nothing where somebody is in.
async fn really(w: &World, sub: &str, more: &Value) -> Option<String> {
    let browser = w.ours.browser();
    let answer = comes(w, &browser, sub, more).await;
    if signed_in(&browser).await {
        return None;
    }
    Some(w.reason(&answer).await)
}

/// All three say that somebody is kept out, and why; nobody is made by asking.
async fn all_refuse(w: &World, sub: &str, more: &Value, reason: &str) {
    let before = people(w, "").await.len();
    let page = tested(w, sub, more).await;
    // Who only proves too little is made before that is seen.
    let made = reason == "mfa_not_proved";
    assert!(page.contains(reason) && (made || !page.contains("brings them in, as")), "{page}");
    let told = of(w, sub, more).await;
    assert_eq!((&told["outcome"], &told["reason"]), (&json!("refused"), &json!(reason)), "{told}");
    assert_eq!(people(w, "").await.len(), before);
    assert_eq!(really(w, sub, more).await.as_deref(), Some(reason));
}

story! {
    async fn nobody_is_promised_who_would_be_kept_out(t) {
        let w = open(&t, "generic", json!({ "people": "domains" })).await;
        let users = format!("/api/v1/tenants/{}/users", w.tenant);
        // The address is somebody's whom no directory has.
        let new = json!({ "kind": "tenant", "user_name": "nina@contoso.example" });
        w.ours.post(&users, new).await.expect(201);
        all_refuse(&w, "n1", &mail("nina@contoso.example"), "link_required").await;
        // Somebody whom an administrator deleted.
        assert_eq!(really(&w, "n2", &mail("olga@contoso.example")).await, None);
        let olga = people(&w, "olga").await[0]["id"].as_str().unwrap().to_owned();
        w.ours.as_owner(Method::DELETE, &format!("{users}/{olga}"), None).await.expect(204);
        all_refuse(&w, "n2", &mail("olga@contoso.example"), "link_required").await;
        // An account that is another by now: the person was linked before.
        assert_eq!(really(&w, "u1", &json!({})).await, None);
        let cx = w.ours.app.system();
        tx!(w.ours.app.store, &cx, [], |tx| {
            tx.unaudited("the directory calls her otherwise");
            sql!(tx, exec, "UPDATE users SET external_id = 'u9' WHERE external_id = 'u1'")
        })
        .unwrap();
        all_refuse(&w, "u9", &json!({}), "wrong_account").await;
        // What everybody owes, a newcomer owes as well.
        w.policy(json!({ "mfa": { "default": "always" } })).await;
        all_refuse(&w, "m1", &mail("mia@contoso.example"), "mfa_not_proved").await;
        w.policy(json!({})).await;
        // And who comes in is said to, as whom; once, and not by asking.
        let page = tested(&w, "p1", &mail("pia@contoso.example")).await;
        assert!(page.contains("brings them in, as <strong>pia@contoso.example"), "{page}");
        let told = of(&w, "p2", &mail("quinn@contoso.example")).await;
        assert_eq!((&told["outcome"], &told["comes"]), (&json!("enters_if"), &json!("quinn@contoso.example")), "{told}");
        assert!(told["user"].is_null() && people(&w, "quinn").await.is_empty(), "{told}");
        assert_eq!(really(&w, "p2", &mail("quinn@contoso.example")).await, None);
    }
}

story! {
    async fn what_groups_give_is_in_what_is_demanded_before_anybody_is_in_them(t) {
        let w = open(&t, "generic", json!({ "people": "domains", "groups": "groups" })).await;
        let nina = |groups: Value| {
            let mut c = mail("nina@contoso.example");
            c["groups"] = groups;
            c
        };
        assert_eq!(really(&w, "n1", &nina(json!(["g-all", "g-boss"]))).await, None);
        let groups = super::newcomers::groups(&w).await;
        let boss = groups.iter().find(|g| g["display_name"] == "g-boss").unwrap();
        assert_eq!(really(&w, "n1", &nina(json!(["g-all"]))).await, None);
        let mapping = json!({ "group": boss["id"], "role": "Tenant Administrator" });
        w.ours.post(&format!("/api/v1/tenants/{}/mappings", w.tenant), mapping).await.expect(201);
        all_refuse(&w, "n1", &nina(json!(["g-boss"])), "mfa_not_proved").await;
    }
}

story! {
    async fn an_invitation_that_waits_is_accepted_by_a_sign_in_and_not_by_asking(t) {
        let w = open(&t, "generic", json!({})).await;
        let new = json!({ "email": "ivy@contoso.example", "roles": [{ "role": "Read-Only" }] });
        let path = format!("/api/v1/tenants/{}/invitations", w.tenant);
        let invited = w.ours.post(&path, new).await.expect(201).json();
        let state = async || {
            let at = format!("{path}/{}", invited["id"].as_str().unwrap());
            w.ours.get(&at).await.expect(200).json()["state"].take()
        };
        let page = tested(&w, "i1", &mail("ivy@contoso.example")).await;
        assert!(page.contains("would accept the invitation"), "{page}");
        let told = of(&w, "i1", &mail("ivy@contoso.example")).await;
        assert_eq!((&told["outcome"], &told["user"]["id"]), (&json!("enters_if"), &invited["user"]), "{told}");
        assert_eq!(state().await, "pending");
        assert_eq!(really(&w, "i1", &mail("ivy@contoso.example")).await, None);
        assert_eq!(state().await, "accepted");
    }
}

story! {
    async fn a_step_up_that_would_help_is_said(t) {
        let w = world(&t, "keycloak", json!({ "acr": ["3"] })).await;
        w.grant("Tenant Administrator").await;
        let weak = json!({ "amr": ["pwd"], "acr": "1", "auth_time": now() });
        let page = tested(&w, "u1", &weak).await;
        assert!(page.contains("would ask the provider once more (by claims, prompt, max_age)"), "{page}");
        assert!(page.contains("mfa_not_proved"), "{page}");
        let strong = json!({ "amr": ["pwd", "otp"], "acr": "3", "auth_time": now() });
        let page = tested(&w, "u1", &strong).await;
        assert!(!page.contains("once more") && !page.contains("they would be refused"), "{page}");
    }
}

story! {
    async fn a_test_login_that_was_replaced_says_so(t) {
        let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
        let (browser, link) = (w.ours.browser(), asked_for(&w).await);
        let left = browser.get(&link).await.expect(303);
        let url = url::Url::parse(left.header("location")).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        asked_for(&w).await;
        let page = w.answer(&browser, &asked, |_| {}).await.expect(200).text;
        assert!(page.contains("id=\"replaced\"") && page.contains("counts no more"), "{page}");
        assert!(!page.contains("The test login succeeded") && !page.contains("activate the directory"), "{page}");
        let path = format!("/api/v1/tenants/{}/directories/{}/signin-tests", w.tenant, w.directory);
        let all = w.ours.get(&path).await.expect(200).json();
        assert_eq!((&all["items"][0]["passed"], &all["items"][1]), (&json!(false), &Value::Null), "{all}");
        let page = tested(&w, "u1", &json!({})).await;
        assert!(!page.contains("id=\"replaced\""), "{page}");
    }
}

story! {
    async fn the_simulator_lets_nobody_in_where_a_sign_in_would_not(t) {
        let w = world(&t, "okta", json!({})).await;
        let reason = async |change: fn(&mut Value)| would(&w, Seal::Good, change).await["reason"].take();
        let good = would(&w, Seal::Good, |_| {}).await;
        assert_eq!(good["outcome"], "enters_if", "{good}");
        let caveats = |told: &Value| told["caveats"].to_string();
        assert!(caveats(&good).contains("'nonce'") && caveats(&good).contains("signature was not checked"), "{good}");
        assert_eq!(reason(|c| drop(c.as_object_mut().unwrap().remove("nonce"))).await, "nonce_mismatch");
        assert_eq!(reason(|c| c["iat"] = json!(now() + 3600)).await, "clock_skew");
        w.sign_in(&w.ours.browser(), Seal::Good, |_| {}).await;
        let known = would(&w, Seal::Good, |_| {}).await;
        assert!(!caveats(&known).contains("signature"), "{known}");
        let unknown = would(&w, Seal::Unknown, |_| {}).await;
        assert_eq!(unknown["outcome"], "enters_if", "{unknown}");
        assert!(caveats(&unknown).contains("key_unknown"), "{unknown}");
        // What was checked when it happened has nothing left to be known.
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let ask = json!({ "signin": w.newest().await["reference"] });
        let past = w.ours.post(&format!("{path}/simulate"), ask.clone()).await.expect(200).json();
        assert_eq!((&past["outcome"], &past["caveats"]), (&json!("enters"), &json!([])), "{past}");
        let closed = async |reason: &str| {
            assert_eq!(would(&w, Seal::Good, |_| {}).await["reason"], reason);
            let past = w.ours.post(&format!("{path}/simulate"), ask.clone()).await.expect(200).json();
            assert_eq!((&past["outcome"], &past["reason"]), (&json!("refused"), &json!(reason)), "{past}");
        };
        let edit = async |body: Value| w.ours.as_owner(Method::PATCH, &path, Some(body)).await.expect(200);
        edit(json!({ "stage": "draft" })).await;
        closed("directory_not_active").await;
        edit(json!({ "stage": "active" })).await;
        let tenant = format!("/api/v1/tenants/{}", w.tenant);
        let status = async |to: &str| w.ours.as_owner(Method::PATCH, &tenant, Some(json!({ "status": to }))).await.expect(200);
        status("suspended").await;
        closed("tenant_suspended").await;
        status("active").await;
        assert_eq!(would(&w, Seal::Good, |_| {}).await["outcome"], "enters_if");
    }
}

story! {
    /// Scanners of mail ask with HEAD what a link leads to.
    async fn who_only_looks_at_a_link_uses_nothing_up(t) {
        let w = world(&t, "generic", json!({ "amr": ["mfa"] })).await;
        let (browser, link) = (w.ours.browser(), asked_for(&w).await);
        let head = async |path: &str| {
            let a = browser.send(browser.request(Method::HEAD, path)).await;
            assert!(a.status.is_success() && a.text.is_empty(), "{path}: {} {}", a.status, a.text);
        };
        head(&link).await;
        let left = browser.get(&link).await.expect(303);
        let url = url::Url::parse(left.header("location")).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        head(&format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"])).await;
        let page = w.answer(&browser, &asked, |_| {}).await.expect(200).text;
        assert!(page.contains("What was received") && page.contains("It proves <strong>two factors</strong>"), "{page}");
        // The link of an invitation, of a help desk, and of the first start.
        let new = json!({ "email": "ivy@elsewhere.example", "roles": [] });
        let invited = w.ours.post(&format!("/api/v1/tenants/{}/invitations", w.tenant), new).await.expect(201).json();
        let invite = invited["link"].as_str().unwrap().strip_prefix(&w.ours.url).unwrap().to_owned();
        head(&invite).await;
        browser.get(&invite).await.expect(200);
        browser.form(&invite, &[]).await.expect(303);
    }
}
