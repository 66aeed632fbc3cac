//! Accounts for emergencies: sealed until somebody arms them, once, for an hour, and everybody who answers for the instance
//! knows at once.

use super::reset::forgot;
use crate::{
    passkeys::{me, told},
    story,
    support::{TestServer, server::Client},
};
use muster::{sql, store::Scope, tx};
use serde_json::{Value, json};
use std::time::Duration;

/// Of the provider's: Ada, who is a Global Administrator, and an account for emergencies.
async fn setting(t: &crate::support::TestDb) -> (TestServer, Value) {
    let s = TestServer::at_localhost(t, |_| {}).await;
    s.provider().await;
    let ada = json!({ "user_name": "ada", "email": "ada@provider.example" });
    s.post("/api/v1/administrators", ada).await.expect(201);
    let glass =
        s.post("/api/v1/break-glass", json!({ "user_name": "glass-1" })).await.expect(201).json();
    (s, glass)
}

/// Signs in with password and this recovery code: where the last answer leads.
async fn enter(b: &Client, glass: &Value, code: usize) -> String {
    let flow = b.get("/signin?tenant=provider").await.expect(303).header("location").to_owned();
    let (name, password) =
        (glass["user_name"].as_str().unwrap(), glass["password"].as_str().unwrap());
    let first =
        b.form(&format!("{flow}/password"), &[("user_name", name), ("password", password)]).await;
    let first = first.expect(303).header("location").to_owned();
    if first != flow {
        return first;
    }
    let code = glass["recovery_codes"][code].as_str().unwrap();
    b.form(&format!("{flow}/recovery"), &[("recovery_code", code)])
        .await
        .expect(303)
        .header("location")
        .to_owned()
}

async fn arm(s: &TestServer, glass: &Value) {
    let path = format!("/api/v1/break-glass/{}/arm", glass["user"].as_str().unwrap());
    let armed =
        s.post(&path, json!({ "reason": "the directory is down" })).await.expect(200).json();
    assert!(armed["armed_until"].is_string(), "{armed}");
}

fn whats(letters: &[Value]) -> Vec<String> {
    let about = letters.iter().filter_map(|l| l["what"].as_object());
    about.map(|w| w.keys().next().unwrap().clone()).collect()
}

story! {
    async fn an_account_for_emergencies_opens_once_when_it_is_armed_and_everybody_knows(t) {
        let (s, glass) = setting(&t).await;
        let b = s.browser();
        let no = enter(&b, &glass, 0).await;
        assert!(no.starts_with("/refused/"), "it is sealed: {no}");
        let all = s.get("/api/v1/tenants/provider/signins?bad=true").await.expect(200).json();
        assert_eq!(all["items"][0]["reason"], "break_glass_sealed");
        let arm_path = format!("/api/v1/break-glass/{}/arm", glass["user"].as_str().unwrap());
        s.post(&arm_path, json!({ "reason": "  " })).await.expect(400);
        arm(&s, &glass).await;
        // The code was not used up when it was sealed.
        let flow = enter(&b, &glass, 0).await;
        assert!(flow.starts_with("/signin/"), "{flow}");
        assert_eq!(me(&b).await, 200);
        b.get("/api/v1/keys").await.expect(200);
        let page = b.get("/me").await.expect(200).text;
        assert!(page.contains("id=\"break-glass\""), "{page}");
        let path = format!("/api/v1/tenants/provider/users/{}/sessions", glass["user"].as_str().unwrap());
        let sessions = s.get(&path).await.expect(200).json();
        let at = |f: &str| muster::clock::Timestamp::parse_rfc3339(sessions["items"][0][f].as_str().unwrap()).unwrap();
        assert!(at("expires_at").since(at("created_at")) <= Duration::from_secs(3600), "{sessions}");
        let letters = told(&s).await;
        assert_eq!(whats(&letters), ["glass_made", "glass_armed", "glass_broken"]);
        assert!(letters.iter().all(|l| l["to"] == "ada@provider.example"));
        let log = s.get("/api/v1/tenants/provider/audit").await.expect(200).json();
        let log = log["items"].as_array().unwrap();
        let of = |action: &str| log.iter().find(|e| e["action"] == action).unwrap();
        assert_eq!((&of("break_glass.use")["detail"]["alarm"], &of("break_glass.arm")["personal"]["reason"]),
                   (&true.into(), &"the directory is down".into()));
        // It has sealed itself.
        let other = s.browser();
        let no = enter(&other, &glass, 1).await;
        assert!(no.starts_with("/refused/"), "{no}");
        assert_eq!(me(&other).await, 401);
        let listed = s.get("/api/v1/break-glass").await.expect(200).json();
        assert!(listed["items"][0]["used_at"].is_string() && listed["items"][0]["armed_until"].is_null(), "{listed}");
        // Nor does it arm itself.
        b.post(&arm_path, json!({ "reason": "once more" })).await.expect(403);
    }
}

story! {
    async fn of_two_at_once_one_comes_in_and_after_an_hour_nobody(t) {
        let (s, glass) = setting(&t).await;
        arm(&s, &glass).await;
        let (a, b) = (s.browser(), s.browser());
        let (x, y) = tokio::join!(enter(&a, &glass, 0), enter(&b, &glass, 1));
        let refused = [x, y].iter().filter(|to| to.starts_with("/refused/")).count();
        assert_eq!((refused, me(&a).await.min(me(&b).await), me(&a).await.max(me(&b).await)), (1, 200, 401));
        arm(&s, &glass).await;
        let cx = s.app.system();
        tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("time goes by");
            sql!(tx, exec, "UPDATE break_glass SET armed_until = armed_until - 3600000000")
        }).unwrap();
        let late = s.browser();
        assert!(enter(&late, &glass, 2).await.starts_with("/refused/"));
    }
}

story! {
    async fn it_is_nobodys_last_administrator_and_has_no_letter(t) {
        let (s, glass) = setting(&t).await;
        let users = "/api/v1/tenants/provider/users";
        let all = s.get(users).await.expect(200).json();
        let ada = all["items"].as_array().unwrap().iter().find(|u| u["user_name"] == "ada").unwrap();
        let off = json!({ "enabled": false });
        let path = format!("{users}/{}", ada["id"].as_str().unwrap());
        let no = s.as_owner(reqwest::Method::PATCH, &path, Some(off)).await.expect(403).text;
        assert!(no.contains("last Global Administrator"), "{no}");
        let glass_path = format!("{users}/{}", glass["user"].as_str().unwrap());
        let email = json!({ "email": "glass@provider.example" });
        s.as_owner(reqwest::Method::PATCH, &glass_path, Some(email)).await.expect(200);
        s.post(&format!("{glass_path}/reset-link"), json!({})).await.expect(409);
        // Armed is what could sign in then.
        let switch = async |on: bool| s.as_owner(reqwest::Method::PATCH, &glass_path, Some(json!({ "enabled": on }))).await;
        switch(false).await.expect(200);
        let arm_path = format!("/api/v1/break-glass/{}/arm", glass["user"].as_str().unwrap());
        let no = s.post(&arm_path, json!({ "reason": "case 4711" })).await.expect(409).json();
        assert_eq!(no["code"], "user_disabled", "{no}");
        switch(true).await.expect(200);
        forgot(&s, "glass-1").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let n = sql!(c, one<i64>, "SELECT count(*) FROM outbox WHERE topic = 'password_reset.mail'").unwrap();
        assert_eq!(n, 0);
        drop(c);
        // Two there are, and no more.
        s.post("/api/v1/break-glass", json!({ "user_name": "glass-2" })).await.expect(201);
        s.post("/api/v1/break-glass", json!({ "user_name": "glass-3" })).await.expect(409);
        let all = s.get(users).await.expect(200).json();
        assert_eq!(all["items"].as_array().unwrap().len(), 3, "nothing is left of the third");
    }
}

story! {
    async fn one_that_nobody_has_tried_in_a_month_is_told_of_once_a_month(t) {
        let (s, _) = setting(&t).await;
        let remind = async || {
            muster::credentials::break_glass::remind(&s.app.store, &s.app.system()).await.unwrap()
        };
        assert_eq!(remind().await, 0);
        let cx = s.app.system();
        tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("time goes by");
            sql!(tx, exec, "UPDATE break_glass SET made_at = made_at - 2600000000000")
        }).unwrap();
        assert_eq!(remind().await, 1);
        assert_eq!(remind().await, 0);
        assert_eq!(whats(&told(&s).await), ["glass_made", "glass_drill"]);
    }
}

story! {
    async fn it_opens_where_the_companys_login_is_the_only_way_in(t) {
        let (s, _) = setting(&t).await;
        let name = json!({ "user_name": "glass-2@provider.example" });
        let glass = s.post("/api/v1/break-glass", name).await.expect(201).json();
        s.post("/api/v1/domains", json!({ "domain": "provider.example", "tenant": "provider" })).await.expect(201);
        let signin = json!({ "issuer": "https://login.example", "client_id": "muster" });
        let new = json!({ "name": "Login", "preset": "generic", "signin": signin });
        let made = s.post("/api/v1/tenants/provider/directories", new).await.expect(201).json();
        let path = format!("/api/v1/tenants/provider/directories/{}", made["id"].as_str().unwrap());
        // Who administers has an address elsewhere: with nobody left it would not be enforced.
        let users = "/api/v1/tenants/provider/users";
        let all = s.get(users).await.expect(200).json();
        let ada = all["items"].as_array().unwrap().iter().find(|u| u["user_name"] == "ada").unwrap();
        let ada = format!("{users}/{}", ada["id"].as_str().unwrap());
        let elsewhere = json!({ "email": "ada@elsewhere.example" });
        s.as_owner(reqwest::Method::PATCH, &ada, Some(elsewhere)).await.expect(200);
        let stage = Some(json!({ "stage": "enforced" }));
        s.as_owner(reqwest::Method::PATCH, &path, stage).await.expect(200);
        arm(&s, &glass).await;
        let b = s.browser();
        let flow = enter(&b, &glass, 0).await;
        assert!(flow.starts_with("/signin/"), "{flow}");
        assert_eq!(me(&b).await, 200);
    }
}

/// What the provider's people are asked for.
async fn policy(s: &TestServer, mfa: Value) {
    s.put("/api/v1/tenants/provider/policy", json!({ "mfa": mfa })).await.expect(200);
}

story! {
    async fn it_owes_two_factors_whatever_the_policy_has_become(t) {
        let (s, glass) = setting(&t).await;
        policy(&s, json!({ "level": "phr" })).await;
        arm(&s, &glass).await;
        let b = s.browser();
        let to = enter(&b, &glass, 0).await;
        assert!(to.starts_with("/signin/"), "{to}");
        assert_eq!(me(&b).await, 200);
        // And it may put the policy right.
        b.put("/api/v1/tenants/provider/policy", json!({ "mfa": { "default": "never" } })).await.expect(200);
        arm(&s, &glass).await;
        let other = s.browser();
        let flow = other.get("/signin?tenant=provider").await.expect(303).header("location").to_owned();
        let typed = [("user_name", "glass-1"), ("password", glass["password"].as_str().unwrap())];
        other.form(&format!("{flow}/password"), &typed).await.expect(303);
        assert_eq!(me(&other).await, 401, "a password alone is never enough");
        let to = enter(&other, &glass, 1).await;
        assert!(to.starts_with("/signin/"), "{to}");
        assert_eq!(me(&other).await, 200);
    }
}

story! {
    async fn a_recovery_code_that_would_not_do_is_not_used_up(t) {
        let (s, contoso) = crate::passkeys::setting(&t).await;
        let anna = crate::passkeys::person(&s, contoso, "anna").await;
        let app = super::code(&s, &anna).await;
        let b = s.browser();
        super::with_code(&b, "anna", &super::shown(&app, 0)).await;
        let codes = super::make(&b).await;
        let grant = json!({ "user": anna.rsplit('/').next().unwrap(), "role": "Tenant Administrator" });
        s.post("/api/v1/tenants/contoso/grants", grant).await.expect(201);
        s.put("/api/v1/tenants/contoso/policy", json!({ "mfa": { "level": "phr" } })).await.expect(200);
        let other = s.browser();
        let flow = super::until_second(&other, "anna").await;
        let no = other.form(&format!("{flow}/recovery"), &[("recovery_code", &codes[0])]).await.expect(303);
        assert!(no.header("location").starts_with("/refused/"));
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let left = sql!(c, one<i64>, "SELECT count(*) FROM recovery_codes").unwrap();
        assert_eq!(left, 10);
    }
}

story! {
    async fn arming_it_forgets_who_guessed_and_says_how_many_codes_are_left(t) {
        let (s, glass) = setting(&t).await;
        let b = s.browser();
        let flow = b.get("/signin?tenant=provider").await.expect(303).header("location").to_owned();
        for _ in 0..=s.app.config.signin.failures {
            b.form(&format!("{flow}/password"), &[("user_name", "glass-1"), ("password", "no")]).await.expect(200);
        }
        arm(&s, &glass).await;
        assert!(enter(&b, &glass, 0).await.starts_with("/signin/"));
        let path = format!("/api/v1/break-glass/{}/arm", glass["user"].as_str().unwrap());
        let armed = s.post(&path, json!({ "reason": "once more" })).await.expect(200).json();
        assert_eq!((&armed["recovery_codes"], &armed["warning"]), (&9.into(), &Value::Null));
        let cx = s.app.system();
        tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("they were used");
            sql!(tx, exec, "DELETE FROM recovery_codes
                            WHERE hash NOT IN (SELECT hash FROM recovery_codes ORDER BY hash LIMIT 2)")
        }).unwrap();
        let armed = s.post(&path, json!({ "reason": "once more" })).await.expect(200).json();
        assert!(armed["warning"].as_str().unwrap().starts_with("2 recovery codes are left"), "{armed}");
        assert_eq!(s.get("/api/v1/break-glass").await.expect(200).json()["items"][0]["recovery_codes"], 2);
    }
}

story! {
    async fn what_is_done_about_one_is_told_and_no_other_such_account_does_it(t) {
        let (s, glass) = setting(&t).await;
        let second = s.post("/api/v1/break-glass", json!({ "user_name": "glass-2" })).await.expect(201).json();
        arm(&s, &glass).await;
        let b = s.browser();
        assert!(enter(&b, &glass, 0).await.starts_with("/signin/"));
        let user = format!("/api/v1/tenants/provider/users/{}", second["user"].as_str().unwrap());
        let arm_path = format!("/api/v1/break-glass/{}/arm", second["user"].as_str().unwrap());
        b.post(&arm_path, json!({ "reason": "me too" })).await.expect(403);
        b.put(&format!("{user}/password"), json!({ "password": "umbrella quartz pelican" })).await.expect(403);
        b.post(&format!("{user}/one-time-code"), json!({})).await.expect(403);
        b.post(&format!("{user}/reset-factors"), json!({})).await.expect(403);
        b.patch(&user, json!({ "enabled": false })).await.expect(403);
        b.delete(&user).await.expect(403);
        let before = told(&s).await.len();
        s.put(&format!("{user}/password"), json!({ "password": "umbrella quartz pelican" })).await.expect(204);
        s.post(&format!("{user}/one-time-code"), json!({})).await.expect(201);
        s.post(&format!("{user}/reset-factors"), json!({})).await.expect(409);
        let switch = async |on: bool| s.as_owner(reqwest::Method::PATCH, &user, Some(json!({ "enabled": on }))).await;
        switch(false).await.expect(200);
        s.as_owner(reqwest::Method::DELETE, &user, None).await.expect(204);
        let letters = told(&s).await;
        let did: Vec<_> = letters[before..].iter().map(|l| l["what"]["glass_touched"][1].as_str().unwrap()).collect();
        assert_eq!(did, ["got a new password", "got a one-time code", "was switched off", "was deleted"]);
        assert!(letters[before..].iter().all(|l| l["to"] == "ada@provider.example"));
    }
}
