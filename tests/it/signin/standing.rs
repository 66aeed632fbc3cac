//! What was proved, and by whom a browser was used before: a sign-in leaves nothing behind that nobody can end, and
//! counts only while what it rests on stands.

use super::{PASSWORD, begin, code_of, me, person, setting, typed};
use crate::{
    story,
    support::{TestServer, person::READ_ONLY, tab::Tab},
};
use reqwest::Method;
use serde_json::{Value, json};

const OTHER: &str = "copper meadow 51 windows";

async fn with_password(s: &TestServer, path: &str) {
    s.as_owner(Method::PUT, &format!("{path}/password"), Some(json!({ "password": PASSWORD })))
        .await
        .expect(204);
}

/// The path of the flow of a tab that begins a sign-in at contoso.
async fn flow(tab: &mut Tab) -> String {
    tab.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned()
}

async fn living(s: &TestServer, path: &str) -> Vec<Value> {
    let all = s.get(&format!("{path}/sessions")).await.expect(200).json();
    let all = all["items"].as_array().unwrap().clone();
    all.into_iter().filter(|x| x["ended_at"].is_null()).collect()
}

story! {
    /// Nobody could sign out of it any more: the cookie is another's now.
    async fn another_persons_sign_in_ends_the_session_before_it(t) {
        let (s, contoso, _) = setting(&t).await;
        let fabrikam = s.tenant("fabrikam").await;
        let ada = s.person(fabrikam, "ada", READ_ONLY).await;
        let who = s.session(fabrikam, ada, "single").await;
        let app = s.app(fabrikam, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let access = tokens["access_token"].as_str().unwrap();
        assert!(s.active(&app, access).await);
        let ben = person(&s, contoso, "ben", false).await;
        let mut tab = Tab::of(&s, &who);
        let at = flow(&mut tab).await;
        // A wrong password ends nothing.
        tab.form(&format!("{at}/password"), &[("user_name", "ben"), ("password", "no")]).await.expect(200);
        assert!(s.active(&app, access).await);
        tab.form(&format!("{at}/password"), &[("user_name", "ben"), ("password", PASSWORD)]).await.expect(303);
        assert!(!s.active(&app, access).await, "what applications got in it ends with it");
        s.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(400);
        let mut old = Tab::of(&s, &who);
        assert_eq!(old.get("/api/v1/me").await.status, 401);
        assert_eq!(tab.get("/api/v1/me").await.expect(200).json()["user"], ben.id.as_str());
        let path = format!("/api/v1/tenants/{fabrikam}/users/{ada}");
        assert!(living(&s, &path).await.is_empty());
        let log = s.get(&format!("/api/v1/tenants/{fabrikam}/audit")).await.expect(200).text;
        assert!(log.contains("session.replace"), "{log}");
    }
}

story! {
    async fn whoever_signs_in_anew_goes_on_in_their_session_under_a_new_cookie(t) {
        let (s, contoso, _) = setting(&t).await;
        let ada = s.person(contoso, "ada", READ_ONLY).await;
        let path = format!("/api/v1/tenants/{contoso}/users/{ada}");
        with_password(&s, &path).await;
        let who = s.session(contoso, ada, "mfa").await;
        let app = s.app(contoso, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let mut tab = Tab::of(&s, &who);
        let at = flow(&mut tab).await;
        // The sign-in is over before it began, as she is signed in: she wants to be asked.
        let a = tab.authorize(&app, &[("prompt", "login"), ("nonce", "n-2")]).await.expect(303);
        assert_ne!(a.header("location"), at);
        let at = a.header("location").to_owned();
        tab.form(&format!("{at}/tenant"), &[("tenant", "contoso")]).await.expect(303);
        tab.form(&format!("{at}/password"), &[("user_name", "ada"), ("password", PASSWORD)]).await.expect(303);
        let now = living(&s, &path).await;
        assert_eq!(now.len(), 1, "{now:?}");
        assert_eq!((&now[0]["id"], &now[0]["class"]), (&json!(who.session), &json!("single")), "with the new proof");
        assert!(s.active(&app, tokens["access_token"].as_str().unwrap()).await);
        let mut old = Tab::of(&s, &who);
        assert_eq!(old.get("/api/v1/me").await.status, 401, "the old cookie is worth nothing");
        assert_eq!(tab.get("/api/v1/me").await.status, 200);
    }
}

story! {
    async fn what_was_proved_counts_while_it_is_not_changed(t) {
        let (s, contoso, _) = setting(&t).await;
        let anna = person(&s, contoso, "anna", true).await;
        let user = format!("/api/v1/tenants/{contoso}/users/{}", anna.id);
        let reason = async |to: &str| {
            let reference = to.strip_prefix("/refused/").expect("a refusal").to_owned();
            let path = format!("/api/v1/tenants/{contoso}/signins/{reference}");
            s.get(&path).await.expect(200).json()["reason"].as_str().unwrap().to_owned()
        };
        // Somebody who has learnt the password is between the two pages when it is changed.
        let browser = s.browser();
        let flow = begin(&browser, "contoso").await;
        typed(&browser, &flow, "anna", PASSWORD).await.expect(303);
        s.as_owner(Method::PUT, &format!("{user}/password"), Some(json!({ "password": OTHER }))).await.expect(204);
        let done = browser.form(&format!("{flow}/code"), &[("code", &code_of(&anna))]).await.expect(303);
        assert_eq!(reason(done.header("location")).await, "credentials_changed");
        assert_eq!(me(&browser).await, 401);
        assert!(browser.get(&flow).await.expect(200).text.contains("id=\"password-form\""));
        // Likewise for the one-time code, whether another one takes its place or none.
        for remove in [false, true] {
            let browser = s.browser();
            let flow = begin(&browser, "contoso").await;
            typed(&browser, &flow, "anna", OTHER).await.expect(303);
            let code = format!("{user}/one-time-code");
            let code = if remove {
                s.as_owner(Method::DELETE, &code, None).await.expect(204);
                "000000".to_owned()
            } else {
                let made = s.post(&code, json!({})).await.expect(201).json();
                let otpauth = made["otpauth"].as_str().map(str::to_owned);
                code_of(&super::Person { id: anna.id.clone(), otpauth })
            };
            let done = browser.form(&format!("{flow}/code"), &[("code", &code)]).await.expect(303);
            assert_eq!(reason(done.header("location")).await, "credentials_changed", "{remove}");
            assert_eq!(me(&browser).await, 401);
        }
    }
}

story! {
    async fn a_suspended_company_refuses_with_a_record(t) {
        let (s, contoso, browser) = setting(&t).await;
        person(&s, contoso, "anna", false).await;
        let coded = person(&s, contoso, "bea", true).await;
        let (one, two) = (begin(&browser, "contoso").await, begin(&browser, "contoso").await);
        let three = begin(&browser, "contoso").await;
        typed(&browser, &two, "bea", PASSWORD).await.expect(303);
        let off = json!({ "status": "suspended" });
        s.as_owner(Method::PATCH, "/api/v1/tenants/contoso", Some(off)).await.expect(200);
        let mut to = vec![
            typed(&browser, &one, "anna", PASSWORD).await.expect(303),
            browser.form(&format!("{two}/code"), &[("code", &code_of(&coded))]).await.expect(303),
            typed(&browser, &three, "bea", PASSWORD).await.expect(303),
        ];
        for a in to.drain(..) {
            let reference = a.header("location").strip_prefix("/refused/").expect("a refusal").to_owned();
            let record = s.get(&format!("/api/v1/tenants/{contoso}/signins/{reference}")).await.expect(200).json();
            assert_eq!((&record["reason"], &record["outcome"]), (&json!("tenant_suspended"), &json!("refused")));
        }
        typed(&browser, &one, "anna", "not it").await.expect(200);
        let list = s.get(&format!("/api/v1/tenants/{contoso}/signins?bad=true")).await.expect(200).json();
        assert_eq!(list["items"][0]["reason"], "password_wrong");
        assert_eq!(me(&browser).await, 401);
    }
}
