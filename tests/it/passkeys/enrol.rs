//! Coming in with a passkey: by an invitation, by the setup link, in the place of password and code or of the code alone.

use super::{PASSWORD, answered, asked, begin, me, setting, show};
use crate::{
    story,
    support::{
        TestServer,
        authenticator::Authenticator,
        server::{Answer, Client},
    },
};
use muster::{secret::ExposeSecret as _, setup};
use serde_json::json;
use std::time::Duration;

async fn passkey(browser: &Client, enrol: &str, device: &mut Authenticator) -> Answer {
    let action = format!("{}/passkey", enrol.trim_end_matches("/code"));
    let question = asked(browser, &action).await;
    let made = device.create(&question["options"]);
    answered(browser, &action, &question, &made).await
}

/// Invites somebody with this role; the path of the enrolment, in a browser that opened the link.
async fn invited(s: &TestServer, browser: &Client, email: &str, role: &str) -> String {
    let body = json!({ "email": email, "roles": [{ "role": role }] });
    let made = s.post("/api/v1/tenants/contoso/invitations", body).await.expect(201).json();
    let path = made["link"].as_str().unwrap().strip_prefix(&s.url).unwrap().to_owned();
    let flow = browser.form(&path, &[]).await.expect(303).header("location").to_owned();
    browser.get(&flow).await.expect(303).header("location").to_owned()
}

story! {
    async fn an_invitation_is_accepted_with_a_passkey_alone(t) {
        let (s, _) = setting(&t).await;
        let browser = s.browser();
        let enrol = invited(&s, &browser, "bert@contoso.example", "Tenant Administrator").await;
        let page = browser.get(&enrol).await.expect(200);
        assert!(page.text.contains("id=\"password\"") && page.text.contains("data-passkey=\"create\""));
        let mut device = Authenticator::at(&s.url);
        // What does not hold lets nobody in, and the page says so.
        device.verifies = false;
        let no = passkey(&browser, &enrol, &mut device).await.expect(200).text;
        assert!(no.contains("id=\"problem\""), "{no}");
        device.verifies = true;
        let done = passkey(&browser, &enrol, &mut device).await.expect(303);
        assert_eq!(done.header("location"), "/me?done=invited");
        browser.get("/api/v1/tenants/contoso/users").await.expect(200);
        let page = browser.get("/me/factors").await.expect(200).text;
        assert!(page.contains("You have no password") && page.contains("My key"), "{page}");
        let other = s.browser();
        let flow = begin(&other).await;
        show(&other, &flow, &mut device).await.expect(303);
        assert_eq!(me(&other).await, 200);
        // It is her only way in.
        let id = page.split("name=\"passkey\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        other.form("/me/factors/passkey/remove", &[("passkey", id)]).await.expect(409);
    }
}

story! {
    async fn a_passkey_takes_the_place_of_the_code_beside_a_password(t) {
        let (s, _) = setting(&t).await;
        let browser = s.browser();
        let enrol = invited(&s, &browser, "bert@contoso.example", "Tenant Administrator").await;
        let both = [("password", PASSWORD), ("password_again", PASSWORD)];
        let code = browser.form(&enrol, &both).await.expect(303).header("location").to_owned();
        assert!(browser.get(&code).await.expect(200).text.contains("It takes the place of the code"));
        let mut device = Authenticator::at(&s.url);
        passkey(&browser, &code, &mut device).await.expect(303);
        let page = browser.get("/me/factors").await.expect(200).text;
        assert!(page.contains("You have a password") && page.contains("You have no one-time code"), "{page}");
        // The password alone is not what the role demands.
        let other = s.browser();
        let flow = other.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        let typed = [("user_name", "bert@contoso.example"), ("password", PASSWORD)];
        let no = other.form(&format!("{flow}/password"), &typed).await.expect(303);
        assert_eq!((no.header("location"), me(&other).await), (flow.as_str(), 401));
        // His passkey is what is missing.
        show(&other, &flow, &mut device).await.expect(303);
        assert_eq!(me(&other).await, 200);
    }
}

story! {
    async fn a_role_that_demands_what_cannot_be_phished_is_accepted_with_a_passkey_only(t) {
        let (s, contoso) = setting(&t).await;
        let roles = s.get("/api/v1/tenants/contoso/roles").await.expect(200).json();
        let of = |name: &str| {
            let all = roles["items"].as_array().unwrap();
            all.iter().find(|r| r["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let policy = json!({ "mfa": { "default": "by_role", "roles": { of("Read-Only"): "phr" } } });
        s.put(&format!("/api/v1/tenants/{contoso}/policy"), policy).await.expect(200);
        let browser = s.browser();
        let enrol = invited(&s, &browser, "cleo@contoso.example", "Read-Only").await;
        let page = browser.get(&enrol).await.expect(200).text;
        assert!(!page.contains("id=\"password\"") && page.contains("data-passkey"), "{page}");
        let both = [("password", PASSWORD), ("password_again", PASSWORD)];
        browser.form(&enrol, &both).await.expect(200);
        assert_eq!(me(&browser).await, 401);
        passkey(&browser, &enrol, &mut Authenticator::at(&s.url)).await.expect(303);
        assert_eq!(me(&browser).await, 200);
    }
}

story! {
    async fn an_instance_is_set_up_with_a_passkey(t) {
        let s = TestServer::at_localhost(&t, |_| {}).await;
        let link = setup::offer(&s.app.store, &s.app.system(), Duration::from_secs(3600)).await.unwrap().unwrap();
        let path = format!("/setup/{}", link.expose_secret());
        let browser = s.browser();
        let typed = [
            ("company", "Example"), ("display_name", "Ada"), ("email", "ada@example.com"),
            ("user_name", "ada"), ("password", ""), ("password_again", ""),
        ];
        let enrol = browser.form(&path, &typed).await.expect(303).header("location").to_owned();
        let mut device = Authenticator::at(&s.url);
        let done = passkey(&browser, &enrol, &mut device).await.expect(303);
        assert_eq!(done.header("location"), "/me?done=setup");
        browser.get("/api/v1/keys").await.expect(200);
        browser.get(&path).await.expect(410);
        let other = s.browser();
        let flow = begin(&other).await;
        show(&other, &flow, &mut device).await.expect(303);
        other.get("/api/v1/keys").await.expect(200);
    }
}
